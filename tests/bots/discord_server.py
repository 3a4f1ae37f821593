"""Discord without Discord: a gateway and a REST API on this machine, for discord.py as it is.

Gateway events go out as Discord sends them, and every call that the library makes is kept and answered.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import discord
import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

BOT_ID, GUILD_ID, OWNER_ID = 4242, 500, 1
TEXT_CHANNEL, VOICE_CHANNEL, OTHER_VOICE_CHANNEL, AFK_CHANNEL = 600, 601, 602, 603
BOT_ROLE, LOW_ROLE, HIGH_ROLE = 700, 701, 702
ANNA, BORIS, CAROL = 1001, 1002, 1003
NAMES = {OWNER_ID: "owner", ANNA: "Anna", BORIS: "Борис", CAROL: "Carol", BOT_ID: "ttfd", 1009: "robot"}
ROBOT = 1009
LOCALES = {ANNA: "en-US", BORIS: "ru"}

# `ttfd discord` as a program that takes this file for Discord: the port, the outbox, and what follows.
PROGRAM = """
import sys, yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
Route.BASE = f"http://127.0.0.1:{sys.argv[1]}/api/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{sys.argv[1]}/gateway/")
sys.argv[:] = ["ttfd", "discord", "--outbox", sys.argv[2]]
from ttfd.cli import main
main()
"""

Payload = dict[str, Any]
Answer = tuple[int, object] | None


@dataclass
class Call:
    """A call of the REST API."""

    method: str
    path: str
    body: Payload
    files: dict[str, bytes] = field(default_factory=dict)


def user(user_id: int) -> Payload:
    name = NAMES.get(user_id, f"member{user_id}")
    return {"id": str(user_id), "username": name.lower(), "global_name": name, "discriminator": "0",
            "avatar": None, "bot": user_id in (BOT_ID, ROBOT)}  # fmt: skip


def member(user_id: int, roles: list[int] | None = None) -> Payload:
    return {"user": user(user_id), "roles": [str(role) for role in roles or []],
            "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}  # fmt: skip


def role(role_id: int, name: str, position: int, permissions: int = 0) -> Payload:
    return {"id": str(role_id), "name": name, "position": position, "permissions": str(permissions), "color": 0,
            "colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False,
            "flags": 0}  # fmt: skip


def channel(channel_id: int, name: str, kind: int) -> Payload:
    return {"id": str(channel_id), "type": kind, "name": name, "position": 0, "permission_overwrites": [],
            "bitrate": 64000, "user_limit": 0, "nsfw": False, "parent_id": None}  # fmt: skip


def guild(members: list[Payload], voice_states: list[Payload], locale: str) -> Payload:
    manage_roles = discord.Permissions(manage_roles=True, send_messages=True, view_channel=True).value
    return {
        "id": str(GUILD_ID), "name": "Guild", "owner_id": str(OWNER_ID), "preferred_locale": locale,
        "afk_channel_id": str(AFK_CHANNEL), "afk_timeout": 300, "member_count": len(members), "large": False,
        "members": members, "voice_states": voice_states, "presences": [], "threads": [], "emojis": [], "stickers": [],
        "features": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        "roles": [role(GUILD_ID, "@everyone", 0, manage_roles), role(LOW_ROLE, "low", 1),
                  role(BOT_ROLE, "bot", 2, manage_roles), role(HIGH_ROLE, "high", 3)],
        "channels": [channel(TEXT_CHANNEL, "general", 0), channel(VOICE_CHANNEL, "voice", 2),
                     channel(OTHER_VOICE_CHANNEL, "other", 2), channel(AFK_CHANNEL, "afk", 2)],
        "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
        "nsfw_level": 0, "premium_tier": 0, "system_channel_flags": 0, "premium_progress_bar_enabled": False,
        "icon": None, "banner": None, "splash": None, "discovery_splash": None, "description": None,
        "application_id": None, "system_channel_id": None, "rules_channel_id": None, "vanity_url_code": None,
        "public_updates_channel_id": None, "safety_alerts_channel_id": None,
    }  # fmt: skip


class FakeDiscord:
    """One guild, one application. ``fails`` may answer a call in its own way: (status, body)."""

    def __init__(self, locale: str = "en-US") -> None:
        self.calls: list[Call] = []
        self.members = {user_id: member(user_id) for user_id in NAMES}
        self.members[BOT_ID] = member(BOT_ID, [BOT_ROLE])
        self.voice_states: dict[int, Payload] = {}
        self.locale = locale
        self.fails: Callable[[Call], Answer] = lambda call: None
        self.histories: dict[str, list[Payload]] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.port = 0
        self.refuses_intents = False
        self._sequence = 0
        self._ids = 10**6

    # What the bot sees

    def new_id(self) -> int:
        """A snowflake: its time is now."""
        self._ids += 1
        return (int(dt.datetime.now(dt.UTC).timestamp() * 1000) - 1420070400000) << 22 | self._ids & 0x3FFFFF

    async def dispatch(self, event: str, data: Payload) -> None:
        """Send an event to every bot that is connected."""
        self._sequence += 1
        text = json.dumps({"op": 0, "t": event, "s": self._sequence, "d": data})
        for socket in self.sockets:
            await socket.send_str(text)

    async def show_guild(self) -> None:
        """The guild as it is now, to every bot that is connected."""
        await self.dispatch("GUILD_CREATE", {**self._guild(), "unavailable": False})

    async def cut(self) -> None:
        """Lose every connection; the bots connect anew and are told what is there, but not what happened meanwhile."""
        for socket in list(self.sockets):
            await socket.close(code=4000)

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 40000}, "s": None, "t": None})
        async for received in socket:
            sent = json.loads(received.data)
            if sent["op"] == 1:
                await socket.send_json({"op": 11, "d": None, "s": None, "t": None})
            elif sent["op"] == 2 and self.refuses_intents:
                await socket.close(code=4014)
            elif sent["op"] == 2:
                await self._welcome(socket)
            elif sent["op"] == 6:  # nothing is resumed here: begin anew
                await socket.send_json({"op": 9, "d": False, "s": None, "t": None})
        if socket in self.sockets:
            self.sockets.remove(socket)
        return socket

    async def _welcome(self, socket: web.WebSocketResponse) -> None:
        ready = {"v": 10, "user": user(BOT_ID), "guilds": [{"id": str(GUILD_ID), "unavailable": True}],
                 "session_id": "s", "resume_gateway_url": str(DiscordWebSocket.DEFAULT_GATEWAY),
                 "application": {"id": str(BOT_ID), "flags": 0}}  # fmt: skip
        for event, data in (("READY", ready), ("GUILD_CREATE", self._guild())):
            self._sequence += 1
            await socket.send_json({"op": 0, "t": event, "s": self._sequence, "d": data})
        self.sockets.append(socket)

    def _guild(self) -> Payload:
        return guild(list(self.members.values()), list(self.voice_states.values()), self.locale)

    # What the bot says

    async def rest(self, request: web.Request) -> web.Response:
        call = await _read(request)
        self.calls.append(call)
        status, body = self.fails(call) or (200, self._answer(call))
        # Exactly this type: discord.py reads nothing else as JSON.
        return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")

    def _answer(self, call: Call) -> object:
        path = call.path
        if path == "/users/@me":
            return user(BOT_ID)
        if path == "/oauth2/applications/@me":
            return {"id": str(BOT_ID), "name": "ttfd", "icon": None, "description": "", "bot_public": True,
                    "bot_require_code_grant": False, "verify_key": "", "flags": 0, "team": None,
                    "owner": user(OWNER_ID)}  # fmt: skip
        if path == "/users/@me/channels":
            return {
                "id": f"9{call.body['recipient_id']}",
                "type": 1,
                "recipients": [user(int(call.body["recipient_id"]))],
            }
        if found := re.fullmatch(r"/users/(\d+)", path):
            return user(int(found[1]))
        if path.endswith("/callback"):
            return {"interaction": {"id": "1", "type": 2}}
        if call.method == "GET" and (found := re.fullmatch(r"/channels/(\d+)/messages", path)):
            return self.histories.get(found[1], [])[::-1]
        if path.endswith("/commands"):
            return [{**command, "id": str(self.new_id()), "application_id": str(BOT_ID), "version": "1",
                     "default_member_permissions": None} for command in call.body["list"]]  # fmt: skip
        if found := re.search(r"/channels/(\d+)/messages$", path):
            said = self.message(call.body.get("content") or "", int(found[1]))
            self.histories.setdefault(found[1], []).append(said)
            return said
        if "/webhooks/" in path:
            return self.message(call.body.get("content") or "", TEXT_CHANNEL)
        return {}

    def message(self, content: str, channel_id: int, author: int = BOT_ID, **more: Any) -> Payload:
        return {"id": str(self.new_id()), "channel_id": str(channel_id), "author": user(author), "content": content,
                "timestamp": dt.datetime.now(dt.UTC).isoformat(), "edited_timestamp": None, "tts": False,
                "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
                "pinned": False, "type": 0, **more}  # fmt: skip

    def said_in(self, channel_id: int | str) -> list[str]:
        """What the bot has written into a channel; a private chat has the id ``9<user id>``."""
        path = f"/channels/{channel_id}/messages"
        return [call.body["content"] for call in self.calls if (call.method, call.path) == ("POST", path)]

    def called(self, method: str, pattern: str) -> list[Call]:
        return [call for call in self.calls if re.fullmatch(method, call.method) and re.search(pattern, call.path)]

    # What members do

    async def write(self, user_id: int, *, is_private: bool = False, **more: Any) -> Payload:
        """A message without content, as it comes without that intent."""
        sent = self.message("", TEXT_CHANNEL, user_id, **more)
        if not is_private:
            roles = self.members.get(user_id, member(user_id))
            sent |= {"guild_id": str(GUILD_ID), "member": {key: roles[key] for key in roles if key != "user"}}
        await self.dispatch("MESSAGE_CREATE", sent)
        return sent

    async def voice(self, user_id: int, channel_id: int | None, session: str = "s", **flags: bool) -> None:
        state = {"guild_id": str(GUILD_ID), "channel_id": channel_id and str(channel_id), "user_id": str(user_id),
                 "member": self.members[user_id], "session_id": f"{session}{user_id}", "deaf": False, "mute": False,
                 "self_deaf": False, "self_mute": False, "self_video": False, "suppress": False,
                 "request_to_speak_timestamp": None, **flags}  # fmt: skip
        self.voice_states.pop(user_id, None)
        if channel_id is not None:
            self.voice_states[user_id] = state
        await self.dispatch("VOICE_STATE_UPDATE", state)

    async def set_roles(self, user_id: int, roles: list[int]) -> None:
        self.members[user_id] = member(user_id, roles)
        await self.dispatch("GUILD_MEMBER_UPDATE", {**self.members[user_id], "guild_id": str(GUILD_ID)})

    async def interact(
        self, user_id: int, kind: int, data: Payload, locale: str | None = None, is_direct: bool = False, **more: Any
    ) -> Payload:
        number = self.new_id()
        interaction = {
            "id": str(number), "application_id": str(BOT_ID), "type": kind, "token": f"t{number}", "version": 1,
            "guild_id": str(GUILD_ID), "channel_id": str(TEXT_CHANNEL), "channel": channel(TEXT_CHANNEL, "general", 0),
            "member": {**self.members[user_id], "permissions": "0"}, "locale": locale or LOCALES.get(user_id, "en-US"),
            "guild_locale": self.locale, "data": data, "entitlements": [], "app_permissions": "0", "context": 0,
            "authorizing_integration_owners": {}, "attachment_size_limit": 10_000_000, **more,
        }  # fmt: skip
        if is_direct:
            for key in ("guild_id", "member", "guild_locale"):
                del interaction[key]
            private = {"id": f"9{user_id}", "type": 1, "recipients": [user(user_id)]}
            interaction |= {"user": user(user_id), "channel_id": private["id"], "channel": private, "context": 1}
        await self.dispatch("INTERACTION_CREATE", interaction)
        return interaction


async def _read(request: web.Request) -> Call:
    path = request.path.removeprefix("/api/v10")
    files: dict[str, bytes] = {}
    if request.content_type == "multipart/form-data":
        form = await request.post()
        body = json.loads(str(form["payload_json"]))
        files = {part.filename: part.file.read() for part in form.values() if isinstance(part, web.FileField)}
    else:
        body = json.loads(await request.text() or "{}")
    return Call(request.method, path, {"list": body} if isinstance(body, list) else body, files)


@asynccontextmanager
async def discord_running(fake: FakeDiscord) -> AsyncIterator[FakeDiscord]:
    """In the block discord.py speaks with the fake."""
    application = web.Application(client_max_size=20_000_000)
    application.router.add_get("/gateway/", fake.gateway)
    application.router.add_route("*", "/{rest:.*}", fake.rest)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = fake.port = runner.addresses[0][1]
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE
    Route.BASE = f"http://127.0.0.1:{port}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/gateway/")
    discord.Asset.BASE = f"http://127.0.0.1:{port}/cdn"
    try:
        yield fake
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE = before
        await runner.cleanup()


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
