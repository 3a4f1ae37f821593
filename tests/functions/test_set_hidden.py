import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    record_event,
    refused,
    row,
    rows,
    violations,
)

METRICS = ["xp", "coins", "messages", "voice", "games", "wins"]


def hide(db: Connection, user_id: int | None, is_hidden: bool | None = True) -> tuple[int, bool]:
    found = row(db, "SELECT * FROM ttfd.set_hidden(%s, %s)", user_id, is_hidden)
    return found.user_id, found.is_hidden


def position(db: Connection, user_id: int, metric: str = "xp") -> tuple[int | None, int, int]:
    found = row(db, "SELECT * FROM ttfd.get_position(%s, %s)", user_id, metric)
    return found.position, found.value, found.total


@pytest.mark.parametrize("metric", METRICS)
def test_a_hidden_member_is_on_no_leaderboard_and_takes_no_place(db: Connection, metric: str) -> None:
    one, two = get_user(db, "1"), get_user(db, "2")
    assert hide(db, one) == (one, True)
    assert [found.user_id for found in rows(db, "SELECT * FROM ttfd.list_leaderboard(%s)", metric)] == [two]
    assert position(db, two, metric) == (1, 0, 1)
    assert position(db, one, metric) == (None, 0, 1)


def test_who_comes_back_has_the_old_place_and_all_that_was_earned_meanwhile(db: Connection) -> None:
    one, two, three = (get_user(db, str(number)) for number in (1, 2, 3))
    hide(db, one)
    apply_event(db, "xp_change", {"xp": 300}, external_id="1")
    record_event(db, "xp_change", {"xp": 200}, external_id="3")
    process_all(db)
    assert position(db, three) == (1, 200, 2)
    assert violations(db) == []
    assert hide(db, one, False) == (one, False)
    assert [position(db, user_id) for user_id in (one, two, three)] == [(1, 300, 3), (3, 0, 3), (2, 200, 3)]
    assert violations(db) == []


def test_hiding_twice_is_hiding_once(db: Connection) -> None:
    one, two = get_user(db, "1"), get_user(db, "2")
    hide(db, one)
    hide(db, one)
    assert position(db, two) == (1, 0, 1)
    assert violations(db) == []


def test_without_a_word_a_member_is_hidden(db: Connection) -> None:
    user_id = get_user(db)
    assert hide(db, user_id, None) == (user_id, True)


def test_a_merged_member_hides_the_survivor(db: Connection) -> None:
    survivor, merged = get_user(db, "1"), get_user(db, "2", "discord")
    row(db, "SELECT * FROM ttfd.merge_users(%s, %s, 'same')", survivor, merged)
    assert hide(db, merged) == (survivor, True)
    assert rows(db, "SELECT * FROM ttfd.list_leaderboard('xp')") == []


@pytest.mark.parametrize("who_hides", [0, 1])
def test_a_merge_with_a_hidden_member_stays_hidden(db: Connection, who_hides: int) -> None:
    ids = get_user(db, "1"), get_user(db, "2", "discord")
    hide(db, ids[who_hides])
    row(db, "SELECT * FROM ttfd.merge_users(%s, %s, 'same')", *ids)
    assert rows(db, "SELECT * FROM ttfd.list_leaderboard('xp')") == []
    assert violations(db) == []


def test_a_platform_hides_its_own_members_only(db: Connection) -> None:
    own, other = get_user(db, "1"), get_user(db, "2", "discord")
    with acting_as(db, "ttfd_telegram"):
        assert hide(db, own) == (own, True)
        with refused(db, "TP001"):
            hide(db, other)


@pytest.mark.parametrize("user_id", [0, 999, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        hide(db, user_id)
