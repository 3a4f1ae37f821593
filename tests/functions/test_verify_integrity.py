"""Each way to break a community is named; a sound one is silent."""

import pytest

from calls import Connection, apply_event, get_user, process_all, put_pending, record_event, rows, violations


@pytest.fixture
def member(db: Connection) -> int:
    """A member with two accounts, a history and something that waits."""
    user_id = get_user(db, "1", username="anna")
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", user_id)
    apply_event(db, "xp_change", {"xp": 600})
    record_event(db, "game_played", {"xp": 10, "coins": 10})
    put_pending(db, 999)
    process_all(db)
    apply_event(db, "game_played", {"xp": 1})
    record_event(db)
    return user_id


def kinds(db: Connection) -> set[tuple[str, int | None]]:
    return {(kind, user_id) for kind, user_id, _, _ in violations(db)}


def test_a_sound_community_has_no_violation(db: Connection, member: int) -> None:
    assert violations(db) == []


def test_an_empty_community_has_no_violation(db: Connection) -> None:
    assert violations(db) == []


def test_a_balance_that_the_log_does_not_explain(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.unified_users SET coins = coins + 1")
    assert violations(db) == [("coins", member, "60", "61")]
    db.execute("UPDATE ttfd.unified_users SET coins = coins - 1, xp = xp - 1")
    assert violations(db) == [("xp", member, "611", "610")]


def test_a_changed_log(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.cross_platform_events SET xp = xp + 5 WHERE event_type = 'game_played' AND processed")
    assert violations(db) == [("xp", member, "616", "611")]


def test_an_event_missing_from_the_middle_of_the_log(db: Connection, member: int) -> None:
    db.execute("DELETE FROM ttfd.cross_platform_events WHERE event_type = 'xp_change'")
    assert kinds(db) == {("xp", member), ("feed", None)}


def test_an_event_missing_from_the_end_of_the_log(db: Connection, member: int) -> None:
    db.execute("DELETE FROM ttfd.cross_platform_events WHERE position = (SELECT head FROM ttfd.feed_state())")
    assert ("feed", None) in kinds(db)


def test_a_head_that_is_not_the_last_position(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.feed_head SET position = position + 1")
    assert kinds(db) == {("feed", None)}


def test_a_gap_in_the_feed(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.cross_platform_events SET position = 1000 WHERE position = 1")
    assert kinds(db) == {("feed", None)}


def test_grants_to_nobody(db: Connection, member: int) -> None:
    db.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, xp, coins)"
        " VALUES (gen_random_uuid(), 999, 'game_played', 'telegram', 5, 0)"
    )
    assert kinds(db) == {("orphan_events", 999)}


@pytest.mark.parametrize("column", ["rank_id", "rank_xp", "next_rank_xp"])
def test_a_rank_that_does_not_follow_xp(db: Connection, member: int, column: str) -> None:
    db.execute(f"UPDATE ttfd.unified_users SET {column} = {column} + 1")
    assert kinds(db) == {("rank", member)}


def test_a_highest_rank_below_the_present_one(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.unified_users SET highest_rank_id = 1")
    assert kinds(db) == {("rank", member)}


@pytest.mark.parametrize(
    "change",
    [
        "telegram_id = '7'",
        "discord_id = NULL",
        "website_email = 'x@example.org'",
        "platforms = '{telegram}'",
        "username = 'boris'",
        "display_name = 'Boris'",
        "primary_platform = 'website'",
    ],
)
def test_a_member_who_does_not_show_the_accounts(db: Connection, member: int, change: str) -> None:
    db.execute(f"UPDATE ttfd.unified_users SET {change}")
    assert kinds(db) == {("accounts", member)}


def test_a_member_without_an_account(db: Connection, member: int) -> None:
    db.execute("ALTER TABLE ttfd.platform_accounts DISABLE TRIGGER USER")
    db.execute("DELETE FROM ttfd.platform_accounts")
    assert ("no_account", member) in kinds(db)


def test_a_signpost_to_a_signpost(db: Connection, member: int) -> None:
    second, third = get_user(db, "2"), get_user(db, "3")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [second, third])
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [member, second])
    assert ("merged_twice", third) in kinds(db)


def test_two_who_point_at_each_other(db: Connection, member: int) -> None:
    second = get_user(db, "2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [second, member])
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [member, second])
    assert {("merged_twice", member), ("merged_twice", second)} <= kinds(db)


def test_a_merged_member_who_still_has_something(db: Connection, member: int) -> None:
    second = get_user(db, "2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [second, member])
    assert kinds(db) == {("merged_balance", member), ("merged_account", member)}


@pytest.mark.parametrize("shown", ["username = 'bert'", "platforms = '{}'", "discord_id = '5'", "telegram_id = NULL"])
def test_a_member_of_one_account_who_shows_another(db: Connection, shown: str) -> None:
    user_id = get_user(db, "1", username="anna")
    db.execute(f"UPDATE ttfd.unified_users SET {shown}")
    assert kinds(db) == {("accounts", user_id)}


def test_an_opening_balance_that_was_not_imported(db: Connection, member: int) -> None:
    db.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, xp, coins)"
        " VALUES (gen_random_uuid(), %s, 'opening_balance', 'telegram', 5, 7)",
        [member],
    )
    db.execute("UPDATE ttfd.unified_users SET xp = xp + 5, coins = coins + 7")
    assert kinds(db) == {("import", None)}


def test_an_import_without_an_opening_balance(db: Connection, member: int) -> None:
    run = rows(db, "SELECT * FROM ttfd.start_import('test')")[0].run_id
    db.execute(
        "INSERT INTO ttfd.import_balances"
        " (origin, part, platform, external_id, user_id, run_id,"
        " xp, coins, games_played, games_won, total_voice_time, messages_sent)"
        " VALUES ('telegram', 'users', 'telegram', '1', %s, %s, 5, 0, 0, 0, 0, 0)",
        [member, run],
    )
    assert kinds(db) == {("import", None)}


def test_an_event_that_waits_and_is_applied_too(db: Connection, member: int) -> None:
    db.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data)"
        " SELECT id, user_id, event_type, source_platform, data FROM ttfd.cross_platform_events_processed LIMIT 1"
    )
    assert violations(db) != []


def test_a_standing_that_is_not_the_members(db: Connection, member: int) -> None:
    db.execute("DELETE FROM ttfd.xp_standings")
    assert kinds(db) == {("standing", member)}


def test_a_standing_of_nobody(db: Connection, member: int) -> None:
    db.execute("INSERT INTO ttfd.xp_standings (minus_xp, since, user_id) VALUES (0, now(), 999)")
    assert kinds(db) == {("standing", 999)}


@pytest.mark.parametrize("metric", ["coins", "messages", "games"])
@pytest.mark.parametrize(
    "wrong", ["UPDATE ttfd.standings SET minus_value = minus_value - 1", "DELETE FROM ttfd.standings"]
)
def test_another_place_on_another_leaderboard(db: Connection, member: int, wrong: str, metric: str) -> None:
    process_all(db)
    db.execute(f"{wrong} WHERE board = ttfd.board_number('{metric}')")  # type: ignore[arg-type]
    assert kinds(db) == {("standing", member), ("count", None)}


def test_a_place_of_nobody_on_another_leaderboard(db: Connection, member: int) -> None:
    db.execute("INSERT INTO ttfd.standings (board, minus_value, since, user_id) VALUES (1, -5, now(), 999)")
    assert ("standing", 999) in kinds(db)


@pytest.mark.parametrize("table", ["board_counts", "xp_moves"])
def test_counts_that_are_not_the_members(db: Connection, member: int, table: str) -> None:
    column = "members[1]" if table == "board_counts" else "members"
    db.execute(f"UPDATE ttfd.{table} SET {column} = 7")
    assert kinds(db) == {("count", None)}
