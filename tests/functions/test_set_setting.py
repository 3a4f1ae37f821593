import pytest

from calls import Connection, acting_as, refused, row, rows, value
from coins import set_setting


@pytest.mark.parametrize(
    ("name", "new_value"),
    [("daily_xp", 0), ("daily_xp", 1_000_000), ("transfer_fee_percent", 2.5), ("work_coins", [5, 5])],
)
def test_a_setting_takes_a_value_within_its_bounds(db: Connection, name: str, new_value: object) -> None:
    with acting_as(db, "ttfd_admin"):
        assert set_setting(db, name, new_value).value == new_value
    assert value(db, "SELECT value FROM ttfd.list_settings() WHERE name = %s", name) == new_value


@pytest.mark.parametrize(
    ("name", "new_value"),
    [
        ("daily_xp", -1),
        ("daily_xp", 1_000_001),
        ("daily_xp", 1.5),
        ("daily_xp", "100"),
        ("daily_xp", True),
        ("daily_xp", None),
        ("daily_xp", [100]),
        ("daily_xp", {"xp": 100}),
        ("daily_freeze_days", 0),
        ("transfer_fee_percent", 100.5),
        ("work_coins", 50),
        ("work_coins", [50]),
        ("work_coins", [150, 50]),
        ("work_coins", [50, 150, 200]),
        ("work_coins", [-1, 150]),
        ("work_coins", [50, 1_000_001]),
        ("work_coins", [50.5, 150]),
        ("work_coins", ["50", "150"]),
        ("work_coins", [[50], [150]]),
    ],
)
def test_a_value_out_of_bounds_or_of_another_kind_is_refused(db: Connection, name: str, new_value: object) -> None:
    with refused(db, "23514") as caught:
        set_setting(db, name, new_value)
    assert caught.value.diag.constraint_name == "settings_value_allowed"


def test_nothing_is_no_value(db: Connection) -> None:
    with refused(db, "23502"):
        rows(db, "SELECT * FROM ttfd.set_setting('daily_xp', NULL)")


def test_an_unknown_setting_is_refused(db: Connection) -> None:
    with refused(db, "P0002"):
        set_setting(db, "beauty", 1)


def test_a_change_is_audited(db: Connection) -> None:
    set_setting(db, "daily_xp", 120)
    line = row(db, "SELECT before, after FROM ttfd.audit_log WHERE action = 'setting_changed'")
    assert tuple(line) == ({"daily_xp": 100}, {"daily_xp": 120})


def test_only_administrators_change_them_and_only_here(db: Connection) -> None:
    with acting_as(db, "ttfd_website"), refused(db, "42501"):
        set_setting(db, "daily_xp", 120)
    with acting_as(db, "ttfd_admin"), refused(db, "42501"):
        db.execute("UPDATE ttfd.settings SET value = '1'")
