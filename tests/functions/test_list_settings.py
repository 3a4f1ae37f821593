from calls import Connection, acting_as, refused, row, rows


def test_every_setting_is_listed_with_its_bounds(db: Connection) -> None:
    listed = {setting.name: setting for setting in rows(db, "SELECT * FROM ttfd.list_settings()")}
    assert list(listed) == sorted(listed)
    assert (listed["daily_xp"].value, listed["daily_coins"].value) == (100, 50)
    assert (listed["work_xp"].value, listed["work_coins"].value) == ([10, 30], [50, 150])
    assert tuple(listed["transfer_fee_percent"])[1:5] == (0, "number", 0, 100)
    assert all(setting.description for setting in listed.values())


def test_only_administrators_see_them(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        assert row(db, "SELECT count(*) > 10 AS many FROM ttfd.list_settings()").many
    with acting_as(db, "ttfd_website"), refused(db, "42501"):
        rows(db, "SELECT * FROM ttfd.list_settings()")
