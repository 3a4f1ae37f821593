from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    process_all,
    profile,
    refused,
    row,
    rows,
    set_time,
    together,
    value,
    violations,
    wait_until_blocked,
)
from legacy_records import add_rows, conflicts, load, owner, run, snapshot, unify


def test_records_become_members_with_their_balances_as_ledger_events(db: Connection) -> None:
    result = run(
        db,
        telegram=[
            {
                "id": "1",
                "username": "anna",
                "display_name": "Anna",
                "xp": 600,
                "coins": 40,
                "games_played": 7,
                "games_won": 3,
                "daily_streak": 4,
                "last_daily": "2025-05-01T23:30:00",
                "achievements": ["b", "a"],
                "created_at": "2025-01-01T00:00:00",
                "last_active": "2025-05-02T10:00:00",
            }
        ],
        discord=[{"id": "9", "username": "boris", "coins": 5, "total_voice_time": 90.7, "messages_sent": 12}],
    )
    assert (result.status, result.rows, result.rejected, result.accounts) == ("unified", 2, 0, 2)
    assert (result.users_created, result.users_joined, result.conflicts) == (2, 0, 0)
    anna, boris = profile(db, owner(db, "telegram", "1")), profile(db, owner(db, "discord", "9"))
    assert (anna.username, anna.display_name, anna.xp, anna.coins) == ("anna", "Anna", 600, 40)
    assert (anna.games_played, anna.games_won, anna.daily_streak) == (7, 3, 4)
    assert (str(anna.last_daily), anna.achievements) == ("2025-05-01", ["a", "b"])
    assert (anna.created_at.year, anna.last_active.month) == (2025, 5)
    assert (boris.xp, boris.coins, boris.total_voice_time, boris.messages_sent) == (0, 5, 90, 12)
    assert violations(db) == []
    process_all(db)
    assert {
        tuple(seen) for seen in rows(db, "SELECT event_type, source_platform, xp, coins FROM ttfd.read_feed(0)")
    } == {
        ("opening_balance", "telegram", 600, 40),
        ("opening_balance", "discord", 0, 5),
    }
    assert violations(db) == []


def test_a_dry_run_reports_what_the_real_run_does_and_changes_nothing(db: Connection) -> None:
    get_user(db, "3", username="viktor")
    sources = {
        "telegram": [
            {"id": "1", "username": "anna", "xp": 600, "discord_id": "9"},
            {"id": "2", "username": "alex", "xp": 1},
            {"id": "4", "username": "ALEX"},
            {"id": "bad"},
            {"id": "3", "xp": 3},
        ],
        "discord": [{"id": "9", "coins": 5}, {"id": "8", "username": "alex"}, {"id": "7", "username": "Viktor"}],
        "website": [{"id": "x@example.org", "xp": "many"}],
    }
    before = snapshot(db)
    run_id = load(db, **sources)
    dry = unify(db, run_id, dry_run=True)
    assert snapshot(db) == before
    assert value(db, "SELECT count(*) FROM ttfd.import_conflicts") == 0
    assert value(db, "SELECT status FROM ttfd.import_runs") == "loading"
    real = unify(db, run_id)
    assert (dry.status, real.status) == ("dry_run", "unified")
    assert dry._replace(status="") == real._replace(status="")
    assert (real.rows, real.rejected, real.accounts, real.users_created, real.users_joined) == (9, 2, 7, 4, 1)
    assert (real.linked_by_id, real.linked_by_username, real.conflicts) == (1, 1, 3)
    assert violations(db) == []


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


def test_the_same_data_again_changes_nothing(db: Connection) -> None:
    sources = {
        "telegram": [{"id": "1", "username": "anna", "xp": 600, "coins": 4, "achievements": ["a"], "daily_streak": 3}],
        "discord": [{"id": "9", "username": "anna", "xp": 5}, {"id": "8", "messages_sent": 3}],
    }
    run(db, **sources)
    before = snapshot(db)
    again = run(db, **sources)
    after = snapshot(db)
    assert after["imported"] != []
    assert [seen._replace(run_id=0) for seen in after.pop("imported")] == [
        seen._replace(run_id=0) for seen in before.pop("imported")
    ]
    assert after == before
    assert (again.users_created, again.users_joined, again.linked_by_username, again.conflicts) == (0, 2, 0, 0)
    assert violations(db) == []


def test_data_that_has_grown_adds_the_difference(db: Connection) -> None:
    run(db, telegram=[{"id": "1", "xp": 600, "coins": 40, "games_played": 3}])
    apply_event(db, "game_played", {"xp": 10, "coins": 1})
    run(db, telegram=[{"id": "1", "xp": 650, "coins": 30, "games_played": 5}, {"id": "2", "xp": 7}])
    seen = profile(db, owner(db, "telegram", "1"))
    assert (seen.xp, seen.coins, seen.games_played) == (660, 31, 6)
    assert profile(db, owner(db, "telegram", "2")).xp == 7
    assert violations(db) == []


def test_data_that_has_shrunk_below_what_is_left_is_kept_and_told(db: Connection) -> None:
    run(db, telegram=[{"id": "1", "coins": 100}])
    apply_event(db, "coins_change", {"coins": -90})
    result = run(db, telegram=[{"id": "1", "coins": 50}])
    assert conflicts(db, result.run_id) == {("amount_below_zero", "telegram", "1")}
    assert profile(db, owner(db, "telegram", "1")).coins == 10
    assert violations(db) == []


def test_a_present_member_is_joined_and_not_doubled(db: Connection) -> None:
    user_id = get_user(db, "1", username="anna")
    apply_event(db, "game_played", {"xp": 50, "coins": 5})
    result = run(db, telegram=[{"id": "1", "username": "old_name", "xp": 100, "coins": 1}])
    assert (result.users_created, result.users_joined) == (0, 1)
    assert owner(db, "telegram", "1") == user_id
    seen = profile(db, user_id)
    assert (seen.xp, seen.coins, seen.username) == (150, 6, "anna")
    assert violations(db) == []


def test_a_present_member_is_joined_by_an_unambiguous_name(db: Connection) -> None:
    user_id = get_user(db, "1", username="anna")
    result = run(db, discord=[{"id": "9", "username": "Anna", "xp": 100}])
    assert (result.users_created, result.users_joined, result.linked_by_username) == (0, 1, 1)
    assert owner(db, "discord", "9") == user_id
    assert profile(db, user_id).xp == 100


def test_a_link_to_a_present_member_joins_it(db: Connection) -> None:
    user_id = get_user(db, "9", "discord")
    run(db, telegram=[{"id": "1", "xp": 5, "discord_id": "9"}])
    assert owner(db, "telegram", "1") == user_id
    assert violations(db) == []


def test_ranks_follow_the_imported_xp_and_pay_nothing(db: Connection) -> None:
    user_id = get_user(db, "1")
    run(db, telegram=[{"id": "1", "xp": 1300}, {"id": "2", "xp": 60000}])
    seen = profile(db, user_id)
    assert (seen.rank_id, seen.highest_rank_id, seen.coins) == (3, 3, 0)
    top = profile(db, owner(db, "telegram", "2"))
    assert (top.rank_id, top.highest_rank_id, top.coins) == (20, 20, 0)
    apply_event(db, "xp_change", {"xp": 949})
    apply_event(db, "xp_change", {"xp": 1})
    assert (profile(db, user_id).rank_id, profile(db, user_id).coins) == (4, 150)
    process_all(db)
    assert value(db, "SELECT count(*) FROM ttfd.read_feed(0) WHERE event_type = 'rank_up'") == 1


def test_the_best_streak_and_the_widest_dates_win(db: Connection) -> None:
    set_time(db, "2025-06-01 00:00:00+00")
    user_id = get_user(db, "1")
    run(db, telegram=[{"id": "1", "created_at": "2024-01-01", "last_active": "2024-02-01", "last_daily": "2024-02-01"}])
    seen = profile(db, user_id)
    assert (seen.created_at.year, seen.last_active.year, str(seen.last_daily)) == (2024, 2025, "2024-02-01")


def test_times_without_a_zone_are_of_the_zone_of_their_source(db: Connection) -> None:
    run_id = load(
        db,
        telegram=[
            {"id": "1", "created_at": "2025-01-01T02:30:00", "last_daily": "2025-01-01T00:30:00"},
            {"id": "2", "created_at": "2025-01-01T02:30:00Z"},
        ],
    )
    db.execute("UPDATE ttfd.import_sources SET time_zone = 'Europe/Moscow'")
    unify(db, run_id)
    one, two = (profile(db, owner(db, "telegram", external_id)) for external_id in ("1", "2"))
    assert (two.created_at - one.created_at).total_seconds() == 3 * 3600
    assert str(one.last_daily) == "2025-01-01"


def test_two_parts_of_one_source_are_one_account(db: Connection) -> None:
    run_id = load(db, discord=[{"id": "9", "username": "anna", "xp": 5, "achievements": ["a", "z"]}])
    add_rows(db, run_id, "discord", "voice", [{"id": "9", "total_voice_time": 60, "achievements": ["b"]}])
    result = unify(db, run_id)
    assert (result.rows, result.accounts, result.users_created) == (2, 1, 1)
    seen = profile(db, owner(db, "discord", "9"))
    assert (seen.xp, seen.total_voice_time, seen.username) == (5, 60, "anna")
    assert seen.achievements == ["a", "b", "z"]


def test_of_the_same_account_twice_in_one_part_the_first_record_counts(db: Connection) -> None:
    result = run(db, telegram=[{"id": "1", "xp": 5}, {"id": " 1 ", "xp": 7}, {"id": "1", "xp": 5}])
    assert (result.rejected, result.accounts) == (2, 1)
    assert profile(db, owner(db, "telegram", "1")).xp == 5
    assert [(seen["source_key"], seen["reason"]) for seen in result.report["rejected"]] == [
        ("users[1]", "duplicate of users[0], with other values"),
        ("users[2]", "duplicate of users[0]"),
    ]


def test_of_a_key_that_stands_twice_the_last_record_counts(db: Connection) -> None:
    run_id = load(db, telegram=[{"id": "1", "xp": 5}])
    add_rows(db, run_id, "telegram", "users", [{"id": "1", "xp": 7}])
    assert unify(db, run_id).rejected == 1
    assert profile(db, owner(db, "telegram", "1")).xp == 7


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "anna"},
        {"id": None},
        {"xp": 5},
        {"id": "1", "xp": -5},
        {"id": "1", "xp": "many"},
        {"id": "1", "xp": True},
        {"id": "1", "coins": 10**16},
        {"id": "1", "coins": [1]},
        {"id": "1", "created_at": "yesterday"},
        {"id": "1", "created_at": "2025-02-30T00:00:00"},
        {"id": "1", "created_at": "infinity"},
        {"id": "1", "created_at": "2025-01-01|2025-01-02"},
        {"id": "1", "last_active": "|"},
        {"id": "1", "last_daily": 1735689600},
        {"id": "1", "achievements": "first_win"},
    ],
)
def test_a_bad_record_is_rejected_with_a_reason_and_the_others_are_imported(
    db: Connection, bad: dict[str, object]
) -> None:
    result = run(db, telegram=[bad, {"id": "2", "xp": 5}])
    assert (result.rows, result.rejected, result.accounts, result.users_created) == (2, 1, 1, 1)
    (rejected,) = result.report["rejected"]
    assert rejected["source"] == "telegram"
    assert rejected["source_key"] == "users[0]"
    assert rejected["reason"]
    assert violations(db) == []


def test_missing_and_null_fields_are_nothing(db: Connection) -> None:
    empty = dict.fromkeys(
        ("username", "xp", "coins", "daily_streak", "last_daily", "created_at", "achievements", "discord_id")
    )
    result = run(db, telegram=[{"id": "1", **empty}, {"id": 2}, {"id": "3", "created_at": "", "discord_id": ""}])
    assert (result.rejected, result.users_created, result.conflicts) == (0, 3, 0)


def test_the_report_accounts_for_every_xp_and_coin(db: Connection) -> None:
    result = run(
        db,
        telegram=[{"id": "1", "xp": 10, "coins": 1}, {"id": "1", "xp": 10, "coins": 1}, {"id": "bad", "xp": 9}],
        discord=[{"id": "9", "xp": 20, "coins": 2}],
    )
    assert result.report["totals_before"] == result.report["totals_after"]
    assert (result.report["totals_after"]["xp"], result.report["totals_after"]["coins"]) == (30, 3)
    assert row(db, "SELECT sum(xp) AS xp, sum(coins) AS coins FROM ttfd.unified_users") == (30, 3)


def test_personal_data_is_forgotten_once_it_is_imported(db: Connection) -> None:
    run(db, telegram=[{"id": "1", "username": "anna"}])
    for table in ("rows", "accounts", "groups", "identities", "judged", "links", "repeated"):
        assert value(db, f"SELECT count(*) FROM ttfd.import_{table}") == 0, table


def test_a_finished_or_unknown_run_is_refused(db: Connection) -> None:
    run_id = run(db, telegram=[{"id": "1"}]).run_id
    for wrong in (run_id, 999, None):
        with refused(db, "55000"):
            unify(db, wrong)  # type: ignore[arg-type]


def test_one_run_unified_by_two_at_once_is_done_once(db: Connection, database_url: str) -> None:
    run_id = load(db, telegram=[{"id": "1", "xp": 5}])

    def attempt(own: Connection) -> str:
        try:
            return str(unify(own, run_id).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    assert sorted(together(database_url, [attempt] * 2)) == ["55000", "unified"]
    assert profile(db, owner(db, "telegram", "1")).xp == 5


def test_members_stay_exact_while_a_run_is_unified(db: Connection, database_url: str) -> None:
    for external_id in ("1", "2", "3"):
        get_user(db, external_id)
    run_id = load(db, telegram=[{"id": external_id, "xp": 1000} for external_id in ("3", "2", "1", "4")])

    def play(own: Connection) -> None:
        for number in range(30):
            apply_event(own, "game_played", {"xp": 1}, external_id=str(number % 3 + 1))

    together(database_url, [play, play, lambda own: unify(own, run_id), play])
    process_all(db)
    assert {found.xp for found in rows(db, "SELECT xp FROM ttfd.unified_users")} == {1030, 1000}
    assert violations(db) == []


def test_a_member_who_is_being_merged_goes_where_the_merge_puts_him(db: Connection, database_url: str) -> None:
    into, merged = get_user(db, "1"), get_user(db, "9", "discord")
    run_id = load(db, telegram=[{"id": "1", "xp": 5}], discord=[{"id": "9", "xp": 7}])
    with (
        psycopg.connect(database_url) as merger,
        psycopg.connect(database_url, autocommit=True) as importer,
        ThreadPoolExecutor(1) as pool,
    ):
        # A merge has its members and not their accounts yet: the run waits for the one and lets it have the others.
        merger.execute("SELECT ttfd.lock_user(%s)", [into])
        unified = pool.submit(unify, importer, run_id)
        wait_until_blocked(db, importer.info.backend_pid)
        merger.execute("SELECT ttfd.merge_users(%s, %s, 'test')", [into, merged])
        merger.commit()
        assert unified.result(timeout=60).status == "unified"
    process_all(db)
    assert profile(db, into).xp == 12
    assert violations(db) == []


def test_new_members_show_the_same_as_members_whom_the_run_finds(db: Connection) -> None:
    records = {
        "telegram": [
            {"id": "1", "username": "anna", "xp": 60000, "coins": 5, "games_played": 60, "games_won": 5,
             "daily_streak": 30, "achievements": ["first"], "discord_id": "9", "created_at": "2025-02-01"},
            {"id": "2", "display_name": "Boris", "xp": 10000},
        ],
        "discord": [{"id": "9", "username": "annad", "display_name": "A", "created_at": "2025-01-01"}],
    }  # fmt: skip
    db.execute(
        "INSERT INTO ttfd.achievements (name, metric, threshold, title_ru, title_en, description_ru, description_en)"
        " SELECT 'own_' || m, m, 8, m, m, m, m"
        "  FROM unnest(ARRAY['messages', 'voice', 'xp', 'coins', 'games', 'wins', 'streak']) m"
    )
    for record in records["telegram"]:
        record |= {"messages_sent": 50, "total_voice_time": 5}
    seen = []
    for is_known in (False, True):
        with db.transaction(force_rollback=True):
            if is_known:
                get_user(db, "1")
                get_user(db, "2")
            run(db, **records)
            assert (
                value(
                    db,
                    "SELECT count(*) FROM ttfd.unified_users u"
                    "  JOIN ttfd.projected_accounts(ARRAY[u.id]) p ON p.user_id = u.id"
                    " WHERE (u.telegram_id, u.discord_id, u.platforms, u.username, u.display_name) IS NOT DISTINCT FROM"
                    "       (p.telegram_id, p.discord_id, p.platforms, p.username, p.display_name)",
                )
                == 2
            )
            seen.append(
                rows(
                    db,
                    "SELECT telegram_id, discord_id, platforms, xp, rank_id, highest_rank_id, rank_xp, next_rank_xp,"
                    "       ARRAY(SELECT unnest(achievements) ORDER BY 1) AS achievements"
                    "  FROM ttfd.unified_users ORDER BY telegram_id",
                )
            )
    assert seen[0] == seen[1]
    reached = {name for name in seen[0][0].achievements if name.startswith("own_")}
    assert reached == {"own_xp", "own_messages", "own_games", "own_streak"}


def test_a_claim_in_the_future_cannot_come_in(db: Connection) -> None:
    set_time(db, "2026-01-31T12:00:00Z")
    result = run(
        db,
        telegram=[
            {"id": "1", "last_daily": "2026-02-02"},
            {"id": "2", "created_at": "2099-01-01T00:00:00"},
            {"id": "3", "last_active": "2026-02-01"},
        ],
    )
    reasons = [found["reason"] for found in result.report["rejected"]]
    assert reasons == ["a time lies in the future: 2026-02-02", "a time lies in the future: 2099-01-01T00:00:00"]
    assert result.accounts == 1


TRAP = [
    {"id": str(number), "username": f"user{number}", "xp": 10 * number, "coins": number, "created_at": "2025-01-01"}
    for number in range(1, 8)
]


def test_one_table_given_as_two_sources_is_refused(db: Connection) -> None:
    run_id = load(
        db, identities=dict.fromkeys(("telegram", "discord"), "db/users"), telegram=[{"id": "1"}], discord=[{"id": "2"}]
    )
    with refused(db, "TI001"):
        unify(db, run_id)
    with refused(db, "TI001"):
        unify(db, run_id, dry_run=True)
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []


def test_a_copy_of_one_table_given_as_two_sources_is_refused(db: Connection) -> None:
    with refused(db, "TI001"):
        run(db, telegram=TRAP, discord=TRAP)


def test_a_copy_that_has_moved_on_a_little_is_refused(db: Connection) -> None:
    moved_on = [TRAP[0] | {"xp": 999}, *TRAP[1:], {"id": "50", "username": "late", "xp": 1}]
    with refused(db, "TI001"):
        run(db, telegram=TRAP, discord=moved_on)


def test_one_table_given_in_two_runs_as_two_programs_is_refused(db: Connection) -> None:
    unify(db, load(db, identities={"telegram": "db/users"}, telegram=TRAP))
    with refused(db, "TI001"):
        unify(db, load(db, identities={"discord": "db/users"}, discord=TRAP))


def test_the_same_people_with_other_progress_are_two_sources(db: Connection) -> None:
    discord = [record | {"id": f"9{record['id']}", "xp": 5, "created_at": "2025-02-02"} for record in TRAP]
    result = run(db, telegram=TRAP, discord=discord)
    assert (result.linked_by_username, result.users_created) == (7, 7)


def test_a_run_that_leaves_a_part_out_takes_nothing_back(db: Connection) -> None:
    first = load(db, discord=[{"id": "9", "xp": 100}])
    add_rows(db, first, "discord", "voice", [{"id": "9", "total_voice_time": 600}])
    unify(db, first)
    run(db, discord=[{"id": "9", "xp": 130}])
    member = profile(db, owner(db, "discord", "9"))
    assert (member.xp, member.total_voice_time) == (130, 600)
    assert violations(db) == []
