"""What is left of voice when a bot never comes back."""

import json

from calls import Connection, process_all, profile, row, rows, set_time, value
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]


def test_only_what_was_silent_for_five_minutes_is_closed_with_the_time_up_to_the_last_report(db: Connection) -> None:
    people = json.dumps([{"external_id": str(n), "session_id": "s"} for n in (1, 2)])
    for clock, channel in [("12:00:00", "a"), ("12:03:00", "a")]:
        set_time(db, f"2026-03-01 {clock}+00")
        row(db, "SELECT * FROM ttfd.report_voice('discord', %s, false, %s)", channel, people)
    set_time(db, "2026-03-01 12:07:00+00")
    late = json.dumps([{"external_id": "3", "session_id": "s"}])
    row(db, "SELECT * FROM ttfd.report_voice('discord', 'b', false, %s)", late)
    set_time(db, "2026-03-01 12:08:01+00")
    assert tuple(row(db, "SELECT * FROM ttfd.close_stale_voice('discord')")) == (2, 2)
    assert [left.external_id for left in rows(db, "SELECT external_id FROM ttfd.voice_sessions")] == ["3"]
    process_all(db)
    user_id = value(db, "SELECT user_id FROM ttfd.find_user('discord', '1')")
    assert profile(db, user_id).total_voice_time == 180
