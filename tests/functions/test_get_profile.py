import pytest

from calls import Connection, apply_event, get_user, profile, refused


def test_a_profile_shows_the_way_to_the_next_rank(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "xp_change", {"xp": 600})
    seen = profile(db, user_id)
    assert (seen.xp, seen.rank_id, seen.rank_name, seen.rank_color) == (600, 2, "F II", "#7f8c8d")
    assert (seen.rank_xp, seen.next_rank_xp, seen.highest_rank_id) == (500, 1250, 2)


def test_there_is_no_next_rank_at_the_top(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "xp_change", {"xp": 60000})
    seen = profile(db, user_id)
    assert (seen.rank_name, seen.rank_xp, seen.next_rank_xp) == ("S II", 52250, None)


def test_a_profile_shows_the_counters(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "message_sent")
    apply_event(db, "message_sent")
    apply_event(db, "voice_time", {"seconds": 90})
    apply_event(db, "game_played", {"won": True, "xp": 1})
    apply_event(db, "game_played", {"won": False, "xp": 1})
    seen = profile(db, user_id)
    assert (seen.messages_sent, seen.total_voice_time, seen.games_played, seen.games_won) == (2, 90, 2, 1)


def test_a_merged_member_leads_to_the_survivor(db: Connection) -> None:
    survivor, merged = get_user(db, "1"), get_user(db, "2", "discord")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert profile(db, merged).user_id == survivor


@pytest.mark.parametrize("user_id", [0, -1, 999, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        profile(db, user_id)
