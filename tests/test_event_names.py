"""Names that ttfd writes itself: no rule may be made for one, or a platform could send it."""

import re
from pathlib import Path

import pytest

from calls import Connection, acting_as, refused, rows
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]

ROOT = Path(__file__).parents[1]
INSERT = "INSERT INTO ttfd.event_types (name) VALUES (%s)"

# What writes an event, up to the first name in quotes of the statement.
WRITES = re.compile(
    r"(?:\b(?:apply_grant|tell_member|insert_event|move_progress)\(|INTO (?:ttfd\.)?cross_platform_events\w*\s*\()"
    r"(?:(?!FROM|p_event_type)[^;'])*?'([a-z_]+)'"
)


def written_names() -> set[str]:
    """The event types that the functions and triggers write."""
    sources = [path.read_text("ascii").partition("COMMENT ON FUNCTION")[0] for path in (ROOT / "sql").rglob("*.sql")]
    return {name for source in sources for name in WRITES.findall(source)}


def test_every_name_that_ttfd_writes_has_a_rule_of_its_own_or_is_kept(db: Connection) -> None:
    names = written_names()
    assert {"rank_up", "work", "daily_claim", "purchase", "merge_undone", "opening_balance", "season_reward"} <= names
    for (ruled,) in rows(db, "SELECT name FROM ttfd.event_types"):
        names.discard(ruled)
    assert len(names) > 15
    for name in names:
        with acting_as(db, "ttfd_admin"), refused(db, "23514") as caught:
            db.execute(INSERT, [name])
        assert caught.value.diag.constraint_name == "event_types_name_kept_for_ttfd_choose_another", name


@pytest.mark.parametrize("name", ["ttfd_", "ttfd_gift"])
def test_a_name_that_begins_with_ttfd_is_kept_for_later_versions(db: Connection, name: str) -> None:
    with refused(db, "23514") as caught:
        db.execute(INSERT, [name])
    assert caught.value.diag.constraint_name == "event_types_name_kept_for_ttfd_choose_another"


@pytest.mark.parametrize("name", ["rank_up", "ttfd_gift"])
def test_no_rule_is_renamed_to_such_a_name(db: Connection, name: str) -> None:
    with refused(db, "23514"):
        db.execute("UPDATE ttfd.event_types SET name = %s WHERE name = 'message_sent'", [name])


@pytest.mark.parametrize("name", ["gift", "rank_upper", "ttfdx"])
def test_any_other_name_is_free(db: Connection, name: str) -> None:
    db.execute(INSERT, [name])


def test_no_platform_is_called_like_the_source_of_what_ttfd_writes(db: Connection) -> None:
    with refused(db, "23514") as caught:
        db.execute("INSERT INTO ttfd.platforms (name, id_pattern, role_name) VALUES ('system', '.', 'ttfd_telegram')")
    assert caught.value.diag.constraint_name == "platforms_name_kept_for_ttfd_choose_another"
