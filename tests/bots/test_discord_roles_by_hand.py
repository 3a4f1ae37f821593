"""Roles on Discord: what people do by hand is respected, and told apart from what the bot does."""

from functools import partial
from pathlib import Path

import psycopg
import pytest
from discord_chat import Chat, chat
from discord_roles import by_hand, changes, has_done, has_heard, has_roles, hearing, reach, reward, roles_of
from discord_server import (
    ANNA,
    BORIS,
    LOW_ROLE,
    FakeDiscord,
    member,
    until,
)
from outage import outage

from calls import Connection, value


def test_a_role_that_was_taken_by_hand_is_not_given_again_until_it_is_given_by_hand(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    reach(db)
    removed = "SELECT count(*) FROM ttfd.removed_roles"

    async def story(talk: Chat) -> None:
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)
        await by_hand(talk, ANNA, [LOW_ROLE])  # as Discord tells of what the bot has done
        await by_hand(talk, ANNA, [])
        assert value(db, removed) == 1
        await roles_of(talk).mend_everybody()
        assert changes(talk.discord) == [("PUT", ANNA, LOW_ROLE)]
        await by_hand(talk, ANNA, [LOW_ROLE])
        assert value(db, removed) == 0

    chat(database_url, tmp_path, story)


def test_what_was_taken_by_hand_while_the_bot_was_away_is_not_given_again(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    reach(db)
    fake = FakeDiscord()
    removed = "SELECT count(*) FROM ttfd.removed_roles"

    async def before(talk: Chat) -> None:
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)

    async def after(talk: Chat) -> None:
        await until(lambda: value(db, removed) == 1)
        await roles_of(talk).mend_everybody()

    chat(database_url, tmp_path, before, fake)
    chat(database_url, tmp_path, after, fake)  # Anna has no roles
    assert changes(fake) == [("PUT", ANNA, LOW_ROLE)]


def test_what_was_taken_by_hand_while_the_database_was_away_is_not_given_again(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttfd.bots.database._WAIT_SECONDS", 0.3)
    monkeypatch.setattr("ttfd.discord.roles._RETRY_SECONDS", 0.1)
    reward(db, LOW_ROLE)
    reach(db)
    fake = FakeDiscord()
    fake.members[ANNA] = member(ANNA, [LOW_ROLE])

    async def story(talk: Chat) -> None:
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)
        with outage(database_url):
            await by_hand(talk, ANNA, [])
        with psycopg.connect(database_url, autocommit=True) as again:
            await until(lambda: value(again, "SELECT count(*) FROM ttfd.removed_roles") == 1)

    chat(database_url, tmp_path, story, fake)
    assert changes(fake) == []


def test_a_role_that_came_and_went_with_a_rank_comes_again_with_it(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    fake = FakeDiscord()

    def has_happened(method: str, times: int) -> bool:
        return [change[0] for change in changes(fake)].count(method) >= times

    async def story(talk: Chat) -> None:
        for xp, method, times, roles in [
            (500, "PUT", 1, [LOW_ROLE]),
            (-400, "DELETE", 1, []),
            (500, "PUT", 2, [LOW_ROLE]),
        ]:
            reach(db, xp)
            await until(partial(has_happened, method, times))
            await talk.discord.set_roles(ANNA, roles)

    chat(database_url, tmp_path, story, fake)
    assert value(db, "SELECT count(*) FROM ttfd.removed_roles") == 0


def test_a_role_that_is_given_while_its_taking_is_being_heard_of_is_not_taken_for_removed_by_hand(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    """The library knows what Discord tells a moment before the bot hears of it."""
    reward(db, LOW_ROLE)
    reach(db)

    async def story(talk: Chat) -> None:
        may_hear = hearing(talk)
        await until(lambda: has_done(talk, "PUT"))
        await by_hand(talk, ANNA, [LOW_ROLE])
        reach(db, -400)
        await until(lambda: has_done(talk, "PUT", "DELETE"))
        may_hear.clear()
        await talk.discord.set_roles(ANNA, [])
        await until(lambda: has_roles(talk, ANNA, []))
        reach(db)
        await until(lambda: has_done(talk, "PUT", "DELETE", "PUT"))
        may_hear.set()
        await by_hand(talk, ANNA, [LOW_ROLE])

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT count(*) FROM ttfd.removed_roles") == 0


def test_a_role_that_is_taken_while_its_giving_is_being_heard_of_is_not_taken_for_removed_by_hand(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    reach(db)

    async def story(talk: Chat) -> None:
        may_hear = hearing(talk)
        may_hear.clear()
        await until(lambda: has_done(talk, "PUT"))
        await talk.discord.set_roles(ANNA, [LOW_ROLE])
        await until(lambda: has_roles(talk, ANNA, [LOW_ROLE]))
        reach(db, -400)
        await until(lambda: has_done(talk, "PUT", "DELETE"))
        may_hear.set()
        await until(has_heard)
        reach(db)
        await by_hand(talk, ANNA, [])
        await until(lambda: has_done(talk, "PUT", "DELETE", "PUT"))

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT count(*) FROM ttfd.removed_roles") == 0


def test_what_the_bot_itself_takes_is_not_taken_for_a_removal_by_hand(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    reach(db, 100, BORIS)
    fake = FakeDiscord()
    fake.members[BORIS] = member(BORIS, [LOW_ROLE])

    async def story(talk: Chat) -> None:
        await until(lambda: changes(fake) == [("DELETE", BORIS, LOW_ROLE)])
        reach(db, 500, BORIS)
        await roles_of(talk).mend_everybody()  # the role is there still, as far as the library knows
        await talk.discord.set_roles(BORIS, [])
        await until(lambda: ("PUT", BORIS, LOW_ROLE) in changes(fake))

    chat(database_url, tmp_path, story, fake)
    assert value(db, "SELECT count(*) FROM ttfd.removed_roles") == 0


def test_roles_that_are_nobodys_business_are_left_alone(db: Connection, database_url: str, tmp_path: Path) -> None:
    reach(db)
    fake = FakeDiscord()
    fake.members[ANNA] = member(ANNA, [LOW_ROLE])

    async def story(talk: Chat) -> None:
        await roles_of(talk).mend_everybody()
        await by_hand(talk, ANNA, [])

    chat(database_url, tmp_path, story, fake)
    assert changes(fake) == []
    assert value(db, "SELECT count(*) FROM ttfd.removed_roles") == 0
