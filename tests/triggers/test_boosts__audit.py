import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    record_event,
    rows,
    set_time,
)

DAY = ("2026-03-01 00:00Z", "2026-03-02 00:00Z")


def boost(db: Connection, factor: float, **only: object) -> None:
    db.execute(
        "INSERT INTO ttfd.boosts (factor, starts_at, ends_at, event_types, platforms, user_id)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [factor, *DAY, only.get("event_types"), only.get("platforms"), only.get("user_id")],
    )


@pytest.fixture(autouse=True)
def midday(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")


def test_a_boost_multiplies_xp_and_coins_and_says_so(db: Connection) -> None:
    boost(db, 2)
    outcome = apply_event(db, "game_played", {"xp": 30, "coins": 7})
    assert (outcome.xp, outcome.coins, outcome.note) == (60, 14, "boost ×2")


def test_a_boost_rounds_down(db: Connection) -> None:
    boost(db, 1.5)
    assert apply_event(db, "message_sent").xp == 7


def test_the_greatest_of_several_boosts_counts_alone(db: Connection) -> None:
    for factor in (1.5, 3, 2):
        boost(db, factor)
    assert (lambda outcome: (outcome.xp, outcome.note))(apply_event(db, "message_sent")) == (15, "boost ×3")


def test_a_boost_keeps_to_its_time_types_platforms_and_member(db: Connection) -> None:
    boost(db, 2, event_types=["game_played"])
    boost(db, 3, platforms=["discord"])
    boost(db, 4, user_id=get_user(db, "2"))
    assert apply_event(db, "message_sent").note is None
    assert apply_event(db, "game_played", {"xp": 10}).note == "boost ×2"
    assert apply_event(db, "message_sent", platform="discord", external_id="9").note == "boost ×3"
    assert apply_event(db, "message_sent", external_id="2").note == "boost ×4"
    set_time(db, DAY[1])
    assert apply_event(db, "game_played", {"xp": 10}).note is None


def test_the_queue_says_the_same(db: Connection) -> None:
    boost(db, 2)
    record_event(db, "message_sent")
    record_event(db, "voice_time", {"seconds": 200, "idle_seconds": 100})
    process_all(db)
    feed = rows(db, "SELECT * FROM ttfd.read_feed(0)")
    assert [(event.xp, event.note) for event in feed] == [(10, "boost ×2"), (10, "idle, boost ×2")]


def test_a_daily_cap_holds_under_a_boost(db: Connection) -> None:
    boost(db, 10)
    outcome = apply_event(db, "voice_time", {"seconds": 2000})
    assert (outcome.xp, outcome.note) == (600, "daily_cap, boost ×10")


def test_what_an_administrator_states_is_never_multiplied(db: Connection) -> None:
    boost(db, 2)
    assert apply_event(db, "xp_change", {"xp": 10}).xp == 10


def test_every_change_of_a_boost_is_audited(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        boost(db, 2)
        db.execute("UPDATE ttfd.boosts SET factor = 3")
        db.execute("DELETE FROM ttfd.boosts")
    written = rows(db, "SELECT action, before, after FROM ttfd.audit_log ORDER BY id")
    assert [line.action for line in written] == ["boost_insert", "boost_update", "boost_delete"]
    assert (written[1].before["factor"], written[1].after["factor"]) == (2, 3)
    assert (written[0].before, written[2].after) == (None, None)
