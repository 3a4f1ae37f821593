from typing import Any

import pytest

from calls import Connection, get_user, profile, refused, row, rows, value, violations


def shown(db: Connection, user_id: int) -> Any:
    return row(db, "SELECT * FROM ttfd.unified_users WHERE id = %s", user_id)


def link(db: Connection, user_id: int, platform: str, external_id: str, username: str | None = None) -> None:
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, %s, %s, %s)", user_id, platform, external_id, username)


def test_every_account_is_shown_in_its_column(db: Connection) -> None:
    user_id = get_user(db, "1")
    assert (shown(db, user_id).telegram_id, shown(db, user_id).platforms) == ("1", ["telegram"])
    link(db, user_id, "discord", "2")
    link(db, user_id, "website", "Anna@example.org")
    seen = shown(db, user_id)
    assert (seen.telegram_id, seen.discord_id, seen.website_email) == ("1", "2", "anna@example.org")
    assert (seen.platforms, seen.primary_platform) == (["discord", "telegram", "website"], "telegram")


def test_a_removed_account_is_shown_no_more(db: Connection) -> None:
    user_id = get_user(db, "1", username="anna")
    link(db, user_id, "discord", "2", "anna_d")
    db.execute("DELETE FROM ttfd.platform_accounts WHERE platform = 'telegram'")
    seen = shown(db, user_id)
    assert (seen.telegram_id, seen.platforms, seen.primary_platform, seen.username) == (
        None,
        ["discord"],
        "discord",
        "anna_d",
    )


def test_names_are_those_of_the_primary_platform(db: Connection) -> None:
    user_id = get_user(db, "1", username="anna")
    link(db, user_id, "discord", "2", "anna_d")
    get_user(db, "2", "discord", username="other")
    assert shown(db, user_id).username == "anna"


def test_a_name_that_the_primary_platform_lacks_comes_from_another(db: Connection) -> None:
    user_id = get_user(db, "1")
    link(db, user_id, "discord", "2", "anna_d")
    assert shown(db, user_id).username == "anna_d"
    get_user(db, "1", username="anna")
    assert shown(db, user_id).username == "anna"


def test_an_account_that_moves_is_shown_where_it_went(db: Connection) -> None:
    one, two = get_user(db, "1"), get_user(db, "2", "discord")
    link(db, one, "website", "anna@example.org")
    db.execute("UPDATE ttfd.platform_accounts SET user_id = %s WHERE platform = 'website'", [two])
    assert shown(db, one).website_email is None
    assert shown(db, two).website_email == "anna@example.org"
    assert violations(db) == []


def test_one_statement_over_many_members_is_shown_for_all(db: Connection) -> None:
    members = [get_user(db, str(number)) for number in range(1, 6)]
    db.execute(
        "INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, link_method)"
        " SELECT 'discord', 100 + id, id, 'verified' FROM ttfd.unified_users"
    )
    assert {shown(db, user_id).discord_id for user_id in members} == {str(100 + user_id) for user_id in members}
    assert violations(db) == []


def test_a_member_of_a_further_platform_shows_it_in_the_list(db: Connection) -> None:
    db.execute("INSERT INTO ttfd.platforms VALUES ('matrix', '.', false, 'ttfd_website')")
    user_id = get_user(db, "@anna", "matrix", "anna")
    assert (profile(db, user_id).platforms, profile(db, user_id).username) == (["matrix"], "anna")
    assert violations(db) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, link_method)"
        " VALUES ('discord', '5', 999, 'verified')",
        "UPDATE ttfd.platform_accounts SET user_id = 999 WHERE platform = 'discord'",
    ],
)
def test_an_account_is_of_a_user_who_exists(db: Connection, wrong: str) -> None:
    link(db, get_user(db, "1"), "discord", "2")
    with refused(db, "23503"):
        db.execute(wrong)
    assert violations(db) == []


def test_who_is_no_administrator_cannot_leave_an_account_unshown(db: Connection) -> None:
    """The setting by which an import tells that members show their accounts is anybody's to set."""
    user_id = get_user(db, "1")
    db.execute("CREATE ROLE somebody LOGIN IN ROLE ttfd_website")
    try:
        db.execute("SET SESSION AUTHORIZATION somebody")
        db.execute("SET ttfd.update_kind = 'create'")
        db.execute("SELECT * FROM ttfd.link_verified_account(%s, 'website', 'anna@example.org')", [user_id])
    finally:
        db.execute("RESET SESSION AUTHORIZATION")
        db.execute("RESET ttfd.update_kind")
        db.execute("DROP ROLE somebody")
    assert value(db, "SELECT website_email FROM ttfd.unified_users") == "anna@example.org"
