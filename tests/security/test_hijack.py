"""Ways to another member's account that are not in the tests of a single function."""

import pytest

from calls import Connection, acting_as, apply_event, get_user, new_id, profile, refused, row, value, violations

VICTIM_EMAIL = "victim@example.org"


def link(db: Connection, user_id: int, platform: str, external_id: str) -> str:
    return str(row(db, "SELECT * FROM ttfd.link_verified_account(%s, %s, %s)", user_id, platform, external_id).status)


@pytest.fixture
def victim(db: Connection) -> int:
    user_id = get_user(db, "1")
    assert link(db, user_id, "website", VICTIM_EMAIL) == "linked"
    apply_event(db, "game_played", {"xp": 50, "coins": 100}, external_id="1")
    return user_id


def test_an_email_that_a_stranger_states_as_a_name_joins_nothing(db: Connection, victim: int) -> None:
    with acting_as(db, "ttfd_discord"):
        stranger = get_user(db, "666", "discord", VICTIM_EMAIL)
    assert stranger != victim
    assert profile(db, stranger).platforms == ["discord"]
    assert profile(db, victim).platforms == ["telegram", "website"]


def test_an_email_that_no_provider_has_verified_can_be_vouched_for_by_no_bot(db: Connection, victim: int) -> None:
    stranger = get_user(db, "666", "discord")
    for role in ("ttfd_telegram", "ttfd_discord", "ttfd_worker", "ttfd_reader"):
        with acting_as(db, role), refused(db, "42501"):
            link(db, stranger, "website", "free@example.org")
    with refused(db, "TL001"):
        link(db, stranger, "website", VICTIM_EMAIL.upper())
    assert profile(db, victim).platforms == ["telegram", "website"]


def test_a_login_that_outlives_a_merge_stands_for_the_survivor_and_after_the_undo_for_itself_alone(
    db: Connection, victim: int
) -> None:
    held = get_user(db, "2", "discord")  # What the cookie of an old session holds.
    merge_id = value(db, "SELECT merge_id FROM ttfd.merge_users(%s, %s)", victim, held)
    assert profile(db, held).user_id == victim
    db.execute("SELECT ttfd.undo_merge(%s)", [merge_id])
    assert profile(db, held).user_id == held
    with refused(db, "TC001"):
        value(db, "SELECT status FROM ttfd.spend_coins(%s, %s, 1, 'theft')", new_id(), held)
    assert profile(db, victim).coins == 100
    assert violations(db) == []


def test_a_login_that_outlives_an_unlinking_or_forgetting_reaches_nobody(db: Connection, victim: int) -> None:
    db.execute("SELECT ttfd.unlink_account(%s, 'website')", [victim])
    assert get_user(db, VICTIM_EMAIL, "website") != victim
    db.execute("SELECT ttfd.forget_user(%s)", [victim])
    with refused(db, "TU001"):
        profile(db, victim)
    with refused(db, "TU001"):
        link(db, victim, "discord", "666")
