"""Roles on Discord: given and taken as the database says, whatever fails meanwhile."""

import asyncio
import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import discord
import pytest
from discord_chat import Chat, chat
from discord_roles import changes, reach, reward, roles_of
from discord_server import (
    ANNA,
    BORIS,
    GUILD_ID,
    HIGH_ROLE,
    LOW_ROLE,
    OWNER_ID,
    Call,
    FakeDiscord,
    Payload,
    member,
    until,
)

from calls import Connection, get_user, process_all, value
from coins import adjust, revert
from ttfd.discord.roles import Roles


def test_roles_are_given_and_taken_at_the_start(db: Connection, database_url: str, tmp_path: Path) -> None:
    reward(db, LOW_ROLE)
    reach(db)
    reach(db, 100, BORIS)
    fake = FakeDiscord()
    fake.members[BORIS] = member(BORIS, [LOW_ROLE])

    async def story(talk: Chat) -> None:
        await until(lambda: len(changes(fake)) == 2)
        await roles_of(talk).mend_everybody()

    chat(database_url, tmp_path, story, fake)
    assert {("PUT", ANNA, LOW_ROLE), ("DELETE", BORIS, LOW_ROLE)} <= set(changes(fake))


def test_a_server_that_comes_back_is_compared_at_once(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reward(db, LOW_ROLE)
    reach(db, 100, BORIS)
    mend, comparing = Roles.mend_everybody, 0

    async def mend_everybody(self: Roles) -> None:
        nonlocal comparing
        comparing += 1
        await mend(self)
        comparing -= 1

    monkeypatch.setattr(Roles, "mend_everybody", mend_everybody)
    follows = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ttfd listener'"

    async def story(talk: Chat) -> None:
        away = {"id": str(GUILD_ID), "unavailable": True}
        await until(lambda: value(db, follows))  # from here on it misses nothing by itself
        await until(lambda: not roles_of(talk)._missed.is_set() and not comparing)
        await talk.discord.dispatch("GUILD_DELETE", away)
        await until(lambda: talk.bot.guilds[0].unavailable)
        talk.discord.members[BORIS] = member(BORIS, [LOW_ROLE])
        await talk.discord.show_guild()
        await until(lambda: changes(talk.discord) == [("DELETE", BORIS, LOW_ROLE)])

    chat(database_url, tmp_path, story)


def test_a_new_rank_brings_its_role_at_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    reward(db, LOW_ROLE)

    async def story(talk: Chat) -> None:
        await talk.send("profile")
        await roles_of(talk).mend_everybody()
        reach(db)
        await until(lambda: ("PUT", ANNA, LOW_ROLE) in changes(talk.discord))

    chat(database_url, tmp_path, story)


def test_who_left_and_came_back_gets_the_roles_again(db: Connection, database_url: str, tmp_path: Path) -> None:
    reward(db, LOW_ROLE)
    reach(db)
    fake = FakeDiscord()

    async def before(talk: Chat) -> None:
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)

    async def after(talk: Chat) -> None:
        await until(lambda: len(changes(fake)) == 2)

    chat(database_url, tmp_path, before, fake)
    fake.members[ANNA]["joined_at"] = dt.datetime.now(dt.UTC).isoformat()
    chat(database_url, tmp_path, after, fake)
    assert changes(fake) == [("PUT", ANNA, LOW_ROLE)] * 2
    assert value(db, "SELECT count(*) FROM ttfd.removed_roles") == 0


def test_who_leaves_and_comes_back_while_the_bot_looks_gets_the_roles_again(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    reach(db)

    async def story(talk: Chat) -> None:
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)
        await roles_of(talk).mend_everybody()
        assert len(changes(talk.discord)) == 1, "it is on its way"
        again = {**member(ANNA), "joined_at": dt.datetime.now(dt.UTC).isoformat(), "guild_id": str(GUILD_ID)}
        await talk.discord.dispatch("GUILD_MEMBER_REMOVE", {"guild_id": str(GUILD_ID), "user": again["user"]})
        await talk.discord.dispatch("GUILD_MEMBER_ADD", again)
        await until(lambda: len(changes(talk.discord)) == 2)

    fake = chat(database_url, tmp_path, story)
    assert changes(fake) == [("PUT", ANNA, LOW_ROLE)] * 2


def test_an_account_that_is_unlinked_loses_at_once_what_it_was_given(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    reach(db)
    code = value(db, "SELECT code FROM ttfd.create_link_code('discord', %s)", str(ANNA))
    db.execute("SELECT ttfd.redeem_link_code(%s, 'telegram', '7')", [code])
    fake = FakeDiscord()
    fake.members[ANNA] = member(ANNA, [LOW_ROLE])

    async def story(talk: Chat) -> None:
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)
        await talk.send("unlink")
        await talk.press("Unlink this account")
        process_all(db)
        await until(lambda: changes(fake) == [("DELETE", ANNA, LOW_ROLE)])
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 0)

    chat(database_url, tmp_path, story, fake)


def test_a_rank_that_an_administrator_takes_and_gives_back_moves_its_role_at_once(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    reach(db)
    user_id = get_user(db, str(ANNA), "discord")
    fake = FakeDiscord()
    fake.members[ANNA] = member(ANNA, [LOW_ROLE])

    async def story(talk: Chat) -> None:
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)
        adjusted = adjust(db, user_id, xp=-400)
        process_all(db)
        await until(lambda: changes(fake) == [("DELETE", ANNA, LOW_ROLE)])
        await talk.discord.set_roles(ANNA, [])
        revert(db, adjusted.event_id)
        process_all(db)
        await until(lambda: ("PUT", ANNA, LOW_ROLE) in changes(fake))

    chat(database_url, tmp_path, story, fake)


def test_an_unlinked_account_loses_its_role_in_the_end_when_discord_refuses_at_first(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    reward(db, LOW_ROLE)
    db.execute("SELECT ttfd.report_role_given('discord', %s, %s)", [str(ANNA), str(LOW_ROLE)])
    fake = FakeDiscord()
    fake.members[ANNA] = member(ANNA, [LOW_ROLE])
    refused: list[Call] = []

    def refuse(call: Call) -> tuple[int, Payload] | None:
        if call.method != "DELETE":
            return None
        refused.append(call)
        return 403, {"code": 50013, "message": "?"}

    fake.fails = refuse

    async def story(talk: Chat) -> None:
        await until(lambda: fake.said_in(f"9{OWNER_ID}"))
        await until(lambda: value(db, "SELECT count(*) FROM ttfd.given_roles") == 1)
        fake.fails = lambda call: None
        await roles_of(talk).mend_everybody()
        assert changes(fake) == [("DELETE", ANNA, LOW_ROLE)] * (len(refused) + 1)
        assert value(db, "SELECT count(*) FROM ttfd.given_roles") == 0

    chat(database_url, tmp_path, story, fake)


@pytest.mark.parametrize("error", [aiohttp.ClientConnectionError, TimeoutError, ZeroDivisionError])
def test_a_failure_ends_one_attempt_and_not_the_giving_of_roles(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """At the start and later, when the network or anything else fails."""
    monkeypatch.setattr("ttfd.discord.roles._RETRY_SECONDS", 0.05)
    give = discord.Member.add_roles
    attempts = 0

    async def fail_first(self: discord.Member, *roles: discord.Role) -> None:
        nonlocal attempts
        attempts += 1
        if attempts % 2:
            raise error
        await give(self, *roles)

    monkeypatch.setattr(discord.Member, "add_roles", fail_first)
    reward(db, LOW_ROLE)
    reach(db)

    async def story(talk: Chat) -> None:
        await until(lambda: ("PUT", ANNA, LOW_ROLE) in changes(talk.discord))
        await talk.discord.set_roles(ANNA, [LOW_ROLE])
        reach(db, 500, BORIS)
        await until(lambda: ("PUT", BORIS, LOW_ROLE) in changes(talk.discord))

    chat(database_url, tmp_path, story)


def test_a_role_that_failed_while_somebody_joined_is_given_in_the_end(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    give = discord.Member.add_roles
    giving, may_fail = asyncio.Event(), asyncio.Event()

    async def fail_first(self: discord.Member, *roles: discord.Role) -> None:
        if not giving.is_set():
            giving.set()
            await may_fail.wait()
            raise discord.HTTPException(SimpleNamespace(status=400, reason="?"), "?")
        await give(self, *roles)

    monkeypatch.setattr(discord.Member, "add_roles", fail_first)
    reward(db, LOW_ROLE)
    reach(db)

    async def story(talk: Chat) -> None:
        await asyncio.wait_for(giving.wait(), 20)
        await talk.discord.dispatch("GUILD_MEMBER_ADD", {**member(1010), "guild_id": str(GUILD_ID)})
        await until(lambda: talk.bot.guilds[0].get_member(1010))
        await asyncio.sleep(0)  # the listener's turn
        may_fail.set()
        await roles_of(talk).mend_everybody()
        assert changes(talk.discord) == [("PUT", ANNA, LOW_ROLE)]

    chat(database_url, tmp_path, story)
    assert f"role {LOW_ROLE} of a member: HTTPException" in caplog.messages
    assert str(ANNA) not in caplog.text


@pytest.mark.parametrize("locale", ["en-US", "ru"])
def test_the_owner_is_told_once_what_the_bot_may_not_do(
    db: Connection, database_url: str, tmp_path: Path, locale: str
) -> None:
    """A role above the bot's is not even tried; the other is refused by Discord. The rest goes on."""
    for role_id in (HIGH_ROLE, LOW_ROLE):
        reward(db, role_id)
    reach(db)
    reach(db, 500, BORIS)
    fake = FakeDiscord(locale)
    fake.fails = lambda call: (
        (403, {"code": 50013, "message": "Missing Permissions"}) if "/roles/" in call.path else None
    )

    async def story(talk: Chat) -> None:
        await roles_of(talk).mend_everybody()
        await until(lambda: len(fake.said_in(f"9{OWNER_ID}")) == 2)
        await roles_of(talk).mend_everybody()
        assert (await talk.send("profile")).startswith("Anna")

    for _ in range(2):  # nor again after a restart
        chat(database_url, tmp_path, story, fake)
    told = fake.said_in(f"9{OWNER_ID}")
    assert len(told) == 2
    words = "Let me manage roles" if locale == "en-US" else "Разрешите мне управлять ролями"
    assert all(words in text and "Guild" in text for text in told)
    assert not fake.called("PUT", f"/guilds/{GUILD_ID}/members/.*/roles/{HIGH_ROLE}")
