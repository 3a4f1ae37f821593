import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    get_user,
    profile,
    refused,
    row,
    rows,
    together,
    value,
    violations,
    while_blocked,
)


def call(db: Connection, *params: str | None) -> tuple[int, bool]:
    found = row(db, f"SELECT * FROM ttfd.get_or_create_user({', '.join(['%s'] * len(params))})", *params)
    return found.user_id, found.created


def test_first_contact_creates_a_member_and_the_second_finds_it(db: Connection) -> None:
    user_id, created = call(db, "telegram", "42", "anna", "Anna K.")
    assert created
    assert call(db, "telegram", "42") == (user_id, False)
    seen = profile(db, user_id)
    assert (seen.username, seen.display_name, seen.platforms) == ("anna", "Anna K.", ["telegram"])
    assert (seen.xp, seen.coins, seen.rank_id, seen.primary_platform) == (0, 0, 1, "telegram")


def test_sixteen_first_contacts_at_once_make_one_member(db: Connection, database_url: str) -> None:
    answers = together(database_url, [lambda own: call(own, "discord", "77", "anna")] * 16)
    assert len({user_id for user_id, _ in answers}) == 1
    assert [created for _, created in answers].count(True) == 1
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 1


def test_the_same_id_on_two_platforms_is_two_members(db: Connection) -> None:
    assert get_user(db, "42", "telegram") != get_user(db, "42", "discord")


def test_names_follow_what_the_platform_says(db: Connection) -> None:
    user_id, _ = call(db, "telegram", "42", "anna", "Anna")
    call(db, "telegram", "42", "anja", "Anja")
    seen = profile(db, user_id)
    assert (seen.username, seen.display_name) == ("anja", "Anja")


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_name_that_is_not_given_keeps_the_known_one(db: Connection, nothing: str | None) -> None:
    user_id, _ = call(db, "telegram", "42", "anna", "Anna")
    call(db, "telegram", "42", nothing, nothing)
    seen = profile(db, user_id)
    assert (seen.username, seen.display_name) == ("anna", "Anna")


def test_an_endless_name_is_shortened_instead_of_locking_the_member_out(db: Connection) -> None:
    user_id, _ = call(db, "telegram", "42", "я" * 1000)
    assert profile(db, user_id).username == "я" * 255


def test_emails_that_differ_in_case_are_one_account(db: Connection) -> None:
    user_id, _ = call(db, "website", "Anna@Example.org")
    assert call(db, "website", "anna@example.ORG") == (user_id, False)
    assert value(db, "SELECT external_id FROM ttfd.platform_accounts") == "anna@example.org"


@pytest.mark.parametrize(
    ("platform", "external_id"),
    [
        ("telegram", "anna"),
        ("telegram", ""),
        ("telegram", "0"),
        ("telegram", "007"),
        ("telegram", "-1001234"),
        ("telegram", " 42"),
        ("telegram", "42\n"),
        ("telegram", "1" * 20),
        ("telegram", "４２"),
        ("telegram", None),
        ("discord", "<@42>"),
        ("discord", "1" * 21),
        ("website", "anna"),
        ("website", "anna@"),
        ("website", "@example.org"),
        ("website", "an na@example.org"),
        ("website", "anna@example@org"),
        ("website", "a" * 65 + "@example.org"),
        ("website", "a" * 64 + "@" + "b" * 190),
        ("website", "anna@example.org\n"),
        ("irc", "42"),
        (None, "42"),
    ],
)
def test_an_id_of_the_wrong_form_or_an_unknown_platform_is_refused(
    db: Connection, platform: str | None, external_id: str | None
) -> None:
    with refused(db, "TU002"):
        call(db, platform, external_id)
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []


@pytest.mark.parametrize(
    ("platform", "external_id"),
    [
        ("telegram", "9" * 18),
        ("discord", "18446744073709551615"),
        ("website", "a+b@пример.рф"),
        ("website", "a" * 64 + "@" + "b" * 189),
        ("website", "a@" + "b" * 252),
    ],
)
def test_ids_as_the_platforms_give_them_are_accepted(db: Connection, platform: str, external_id: str) -> None:
    assert call(db, platform, external_id)[1]


def test_a_role_speaks_for_its_own_platform_only(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"):
        assert call(db, "discord", "42")[1]
        with refused(db, "TP001"):
            call(db, "telegram", "42")
        with refused(db, "TP001"):
            call(db, "website", "anna@example.org")


def test_a_known_account_of_another_platform_is_refused_too(db: Connection) -> None:
    call(db, "telegram", "42", "anna")
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        call(db, "telegram", "42", "hacked")


def test_an_administrator_speaks_for_every_platform(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        assert call(db, "telegram", "42")[1]
        assert call(db, "discord", "42")[1]


def test_a_fourth_platform_is_one_more_row(db: Connection) -> None:
    db.execute("INSERT INTO ttfd.platforms VALUES ('matrix', '^@.+:.+$', false, 'no_such_role')")
    user_id, created = call(db, "matrix", "@anna:example.org", "anna")
    assert created
    assert profile(db, user_id).platforms == ["matrix"]
    with acting_as(db, "ttfd_telegram"), refused(db, "TP001"):
        call(db, "matrix", "@anna:example.org")


def test_names_that_change_on_two_platforms_at_once_both_count(db: Connection, database_url: str) -> None:
    user_id = get_user(db, "1", username="old")
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", user_id)
    with psycopg.connect(database_url) as holder:
        call(holder, "telegram", "1", "new")
        while_blocked(database_url, holder, lambda own: call(own, "discord", "2", None, "Anna"))
    seen = profile(db, user_id)
    assert (seen.username, seen.display_name) == ("new", "Anna")
    assert violations(db) == []
