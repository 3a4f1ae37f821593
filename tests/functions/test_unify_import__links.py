"""unify_import joins accounts by ids and by names where they can mean nobody else, and asks a person elsewhere."""

import pytest

from calls import Connection, get_user, profile, rows, violations
from legacy_records import conflicts, owner, run


def test_accounts_linked_by_id_are_one_member_whose_amounts_add_up(db: Connection) -> None:
    result = run(
        db,
        telegram=[
            {
                "id": "1",
                "username": "anna",
                "xp": 100,
                "coins": 1,
                "games_won": 1,
                "daily_streak": 2,
                "achievements": ["a"],
            }
        ],
        discord=[
            {
                "id": "9",
                "username": "not_anna",
                "xp": 400,
                "coins": 2,
                "games_won": 2,
                "daily_streak": 9,
                "achievements": ["b", "a"],
                "telegram_id": "1",
            }
        ],
    )
    assert (result.linked_by_id, result.users_created, result.conflicts) == (1, 1, 0)
    assert owner(db, "telegram", "1") == owner(db, "discord", "9")
    seen = profile(db, owner(db, "telegram", "1"))
    assert (seen.xp, seen.coins, seen.games_won) == (500, 3, 3)
    assert (seen.daily_streak, seen.achievements, seen.platforms) == (9, ["a", "b"], ["discord", "telegram"])
    assert violations(db) == []


def test_links_chain_over_three_platforms(db: Connection) -> None:
    result = run(
        db,
        telegram=[{"id": "1", "xp": 1, "discord_id": "9"}],
        discord=[{"id": "9", "xp": 2}],
        website=[{"id": "Anna@Example.org", "xp": 4, "discord_id": "9"}],
    )
    assert (result.users_created, result.linked_by_id) == (1, 2)
    assert profile(db, owner(db, "website", "anna@example.org")).xp == 7


def test_a_link_to_an_account_without_a_record_claims_that_account(db: Connection) -> None:
    run(db, telegram=[{"id": "1", "xp": 5, "discord_id": "9"}])
    assert owner(db, "discord", "9") == owner(db, "telegram", "1")


def test_links_that_contradict_each_other_join_nobody(db: Connection) -> None:
    result = run(
        db,
        telegram=[{"id": "1", "xp": 1, "discord_id": "9"}, {"id": "2", "xp": 2, "discord_id": "9"}],
        discord=[{"id": "9", "xp": 4}],
    )
    assert conflicts(db, result.run_id) == {
        ("links_contradict", "telegram", "1"),
        ("links_contradict", "telegram", "2"),
        ("links_contradict", "discord", "9"),
    }
    assert len({owner(db, "telegram", "1"), owner(db, "telegram", "2"), owner(db, "discord", "9")}) == 3
    assert (result.linked_by_id, result.users_created, result.users_joined) == (0, 3, 0)
    assert violations(db) == []


def test_contradicting_links_to_an_account_without_a_record_make_no_member_of_it(db: Connection) -> None:
    result = run(db, telegram=[{"id": "1", "xp": 1, "discord_id": "9"}, {"id": "2", "xp": 2, "discord_id": "9"}])
    assert result.conflicts == 2
    assert (result.users_created, result.users_joined) == (2, 0)
    assert rows(db, "SELECT * FROM ttfd.find_user('discord', '9')") == []


def test_a_malformed_link_is_a_conflict_and_the_record_is_imported(db: Connection) -> None:
    result = run(db, telegram=[{"id": "1", "xp": 5, "discord_id": "anna#1234"}])
    assert conflicts(db, result.run_id) == {("malformed_link", "telegram", "1")}
    assert profile(db, owner(db, "telegram", "1")).xp == 5


def test_an_account_that_names_itself_is_no_link(db: Connection) -> None:
    result = run(db, telegram=[{"id": "1", "telegram_id": "1", "xp": 5}])
    assert (result.linked_by_id, result.conflicts, result.users_created) == (0, 0, 1)


def test_links_between_two_present_members_are_left_to_a_person(db: Connection) -> None:
    anna, boris = get_user(db, "1"), get_user(db, "9", "discord")
    result = run(db, telegram=[{"id": "1", "xp": 5, "discord_id": "9"}])
    assert conflicts(db, result.run_id) == {("two_users", "telegram", "1")}
    assert (owner(db, "telegram", "1"), owner(db, "discord", "9")) == (anna, boris)
    assert (result.users_created, result.users_joined) == (0, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [("anna", "anna"), ("Anna", "aNNA"), ("@anna", "anna"), (" anna ", "anna"), ("ａｎｎａ", "anna"), ("АННА", "анна")],
)
def test_equal_names_join_where_they_can_mean_nobody_else(db: Connection, one: str, other: str) -> None:
    result = run(
        db, telegram=[{"id": "1", "username": one, "xp": 1}], discord=[{"id": "9", "username": other, "xp": 2}]
    )
    assert (result.linked_by_username, result.users_created, result.conflicts) == (1, 1, 0)
    assert profile(db, owner(db, "discord", "9")).xp == 3
    assert violations(db) == []


@pytest.mark.parametrize(("one", "other"), [("anna", "annа"), ("anna", "anna1"), ("an na", "anna"), ("anna", "@")])
def test_names_that_differ_join_nobody(db: Connection, one: str, other: str) -> None:
    result = run(db, telegram=[{"id": "1", "username": one}], discord=[{"id": "9", "username": other}])
    assert (result.linked_by_username, result.users_created) == (0, 2)


@pytest.mark.parametrize("name", ["Unknown", "unknown", "@Unknown", "None", "null", "", " ", None, "Deleted User"])
def test_a_placeholder_is_nobodys_name(db: Connection, name: str | None) -> None:
    result = run(
        db,
        telegram=[{"id": str(number), "username": name} for number in (1, 2)],
        discord=[{"id": "9", "username": name}],
    )
    assert (result.linked_by_username, result.users_created, result.conflicts) == (0, 3, 0)


def test_an_ambiguous_name_joins_nobody_and_names_all_who_bear_it(db: Connection) -> None:
    result = run(
        db,
        telegram=[{"id": "1", "username": "alex"}, {"id": "2", "username": "Alex"}],
        discord=[{"id": "9", "username": "@alex"}],
    )
    assert conflicts(db, result.run_id) == {
        ("ambiguous_username", "telegram", "1"),
        ("ambiguous_username", "telegram", "2"),
        ("ambiguous_username", "discord", "9"),
    }
    assert (result.linked_by_username, result.users_created) == (0, 3)


def test_fifty_who_are_called_admin_are_fifty_conflicts_and_no_link(db: Connection) -> None:
    telegram = [{"id": str(number), "username": "admin"} for number in range(1, 26)]
    discord = [{"id": str(number), "username": "Admin"} for number in range(101, 126)]
    result = run(db, telegram=telegram, discord=discord)
    assert conflicts(db, result.run_id) == {
        ("ambiguous_username", platform, record["id"])
        for platform, records in (("telegram", telegram), ("discord", discord))
        for record in records
    }
    assert (result.linked_by_username, result.users_created) == (0, 50)
    assert violations(db) == []


def test_an_id_of_one_platform_in_the_field_of_the_other_is_a_conflict_and_no_link(db: Connection) -> None:
    result = run(
        db,
        telegram=[{"id": "1001", "username": "anna", "discord_id": "1001"}],
        discord=[{"id": "9001", "username": "boris", "telegram_id": "9001"}],
    )
    assert conflicts(db, result.run_id) == {
        ("malformed_link", "telegram", "1001"),
        ("malformed_link", "discord", "9001"),
    }
    assert (result.linked_by_id, result.users_created, result.accounts) == (0, 2, 2)


def test_a_name_never_overrules_an_id(db: Connection) -> None:
    result = run(
        db,
        telegram=[{"id": "1", "username": "anna", "discord_id": "8"}],
        discord=[{"id": "9", "username": "anna"}],
    )
    assert owner(db, "discord", "8") == owner(db, "telegram", "1") != owner(db, "discord", "9")
    assert ("other_id_known", "discord", "9") in conflicts(db, result.run_id)


def test_names_join_nobody_when_that_is_not_wanted(db: Connection) -> None:
    result = run(db, False, telegram=[{"id": "1", "username": "anna"}], discord=[{"id": "9", "username": "anna"}])
    assert (result.linked_by_username, result.users_created, result.conflicts) == (0, 2, 0)
