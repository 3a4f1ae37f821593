"""Time in voice: what counts, what earns, and that it is counted once whatever happens to the bot."""

import json
import uuid
from typing import Any

import pytest

from calls import (
    Connection,
    acting_as,
    get_user,
    process_all,
    profile,
    refused,
    row,
    rows,
    set_time,
    together,
    value,
    violations,
)
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]


def at(db: Connection, clock: str) -> None:
    set_time(db, f"2026-03-01 {clock}+00")


def member(external_id: str, **state: object) -> dict[str, object]:
    return {"external_id": external_id, "session_id": f"s{external_id}", **state}


def report(
    db: Connection, *members: dict[str, object], channel: str = "c", is_afk: bool = False, seconds_ago: Any = 0
) -> Any:
    query = "SELECT * FROM ttfd.report_voice('discord', %s, %s, %s, %s)"
    return row(db, query, channel, is_afk, json.dumps(members), seconds_ago)


def earned(db: Connection, external_id: str = "1") -> list[tuple[int, int, int]]:
    """Seconds, idle seconds and XP of each event of a member."""
    process_all(db)
    found = rows(
        db,
        "SELECT data, xp FROM ttfd.list_history(%s, NULL, 100) WHERE event_type = 'voice_time' ORDER BY position",
        get_user(db, external_id, "discord"),
    )
    return [(seen.data["seconds"], seen.data["idle_seconds"], seen.xp) for seen in found]


def test_time_with_others_counts_when_the_member_leaves(db: Connection) -> None:
    at(db, "12:00:00")
    assert tuple(report(db, member("1"), member("2"))) == (2, 0)
    at(db, "12:02:00")
    assert tuple(report(db, member("2"))) == (1, 1)
    assert earned(db) == [(120, 0, 6)]
    assert profile(db, get_user(db, "1", "discord")).total_voice_time == 120
    assert violations(db) == []


@pytest.mark.parametrize(
    ("own", "other", "is_afk"),
    [
        ({"is_muted": True}, {}, False),
        ({"is_deafened": True}, {}, False),
        ({}, {"is_deafened": True}, False),
        ({}, None, False),
        ({}, {}, True),
    ],
    ids=["muted", "deafened", "with somebody who cannot hear", "alone", "AFK channel"],
)
def test_who_cannot_speak_to_anybody_earns_nothing(
    db: Connection, own: dict[str, object], other: dict[str, object] | None, is_afk: bool
) -> None:
    company = [] if other is None else [member("2", **other)]
    at(db, "12:00:00")
    report(db, member("1", **own), *company, is_afk=is_afk)
    at(db, "12:02:00")
    report(db, *company, is_afk=is_afk)
    assert earned(db) == [(120, 120, 0)]


def test_a_muted_member_is_company_for_others(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2", is_muted=True))
    at(db, "12:02:00")
    report(db)
    assert (earned(db), earned(db, "2")) == ([(120, 0, 6)], [(120, 120, 0)])


def test_each_state_counts_for_as_long_as_it_held(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:01:00")
    report(db, member("1", is_muted=True), member("2"))
    at(db, "12:01:30")
    report(db, member("1"), member("2"))
    at(db, "12:02:00")
    report(db, member("1"))
    at(db, "12:02:10")
    report(db)
    assert earned(db) == [(130, 40, 4)]


def test_a_move_to_another_channel_is_one_session(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:01:00")
    assert report(db, member("1"), member("3"), channel="d").queued == 0
    assert report(db, member("2")).queued == 0
    at(db, "12:02:00")
    report(db, member("3"), channel="d")
    assert earned(db) == [(120, 0, 6)]


def test_a_long_session_is_sliced_and_loses_nothing(db: Connection) -> None:
    for minute in range(60):
        at(db, f"12:{minute:02}:00")
        report(db, member("1"), member("2"))
    at(db, "13:00:00")
    report(db)
    assert earned(db) == [(900, 0, 45)] * 4


def test_a_report_that_is_sent_again_counts_once(db: Connection) -> None:
    at(db, "12:00:00")
    for _ in range(2):
        report(db, member("1"), member("2"))
    at(db, "12:02:00")
    for _ in range(3):
        report(db, member("2"))
    assert earned(db) == [(120, 0, 6)]


def test_a_restart_of_the_bot_goes_on_with_the_same_session(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:10:00")
    assert report(db, member("1"), member("2")).queued == 0
    at(db, "12:12:00")
    report(db)
    assert earned(db) == [(720, 0, 36)]


def test_who_came_back_while_the_bot_was_away_has_not_been_there_meanwhile(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:02:00")
    report(db, member("1"), member("2"))
    at(db, "12:10:00")
    again = {**member("1"), "session_id": "another"}
    report(db, again, member("2"))
    at(db, "12:11:00")
    report(db, member("2"))
    assert earned(db) == [(120, 0, 6), (60, 0, 3)]


def test_who_left_while_the_bot_was_away_counts_until_last_seen(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:01:00")
    report(db, member("1"), member("2"))
    at(db, "12:30:00")
    report(db, member("2"))
    assert earned(db) == [(60, 0, 3)]


@pytest.mark.parametrize(
    ("came_back_at", "now_muted"), [("12:10:00", True), ("13:01:00", False)], ids=["muted by now", "for too long"]
)
def test_what_nobody_saw_earns_nothing_in_doubt(db: Connection, came_back_at: str, now_muted: bool) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, came_back_at)
    report(db, member("1", is_muted=now_muted), member("2"))
    report(db, member("2"))
    ((seconds, idle, xp),) = earned(db)
    assert seconds == idle
    assert xp == 0


def test_a_quick_reconnection_begins_a_session_and_keeps_the_time_before(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:01:00")
    assert report(db, {**member("1"), "session_id": "another"}, member("2")).queued == 1
    at(db, "12:02:00")
    report(db)
    assert earned(db) == [(60, 0, 3), (60, 0, 3)]


def test_reports_that_arrive_late_count_as_if_they_had_arrived_at_their_time(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "13:00:00")
    report(db, member("1", is_muted=True), member("2"), seconds_ago=3480)
    report(db, member("1"), member("2"), seconds_ago=3420)
    report(db, member("2"), seconds_ago=3360)
    assert earned(db) == [(240, 60, 9)]
    assert rows(db, "SELECT occurred_at FROM ttfd.list_history(%s)", get_user(db, "1", "discord"))[0].occurred_at == (
        value(db, "SELECT '2026-03-01 12:04:00+00'::timestamptz")
    )


def test_what_is_no_time_of_today_is_taken_for_now_or_for_yesterday(db: Connection) -> None:
    at(db, "12:00:00")
    seen: list[str] = []
    for seconds_ago in (-5, None, 10**9, "NaN"):
        report(db, member("1"), seconds_ago=seconds_ago)
        seen.append(f"{value(db, 'SELECT seen_at FROM ttfd.voice_sessions'):%d %H:%M}")
        db.execute("DELETE FROM ttfd.voice_sessions")
    assert seen == ["01 12:00", "01 12:00", "28 12:00", "28 12:00"]


def test_a_clock_that_goes_back_takes_no_time_away(db: Connection) -> None:
    at(db, "12:01:00")
    report(db, member("1"), member("2"))
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:02:00")
    report(db)
    assert earned(db) == [(60, 0, 3)]


def test_two_processes_that_report_at_once_count_every_second_once(db: Connection, database_url: str) -> None:
    people = [member(str(n)) for n in range(1, 9)]
    at(db, "12:00:00")
    report(db, *people)

    def run(own: Connection, order: list[dict[str, object]]) -> None:
        for minute in range(1, 21):
            at(own, f"12:{minute:02}:00")
            report(own, *order)

    together(database_url, [lambda own: run(own, people), lambda own: run(own, people[::-1])] * 2)
    at(db, "12:20:00")
    report(db)
    for person in people:
        assert sum(seconds for seconds, _, _ in earned(db, str(person["external_id"]))) == 1200
    assert violations(db) == []


def test_a_session_is_closed_when_nobody_reports_it(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    at(db, "12:01:00")
    report(db, member("1"), member("2"))
    at(db, "12:06:00")
    assert tuple(row(db, "SELECT * FROM ttfd.close_stale_voice('discord')")) == (0, 0)
    at(db, "12:06:01")
    assert tuple(row(db, "SELECT * FROM ttfd.close_stale_voice('discord')")) == (2, 2)
    assert earned(db) == [(60, 0, 3)]
    assert value(db, "SELECT count(*) FROM ttfd.voice_sessions") == 0


def test_a_type_that_is_switched_off_stops_nobody_from_reporting(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    db.execute("UPDATE ttfd.event_types SET is_enabled = false WHERE name = 'voice_time'")
    at(db, "12:02:00")
    assert tuple(report(db)) == (0, 0)


def test_a_member_who_is_forgotten_leaves_no_session(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"))
    user_id = get_user(db, "1", "discord")
    exported = value(db, "SELECT document -> 'voice_sessions' FROM ttfd.export_user(%s)", user_id)
    assert [entry["channel_id"] for entry in exported] == ["c"]
    db.execute("SELECT ttfd.forget_user(%s)", [user_id])
    assert value(db, "SELECT count(*) FROM ttfd.voice_sessions") == 0


def test_time_of_one_platform_is_nothing_to_another(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    row(db, "SELECT * FROM ttfd.report_voice('telegram', 'c', false, '[]')")
    assert value(db, "SELECT count(*) FROM ttfd.voice_sessions") == 2
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        report(db, member("1"))
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        row(db, "SELECT * FROM ttfd.close_stale_voice('discord')")


def test_what_is_no_list_of_members_is_refused(db: Connection) -> None:
    for wrong in ("{}", "null", '"x"'):
        with refused(db, "22023"):
            row(db, "SELECT * FROM ttfd.report_voice('discord', 'c', false, %s)", wrong)
    with refused(db, "TU002"):
        report(db, member("no id"))


def test_the_event_has_the_id_that_waits_in_the_session(db: Connection) -> None:
    at(db, "12:00:00")
    report(db, member("1"), member("2"))
    waiting: uuid.UUID = value(db, "SELECT slice_id FROM ttfd.voice_sessions WHERE external_id = '1'")
    at(db, "12:01:00")
    report(db, member("2"))
    assert value(db, "SELECT id FROM ttfd.cross_platform_events WHERE event_type = 'voice_time'") == waiting
