"""Every preset on dirty data: nothing is lost silently, sums are equal, each rejected record is named."""

import csv
import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest

from calls import Connection, apply_event, rows, value, violations
from dirty_legacy import SHAPES, TABLES, JsonShape, TableShape, Truth, write_json, write_table
from ttfd.embedded import Server
from ttfd.legacy import ImportResult, LegacyError, open_source, preset_names, run_import


def load(db: Connection, *arguments: str, policy: str = "sum") -> ImportResult:
    sources = [open_source(*argument.split("=", 1)) for argument in arguments]
    try:
        return run_import(db, sources, policy=policy)
    finally:
        for source in sources:
            source.close()


def check(db: Connection, result: ImportResult, truth: Truth) -> None:
    assert (result.rows, result.rejected) == (truth.sound + truth.broken, truth.broken)
    assert len(result.report["rejected"]) == truth.broken
    assert all(entry["source_key"] and entry["reason"] for entry in result.report["rejected"])
    assert result.accounts == result.users_created == truth.sound
    for metric, expected in truth.sums.items():
        assert result.report["totals_before"][metric] == result.report["totals_after"][metric] == expected
        assert value(db, f"SELECT sum({metric})::bigint FROM ttfd.unified_users") == expected
    assert violations(db) == []


def test_every_preset_is_tried() -> None:
    assert {shape.preset for shape in SHAPES} | {shape.preset for shape in TABLES} == set(preset_names())


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.preset)
@pytest.mark.parametrize("seed", [1, 2])
def test_dirty_files_are_imported_but_for_what_is_named(
    db: Connection, tmp_path: Path, shape: JsonShape, seed: int
) -> None:
    argument, truth = write_json(shape, tmp_path, seed)
    check(db, load(db, argument), truth)


@pytest.mark.parametrize("shape", TABLES, ids=lambda shape: shape.preset)
@pytest.mark.parametrize("seed", [1, 2])
def test_dirty_tables_are_imported_but_for_what_is_named(
    db: Connection, database_url: str, shape: TableShape, seed: int
) -> None:
    truth = write_table(shape, db, seed)
    check(db, load(db, f"{shape.preset}={database_url}"), truth)


# unified-v1


UNIFIED = TABLES[-1].statements


def test_accounts_that_the_original_had_unified_stay_one_member(db: Connection, database_url: str) -> None:
    for statement in UNIFIED:
        db.execute(statement)  # type: ignore[arg-type]
    db.execute(
        "INSERT INTO public.unified_users (telegram_id, discord_id, website_email, username, xp) VALUES"
        " ('77', '100000000000000001', 'Anna@example.org', 'anna', 5), (NULL, '100000000000000002', '', 'boris', 7),"
        " (NULL, NULL, 'vera@example.org', 'vera', 1)"
    )
    result = load(db, f"unified-v1={database_url}")
    assert (result.users_created, result.linked_by_id, result.conflicts) == (3, 2, 0)
    found = rows(db, "SELECT username, platforms, xp FROM ttfd.unified_users ORDER BY username")
    assert [tuple(seen) for seen in found] == [
        ("anna", ["discord", "telegram", "website"], 5),
        ("boris", ["discord"], 7),
        ("vera", ["website"], 1),
    ]


def test_one_id_for_two_platforms_is_taken_for_what_it_looks_like_and_told(db: Connection, database_url: str) -> None:
    for statement in UNIFIED:
        db.execute(statement)  # type: ignore[arg-type]
    db.execute(
        "INSERT INTO public.unified_users (telegram_id, discord_id, xp) VALUES"
        " ('100000000000000001', '100000000000000001', 5), ('77', '77', 7)"
    )
    result = load(db, f"unified-v1={database_url}")
    assert [c["reason"] for c in result.report["conflicts"]] == ["malformed_link", "malformed_link"]
    found = rows(db, "SELECT platform, external_id FROM ttfd.platform_accounts ORDER BY 1")
    assert [tuple(seen) for seen in found] == [("discord", "100000000000000001"), ("telegram", "77")]


def test_an_event_of_the_original_that_a_bot_sends_again_counts_once(db: Connection, database_url: str) -> None:
    for statement in UNIFIED:
        db.execute(statement)  # type: ignore[arg-type]
    known = uuid.uuid4()
    db.execute("INSERT INTO public.unified_users (telegram_id, xp) VALUES ('1', 50)")
    db.execute(
        "INSERT INTO public.cross_platform_events (id, event_type) VALUES (%s, 'message_sent'), ('xp_17', 'xp_change')",
        [str(known)],
    )
    result = load(db, f"unified-v1={database_url}")
    assert (result.rows, result.rejected) == (3, 1)
    assert apply_event(db, "message_sent", event_id=known).status == "duplicate"
    assert value(db, "SELECT xp FROM ttfd.unified_users") == 50
    assert violations(db) == []


# The trap: one table, two programs


TRAP = (
    "CREATE TABLE public.users (id text PRIMARY KEY, telegram_id text, username text, xp int, coins int,"
    " created_at timestamp);"
    " INSERT INTO public.users SELECT 100000000000000000 + n, 700000000 + n, 'user' || n, 100 * n, n, '2025-01-01'"
    " FROM generate_series(1, 7) n"
)


def refused(db: Connection, *arguments: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        load(db, *arguments)
    assert caught.value.sqlstate == "TI001"
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 0


def test_one_table_given_to_both_bots_is_refused(db: Connection, database_url: str) -> None:
    db.execute(TRAP)
    refused(db, f"telegram-postgres={database_url}", f"discord-postgres={database_url}")


def test_a_dump_of_the_table_restored_under_another_name_is_refused(
    db: Connection, database_url: str, server: Server
) -> None:
    db.execute(TRAP)
    name = f"restored_{uuid.uuid4().hex}"
    db.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    try:
        with psycopg.connect(server.database_url(name)) as copy:
            copy.execute(TRAP)
        refused(db, f"telegram-postgres={database_url}", f"discord-postgres={server.database_url(name)}")
    finally:
        db.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def test_one_file_given_to_both_bots_is_refused(db: Connection, tmp_path: Path) -> None:
    users = {str(100 + n): {"username": f"user{n}", "xp": 100 * n, "coins": n} for n in range(7)}
    for name, spaces in (("telegram.json", None), ("user_data.json", 1)):
        (tmp_path / name).write_text(json.dumps({"users": users}, indent=spaces))
    refused(db, f"telegram-json={tmp_path}/telegram.json", f"discord-json={tmp_path}/user_data.json")


# Mapping files


def mapping(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def member(db: Connection) -> tuple[Any, ...]:
    (found,) = rows(
        db, "SELECT username, xp, total_voice_time, created_at AT TIME ZONE 'UTC', platforms FROM ttfd.unified_users"
    )
    return (found[0], found[1], found[2], str(found[3]), found[4])


FIELDS = """
[parts.fields]
external_id = "uid"
username = ["nick", "login"]
xp = "points"
total_voice_time = {from = "voice", unit = "minutes"}
created_at = {from = "joined", unit = "unix"}
"""
HEAD = 'origin = "oldbot"\ntime_zone = "Europe/Moscow"\n[[parts]]\nplatform = "discord"\n'
EXPECTED = ("anna", 12, 90, "2025-01-01 00:00:00", ["discord"])
MOMENT = 1735689600


def test_a_mapping_file_describes_an_sqlite_database(db: Connection, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "bot.sqlite") as bot:
        bot.execute("CREATE TABLE members (uid, nick, login, points, voice, joined)")
        bot.execute(f"INSERT INTO members VALUES (55, NULL, 'anna', 12, 1.5, {MOMENT}), ('x', 'b', NULL, 'many', 0, 0)")
    bot.close()
    path = mapping(tmp_path, 'reader = "sqlite"\n' + HEAD + 'table = "members"\n' + FIELDS)
    result = load(db, f"{path}={tmp_path}/bot.sqlite")
    assert (result.rows, result.rejected) == (2, 1)
    assert result.report["rejected"][0]["source_key"] == "members uid=x"
    assert member(db) == EXPECTED


def test_a_mapping_file_describes_csv(db: Connection, tmp_path: Path) -> None:
    with (tmp_path / "bot.csv").open("w", encoding="cp1251", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerows(
            [
                ["uid", "nick", "login", "points", "voice", "joined"],
                ["55", "", "анна", "12", "1.5", str(MOMENT)],
                ["", "б", "", "-1", "", ""],
                ["7", "в", "", "1", "", "", "too", "many"],
            ]
        )
    csv_head = HEAD + 'delimiter = ";"\nencoding = "cp1251"\n'
    path = mapping(tmp_path, 'reader = "csv"\n' + csv_head + FIELDS)
    result = load(db, f"{path}={tmp_path}/bot.csv")
    assert (result.rows, result.rejected) == (3, 2)
    assert member(db) == ("анна", *EXPECTED[1:])


def test_a_mapping_file_describes_json_with_objects_in_objects(db: Connection, tmp_path: Path) -> None:
    found = {"uid": 55, "login": "anna", "stats": {"points": 12}, "voice": "1.5", "joined": MOMENT}
    (tmp_path / "bot.json").write_text(json.dumps({"guild": {"members": [found]}}))
    path = mapping(
        tmp_path,
        'reader = "json"\n' + HEAD + 'path = ["guild", "members"]\n' + FIELDS.replace('"points"', '"stats.points"'),
    )
    load(db, f"{path}={tmp_path}/bot.json")
    assert member(db) == EXPECTED


def test_a_mapping_file_describes_a_query_and_the_form_of_ids(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    db.execute("CREATE TABLE public.m (uid int, nick text, login text, points int, voice numeric, joined int)")
    db.execute(f"INSERT INTO public.m VALUES (55, NULL, 'anna', 12, 1.5, {MOMENT}), (7, 'short', NULL, 1, 0, NULL)")
    query = "query = \"SELECT * FROM m WHERE points > 0\"\nid_pattern = '\\d\\d+'\n"
    path = mapping(tmp_path, 'reader = "postgres"\n' + HEAD + query + FIELDS)
    result = load(db, f"{path}={database_url}")
    assert [entry["reason"] for entry in result.report["rejected"]] == ["the id has the wrong form: 7"]
    assert member(db) == EXPECTED


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("reader = ", "Invalid value"),
        ('reader = "xml"\n' + HEAD + FIELDS, "reader is none of csv, json, postgres, sqlite"),
        ('reader = "csv"\norigin = "x y"\n[[parts]]\nplatform = "discord"\n' + FIELDS, "origin is not"),
        ('reader = "csv"\n' + HEAD + FIELDS.replace("xp =", "exp ="), "there are no fields exp"),
        ('reader = "csv"\n' + HEAD + FIELDS.replace("minutes", "weeks"), "there are no units weeks"),
        ('reader = "csv"\n' + HEAD + "colour = 1\n" + FIELDS, "parts have no colour"),
        ('reader = "csv"\n' + HEAD + "id_pattern = '['\n" + FIELDS, "unterminated character set"),
        ('reader = "sqlite"\n' + HEAD + FIELDS, "has no table"),
        ('reader = "csv"\n[[parts]]\nplatform = "discord"\n' + FIELDS, "origin"),
        ('reader = "csv"\norigin = "oldbot"', "parts is missing"),
    ],
)
def test_a_mapping_file_that_cannot_be_used_is_explained(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(LegacyError, match="cannot be used") as caught:
        open_source(str(mapping(tmp_path, text)), "bot.csv")
    assert complaint in str(caught.value)


def test_a_mapping_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LegacyError, match=r"gone\.toml cannot be used: No such file"):
        open_source(str(tmp_path / "gone.toml"), "bot.csv")
