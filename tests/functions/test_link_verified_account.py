import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    profile,
    refused,
    row,
    together,
    value,
    violations,
    while_blocked,
)


def link(db: Connection, user_id: int | None, platform: str, external_id: str, username: str | None = None) -> str:
    found = row(
        db,
        "SELECT * FROM ttfd.link_verified_account(%s, %s, %s, %s)",
        user_id,
        platform,
        external_id,
        username,
    )
    assert found.user_id == user_id
    return str(found.status)


def test_discord_joins_the_member_and_its_events_count_for_the_same_balance(db: Connection) -> None:
    user_id = get_user(db, "1", username="anna")
    assert link(db, user_id, "discord", "2", "anna_d") == "linked"
    apply_event(db, "game_played", {"xp": 10})
    assert apply_event(db, "game_played", {"xp": 30}, external_id="2", platform="discord").total_xp == 40
    seen = profile(db, user_id)
    assert (seen.platforms, seen.username, seen.primary_platform) == (["discord", "telegram"], "anna", "telegram")
    assert violations(db) == []


def test_linking_again_says_already_linked(db: Connection) -> None:
    user_id = get_user(db)
    link(db, user_id, "discord", "2")
    assert link(db, user_id, "discord", "2") == "already_linked"


def test_an_email_is_linked_in_lower_case(db: Connection) -> None:
    user_id = get_user(db)
    link(db, user_id, "website", "Anna@Example.org")
    assert link(db, user_id, "website", "anna@example.ORG") == "already_linked"
    assert get_user(db, "anna@example.org", "website") == user_id


def test_an_account_of_somebody_else_is_refused_and_stays_there(db: Connection) -> None:
    anna, boris = get_user(db, "1"), get_user(db, "2", "discord")
    with refused(db, "TL001"):
        link(db, anna, "discord", "2")
    assert get_user(db, "2", "discord") == boris


def test_a_second_account_on_one_platform_is_refused(db: Connection) -> None:
    user_id = get_user(db)
    link(db, user_id, "discord", "2")
    with refused(db, "TL002"):
        link(db, user_id, "discord", "3")
    with refused(db, "TL002"):
        link(db, user_id, "telegram", "3")
    assert value(db, "SELECT count(*) FROM ttfd.platform_accounts") == 2


@pytest.mark.parametrize("user_id", [0, 999, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        link(db, user_id, "discord", "2")


@pytest.mark.parametrize(("platform", "external_id"), [("discord", "anna"), ("irc", "1"), ("website", "anna")])
def test_an_id_of_the_wrong_form_is_refused(db: Connection, platform: str, external_id: str) -> None:
    user_id = get_user(db)
    with refused(db, "TU002"):
        link(db, user_id, platform, external_id)


def test_the_website_may_link_what_a_provider_has_verified(db: Connection) -> None:
    user_id = get_user(db, "anna@example.org", "website")
    with acting_as(db, "ttfd_website"):
        assert link(db, user_id, "discord", "2") == "linked"


def test_two_members_who_take_one_account_at_once_leave_it_with_one_of_them(db: Connection, database_url: str) -> None:
    members = [get_user(db, "1"), get_user(db, "2")]

    def attempt(own: Connection, user_id: int) -> str:
        try:
            return link(own, user_id, "discord", "3")
        except psycopg.Error as error:
            return str(error.sqlstate)

    answers = together(database_url, [lambda own, m=member: attempt(own, m) for member in members * 4])
    assert sorted(answers) == ["TL001"] * 4 + ["already_linked"] * 3 + ["linked"]
    assert violations(db) == []


def test_two_accounts_linked_to_one_member_at_once_leave_one_a_platform(db: Connection, database_url: str) -> None:
    user_id = get_user(db)

    def attempt(own: Connection, external_id: str) -> str:
        try:
            return link(own, user_id, "discord", external_id)
        except psycopg.Error as error:
            return str(error.sqlstate)

    jobs = [lambda own, e=str(number): attempt(own, e) for number in range(2, 10)]
    assert sorted(together(database_url, jobs)) == ["TL002"] * 7 + ["linked"]


def test_a_first_contact_and_a_link_at_once_never_make_two_owners(db: Connection, database_url: str) -> None:
    user_id = get_user(db)

    def attempt(own: Connection) -> str:
        try:
            return link(own, user_id, "discord", "2")
        except psycopg.Error as error:
            return str(error.sqlstate)

    answers = together(database_url, [attempt, lambda own: str(get_user(own, "2", "discord"))])
    owner = value(db, "SELECT user_id FROM ttfd.platform_accounts WHERE platform = 'discord'")
    assert answers == [("linked" if owner == user_id else "TL001"), str(owner)]


def test_a_link_and_a_new_name_at_once_are_both_shown(db: Connection, database_url: str) -> None:
    user_id = get_user(db, username="anna")
    with psycopg.connect(database_url) as holder:
        link(holder, user_id, "discord", "2")
        while_blocked(database_url, holder, lambda own: get_user(own, "1", username="anja"))
    seen = profile(db, user_id)
    assert (seen.platforms, seen.username) == (["discord", "telegram"], "anja")
    assert violations(db) == []
