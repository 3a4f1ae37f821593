"""Migrations: atomic, healed after a kill, and the same through plain yoyo."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ttfd import migrate as module
from ttfd.connection import yoyo_url
from ttfd.embedded import Server
from ttfd.migrate import MigrationError, migrate, pending, rollback, to_roll_back

IDS = ["0001.first", "0002.second"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "migrations"
    place.mkdir()
    for number, name in enumerate(IDS, 1):
        (place / f"{name}.sql").write_text(f"CREATE TABLE public.t{number} (n int);\nSELECT 1;\n")
        (place / f"{name}.rollback.sql").write_text(f"DROP TABLE public.t{number};\n")
    return place


@pytest.fixture
def observer(empty_database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        yield connection


def tables(observer: psycopg.Connection[Any]) -> list[str]:
    rows = observer.execute("SELECT relname FROM pg_class WHERE relname ~ '^t[0-9]$' ORDER BY 1")
    return [row[0] for row in rows]


def wait_for_statement(observer: psycopg.Connection[Any], text: str, *, running: bool) -> None:
    """Return once a session does, or no longer does, run this statement; fail after 20 seconds."""
    sql = (
        "SELECT count(*) > 0 FROM pg_stat_activity "
        "WHERE datname = current_database() AND state = 'active' "
        "AND pid <> pg_backend_pid() AND query LIKE %s"
    )
    for _ in range(1000):
        if observer.execute(sql, [f"{text}%"]).fetchone() == (running,):
            return
        observer.execute("SELECT pg_sleep(0.02)")
    pytest.fail(f"Still waiting for {text!r}, running={running}")


def plain_yoyo(command: str, url: str, folder: Path) -> subprocess.Popen[str]:
    """Run yoyo as a person would, with the project's yoyo.ini beside the migrations."""
    ini = Path(__file__).parents[1] / "yoyo.ini"
    (folder.parent / "yoyo.ini").write_bytes(ini.read_bytes())
    return subprocess.Popen(
        [sys.executable, "-c", "from yoyo.scripts.main import main; main()", command, "--batch"],
        cwd=folder.parent,
        env=os.environ | {"DATABASE_URL": yoyo_url(url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_plain_yoyo(command: str, url: str, folder: Path) -> None:
    with plain_yoyo(command, url, folder) as process:
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output


def test_migrating_applies_each_migration_once_in_order(empty_database_url: str, folder: Path) -> None:
    assert pending(empty_database_url, folder=folder) == IDS
    assert migrate(empty_database_url, folder=folder) == IDS
    assert pending(empty_database_url, folder=folder) == []
    assert migrate(empty_database_url, folder=folder) == []


def test_asking_what_is_pending_writes_nothing(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    pending(empty_database_url, folder=folder)
    assert observer.execute("SELECT count(*) FROM pg_class WHERE relname ~ 'yoyo'").fetchone() == (0,)


def test_a_migrating_run_prints_nothing(
    empty_database_url: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    migrate(empty_database_url, folder=folder)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("step", ["log_migration", "mark_one"])
def test_a_crash_between_applying_and_marking_leaves_neither(
    empty_database_url: str,
    folder: Path,
    observer: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module._Backend, step, crash)
        migrate(empty_database_url, folder=folder)
    assert tables(observer) == []
    assert migrate(empty_database_url, folder=folder) == IDS
    assert tables(observer) == ["t1", "t2"]


def test_a_crash_while_rolling_back_keeps_table_and_mark(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    migrate(empty_database_url, folder=folder)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module._Backend, "unmark_one", crash)
        rollback(empty_database_url, folder=folder)
    assert tables(observer) == ["t1", "t2"]
    assert pending(empty_database_url, folder=folder) == []


def test_a_failing_migration_is_named_and_those_before_it_stay(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    (folder / "0002.second.sql").write_text("CREATE TABLE public.t2 (); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"0002\.second: division by zero") as caught:
        migrate(empty_database_url, folder=folder)
    assert caught.value.sqlstate == "22012"
    assert tables(observer) == ["t1"]
    assert pending(empty_database_url, folder=folder) == IDS[1:]


def test_what_a_migration_sets_ends_with_it(empty_database_url: str, folder: Path) -> None:
    (folder / "0001.first.sql").write_text(
        "CREATE SCHEMA elsewhere; CREATE TABLE public.t1 ();SET search_path = elsewhere; SET ROLE pg_monitor;"
    )
    assert migrate(empty_database_url, folder=folder) == IDS
    assert migrate(empty_database_url, folder=folder) == []


def test_a_migration_outside_a_transaction_is_marked_too(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    (folder / "0002.second.sql").write_text(
        "-- transactional: false\nCREATE TABLE public.t2 (n int);\nCREATE INDEX CONCURRENTLY ON public.t2 (n);\n"
    )
    assert migrate(empty_database_url, folder=folder) == IDS
    assert tables(observer) == ["t1", "t2"]
    assert pending(empty_database_url, folder=folder) == []


@pytest.mark.parametrize("pid", [-1, 4_000_000], ids=["ours", "plain yoyo's"])
def test_a_lock_left_over_by_a_killed_run_is_removed_at_once(
    empty_database_url: str,
    folder: Path,
    observer: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    pid: int,
) -> None:
    monkeypatch.setattr(module, "_FOREIGN_LOCK_SECONDS", 0)
    migrate(empty_database_url, folder=folder)
    rollback(empty_database_url, folder=folder)
    observer.execute("INSERT INTO yoyo_lock (ctime, pid) VALUES (now() AT TIME ZONE 'UTC', %s)", [pid])
    observer.execute("SELECT 1")  # so that this session does not look like yoyo's
    assert migrate(empty_database_url, folder=folder) == IDS[1:]
    assert observer.execute("SELECT count(*) FROM yoyo_lock").fetchone() == (0,)


def test_a_plain_yoyo_at_work_keeps_its_lock_until_it_dies(
    empty_database_url: str,
    folder: Path,
    observer: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FOREIGN_LOCK_SECONDS", 0.3)
    second = folder / "0002.second.sql"
    finished = second.read_text()
    second.write_text("SELECT pg_sleep(60);")
    with plain_yoyo("apply", empty_database_url, folder) as process:
        wait_for_statement(observer, "SELECT pg_sleep(60)", running=True)
        with pytest.raises(MigrationError, match=f"process {process.pid}"):
            migrate(empty_database_url, folder=folder)
        process.kill()
    second.write_text(finished)
    assert migrate(empty_database_url, folder=folder) == IDS[1:]


def test_a_run_killed_in_the_middle_heals_on_the_next(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    second = folder / "0002.second.sql"
    finished = second.read_text()
    second.write_text("CREATE TABLE public.t2 (n int);\nSELECT pg_sleep(60);\n")
    code = "import sys; from pathlib import Path; from ttfd.migrate import migrate\n"
    code += "migrate(sys.argv[1], folder=Path(sys.argv[2]))"
    with subprocess.Popen([sys.executable, "-c", code, empty_database_url, str(folder)]) as process:
        wait_for_statement(observer, "SELECT pg_sleep(60)", running=True)
        process.send_signal(signal.SIGKILL)
    assert observer.execute("SELECT count(*) FROM yoyo_lock").fetchone() == (1,)
    wait_for_statement(observer, "SELECT pg_sleep(60)", running=False)
    assert tables(observer) == ["t1"]
    second.write_text(finished)
    assert migrate(empty_database_url, folder=folder) == IDS[1:]
    assert tables(observer) == ["t1", "t2"]


def test_two_runs_at_once_apply_everything_once(empty_database_url: str, folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(migrate, empty_database_url, folder=folder) for _ in range(2)]
    assert sorted(run.result() for run in runs) == [[], IDS]


def test_plain_yoyo_gives_the_same_database(server: Server, empty_database_url: str, folder: Path) -> None:
    (folder / "0003.functions.sql").write_text(TRICKY)

    def dump() -> tuple[str, list[Any]]:
        command = [server.binaries / "pg_dump", "--schema-only", f"--dbname={empty_database_url}"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        with psycopg.connect(empty_database_url) as connection:
            marks = connection.execute("SELECT migration_hash, migration_id FROM _yoyo_migration ORDER BY 2")
            return "\n".join(x for x in text.splitlines() if "restrict" not in x), marks.fetchall()

    migrate(empty_database_url, folder=folder)
    ours = dump()
    run_plain_yoyo("apply", empty_database_url, folder)  # knows what is applied
    assert dump() == ours
    with psycopg.connect(server.database_url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE ttfd_empty WITH (FORCE)")
        connection.execute("CREATE DATABASE ttfd_empty")
    run_plain_yoyo("apply", empty_database_url, folder)
    assert dump() == ours
    assert "CREATE TRIGGER touch" in ours[0]
    assert migrate(empty_database_url, folder=folder) == []


# Everything that a splitter of statements can trip over.
TRICKY = r"""
-- A comment; with a semicolon, a quote ' and a dollar $$ in it.
SET LOCAL lock_timeout = '5s';
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
  v_text text := 'a;b $1';
BEGIN
  IF NEW.n > 0 THEN /* ; */
    NEW.n := CASE WHEN NEW.n > 5 THEN 5 ELSE NEW.n END; -- it's; fine
  END IF;
  FOR i IN 1..2 LOOP
    PERFORM 1;
  END LOOP;
  BEGIN
    PERFORM format($q$ SELECT %s; $q$, v_text);
  EXCEPTION WHEN division_by_zero THEN
    NULL;
  END;
  RETURN NEW;
END;
$$;
COMMENT ON FUNCTION public.touch() IS 'First; second; it''s $$ third.';
CREATE TRIGGER touch BEFORE UPDATE OF n ON public.t1 FOR EACH ROW WHEN (NEW.n IS DISTINCT FROM OLD.n)
  EXECUTE FUNCTION public.touch();
DO $$
BEGIN
  CREATE TABLE public.t3 ("end" int, "begin" text DEFAULT E'\';');
EXCEPTION
  WHEN duplicate_table THEN NULL;
END $$;
CREATE FUNCTION public.percent(p int) RETURNS text LANGUAGE sql IMMUTABLE
AS $body$
  SELECT CASE WHEN p > 0 THEN p || '%;' ELSE ':none' END;
$body$;
"""


def test_the_splitter_keeps_functions_comments_and_blocks_whole(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    (folder / "0003.functions.sql").write_text(TRICKY)
    migrate(empty_database_url, folder=folder)
    observer.execute("INSERT INTO t1 VALUES (1)")
    assert observer.execute("UPDATE t1 SET n = 9 RETURNING n, percent(n)").fetchone() == (5, "5%;")
    assert observer.execute("SELECT obj_description('touch'::regproc)").fetchone() == ("First; second; it's $$ third.",)


@pytest.mark.parametrize("plain", [False, True], ids=["ttfd", "plain yoyo"])
def test_a_schema_named_like_the_user_does_not_hide_what_is_applied(
    empty_database_url: str, folder: Path, plain: bool
) -> None:
    url = f"{empty_database_url}&options=-csearch_path%3D%22%24user%22%2Cpublic"
    (folder / "0001.first.sql").write_text("CREATE SCHEMA ttfd; CREATE TABLE public.t1 ();")
    for _ in range(2):
        if plain:
            run_plain_yoyo("apply", url, folder)
        else:
            migrate(url, folder=folder)
    assert pending(url, folder=folder) == []


def test_the_address_may_have_the_form_of_a_hosting_provider(empty_database_url: str, folder: Path) -> None:
    assert migrate(empty_database_url.replace("postgresql://", "postgres://"), folder=folder) == IDS


@pytest.mark.parametrize(("to", "undone"), [(None, IDS[1:]), (IDS[1], []), (IDS[0], IDS[1:]), ("", IDS[::-1])])
def test_rolling_back_stops_at_the_migration_named(
    empty_database_url: str,
    folder: Path,
    observer: psycopg.Connection[Any],
    to: str | None,
    undone: list[str],
) -> None:
    migrate(empty_database_url, folder=folder)
    assert to_roll_back(empty_database_url, to, folder=folder) == undone
    assert len(tables(observer)) == len(IDS), "asking changes nothing"
    assert rollback(empty_database_url, to, folder=folder) == undone
    assert len(tables(observer)) == len(IDS) - len(undone)
    assert migrate(empty_database_url, folder=folder) == sorted(undone)


def test_rolling_back_refuses_before_it_touches_anything(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    migrate(empty_database_url, folder=folder)
    (folder / "0001.first.rollback.sql").unlink()
    with pytest.raises(MigrationError, match=r"0001\.first has no rollback file"):
        rollback(empty_database_url, "", folder=folder)
    with pytest.raises(MigrationError, match="nonsense is not applied"):
        rollback(empty_database_url, "nonsense", folder=folder)
    assert tables(observer) == ["t1", "t2"]


@pytest.mark.parametrize("to", [None, "", IDS[0]])
def test_an_older_package_rolls_back_nothing_of_a_newer_database(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any], to: str | None
) -> None:
    migrate(empty_database_url, folder=folder)
    for path in folder.glob("0002*"):
        path.unlink()
    for ask in (rollback, to_roll_back):
        with pytest.raises(MigrationError, match=r"does not know: 0002\.second\. Roll back with the version"):
            ask(empty_database_url, to, folder=folder)
    assert tables(observer) == ["t1", "t2"]


def test_asking_what_would_be_rolled_back_writes_nothing(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    assert to_roll_back(empty_database_url, folder=folder) == []
    assert observer.execute("SELECT count(*) FROM pg_class WHERE relname ~ 'yoyo'").fetchone() == (0,)


def test_plain_yoyo_takes_back_the_newest_migration_and_no_other(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    migrate(empty_database_url, folder=folder)
    run_plain_yoyo("rollback", empty_database_url, folder)
    assert tables(observer) == ["t1"]
    assert pending(empty_database_url, folder=folder) == IDS[1:]


def test_a_role_that_may_not_create_tables_is_told_so_at_once(
    empty_database_url: str, folder: Path, observer: psycopg.Connection[Any]
) -> None:
    observer.execute("CREATE ROLE ttfd_test_guest; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            migrate(f"{empty_database_url}&options=-crole%3Dttfd_test_guest", folder=folder)
    finally:
        observer.execute("DROP ROLE ttfd_test_guest")
