from calls import Connection, acting_as, row


def test_a_change_of_how_seasons_follow_each_other_is_audited(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        db.execute("UPDATE ttfd.season_settings SET length = '7 days'")
    line = row(db, "SELECT action, role, before, after FROM ttfd.audit_log")
    assert (line.action, line.role) == ("season_settings_update", "ttfd_admin")
    assert (line.before["length"], line.after["length"]) == ("30 days", "7 days")
