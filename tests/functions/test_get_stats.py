from calls import Connection, apply_event, get_user, process_all, put_pending, record_event, row, rows

STATS = "SELECT * FROM ttfd.get_stats()"


def test_an_empty_community_has_nothing_to_show(db: Connection) -> None:
    assert tuple(row(db, STATS)) == (0, 0, 0, 0, 0, 0, 0, 0, 0, None)


def test_members_accounts_and_balances_are_counted(db: Connection) -> None:
    anna = get_user(db, "1")
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '1')", anna)
    get_user(db, "2")
    apply_event(db, "game_played", {"xp": 10, "coins": 3}, external_id="1")
    apply_event(db, "game_played", {"xp": 20, "coins": 4}, external_id="2")
    stats = row(db, STATS)
    assert (stats.users, stats.accounts, stats.linked_users) == (2, 3, 1)
    assert (stats.total_xp, stats.total_coins) == (30, 7)


def test_merged_members_are_no_members(db: Connection) -> None:
    survivor, merged = get_user(db, "1"), get_user(db, "2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert row(db, STATS).users == 1


def test_the_queue_is_described(db: Connection) -> None:
    record_event(db)
    put_pending(db, 999)
    process_all(db)
    record_event(db)
    db.execute("UPDATE ttfd.cross_platform_events SET created_at = now() - interval '1 hour' WHERE NOT processed")
    record_event(db)
    stats = row(db, STATS)
    assert (stats.head, stats.pending, stats.failed) == (1, 2, 1)
    assert 3600 <= stats.lag_seconds < 3700
    assert stats.last_processed_at is not None


def test_there_is_no_lag_without_pending_events(db: Connection) -> None:
    record_event(db)
    process_all(db)
    assert row(db, STATS).lag_seconds == 0
