import datetime as dt
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    listening,
    new_id,
    process_all,
    profile,
    put_pending,
    record_event,
    refused,
    row,
    rows,
    set_time,
    together,
    value,
    violations,
    while_blocked,
)
from legacy_records import conflicts, load, unify
from whole_state import mentions, state, user_references

NOON = "2026-03-01 12:00:00+00"

# What becomes of each table that names a member. A table that is missing here is one that nobody has decided about.
FATE = {
    "unified_users": "kept with sums and counters; names, ids, streak, achievements and time zone are erased",
    "platform_accounts": "deleted",
    "cross_platform_events": "kept with amounts; data keeps numbers that ttfd knows the meaning of",
    "failed_events": "kept with amounts, for the same reason",
    "award_windows": "kept: they say no more than the events",
    "boosts": "kept: a factor and a time",
    "website_sessions": "deleted: a trigger ends sessions of whoever loses an account",
    "website_admins": "deleted",
    "user_achievements": "deleted; the digest of the accounts remembers which were paid",
    "achievement_scan": "how far a scan has come: nobody in particular",
    "season_scores": "kept: a score of nobody, which no standings show",
    "season_results": "kept: a place and a score of nobody",
    "user_merges": "kept: ids and amounts; the reason is erased",
    "standings": "deleted with the batch that follows: a forgotten member is not listed",
    "standing_changes": "deleted with the batch that follows",
    "xp_standings": "deleted by the trigger that keeps it: a forgotten member is not listed",
    "purchases": "kept: an item, a price and a time",
    "transfer_days": "kept: how many coins in a day, not to whom",
    "adjustments": "kept with amounts; the reason is erased",
    "import_balances": "kept with sums, which prove the opening balances; the account is replaced by chance",
    "import_changes": "erased",
    "import_grants": "a working table: empty outside an import",
    "import_identities": "a working table: empty outside an import",
}

TELEGRAM_ID, DISCORD_ID, EMAIL = "770011223344", "880055667788", "anna.secret@example.org"
NAMES = ["anna_secret", "Анна Тайная", "anna_on_discord", TELEGRAM_ID, DISCORD_ID, EMAIL]


def forget(db: Connection, user_id: int) -> str:
    return str(row(db, "SELECT * FROM ttfd.forget_user(%s)", user_id).status)


def link(db: Connection, user_id: int, platform: str, external_id: str, username: str | None = None) -> None:
    db.execute("SELECT ttfd.link_verified_account(%s, %s, %s, %s)", [user_id, platform, external_id, username])


def make_anna(db: Connection) -> int:
    """A member who has left traces wherever one can."""
    run_id = load(
        db,
        telegram=[
            {"id": TELEGRAM_ID, "username": "anna_secret", "xp": 700, "coins": 20, "achievements": ["first"]},
            {"id": TELEGRAM_ID, "username": "anna_secret", "xp": 1},
        ],
        discord=[
            {"id": DISCORD_ID, "username": "anna_on_discord", "telegram_id": TELEGRAM_ID},
            {"id": "66", "username": "ANNA_Secret"},
            {"id": "67", "username": "Anna_SECRET"},
        ],
    )
    unify(db, run_id)
    db.execute("SELECT ttfd.get_or_create_user('telegram', %s, 'anna_secret', 'Анна Тайная')", [TELEGRAM_ID])
    user_id = get_user(db, TELEGRAM_ID)
    link(db, user_id, "website", EMAIL, "anna_secret")
    data = {"xp": 7, "coins": 3, "won": True, "opponent": "anna_secret", "chat": {"id": TELEGRAM_ID}}
    apply_event(db, "game_played", data, external_id=TELEGRAM_ID)
    process_all(db)
    put_pending(db, user_id, "no_such_type", {"from": EMAIL})
    process_all(db)
    db.execute("SELECT ttfd.discard_failed_event(id, 'asked by anna_secret') FROM ttfd.failed_events")
    db.execute(
        "SELECT ttfd.audit('account_linked', NULL, %s)",
        [f'{{"user_id": {user_id}, "accounts": [{{"external_id": "{DISCORD_ID}", "username": "Anna_On_Discord"}}]}}'],
    )
    db.execute("SELECT ttfd.report_role_removed('telegram', %s, 'role')", [TELEGRAM_ID])
    record_event(db, "game_played", {"coins": 5, "said": "I am Анна Тайная"}, external_id=TELEGRAM_ID)
    return user_id


def test_nothing_is_left_of_who_it_was_in_any_table(db: Connection) -> None:
    user_id = make_anna(db)
    for name in NAMES:
        assert len(mentions(db, name)) >= 2, name
    assert forget(db, user_id) == "forgotten"
    for name in [*NAMES, "Anna_On_Discord"]:
        assert mentions(db, name) == {}, name
    assert value(db, "SELECT report -> 'rejected' FROM ttfd.import_runs") == []
    member = row(db, "SELECT achievements, time_zone FROM ttfd.unified_users WHERE id = %s", user_id)
    assert (member.achievements, member.time_zone) == ([], "UTC")


def test_somebody_has_decided_about_every_table_that_names_a_member(db: Connection) -> None:
    assert user_references(db) == set(FATE)


def test_the_sums_stay_and_are_sound(db: Connection) -> None:
    user_id = make_anna(db)
    xp, coins = row(db, "SELECT xp, coins + 5 FROM ttfd.unified_users WHERE id = %s", user_id)
    forget(db, user_id)
    assert tuple(row(db, "SELECT xp, coins FROM ttfd.unified_users WHERE id = %s", user_id)) == (xp, coins)
    assert violations(db) == []
    process_all(db)
    assert violations(db) == []
    assert tuple(
        row(db, "SELECT sum(xp) AS xp, sum(coins) AS coins FROM ttfd.cross_platform_events WHERE user_id = %s", user_id)
    ) == (xp, coins)


def test_amounts_in_data_stay_and_all_else_goes(db: Connection) -> None:
    get_user(db)
    apply_event(db, "game_played", {"xp": 7, "won": False, "chat_id": -1001234, "where": {"city": "x"}, "list": [1]})
    apply_event(db, "voice_time", {"seconds": 60, "idle_seconds": 1.5, "messages": "me"})
    process_all(db)
    user_id = get_user(db)
    forget(db, user_id)
    kept = rows(
        db, "SELECT data FROM ttfd.cross_platform_events WHERE user_id = %s AND processed ORDER BY seq", user_id
    )
    assert [event.data for event in kept] == [{"xp": 7, "won": False}, {"seconds": 60, "idle_seconds": 1.5}]


def test_a_compacted_balance_can_be_compacted_again(db: Connection) -> None:
    user_id = get_user(db)
    for _ in range(3):
        apply_event(db, "game_played", {"xp": 1})
    process_all(db)
    db.execute("SELECT ttfd.compact_events('infinity')")
    forget(db, user_id)
    process_all(db)
    db.execute("SELECT ttfd.compact_events('infinity')")
    (event,) = rows(db, "SELECT xp, data FROM ttfd.cross_platform_events")
    assert (event.xp, event.data["events"]) == (3, 4)
    assert violations(db) == []


def test_what_is_pending_is_applied_and_counted_for_nobody(db: Connection) -> None:
    user_id = get_user(db)
    record_event(db, "game_played", {"xp": 30, "coins": 4, "against": "boris"})
    forget(db, user_id)
    assert tuple(row(db, "SELECT xp, coins, games_played FROM ttfd.unified_users")) == (30, 4, 1)
    assert mentions(db, "boris") == {}


def test_what_arrives_late_is_applied_and_blacked_out_by_another_call(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with psycopg.connect(database_url) as sender:
        record_event(sender, "game_played", {"xp": 30, "against": "boris"})
        forget(db, user_id)
        sender.commit()
    process_all(db)
    assert value(db, "SELECT xp FROM ttfd.unified_users WHERE id = %s", user_id) == 30
    assert forget(db, user_id) == "already_forgotten"
    assert mentions(db, "boris") == {}
    assert violations(db) == []


def test_a_forgotten_member_is_on_no_leaderboard_and_in_no_statistics(db: Connection) -> None:
    ids = [get_user(db, external_id) for external_id in ("1", "2", "3")]
    for external_id in ("1", "2", "3"):
        apply_event(
            db, "game_played", {"xp": 10 * int(external_id), "coins": int(external_id)}, external_id=external_id
        )
    forget(db, ids[2])
    for metric in ("xp", "coins"):
        listed = rows(db, "SELECT * FROM ttfd.list_leaderboard(%s)", metric)
        assert [entry.user_id for entry in listed] == [ids[1], ids[0]]
        assert [entry.position for entry in listed] == [1, 2]
        found = row(db, "SELECT * FROM ttfd.get_position(%s, %s)", ids[1], metric)
        assert (found.position, found.total) == (1, 2)
    assert row(db, "SELECT * FROM ttfd.get_stats()").users == 2


def test_nobody_can_be_asked_about_or_act_as_a_forgotten_member(db: Connection) -> None:
    user_id = get_user(db)
    forget(db, user_id)
    for call in (
        "SELECT ttfd.get_profile(%s)",
        "SELECT ttfd.get_position(%s)",
        "SELECT ttfd.list_history(%s)",
        "SELECT ttfd.lock_user(%s)",
        "SELECT ttfd.link_verified_account(%s, 'discord', '9')",
    ):
        with refused(db, "TU001"):
            rows(db, call, user_id)
    assert rows(db, "SELECT * FROM ttfd.find_user('telegram', '1')") == []


def test_who_comes_back_is_somebody_new_and_starts_at_nothing(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "game_played", {"xp": 50})
    forget(db, user_id)
    again = get_user(db)
    assert again != user_id
    assert (profile(db, again).xp, profile(db, again).games_played) == (0, 0)
    assert violations(db) == []


def test_who_comes_back_finds_the_cooldowns_and_caps_as_they_were(db: Connection) -> None:
    set_time(db, NOON)
    apply_event(db)
    apply_event(db, "voice_time", {"seconds": 11000})
    record_event(db, "voice_time", {"seconds": 900})
    forget(db, get_user(db))
    assert apply_event(db).note == "cooldown"
    outcome = apply_event(db, "voice_time", {"seconds": 2000})
    assert (outcome.xp, outcome.note) == (5, "daily_cap")
    set_time(db, "2026-03-02 00:00:00+00")
    assert (apply_event(db).xp, apply_event(db, "voice_time", {"seconds": 2000}).xp) == (5, 100)
    assert violations(db) == []


def test_only_windows_that_are_open_are_remembered(db: Connection) -> None:
    set_time(db, "2026-02-27 12:00:00+00")
    apply_event(db)
    apply_event(db, "voice_time", {"seconds": 900})
    set_time(db, NOON)
    forget(db, get_user(db))
    assert value(db, "SELECT limits -> 'windows' FROM ttfd.forgotten_accounts") == []


def test_who_comes_back_does_not_claim_the_day_again(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("UPDATE ttfd.unified_users SET last_daily = '2026-03-01', daily_streak = 9")
    forget(db, user_id)
    assert value(db, "SELECT last_daily FROM ttfd.unified_users WHERE id = %s", user_id) is None
    seen = profile(db, get_user(db))
    assert (seen.last_daily, seen.daily_streak) == (dt.date(2026, 3, 1), 0)


def test_who_comes_back_finds_the_coins_sent_today_counted(db: Connection) -> None:
    for external_id in ("1", "2"):
        get_user(db, external_id)
    adjust = "SELECT ttfd.adjust_balance(%s, %s, 0, 20000, 'test')"
    transfer = "SELECT status FROM ttfd.transfer_coins(%s, %s, %s, %s)"
    db.execute(adjust, [new_id(), get_user(db, "1")])
    assert value(db, transfer, new_id(), get_user(db, "1"), get_user(db, "2"), 9000) == "applied"
    forget(db, get_user(db, "1"))
    db.execute(adjust, [new_id(), get_user(db, "1")])
    with refused(db, "TE003"):
        value(db, transfer, new_id(), get_user(db, "1"), get_user(db, "2"), 1001)
    assert value(db, transfer, new_id(), get_user(db, "1"), get_user(db, "2"), 1000) == "applied"


def test_why_a_balance_was_adjusted_is_erased(db: Connection) -> None:
    user_id = make_anna(db)
    db.execute("SELECT ttfd.adjust_balance(%s, %s, 0, 20, 'because of anna_secret')", [new_id(), user_id])
    forget(db, user_id)
    assert mentions(db, "anna_secret") == {}


def test_who_comes_back_is_not_paid_for_the_same_ranks_again(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 500})
    forget(db, get_user(db))
    assert apply_event(db, "xp_change", {"xp": 500}).total_coins == 0
    assert apply_event(db, "xp_change", {"xp": 750}).total_coins == 100
    assert violations(db) == []


def test_forgetting_again_and_again_gains_nothing(db: Connection) -> None:
    set_time(db, NOON)
    for _ in range(5):
        apply_event(db)
        apply_event(db, "voice_time", {"seconds": 20000})
        forget(db, get_user(db))
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 5 + 600


def test_the_limits_wait_for_an_account_that_another_member_links(db: Connection) -> None:
    set_time(db, NOON)
    apply_event(db, platform="discord", external_id="9")
    forget(db, get_user(db, "9", "discord"))
    link(db, get_user(db, "1"), "discord", "9")
    assert apply_event(db).note == "cooldown"


def test_the_limits_of_all_accounts_are_remembered_for_90_days_and_no_longer(db: Connection) -> None:
    set_time(db, NOON)
    user_id = get_user(db, "1")
    link(db, user_id, "discord", "9")
    apply_event(db, "xp_change", {"xp": 500})
    forget(db, user_id)
    set_time(db, "2026-05-30 11:59:59+00")
    assert profile(db, get_user(db, "1")).highest_rank_id == 2
    set_time(db, "2026-05-30 12:00:00+00")
    assert profile(db, get_user(db, "9", "discord")).highest_rank_id == 1
    forget(db, get_user(db, "3"))
    assert value(db, "SELECT count(*) FROM ttfd.forgotten_accounts") == 1


def test_what_is_remembered_names_nobody_and_leads_to_no_ledger(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    kept = rows(db, "SELECT * FROM ttfd.forgotten_accounts")
    assert len(kept) == 3
    for tombstone in kept:
        assert len(tombstone.account_digest) == 32
        assert set(tombstone.limits) == {
            *("last_daily", "last_daily_at", "last_daily_zone"),
            *("highest_rank_id", "windows", "transfers", "achievements"),
        }
        assert all(
            set(window) == {"event_type", "is_daily", "starts_at", "xp"} for window in tombstone.limits["windows"]
        )


def test_the_key_of_the_digests_is_another_in_every_database_and_nobodys(db: Connection) -> None:
    key = value(db, "SELECT key FROM ttfd.forgetting_key")
    assert len(key) == 32
    assert len(set(key)) > 10
    for role in ("ttfd_website", "ttfd_admin", "ttfd_reader"):
        with acting_as(db, role), refused(db, "42501"):
            db.execute("SELECT * FROM ttfd.forgetting_key")


def test_an_import_does_not_bring_a_forgotten_member_back(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    run_id = load(
        db,
        telegram=[{"id": TELEGRAM_ID, "username": "anna_secret", "xp": 700}, {"id": "8", "xp": 3}],
        website=[{"id": "other@example.org", "discord_id": DISCORD_ID, "xp": 5}],
    )
    result = unify(db, run_id)
    assert (result.accounts, result.rejected) == (1, 2)
    listed = rows(db, "SELECT * FROM ttfd.list_import_conflicts(%s)", run_id)
    assert {(entry.reason, entry.source_key, entry.external_id) for entry in listed} == {
        ("forgotten", "forgotten", None)
    }
    for name in (TELEGRAM_ID, DISCORD_ID):
        assert mentions(db, name) == {}
    assert violations(db) == []


def test_a_later_import_neither_pays_nor_charges_the_forgotten_row(db: Connection) -> None:
    user_id = make_anna(db)
    set_time(db, NOON)
    forget(db, user_id)
    before = tuple(row(db, "SELECT xp, coins FROM ttfd.unified_users WHERE id = %s", user_id))
    set_time(db, "2027-03-01 12:00Z")
    unify(db, load(db, telegram=[{"id": TELEGRAM_ID, "xp": 700}]))
    assert tuple(row(db, "SELECT xp, coins FROM ttfd.unified_users WHERE id = %s", user_id)) == before
    assert profile(db, get_user(db, TELEGRAM_ID)).xp == 700
    assert violations(db) == []


def test_records_that_wait_for_their_import_are_forgotten_too(db: Connection) -> None:
    get_user(db, TELEGRAM_ID)
    run_id = load(db, telegram=[{"id": TELEGRAM_ID, "username": "anna_secret"}, {"id": "8", "username": "boris"}])
    forget(db, get_user(db, TELEGRAM_ID))
    assert mentions(db, "anna_secret") == {}
    assert unify(db, run_id).accounts == 1


def test_others_keep_their_conflicts(db: Connection) -> None:
    run_id = load(
        db,
        telegram=[{"id": "1", "username": "anna"}],
        discord=[{"id": "2", "username": "anna"}, {"id": "3", "username": "anna"}],
    )
    unify(db, run_id)
    assert len(conflicts(db, run_id)) == 3
    forget(db, get_user(db, "1"))
    left = rows(db, "SELECT external_id, candidates FROM ttfd.import_conflicts ORDER BY 1")
    assert [(entry.external_id, [c["external_id"] for c in entry.candidates]) for entry in left] == [
        ("2", ["3"]),
        ("3", ["2"]),
    ]
    report = value(db, "SELECT report FROM ttfd.import_runs")
    assert [[c["external_id"] for c in entry["candidates"]] for entry in report["conflicts"]] == [["3"], ["2"]]


def test_a_name_blacks_out_only_lines_about_its_member(db: Connection) -> None:
    """Or a member called coins_change could have the history of that rule erased."""
    user_id = get_user(db, "1", username="coins_change")
    db.execute("UPDATE ttfd.event_types SET coins = 1 WHERE name = 'coins_change'")
    before = rows(db, "SELECT * FROM ttfd.audit_log")
    forget(db, user_id)
    assert rows(db, "SELECT * FROM ttfd.audit_log WHERE action <> 'user_forgotten'") == before


def test_what_was_done_stays_in_the_audit_log(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    line = row(db, "SELECT * FROM ttfd.audit_log WHERE action = 'account_linked' AND after ? 'accounts'")
    assert line.after == {
        "user_id": user_id,
        "accounts": [{"external_id": "[forgotten]", "username": "[forgotten]"}],
    }


def test_an_account_left_on_a_forgotten_member_is_a_violation(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("UPDATE ttfd.unified_users SET forgotten_at = now() WHERE id = %s", [user_id])
    assert violations(db) == [("forgotten", user_id, "no account", "telegram")]


def test_the_forgetting_is_audited_once_and_without_a_name(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    forget(db, user_id)
    line = row(db, "SELECT before, after FROM ttfd.audit_log WHERE action = 'user_forgotten'")
    assert (line.before, line.after) == (None, {"user_id": user_id, "accounts": 3})


def test_the_feed_says_so_once_and_names_nobody(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    forget(db, user_id)
    process_all(db)
    (event,) = rows(db, "SELECT * FROM ttfd.read_feed(0, ARRAY['account_forgotten'], 10)")
    assert (event.user_id, event.data, event.xp, event.coins, event.source_platform) == (user_id, {}, 0, 0, "system")


def test_the_doorbells_ring(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with listening(database_url, "ttfd_events") as events, listening(database_url, "ttfd_feed") as feed:
        record_event(db)
        events(db)
        forget(db, user_id)
        assert (events(db), feed(db)) == (1, 1)


def test_forgetting_again_changes_nothing(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    process_all(db)
    before = state(db)
    assert forget(db, user_id) == "already_forgotten"
    assert state(db) == before


def test_who_was_merged_is_forgotten_with_the_survivor(db: Connection) -> None:
    merged, survivor = get_user(db, "1"), get_user(db, "2", "discord")
    apply_event(db, "game_played", {"xp": 3, "said": "hello"})
    process_all(db)
    merge_id = value(db, "SELECT merge_id FROM ttfd.merge_users(%s, %s, 'said hello')", survivor, merged)
    assert tuple(row(db, "SELECT * FROM ttfd.forget_user(%s)", merged)) == (survivor, "forgotten")
    assert value(db, "SELECT bool_and(forgotten_at IS NOT NULL) FROM ttfd.unified_users")
    assert mentions(db, "hello") == {}
    assert value(db, "SELECT count(*) FROM ttfd.platform_accounts") == 0
    assert violations(db) == []
    with refused(db, "TM001"):
        db.execute("SELECT ttfd.undo_merge(%s)", [merge_id])


@pytest.mark.parametrize("user_id", [0, -1, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        forget(db, user_id)  # type: ignore[arg-type]


def test_another_isolation_level_is_refused(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with psycopg.connect(database_url) as own:
        own.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with refused(own, "0A000"):
            forget(own, user_id)


def test_an_award_that_meets_the_forgetting_is_refused_and_leaves_nothing(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with psycopg.connect(database_url) as holder:
        forget(holder, user_id)
        with pytest.raises(psycopg.Error) as caught:
            while_blocked(database_url, holder, lambda own: apply_event(own, "game_played", {"xp": 5}))
    assert caught.value.sqlstate == "TU001"
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 0
    assert apply_event(db, "game_played", {"xp": 5}).status == "applied"
    assert violations(db) == []


def test_forgetting_in_the_midst_of_traffic_loses_and_makes_up_nothing(db: Connection, database_url: str) -> None:
    members = [str(number) for number in range(1, 9)]

    def send(own: Connection) -> int:
        applied = 0
        for number in range(60):
            try:
                apply_event(own, "xp_change", {"xp": 1}, new_id(), members[number % 8])
                applied += 1
            except psycopg.Error as error:
                assert error.sqlstate == "TU001"
            record_event(own, "xp_change", {"xp": 1}, external_id=members[number % 8])
        return applied + 60

    def work(own: Connection) -> int:
        for _ in range(40):
            own.execute("SELECT ttfd.process_events(50)")
        return 0

    def forget_all(own: Connection) -> int:
        for _ in range(4):
            for external_id in members:
                for found in rows(own, "SELECT user_id FROM ttfd.find_user('telegram', %s)", external_id):
                    forget(own, found.user_id)
        return 0

    jobs: list[Any] = [send] * 4 + [work, forget_all, forget_all]
    sent = sum(together(database_url, jobs))
    process_all(db)
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == sent
    assert value(db, "SELECT count(*) FROM ttfd.failed_events") == 0
    assert violations(db) == []


def test_only_the_website_and_administrators_forget(db: Connection) -> None:
    ids = [get_user(db, external_id) for external_id in ("1", "2")]
    for role in ("ttfd_telegram", "ttfd_discord", "ttfd_worker", "ttfd_reader"):
        with acting_as(db, role), refused(db, "42501"):
            forget(db, ids[0])
    for role, user_id in zip(("ttfd_website", "ttfd_admin"), ids, strict=True):
        with acting_as(db, role):
            assert forget(db, user_id) == "forgotten"
