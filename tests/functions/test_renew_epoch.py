from calls import Connection, acting_as, listening, record_event, refused, row, value

EPOCH = "SELECT epoch FROM ttfd.feed_state()"


def renew(db: Connection, is_forced: bool = False) -> bool:
    """Whether there is a new epoch."""
    before = value(db, EPOCH)
    answer = row(db, "SELECT * FROM ttfd.renew_epoch(%s)", is_forced)
    assert answer.epoch == value(db, EPOCH)
    assert answer.is_new == (answer.epoch != before)
    return bool(answer.is_new)


def restore(db: Connection) -> None:
    """What a restore elsewhere looks like: the origin that is known is another one."""
    db.execute("UPDATE ttfd.epoch_origin SET origin = '1/2/3'")


def test_the_first_look_and_all_that_follow_keep_the_epoch(db: Connection) -> None:
    assert [renew(db) for _ in range(3)] == [False, False, False]
    assert value(db, "SELECT origin ~ '^[0-9]+/[0-9]+/[0-9]+$' FROM ttfd.epoch_origin")


def test_a_restored_database_gets_a_new_epoch_once(db: Connection) -> None:
    restore(db)
    assert [renew(db) for _ in range(3)] == [True, False, False]
    assert value(db, "SELECT count(*) FROM ttfd.audit_log WHERE action = 'epoch_renewed'") == 1


def test_what_waited_in_the_backup_lies_before_the_new_head(db: Connection) -> None:
    record_event(db)
    record_event(db, external_id="2")
    restore(db)
    assert renew(db)
    assert tuple(row(db, "SELECT head, pending FROM ttfd.feed_state()")) == (2, 0)


def test_consumers_are_woken(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_feed") as count:
        renew(db)
        assert count(db) == 0
        restore(db)
        renew(db)
        assert count(db) == 1


def test_only_an_administrator_may_force_it(db: Connection) -> None:
    with acting_as(db, "ttfd_worker"):
        assert not renew(db)
        with refused(db, "42501"):
            renew(db, is_forced=True)
    with acting_as(db, "ttfd_admin"):
        assert renew(db, is_forced=True)
