from calls import Connection, acting_as, apply_event, get_user, row, rows

FIND = "SELECT * FROM ttfd.find_user(%s, %s)"


def test_an_unknown_account_has_no_row_and_is_not_created(db: Connection) -> None:
    assert rows(db, FIND, "telegram", "42") == []
    assert rows(db, FIND, "irc", "42") == []
    assert rows(db, FIND, "telegram", None) == []
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []


def test_the_member_comes_with_its_names_and_balances(db: Connection) -> None:
    user_id = row(db, "SELECT * FROM ttfd.get_or_create_user('telegram', '42', 'anna', 'Anna')").user_id
    apply_event(db, "game_played", {"xp": 100, "coins": 7}, external_id="42")
    assert tuple(row(db, FIND, "telegram", "42")) == (user_id, "anna", "Anna", 100, 7, 1)


def test_each_linked_account_leads_to_the_same_member(db: Connection) -> None:
    user_id = get_user(db)
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", user_id)
    assert row(db, FIND, "discord", "2").user_id == user_id


def test_emails_are_found_whatever_their_case(db: Connection) -> None:
    user_id = get_user(db, "anna@example.org", "website")
    assert row(db, FIND, "website", "ANNA@example.org").user_id == user_id


def test_every_platform_may_look_up_accounts_of_the_others(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_discord"):
        assert row(db, FIND, "telegram", "1").user_id == user_id
