import json

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    record_event,
    record_events,
    row,
    rows,
    sent,
    set_time,
)


def xp_of(db: Connection) -> int:
    return row(db, "SELECT * FROM ttfd.find_user('telegram', '1')").xp


def test_a_changed_rule_holds_for_what_happens_after_it(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    assert apply_event(db, "message_sent").xp == 5
    db.execute("UPDATE ttfd.event_types SET xp = 9 WHERE name = 'message_sent'")
    set_time(db, "2026-03-01 12:02Z")
    assert apply_event(db, "message_sent").xp == 9


def test_what_happened_before_is_judged_by_the_rule_of_its_time_whenever_it_arrives(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    record_event(db, "message_sent")
    set_time(db, "2026-03-01 12:05Z")
    db.execute("UPDATE ttfd.event_types SET xp = 9 WHERE name = 'message_sent'")
    set_time(db, "2026-03-01 12:10Z")
    record_events(db, [sent("message_sent", occurred_at="2026-03-01T12:03:00Z")])
    record_events(db, [sent("message_sent", occurred_at="2026-03-01T12:06:00Z")])
    process_all(db)
    assert sorted(event.xp for event in rows(db, "SELECT * FROM ttfd.read_feed(0)")) == [5, 5, 9]


def test_a_type_that_is_switched_off_earns_nothing_from_then_on(db: Connection) -> None:
    get_user(db)
    set_time(db, "2026-03-01 12:00Z")
    db.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, occurred_at)"
        " SELECT gen_random_uuid(), user_id, 'message_sent', 'telegram', '2026-03-01 12:01Z'"
        " FROM ttfd.find_user('telegram', '1')"
    )
    db.execute("UPDATE ttfd.event_types SET is_enabled = false WHERE name = 'message_sent'")
    process_all(db)
    assert row(db, "SELECT * FROM ttfd.read_feed(0)").note == "disabled"
    assert xp_of(db) == 0


def test_two_changes_in_one_moment_leave_the_last(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    for xp in (7, 8, 9):
        db.execute("UPDATE ttfd.event_types SET xp = %s WHERE name = 'message_sent'", [xp])
    assert apply_event(db, "message_sent").xp == 9
    versions = rows(db, "SELECT xp FROM ttfd.event_type_versions WHERE name = 'message_sent' ORDER BY valid_from")
    assert [version.xp for version in versions] == [5, 9]


def test_versions_of_a_type_follow_each_other_without_gap_or_overlap(db: Connection) -> None:
    for minute in range(5):
        set_time(db, f"2026-03-01 12:0{minute}Z")
        db.execute("UPDATE ttfd.event_types SET xp = %s WHERE name = 'message_sent'", [minute])
    versions = rows(
        db,
        "SELECT valid_to = lead(valid_from, 1, 'infinity') OVER (ORDER BY valid_from) AS fits"
        "  FROM ttfd.event_type_versions WHERE name = 'message_sent'",
    )
    assert all(version.fits for version in versions)
    assert len(versions) == 6


def test_a_change_by_an_administrator_is_audited_with_before_and_after(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        db.execute("UPDATE ttfd.event_types SET xp = 9 WHERE name = 'message_sent'")
    written = row(db, "SELECT * FROM ttfd.audit_log")
    assert (written.action, written.role) == ("event_type_update", "ttfd_admin")
    assert (written.before["xp"], written.after["xp"]) == (5, 9)
    assert json.dumps(written.before) != json.dumps(written.after)
