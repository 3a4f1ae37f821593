import pytest

from calls import Connection, acting_as, get_user, new_id, process_all, profile, refused, row, rows, violations
from coins import award, last_data, set_setting


def test_an_award_is_granted_at_once_and_says_why(db: Connection) -> None:
    event_id, user_id = new_id(), get_user(db)
    outcome = award(db, user_id, 30, 40, event_id)
    assert tuple(outcome) == (event_id, user_id, "applied", 30, 40, None, 30, 40, 1, False)
    assert last_data(db, "award") == {"xp": 30, "coins": 40, "reason": "a prize"}
    assert violations(db) == []


def test_an_award_takes_its_place_in_the_feed(db: Connection) -> None:
    award(db, get_user(db), 30, 40)
    process_all(db)
    assert row(db, "SELECT event_type, source_platform, xp, coins FROM ttfd.read_feed(0)") == (
        "award",
        "system",
        30,
        40,
    )
    assert violations(db) == []


def test_an_award_may_reach_a_rank_and_its_reward(db: Connection) -> None:
    outcome = award(db, get_user(db), xp=1300)
    assert (outcome.rank_id, outcome.rank_up, outcome.coins, outcome.total_coins) == (3, True, 0, 150)
    assert violations(db) == []


@pytest.mark.parametrize("is_processed", [False, True])
def test_a_resend_is_answered_with_the_first_outcome(db: Connection, is_processed: bool) -> None:
    event_id, user_id = new_id(), get_user(db)
    first = award(db, user_id, 500, 5, event_id)
    if is_processed:
        process_all(db)
    set_setting(db, "award_maximum", 0)
    assert award(db, user_id, 500, 5, event_id) == first._replace(status="duplicate")
    assert profile(db, user_id).xp == 500


@pytest.mark.parametrize("other", [{"xp": 6}, {"coins": 6}, {"user_id": 2}])
def test_the_same_id_with_other_content_is_refused(db: Connection, other: dict[str, int]) -> None:
    event_id, users = new_id(), [get_user(db, "1"), get_user(db, "2")]
    award(db, users[0], 5, 5, event_id)
    with refused(db, "TE002"):
        award(db, users[other.get("user_id", 1) - 1], other.get("xp", 5), other.get("coins", 5), event_id)


@pytest.mark.parametrize(("xp", "coins"), [(-1, 0), (0, -1), (1_000_001, 0), (0, 1_000_001), (None, 0), (0, None)])
def test_an_amount_below_nothing_or_over_the_limit_is_refused(
    db: Connection, xp: int | None, coins: int | None
) -> None:
    with refused(db, "TE003"):
        award(db, get_user(db), xp, coins)


def test_the_limit_is_a_setting(db: Connection) -> None:
    set_setting(db, "award_maximum", 10)
    assert award(db, get_user(db), 10, 10).status == "applied"
    with refused(db, "TE003") as caught:
        award(db, get_user(db), 11, 0)
    assert caught.value.diag.message_hint == "Allowed now: from 0 to 10."


def test_nobody_is_awarded_who_does_not_exist(db: Connection) -> None:
    with refused(db, "TU001"):
        award(db, 404, 1, 1)


def test_an_award_to_a_merged_member_reaches_the_survivor(db: Connection) -> None:
    survivor, merged = get_user(db, "1"), get_user(db, "2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    event_id = new_id()
    assert award(db, merged, 1, 1, event_id).user_id == survivor
    assert award(db, survivor, 1, 1, event_id).status == "duplicate"


def test_an_award_needs_an_id(db: Connection) -> None:
    with refused(db, "22004"):
        rows(db, "SELECT * FROM ttfd.award(NULL, %s, 1, 1, '')", get_user(db))


def test_a_platform_cannot_make_coins(db: Connection) -> None:
    user_id = get_user(db)
    for role in ("ttfd_telegram", "ttfd_worker"):
        with acting_as(db, role), refused(db, "42501"):
            award(db, user_id, 1, 1)
