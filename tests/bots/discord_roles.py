"""What the tests of roles on Discord share."""

import asyncio

import discord
from discord_chat import Chat
from discord_server import (
    ANNA,
    GUILD_ID,
    FakeDiscord,
    until,
)

from calls import Connection, apply_event, process_all
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
