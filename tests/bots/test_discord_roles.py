"""Roles on Discord: given and taken as the database says, with respect for what people do by hand."""

import asyncio
import datetime as dt
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import discord
import psycopg
import pytest
from discord_chat import Chat, chat
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
from outage import outage

from calls import Connection, apply_event, get_user, process_all, value
from coins import adjust, revert
from ttfd.discord.roles import Roles


def reward(db: Connection, role_id: int, rank_id: int = 2) -> None:
    db.execute(
        "INSERT INTO ttfd.role_rewards (platform, role_id, rank_id) VALUES ('discord', %s, %s)", [str(role_id), rank_id]
    )


def reach(db: Connection, xp: int = 500, user_id: int = ANNA) -> None:
    apply_event(db, "xp_change", {"xp": xp}, external_id=str(user_id), platform="discord")
    process_all(db)


def changes(fake: FakeDiscord) -> list[tuple[str, int, int]]:
    """Roles that the bot has given (PUT) and taken (DELETE): whose, and which."""
    calls = [call for method in ("PUT", "DELETE") for call in fake.called(method, r"/members/\d+/roles/\d+$")]
    return [(call.method, int(call.path.split("/")[4]), int(call.path.split("/")[6])) for call in calls]


def roles_of(talk: Chat) -> Roles:
    cog = talk.bot.get_cog("ttfd roles")
    assert isinstance(cog, Roles)
    return cog


def has_done(talk: Chat, *methods: str) -> bool:
    """Whether these are the changes that the bot has made, and it is at rest after them."""
    done = [call.method for call in talk.discord.called("PUT|DELETE", r"/members/\d+/roles/\d+$")]
    return done == list(methods) and not roles_of(talk)._one_by_one.locked()


def has_roles(talk: Chat, member_id: int, roles: list[int]) -> bool:
    """Whether the library knows that somebody has these roles."""
    found = talk.bot.guilds[0].get_member(member_id)
    return found is not None and {role.id for role in found.roles} == {GUILD_ID, *roles}


def has_heard() -> bool:
    """Whether the bot has dealt with what the library knows."""
    return all(task.get_name() != "discord.py: on_member_update" for task in asyncio.all_tasks())


def hearing(talk: Chat) -> asyncio.Event:
    """While this is not set, the bot does not hear of what the library knows."""
    (hear,) = talk.bot.extra_events["on_member_update"]
    may_hear = asyncio.Event()
    may_hear.set()

    async def on_member_update(*members: discord.Member) -> None:
        await may_hear.wait()
        await hear(*members)

    talk.bot.extra_events["on_member_update"] = [on_member_update]
    return may_hear


async def by_hand(talk: Chat, member_id: int, roles: list[int]) -> None:
    """What a person does to somebody's roles, until the bot has dealt with it."""
    await talk.discord.set_roles(member_id, roles)
    await until(lambda: has_roles(talk, member_id, roles) and has_heard())


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
