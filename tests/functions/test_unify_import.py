"""unify_import: records become members with their balances as ledger events, and a dry run says the same before."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from calls import (
    Connection,
    apply_event,
    get_user,
    process_all,
    profile,
    refused,
    row,
    rows,
    together,
    value,
    violations,
    wait_until_blocked,
)
from legacy_records import load, owner, run, snapshot, unify


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
