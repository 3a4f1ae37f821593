import pytest

from calls import Connection, acting_as, get_user, profile, refused, row
from coins import claim


def set_zone(db: Connection, user_id: int, zone: str | None) -> tuple[int, str]:
    found = row(db, "SELECT user_id, time_zone FROM ttfd.set_time_zone(%s, %s)", user_id, zone)
    return found.user_id, found.time_zone


def test_a_zone_is_kept_as_postgresql_spells_it(db: Connection) -> None:
    user_id = get_user(db)
    assert set_zone(db, user_id, " europe/moscow ") == (user_id, "Europe/Moscow")
    assert profile(db, user_id).time_zone == "Europe/Moscow"


@pytest.mark.parametrize("zone", ["Moscow", "UTC+25", "Europe/Moskow", "", "'; DROP TABLE x", None])
def test_an_unknown_zone_is_refused(db: Connection, zone: str | None) -> None:
    user_id = get_user(db)
    with refused(db, "22023"):
        set_zone(db, user_id, zone)
    assert profile(db, user_id).time_zone == "UTC"


def test_a_platform_speaks_for_those_who_have_an_account_there(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_telegram"):
        assert set_zone(db, user_id, "Asia/Tokyo") == (user_id, "Asia/Tokyo")
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        set_zone(db, user_id, "Asia/Tokyo")
    with refused(db, "TU001"):
        set_zone(db, 404, "Asia/Tokyo")


def test_a_merged_member_sets_the_zone_of_the_survivor(db: Connection) -> None:
    survivor, merged = get_user(db, "1"), get_user(db, "2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert set_zone(db, merged, "Asia/Tokyo") == (survivor, "Asia/Tokyo")


def test_a_zone_with_an_empty_history_changes_nothing_but_the_day(db: Connection) -> None:
    set_zone(db, get_user(db), "Pacific/Auckland")
    assert claim(db).status == "applied"
