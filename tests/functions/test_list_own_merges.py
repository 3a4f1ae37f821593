"""list_own_merges: what a member may still undo, the latest first."""

from typing import Any

from calls import Connection, acting_as, apply_event, get_user, refused, rows, set_time
from links import merge, undo

NOON, WEEK_LATER, AFTER = "2026-03-01 12:00Z", "2026-03-08 12:00Z", "2026-03-08 12:00:01Z"


def listed(db: Connection, external_id: str = "1", platform: str = "telegram") -> list[Any]:
    return rows(db, "SELECT * FROM ttfd.list_own_merges(%s, %s)", platform, external_id)


def test_it_says_what_would_go_back(db: Connection) -> None:
    set_time(db, NOON)
    into_id, from_id = get_user(db), get_user(db, "2", "discord")
    apply_event(db, "game_played", {"xp": 30, "coins": 7}, external_id="2", platform="discord")
    merged = merge(db, into_id, from_id)
    for account in (("1", "telegram"), ("2", "discord")):
        (found,) = listed(db, *account)
        assert (found.merge_id, found.platforms, found.other_platforms) == (merged.merge_id, ["telegram"], ["discord"])
        assert (found.other_xp, found.other_coins) == (30, 7)
        assert (found.undo_until - found.merged_at).days == 7


def test_the_latest_comes_first(db: Connection) -> None:
    user_id = get_user(db)
    first = merge(db, user_id, get_user(db, "2", "discord"))
    second = merge(db, user_id, get_user(db, "a@example.org", "website"))
    assert [found.merge_id for found in listed(db)] == [second.merge_id, first.merge_id]


def test_what_cannot_be_undone_any_more_is_not_listed(db: Connection) -> None:
    set_time(db, NOON)
    user_id = get_user(db)
    merge(db, user_id, get_user(db, "2", "discord"))
    undone = merge(db, user_id, get_user(db, "a@example.org", "website"))
    undo(db, undone.merge_id)
    set_time(db, WEEK_LATER)
    assert len(listed(db)) == 1
    set_time(db, AFTER)
    assert listed(db) == []


def test_nobody_sees_the_merges_of_others(db: Connection) -> None:
    merge(db, get_user(db), get_user(db, "2", "discord"))
    get_user(db, "3")
    assert listed(db, "3") == []
    assert listed(db, "4") == []


def test_a_role_asks_for_its_own_platform_only(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        listed(db)
