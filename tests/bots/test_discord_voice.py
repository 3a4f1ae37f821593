"""Voice on Discord: time with somebody is counted once, whatever happens to the bot."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from discord_chat import Chat, chat
from discord_server import (
    AFK_CHANNEL,
    ANNA,
    BORIS,
    CAROL,
    OTHER_VOICE_CHANNEL,
    ROBOT,
    VOICE_CHANNEL,
    FakeDiscord,
    until,
)
from outage import outage

from calls import Connection, process_all, rows, value, violations
from ttfd.discord import listening
from ttfd.discord.listening import Voice
from ttfd.errors import InvalidExternalIdError


def sessions(db: Connection) -> dict[str, tuple[str, bool]]:
    found = rows(db, "SELECT external_id, channel_id, is_idle FROM ttfd.voice_sessions")
    return {session.external_id: (session.channel_id, session.is_idle) for session in found}


def let_pass(db: Connection, seconds: int) -> None:
    """As if everybody had been seen that long ago."""
    db.execute("UPDATE ttfd.voice_sessions SET seen_at = seen_at - make_interval(secs => %s)", [seconds])


def clock(db: Connection) -> float:
    """Seconds, as the database counts them: what a test takes is time in voice, too."""
    return float(value(db, "SELECT extract(epoch FROM clock_timestamp())"))


def voice_time(db: Connection, member: int = ANNA) -> tuple[int, int]:
    """Seconds, and those of them that were idle."""
    process_all(db)
    assert violations(db) == []
    found = rows(
        db,
        "SELECT coalesce(sum((e.data ->> 'seconds')::int), 0) AS seconds,"
        " coalesce(sum((e.data ->> 'idle_seconds')::int), 0) AS idle_seconds"
        " FROM ttfd.cross_platform_events e JOIN ttfd.platform_accounts a USING (user_id)"
        " WHERE e.event_type = 'voice_time' AND a.external_id = %s",
        str(member),
    )
    return found[0].seconds, found[0].idle_seconds


def voice_of(talk: Chat) -> Voice:
    cog = talk.bot.get_cog("ttfd voice")
    assert isinstance(cog, Voice)
    return cog


def is_at_rest(voice: Voice) -> bool:
    """Whether it waits for something to report: what ends sessions is part of a report."""
    coroutine: Any = voice._reporting.get_coro()
    return getattr(coroutine.cr_await, "__name__", "") == "wait_until_set" and not voice._rung.is_set()


async def together(talk: Chat, db: Connection, *members: int) -> None:
    for member in members:
        await talk.discord.voice(member, VOICE_CHANNEL)
    await until(lambda: len(sessions(db)) == len(members))
    await until(lambda: is_at_rest(voice_of(talk)))


def test_time_in_voice_with_somebody_is_counted(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await together(talk, db, ANNA, BORIS)
        await until(lambda: not any(is_idle for _, is_idle in sessions(db).values()))
        let_pass(db, 120)
        await talk.discord.voice(ANNA, None)
        await until(lambda: str(ANNA) not in sessions(db))

    began = clock(db)
    chat(database_url, tmp_path, story)
    taken = clock(db) - began
    seconds, idle = voice_time(db)
    assert 120 <= seconds <= 120 + taken
    assert idle <= taken


@pytest.mark.parametrize(
    ("flags", "channel"),
    [
        ({"self_mute": True}, VOICE_CHANNEL),
        ({"mute": True}, VOICE_CHANNEL),
        ({"self_deaf": True}, VOICE_CHANNEL),
        ({"deaf": True}, VOICE_CHANNEL),
        ({"suppress": True}, VOICE_CHANNEL),
        ({}, AFK_CHANNEL),
        ({}, OTHER_VOICE_CHANNEL),
    ],
    ids=[
        "muted oneself",
        "muted",
        "deafened oneself",
        "deafened",
        "in the audience",
        "AFK channel",
        "with a bot alone",
    ],
)
def test_time_that_is_idle_is_told_as_such(
    db: Connection, database_url: str, tmp_path: Path, flags: dict[str, bool], channel: int
) -> None:
    async def story(talk: Chat) -> None:
        await talk.discord.voice(ROBOT, OTHER_VOICE_CHANNEL)
        await together(talk, db, BORIS, CAROL)
        await talk.discord.voice(ANNA, channel, **flags)
        await until(lambda: sessions(db).get(str(ANNA)) == (str(channel), True))
        let_pass(db, 60)
        await talk.discord.voice(ANNA, None)
        await until(lambda: str(ANNA) not in sessions(db))

    chat(database_url, tmp_path, story)
    seconds, idle = voice_time(db)
    assert seconds >= 60
    assert idle == seconds


def test_a_move_is_one_session(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await together(talk, db, ANNA, BORIS)
        let_pass(db, 60)
        await talk.discord.voice(ANNA, OTHER_VOICE_CHANNEL)
        await until(lambda: sessions(db).get(str(ANNA), ("", False))[0] == str(OTHER_VOICE_CHANNEL))
        await until(lambda: sessions(db)[str(BORIS)][1])

    chat(database_url, tmp_path, story)
    assert voice_time(db) == (0, 0), "nothing was ended"


def test_a_session_survives_a_restart_of_the_bot_and_counts_once(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    fake = FakeDiscord()

    async def before(talk: Chat) -> None:
        await together(talk, db, ANNA, BORIS)
        await until(lambda: not any(is_idle for _, is_idle in sessions(db).values()))

    async def after(talk: Chat) -> None:
        seen = "SELECT count(*) FROM ttfd.voice_sessions WHERE seen_at > now() - interval '30 seconds'"
        await until(lambda: value(db, seen) == 2)
        await talk.discord.voice(ANNA, None)
        await until(lambda: str(ANNA) not in sessions(db))

    began = clock(db)
    chat(database_url, tmp_path, before, fake)
    let_pass(db, 300)  # the bot is away
    chat(database_url, tmp_path, after, fake)
    taken = clock(db) - began
    seconds, idle = voice_time(db)
    assert 300 <= seconds <= 300 + taken
    assert idle <= taken


def test_who_left_while_the_bot_was_away_is_not_counted_on(db: Connection, database_url: str, tmp_path: Path) -> None:
    fake = FakeDiscord()

    async def before(talk: Chat) -> None:
        await together(talk, db, ANNA, BORIS)

    async def after(talk: Chat) -> None:
        await until(lambda: sessions(db) == {})

    began = clock(db)
    chat(database_url, tmp_path, before, fake)
    let_pass(db, 600)
    fake.voice_states.clear()
    chat(database_url, tmp_path, after, fake)
    assert voice_time(db)[0] <= clock(db) - began


def test_nobody_is_reported_whom_the_bot_cannot_see(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await together(talk, db, ANNA, BORIS)
        voice = voice_of(talk)
        await voice.on_disconnect()
        let_pass(db, 100)
        voice._next_round = 0
        await voice.report()
        assert value(db, "SELECT max(seconds) FROM ttfd.voice_sessions") < 100
        await voice.on_return()
        await until(lambda: value(db, "SELECT min(seconds) FROM ttfd.voice_sessions") >= 100)

    chat(database_url, tmp_path, story)


def test_an_outage_of_the_database_takes_no_time_from_voice(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttfd.discord.listening._RETRY_SECONDS", 0.1)

    async def story(talk: Chat) -> None:
        await together(talk, db, ANNA, BORIS)
        let_pass(db, 60)
        with outage(database_url):
            await talk.discord.voice(CAROL, VOICE_CHANNEL)
            await asyncio.sleep(0.3)
        with psycopg.connect(database_url, autocommit=True) as again:
            await until(lambda: len(sessions(again)) == 3)
            await talk.discord.voice(ANNA, None)
            await until(lambda: str(ANNA) not in sessions(again))

    chat(database_url, tmp_path, story)
    with psycopg.connect(database_url, autocommit=True) as again:
        assert voice_time(again)[0] >= 60


def test_after_a_lost_connection_what_is_there_is_reported_at_once(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    """And not what the library remembers: Carol went meanwhile, and Boris cannot hear any more."""

    async def story(talk: Chat) -> None:
        await together(talk, db, ANNA, BORIS, CAROL)
        fake = talk.discord
        await voice_of(talk).on_disconnect()
        await fake.voice(ANNA, VOICE_CHANNEL, self_mute=True)
        await until(lambda: voice_of(talk)._changed)
        sockets, fake.sockets = fake.sockets, []
        await fake.voice(CAROL, None)
        await fake.voice(BORIS, VOICE_CHANNEL, self_deaf=True)
        fake.sockets = sockets
        await fake.cut()
        await until(lambda: sessions(db) == {str(member): (str(VOICE_CHANNEL), True) for member in (ANNA, BORIS)})

    chat(database_url, tmp_path, story)


def test_who_leaves_while_the_database_is_away_is_counted_until_then(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttfd.bots.database._WAIT_SECONDS", 0.3)
    monkeypatch.setattr(listening, "_RETRY_SECONDS", 0.1)
    asleep = 0.0
    monkeypatch.setattr(listening, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + asleep))

    async def story(talk: Chat) -> None:
        nonlocal asleep
        await together(talk, db, ANNA, BORIS)
        let_pass(db, 160)
        report, failures = talk.client.report_voice, 0

        async def counting(*arguments: Any) -> Any:
            nonlocal failures
            try:
                return await report(*arguments)
            except psycopg.Error:
                failures += 1
                raise

        talk.client.report_voice = counting  # type: ignore[method-assign]
        with outage(database_url):
            await talk.discord.voice(ANNA, None)
            await until(lambda: voice_of(talk)._waiting)
            asleep = 100.0
            before = failures
            await until(lambda: failures >= before + 2)  # an attempt that began before has failed
        with psycopg.connect(database_url, autocommit=True) as again:
            await until(lambda: str(ANNA) not in sessions(again))

    began = clock(db)
    chat(database_url, tmp_path, story)
    with psycopg.connect(database_url, autocommit=True) as again:
        taken = clock(again) - began
        seconds, idle = voice_time(again)
        assert 60 <= seconds <= 60 + taken
        assert idle <= taken


@pytest.mark.parametrize(
    ("error", "times"),
    [(InvalidExternalIdError("no id"), 10**6), (psycopg.DataError(), 10**6), (ZeroDivisionError(), 2)],
    ids=["refused", "no data", "a mistake"],
)
def test_a_report_that_fails_holds_up_no_other(
    db: Connection,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    times: int,
) -> None:
    monkeypatch.setattr(listening, "_RETRY_SECONDS", 0.05)

    async def story(talk: Chat) -> None:
        await together(talk, db, ANNA)
        report = talk.client.report_voice
        failures = 0

        async def fail_in_one_channel(*arguments: Any) -> Any:
            nonlocal failures
            if arguments[1] == str(AFK_CHANNEL) and failures < times:
                failures += 1
                raise error
            return await report(*arguments)

        talk.client.report_voice = fail_in_one_channel  # type: ignore[method-assign]
        await talk.discord.voice(BORIS, AFK_CHANNEL)
        await until(lambda: failures)
        await talk.discord.voice(CAROL, OTHER_VOICE_CHANNEL)
        await until(lambda: str(CAROL) in sessions(db))

    chat(database_url, tmp_path, story)


def test_a_crowd_that_arrives_at_once_is_reported_channel_by_channel(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        calls = 0
        report = talk.client.report_voice

        async def counting(*arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            return await report(*arguments)

        talk.client.report_voice = counting  # type: ignore[method-assign]
        crowd = [20_000 + number for number in range(100)]
        for member in crowd:
            talk.discord.members[member] = {**talk.discord.members[ANNA], "user": {"id": str(member), "username": "m",
                                            "global_name": None, "discriminator": "0", "avatar": None}}  # fmt: skip
            await talk.discord.voice(member, VOICE_CHANNEL)
        await until(lambda: len(sessions(db)) == 100)
        assert calls < 100

    chat(database_url, tmp_path, story)
