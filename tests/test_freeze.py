"""From 1.0 on a frozen migration never changes, and a change of a source is a pair that leads there and back."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ttfd.drift import Objects, read_objects
from ttfd.migrate import migrate, rollback

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import check_sql  # noqa: E402


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository's SQL, frozen."""
    thaw(ROOT, tmp_path)
    assert "are frozen" in run("freeze", str(tmp_path))
    return tmp_path


def thaw(root: Path, to: Path) -> None:
    """A copy as if nothing had ever been frozen: all tables written by hand come first, then what the sources give."""
    shutil.copytree(root / "sql", to / "sql")
    shutil.copytree(root / "migrations", to / "migrations", ignore=shutil.ignore_patterns("SHA256SUMS"))
    for path in (to / "migrations").glob("*.sql"):
        if path.name > "0100" and not path.read_text(encoding="utf-8").startswith("-- Generated from sql/"):
            path.rename(path.with_name(f"0099.{path.name}"))
    run("make_migration", "--root", str(to))  # removes the pairs of later releases, too


def run(tool: str, *arguments: str, code: int = 0, seed: str = "0") -> str:
    done = subprocess.run(
        [sys.executable, f"tools/{tool}.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONHASHSEED": seed},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def change(copy: Path, source: str, old: str, new: str) -> None:
    path = copy / "sql" / source
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def change_all(copy: Path, source: str, old: str, new: str) -> None:
    """The same, wherever it stands; a parameter has its name where the function is made, and its type elsewhere."""
    path = copy / "sql" / source
    first, *others = path.read_text(encoding="utf-8").split(old)
    assert others
    types = re.sub(r"p_\w+ (\w+)[^)]*", r"\1", new)
    path.write_text(first + new + types.join(others), encoding="utf-8")


def move(copy: Path, source: str, room: str) -> None:
    path = copy / "sql" / source
    path.rename(copy / "sql" / room / path.name)


def write_pair(copy: Path) -> list[str]:
    """Have the change written; the names of the loose files."""
    before = {path.name: path.read_bytes() for path in (copy / "migrations").iterdir()}
    run("make_migration", "--root", str(copy))
    for name, content in before.items():
        if not name.startswith("02"):
            assert (copy / "migrations" / name).read_bytes() == content, f"{name} is frozen"
    return sorted(path.name for path in (copy / "migrations").glob("02*"))


def change_everything(copy: Path) -> None:
    """A body, a comment, a result, a right, a trigger, a helper; a function more and one less."""
    change(copy, "functions/identity/find_user.sql", "u.xp, u.coins, u.rank_id\n", "u.xp, u.coins, u.rank_id  -- new\n")
    change(copy, "functions/operations/get_metrics.sql", "'What a monitor watches.", "'What monitors watch.")
    change(copy, "functions/events/feed_state.sql", "pending bigint)", "pending bigint, answer bigint)")
    change(
        copy,
        "functions/events/feed_state.sql",
        "FROM cross_platform_events_pending)\n",
        "FROM cross_platform_events_pending), 42::bigint\n",
    )
    change(copy, "functions/operations/sum_grants.sql", "TO ttfd_website, ttfd_worker", "TO ttfd_worker")
    change(copy, "triggers/boosts__audit.sql", "AFTER INSERT OR UPDATE OR DELETE", "AFTER INSERT OR DELETE")
    (copy / "sql/functions/operations/purge_expired.sql").unlink()
    text = (copy / "sql/functions/internal/kept_since.sql").read_text()
    (copy / "sql/functions/internal/kept_until.sql").write_text(text.replace("kept_since", "kept_until"))


def fresh(copy: Path, url: str) -> Objects:
    """The catalog of a database that was made from these sources without any history."""
    unfrozen = copy / "unfrozen"
    thaw(copy, unfrozen)
    migrate(url, folder=unfrozen / "migrations")
    objects = read_objects(url)
    rollback(url, "", folder=unfrozen / "migrations")
    return objects


@pytest.fixture
def installed(copy: Path, empty_database_url: str) -> str:
    """The address of a database in which the frozen release is installed."""
    migrate(empty_database_url, folder=copy / "migrations")
    return empty_database_url


def lead_there_and_back(copy: Path, url: str, ids: list[str]) -> None:
    """These migrations lead from the frozen release to the catalog that the sources give, and back again."""
    old = read_objects(url)
    newest = rollback(url, "", folder=copy / "migrations")[0]
    wanted = fresh(copy, url)
    names = write_pair(copy)
    assert names == sorted(f"{name}{suffix}" for name in ids for suffix in (".rollback.sql", ".sql"))
    run("make_migration", "--check", "--root", str(copy))
    assert migrate(url, folder=copy / "migrations")[-len(ids) :] == ids
    assert read_objects(url) == wanted != old
    assert rollback(url, newest, folder=copy / "migrations") == ids[::-1]
    assert read_objects(url) == old


def test_a_change_is_a_pair_that_leads_to_the_new_catalog_and_back_to_the_old_one(copy: Path, installed: str) -> None:
    change_everything(copy)
    lead_there_and_back(copy, installed, ["0201.functions"])


def test_a_source_that_moves_keeps_its_function_and_needs_no_migration(copy: Path, installed: str) -> None:
    move(copy, "functions/events/feed_state.sql", "functions/operations")
    assert write_pair(copy) == []
    change(copy, "functions/operations/feed_state.sql", "'Where the feed stands.", "'Where it stands.")
    lead_there_and_back(copy, installed, ["0201.functions"])
    write_pair(copy)
    run("freeze", str(copy))
    move(copy, "functions/operations/feed_state.sql", "functions/events")
    assert len(write_pair(copy)) == 2, "it moved back, and no more"


def test_a_trigger_that_goes_to_another_file_is_not_dropped_with_the_old_one(copy: Path, installed: str) -> None:
    old = copy / "sql/triggers/boosts__audit.sql"
    (copy / "sql/triggers/boosts__account.sql").write_text(old.read_text().replace("boosts__audit", "boosts__account"))
    old.unlink()
    lead_there_and_back(copy, installed, ["0201.functions"])


def test_the_text_of_a_pair_does_not_depend_on_chance(copy: Path) -> None:
    for path in sorted((copy / "sql/functions/website").glob("*.sql"))[:5]:
        path.unlink()
    write_pair(copy)
    for seed in "12345":
        run("make_migration", "--check", "--root", str(copy), seed=seed)


POLLS = """-- Written by hand.
SET LOCAL lock_timeout = '10s';
SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.polls (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, question text NOT NULL);
COMMENT ON TABLE ttfd.polls IS 'Polls.';
RESET ROLE;
"""


def write_polls(copy: Path, number: str) -> None:
    """A table with a trigger."""
    (copy / f"migrations/{number}.polls.sql").write_text(POLLS)
    (copy / f"migrations/{number}.polls.rollback.sql").write_text(
        "SET LOCAL lock_timeout = '10s';\nDROP TABLE ttfd.polls;\n"
    )
    text = (copy / "sql/triggers/boosts__audit.sql").read_text()
    (copy / "sql/triggers/polls__audit.sql").write_text(text.replace("boost", "poll"))


def test_a_release_with_a_table_changed_functions_and_a_move_leads_there_and_back(copy: Path, installed: str) -> None:
    change_everything(copy)
    move(copy, "functions/events/feed_state.sql", "functions/operations")
    assert write_pair(copy) == ["0201.functions.rollback.sql", "0201.functions.sql"]
    write_polls(copy, "0201")
    ids = ["0201.polls", "0202.functions"]
    lead_there_and_back(copy, installed, ids)
    run("freeze", str(copy))
    write_polls(copy, "0203")
    assert write_pair(copy)[4:] == ["0203.polls.rollback.sql", "0203.polls.sql"], "the trigger is frozen already"


def test_a_pair_is_looked_at_by_the_static_checks_and_passes_them(copy: Path) -> None:
    if not (check_sql.TOOLS / "pgspot").exists():
        pytest.skip("squawk and pgspot are not installed: run `make check` first")
    change_everything(copy)
    paths = [copy / "migrations" / name for name in write_pair(copy)]
    assert [path for path in check_sql.find_functions(copy / "migrations") if path in paths] == paths[1:]
    assert check_sql.run_squawk(paths) + check_sql.run_pgspot(paths[1:]) == []


@pytest.mark.parametrize("number", ["0021", "0108"])
def test_a_migration_that_an_upgraded_database_would_run_late_is_refused(copy: Path, number: str) -> None:
    write_polls(copy, number)
    for tool, arguments in (("make_migration", ["--check", "--root"]), ("make_migration", ["--root"]), ("freeze", [])):
        said = run(tool, *arguments, str(copy), code=1)
        assert f"{number}.polls.sql" in said
        assert "0201" in said, "which number it should have"


def test_two_sources_of_one_name_are_refused(copy: Path) -> None:
    shutil.copy(copy / "sql/functions/events/feed_state.sql", copy / "sql/functions/operations")
    done = subprocess.run(
        [sys.executable, "tools/make_migration.py", "--root", str(copy)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, "feed_state" in done.stderr) == (1, True)


# Somebody has taken a right of the website, and given it to a role of their own, which may pass it on.
BY_HAND = """
REVOKE EXECUTE ON FUNCTION ttfd.feed_state() FROM ttfd_website;
GRANT EXECUTE ON FUNCTION ttfd.feed_state() TO pg_monitor WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION ttfd.feed_state() TO PUBLIC;
"""


def rights(url: str) -> set[str]:
    """Who may call feed_state."""
    found = [(kind, re.sub(r"\(.*\)", "", name), text) for (kind, name), text in read_objects(url).items()]
    return {f"{name} {text}" for kind, name, text in found if kind == "grant" and "feed_state" in name}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'Where the feed stands.", "'Where it stands."),
        ("pending bigint)", "waiting bigint)"),
        ("feed_state()", "feed_state(p_any text DEFAULT NULL)"),
    ],
    ids=["comment", "result", "signature"],
)
def test_rights_that_were_given_and_taken_by_hand_stay_so_there_and_back(
    copy: Path, installed: str, old: str, new: str
) -> None:
    with psycopg.connect(installed) as connection:
        connection.execute(BY_HAND)
    by_hand = rights(installed)
    assert not any("ttfd_website" in right for right in by_hand)
    assert sum("PUBLIC" in right or "pg_monitor" in right for right in by_hand) == 2
    change_all(copy, "functions/events/feed_state.sql", old, new)
    write_pair(copy)
    assert migrate(installed, folder=copy / "migrations") == ["0201.functions"]
    assert rights(installed) == by_hand
    rollback(installed, folder=copy / "migrations")
    assert rights(installed) == by_hand


def test_a_function_that_is_made_anew_is_nobodys_by_default(copy: Path, installed: str) -> None:
    with psycopg.connect(installed) as connection:
        connection.execute("ALTER DEFAULT PRIVILEGES FOR ROLE ttfd_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
    before = rights(installed)
    change(copy, "functions/events/feed_state.sql", "pending bigint)", "waiting bigint)")
    write_pair(copy)
    migrate(installed, folder=copy / "migrations")
    assert rights(installed) == before


@pytest.mark.parametrize("signature", ["feed_state()", "feed_state(p_any text)"], ids=["same", "another"])
def test_a_release_gives_and_takes_only_the_rights_that_it_changes(copy: Path, installed: str, signature: str) -> None:
    with psycopg.connect(installed) as connection:
        connection.execute(BY_HAND)
    by_hand = rights(installed)
    source = "functions/events/feed_state.sql"
    change(copy, source, "ttfd_worker, ttfd_admin, ttfd_reader;", "ttfd_admin, ttfd_reader, pg_checkpoint;")
    change_all(copy, source, "feed_state()", signature)
    write_pair(copy)
    migrate(installed, folder=copy / "migrations")
    taken, given = by_hand - rights(installed), rights(installed) - by_hand
    assert [right.split()[4] for right in (*taken, *given)] == ["ttfd_worker", "pg_checkpoint"]
    rollback(installed, folder=copy / "migrations")
    assert rights(installed) == by_hand


def test_a_right_that_a_release_adds_is_known_to_the_next_one(copy: Path) -> None:
    source = "functions/events/feed_state.sql"
    change(copy, source, "ttfd_worker, ttfd_admin, ttfd_reader;", "ttfd_admin;")
    change(copy, source, "pending bigint)", "waiting bigint)")
    write_pair(copy)
    run("freeze", str(copy))
    assert len(write_pair(copy)) == 2, "what was frozen is what sql/ says"
    change(copy, source, "waiting bigint)", "pending bigint)")
    write_pair(copy)
    text = (copy / "migrations/0202.functions.sql").read_text()
    assert not re.search("^(GRANT|REVOKE EXECUTE)", text, re.MULTILINE)


def disable(url: str, *triggers: str) -> None:
    """By hand, each as table.name."""
    with psycopg.connect(url) as connection:
        for table, name in (trigger.split(".") for trigger in triggers):
            connection.execute(f"ALTER TABLE ttfd.{table} DISABLE TRIGGER {name}")


def disabled(url: str) -> list[str]:
    """What `disable` was told."""
    objects = sorted(read_objects(url).items())
    return [name[5:] for (kind, name), text in objects if kind == "trigger" and text.endswith("enabled: D")]


def test_a_trigger_that_was_disabled_by_hand_stays_so_when_its_function_changes_there_and_back(
    copy: Path, installed: str
) -> None:
    disable(installed, "boosts.audit", "shop_items.audit")
    before = read_objects(installed)
    change(copy, "triggers/boosts__audit.sql", "'boost_'", "'gift_'")
    write_pair(copy)
    migrate(installed, folder=copy / "migrations")
    changed = {key for key, text in read_objects(installed).items() if text != before[key]}
    assert changed == {("function", "ttfd.boosts__audit()")}
    assert disabled(installed) == ["boosts.audit", "shop_items.audit"]
    rollback(installed, folder=copy / "migrations")
    assert read_objects(installed) == before


def test_only_the_trigger_whose_own_definition_changed_is_made_anew(copy: Path, installed: str) -> None:
    disable(installed, "platform_accounts.end_sessions", "platform_accounts.end_sessions_of_both")
    source = "triggers/platform_accounts__end_sessions.sql"
    change(copy, source, "OLD.user_id <> NEW.user_id", "OLD.user_id IS DISTINCT FROM NEW.user_id")
    write_pair(copy)
    migrate(installed, folder=copy / "migrations")
    assert disabled(installed) == ["platform_accounts.end_sessions"]
    rollback(installed, folder=copy / "migrations")
    assert disabled(installed) == ["platform_accounts.end_sessions"]


def test_a_trigger_that_a_release_left_alone_is_known_to_the_next_one(copy: Path, installed: str) -> None:
    source = "triggers/boosts__audit.sql"
    change(copy, source, "'boost_'", "'gift_'")
    write_pair(copy)
    run("freeze", str(copy))
    assert len(write_pair(copy)) == 2, "what was frozen is what sql/ says"
    migrate(installed, folder=copy / "migrations")
    before = read_objects(installed)
    change(copy, source, "AFTER INSERT OR UPDATE OR DELETE", "AFTER INSERT OR DELETE")
    write_pair(copy)
    assert migrate(installed, folder=copy / "migrations") == ["0202.functions"]
    changed = {key for key, text in read_objects(installed).items() if text != before[key]}
    assert changed == {("trigger", "ttfd.boosts.audit")}
    rollback(installed, folder=copy / "migrations")
    assert read_objects(installed) == before


def test_a_pair_is_written_anew_until_it_is_frozen_and_then_there_is_a_next_one(copy: Path) -> None:
    source = "functions/identity/find_user.sql"
    change(copy, source, "one index probe", "1 index probe")
    assert len(write_pair(copy)) == 2
    change(copy, source, "1 index probe", "a probe")
    assert write_pair(copy) == ["0201.functions.rollback.sql", "0201.functions.sql"]
    run("freeze", str(copy))
    change(copy, source, "a probe", "one probe")
    assert write_pair(copy)[2:] == ["0202.functions.rollback.sql", "0202.functions.sql"]
    text = (copy / "migrations/0202.functions.rollback.sql").read_text()
    assert "a probe" in text, "the previous text, not the first"
    change(copy, source, "one probe", "a probe")
    assert len(write_pair(copy)) == 2, "what was changed back needs no migration"


def test_a_frozen_file_that_was_edited_or_removed_is_refused(copy: Path) -> None:
    run("make_migration", "--check", "--root", str(copy))
    victim = copy / "migrations/0104.functions_events.sql"
    victim.write_text(victim.read_text() + "\n")
    assert victim.name in run("make_migration", "--check", "--root", str(copy), code=1)
    victim.unlink()
    assert victim.name in run("make_migration", "--check", "--root", str(copy), code=1)
    assert victim.name in run("freeze", str(copy), code=1)


def test_sources_that_were_not_written_into_a_migration_are_not_frozen(copy: Path) -> None:
    change(copy, "functions/identity/find_user.sql", "one index probe", "1 index probe")
    assert "0201" in run("make_migration", "--check", "--root", str(copy), code=1)
    assert "make migration" in run("freeze", str(copy), code=1)


def test_the_sums_are_those_that_sha256sum_knows(copy: Path) -> None:
    done = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=copy / "migrations", check=False)
    assert done.returncode == 0


def test_the_operator_finds_the_newest_migration_of_the_release() -> None:
    sums = ROOT / "migrations/SHA256SUMS"
    frozen = [line.split()[1] for line in sums.read_text().splitlines()] if sums.exists() else []
    names = frozen or [path.name for path in (ROOT / "migrations").glob("*.sql")]
    newest = max(name for name in names if not name.endswith(".rollback.sql")).removesuffix(".sql")
    table = (ROOT / "docs/operations.md").read_text(encoding="utf-8").split("| release |")[1].split("\n\n")[0]
    assert f"`{newest}` |" in table
