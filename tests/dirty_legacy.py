"""Legacy data of each preset as its program wrote it, with everything that goes wrong in years, and the truth."""

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

Record = dict[str, Any]

SOUND = 60
LONG, RIGHT_TO_LEFT, EMOJI = "я" * 10_000, "\u202eآنا", "🦊👩‍👩‍👧\u200d"
MOMENTS = ("2025-03-01T10:20:30.123456", "2024-02-29T00:00:00", "2026-01-31 23:59:59", "2025-12-31")
BAD_MOMENTS = ("yesterday", "2025-02-30T10:00:00", "2025-13-01", "infinity", "0001-01-01")


@dataclass
class Truth:
    """What an import of a source has to find: sums over the sound records, and how many broken ones."""

    sound: int = 0
    broken: int = 0
    sums: dict[str, int] = field(default_factory=dict)

    def count(self, record: Record, metrics: dict[str, str]) -> None:
        self.sound += 1
        for metric, name in metrics.items():
            self.sums[metric] = self.sums.get(metric, 0) + math.floor(record.get(name) or 0)


class Community:
    """Makes sound and broken records of one program, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.next_id = 100_000

    def new_id(self) -> str:
        self.next_id += self.rng.randint(1, 9)
        return str(self.next_id)

    def name(self) -> Any:
        return self.rng.choice([f"user{self.next_id}", "Unknown", None, LONG, RIGHT_TO_LEFT, EMOJI + str(self.next_id)])

    def record(self, amounts: tuple[str, ...], moments: tuple[str, ...], **more: Any) -> Record:
        record: Record = {"username": self.name(), **more}
        record |= {amount: self.rng.choice([0, 5, 10**12, self.rng.randint(1, 99999)]) for amount in amounts}
        record |= {moment: self.rng.choice(MOMENTS) for moment in moments}
        for name in [*amounts, *moments, "username"]:
            chance = self.rng.random()
            if chance < 0.1:
                del record[name]
            elif chance < 0.2:
                record[name] = None
        return record


@dataclass(frozen=True)
class JsonShape:
    """How a program wrote one JSON file."""

    preset: str
    file: str
    top: str
    id_name: str
    is_keyed: bool
    amounts: tuple[str, ...]
    moments: tuple[str, ...]
    metrics: dict[str, str]
    beside: Record


AMOUNTS = ("xp", "coins", "games_played", "games_won")
MOMENT_NAMES = ("created_at", "last_active", "last_daily")
METRICS = {"xp": "xp", "coins": "coins"}
SHAPES = (
    JsonShape(
        "telegram-json",
        "telegram.json",
        "users",
        "telegram_id",
        True,
        AMOUNTS,
        MOMENT_NAMES,
        METRICS,
        {"global_stats": {}},
    ),
    JsonShape(
        "discord-json", "user_data.json", "users", "id", True, (*AMOUNTS, "daily_streak"), MOMENT_NAMES, METRICS, {}
    ),
    JsonShape(
        "mee6-json",
        "players.json",
        "players",
        "id",
        False,
        ("xp", "message_count"),
        (),
        {"xp": "xp", "messages_sent": "message_count"},
        {"page": 0},
    ),
    JsonShape(
        "website-json", "accounts.json", "accounts", "email", False, (), ("created_at",), {}, {"sessions": {"t": {}}}
    ),
)


def write_json(shape: JsonShape, folder: Path, seed: int) -> tuple[str, Truth]:
    """Write the file of a program; return the argument for `ttfd import` and the truth."""
    community, truth = Community(seed), Truth()
    records: list[tuple[str, Any]] = []
    is_website = shape.id_name == "email"

    def sound(**more: Any) -> Record:
        number = community.new_id()
        own = f"u{number}@example.org" if is_website else number
        record = community.record(shape.amounts, shape.moments, **{shape.id_name: own}) | more
        records.append((number, record))
        return record

    for _ in range(SOUND):
        truth.count(sound(inventory=[1], profile={"a": "\0"}), shape.metrics)
    for fault in _json_faults(shape):
        sound(**fault)
        truth.broken += 1
    for content in (None, "gone", [1], 7):
        records.append((community.new_id(), content))
        truth.broken += 1
    first = records[0][1]
    again = {**first, "username": "again"}
    records.append((community.new_id() if is_website else records[0][0], again))
    truth.broken += 1
    if shape.is_keyed:  # of a key that stands twice the last one counts: it is the same but for the name
        records.append(("1", {shape.id_name: "2", "xp": 1}))
        truth.broken += 1
    (folder / shape.file).write_text(_dump(shape, records), encoding="utf-8", errors="surrogatepass")
    return f"{shape.preset}={folder / shape.file}", truth


def _dump(shape: JsonShape, records: list[tuple[str, Any]]) -> str:
    """As json.dump would, but for keys that stand twice."""
    if shape.preset == "mee6-json":
        body = json.dumps([record for _, record in records])
    else:
        body = "{" + ",\n ".join(f"{json.dumps(key)}: {json.dumps(record)}" for key, record in records) + "}"
    beside = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in shape.beside.items())
    return f"{{{json.dumps(shape.top)}: {body}{beside}}}"


def _json_faults(shape: JsonShape) -> Iterator[Record]:
    for amount in shape.amounts:
        for value in (-1, 2**63, math.nan, math.inf, "many", [1], {}, True, 1e300, 10**400, "1,5"):
            yield {amount: value}
    for moment in shape.moments:
        yield from ({moment: value} for value in (*BAD_MOMENTS, 17, [1]))
    yield {"username": "a\0b"}
    yield {"username": "\ud800"}
    if not shape.is_keyed:
        yield from ({shape.id_name: value} for value in (None, "", "no id", -5, "1 2"))


# --- PostgreSQL ---


@dataclass(frozen=True)
class TableShape:
    """A table of a program's database, and how a record of it can be broken."""

    preset: str
    statements: tuple[str, ...]
    table: str
    identity: Callable[[str], Record]
    amounts: tuple[str, ...]
    moments: tuple[str, ...]
    faults: tuple[Record, ...]
    metrics: dict[str, str]


_TIMES = ", created_at timestamp, last_active timestamp, last_daily timestamp"
_NEGATIVE: tuple[Record, ...] = ({"xp": -1}, {"coins": -7})
TABLES = (
    TableShape(
        "telegram-postgres",
        (
            "CREATE TABLE public.users (id serial PRIMARY KEY, telegram_id varchar(50), username text, first_name text,"
            f" xp int, coins int, rank_id int, role text, discord_id varchar(50), is_banned bool{_TIMES})",
        ),
        "users",
        lambda number: {"telegram_id": number, "first_name": RIGHT_TO_LEFT},
        ("xp", "coins"),
        MOMENT_NAMES,
        (*_NEGATIVE, {"telegram_id": None}, {"telegram_id": "@anna"}, {"telegram_id": ""}, {"created_at": "infinity"}),
        METRICS,
    ),
    TableShape(
        "discord-postgres",
        (
            "CREATE TABLE public.users (id text PRIMARY KEY, username text, xp int, coins int, clicks int,"
            " games_played int, games_won int, daily_streak int, last_daily_date date, achievements jsonb,"
            f" telegram_id text{_TIMES})",
            "CREATE TABLE public.voice_activity (user_id text PRIMARY KEY, total_time int, sessions jsonb)",
        ),
        "users",
        lambda number: {"id": number},
        (*AMOUNTS, "daily_streak"),
        MOMENT_NAMES,
        (*_NEGATIVE, {"id": "anna#1234"}, {"id": ""}, {"achievements": '"first"'}, {"games_won": -2}),
        METRICS,
    ),
    TableShape(
        "website-postgres",
        (
            "CREATE TABLE public.accounts (id serial PRIMARY KEY, email text, username text, password text,"
            " display_name text, discord_id text, created_at timestamp, profile jsonb)",
        ),
        "accounts",
        lambda number: {"email": f"u{number}@example.org", "password": "secret"},
        (),
        ("created_at",),
        ({"email": None}, {"email": "nobody"}, {"email": "a b@example.org"}, {"created_at": "-infinity"}),
        {},
    ),
    TableShape(
        "unified-v1",
        (
            "CREATE TABLE public.unified_users (id serial PRIMARY KEY, telegram_id text, discord_id text,"
            " website_email text, username text, display_name text, xp int, coins int, rank_id int, games_played int,"
            " games_won int, total_voice_time int, messages_sent int, achievements jsonb, current_season_xp int,"
            f" season_rank int, daily_streak int, platforms jsonb, primary_platform text{_TIMES})",
            "CREATE TABLE public.cross_platform_events (id text PRIMARY KEY, user_id int, event_type text,"
            " source_platform text, data jsonb, created_at timestamp, processed bool)",
        ),
        "unified_users",
        lambda number: {"telegram_id": number, "achievements": '["first_win"]', "platforms": '["telegram"]'},
        (*AMOUNTS, "total_voice_time", "messages_sent", "daily_streak"),
        MOMENT_NAMES,
        (*_NEGATIVE, {"telegram_id": None}, {"telegram_id": "x"}, {"messages_sent": -1}, {"achievements": "7"}),
        {**METRICS, "messages_sent": "messages_sent", "total_voice_time": "total_voice_time"},
    ),
)


def write_table(shape: TableShape, db: psycopg.Connection[Any], seed: int) -> Truth:
    """Create and fill the tables of a program; return the truth."""
    community, truth = Community(seed), Truth()
    for statement in shape.statements:
        db.execute(statement)  # type: ignore[arg-type]
    for _ in range(SOUND):
        record = community.record(shape.amounts, shape.moments, **shape.identity(community.new_id()))
        record |= {amount: min(record[amount], 2**31 - 1) for amount in shape.amounts if record.get(amount)}
        _insert(db, shape.table, record)
        truth.count(record, shape.metrics)
    for fault in shape.faults:
        _insert(db, shape.table, {**shape.identity(community.new_id()), **fault})
        truth.broken += 1
    return truth


def _insert(db: psycopg.Connection[Any], table: str, record: Record) -> None:
    statement = sql.SQL("INSERT INTO public.{} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, record)),
        sql.SQL(", ").join(sql.Placeholder() * len(record)),
    )
    db.execute(statement, list(record.values()))
