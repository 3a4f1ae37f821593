import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    profile,
    record_event,
    refused,
    set_time,
    value,
    violations,
)
from links import audited, create_code, merge, redeem, set_user, state, told, undo, unlink

Pair = tuple[int, int]


def discord_event(db: Connection, event_type: str, data: object = None) -> None:
    apply_event(db, event_type, data, external_id="2", platform="discord")


@pytest.fixture
def pair(db: Connection) -> Pair:
    """Two members who differ in everything, and share windows."""
    set_time(db, "2026-03-01 12:00Z")
    for platform, external_id in (("telegram", "1"), ("discord", "2")):
        for event_type, data in (("message_sent", None), ("voice_time", {"seconds": 4000}), ("xp_change", {"xp": 700})):
            apply_event(db, event_type, data, external_id=external_id, platform=platform)
    set_time(db, "2026-03-01 12:05Z")
    apply_event(db, "message_sent")
    apply_event(db, "game_played", {"xp": 1, "coins": 9, "won": True})
    set_time(db, "2026-03-01 12:07Z")
    discord_event(db, "message_sent")
    discord_event(db, "coins_change", {"coins": 50})
    anna, boris = get_user(db, "1", username="anna"), get_user(db, "2", "discord", username="boris")
    redeem(db, create_code(db, "2", "discord"), "b@example.org", "website")
    set_user(db, anna, achievements=["a", "c"], daily_streak=2, last_daily="2026-03-01", time_zone="Europe/Moscow")
    set_user(db, boris, achievements=["c", "b"], daily_streak=4, last_daily="2026-02-28", created_at="2020-01-01Z")
    set_user(db, boris, highest_rank_id=8, primary_platform="website", season_id=2)
    set_user(db, boris, season_xp=40)
    db.execute(
        "INSERT INTO ttfd.boosts (factor, starts_at, ends_at, user_id) VALUES (3, '2020-03-01Z', '2020-03-02Z', %s)",
        [boris],
    )
    db.execute("SELECT ttfd.project_accounts(ARRAY[%s::bigint])", [boris])
    return anna, boris


def both(db: Connection, pair: Pair) -> list[object]:
    return [state(db, user_id) for user_id in pair]


def test_both_are_as_they_were(db: Connection, pair: Pair) -> None:
    before = both(db, pair)
    merge_id = merge(db, *pair).merge_id
    assert both(db, pair) != before
    process_all(db)
    found = undo(db, merge_id)
    assert both(db, pair) == before
    assert (found.merge_id, found.into_id, found.from_id) == (merge_id, *pair)
    process_all(db)
    assert violations(db) == []


def test_merging_and_undoing_the_other_way_round_too(db: Connection, pair: Pair) -> None:
    before = both(db, pair)
    undo(db, merge(db, pair[1], pair[0]).merge_id)
    assert both(db, pair) == before


def test_what_was_earned_since_stays_with_the_survivor(db: Connection, pair: Pair) -> None:
    anna, boris = profile(db, pair[0]), profile(db, pair[1])
    merge_id = merge(db, *pair).merge_id
    discord_event(db, "game_played", {"xp": 10, "coins": 1, "won": True})
    apply_event(db, "voice_time", {"seconds": 400})
    undo(db, merge_id)
    seen = profile(db, pair[0])
    assert (seen.xp, seen.coins) == (anna.xp + 30, anna.coins + 1)
    assert (seen.games_played, seen.total_voice_time) == (anna.games_played + 1, anna.total_voice_time + 400)
    assert profile(db, pair[1]) == boris
    assert apply_event(db, "voice_time", {"seconds": 80000}).xp == 600 - 200 - 20
    assert violations(db) == []


def test_what_waits_goes_back_to_whom_it_was_sent_for(db: Connection, pair: Pair) -> None:
    anna, boris = profile(db, pair[0]), profile(db, pair[1])
    record_event(db, "game_played", {"xp": 7}, external_id="2", platform="discord")
    merge_id = merge(db, *pair).merge_id
    record_event(db, "game_played", {"xp": 9}, external_id="2", platform="discord")
    undo(db, merge_id)
    process_all(db)
    assert (profile(db, pair[0]).xp, profile(db, pair[1]).xp) == (anna.xp + 9, boris.xp + 7)
    assert violations(db) == []


def test_achievements_and_streaks_of_the_time_between_stay(db: Connection, pair: Pair) -> None:
    merge_id = merge(db, *pair).merge_id
    db.execute("UPDATE ttfd.unified_users SET achievements = achievements || '{d}'::text[] WHERE id = %s", [pair[0]])
    set_user(db, pair[0], daily_streak=5, last_daily="2026-03-02")
    undo(db, merge_id)
    seen = profile(db, pair[0])
    assert (seen.achievements, seen.daily_streak, seen.last_daily.isoformat()) == (["a", "c", "d"], 5, "2026-03-02")


def test_a_rank_that_the_merge_had_hidden_is_paid_once_when_own_xp_holds_it(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 400})
    discord_event(db, "xp_change", {"xp": 5000})
    anna, boris = get_user(db, "1"), get_user(db, "2", "discord")
    merge_id = merge(db, anna, boris).merge_id
    apply_event(db, "xp_change", {"xp": 200})
    undo(db, merge_id)
    seen = profile(db, anna)
    assert (seen.xp, seen.rank_id, seen.highest_rank_id, seen.coins) == (600, 2, 2, 50)
    apply_event(db, "xp_change", {"xp": -300})
    apply_event(db, "xp_change", {"xp": 300})
    assert profile(db, anna).coins == 50
    assert violations(db) == []


def test_a_rank_reached_while_merged_stays_settled(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 400})
    discord_event(db, "xp_change", {"xp": 5000})
    anna, boris = get_user(db, "1"), get_user(db, "2", "discord")
    merge_id = merge(db, anna, boris).merge_id
    apply_event(db, "xp_change", {"xp": 2000})
    assert profile(db, anna).highest_rank_id == 7
    undo(db, merge_id)
    seen = profile(db, anna)
    assert (seen.xp, seen.highest_rank_id, seen.coins) == (2400, 7, 400)
    assert violations(db) == []


@pytest.mark.parametrize("ladder", ["xp_between", "ladder_between"])
def test_ranks_are_sound_after_undoing_within_one_rank(db: Connection, ladder: str) -> None:
    apply_event(db, "xp_change", {"xp": 400})
    discord_event(db, "xp_change", {"xp": 200})
    merge_id = merge(db, get_user(db, "1"), get_user(db, "2", "discord")).merge_id
    if ladder == "xp_between":
        apply_event(db, "xp_change", {"xp": 400})
    else:
        db.execute("UPDATE ttfd.ranks SET required_xp = 300 WHERE id = 2")
    undo(db, merge_id)
    assert violations(db) == []


def test_undoing_twice_gives_the_same_answer_and_does_nothing(db: Connection, pair: Pair) -> None:
    merge_id = merge(db, *pair).merge_id
    first = undo(db, merge_id)
    after = both(db, pair)
    set_time(db, "2027-01-01Z")
    assert undo(db, merge_id) == first
    assert both(db, pair) == after
    assert len(told(db, "merge_undone")) == 2


def test_it_is_told_to_both_and_audited(db: Connection, pair: Pair) -> None:
    anna, boris = profile(db, pair[0]), profile(db, pair[1])
    merge_id = merge(db, *pair).merge_id
    undo(db, merge_id)
    assert [(user_id, xp, coins) for user_id, _, xp, coins in told(db, "merge_undone")] == [
        (anna.user_id, -boris.xp, -boris.coins),
        (boris.user_id, boris.xp, boris.coins),
    ]
    data = told(db, "merge_undone")[0][1]
    assert data["platforms"] == ["telegram", "discord", "website"]
    assert [line["merge_id"] for line in audited(db, "merge_undone")] == [merge_id]


@pytest.mark.parametrize(("moment", "in_time"), [("2026-03-08 12:07Z", True), ("2026-03-08 12:07:01Z", False)])
def test_seven_days_are_the_limit(db: Connection, pair: Pair, moment: str, in_time: bool) -> None:
    merge_id = merge(db, *pair).merge_id
    set_time(db, moment)
    if in_time:
        undo(db, merge_id)
    else:
        with refused(db, "TM001"):
            undo(db, merge_id)


@pytest.mark.parametrize(("kept", "works"), [(0, True), (-1, False)])
def test_coins_that_were_spent_are_not_given_back(db: Connection, pair: Pair, kept: int, works: bool) -> None:
    own = profile(db, pair[0]).coins
    merge_id = merge(db, *pair).merge_id
    apply_event(db, "coins_change", {"coins": kept - own})
    after = both(db, pair)
    if works:
        undo(db, merge_id)
        assert profile(db, pair[0]).coins == 0
    else:
        with refused(db, "TM002"):
            undo(db, merge_id)
        assert both(db, pair) == after
        apply_event(db, "coins_change", {"coins": 1})
        undo(db, merge_id)


def test_xp_that_was_taken_away_is_not_given_back(db: Connection, pair: Pair) -> None:
    own = profile(db, pair[0]).xp
    merge_id = merge(db, *pair).merge_id
    apply_event(db, "xp_change", {"xp": -own - 1})
    with refused(db, "TM002"):
        undo(db, merge_id)


def test_later_merges_are_undone_first_and_signposts_find_back(db: Connection, pair: Pair) -> None:
    third = get_user(db, "9", "telegram")
    redeem(db, create_code(db, "9"), "8", "discord")
    unlink(db, third, "telegram")
    anna, boris = pair
    unlink(db, boris, "discord")
    before = [*both(db, pair), state(db, third)]
    first = merge(db, anna, boris).merge_id
    between = [*both(db, pair), state(db, third)]
    second = merge(db, third, anna).merge_id
    with refused(db, "TM001") as caught:
        undo(db, first)
    assert str(second) in (caught.value.diag.message_hint or "")
    undo(db, second)
    assert [*both(db, pair), state(db, third)] == between
    undo(db, first)
    assert [*both(db, pair), state(db, third)] == before


def test_a_survivor_of_two_merges_gives_them_back_in_turn(db: Connection, pair: Pair) -> None:
    third = get_user(db, "c@example.org", "website")
    anna, boris = pair
    unlink(db, boris, "website")
    before = [*both(db, pair), state(db, third)]
    first, second = merge(db, anna, boris).merge_id, merge(db, anna, third).merge_id
    with refused(db, "TM001"):
        undo(db, first)
    undo(db, second)
    undo(db, first)
    assert [*both(db, pair), state(db, third)] == before


def test_a_merge_that_was_undone_is_no_obstacle(db: Connection, pair: Pair) -> None:
    before = both(db, pair)
    for _ in range(3):
        undo(db, merge(db, *pair).merge_id)
        undo(db, merge(db, pair[1], pair[0]).merge_id)
    assert both(db, pair) == before


@pytest.mark.parametrize("platform", ["telegram", "discord"])
def test_without_its_accounts_nobody_gets_a_user_back(db: Connection, pair: Pair, platform: str) -> None:
    merge_id = merge(db, *pair).merge_id
    unlink(db, pair[0], platform)
    with refused(db, "TM001"):
        undo(db, merge_id)
    assert violations(db) == []


def test_another_account_in_the_place_of_the_moved_one_stays_where_it_is(db: Connection, pair: Pair) -> None:
    merge_id = merge(db, *pair).merge_id
    unlink(db, pair[0], "discord")
    set_time(db, "2026-03-01 13:00Z")
    redeem(db, create_code(db), "77", "discord")
    with refused(db, "TM001"):
        undo(db, merge_id)
    assert get_user(db, "77", "discord") == pair[0]


@pytest.mark.parametrize("merge_id", [0, 999, None])
def test_an_unknown_merge_is_refused(db: Connection, merge_id: int | None) -> None:
    with refused(db, "P0002"):
        undo(db, merge_id)


def test_the_website_undoes_for_its_member_and_an_administrator_for_anybody(db: Connection) -> None:
    merge_id = merge(db, get_user(db, "1"), get_user(db, "2", "discord")).merge_id
    with acting_as(db, "ttfd_website"), refused(db, "42501"):
        undo(db, merge_id)
    with acting_as(db, "ttfd_admin"):
        undo(db, merge_id)
    assert value(db, "SELECT count(*) FROM ttfd.unified_users WHERE merged_into IS NOT NULL") == 0
