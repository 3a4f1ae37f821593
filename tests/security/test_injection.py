"""Hostile text in each text argument of each API function, as the catalog lists them.

By default 40 strings an argument; ``TTFD_TEST_STRINGS=500`` tries all.
"""

import json
import os
from typing import Any

import psycopg
import pytest
from hostile import hostile_strings
from psycopg.types.json import Jsonb

from calls import Connection, acting_as, apply_event, get_user, process_all, record_event, row, rows, value, violations
from whole_state import state, tables

STRINGS = hostile_strings(int(os.environ.get("TTFD_TEST_STRINGS", "40")))
EVENT = {"event_id": None, "platform": "telegram", "external_id": "1", "event_type": "game_played", "data": {"xp": 1}}

# What a call may change: the log and the members it speaks for. Everything else has to stay as it is to the byte.
MAY_CHANGE = {
    "adjustments", "audit_log", "award_windows", "cross_platform_events", "failed_events", "feed_head", "given_roles",
    "import_runs", "link_codes", "link_failures", "platform_accounts", "purchases", "removed_roles",
    "season_scores", "seasons", "shop_items", "transfer_days", "unified_users", "user_achievements", "user_merges",
    "board_counts", "standing_changes", "standings", "xp_moves", "xp_standings",
}  # fmt: skip

# Refusals that a wrong value may meet: data, constraints, ours, a thing that is not there, a thing not in that state.
FAIR = ("22", "23", "T", "P0002", "55000", "54000")

CATALOG = """
SELECT md5(string_agg(t.line, '|' ORDER BY t.line))
  FROM (SELECT p.oid || p.prosrc || coalesce(p.proacl::text, '') || p.prosecdef FROM pg_proc p WHERE p.oid >= 16384
        UNION ALL SELECT c.oid || c.relname || coalesce(c.relacl::text, '') FROM pg_class c
                   WHERE c.relnamespace <> 'pg_toast'::regnamespace AND c.oid >= 16384
        UNION ALL SELECT r.rolname || r.rolsuper || r.rolcanlogin FROM pg_roles r
        UNION ALL SELECT m.member || '>' || m.roleid FROM pg_auth_members m
        UNION ALL SELECT n.nspname FROM pg_namespace n) t (line)
"""


def api_functions(db: Connection) -> list[Any]:
    return rows(
        db,
        "SELECT p.proname AS name, p.provolatile AS volatility, p.proargnames AS names,"
        " ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n) ORDER BY n) AS types"
        " FROM pg_proc p WHERE p.pronamespace = 'ttfd'::regnamespace"
        "  AND has_function_privilege('ttfd_admin', p.oid, 'EXECUTE') ORDER BY 1",
    )


def good_value(db: Connection, name: str, kind: str) -> Any:
    """What makes a call get far, so that the one bad argument is really used."""
    known = {
        "p_platform": "telegram",
        "p_external_id": "1",
        "p_event_type": "game_played",
        "p_data": Jsonb({"xp": 1}),
        "p_metric": "coins",
        "p_before": None,
        "p_after": None,
        "p_events": Jsonb([]),
    }
    if name in known:
        return known[name]
    if name.endswith("user_id") or name in ("p_into_id", "p_from_id", "p_to_id"):
        return value(db, "SELECT user_id FROM ttfd.find_user('telegram', '1')")
    return {
        "uuid": value(db, "SELECT gen_random_uuid()"),
        "bigint": 1,
        "integer": 5,
        "smallint": 1,
        "boolean": True,
    }.get(kind)


def hostile_values(name: str, kind: str, text: str) -> list[Any]:
    """The text in the place of an argument; in JSON in the place of every value, and as the JSON itself."""
    if kind == "text":
        return [text]
    if kind == "text[]":
        return [[text], [text, None, text]]
    if name == "p_events":
        return [text, *(json.dumps([EVENT | {key: text}]) for key in (*EVENT, "occurred_at", text))]
    return [
        text,
        Jsonb({"xp": 1, "note": text}),
        Jsonb({text: text}),
        Jsonb({"xp": text, "won": text, "seconds": text}),
        Jsonb([text]),
    ]


def call(db: Connection, function: Any, arguments: dict[str, Any]) -> None:
    """Any refusal is kept in its savepoint; one that says that SQL was broken is not fair."""
    kinds = dict(zip(function.names, function.types, strict=False))
    listed = ", ".join(f"{name} => %({name})s::{kinds[name]}" for name in arguments)
    try:
        with db.transaction():
            db.execute(f"SELECT * FROM ttfd.{function.name}({listed})", arguments)  # type: ignore[arg-type]
    except psycopg.Error as error:
        assert error.sqlstate, error  # The connection lives.
        assert error.sqlstate.startswith(FAIR), (function.name, arguments, error)


@pytest.fixture
def bystanders(db: Connection) -> dict[str, str]:
    """Somebody with a history whom no call is about, and what is known of them."""
    for external_id, platform in (("1", "telegram"), ("777001", "telegram"), ("777002", "discord")):
        apply_event(db, "game_played", {"xp": 50}, external_id=external_id, platform=platform)
        record_event(db, "voice_time", {"seconds": 60}, external_id=external_id, platform=platform)
    process_all(db)
    get_user(db, "777001", username="bystander")
    return look_at_bystanders(db)


def look_at_bystanders(db: Connection) -> dict[str, str]:
    return {
        query: str(rows(db, query))
        for query in (
            "SELECT * FROM ttfd.unified_users WHERE telegram_id = '777001' OR discord_id = '777002' ORDER BY id",
            "SELECT * FROM ttfd.platform_accounts WHERE external_id IN ('777001', '777002') ORDER BY 1, 2",
            "SELECT e.* FROM ttfd.cross_platform_events e JOIN ttfd.platform_accounts a USING (user_id)"
            " WHERE a.external_id IN ('777001', '777002') ORDER BY e.seq",
        )
    }


def test_hostile_text_does_nothing_in_any_argument_of_any_function(db: Connection, bystanders: dict[str, str]) -> None:
    catalog, before = value(db, CATALOG), state(db)
    tried = 0
    for function in api_functions(db):
        for bad, kind in zip(function.names, function.types, strict=False):
            if kind not in ("text", "text[]", "jsonb"):
                continue
            begun = state(db)
            for text in STRINGS:
                for hostile in hostile_values(bad, kind, text):
                    arguments = {
                        name: hostile if name == bad else good_value(db, name, other)
                        for name, other in zip(function.names, function.types, strict=False)
                    }
                    with acting_as(db, "ttfd_admin"):
                        call(db, function, arguments)
                    tried += 1
            place = (function.name, bad)
            after = state(db)
            assert value(db, CATALOG) == catalog, place
            assert look_at_bystanders(db) == bystanders, place
            assert {table for table in tables(db) if after[table] != before[table]} <= MAY_CHANGE, place
            if function.volatility != "v":
                assert after == begun, place
    assert tried > 20 * len(STRINGS)
    process_all(db)
    assert violations(db) == []


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_what_is_stored_comes_back_to_the_byte(db: Connection, text: str) -> None:
    name = text.strip(" ")[:255]
    found = row(db, "SELECT * FROM ttfd.get_or_create_user('telegram', '5', %s, %s)", text, text)
    seen = row(db, "SELECT username, display_name FROM ttfd.get_profile(%s)", found.user_id)
    assert (seen.username, seen.display_name) == (name or None, name or None)
    data = {"xp": 1, "note": text, text: [text, {text: text}]}
    apply_event(db, "game_played", data, external_id="5")
    process_all(db)
    (event,) = rows(db, "SELECT data FROM ttfd.read_feed(0)")
    assert event.data == data
    (exported,) = value(db, "SELECT ttfd.export_user(%s)", found.user_id)["cross_platform_events"]
    assert exported["data"] == data


def test_a_hostile_address_is_an_account_like_any_other(db: Connection) -> None:
    found = {}
    for text in STRINGS:
        address = "".join(text.split())[:20].replace("@", "") + "@x"
        try:
            with db.transaction():
                user_id = get_user(db, address, "website")
        except psycopg.Error as error:
            assert error.sqlstate == "TU002", address
            continue
        stored = value(db, "SELECT external_id FROM ttfd.platform_accounts WHERE user_id = %s", user_id)
        assert stored == value(db, "SELECT lower(%s)", address)
        assert row(db, "SELECT user_id FROM ttfd.find_user('website', %s)", address).user_id == user_id
        found[stored] = user_id
    assert len(set(found.values())) == len(found) > len(STRINGS) // 2


def test_there_are_500_strings_and_none_twice() -> None:
    assert len(set(hostile_strings(500))) == 500
