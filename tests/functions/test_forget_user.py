"""forget_user: who it was is erased everywhere, and the sums stay."""

import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    new_id,
    process_all,
    refused,
    row,
    rows,
    value,
    violations,
)
from forgetting import NAMES, forget, make_anna
from whole_state import mentions, state, user_references

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


def test_why_a_balance_was_adjusted_is_erased(db: Connection) -> None:
    user_id = make_anna(db)
    db.execute("SELECT ttfd.adjust_balance(%s, %s, 0, 20, 'because of anna_secret')", [new_id(), user_id])
    forget(db, user_id)
    assert mentions(db, "anna_secret") == {}


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


def test_only_the_website_and_administrators_forget(db: Connection) -> None:
    ids = [get_user(db, external_id) for external_id in ("1", "2")]
    for role in ("ttfd_telegram", "ttfd_discord", "ttfd_worker", "ttfd_reader"):
        with acting_as(db, role), refused(db, "42501"):
            forget(db, ids[0])
    for role, user_id in zip(("ttfd_website", "ttfd_admin"), ids, strict=True):
        with acting_as(db, role):
            assert forget(db, user_id) == "forgotten"
