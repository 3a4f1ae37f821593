"""What the machine gives and asks for: accounts, folders, locks, ports, programs that run."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ttfd.processes import out_of_reach

__all__ = [
    "WINDOWS",
    "Account",
    "EmbeddedError",
    "can_enter",
    "can_execute",
    "find_account",
    "free_port",
    "give",
    "is_own",
    "lock",
    "make_folder",
    "refuse_foreign",
    "run",
    "write_private",
]

WINDOWS = sys.platform == "win32"
_LOCK_SECONDS = 120.0


class EmbeddedError(RuntimeError):
    """The embedded server cannot do what was asked; the message says what to do next."""

    __module__ = "ttfd.embedded"  # where people import it from, so that a traceback says so


@dataclass(frozen=True, slots=True)
class Account:
    """The user that PostgreSQL runs as when the caller is root."""

    uid: int
    gid: int


def find_account(data: Path) -> Account | None:
    """None for the caller's own; for root the owner of the data, or `nobody` when there is none yet."""
    if WINDOWS or os.geteuid() != 0:
        return None
    with contextlib.suppress(OSError):
        found = data.stat()
        return Account(found.st_uid, found.st_gid)
    import pwd

    try:
        entry = pwd.getpwnam("nobody")
        return Account(entry.pw_uid, entry.pw_gid)
    except KeyError:
        return Account(65534, 65534)


def run(command: list[str], account: Account | None, send: str = "") -> subprocess.CompletedProcess[str]:
    """Run as this account, out of reach of Ctrl-C: it must not stop the server."""
    identity: dict[str, Any] = {}
    if account:
        identity = {"user": account.uid, "group": account.gid, "extra_groups": []}
    # A file, not a pipe: the server inherits it and would keep a pipe open.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as source:
        source.write(send.encode())
        source.seek(0)
        done = subprocess.run(
            command,
            stdin=source,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=os.sep,
            check=False,
            **out_of_reach(),
            **identity,
        )
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return subprocess.CompletedProcess(command, done.returncode, text)


def can_enter(place: Path, account: Account | None) -> bool:
    """Whether the account may pass through a folder."""
    return run(["/bin/sh", "-c", 'test -x "$0"', str(place)], account).returncode == 0


def can_execute(program: Path, account: Account | None) -> bool:
    """Whether the account may run a program of PostgreSQL."""
    with contextlib.suppress(PermissionError):
        return run([str(program), "--version"], account).returncode == 0
    return False


def is_own(place: Path, account: Account | None) -> bool:
    """The system's temporary folder is everyone's: trust a folder there only while it is the account's alone."""
    owner = account.uid if account else os.geteuid()
    with contextlib.suppress(OSError):
        found = place.lstat()
        return found.st_mode == 0o40700 and found.st_uid == owner
    return False


def refuse_foreign(folder: Path) -> None:
    """Root may look after everyone's server, others after their own.

    Raises:
        EmbeddedError: the folder belongs to another user.
    """
    with contextlib.suppress(FileNotFoundError):
        if not WINDOWS and os.geteuid() not in (0, folder.stat().st_uid):
            raise EmbeddedError(
                f"{folder} belongs to another user. Run this as that user, or set DATABASE_URL to a server of yours."
            )


def give(place: Path, account: Account | None) -> None:
    """Make a folder the account's alone."""
    if account:
        os.chown(place, account.uid, account.gid)
    place.chmod(0o700)


def make_folder(place: Path) -> None:
    """Create a folder, and those above it, for root ones that others may pass through (not read)."""
    if not place.exists():
        make_folder(place.parent)
        place.mkdir(exist_ok=True)
        if not WINDOWS:
            place.chmod(0o711 if os.geteuid() == 0 else 0o700)


def write_private(place: Path, text: str, account: Account | None = None) -> None:
    draft = place.with_name(place.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        if account:
            os.chown(draft, account.uid, account.gid)
    draft.replace(place)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """One process at a time; the system releases it when that process ends, however it ends."""
    deadline = time.monotonic() + _LOCK_SECONDS
    with (folder / "lock").open("a") as file:
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Another process holds {file.name}. Look what it does, then try again.")
            time.sleep(0.05)
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
