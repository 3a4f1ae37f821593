"""The migrations themselves: complete, in order, and each undone by its own rollback to the last comment and grant."""

import shutil
from pathlib import Path

from ttfd.drift import read_objects
from ttfd.migrate import migrate, migrations_folder, rollback

FOLDER = migrations_folder()
NAMES = sorted(path.stem for path in FOLDER.glob("*.sql") if not path.stem.endswith(".rollback"))


def test_each_migration_has_its_rollback_and_says_how_long_it_waits_for_locks() -> None:
    assert len(NAMES) > 5
    for name in NAMES:
        for path in (FOLDER / f"{name}.sql", FOLDER / f"{name}.rollback.sql"):
            assert "SET LOCAL lock_timeout" in path.read_text(encoding="utf-8"), path.name


def test_every_rollback_leads_back_to_the_catalog_before_it(empty_database_url: str, tmp_path: Path) -> None:
    before = {}
    for name in NAMES:
        before[name] = read_objects(empty_database_url)
        for path in FOLDER.glob(f"{name}*"):
            shutil.copy(path, tmp_path)
        assert migrate(empty_database_url, folder=tmp_path) == [name]
    complete = read_objects(empty_database_url)
    assert len(complete) > 500

    for name in reversed(NAMES):
        assert rollback(empty_database_url, folder=tmp_path) == [name]
        left = read_objects(empty_database_url)
        assert left.items() ^ before[name].items() == set(), f"what rolling {name} back leaves, or takes too much"

    assert migrate(empty_database_url) == NAMES
    assert read_objects(empty_database_url) == complete
