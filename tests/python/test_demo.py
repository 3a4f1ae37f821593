"""The demo is a guest: it touches nothing that is not its own, and leaves no program behind."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from support import FAST_AND_UNSAFE, temporary_directory
from ttfd import embedded
from ttfd.cli import demo as command

ROOT = Path(__file__).parents[2]
TTFD = Path(sys.executable).parent / "ttfd"
DEMO = Path(".ttfd/demo")


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Somebody's folder, where we are; what runs below it is stopped afterwards."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with temporary_directory() as place:
        monkeypatch.chdir(place)
        try:
            yield place
        finally:
            for directory in (place / DEMO, place / ".ttfd"):
                embedded.stop(directory, mode="immediate")


@contextmanager
def running_demo(**environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A demo whose page can be opened, and what it said until then."""
    with subprocess.Popen(
        [TTFD, "demo", "--port", "0"],
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        assert program.stdout is not None
        said = ""
        for line in program.stdout:
            said += line
            if "Ctrl-C stops everything" in line:
                break
        try:
            yield program, said
        finally:
            if program.poll() is None:
                program.terminate()
                program.wait(60)


def children(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    pairs = (map(int, line.split()) for line in listed.splitlines()[1:])
    return {child for child, parent in pairs if parent == pid}


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def schemas(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^ttfd'")]


def test_it_leaves_the_database_and_the_server_of_the_real_programs_alone(project: Path) -> None:
    real = embedded.start(Path(".ttfd"), settings=FAST_AND_UNSAFE)
    with running_demo() as (program, said):
        assert "Members act" in said
        own = embedded.status(DEMO)
        assert own is not None
        assert f"DATABASE_URL='{own.url}'" in said, "what it shows can be typed"
        assert schemas(own.url)
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == 0
    assert schemas(real.url) == []
    assert embedded.status(DEMO) is None
    assert embedded.status(Path(".ttfd")) == real


def test_a_server_that_ran_before_runs_on(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with command._embedded(DEMO) as url:
        assert "Starting PostgreSQL" in capsys.readouterr().out
        with command._embedded(DEMO) as again:
            assert again == url
            assert "leaves it running" in capsys.readouterr().out
        assert embedded.status(DEMO) is not None
    assert embedded.status(DEMO) is None


def test_ctrl_c_while_the_server_starts_leaves_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = embedded.start

    def interrupted(directory: Path) -> None:
        start(directory, settings=FAST_AND_UNSAFE)
        raise KeyboardInterrupt

    monkeypatch.setattr(embedded, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), command._embedded(DEMO):
        pass
    assert embedded.status(DEMO) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_on_a_database_of_ones_own_nobody_is_made_up_and_no_program_is_left(
    project: Path, db: psycopg.Connection, database_url: str, number: int
) -> None:
    with running_demo(DATABASE_URL=database_url) as (program, said):
        assert "DATABASE_URL is set" in said
        assert "Members act" not in said
        assert database_url not in said, "it may hold a password"
        programs = children(program.pid)
        assert len(programs) == 2
        program.send_signal(number)
        assert program.wait(60) == 0
    assert not any(map(is_there, programs))
    assert db.execute("SELECT count(*) FROM ttfd.unified_users").fetchone() == (0,)
    assert not Path(".ttfd").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_clean_removes_the_demo_and_nothing_of_the_real_programs(project: Path) -> None:
    server = embedded.start(DEMO, settings=FAST_AND_UNSAFE)
    outbox = project / ".ttfd" / "telegram-outbox.sqlite"
    data = project / ".ttfd" / "pg18" / "data"
    data.mkdir(parents=True)
    outbox.touch()
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "ttfd").symlink_to(TTFD)
    subprocess.run(["make", "-f", ROOT / "Makefile", "clean"], check=True, capture_output=True)
    assert outbox.exists() and data.exists()
    assert not (project / DEMO).exists()
    assert not (project / ".venv").exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)
