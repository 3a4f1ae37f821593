"""Programs beside this one. What is said of Windows is shown by pretending, as far as that goes."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from ttfd import processes
from ttfd.cli import serve
from ttfd.cli.demo import _free_port
from ttfd.demo import programs
from ttfd.embedded.cluster import Cluster
from ttfd.processes import ask_to_end, end_signals, out_of_reach

CTRL_BREAK = signal.SIGUSR1  # stands for it: the system must know the number


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (processes, serve):
        monkeypatch.setattr(module, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    for name in ("CTRL_BREAK_EVENT", "SIGBREAK"):
        monkeypatch.setattr(signal, name, CTRL_BREAK, raising=False)


class Started(Exception):  # noqa: N818
    """What a program would have been started with."""

    def __init__(self, *_: object, **options: Any) -> None:
        self.options = options


def raise_started(*_: object, **options: Any) -> None:
    raise Started(**options)


def start_postgres(place: Path) -> None:
    Cluster(place)._run("pg_ctl")


def start_child_of_the_demo(_: Path) -> None:
    with programs.running_ttfd("postgresql://", "worker"):
        pass


@pytest.mark.parametrize(("start", "function"), [(start_postgres, "run"), (start_child_of_the_demo, "Popen")])
@pytest.mark.parametrize("is_windows", [False, True])
def test_ctrl_c_reaches_neither_postgres_nor_the_children_of_the_demo(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    start: Any,
    function: str,
    is_windows: bool,
) -> None:
    if is_windows:
        request.getfixturevalue("windows")
    monkeypatch.setattr(subprocess, function, raise_started)
    with pytest.raises(Started) as started:
        start(tmp_path)
    options = {name: started.value.options.get(name) for name in ("start_new_session", "creationflags")}
    assert options == {
        "start_new_session": None if is_windows else True,
        "creationflags": 0x200 if is_windows else None,
    }


LISTENER = """
import os, signal
def end(number, frame):
    os.write(1, b"%d\\n" % number)  # print() may be in the midst of something
    raise SystemExit
for number in {numbers}:
    signal.signal(number, end)
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def program() -> Iterator[subprocess.Popen[bytes]]:
    code = LISTENER.format(numbers=[int(signal.SIGTERM), int(CTRL_BREAK)])
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, **out_of_reach()) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        yield started
        started.kill()


def heard(program: subprocess.Popen[bytes]) -> int:
    assert program.stdout is not None
    return int(program.stdout.readline())


def test_a_program_is_asked_to_end_by_sigterm(program: subprocess.Popen[bytes]) -> None:
    ask_to_end(program)
    assert heard(program) == signal.SIGTERM
    assert {signal.SIGINT, signal.SIGTERM} == set(end_signals())


def test_on_windows_where_sigterm_kills_it_is_asked_by_ctrl_break(
    program: subprocess.Popen[bytes], windows: None
) -> None:
    ask_to_end(program)
    assert heard(program) == CTRL_BREAK


PRETEND = """
import os, signal
from types import SimpleNamespace
from ttfd import processes
processes.sys = SimpleNamespace(platform="win32")
signal.SIGBREAK = signal.SIGUSR1
"""
WORKER = "from ttfd.cli.worker import worker; worker([])"
WEBSITE = "from ttfd.cli import serve; serve._serve_threaded(serve.listen('127.0.0.1', 0), os.environ['DATABASE_URL'])"


@pytest.mark.parametrize(("code", "last_words"), [(WORKER, "Stopped after 0 events"), (WEBSITE, "")])
def test_worker_and_website_end_in_good_order_on_ctrl_break(
    db: psycopg.Connection, database_url: str, code: str, last_words: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PRETEND + code],
        env={"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        program.send_signal(CTRL_BREAK)
        said, _ = program.communicate(timeout=20)
    assert program.returncode == 0
    assert last_words in said


def test_on_windows_two_programs_do_not_share_a_port(windows: None) -> None:
    with serve.listen("127.0.0.1", 0) as listening:
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 0


def test_a_port_that_is_taken_is_not_offered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert _free_port(taken) not in (0, taken)
    assert _free_port(taken) == taken


def test_the_demo_looks_at_a_port_as_the_website_will(monkeypatch: pytest.MonkeyPatch, windows: None) -> None:
    monkeypatch.setattr(socket.socket, "setsockopt", lambda _, level, name, __: asked.append((level, name)))
    asked: list[tuple[int, int]] = []
    _free_port(0)
    assert (socket.SOL_SOCKET, socket.SO_REUSEADDR) not in asked
