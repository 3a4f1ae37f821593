"""undo_own_merge: either side of a merge may take it back, and nobody else."""

from typing import Any

import pytest

from calls import Connection, acting_as, apply_event, get_user, profile, refused, row, set_time, value, violations
from links import merge

NOON, AFTER = "2026-03-01 12:00Z", "2026-03-08 12:00:01Z"


def undo_own(db: Connection, merge_id: int | None, external_id: str = "1", platform: str = "telegram") -> Any:
    return row(db, "SELECT * FROM ttfd.undo_own_merge(%s, %s, %s)", merge_id, platform, external_id)


def make_merge(db: Connection) -> tuple[int, int, int]:
    """Telegram 1 with 60 XP and Discord 2 with 40 become one."""
    into_id, from_id = get_user(db), get_user(db, "2", "discord")
    apply_event(db, "game_played", {"xp": 60}, external_id="1")
    apply_event(db, "game_played", {"xp": 40, "coins": 5}, external_id="2", platform="discord")
    return merge(db, into_id, from_id).merge_id, into_id, from_id


@pytest.mark.parametrize("account", [("1", "telegram"), ("2", "discord")])
def test_either_side_undoes_and_both_have_back_what_they_had(db: Connection, account: tuple[str, str]) -> None:
    merge_id, into_id, from_id = make_merge(db)
    assert profile(db, into_id).xp == 100
    with acting_as(db, f"ttfd_{account[1]}"):
        undone = undo_own(db, merge_id, *account)
    assert (undone.merge_id, undone.into_id, undone.from_id) == (merge_id, into_id, from_id)
    assert (profile(db, into_id).xp, profile(db, from_id).xp) == (60, 40)
    assert violations(db) == []


@pytest.mark.parametrize("account", [("1", "telegram"), ("2", "discord")])
def test_undoing_again_gives_the_same_answer_to_both(db: Connection, account: tuple[str, str]) -> None:
    merge_id, _, _ = make_merge(db)
    first = undo_own(db, merge_id)
    assert undo_own(db, merge_id, *account) == first
    assert value(db, "SELECT count(*) FROM ttfd.audit_log WHERE action = 'merge_undone'") == 1


@pytest.mark.parametrize("external_id", ["3", "4"])
def test_a_merge_of_others_is_answered_like_one_that_never_was(db: Connection, external_id: str) -> None:
    merge_id, into_id, _ = make_merge(db)
    get_user(db, "3")
    messages = []
    for asked in (merge_id, merge_id + 1000, None):
        with refused(db, "P0002") as caught:
            undo_own(db, asked, external_id)
        messages.append(str(caught.value.diag.message_primary).replace(str(asked), "N").replace("NULL", "N"))
    assert len(set(messages)) == 1
    assert profile(db, into_id).xp == 100


def test_it_is_too_late_after_seven_days(db: Connection) -> None:
    set_time(db, NOON)
    merge_id, _, _ = make_merge(db)
    set_time(db, AFTER)
    with refused(db, "TM001"):
        undo_own(db, merge_id)


def test_coins_that_were_spent_are_not_given_back(db: Connection) -> None:
    merge_id, into_id, _ = make_merge(db)
    db.execute("SELECT ttfd.spend_coins(gen_random_uuid(), %s, 5, 'x')", [into_id])
    with refused(db, "TM002"):
        undo_own(db, merge_id)


def test_a_role_undoes_for_its_own_platform_only(db: Connection) -> None:
    merge_id, _, _ = make_merge(db)
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        undo_own(db, merge_id)
