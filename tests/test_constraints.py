"""What the tables refuse by themselves, whoever writes past the functions."""

import psycopg
import pytest

from calls import Connection, apply_event, get_user, process_all
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]

EVENT = (
    "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, processed, position, xp, coins)"
)


@pytest.mark.parametrize(
    ("statement", "sqlstate"),
    [
        ("UPDATE ttfd.unified_users SET coins = -1", "23514"),
        ("UPDATE ttfd.unified_users SET xp = -1", "23514"),
        ("UPDATE ttfd.unified_users SET messages_sent = -1", "23514"),
        ("UPDATE ttfd.platform_accounts SET external_id = '1'", "23505"),
        (
            "INSERT INTO ttfd.platform_accounts (user_id, platform, external_id, link_method)"
            " SELECT user_id, platform, '99', 'verified' FROM ttfd.platform_accounts LIMIT 1",
            "23505",
        ),
        (f"{EVENT} VALUES (gen_random_uuid(), 1, 'x', 'x', true, 9, NULL, 1)", "23502"),
        (f"{EVENT} VALUES (gen_random_uuid(), 1, 'x', 'x', true, NULL, 1, 1)", "23502"),
        (f"{EVENT} VALUES (gen_random_uuid(), 1, 'x', 'x', true, 1, 1, 1)", "23505"),
        (
            "INSERT INTO ttfd.link_codes (platform, external_id, code_hash, created_at, expires_at, issued_since)"
            " SELECT 'telegram', n::text, '\\x00', now(), now() + interval '1 h', now()"
            "  FROM generate_series(1, 2) n (n)",
            "23505",
        ),
        (
            "INSERT INTO ttfd.link_codes (platform, external_id, code_hash, created_at, expires_at, issued_since)"
            " VALUES ('telegram', '1', '\\x00', now(), now(), now())",
            "23514",
        ),
        ("UPDATE ttfd.shop_items SET stock_total = 1, sold = 2", "23514"),
        ("UPDATE ttfd.shop_items SET price = -1", "23514"),
        ("UPDATE ttfd.settings SET value = '-1'", "23514"),
        (
            "INSERT INTO ttfd.adjustments SELECT gen_random_uuid(), 1, 1, 1, 'x', now(), u.id"
            "  FROM (SELECT gen_random_uuid() AS id) u, generate_series(1, 2)",
            "23505",
        ),
        ("INSERT INTO ttfd.feed_head DEFAULT VALUES", "23505"),
        ("INSERT INTO ttfd.epoch_origin VALUES (false)", "23514"),
        ("UPDATE ttfd.boosts SET ends_at = starts_at", "23514"),
        ("UPDATE ttfd.failed_events SET discarded_at = now()", "23514"),
        (
            "INSERT INTO ttfd.seasons (name, starts_at, ends_at)"
            " SELECT 'twice', now(), now() + interval '1 day' FROM generate_series(1, 2)",
            "23P01",
        ),
    ],
)
def test_a_row_that_must_not_be_is_refused(db: Connection, statement: str, sqlstate: str) -> None:
    for member in ("1", "2"):
        get_user(db, member)
    apply_event(db)
    process_all(db)
    db.execute("INSERT INTO ttfd.boosts (factor, starts_at, ends_at) VALUES (2, now(), now() + interval '1 day')")
    db.execute(
        "INSERT INTO ttfd.failed_events (id, seq, user_id, event_type, source_platform, data, occurred_at, created_at,"
        " sqlstate, message) VALUES (gen_random_uuid(), 1, 1, 'x', 'x', '{}', now(), now(), 'TE001', '')"
    )
    with pytest.raises(psycopg.Error) as caught, db.transaction():
        db.execute(statement)  # type: ignore[arg-type]
    assert caught.value.sqlstate == sqlstate
