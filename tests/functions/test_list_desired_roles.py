from calls import Connection, acting_as, apply_event, enable_achievements, get_user, new_id, refused, rows, set_time
from roles import desired, give


def test_a_role_goes_with_its_ranks(db: Connection) -> None:
    give(db, "beginner", rank_id=1, last_rank_id=3)
    give(db, "adept", rank_id=3)
    for member, xp in (("1", 0), ("2", 1250), ("3", 5000)):
        get_user(db, member, "discord")
        if xp:
            apply_event(db, "xp_change", {"xp": xp}, external_id=member, platform="discord")
    assert desired(db) == {
        "1": (["beginner"], ["adept"]),
        "2": (["adept", "beginner"], []),
        "3": (["adept"], ["beginner"]),
    }


def test_a_rank_that_is_lost_takes_its_role_with_it(db: Connection) -> None:
    give(db, "adept", rank_id=3)
    apply_event(db, "xp_change", {"xp": 1250}, platform="discord")
    apply_event(db, "xp_change", {"xp": -1}, platform="discord")
    assert desired(db) == {"1": ([], ["adept"])}


def test_a_role_goes_with_an_achievement(db: Connection) -> None:
    enable_achievements(db)
    give(db, "winner", achievement="wins_1")
    get_user(db, "2", "discord")
    apply_event(db, "game_played", {"won": True}, platform="discord")
    assert desired(db) == {"1": (["winner"], []), "2": ([], ["winner"])}


def test_a_role_for_two_things_is_due_for_either(db: Connection) -> None:
    give(db, "star", rank_id=2)
    give(db, "star", achievement="wins_1")
    get_user(db, "1", "discord")
    db.execute("UPDATE ttfd.unified_users SET achievements = '{wins_1}'")
    assert desired(db) == {"1": (["star"], [])}


def test_roles_of_one_platform_are_no_business_of_another(db: Connection) -> None:
    give(db, "here", rank_id=1)
    give(db, "there", "telegram", rank_id=1)
    get_user(db, "1", "discord")
    get_user(db, "2", "telegram")
    assert desired(db) == {"1": (["here"], [])}
    assert desired(db, "telegram") == {"2": (["there"], [])}


def test_pages_continue_after_an_account(db: Connection) -> None:
    give(db, "here", rank_id=1)
    for number in range(1, 13):
        get_user(db, str(number), "discord")
    seen: list[str] = []
    while page := rows(db, "SELECT * FROM ttfd.list_desired_roles('discord', %s, 5)", seen[-1] if seen else None):
        seen += [found.external_id for found in page]
    assert seen == sorted(str(number) for number in range(1, 13))


def test_a_bot_asks_for_its_own_platform_only(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"):
        assert desired(db) == {}
        with refused(db, "TP001"):
            desired(db, "telegram")
    with refused(db, "TP001"):
        desired(db, "icq")


def test_a_bought_role_is_had_as_long_as_it_lasts(db: Connection) -> None:
    db.execute(
        "INSERT INTO ttfd.shop_items (name, title_ru, title_en, price, duration_seconds, effect)"
        " VALUES ('vip', 'VIP', 'VIP', 5, 3600, '{\"role\": {\"discord\": \"vip\"}}')"
    )
    set_time(db, "2036-03-01 12:00Z")
    user_id = get_user(db, "1", "discord")
    get_user(db, "2", "discord")
    get_user(db, "3", "telegram")
    rows(db, "SELECT * FROM ttfd.award(%s, %s, 0, 10, 'test')", new_id(), user_id)
    assert desired(db) == {"1": ([], ["vip"]), "2": ([], ["vip"])}
    rows(db, "SELECT * FROM ttfd.buy_item(%s, %s, 'vip')", new_id(), user_id)
    assert desired(db) == {"1": (["vip"], []), "2": ([], ["vip"])}
    assert desired(db, "telegram") == {"3": ([], [])}
    set_time(db, "2036-03-01 13:00Z")
    assert desired(db) == {"1": ([], ["vip"]), "2": ([], ["vip"])}


def test_a_bought_role_that_was_removed_by_hand_is_not_given_again(db: Connection) -> None:
    db.execute(
        "INSERT INTO ttfd.shop_items (name, title_ru, title_en, price, effect)"
        " VALUES ('vip', 'VIP', 'VIP', 0, '{\"role\": {\"discord\": \"vip\"}}')"
    )
    rows(db, "SELECT * FROM ttfd.buy_item(%s, %s, 'vip')", new_id(), get_user(db, "1", "discord"))
    rows(db, "SELECT * FROM ttfd.report_role_removed('discord', '1', 'vip')")
    assert desired(db) == {"1": ([], [])}
