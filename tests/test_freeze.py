"""From 1.0 on a frozen migration never changes, and a change of a source is a pair that leads there and back."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ttfd.drift import Objects, read_objects
from ttfd.migrate import migrate, rollback

ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository's SQL, frozen."""
    thaw(ROOT / "sql", tmp_path)
    assert "are frozen" in run("freeze", str(tmp_path))
    return tmp_path


def thaw(sources: Path, to: Path) -> None:
    """A copy as it was before anything was frozen: tables written by hand, and what these sources give."""
    shutil.copytree(sources, to / "sql")
    shutil.copytree(ROOT / "migrations", to / "migrations", ignore=shutil.ignore_patterns("SHA256SUMS", "02*"))
    run("make_migration", "--root", str(to))


def run(tool: str, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, f"tools/{tool}.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def change(copy: Path, source: str, old: str, new: str) -> None:
    path = copy / "sql" / source
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


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
    thaw(copy / "sql", unfrozen)
    migrate(url, folder=unfrozen / "migrations")
    objects = read_objects(url)
    rollback(url, "", folder=unfrozen / "migrations")
    return objects


def test_a_change_is_a_pair_that_leads_to_the_new_catalog_and_back_to_the_old_one(
    copy: Path, empty_database_url: str
) -> None:
    change_everything(copy)
    wanted = fresh(copy, empty_database_url)
    migrate(empty_database_url, folder=copy / "migrations")
    old = read_objects(empty_database_url)
    names = write_pair(copy)
    assert names == ["0201.functions.rollback.sql", "0201.functions.sql"]
    assert migrate(empty_database_url, folder=copy / "migrations") == ["0201.functions"]
    assert read_objects(empty_database_url) == wanted != old
    assert rollback(empty_database_url, folder=copy / "migrations") == ["0201.functions"]
    assert read_objects(empty_database_url) == old


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
