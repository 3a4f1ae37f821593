"""The embedded server: private, reusable, never half made, for root and for everyone else."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support import FAST_AND_UNSAFE, temporary_directory
from ttfd import embedded
from ttfd.embedded import EmbeddedError, Server, cluster, machine, programs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix modes and sockets")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder; what runs below it is stopped afterwards."""
    with temporary_directory() as directory:
        try:
            yield directory
        finally:
            for lock in directory.rglob("lock"):
                embedded.stop(lock.parent.parent, mode="immediate")


@pytest.fixture(scope="module")
def finished() -> Iterator[Path]:
    with temporary_directory() as directory:
        start(directory).stop()
        yield directory


@pytest.fixture
def used(finished: Path, place: Path) -> Path:
    """A folder with data, as after a stop. It is a copy, which also shows that a project may be moved."""
    subprocess.run(["cp", "-a", f"{finished}/.", place], check=True)
    return place


def start(directory: Path, **settings: str) -> Server:
    return embedded.start(directory, settings=FAST_AND_UNSAFE | settings)


def ask(server: Server, sql: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(sql).fetchone()
        assert row is not None
        return row[0]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def processes(directory: Path) -> list[str]:
    """The command lines that mention the directory."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(directory) in line]


def test_the_first_start_makes_a_unicode_database_and_the_second_reuses_the_server(place: Path) -> None:
    server = start(place)
    first = ask(server, "SELECT pg_postmaster_start_time()::text")
    assert ask(server, "SELECT current_database()") == "ttfd"
    assert ask(server, "SELECT lower('ПРИВЕТ')") == "привет"
    again = start(place)
    assert (again, ask(again, "SELECT pg_postmaster_start_time()::text")) == (server, first)
    assert embedded.status(place) == server


def test_nobody_else_can_enter_and_no_secret_is_in_sight(place: Path) -> None:
    server = start(place)
    assert mode(server.passfile) == 0o600
    assert mode(Path(server.host)) == mode(place / "pg18" / "data") == 0o700
    assert mode(Path(server.host) / ".s.PGSQL.5432") == 0o700
    assert ask(server, "SELECT current_setting('listen_addresses')") == ""
    assert server.password not in server.url + repr(server) + "".join(processes(place))
    assert len(server.password) >= 32
    assert not list(place.rglob("password*"))


def test_a_wrong_password_is_refused(used: Path) -> None:
    server = start(used)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url, password="wrong")  # noqa: S106


def test_stopping_keeps_the_data_and_may_be_repeated(used: Path) -> None:
    server = start(used)
    ask(server, "WITH kept AS (SELECT lo_from_bytea(7, 'kept')) SELECT 1 FROM kept")
    server.stop()
    assert embedded.status(used) is None
    assert processes(used) == []
    assert embedded.stop(used) is False
    assert embedded.stop(used / "never started") is False
    assert ask(start(used), "SELECT convert_from(lo_get(7), 'UTF8')") == "kept"


def test_settings_reach_the_server_whatever_is_in_them(used: Path) -> None:
    server = start(used, cluster_name='it\'s a "test" $HOME', work_mem="7MB")
    assert ask(server, "SELECT current_setting('cluster_name')") == 'it\'s a "test" $HOME'
    assert ask(server, "SELECT current_setting('work_mem')") == "7MB"


def test_a_start_that_fails_says_why_and_where_the_log_is(used: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"nonsense(.|\n)*The log is .*server\.log"):
        start(used, work_mem="nonsense")
    assert ask(start(used), "SELECT 1") == 1


def test_the_environment_of_another_server_does_no_harm(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "6000", "PGDATA": "/nowhere", "PGHOST": "nowhere", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    assert ask(start(used), "SELECT current_user::text") == "ttfd"


def test_data_is_whole_or_absent(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(EmbeddedError, match="postgres failed"):
        patch.setattr(cluster, "DATABASE", "select")  # initdb succeeds, the step after it does not
        start(place)
    assert not (place / "pg18" / "data").exists()
    assert not list(place.rglob("*.new"))
    leftover = place / "pg18" / "data.new"  # as kill -9 leaves it
    leftover.mkdir()
    (leftover / "PG_VERSION").write_text("18")
    assert ask(start(place), "SELECT 1") == 1


STARTER = """
import os, sys
from pathlib import Path
import psycopg
from ttfd import embedded
settings = {"fsync": "off"}
"""


def test_two_processes_that_start_at_once_get_one_server(place: Path) -> None:
    code = STARTER + "print(psycopg.connect(embedded.start(Path(sys.argv[1]), settings=settings).url).execute("
    code += "'SELECT pg_postmaster_start_time()::text').fetchone()[0])"
    started = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, place], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0] for process in started]
    assert answers[0] == answers[1] != ""


def test_the_server_outlives_the_ctrl_c_of_its_starter(used: Path) -> None:
    code = STARTER + "embedded.start(Path(sys.argv[1]), settings=settings); print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, used],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        os.killpg(starter.pid, signal.SIGINT)
    server = embedded.status(used)
    assert server is not None
    assert ask(server, "SELECT 1") == 1


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(place: Path) -> None:
    deep = place / ("long" * 30)
    server = start(deep)
    assert len(server.host) < 100
    assert mode(Path(server.host)) == 0o700
    assert ask(server, "SELECT 1") == 1
    server.stop()
    assert start(deep).host == server.host
    embedded.stop(deep, mode="immediate")
    Path(server.host).chmod(0o777)  # somebody else's by now
    other = start(deep)
    assert other.host != server.host
    embedded.stop(deep, mode="immediate")
    for folder in (server.host, other.host):
        shutil.rmtree(folder)


def test_a_pid_that_now_belongs_to_another_program_is_not_taken_for_the_server(used: Path) -> None:
    if not Path("/proc/self/comm").exists():
        pytest.skip("needs /proc")
    server = start(used)
    pidfile = used / "pg18" / "data" / "postmaster.pid"
    recorded = pidfile.read_text()
    server.stop("immediate")
    owner = pidfile.parent.stat().st_uid  # a process of the same user, as in a container with one user
    with subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None) as other:
        pidfile.write_text(recorded.replace(recorded.split()[0], str(other.pid), 1))
        assert embedded.status(used) is None
        assert embedded.stop(used) is False
        assert ask(start(used), "SELECT 1") == 1
        other.kill()


def test_the_server_is_found_again_after_the_environment_moved(used: Path) -> None:
    server = start(used)
    state = used / "pg18" / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"binaries": "/gone/bin"}))
    assert embedded.status(used) is not None
    assert start(used) == server
    assert embedded.stop(used) is True


def test_version_16_has_data_of_its_own_with_the_same_rules(place: Path) -> None:
    server = embedded.start(place, settings=FAST_AND_UNSAFE, version=16)
    assert ask(server, "SELECT current_setting('server_version_num')::int / 10000") == 16
    assert ask(server, "SELECT lower('ПРИВЕТ')") == "привет"
    assert embedded.stop(place) is True


def test_an_unknown_version_or_an_absent_wheel_is_explained(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbeddedError, match="no embedded PostgreSQL 9"):
        embedded.start(place, version=9)
    monkeypatch.setattr(programs, "PACKAGE", "not_installed_anywhere")
    with pytest.raises(EmbeddedError, match=r"pip install 'ttfd\[embedded\]'"):
        embedded.start(place)


@needs_root
def test_for_root_the_server_runs_as_nobody(used: Path) -> None:
    start(used)
    owner = (used / "pg18" / "data").stat().st_uid
    assert owner == pwd.getpwnam("nobody").pw_uid
    pid = (used / "pg18" / "data" / "postmaster.pid").read_text().split()[0]
    assert Path(f"/proc/{pid}").stat().st_uid == owner


@needs_root
def test_for_root_what_nobody_cannot_reach_is_placed_elsewhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, homes, wheel = place / "closed", place / "homes", place / "closed" / programs.PACKAGE
    closed.mkdir(mode=0o700)
    shutil.copytree(programs.find_wheel() / "pginstall18", wheel / "pginstall18", symlinks=True)
    libraries = f"{programs.PACKAGE}.libs"
    shutil.copytree(programs.find_wheel().with_name(libraries), wheel.with_name(libraries))
    monkeypatch.setattr(cluster, "ROOT_HOMES", homes)
    monkeypatch.setattr(programs, "find_wheel", lambda: wheel)
    server = start(closed / ".ttfd")
    assert server.passfile.is_relative_to(closed)
    assert Path(server.host).is_relative_to(homes)
    assert server.binaries.is_relative_to(homes)
    assert ask(server, "SELECT 1") == 1
    assert start(closed / ".ttfd") == server
    server.stop()
    assert processes(place) == []
    assert ask(start(closed / ".ttfd"), "SELECT 1") == 1
    assert len(list(homes.iterdir())) == 1


@needs_root
def test_a_folder_that_was_deleted_begins_anew_even_where_its_data_lie_elsewhere(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, homes = place / "closed", place / "homes"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(cluster, "ROOT_HOMES", homes)
    first = start(closed / ".ttfd")
    first.stop()
    shutil.rmtree(closed / ".ttfd")
    second = start(closed / ".ttfd")
    assert ask(second, "SELECT 1") == 1
    embedded.remove(closed / ".ttfd")
    assert processes(place) == []
    assert [Path(first.host).parent] == list(homes.iterdir()), "what is not known to be its own stays"
    assert not list((closed / ".ttfd").glob("pg*"))


def test_removing_leaves_nothing_of_the_server_and_all_else(finished: Path, place: Path) -> None:
    deep = place / ("long" * 30)
    subprocess.run(["cp", "-a", finished, deep], check=True)
    server = start(deep)
    (deep / "outbox").touch()
    embedded.remove(deep)
    assert embedded.status(deep) is None
    assert processes(place) == []
    assert not Path(server.host).exists()
    assert sorted(path.name for path in deep.iterdir()) == [".gitignore", "outbox"]


@pytest.mark.parametrize("depth", [1, 3])
def test_the_folders_that_it_makes_are_closed_to_others(place: Path, depth: int) -> None:
    machine.make_folder(place.joinpath(*"abc"[:depth]))
    for part in range(depth):
        assert mode(place.joinpath(*"abc"[: part + 1])) == (0o711 if os.geteuid() == 0 else 0o700)


AS_NOBODY = (
    STARTER
    + """
import encodings.idna, json, ttfd.embedded
os.setgroups([])
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[2]))
server = embedded.start(Path(sys.argv[1]) / "project", settings=settings)
with psycopg.connect(server.url) as connection:
    connection.execute("SELECT 1")
pid = (server.directory / "pg18" / "data" / "postmaster.pid").read_text().split()[0]
print(Path(f"/proc/{pid}").stat().st_uid, oct(server.passfile.stat().st_mode), embedded.stop(server.directory))
embedded.start(server.directory, settings=settings)
"""
)


@needs_root
def test_an_ordinary_user_runs_it_without_any_home(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    check = subprocess.run([programs.find_wheel() / "pginstall18/bin/postgres", "-V"], user=nobody.pw_uid, check=False)
    if check.returncode:
        pytest.skip("this environment's files are closed to other users")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    command = [sys.executable, "-c", AS_NOBODY, place, str(nobody.pw_uid), str(nobody.pw_gid)]
    environment = os.environ | {"HOME": "/nonexistent"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.stdout.split() == [str(nobody.pw_uid), "0o100600", "True"], done.stderr
    # Root may look after the same folder.
    server = embedded.status(place / "project")
    assert server is not None
    assert ask(server, "SELECT 1") == 1
    assert embedded.stop(place / "project") is True


@needs_root
def test_another_users_folder_is_refused(finished: Path, place: Path) -> None:
    subprocess.run(["cp", "-a", finished, place / "project"], check=True)
    nobody = pwd.getpwnam("nobody")
    command = [sys.executable, "-c", AS_NOBODY, place, str(nobody.pw_uid), str(nobody.pw_gid)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.splitlines()[-1].startswith("ttfd.embedded.EmbeddedError: ")
    assert done.returncode == 1
