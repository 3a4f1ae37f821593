import psycopg
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
    together,
    violations,
)
from links import audited, create_code, merge, redeem, told, unlink


@pytest.fixture
def anna(db: Connection) -> int:
    """A member with Telegram and Discord and something earned on both."""
    redeem(db, create_code(db))
    apply_event(db, "game_played", {"xp": 10})
    apply_event(db, "game_played", {"xp": 20}, external_id="2", platform="discord")
    return get_user(db)


def test_the_member_keeps_everything_and_the_account_starts_anew(db: Connection, anna: int) -> None:
    record_event(db, "game_played", {"xp": 5}, external_id="2", platform="discord")
    assert tuple(unlink(db, anna)) == ("unlinked", anna)
    process_all(db)
    assert (profile(db, anna).xp, profile(db, anna).platforms) == (35, ["telegram"])
    fresh = get_user(db, "2", "discord")
    assert fresh != anna
    assert profile(db, fresh).xp == 0
    assert violations(db) == []


def test_time_in_voice_up_to_now_stays_with_the_member(db: Connection, anna: int) -> None:
    people = '[{"external_id": "2", "session_id": "a"}, {"external_id": "3", "session_id": "b"}]'
    for second in ("00", "40"):
        set_time(db, f"2026-03-01 12:00:{second}+00")
        db.execute("SELECT ttfd.report_voice('discord', 'c', false, %s)", [people])
    set_time(db, "2026-03-01 12:01:00+00")
    unlink(db, anna)
    db.execute("SELECT ttfd.report_voice('discord', 'c', false, %s)", [people])
    process_all(db)
    assert profile(db, anna).total_voice_time == 60
    assert profile(db, get_user(db, "2", "discord")).total_voice_time == 0
    assert violations(db) == []


def test_it_is_told_and_audited_without_an_id(db: Connection, anna: int) -> None:
    unlink(db, anna)
    assert told(db, "account_unlinked") == [(anna, {"platform": "discord", "platforms": ["telegram"]}, 0, 0)]
    assert audited(db, "account_unlinked") == [{"platform": "discord", "platforms": ["telegram"], "user_id": anna}]


def test_unlinking_again_says_that_it_is_not_linked(db: Connection, anna: int) -> None:
    unlink(db, anna)
    assert tuple(unlink(db, anna)) == ("not_linked", anna)


def test_the_last_account_stays(db: Connection, anna: int) -> None:
    unlink(db, anna, "telegram")
    with refused(db, "TL003"):
        unlink(db, anna, "discord")
    assert get_user(db, "2", "discord") == anna


def test_a_merged_member_stands_for_the_survivor(db: Connection, anna: int) -> None:
    survivor = get_user(db, "a@example.org", "website")
    merge(db, survivor, anna)
    assert tuple(unlink(db, anna)) == ("unlinked", survivor)


def test_an_unknown_member_or_platform_is_refused(db: Connection, anna: int) -> None:
    with refused(db, "TU001"):
        unlink(db, 999)
    with refused(db, "TU002"):
        unlink(db, anna, "irc")


@pytest.mark.parametrize("role", ["ttfd_discord", "ttfd_website", "ttfd_admin"])
def test_the_platform_the_website_and_administrators_may_unlink(db: Connection, anna: int, role: str) -> None:
    with acting_as(db, role):
        assert unlink(db, anna).status == "unlinked"


def test_discord_unlinks_nothing_of_telegram(db: Connection, anna: int) -> None:
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        unlink(db, anna, "telegram")


def test_of_two_unlinks_at_once_one_is_refused(db: Connection, database_url: str, anna: int) -> None:
    def attempt(own: Connection, platform: str) -> str:
        try:
            return str(unlink(own, anna, platform).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    answers = together(database_url, [lambda own, p=p: attempt(own, p) for p in ("telegram", "discord")])
    assert sorted(answers) == ["TL003", "unlinked"]
    assert violations(db) == []
