"""One server's data: where its parts lie, how they are made, started and stopped."""

import contextlib
import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ttfd.embedded import machine, programs
from ttfd.embedded.machine import WINDOWS, EmbeddedError

__all__ = ["DATABASE", "ROOT_HOMES", "USER", "Cluster", "StopMode"]

StopMode = Literal["smart", "fast", "immediate"]

USER = DATABASE = "ttfd"
ROOT_HOMES = Path("/var/lib/ttfd")  # where root keeps what `nobody` must be able to reach

_SOCKET_FOLDER_BYTES = 85  # the socket's own name adds 15; the tightest system allows 103


class Cluster:
    """One version's data below ``<directory>/pgNN``, and where its parts really are (``state.json``)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state_file = folder / "state.json"
        self._state: dict[str, str] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._state = json.loads(self._state_file.read_text("utf-8"))
        machine.refuse_foreign(self.folder)
        self.account = machine.find_account(self.data)

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
        return recorded if (recorded / programs.program("pg_ctl")).exists() else programs.wheel_programs(18)

    @property
    def passfile(self) -> Path:
        return self.folder / "passfile"

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def places(self) -> list[Path]:
        """Every folder that is the cluster's own."""
        elsewhere = [Path(self._state["socket"])] if "socket" in self._state else []
        return [*(place for place in elsewhere if machine.is_own(place, self.account)), self.home, self.folder]

    def is_running(self) -> bool:
        if not self._pid_file.exists() or self._has_stale_pid():
            return False
        return self._run("pg_ctl", "status", "-D", self.data).returncode == 0

    def address(self) -> tuple[str, int]:
        """Host and port of the running server, as libpq wants them."""
        # postmaster.pid: pid, data folder, start time, port, socket folder, listen address, …
        lines = self._pid_file.read_text("utf-8").splitlines()
        return lines[4] or lines[5], int(lines[3])

    def prepare(self, major: int, binaries: Path | None) -> None:
        """Settle where everything is, and create the data when there is none."""
        if self.account and not self.data.exists() and not machine.can_enter(self.home, self.account):
            self._remember(home=str(self._reachable_home()))
        self._remember(binaries=str(binaries.resolve() if binaries else self._wheel_programs(major)))
        if not self.data.exists():
            self._create_data(major)

    def launch(self, settings: Mapping[str, str]) -> None:
        options = ["-c", "listen_addresses=127.0.0.1", "-p", str(machine.free_port())] if WINDOWS else []
        if not WINDOWS:
            options = ["-k", str(self._socket_folder()), "-p", "5432"]
        options = [option for key, value in settings.items() for option in ("-c", f"{key}={value}")] + options
        joined = subprocess.list2cmdline(options) if WINDOWS else shlex.join(options)
        if self._has_stale_pid():
            self._pid_file.unlink()
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
            machine.write_private(password_file, password, self.account)
            draft.mkdir(mode=0o700)
            machine.give(draft, self.account)
            # fmt: off
            self._must_run(
                "initdb", "-D", draft, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password_file}",
                "-E", "UTF8", *_locale(major),
            )
            # fmt: on
            # A schema has the user's name: pinned, so that unqualified names mean the same to everyone.
            setup = f"CREATE DATABASE {DATABASE};\n\nALTER ROLE {USER} SET search_path = public;\n\n"
            self._must_run("postgres", "--single", "-j", "-D", draft, "-c", "exit_on_error=on", "postgres", send=setup)
            machine.write_private(self.passfile, f"*:*:*:{USER}:{password}\n")
            draft.rename(self.data)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def _socket_folder(self) -> Path:
        """A folder with mode 0700 whose path is short enough for a socket."""
        place = self.home / "socket"
        if len(os.fsencode(place)) > _SOCKET_FOLDER_BYTES:
            place = Path(self._state.get("socket", ""))
            if "socket" not in self._state or not machine.is_own(place, self.account):
                place = Path(tempfile.mkdtemp(prefix="ttfd-"))
                self._remember(socket=str(place))
        place.mkdir(mode=0o700, exist_ok=True)
        machine.give(place, self.account)
        return place

    def _wheel_programs(self, major: int) -> Path:
        found = programs.wheel_programs(major)
        if not self.account or machine.can_execute(found / "postgres", self.account):
            return found
        return programs.copy_programs(found, self.home)

    def _reachable_home(self) -> Path:
        """A new folder: the same one again may hold data of a folder that is gone, whose password nobody knows."""
        try:
            machine.make_folder(ROOT_HOMES)
            place = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}-", dir=ROOT_HOMES))
        except OSError:
            place = Path(tempfile.mkdtemp(prefix="ttfd-"))
        place.chmod(0o711)
        if not machine.can_enter(place, self.account):
            raise EmbeddedError(f"PostgreSQL does not run as root, and the user nobody cannot enter {place}.")
        return place

    def _has_stale_pid(self) -> bool:
        """After a container restarts, the recorded pid may belong to a process that is no PostgreSQL."""
        with contextlib.suppress(OSError, IndexError):
            pid = self._pid_file.read_text("utf-8").split()[0]
            return Path(f"/proc/{pid}/comm").read_text("utf-8").strip() != "postgres"
        return False

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
        command = [str(self.binaries / programs.program(program)), *map(str, arguments)]
        return machine.run(command, self.account, send)


def _locale(major: int) -> list[str]:
    """Unicode rules for lower() and friends, byte order for sorting, the same on every machine."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C", "--lc-ctype=UTF-8"] if sys.platform == "darwin" else ["--locale=C.UTF-8"]


def _last_lines(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text("utf-8", "replace").splitlines()
        return " / ".join([line for line in lines if "FATAL" in line or "HINT" in line][-2:] or lines[-2:])
    return ""
