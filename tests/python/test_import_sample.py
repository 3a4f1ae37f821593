"""An import keeps every point, joins only what surely belongs together, and tells about all the rest."""

import dataclasses
import json
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ttfd.demo.sample import Account, Sample, write_sample
from ttfd.legacy import ImportResult, LegacyError, LegacyRow, LegacySource, open_source, run_import
from ttfd.legacy.errors import MissingFileError
from ttfd.legacy.preset import load_preset

METRICS = ("xp", "coins", "games_played", "games_won", "total_voice_time", "messages_sent")

HYBRID_TABLE = """
CREATE TABLE public.users (
  id text PRIMARY KEY, telegram_id varchar(50), username text, first_name text, xp int, coins int,
  discord_id text, games_played int, games_won int, daily_streak int, achievements jsonb,
  created_at timestamp);
INSERT INTO public.users (id, telegram_id, username, xp, coins)
SELECT 100000000000000000 + n, 700000000 + n, 'user' || n, 100 * n, 10 * n FROM generate_series(1, 7) n;
"""

Connection = psycopg.Connection[Any]


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return write_sample(tmp_path)


@pytest.fixture
def imported(db: Connection, sample: Sample) -> ImportResult:
    return load(db, *sample.arguments)


def load(db: Connection, *arguments: str, dry_run: bool = False, by_username: bool = True) -> ImportResult:
    with ExitStack() as stack:
        sources = [stack.enter_context(open_source(*argument.split("=", 1))) for argument in arguments]
        return run_import(db, sources, dry_run=dry_run, link_by_username=by_username)


def totals(db: Connection) -> dict[str, int]:
    columns = ", ".join(f"sum({name})::bigint AS {name}" for name in METRICS)
    cursor = db.execute(f"SELECT {columns} FROM ttfd.unified_users WHERE merged_into IS NULL")
    return dict(zip(METRICS, cursor.fetchone() or (), strict=True))


def owners(db: Connection) -> dict[Account, int]:
    rows = db.execute("SELECT platform, external_id, user_id FROM ttfd.platform_accounts").fetchall()
    return {(platform, external_id): user_id for platform, external_id, user_id in rows}


def content(db: Connection) -> dict[str, list[str]]:
    """Every row of every table of ours, but for the list of runs."""
    tables = db.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'ttfd'::regnamespace AND relkind IN ('r', 'S')"
        " AND relname NOT IN ('import_runs', 'import_sources') AND relname NOT LIKE '%seq'"
    ).fetchall()
    return {name: [row for (row,) in db.execute(f"SELECT t::text FROM ttfd.{name} t ORDER BY 1")] for (name,) in tables}


def fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().removeprefix("@")


def conflicts(result: ImportResult, reason: str) -> list[dict[str, Any]]:
    return [conflict for conflict in result.report["conflicts"] if conflict["reason"] == reason]


def test_xp_coins_games_messages_and_voice_are_the_same_before_and_after(
    db: Connection, sample: Sample, imported: ImportResult
) -> None:
    truths = sample.sources.values()
    expected = {
        "xp": sum(truth.xp for truth in truths),
        "coins": sum(truth.coins for truth in truths),
        "games_played": sum(truth.games_played for truth in truths),
        "games_won": sum(truth.games_won for truth in truths),
        "total_voice_time": sum(truth.voice_seconds for truth in truths),
        "messages_sent": 0,
    }
    assert totals(db) == expected
    reported = ("xp", "coins", "messages_sent", "total_voice_time")
    for when in ("totals_before", "totals_after"):
        assert imported.report[when] == {name: expected[name] for name in reported}


def test_the_report_tells_each_sources_rows_and_amounts(sample: Sample, imported: ImportResult) -> None:
    reported = {entry["source"].partition(":")[0]: entry for entry in imported.report["sources"]}
    for preset, truth in sample.sources.items():
        entry = reported[preset]
        assert (entry["rows"], entry["rejected"]) == (truth.records, len(truth.broken))
        assert entry["accepted"] == truth.records - len(truth.broken)
        assert (entry["xp"], entry["coins"]) == (truth.xp, truth.coins)
        assert (entry["granted_xp"], entry["granted_coins"]) == (truth.xp, truth.coins)
        assert entry["total_voice_time"] == truth.voice_seconds
    assert imported.rows == sum(truth.records for truth in sample.sources.values())


def test_the_ledger_explains_every_balance(db: Connection, imported: ImportResult) -> None:
    assert imported.status == "unified"
    assert db.execute("SELECT kind, user_id, expected, actual FROM ttfd.verify_integrity()").fetchall() == []


def test_everybody_arrives_once(db: Connection, sample: Sample, imported: ImportResult) -> None:
    assert set(owners(db)) == sample.accounts
    assert db.execute("SELECT count(*) FROM ttfd.unified_users").fetchone() == (sample.users,)
    assert imported.users_created == sample.users


def test_stated_ids_join_accounts(db: Connection, sample: Sample, imported: ImportResult) -> None:
    owner = owners(db)
    assert all(len({owner[account] for account in pair}) == 1 for pair in sample.links_by_id)
    assert imported.linked_by_id == len(sample.links_by_id)


def test_a_name_that_is_unique_on_both_sides_joins_accounts(
    db: Connection, sample: Sample, imported: ImportResult
) -> None:
    owner = owners(db)
    assert all(len({owner[account] for account in pair}) == 1 for pair in sample.links_by_username)
    assert imported.linked_by_username == len(sample.links_by_username)


def test_names_join_nobody_when_that_is_not_wanted(db: Connection, sample: Sample) -> None:
    result = load(db, *sample.arguments, by_username=False)
    owner = owners(db)
    assert all(len({owner[account] for account in pair}) == 2 for pair in sample.links_by_username)
    assert (result.linked_by_username, result.linked_by_id) == (0, len(sample.links_by_id))


def test_nobody_called_unknown_is_joined_with_anybody(db: Connection, sample: Sample, imported: ImportResult) -> None:
    owner = owners(db)
    alone = [user_id for user_id in owner.values() if list(owner.values()).count(user_id) == 1]
    assert {owner[account] for account in sample.unknown} <= set(alone)
    assert not [c for c in imported.report["conflicts"] if fold(c["username"] or "") == "unknown"]


def test_ambiguous_names_are_conflicts_and_no_links(db: Connection, sample: Sample, imported: ImportResult) -> None:
    found = conflicts(imported, "ambiguous_username")
    assert {fold(conflict["username"]) for conflict in found} == sample.ambiguous_names
    owner = owners(db)
    involved = [(conflict["platform"], conflict["external_id"]) for conflict in found]
    assert len({owner[account] for account in involved}) == len(involved)


def test_an_equal_name_is_no_link_where_an_id_is_known(db: Connection, sample: Sample, imported: ImportResult) -> None:
    owner = owners(db)
    assert all(len({owner[account] for account in pair}) == 2 for pair in sample.namesakes)
    found = {(c["platform"], c["external_id"]) for c in conflicts(imported, "other_id_known")}
    assert found == {account for pair in sample.namesakes for account in pair}


def test_every_broken_record_is_listed_with_file_key_and_reason(sample: Sample, imported: ImportResult) -> None:
    rejected = imported.report["rejected"]
    broken = [key for truth in sample.sources.values() for key in truth.broken]
    assert sorted(entry["source_key"] for entry in rejected) == sorted(broken)
    assert all(entry["reason"] for entry in rejected)
    assert imported.rejected == len(broken)
    files = {
        "telegram": "telegram.json",
        "discord": ("user_data.json", "voice_data.json"),
        "website": "accounts.json",
    }
    assert all(entry["source_key"].startswith(files[entry["source"].partition("-")[0]]) for entry in rejected)


def test_a_second_run_changes_nothing(db: Connection, sample: Sample, imported: ImportResult) -> None:
    before, members = content(db), totals(db)
    again = load(db, *sample.arguments)
    assert totals(db) == members
    after = content(db)
    unchanged = set(before) - {"import_rows", "import_conflicts"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert (again.users_created, again.linked_by_id, again.linked_by_username) == (0, 0, 0)
    assert {(s["granted_xp"], s["granted_coins"]) for s in again.report["sources"]} == {(0, 0)}


def test_a_changed_source_adds_the_difference(db: Connection, tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    for xp, total in ((100, 100), (130, 130), (120, 120)):
        path.write_text(json.dumps({"users": {"77": {"telegram_id": "77", "xp": xp}}}))
        load(db, f"telegram-json={path}")
        assert totals(db)["xp"] == total


def test_a_dry_run_reports_what_the_real_run_does_and_changes_nothing(db: Connection, sample: Sample) -> None:
    before = content(db), db.execute("SELECT count(*) FROM ttfd.import_runs").fetchone()
    dry = load(db, *sample.arguments, dry_run=True)
    assert (content(db), db.execute("SELECT count(*) FROM ttfd.import_runs").fetchone()) == before
    real = load(db, *sample.arguments)
    assert (dry.status, real.status) == ("dry_run", "unified")
    told = [dataclasses.asdict(dataclasses.replace(result, run_id=0, status="")) for result in (dry, real)]
    assert told[0] == told[1]


def test_one_table_given_as_two_sources_is_refused_and_nothing_is_imported(db: Connection, database_url: str) -> None:
    db.execute(HYBRID_TABLE)
    with pytest.raises(psycopg.Error) as caught:
        load(db, f"telegram-postgres={database_url}", f"discord-postgres={database_url}")
    assert caught.value.sqlstate == "TI001"
    assert db.execute("SELECT count(*) FROM ttfd.import_runs").fetchone() == (0,)
    assert owners(db) == {}


def test_one_table_with_both_ids_given_once_makes_seven_members_with_two_accounts(
    db: Connection, database_url: str
) -> None:
    db.execute(HYBRID_TABLE)
    result = load(db, f"discord-postgres={database_url}")
    assert (result.rows, result.users_created, result.linked_by_id) == (7, 7, 7)
    assert totals(db)["xp"] == 2800
    assert len(owners(db)) == 14


def test_a_copied_file_given_as_two_sources_is_refused(db: Connection, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps({"users": {"77": {"telegram_id": "77", "xp": 5}}}))
    with pytest.raises(psycopg.Error) as caught:
        load(db, f"telegram-json={tmp_path}/a.json", f"telegram-json={tmp_path}/b.json")
    assert caught.value.sqlstate == "TI001"


def test_copied_users_are_refused_even_with_voice_files_of_their_own(db: Connection, tmp_path: Path) -> None:
    for name, seconds in (("a", 60), ("b", 90)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"users": {"5": {"id": "5", "xp": 5}}}))
        (tmp_path / f"{name}-voice.json").write_text(json.dumps({"users": {"5": {"total_time": seconds}}}))
    with pytest.raises(psycopg.Error) as caught:
        load(db, *(f"discord-json={tmp_path}/{n}.json,{tmp_path}/{n}-voice.json" for n in ("a", "b")))
    assert caught.value.sqlstate == "TI001"


@pytest.mark.parametrize("order", [("website", "discord"), ("discord", "website")])
def test_progress_that_website_and_discord_share_is_counted_once(
    db: Connection, database_url: str, order: tuple[str, str]
) -> None:
    db.execute(HYBRID_TABLE + "CREATE TABLE public.accounts (id serial, email text, discord_id text)")
    db.execute("INSERT INTO public.accounts (email, discord_id) VALUES ('ann@example.org', '100000000000000001')")
    result = load(db, *(f"{program}-postgres={database_url}" for program in order))
    assert totals(db)["xp"] == 2800
    assert [(part.source.partition(":")[0], part.part) for part in result.left_out] == [("website-postgres", "users")]
    owner = owners(db)
    assert owner["website", "ann@example.org"] == owner["discord", "100000000000000001"]


@pytest.mark.parametrize(("first", "second"), [("discord", "telegram"), ("discord", "website"), ("website", "discord")])
def test_one_table_is_not_counted_again_by_a_later_run_of_another_program(
    db: Connection, database_url: str, first: str, second: str
) -> None:
    db.execute(HYBRID_TABLE + "CREATE TABLE public.accounts (id serial, email text, discord_id text)")
    load(db, f"{first}-postgres={database_url}")
    with pytest.raises(psycopg.Error) as caught:
        load(db, f"{second}-postgres={database_url}")
    assert caught.value.sqlstate == "TI001"
    assert totals(db)["xp"] == 2800


def test_website_accounts_follow_when_the_bot_that_keeps_the_progress_is_given_too(
    db: Connection, database_url: str
) -> None:
    db.execute(HYBRID_TABLE + "CREATE TABLE public.accounts (id serial, email text, discord_id text)")
    db.execute("INSERT INTO public.accounts (email, discord_id) VALUES ('ann@example.org', '100000000000000001')")
    load(db, f"discord-postgres={database_url}")
    load(db, f"discord-postgres={database_url}", f"website-postgres={database_url}")
    assert totals(db)["xp"] == 2800
    assert ("website", "ann@example.org") in owners(db)


def test_a_voice_file_that_two_sources_share_is_counted_once(db: Connection, tmp_path: Path) -> None:
    for number in (5, 6):
        (tmp_path / f"{number}.json").write_text(json.dumps({"users": {number: {"id": str(number)}}}))
    (tmp_path / "voice.json").write_text(json.dumps({"users": {"5": {"total_time": 60.5}}, "channels": {}}))
    result = load(db, *(f"discord-json={tmp_path}/{n}.json,{tmp_path}/voice.json" for n in (5, 6)))
    assert totals(db)["total_voice_time"] == 60
    assert [(part.source, part.part) for part in result.left_out] == [("discord-json:6.json", "voice")]


def test_files_of_one_name_in_two_folders_are_two_sources(db: Connection, tmp_path: Path) -> None:
    for user_id in ("77", "88"):
        (tmp_path / user_id).mkdir()
        (tmp_path / user_id / "users.json").write_text(json.dumps({"users": {user_id: {"xp": 5}}}))
    result = load(db, *(f"telegram-json={tmp_path}/{user_id}/users.json" for user_id in ("77", "88")))
    assert totals(db)["xp"] == 10
    assert [entry["source"] for entry in result.report["sources"]] == [
        "telegram-json:users.json",
        "telegram-json:users.json (2)",
    ]


def test_no_password_reaches_the_database(db: Connection, sample: Sample, imported: ImportResult) -> None:
    accounts = json.loads(Path(sample.arguments[2].partition("=")[2]).read_text(encoding="utf-8"))["accounts"]
    everything = "\n".join(row for rows in content(db).values() for row in rows)
    reports = str(db.execute("SELECT report FROM ttfd.import_runs").fetchall())
    passwords = [account["password"] for account in accounts.values() if "password" in account]
    assert passwords
    assert not any(password in everything + reports for password in passwords)


class BrokenPart:
    """A part that yields some rows and then fails, as a cut connection does."""

    name, platform, identity, total = "users", "telegram", "broken", 2000

    def rows(self) -> Iterator[LegacyRow]:
        for number in range(1500):
            yield LegacyRow("users", f"users/{number}", "telegram", json.dumps({"external_id": number + 1}))
        raise MissingFileError(path="telegram.json")


def test_an_interruption_leaves_nothing(db: Connection) -> None:
    source = LegacySource(load_preset("telegram-json"), "telegram-json:telegram.json", [BrokenPart()])
    seen: list[int] = []
    with pytest.raises(LegacyError):
        run_import(db, [source], progress=lambda _, done: seen.append(done))
    assert seen == [1000]
    assert db.execute(
        "SELECT (SELECT count(*) FROM ttfd.import_runs), (SELECT count(*) FROM ttfd.import_rows)"
    ).fetchone() == (0, 0)


def test_progress_counts_to_the_end_of_each_source(db: Connection, sample: Sample) -> None:
    seen: dict[str, int] = {}
    with ExitStack() as stack:
        sources = [stack.enter_context(open_source(*a.split("=", 1))) for a in sample.arguments]
        run_import(db, sources, progress=lambda source, _: seen.__setitem__(source.label, source.done))
        assert seen == {source.label: source.total for source in sources}
