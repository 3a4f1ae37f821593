import pytest

from calls import Connection, apply_event, get_user, refused, set_time, value

NOON = "2026-03-01 12:00:00+00"


def add_account(db: Connection, platform: str, external_id: str, user_id: int) -> None:
    db.execute(
        "INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, link_method) VALUES (%s, %s, %s, 'code')",
        [platform, external_id, user_id],
    )


def test_an_account_that_comes_back_brings_its_limits_whatever_the_way(db: Connection) -> None:
    set_time(db, NOON)
    apply_event(db)
    db.execute("SELECT ttfd.forget_user(%s)", [get_user(db)])
    add_account(db, "telegram", "1", get_user(db, "9", "discord"))
    assert apply_event(db).note == "cooldown"


def test_limits_never_take_back_what_the_member_has(db: Connection) -> None:
    set_time(db, NOON)
    apply_event(db, "xp_change", {"xp": 500})
    apply_event(db, "voice_time", {"seconds": 200})
    db.execute("SELECT ttfd.forget_user(%s)", [get_user(db)])
    other = get_user(db, "9", "discord")
    apply_event(db, "xp_change", {"xp": 1250}, platform="discord", external_id="9")
    apply_event(db, "voice_time", {"seconds": 4000}, platform="discord", external_id="9")
    db.execute("UPDATE ttfd.unified_users SET last_daily = '2026-03-01' WHERE id = %s", [other])
    add_account(db, "telegram", "1", other)
    assert value(db, "SELECT (highest_rank_id, last_daily)::text FROM ttfd.unified_users WHERE id = %s", other) == (
        "(3,2026-03-01)"
    )
    assert value(db, "SELECT xp FROM ttfd.award_windows WHERE user_id = %s AND is_daily", other) == 200


def test_another_account_with_the_same_id_elsewhere_brings_nothing(db: Connection) -> None:
    set_time(db, NOON)
    apply_event(db)
    db.execute("SELECT ttfd.forget_user(%s)", [get_user(db)])
    assert apply_event(db, platform="discord").note is None
    assert apply_event(db, external_id="11").note is None


@pytest.mark.parametrize("platform", ["telegram", "discord"])
def test_a_forgotten_member_gets_no_account_again(db: Connection, platform: str) -> None:
    user_id = get_user(db)
    db.execute("SELECT ttfd.forget_user(%s)", [user_id])
    with refused(db, "TU001"):
        add_account(db, platform, "1", user_id)
