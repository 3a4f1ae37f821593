"""What is announced to whom, once for each platform, and how little after an outage."""

import uuid
from typing import Any

import pytest

from announcements import READER, confirm, kinds, read
from calls import (
    Connection,
    acting_as,
    apply_event,
    enable_achievements,
    get_user,
    process_all,
    refused,
    row,
    rows,
    set_time,
    value,
)
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]

NOON = "2026-03-01 12:00:00+00"


@pytest.fixture(autouse=True)
def begun(db: Connection) -> None:
    """The first reading begins at the head."""
    set_time(db, NOON)
    read(db)


def reach(db: Connection, xp: int, external_id: str = "1", platform: str = "telegram") -> None:
    apply_event(db, "xp_change", {"xp": xp}, external_id=external_id, platform=platform)
    process_all(db)


def prefer(db: Connection, announcements: str, external_id: str = "1") -> None:
    get_user(db, external_id)
    db.execute("SELECT ttfd.set_announcements('telegram', %s, %s)", [external_id, announcements])


def link(db: Connection, telegram_id: str = "1", discord_id: str = "1") -> Any:
    code = value(db, "SELECT code FROM ttfd.create_link_code('telegram', %s)", telegram_id)
    return row(db, "SELECT * FROM ttfd.redeem_link_code(%s, 'discord', %s)", code, discord_id)


def test_the_first_reading_begins_at_the_head(db: Connection) -> None:
    reach(db, 500)
    assert read(db, "discord") == []
    reach(db, 1000)
    get_user(db, "9", "discord")
    assert kinds(read(db)) == [("rank_up", "1"), ("rank_up", "1")]


def test_a_rank_is_told_to_its_member_with_what_the_text_needs(db: Connection) -> None:
    get_user(db, username="anna")
    db.execute("SELECT ttfd.set_language('telegram', '1', 'ru')")
    reach(db, 500)
    (told,) = read(db)
    assert (told.event_type, told.external_id, told.display_name, told.language) == ("rank_up", "1", "anna", "ru")
    assert (told.audience, told.coins, told.data["rank_name"]) == ("private", 50, "F II")


def test_what_was_confirmed_does_not_come_again_and_the_rest_does(db: Connection) -> None:
    reach(db, 500)
    reach(db, 500, "2")
    first, second = read(db)
    assert confirm(db, first.position)
    assert read(db) == [second]
    assert confirm(db, second.position)
    assert read(db) == []


def test_who_has_no_account_on_the_platform_is_not_told_there(db: Connection) -> None:
    read(db, "discord")
    reach(db, 500)
    assert read(db, "discord") == []


def test_each_platform_tells_for_itself(db: Connection) -> None:
    get_user(db)
    link(db)
    read(db, "discord")
    reach(db, 500)
    on_telegram, on_discord = read(db)[-1], read(db, "discord")[-1]
    assert on_telegram.position == on_discord.position
    confirm(db, on_telegram.position)
    assert kinds(read(db, "discord"))[-1] == ("rank_up", "1")


def test_achievements_come_with_their_titles_in_both_languages(db: Connection) -> None:
    enable_achievements(db)
    apply_event(db, "game_played", {"won": True})
    process_all(db)
    (told,) = (told for told in read(db) if told.event_type == "achievement_unlock")
    title = row(db, "SELECT title_ru, title_en FROM ttfd.achievements WHERE name = %s", told.data["achievements"][0])
    assert (told.data["titles_ru"][0], told.data["titles_en"][0]) == tuple(title)


@pytest.mark.parametrize(("preferred", "places"), [("off", []), ("private", ["private"]), ("public", ["public"])])
def test_a_member_decides_whether_and_where(db: Connection, preferred: str, places: list[str]) -> None:
    prefer(db, preferred)
    reach(db, 500)
    assert [told.audience for told in read(db)] == places


def test_what_concerns_accounts_is_never_public(db: Connection) -> None:
    prefer(db, "public")
    link(db)
    process_all(db)
    assert {(told.event_type, told.audience) for told in read(db)} == {("account_linked", "private")}


def test_what_happens_to_accounts_is_told_to_whoever_wants_to_hear_nothing_else(db: Connection) -> None:
    prefer(db, "off")
    reach(db, 500)
    reach(db, 500, "7", "discord")
    user_id, merged = get_user(db), link(db, "1", "7")
    db.execute("SELECT ttfd.undo_merge(%s)", [merged.merge_id])
    link(db, "1", "8")
    db.execute("SELECT ttfd.unlink_account(%s, 'discord')", [user_id])
    process_all(db)
    told = [(one.event_type, one.audience) for one in read(db)]
    assert told == [
        (kind, "private") for kind in ("accounts_merged", "merge_undone", "account_linked", "account_unlinked")
    ]


def test_a_link_is_told_on_the_platforms_where_it_was_not_made(db: Connection) -> None:
    read(db, "discord")
    get_user(db)
    link(db)
    process_all(db)
    assert kinds(read(db)) == [("account_linked", "1")]
    assert read(db, "discord") == []


def test_a_merge_is_told_once_on_every_platform_and_its_undoing_to_both(db: Connection) -> None:
    reach(db, 100)
    reach(db, 100, "7", "discord")
    for platform in ("telegram", "discord"):
        read(db, platform)
    merge = link(db, "1", "7")
    process_all(db)
    assert kinds(read(db)) == [("accounts_merged", "1")]
    assert kinds(read(db, "discord")) == [("accounts_merged", "7")]
    db.execute("SELECT ttfd.undo_merge(%s)", [merge.merge_id])
    process_all(db)
    assert kinds(read(db))[-1] == ("merge_undone", "1")
    assert kinds(read(db, "discord"))[-1] == ("merge_undone", "7")


def test_what_happened_to_a_member_who_was_merged_is_told_to_the_survivor(db: Connection) -> None:
    reach(db, 100)
    reach(db, 600, "7", "discord")
    link(db, "1", "7")
    process_all(db)
    assert ("rank_up", "1") in kinds(read(db))


def test_the_community_is_told_of_seasons(db: Connection) -> None:
    apply_event(db, "game_played", {"xp": 50})
    season_id = value(db, "SELECT season_id FROM ttfd.start_season('One', %s)", NOON)
    set_time(db, "2026-03-01 12:01:00+00")
    db.execute("SELECT ttfd.tend_seasons()")
    apply_event(db, "game_played", {"xp": 50})
    process_all(db)
    db.execute("SELECT ttfd.close_season(%s)", [season_id])
    process_all(db)
    found = {told.event_type: told for told in read(db)}
    assert {"season_closed", "season_reward"} <= set(found)
    closed = found["season_closed"]
    assert (closed.user_id, closed.external_id, closed.audience) == (0, None, "public")
    assert closed.data["winner_names"] == [None]
    assert found["season_reward"].external_id == "1"


def test_a_place_that_paid_nothing_is_not_told(db: Connection) -> None:
    db.execute("DELETE FROM ttfd.season_rewards")
    season_id = value(db, "SELECT season_id FROM ttfd.start_season('One', %s)", NOON)
    set_time(db, "2026-03-01 12:01:00+00")
    apply_event(db, "game_played", {"xp": 50})
    process_all(db)
    db.execute("SELECT ttfd.close_season(%s)", [season_id])
    process_all(db)
    assert {told.event_type for told in read(db)} == {"season_closed"}


def test_messages_are_announced_to_nobody_and_the_cursor_passes_over_them(db: Connection) -> None:
    for _ in range(3):
        apply_event(db)
    process_all(db)
    assert read(db) == []
    head = value(db, "SELECT head FROM ttfd.feed_state()")
    assert value(db, "SELECT position FROM ttfd.announcement_cursors WHERE platform = 'telegram'") == head


def test_after_an_outage_only_the_newest_of_a_kind_is_told_to_each_member_and_privately(db: Connection) -> None:
    for external_id in ("1", "2"):
        prefer(db, "public", external_id)
        for xp in (500, 750, 1000):
            reach(db, xp, external_id)
    link(db)
    process_all(db)
    assert len(read(db)) == 7
    set_time(db, "2026-03-01 12:15:01+00")
    old = read(db)
    assert kinds(old) == [("rank_up", "1"), ("rank_up", "2"), ("account_linked", "1")]
    assert {told.data["to_rank_id"] for told in old if told.event_type == "rank_up"} == {4}
    assert {told.audience for told in old} == {"private"}


def test_after_an_outage_what_is_not_told_hides_nothing_that_is(db: Connection) -> None:
    db.execute("DELETE FROM ttfd.season_rewards")
    season_id = value(db, "SELECT season_id FROM ttfd.start_season('One', %s)", NOON)
    set_time(db, "2026-03-01 12:01:00+00")
    apply_event(db, "game_played", {"xp": 50})
    reach(db, 500)
    db.execute("SELECT ttfd.close_season(%s)", [season_id])
    process_all(db)
    set_time(db, "2026-03-01 12:20:00+00")
    assert kinds(read(db)) == [("rank_up", "1"), ("season_closed", None)]


def test_who_is_off_the_leaderboards_is_not_named_before_others(db: Connection) -> None:
    prefer(db, "public")
    db.execute("SELECT ttfd.set_hidden(%s, true)", [get_user(db)])
    reach(db, 500)
    assert [told.audience for told in read(db)] == ["private"]


def test_what_is_new_is_told_in_full_after_an_outage(db: Connection) -> None:
    for xp in (500, 750):
        reach(db, xp)
    set_time(db, "2026-03-01 12:20:00+00")
    for xp in (1000, 1250):
        reach(db, xp)
    assert [told.data["to_rank_id"] for told in read(db)] == [4, 5]


def test_what_is_older_than_a_week_is_not_told(db: Connection) -> None:
    reach(db, 500)
    set_time(db, "2026-03-08 12:00:01+00")
    assert read(db) == []


def test_one_process_announces_and_another_takes_over_when_it_is_gone(db: Connection) -> None:
    other = uuid.UUID(int=2)
    reach(db, 500)
    (told,) = read(db)
    assert read(db, reader=other) == []
    assert not confirm(db, told.position, reader=other)
    set_time(db, "2026-03-01 12:02:01+00")
    assert read(db, reader=other) == [told]
    assert read(db) == []
    assert not confirm(db, told.position), "who was slow does not confirm for the one who has taken over"
    assert confirm(db, told.position, reader=other)


def test_a_confirmation_renews_the_lease(db: Connection) -> None:
    reach(db, 500)
    (told,) = read(db)
    set_time(db, "2026-03-01 12:01:59+00")
    confirm(db, told.position)
    set_time(db, "2026-03-01 12:03:00+00")
    reach(db, 1000)
    assert read(db, reader=uuid.UUID(int=2)) == []


def test_a_confirmation_never_goes_back_nor_past_the_head(db: Connection) -> None:
    reach(db, 500)
    (told,) = read(db)
    confirm(db, told.position)
    confirm(db, 0)
    assert read(db) == []
    assert not confirm(db, told.position + 1_000_000)


def test_a_restored_database_is_announced_from_its_present_head(db: Connection) -> None:
    reach(db, 500)
    db.execute("UPDATE ttfd.feed_head SET epoch = gen_random_uuid()")
    assert read(db) == []
    reach(db, 1000)
    assert kinds(read(db)) == [("rank_up", "1")]


def test_a_long_backlog_is_read_in_slices_and_in_order(db: Connection) -> None:
    head = value(db, "SELECT head FROM ttfd.feed_state()")
    user_id = get_user(db)
    db.execute(
        "INSERT INTO ttfd.cross_platform_events_processed"
        " (id, user_id, event_type, source_platform, xp, coins, position, processed, data, occurred_at, processed_at)"
        " SELECT gen_random_uuid(), %s, CASE WHEN n IN (1, 45000) THEN 'rank_up' ELSE 'message_sent' END, 'system',"
        "        0, 0, %s + n, true, '{\"to_rank_id\": 2}', %s, %s FROM generate_series(1, 50000) n",
        [user_id, head, NOON, NOON],
    )
    db.execute("UPDATE ttfd.feed_head SET position = position + 50000")
    assert [told.position - head for told in read(db)] == [1]
    confirm(db, head + 1)
    assert [told.position - head for told in read(db)] == [45000]


def test_only_the_platform_itself_reads_and_confirms(db: Connection) -> None:
    for query in (
        "SELECT * FROM ttfd.take_announcements('telegram', %s)",
        "SELECT * FROM ttfd.confirm_announcements('telegram', %s, 1)",
    ):
        with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
            rows(db, query, READER)
    with refused(db, "TP001"):
        read(db, "nowhere")
