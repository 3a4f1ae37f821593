"""apply_event and the same event again: granted once, answered as the first time."""

from typing import Any

import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    granted,
    new_id,
    process_all,
    process_events,
    profile,
    record_event,
    refused,
    set_time,
    together,
    value,
    violations,
)

NOON = "2026-03-01 12:00:00+00"


def test_the_same_event_sent_by_32_threads_3_times_is_applied_once(db: Connection, database_url: str) -> None:
    event_id = new_id()

    def send(own: Connection) -> list[Any]:
        return [apply_event(own, "game_played", {"xp": 50, "coins": 5, "won": True}, event_id) for _ in range(3)]

    answers = [outcome for own in together(database_url, [send] * 32) for outcome in own]
    assert [outcome.status for outcome in answers].count("applied") == 1
    assert {outcome._replace(status="") for outcome in answers} == {answers[0]._replace(status="")}
    assert granted(answers[0]) == (50, 5, None)
    seen = profile(db, get_user(db))
    assert (seen.xp, seen.coins, seen.games_played, seen.games_won) == (50, 5, 1, 1)
    process_all(db)
    assert value(db, "SELECT count(*) FROM ttfd.read_feed(0)") == 1
    assert violations(db) == []


def test_the_same_event_sent_both_ways_at_once_is_granted_once(db: Connection, database_url: str) -> None:
    ids = [new_id() for _ in range(10)]

    def send(own: Connection, function: Any) -> None:
        for event_id in ids:
            function(own, "game_played", {"xp": 7}, event_id)

    def work(own: Connection) -> None:
        for _ in range(20):
            process_events(own, 3)

    together(
        database_url,
        [lambda own, f=function: send(own, f) for function in [apply_event, record_event] * 3] + [work] * 2,
    )
    process_all(db)
    assert profile(db, get_user(db)).xp == 70
    assert value(db, "SELECT count(*) FROM ttfd.read_feed(0)") == 10
    assert violations(db) == []


@pytest.mark.parametrize(
    "other",
    [{"data": {"xp": 51}}, {"event_type": "message_sent", "data": {}}, {"external_id": "2"}, {"platform": "discord"}],
)
@pytest.mark.parametrize("is_processed", [False, True])
def test_the_same_id_with_other_content_is_refused(db: Connection, other: dict[str, Any], is_processed: bool) -> None:
    event: dict[str, Any] = {"event_type": "game_played", "data": {"xp": 50}, "event_id": new_id()}
    apply_event(db, **event)
    if is_processed:
        process_events(db)
    with refused(db, "TE002"):
        apply_event(db, **(event | other))
    assert apply_event(db, **event).status == "duplicate"
    assert profile(db, get_user(db)).xp == 50
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 1


def test_a_duplicate_tells_what_the_first_was_granted_and_the_balance_of_today(db: Connection) -> None:
    event_id = new_id()
    apply_event(db, "xp_change", {"xp": 500}, event_id)
    apply_event(db, "xp_change", {"xp": 1000})
    again = apply_event(db, "xp_change", {"xp": 500}, event_id)
    assert (again.status, again.xp, again.rank_up) == ("duplicate", 500, True)
    assert (again.total_xp, again.total_coins, again.rank_id) == (1500, 150, 3)


def test_a_duplicate_of_a_queued_event_leaves_it_to_the_queue(db: Connection) -> None:
    event_id = new_id()
    record_event(db, "game_played", {"xp": 9}, event_id)
    assert granted(apply_event(db, "game_played", {"xp": 9}, event_id)) == (None, None, None)
    process_events(db)
    assert granted(apply_event(db, "game_played", {"xp": 9}, event_id)) == (9, 0, None)
    assert profile(db, get_user(db)).xp == 9


def test_a_resend_returns_the_first_outcome_though_the_rules_have_changed_since(db: Connection) -> None:
    event_id = new_id()
    apply_event(db, "game_played", {"xp": 90}, event_id)
    db.execute("UPDATE ttfd.event_types SET stated_xp_max = 50, is_enabled = false WHERE name = 'game_played'")
    again = apply_event(db, "game_played", {"xp": 90}, event_id)
    assert (again.status, again.xp, again.total_xp) == ("duplicate", 90, 90)


def test_a_duplicate_uses_up_no_cooldown_and_moves_no_counter(db: Connection) -> None:
    set_time(db, NOON)
    event_id = new_id()
    apply_event(db, "message_sent", event_id=event_id)
    set_time(db, "2026-03-01 12:05:00+00")
    assert apply_event(db, "message_sent", event_id=event_id).status == "duplicate"
    assert granted(apply_event(db, "message_sent")) == (5, 0, None)
    assert profile(db, get_user(db)).messages_sent == 2
