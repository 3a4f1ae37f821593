import json

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    get_user,
    listening,
    new_id,
    process_all,
    process_events,
    record_event,
    record_events,
    refused,
    row,
    rows,
    sent,
    set_time,
    together,
    value,
    violations,
)


def test_each_event_is_answered_in_the_order_given(db: Connection) -> None:
    events = [sent(external_id=str(number)) for number in (3, 1, 2, 3)]
    outcomes = record_events(db, events)
    assert [str(outcome.event_id) for outcome in outcomes] == [event["event_id"] for event in events]
    assert [outcome.status for outcome in outcomes] == ["queued"] * 4
    assert [outcome.user_id for outcome in outcomes] == [get_user(db, str(number)) for number in (3, 1, 2, 3)]
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 3


def test_events_are_applied_in_the_order_given(db: Connection) -> None:
    events = [sent("game_played", {"xp": number}) for number in (3, 1, 2)]
    record_events(db, events)
    process_events(db)
    assert [found.xp for found in rows(db, "SELECT xp FROM ttfd.read_feed(0)")] == [3, 1, 2]


def test_the_same_id_twice_in_one_array_is_queued_once(db: Connection) -> None:
    event = sent("game_played", {"xp": 5})
    outcomes = record_events(db, [event, sent(), event])
    assert [outcome.status for outcome in outcomes] == ["queued", "queued", "duplicate"]
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 2


def test_the_same_id_twice_in_one_array_with_other_content_is_refused(db: Connection) -> None:
    event_id = new_id()
    with refused(db, "TE002") as caught:
        record_events(db, [sent("game_played", {"xp": xp}, event_id) for xp in (5, 6)])
    assert str(event_id) in str(caught.value)
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


@pytest.mark.parametrize("is_processed", [False, True])
def test_a_resent_array_is_all_duplicates(db: Connection, is_processed: bool) -> None:
    events = [sent("game_played", {"xp": xp}) for xp in (5, 6)]
    record_events(db, events)
    if is_processed:
        process_events(db)
    outcomes = record_events(db, events)
    assert [outcome.status for outcome in outcomes] == ["duplicate"] * 2
    assert [outcome.xp for outcome in outcomes] == ([5, 6] if is_processed else [None, None])
    process_all(db)
    assert row(db, "SELECT xp, games_played FROM ttfd.unified_users") == (11, 2)


def test_a_resent_array_that_has_grown_queues_what_is_new(db: Connection) -> None:
    events = [sent(), sent(), sent()]
    record_events(db, events[:1])
    process_events(db)
    record_events(db, events[1:2])
    assert [outcome.status for outcome in record_events(db, events)] == ["duplicate", "duplicate", "queued"]


def test_a_failed_event_is_answered_as_such(db: Connection) -> None:
    event = sent("xp_change", {"xp": -1})
    record_events(db, [event])
    process_events(db)
    (outcome,) = record_events(db, [event])
    assert (outcome.status, outcome.note) == ("duplicate", "failed")


def test_the_single_and_the_bulk_way_know_each_others_ids(db: Connection) -> None:
    first, second = new_id(), new_id()
    record_event(db, "game_played", {"xp": 1}, first)
    record_events(db, [sent("game_played", {"xp": 2}, second)])
    assert [o.status for o in record_events(db, [sent("game_played", {"xp": 1}, first), sent()])] == [
        "duplicate",
        "queued",
    ]
    assert record_event(db, "game_played", {"xp": 2}, second).status == "duplicate"


@pytest.mark.parametrize(
    ("bad", "sqlstate"),
    [
        (sent("no_such_type"), "TE001"),
        (sent(None), "TE001"),  # type: ignore[arg-type]
        (sent("game_played", {"xp": 101}), "TE003"),
        (sent("game_played", {"won": "yes"}), "22023"),
        (sent("voice_time", {"seconds": -1}), "22003"),
        (sent("message_sent", []), "22023"),
        (sent(external_id="anna"), "TU002"),
        (sent(external_id=None), "TU002"),  # type: ignore[arg-type]
        (sent(platform="irc"), "TU002"),
        (sent(event_id="not-a-uuid"), "22P02"),  # type: ignore[arg-type]
    ],
)
def test_one_bad_event_refuses_all_and_is_named(db: Connection, bad: dict[str, object], sqlstate: str) -> None:
    with refused(db, sqlstate) as caught:
        record_events(db, [sent(), sent(external_id="2"), bad, sent()])
    assert str(bad["event_id"]) in str(caught.value)
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


def test_an_event_without_an_id_is_refused(db: Connection) -> None:
    nameless = sent()
    del nameless["event_id"]
    with refused(db, "22004"):
        record_events(db, [sent(), nameless])


@pytest.mark.parametrize("not_an_array", ["{}", '"x"', "5", "null", None])
def test_anything_but_an_array_is_refused(db: Connection, not_an_array: str | None) -> None:
    with refused(db, "22023"):
        rows(db, "SELECT * FROM ttfd.record_events(%s)", not_an_array)


@pytest.mark.parametrize("element", [5, "x", None, []])
def test_an_element_that_is_no_object_is_refused(db: Connection, element: object) -> None:
    with pytest.raises(psycopg.DataError), db.transaction():
        rows(db, "SELECT * FROM ttfd.record_events(%s)", json.dumps([sent(), element]))
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


def test_no_events_are_no_answers(db: Connection) -> None:
    assert record_events(db, []) == []


def test_data_may_be_left_out(db: Connection) -> None:
    event = sent()
    del event["data"]
    assert [outcome.status for outcome in record_events(db, [event])] == ["queued"]


def test_a_late_event_counts_by_when_it_happened(db: Connection) -> None:
    set_time(db, "2026-03-02 12:00:00+00")
    record_event(db)
    record_events(
        db,
        [
            sent(occurred_at="2026-03-02T11:59:59Z"),
            sent(occurred_at="2026-03-02T14:59:30+03:00"),
            sent(occurred_at="2026-03-02T12:00:30Z"),
            sent("voice_time", {"seconds": 11980}, occurred_at="2026-03-01T23:59:59Z"),
            sent("voice_time", {"seconds": 600}, occurred_at="2026-03-01T10:00:00Z"),
            sent("voice_time", {"seconds": 600}, occurred_at="2026-03-02T00:00:00Z"),
        ],
    )
    process_events(db)
    assert rows(db, "SELECT xp, note FROM ttfd.read_feed(0) WHERE event_type <> 'rank_up'") == [
        (5, None),
        (5, None),
        (0, "cooldown"),
        (0, "cooldown"),
        (599, None),
        (1, "daily_cap"),
        (30, None),
    ]
    assert value(db, "SELECT min(occurred_at) = '2026-03-01 10:00+00' FROM ttfd.read_feed(0)")


def test_an_event_without_a_time_happens_now(db: Connection) -> None:
    set_time(db, "2026-03-02 12:00:00+00")
    record_events(db, [sent(), sent(occurred_at=None)])
    assert value(db, "SELECT bool_and(occurred_at = '2026-03-02 12:00+00') FROM ttfd.cross_platform_events")


def test_the_same_id_with_another_time_is_refused(db: Connection) -> None:
    event_id = new_id()
    record_events(db, [sent(event_id=event_id, occurred_at="2026-03-01T12:00:00Z")])
    same = record_events(db, [sent(event_id=event_id, occurred_at="2026-03-01T15:00:00+03:00")])
    assert [outcome.status for outcome in same] == ["duplicate"]
    with refused(db, "TE002"):
        record_events(db, [sent(event_id=event_id, occurred_at="2026-03-01T12:00:01Z")])


def test_a_time_that_is_none_is_refused(db: Connection) -> None:
    with refused(db, "22007"):
        record_events(db, [sent(), sent(occurred_at="yesterday-ish")])


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01T00:00:00Z", "0001-01-01T00:00:00Z BC"])
def test_a_time_that_no_client_can_read_is_refused(db: Connection, moment: str) -> None:
    with pytest.raises(psycopg.Error), db.transaction():
        record_events(db, [sent(occurred_at=moment)])
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


def test_an_email_in_other_case_is_the_same_account(db: Connection) -> None:
    outcomes = record_events(
        db, [sent(external_id=email, platform="website") for email in ("Anna@example.org", "anna@EXAMPLE.org")]
    )
    assert len({outcome.user_id for outcome in outcomes}) == 1
    assert len(outcomes) == 2


def test_a_role_records_for_its_own_platform_only(db: Connection) -> None:
    get_user(db, "1", "telegram")
    with acting_as(db, "ttfd_discord"):
        assert len(record_events(db, [sent(platform="discord")])) == 1
        for external_id in ("1", "2"):
            with refused(db, "TP001"):
                record_events(db, [sent(platform="discord"), sent(external_id=external_id, platform="telegram")])


def test_only_administrators_record_free_amounts(db: Connection) -> None:
    with acting_as(db, "ttfd_telegram"), refused(db, "TE003"):
        record_events(db, [sent(), sent("xp_change", {"xp": 1})])


def test_the_doorbell_rings_once_for_an_array(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_events") as count:
        record_events(db, [sent() for _ in range(50)])
        assert count(db) == 1
        record_events(db, [sent() for _ in range(50)])
        assert count(db) == 0


def test_one_array_sent_by_many_at_once_is_queued_once(db: Connection, database_url: str) -> None:
    events = [sent("game_played", {"xp": 1}, external_id=str(number % 5 + 1)) for number in range(40)]
    answers = together(database_url, [lambda own: record_events(own, events)] * 8)
    assert [len(answer) for answer in answers] == [40] * 8
    assert [outcome.status for answer in answers for outcome in answer].count("queued") == 40
    process_all(db)
    assert {found.xp for found in rows(db, "SELECT xp FROM ttfd.unified_users")} == {8}
    assert violations(db) == []


def test_a_strict_isolation_level_does_not_queue_applied_events_again(db: Connection, database_url: str) -> None:
    event = sent()
    record_events(db, [event])
    with psycopg.connect(database_url) as own:
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        own.execute("SELECT FROM ttfd.unified_users")
        process_events(db)
        try:
            record_events(own, [event])
            own.commit()
        except psycopg.Error:
            own.rollback()
    process_all(db)
    assert value(db, "SELECT count(*) FROM ttfd.failed_events") == 0


def test_an_event_from_the_future_is_refused_beyond_five_minutes(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    assert record_events(db, [sent(occurred_at="2026-03-01T12:04:59Z")])[0].status == "queued"
    with refused(db, "22008"):
        record_events(db, [sent(occurred_at="2026-03-01T12:05:01Z")])


def test_of_5_000_events_half_of_them_known_each_is_answered_in_its_place_and_granted_once(db: Connection) -> None:
    known = [sent("game_played", {"xp": 1}, external_id=str(number % 50 + 1)) for number in range(2_000)]
    record_events(db, known[:1_000])
    process_all(db)
    record_events(db, known[1_000:])
    new = [sent("game_played", {"xp": 1}, external_id=str(number % 50 + 1)) for number in range(2_500)]
    array = [event for pair in zip(new, known + new[:500], strict=True) for event in pair]
    answers = record_events(db, array)
    assert [str(answer.event_id) for answer in answers] == [event["event_id"] for event in array]
    expected = ["queued", "duplicate"] * 2_500
    assert [answer.status for answer in answers] == expected
    assert [answer.xp for answer in answers[1:2_000:2]] == [1] * 1_000, "those that were applied say what they earned"
    members = dict(rows(db, "SELECT external_id, user_id FROM ttfd.platform_accounts"))
    assert [answer.user_id for answer in answers] == [members[event["external_id"]] for event in array]
    process_all(db)
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 4_500
    assert violations(db) == []
