import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    process_events,
    profile,
    record_event,
    refused,
    row,
    rows,
    set_time,
    value,
    violations,
    while_blocked,
)
from links import audited, create_code, merge, redeem, set_user, state, told, undo


@pytest.fixture
def anna(db: Connection) -> int:
    """A Telegram member with 600 XP and 150 coins: rank 2."""
    set_time(db, "2026-03-01 12:00Z")
    apply_event(db, "xp_change", {"xp": 600})
    apply_event(db, "coins_change", {"coins": 100})
    return get_user(db, "1")


@pytest.fixture
def boris(db: Connection) -> int:
    """A Discord member with 800 XP and 70 coins: rank 2."""
    set_time(db, "2026-03-01 12:00Z")
    apply_event(db, "xp_change", {"xp": 800}, external_id="2", platform="discord")
    apply_event(db, "coins_change", {"coins": 20}, external_id="2", platform="discord")
    return get_user(db, "2", "discord")


def test_balances_add_up_as_ledger_events_and_no_rank_is_paid(db: Connection, anna: int, boris: int) -> None:
    found = merge(db, anna, boris, "same person")
    assert (found.status, found.user_id) == ("merged", anna)
    seen = profile(db, anna)
    assert (seen.xp, seen.coins, seen.rank_id, seen.highest_rank_id) == (1400, 220, 3, 3)
    data = {"merge_id": found.merge_id, "into_id": anna, "from_id": boris, "platforms": ["telegram", "discord"]}
    assert told(db, "accounts_merged") == [(boris, data, -800, -70), (anna, data, 800, 70)]
    assert [line["reason"] for line in audited(db, "accounts_merged")] == ["same person"]
    assert violations(db) == []
    process_all(db)
    assert violations(db) == []


def test_a_rank_reached_by_merging_is_never_paid_later(db: Connection, anna: int, boris: int) -> None:
    merge(db, anna, boris)
    apply_event(db, "xp_change", {"xp": -900})
    apply_event(db, "xp_change", {"xp": 900})
    assert profile(db, anna).coins == 220


def test_counters_add_up_and_everything_else_takes_the_better(db: Connection, anna: int, boris: int) -> None:
    apply_event(db, "message_sent")
    apply_event(db, "voice_time", {"seconds": 60}, external_id="2", platform="discord")
    apply_event(db, "game_played", {"xp": 1, "won": True})
    apply_event(db, "game_played", {"xp": 1, "won": True}, external_id="2", platform="discord")
    set_user(db, anna, achievements=["a", "c"], daily_streak=3, last_daily="2026-03-01", created_at="2026-02-01Z")
    set_user(db, boris, achievements=["b", "c"], daily_streak=5, last_daily="2026-02-28", created_at="2026-01-01Z")
    set_user(db, boris, highest_rank_id=9, last_active="2026-04-01Z")
    merge(db, anna, boris)
    seen = profile(db, anna)
    assert (seen.messages_sent, seen.total_voice_time, seen.games_played, seen.games_won) == (1, 60, 2, 2)
    assert (seen.achievements, seen.highest_rank_id) == (["a", "c", "b"], 9)
    assert (seen.daily_streak, seen.last_daily.isoformat()) == (5, "2026-03-01")
    assert (seen.created_at.isoformat()[:10], seen.last_active.isoformat()[:10]) == ("2026-01-01", "2026-04-01")


@pytest.mark.parametrize("is_ended", [0, 1])
def test_a_streak_that_ended_long_ago_does_not_come_alive(db: Connection, anna: int, boris: int, is_ended: int) -> None:
    users = [anna, boris]
    set_user(db, users[is_ended], daily_streak=30, last_daily="2025-12-01")
    set_user(db, users[1 - is_ended], daily_streak=3, last_daily="2026-03-01")
    merge(db, anna, boris)
    assert profile(db, anna).daily_streak == 3


def test_the_merged_user_is_an_empty_signpost(db: Connection, anna: int, boris: int) -> None:
    merge(db, anna, boris)
    left = state(db, boris)
    assert (left["user"]["xp"], left["user"]["coins"], left["user"]["merged_into"]) == (0, 0, anna)
    assert left["accounts"] is None
    assert profile(db, boris).user_id == anna
    assert row(db, "SELECT * FROM ttfd.find_user('discord', '2')").user_id == anna
    assert apply_event(db, external_id="2", platform="discord").user_id == anna


def test_merging_in_a_row_leaves_no_signpost_that_points_to_a_signpost(db: Connection, anna: int, boris: int) -> None:
    website = get_user(db, "a@example.org", "website")
    merge(db, anna, boris)
    merge(db, website, anna)
    assert state(db, website)["signposts"] == [anna, boris]
    assert profile(db, boris).xp == 1400
    assert violations(db) == []


def test_a_cooldown_is_not_earned_twice_by_merging(db: Connection, anna: int, boris: int) -> None:
    apply_event(db, "message_sent", external_id="2", platform="discord")
    merge(db, anna, boris)
    assert apply_event(db, "message_sent").note == "cooldown"
    record_event(db, "message_sent", external_id="2", platform="discord")
    process_all(db)
    assert value(db, "SELECT sum(xp) FROM ttfd.cross_platform_events WHERE event_type = 'message_sent'") == 5


def test_a_daily_cap_is_not_earned_twice_by_merging(db: Connection, anna: int, boris: int) -> None:
    apply_event(db, "voice_time", {"seconds": 8000})
    apply_event(db, "voice_time", {"seconds": 3000}, external_id="2", platform="discord")
    merge(db, anna, boris)
    assert apply_event(db, "voice_time", {"seconds": 80000}).xp == 600 - 400 - 150


def test_boosts_follow_the_member(db: Connection, anna: int, boris: int) -> None:
    db.execute(
        "INSERT INTO ttfd.boosts (factor, starts_at, ends_at, user_id) VALUES (3, '2026-03-01Z', '2026-03-02Z', %s)",
        [boris],
    )
    merge(db, anna, boris)
    assert apply_event(db, "game_played", {"xp": 10}).xp == 30


@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("is_history_applied", [True, False])
def test_events_that_wait_reach_the_survivor_once(
    db: Connection, anna: int, boris: int, granted: bool, is_history_applied: bool
) -> None:
    if is_history_applied:
        process_all(db)
    send = apply_event if granted else record_event
    send(db, "game_played", {"xp": 10}, external_id="2", platform="discord")
    send(db, "game_played", {"xp": 20})
    merge(db, anna, boris)
    process_all(db)
    assert profile(db, anna).xp == 1430
    assert violations(db) == []


def test_an_event_that_was_sent_before_the_merge_is_a_duplicate_after_it(db: Connection, anna: int, boris: int) -> None:
    first = apply_event(db, "game_played", {"xp": 10}, external_id="2", platform="discord")
    merge(db, anna, boris)
    again = apply_event(db, "game_played", {"xp": 10}, first.event_id, external_id="2", platform="discord")
    assert (again.status, again.user_id, again.total_xp) == ("duplicate", anna, 1410)


def test_an_import_goes_on_counting_the_difference_after_a_merge(db: Connection, anna: int, boris: int) -> None:
    run = row(db, "SELECT * FROM ttfd.start_import('test')").run_id
    db.execute(
        "INSERT INTO ttfd.import_balances"
        " (origin, part, platform, external_id, user_id, run_id,"
        " xp, coins, games_played, games_won, total_voice_time, messages_sent)"
        " VALUES ('discord', 'users', 'discord', '2', %s, %s, 5, 0, 0, 0, 0, 0)",
        [boris, run],
    )
    db.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, xp, coins)"
        " VALUES (gen_random_uuid(), %s, 'opening_balance', 'discord', 5, 0)",
        [boris],
    )
    db.execute("UPDATE ttfd.unified_users SET xp = xp + 5 WHERE id = %s", [boris])
    merge(db, anna, boris)
    db.execute("UPDATE ttfd.import_balances SET user_id = %s", [anna])
    assert violations(db) == []


def test_users_who_are_one_already_stay_as_they_are(db: Connection, anna: int, boris: int) -> None:
    merge(db, anna, boris)
    for into_id, from_id in ((anna, boris), (boris, anna), (anna, anna), (boris, boris)):
        assert tuple(merge(db, into_id, from_id)) == ("already_linked", anna, None)


def test_merged_users_stand_for_their_survivors(db: Connection, anna: int, boris: int) -> None:
    website = get_user(db, "a@example.org", "website")
    merge(db, anna, boris)
    assert merge(db, website, boris).user_id == website
    assert profile(db, anna).user_id == website


def test_two_accounts_on_one_platform_are_refused(db: Connection, anna: int, boris: int) -> None:
    other = get_user(db, "7")
    redeem(db, create_code(db, "7"), "a@example.org", "website")
    with refused(db, "TL002") as caught:
        merge(db, other, anna)
    assert "telegram" in str(caught.value)
    assert profile(db, anna).user_id == anna


def test_an_unknown_member_is_refused(db: Connection, anna: int) -> None:
    for pair in ((anna, 999), (999, anna), (None, anna), (anna, None)):
        with refused(db, "TU001"):
            merge(db, *pair)


def test_a_stricter_isolation_is_refused(db: Connection, database_url: str) -> None:
    one, two = get_user(db, "1"), get_user(db, "2", "discord")
    db.execute("SET default_transaction_isolation = 'repeatable read'")
    with refused(db, "0A000"):
        merge(db, one, two)


def test_an_administrator_merges_and_no_program_does(db: Connection, anna: int, boris: int) -> None:
    for role in ("ttfd_telegram", "ttfd_discord", "ttfd_website", "ttfd_worker"):
        with acting_as(db, role), refused(db, "42501"):
            merge(db, anna, boris)
    with acting_as(db, "ttfd_admin"):
        assert merge(db, anna, boris).status == "merged"


def test_the_journal_holds_no_names_and_no_external_ids(db: Connection) -> None:
    one = get_user(db, "70001", username="anna_of_telegram")
    two = get_user(db, "anna@example.org", "website", username="anna_of_website")
    merge(db, one, two)
    kept = [str(line) for line in rows(db, "SELECT m::text AS line FROM ttfd.user_merges m")]
    kept += [str(line) for line in rows(db, "SELECT a::text AS line FROM ttfd.audit_log a")]
    kept += [str(line) for line in rows(db, "SELECT data::text AS line FROM ttfd.cross_platform_events")]
    assert not [line for line in kept if "anna" in line or "70001" in line]


def test_every_column_of_a_user_is_known_to_the_merge(db: Connection) -> None:
    """A new column has to be moved, bettered, or listed here as staying with its user."""
    stays = {"id", "rank_id", "rank_xp", "next_rank_xp", "is_listed", "time_zone", "merged_into", "forgotten_at"}
    shown = {"telegram_id", "discord_id", "website_email", "username", "display_name", "platforms", "primary_platform"}
    moved = value(db, "SELECT prosrc FROM pg_proc WHERE proname = 'move_progress'")
    bettered = value(db, "SELECT prosrc FROM pg_proc WHERE proname = 'take_best'")
    restored = value(db, "SELECT prosrc FROM pg_proc WHERE proname = 'restore_best'")
    carried = value(db, "SELECT prosrc FROM pg_proc WHERE proname = 'add_season_score'") + value(
        db, "SELECT prosrc FROM pg_proc WHERE proname = 'keep_past_seasons'"
    )
    columns = {
        name
        for (name,) in db.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'ttfd.unified_users'::regclass"
            " AND attnum > 0 AND NOT attisdropped"
        )
    }
    assert {name for name in columns if f" {name} = " in moved + bettered + carried} == columns - stays - shown
    assert {name for name in columns if f" {name} = " in bettered} <= {
        name for name in columns if f" {name} = " in restored
    }


def test_a_batch_that_waited_for_a_merge_applies_to_the_survivor(db: Connection, database_url: str) -> None:
    one, two = get_user(db, "1"), get_user(db, "2", "discord")
    record_event(db, "game_played", {"xp": 10}, external_id="2", platform="discord")
    with psycopg.connect(database_url) as holder:
        merge(holder, one, two)
        batch = while_blocked(database_url, holder, process_events)
    assert batch.failed == 0
    process_all(db)
    assert profile(db, one).xp == 10
    assert violations(db) == []


def test_a_batch_that_waited_for_an_undo_applies_to_whom_it_was_sent_for(db: Connection, database_url: str) -> None:
    one, two = get_user(db, "1"), get_user(db, "2", "discord")
    record_event(db, "game_played", {"xp": 10}, external_id="2", platform="discord")
    merge_id = merge(db, one, two).merge_id
    with psycopg.connect(database_url) as holder:
        undo(holder, merge_id)
        while_blocked(database_url, holder, process_events)
    process_all(db)
    assert (profile(db, one).xp, profile(db, two).xp) == (0, 10)
    assert violations(db) == []


def test_an_event_that_waited_for_a_merge_goes_to_the_survivor(db: Connection, database_url: str) -> None:
    one, two = get_user(db, "1"), get_user(db, "2", "discord")
    with psycopg.connect(database_url) as holder:
        merge(holder, one, two)
        outcome = while_blocked(database_url, holder, lambda own: apply_event(own, external_id="2", platform="discord"))
    assert outcome.user_id == one
    assert violations(db) == []


def test_a_merge_that_waited_for_another_one_goes_to_the_survivor(db: Connection, database_url: str) -> None:
    one, two, three = get_user(db, "1"), get_user(db, "2", "discord"), get_user(db, "a@example.org", "website")
    with psycopg.connect(database_url) as holder:
        merge(holder, one, two)
        found = while_blocked(database_url, holder, lambda own: merge(own, two, three))
    assert (found.status, found.user_id) == ("merged", one)
    assert violations(db) == []


def test_a_new_name_that_waited_for_a_merge_is_shown_or_waits_for_the_next_time(
    db: Connection, database_url: str
) -> None:
    one, two = get_user(db, "1"), get_user(db, "2", "discord", "boris")
    with psycopg.connect(database_url) as holder:
        merge(holder, one, two)
        while_blocked(database_url, holder, lambda own: get_user(own, "2", "discord", "boris_2"))
    assert profile(db, one).username == "boris_2"
    assert violations(db) == []
