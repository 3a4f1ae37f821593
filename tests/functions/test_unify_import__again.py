"""unify_import meets what is there: data that came before, and present members."""

from calls import Connection, apply_event, get_user, process_all, profile, rows, set_time, value, violations
from legacy_records import add_rows, conflicts, load, owner, run, snapshot, unify


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


def test_a_run_that_leaves_a_part_out_takes_nothing_back(db: Connection) -> None:
    first = load(db, discord=[{"id": "9", "xp": 100}])
    add_rows(db, first, "discord", "voice", [{"id": "9", "total_voice_time": 600}])
    unify(db, first)
    run(db, discord=[{"id": "9", "xp": 130}])
    member = profile(db, owner(db, "discord", "9"))
    assert (member.xp, member.total_voice_time) == (130, 600)
    assert violations(db) == []
