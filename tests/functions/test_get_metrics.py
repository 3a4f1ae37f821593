from calls import Connection, get_user, process_all, put_pending, record_event, row

METRICS = "SELECT * FROM ttfd.get_metrics()"


def test_nothing_has_happened_yet(db: Connection) -> None:
    metrics = row(db, METRICS)
    assert (metrics.head, metrics.pending, metrics.lag_seconds, metrics.failed, metrics.idle_seconds) == (
        0,
        0,
        0,
        0,
        None,
    )


def test_the_queue_the_feed_and_failures_are_measured(db: Connection) -> None:
    get_user(db)
    record_event(db)
    put_pending(db, 999)
    process_all(db)
    db.execute("UPDATE ttfd.cross_platform_events SET processed_at = now() - interval '1 minute'")
    record_event(db)
    record_event(db)
    db.execute(
        "UPDATE ttfd.cross_platform_events SET created_at = now() - interval '1 hour'"
        " WHERE seq = (SELECT max(seq) FROM ttfd.cross_platform_events)"
    )
    metrics = row(db, METRICS)
    assert (metrics.head, metrics.pending, metrics.failed) == (1, 2, 1)
    assert 3600 <= metrics.lag_seconds < 3700
    assert 60 <= metrics.idle_seconds < 160


def test_a_worker_that_leads_is_seen(db: Connection, database_url: str) -> None:
    assert not row(db, METRICS).has_leader
    db.execute("SELECT ttfd.take_lead()")
    assert row(db, METRICS).has_leader
    db.execute("SELECT pg_advisory_unlock_all(), pg_advisory_lock(1)")
    assert not row(db, METRICS).has_leader


def test_a_restored_backup_is_seen_until_the_epoch_is_renewed(db: Connection) -> None:
    assert not row(db, METRICS).is_restored
    db.execute("UPDATE ttfd.epoch_origin SET origin = '1/2/3'")
    assert row(db, METRICS).is_restored
    db.execute("SELECT ttfd.renew_epoch()")
    assert not row(db, METRICS).is_restored


def test_members_are_an_estimate_from_the_statistics(db: Connection) -> None:
    for number in range(1, 6):
        get_user(db, str(number))
    db.execute("ANALYZE ttfd.unified_users")
    assert row(db, METRICS).members == 5
