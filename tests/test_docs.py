"""What the documents show works: commands and snippets are run, links lead somewhere, generated pages are up to date.

Fenced blocks of ``bash``, ``sql`` and ``python`` are run, in the order of their document, all against one database.
``NOT_RUN`` has the few that cannot be, each with its reason; ``<!-- not run: reason -->`` before a block does the same.
"""

import ast
import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

import ttfd
from ttfd.demo.sample import write_sample
from ttfd.embedded import Server

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import make_docs  # noqa: E402

# Others than these describe a decision or a measurement, not something to type.
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs").glob("[er][nu]/*.md")),
]

# First words of a block -> why it is not run.
NOT_RUN = {
    "make demo": "sets everything up anew; .ci/run does it as `ttfd demo --check`",
    "ttfd import --dry-run telegram-json=telegram.json discord-json=user_data.json,voice_data.json\n"
    "ttfd import telegram-postgres": (
        "needs the databases of two old bots: tests/python/test_legacy_postgres.py has them"
    ),
    "ttfd import --dry-run --report report.html telegram-postgres": "the same",
    "ttfd import conflicts": "the numbers are those of somebody: tests/python/test_cli_import_commands.py has some",
    "ttfd import undo 1": "the same",
    "ttfd migrate --to 0108": "it asks, and what follows needs this release: tests/python/test_cli_migrate.py runs it",
    "SELECT at, actor, role": "tests/security/ runs it",
}
# A page whose Python is whole programs: it has tests of its own.
PYTHON_ELSEWHERE = {"bots.md": "tests/bots/test_bot_docs.py and test_discord_docs.py run it"}
# A line that is left out of a block that is run: it installs, or asks for a secret.
LEFT_OUT = re.compile(r"^(pip install|export DATABASE_URL|python3? -m venv|git clone|cd )")
# Programs that run until they are stopped: started, and stopped as a service is.
ENDLESS = re.compile(r"^(ttfd (?:worker|serve|telegram|discord)\b.*?)(\s+#.*)?$")
# It looks, and ends with 1 where somebody has to act: a document has no worker running.
LOOKS = re.compile(r"^(ttfd doctor\b.*?)(\s+#.*)?$")


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(
        r"(?:<!-- not run: ([^>]+) -->\n)?^( *)```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL
    ):
        marker, indent, language, body = found.groups()
        body = re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        reason = marker or next((why for start, why in NOT_RUN.items() if body.startswith(start)), None)
        if language == "python":
            reason = reason or PYTHON_ELSEWHERE.get(page.name)
        yield Block(page, text[: found.start()].count("\n") + 1, language, body, reason)


ALL = [block for page in PAGES for block in blocks(page)]
RUN = {
    page: [b for b in ALL if b.page == page and b.language in ("bash", "sql", "python") and not b.reason]
    for page in PAGES
}


@pytest.mark.parametrize("page", [page for page in PAGES if RUN[page]], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_snippet_works(
    page: Path, db: psycopg.Connection, database_url: str, server: Server, tmp_path: Path
) -> None:
    prepare(db, tmp_path)
    machine = Machine(database_url, server, tmp_path)
    runners = {"bash": machine.run_bash, "sql": machine.run_sql, "python": machine.run_python}
    try:
        for block in RUN[page]:
            try:
                runners[block.language](block.text)
            except Exception as error:
                raise AssertionError(f"{block.name} does not work: {error}") from error
    finally:
        clean_up(database_url, server)


def prepare(db: psycopg.Connection, place: Path) -> None:
    """A community that has what the documents speak of."""
    write_sample(place)
    client = ttfd.Client(db)
    client.get_or_create_user("telegram", "123456789", "ann", "Ann")
    client.get_or_create_user("discord", "200000000000000001", "ann", "Ann")
    client.apply_event(ttfd.new_event_id(), "telegram", "123456789", "message_sent")
    client.process_events()
    db.execute("CREATE ROLE my_bot LOGIN IN ROLE ttfd_telegram")


def clean_up(database_url: str, server: Server) -> None:
    """Roles and databases of the server that a document has made."""
    with psycopg.connect(server.database_url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS community_restored WITH (FORCE)")
        with psycopg.connect(database_url, autocommit=True) as own:
            for (role,) in own.execute(
                "SELECT rolname FROM pg_roles WHERE rolname ~ '^(my_bot|community_)'"
            ).fetchall():
                own.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


class Enough(Exception):  # noqa: N818
    """A loop that goes on for ever has shown that it works."""


def enough(*_: object) -> None:
    """What such a loop calls in each round."""
    raise Enough


class Machine:
    """Where the blocks of one document are run, one after the other."""

    def __init__(self, url: str, server: Server, place: Path) -> None:
        self.url = url
        self.server = server
        self.place = place
        self.names: dict[str, Any] = {
            "__name__": "__main__",
            "database_url": url,
            "secret_key": "made up",
            "update_id": 1,
            "game_id": 1,
            "last_position": 0,
            "store": enough,
        }

    def run_bash(self, text: str) -> None:
        lines = []
        for line in text.splitlines():
            if LEFT_OUT.match(line):
                continue
            # 124: stopped as asked. A program that fails by itself ends with something else.
            line = ENDLESS.sub(r"timeout --signal=TERM 4 \1 || [ $? = 124 ] || exit 1", line)
            line = LOOKS.sub(r"\1 || [ $? = 1 ]", line)
            lines.append(line)
        environment = os.environ | {
            "DATABASE_URL": self.url,
            "DATABASE_NAME": psycopg.conninfo.conninfo_to_dict(self.url)["dbname"],
            "PGPASSFILE": str(self.server.passfile),
            "PATH": f"{Path(sys.executable).parent}:{self.server.binaries}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=self.place,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def run_sql(self, text: str) -> None:
        text = text.replace("my_database", psycopg.conninfo.conninfo_to_dict(self.url)["dbname"])
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(text)  # type: ignore[call-overload]

    def run_python(self, text: str) -> None:
        code = compile(text, "a document", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        caught: list[BaseException] = []

        def run() -> None:
            try:
                result = eval(code, self.names)  # noqa: S307
                if asyncio.iscoroutine(result):
                    asyncio.run(result)
            except Enough:
                pass
            except BaseException as error:
                caught.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(60)
        assert not thread.is_alive(), "it does not end"
        if caught:
            raise caught[0]


def test_what_is_not_run_is_little_and_has_a_reason() -> None:
    runnable = [block for block in ALL if block.language in ("bash", "sql", "python")]
    assert len([block for block in runnable if block.reason]) <= len(runnable) / 3
    for start in NOT_RUN:
        assert any(block.text.startswith(start) for block in ALL), f"no document has this any more: {start}"


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), f"{page.name}: {target}"
            if anchor and file.suffix == ".md":
                assert anchor in headings(file), f"{page.name}: {target}"


def test_every_page_is_found_by_following_links_from_the_first() -> None:
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in found:
            continue
        found.add(page)
        for target in re.findall(r"\]\(([^)\s#]+\.md)", page.read_text(encoding="utf-8")):
            waiting.append((page.parent / target).resolve())
    assert {*PAGES, *(ROOT / "docs").rglob("*.md")} <= found


def headings(page: Path) -> set[str]:
    """The anchors that a page has, as GitHub names them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_command_of_ttfd_that_is_named_exists() -> None:
    from ttfd.cli import COMMANDS

    later = {"telegram", "discord", "stats"}
    for page in PAGES:
        for name in re.findall(r"`ttfd ([a-z]+)", page.read_text(encoding="utf-8")):
            assert name in COMMANDS.keys() | later, f"{page.name}: ttfd {name}"


@pytest.mark.parametrize("name", ["functions.md", "errors.md"])
def test_generated_pages_are_up_to_date(db: psycopg.Connection, name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == make_docs.render(db)[name], "run `make docs`"
