"""Generate the synchronous modules from the asynchronous ones (``--check``: only say whether they are up to date)."""

from __future__ import annotations

import argparse
import io
import itertools
import subprocess
import sys
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "python" / "ttfd"

MODULES = {"async_client.py": "client.py", "async_listener.py": "listener.py"} | {
    f"async_calls/{path.name}": f"calls/{path.name}" for path in sorted((PACKAGE / "async_calls").glob("*.py"))
}
DROPPED = {"async", "await"}
RENAMED = {
    "AnsweredAsyncConnection": "AnsweredConnection",
    "AsyncAdmin": "Admin",
    "AsyncCaller": "Caller",
    "AsyncClient": "Client",
    "AsyncCoins": "Coins",
    "AsyncConnection": "Connection",
    "AsyncConnectionPool": "ConnectionPool",
    "AsyncEvents": "Events",
    "AsyncFeedListener": "FeedListener",
    "AsyncIdentity": "Identity",
    "AsyncIterator": "Iterator",
    "AsyncOperations": "Operations",
    "AsyncProgression": "Progression",
    "AsyncWebsite": "Website",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "async_calls": "calls",
    "async_client": "client",
    "asynccontextmanager": "contextmanager",
    "asyncio": "time",
    "open_async_connection": "open_connection",
}
HEADER = "# Generated from {source} by `make migration`: edit there, not here.\n"


def to_sync(source: str) -> str:
    """The same code without asyncio."""
    lines = source.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for token, following in reversed(list(itertools.pairwise(tokens))):
        if token.type != tokenize.NAME:
            continue
        row, start = token.start[0] - 1, token.start[1]
        if token.string in DROPPED:
            lines[row] = lines[row][:start] + lines[row][following.start[1] :]
        elif token.string in RENAMED:
            lines[row] = lines[row][:start] + RENAMED[token.string] + lines[row][token.end[1] :]
    return "".join(lines)


def tidy(code: str, name: str) -> str:
    """Import order and line lengths change with the names."""
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        [*ruff, "check", "--fix", "--quiet", "--select", "I,C416", "--unsafe-fixes"],
        [*ruff, "format", "--quiet"],
    ):
        code = subprocess.run(
            [*command, "--stdin-filename", str(PACKAGE / name), "-"],
            input=code,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 when a file is out of date")
    check = parser.parse_args().check
    stale = []
    for source, target in MODULES.items():
        text = HEADER.format(source=source) + to_sync((PACKAGE / source).read_text(encoding="utf-8"))
        text = tidy(text, target)
        path = PACKAGE / target
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(target)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'out of date (run `make migration`)' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
