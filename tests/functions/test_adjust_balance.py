import pytest

from calls import Connection, get_user, new_id, process_all, profile, refused, row, rows, violations
from coins import adjust, last_data, rich_user


def test_a_balance_goes_up_and_down(db: Connection) -> None:
    user_id, event_id = rich_user(db), new_id()
    assert tuple(adjust(db, user_id, 20, -30, event_id)) == (
        event_id,
        user_id,
        "applied",
        20,
        -30,
        None,
        20,
        70,
        1,
        False,
    )
    assert adjust(db, user_id, -20, 30).total_coins == 100
    assert last_data(db, "adjustment") == {"xp": -20, "coins": 30, "reason": "a mistake"}
    process_all(db)
    assert violations(db) == []


def test_an_amount_left_out_is_nothing(db: Connection) -> None:
    outcome = adjust(db, rich_user(db), None, -1)
    assert (outcome.xp, outcome.coins) == (0, -1)


def test_xp_taken_takes_the_rank_too_and_given_back_pays_no_reward_twice(db: Connection) -> None:
    user_id = get_user(db)
    assert adjust(db, user_id, 600).rank_up
    assert adjust(db, user_id, -600).rank_id == 1
    again = adjust(db, user_id, 600)
    assert (again.rank_id, again.rank_up, again.total_coins) == (2, False, 50)
    assert violations(db) == []


def test_coins_never_fall_below_zero(db: Connection) -> None:
    with refused(db, "TC001"):
        adjust(db, rich_user(db), 0, -101)


def test_xp_never_falls_below_zero(db: Connection) -> None:
    with refused(db, "23514") as caught:
        adjust(db, rich_user(db), -1)
    assert caught.value.diag.constraint_name == "unified_users_not_negative"


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_reason_is_required(db: Connection, reason: str | None) -> None:
    with refused(db, "22023"):
        adjust(db, get_user(db), 1, reason=reason)


@pytest.mark.parametrize("is_processed", [False, True])
def test_a_resend_is_answered_with_the_first_outcome(db: Connection, is_processed: bool) -> None:
    user_id, event_id = rich_user(db), new_id()
    first = adjust(db, user_id, 0, -100, event_id)
    if is_processed:
        process_all(db)
    assert adjust(db, user_id, 0, -100, event_id) == first._replace(status="duplicate")
    for other in ({"coins": -99}, {"coins": -100, "reason": "a whim"}):
        with refused(db, "TE002"):
            adjust(db, user_id, event_id=event_id, **other)  # type: ignore[arg-type]


def test_an_adjustment_is_audited_and_kept_for_a_revert(db: Connection) -> None:
    user_id, event_id = rich_user(db), new_id()
    adjust(db, user_id, 1, -2, event_id)
    written = row(db, "SELECT after FROM ttfd.audit_log WHERE action = 'balance_adjusted'").after
    assert written == {"xp": 1, "coins": -2, "reason": "a mistake", "event_id": str(event_id), "user_id": user_id}
    kept = rows(db, "SELECT event_id, user_id, xp, coins, reason, reverted_by FROM ttfd.adjustments")
    assert kept == [(event_id, user_id, 1, -2, "a mistake", None)]


def test_nobody_is_adjusted_who_does_not_exist(db: Connection) -> None:
    with refused(db, "TU001"):
        adjust(db, 404, 1)


def test_a_refused_adjustment_leaves_nothing(db: Connection) -> None:
    user_id = rich_user(db)
    with refused(db, "TC001"):
        adjust(db, user_id, 5, -500)
    assert rows(db, "SELECT * FROM ttfd.adjustments") == []
    assert profile(db, user_id).xp == 0
