import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    listening,
    new_id,
    process_all,
    process_events,
    put_pending,
    record_event,
    refused,
    row,
    rows,
    set_time,
    value,
    violations,
)


def test_an_event_is_queued_and_grants_nothing_yet(db: Connection) -> None:
    event_id = new_id()
    outcome = record_event(db, "message_sent", event_id=event_id)
    assert (outcome.event_id, outcome.status, outcome.user_id) == (event_id, "queued", get_user(db))
    assert (outcome.xp, outcome.coins, outcome.note) == (None, None, None)
    assert (outcome.total_xp, outcome.total_coins, outcome.rank_id, outcome.rank_up) == (0, 0, 1, False)
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 1


def test_a_resend_before_processing_is_a_duplicate_that_still_waits(db: Connection) -> None:
    event_id = new_id()
    first = record_event(db, "message_sent", event_id=event_id)
    again = record_event(db, "message_sent", event_id=event_id)
    assert (again.status, again.user_id, again.xp, again.coins) == ("duplicate", first.user_id, None, None)
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 1


def test_a_resend_after_processing_returns_what_was_granted(db: Connection) -> None:
    event_id = new_id()
    record_event(db, "message_sent", {"channel": 7}, event_id)
    process_events(db)
    again = record_event(db, "message_sent", {"channel": 7}, event_id)
    assert (again.status, again.xp, again.coins, again.note, again.total_xp) == ("duplicate", 5, 0, None, 5)
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0
    assert violations(db) == []


def test_a_resend_after_a_failure_says_so_and_is_not_tried_again(db: Connection) -> None:
    get_user(db)
    event_id = new_id()
    record_event(db, "xp_change", {"xp": -1}, event_id)
    assert process_events(db).failed == 1
    again = record_event(db, "xp_change", {"xp": -1}, event_id)
    assert (again.status, again.xp, again.coins, again.note) == ("duplicate", 0, 0, "failed")
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


def test_a_resend_of_what_was_applied_at_once_returns_that_outcome(db: Connection) -> None:
    event_id = new_id()
    apply_event(db, "game_played", {"xp": 9, "coins": 3}, event_id)
    again = record_event(db, "game_played", {"xp": 9, "coins": 3}, event_id)
    assert (again.status, again.xp, again.coins, again.total_xp) == ("duplicate", 9, 3, 9)


def test_a_resend_is_a_duplicate_whatever_the_order_of_keys(db: Connection) -> None:
    event_id = new_id()
    record_event(db, "game_played", {"xp": 9, "won": True}, event_id)
    assert record_event(db, "game_played", {"won": True, "xp": 9}, event_id).status == "duplicate"


def test_no_data_and_empty_data_are_the_same_content(db: Connection) -> None:
    event_id = new_id()
    record_event(db, "message_sent", None, event_id)
    assert record_event(db, "message_sent", {}, event_id).status == "duplicate"
    assert (
        row(db, "SELECT * FROM ttfd.record_event(%s, 'telegram', '1', 'message_sent')", event_id).status == "duplicate"
    )


@pytest.mark.parametrize("state", ["pending", "processed", "failed"])
@pytest.mark.parametrize(
    "other",
    [
        {"external_id": "2"},
        {"platform": "discord"},
        {"event_type": "message_sent", "data": {}},
        {"data": {"xp": -2}},
        {"data": {"xp": -1, "more": None}},
    ],
)
def test_the_same_id_with_other_content_is_refused(db: Connection, state: str, other: dict[str, object]) -> None:
    start = 10 if state == "processed" else 0
    apply_event(db, "xp_change", {"xp": start})
    event = {"event_type": "xp_change", "data": {"xp": -1}, "event_id": new_id()}
    record_event(db, **event)  # type: ignore[arg-type]
    if state != "pending":
        process_events(db)
    with refused(db, "TE002"):
        record_event(db, **(event | other))  # type: ignore[arg-type]
    assert record_event(db, **event).status == "duplicate"  # type: ignore[arg-type]


def test_a_resend_returns_the_first_outcome_though_the_type_was_disabled_since(db: Connection) -> None:
    event_id = new_id()
    record_event(db, "message_sent", event_id=event_id)
    process_events(db)
    db.execute("UPDATE ttfd.event_types SET is_enabled = false")
    again = record_event(db, "message_sent", event_id=event_id)
    assert (again.status, again.xp) == ("duplicate", 5)


def test_an_unknown_type_is_refused(db: Connection) -> None:
    for unknown in ("no_such_type", "", None, "rank_up", "opening_balance"):
        with refused(db, "TE001"):
            record_event(db, unknown)  # type: ignore[arg-type]
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []


def test_a_disabled_type_is_refused(db: Connection) -> None:
    db.execute("UPDATE ttfd.event_types SET is_enabled = false WHERE name = 'message_sent'")
    with refused(db, "TE001"):
        record_event(db, "message_sent")


@pytest.mark.parametrize(
    ("event_type", "data", "sqlstate"),
    [
        ("message_sent", {"xp": 1}, "TE003"),
        ("message_sent", {"coins": 1}, "TE003"),
        ("voice_time", {"seconds": 60, "xp": 1000}, "TE003"),
        ("game_played", {"xp": 101}, "TE003"),
        ("game_played", {"coins": 1001}, "TE003"),
        ("game_played", {"xp": -1}, "TE003"),
        ("game_played", {"coins": -1}, "TE003"),
        ("game_played", {"xp": 10**400}, "TE003"),
        ("xp_change", {"xp": 1_000_000_001}, "TE003"),
        ("xp_change", {"coins": 1}, "TE003"),
        ("game_played", {"xp": "50"}, "22023"),
        ("game_played", {"xp": None}, "22023"),
        ("game_played", {"xp": 1.5}, "22023"),
        ("game_played", {"xp": True}, "22023"),
        ("game_played", {"xp": [50]}, "22023"),
        ("game_played", {"won": "yes"}, "22023"),
        ("game_played", {"won": 1}, "22023"),
        ("voice_time", {}, "22023"),
        ("voice_time", {"seconds": "60"}, "22023"),
        ("voice_time", {"seconds": None}, "22023"),
        ("voice_time", {"seconds": 60, "idle_seconds": "all"}, "22023"),
        ("voice_time", {"seconds": -1}, "22003"),
        ("voice_time", {"seconds": 10**30}, "22003"),
        ("voice_time", {"seconds": 60, "idle_seconds": -60}, "22003"),
        ("message_sent", [], "22023"),
        ("message_sent", ["xp"], "22023"),
        ("message_sent", "xp", "22023"),
        ("message_sent", 5, "22023"),
        ("message_sent", {"text": "a" * 65_536}, "54000"),
    ],
)
def test_data_that_its_type_does_not_allow_is_refused(
    db: Connection, event_type: str, data: object, sqlstate: str
) -> None:
    with refused(db, sqlstate):
        record_event(db, event_type, data)
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


def test_data_may_take_64_kib(db: Connection) -> None:
    assert record_event(db, "message_sent", {"text": "a" * 65_000}).status == "queued"


def test_json_null_as_data_is_refused(db: Connection) -> None:
    with refused(db, "22023"):
        row(db, "SELECT * FROM ttfd.record_event(%s, 'telegram', '1', 'message_sent', 'null')", new_id())


def test_an_event_needs_an_id(db: Connection) -> None:
    with refused(db, "22004"):
        row(db, "SELECT * FROM ttfd.record_event(NULL, 'telegram', '1', 'message_sent')")


def test_a_refused_event_creates_nobody(db: Connection) -> None:
    with refused(db, "TE003"):
        record_event(db, "game_played", {"xp": 101})
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []


def test_an_id_of_the_wrong_form_is_refused(db: Connection) -> None:
    with refused(db, "TU002"):
        record_event(db, external_id="anna")


def test_a_role_records_for_its_own_platform_only(db: Connection) -> None:
    get_user(db, "1", "telegram")
    with acting_as(db, "ttfd_discord"):
        assert record_event(db, external_id="1", platform="discord").status == "queued"
        for external_id in ("1", "2"):
            with refused(db, "TP001"):
                record_event(db, external_id=external_id, platform="telegram")


@pytest.mark.parametrize("event_type", ["xp_change", "coins_change"])
def test_only_administrators_record_free_amounts(db: Connection, event_type: str) -> None:
    with acting_as(db, "ttfd_telegram"), refused(db, "TE003"):
        record_event(db, event_type)
    with acting_as(db, "ttfd_admin"):
        assert record_event(db, event_type).status == "queued"


def test_an_email_in_other_case_is_the_same_account(db: Connection) -> None:
    event_id = new_id()
    first = record_event(db, event_id=event_id, external_id="anna@example.org", platform="website")
    again = record_event(db, event_id=event_id, external_id="ANNA@example.org", platform="website")
    assert (again.status, again.user_id) == ("duplicate", first.user_id)


def test_an_event_of_a_linked_account_goes_to_the_one_member(db: Connection) -> None:
    user_id = get_user(db)
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", user_id)
    assert record_event(db, external_id="2", platform="discord").user_id == user_id


def test_only_the_owner_can_turn_the_clock(db: Connection) -> None:
    set_time(db, "2020-01-01 00:00+00")
    with acting_as(db, "ttfd_admin"):
        record_event(db)
    assert value(db, "SELECT occurred_at = now() FROM ttfd.cross_platform_events")
    with acting_as(db, "ttfd_owner"):
        record_event(db)
    assert value(db, "SELECT count(*) FROM ttfd.cross_platform_events WHERE occurred_at = '2020-01-01 00:00+00'") == 1


def test_the_doorbell_rings_only_when_the_queue_was_empty(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_events") as count:
        record_event(db)
        assert count(db) == 1
        for _ in range(5):
            record_event(db)
        assert count(db) == 0
        process_events(db)
        assert count(db) == 0
        record_event(db)
        assert count(db) == 1


def test_a_duplicate_does_not_ring(db: Connection, database_url: str) -> None:
    event_id = new_id()
    record_event(db, event_id=event_id)
    process_events(db)
    with listening(database_url, "ttfd_events") as count:
        record_event(db, event_id=event_id)
        # One spare ring is harmless; a lost one is not.
        assert count(db) <= 1
        record_event(db)
        assert count(db) == 1


def test_an_event_that_was_rolled_back_was_never_sent(db: Connection, database_url: str) -> None:
    event_id = new_id()
    with listening(database_url, "ttfd_events") as count:
        with db.transaction(force_rollback=True):
            record_event(db, event_id=event_id)
        assert count(db) == 0
    assert record_event(db, event_id=event_id).status == "queued"


def test_a_strict_isolation_level_does_not_queue_an_applied_event_again(db: Connection, database_url: str) -> None:
    event_id = new_id()
    record_event(db, event_id=event_id)
    with psycopg.connect(database_url) as own:
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        own.execute("SELECT FROM ttfd.unified_users")
        process_events(db)
        try:
            record_event(own, event_id=event_id)
            own.commit()
        except psycopg.Error:
            own.rollback()
    process_all(db)
    assert value(db, "SELECT count(*) FROM ttfd.failed_events") == 0
    assert record_event(db, event_id=event_id).xp == 5
    assert violations(db) == []


def test_a_strict_isolation_level_does_not_stop_the_queue_with_a_failed_event(
    db: Connection, database_url: str
) -> None:
    get_user(db)
    event_id = new_id()
    record_event(db, "xp_change", {"xp": -1}, event_id)
    with psycopg.connect(database_url) as own:
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        own.execute("SELECT FROM ttfd.unified_users")
        process_events(db)
        try:
            record_event(own, "xp_change", {"xp": -1}, event_id)
            own.commit()
        except psycopg.Error:
            own.rollback()
    process_all(db)
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


def test_an_event_for_a_merged_member_is_granted_to_the_survivor(db: Connection) -> None:
    merged, survivor = get_user(db, "1"), get_user(db, "2")
    put_pending(db, merged)
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    process_events(db)
    assert value(db, "SELECT xp FROM ttfd.unified_users WHERE id = %s", survivor) == 5
    assert value(db, "SELECT user_id FROM ttfd.read_feed(0)") == survivor
