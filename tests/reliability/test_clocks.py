"""Clocks that are an hour off, ahead and behind, of a sender and of the server."""

from datetime import UTC, datetime, timedelta

import psycopg

from calls import apply_event, get_user, process_all, record_events, refused, row, rows, sent, set_time, violations
from soaking import report
from ttfd import Client, new_event_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def move(db: psycopg.Connection, moment: datetime) -> None:
    set_time(db, moment.isoformat())


def test_a_sender_an_hour_ahead_is_refused_and_one_behind_counts_when_it_happened(db: psycopg.Connection) -> None:
    move(db, NOON)
    with refused(db, "22008"):
        record_events(db, [sent(occurred_at=(NOON + HOUR).isoformat())])
    record_events(db, [sent(occurred_at=(NOON - HOUR).isoformat()), sent(occurred_at=NOON.isoformat())])
    process_all(db)
    assert [event.xp for event in rows(db, "SELECT * FROM ttfd.read_feed(0)")] == [5, 5]


def test_a_server_whose_clock_jumps_back_and_forth_pays_nothing_twice(db: psycopg.Connection) -> None:
    client = Client(db)
    get_user(db)
    for moment in (NOON, NOON - HOUR, NOON + HOUR, NOON, NOON - HOUR):
        move(db, moment)
        apply_event(db)
        process_all(db)
    messages = rows(db, "SELECT * FROM ttfd.read_feed(0, ARRAY['message_sent'])")
    assert [event.xp for event in messages] == [5, 5, 5, 0, 0], "a window earns once, in whatever order it comes"
    assert [event.position for event in messages] == sorted(event.position for event in messages)
    move(db, NOON)
    assert client.claim_daily(new_event_id(), "telegram", "1").status == "applied"
    for moment in (NOON - HOUR, NOON + HOUR):
        move(db, moment)
        with refused(db, "TC002"):
            row(db, "SELECT * FROM ttfd.claim_daily(%s, 'telegram', '1')", new_event_id())
    code = client.create_link_code("telegram", "1").code
    move(db, NOON - HOUR)
    assert client.preview_link(code, "discord", "1").status == "linked"
    process_all(db)
    assert violations(db) == []
    report(
        "Clocks an hour off",
        scale="a sender ahead and behind, a server that jumps back and forth",
        result="what is ahead is refused, what is late counts when it happened, nothing is paid twice, integrity sound",
    )
