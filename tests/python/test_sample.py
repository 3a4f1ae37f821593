"""The sample community: reproducible, in the legacy programs' formats, and true to what it says of itself."""

import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ttfd.demo.sample import Sample, write_sample
from ttfd.legacy import LegacyRow, open_source


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return write_sample(tmp_path)


def read(sample: Sample) -> dict[str, list[LegacyRow]]:
    sources = (argument.split("=", 1) for argument in sample.arguments)
    return {preset: list(open_source(preset, location).rows()) for preset, location in sources}


def records(sample: Sample) -> list[tuple[str, str, dict[str, Any]]]:
    """Platform, source key and record of every sound row."""
    broken = {key for truth in sample.sources.values() for key in truth.broken}
    return [
        (row.platform, row.source_key, json.loads(row.record))
        for rows in read(sample).values()
        for row in rows
        if row.record and row.source_key not in broken
    ]


def fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().removeprefix("@")


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder, seed in zip(folders, (7, 7, 8), strict=True):
        folder.mkdir()
        write_sample(folder, seed)
    one, two, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == two
    assert one != other


def test_each_platform_has_about_500_people(sample: Sample) -> None:
    platforms = Counter(platform for platform, _ in sample.accounts)
    assert all(500 <= platforms[platform] <= 520 for platform in ("telegram", "discord", "website"))


def test_the_stated_totals_are_those_of_the_sound_records(sample: Sample) -> None:
    found = records(sample)
    for name in ("xp", "coins", "games_played", "games_won"):
        assert sum(record.get(name) or 0 for *_, record in found) == sum(
            getattr(truth, name) for truth in sample.sources.values()
        )
    voice = sum(int(record.get("total_voice_time") or 0) for *_, record in found)
    assert voice == sum(truth.voice_seconds for truth in sample.sources.values()) > 0


def test_every_record_is_read_and_every_broken_one_is_among_them(sample: Sample) -> None:
    for preset, rows in read(sample).items():
        truth = sample.sources[preset]
        assert len(rows) == truth.records
        assert truth.broken <= {row.source_key for row in rows}
        assert {row.source_key for row in rows if row.reject_reason} <= truth.broken


def test_links_by_id_are_those_that_a_record_states(sample: Sample) -> None:
    stated = {
        frozenset(((platform, str(record["external_id"])), ("discord", record["discord_id"])))
        for platform, _, record in records(sample)
        if record.get("discord_id")
    }
    assert stated == sample.links_by_id


def test_names_are_unique_but_for_those_that_the_sample_tells_of(sample: Sample) -> None:
    owners: dict[str, set[tuple[str, str]]] = {}
    for platform, key, record in records(sample):
        if key.startswith("voice_data.json") and (platform, record["external_id"]) in sample.unknown:
            continue
        owners.setdefault(fold(record["username"]), set()).add((platform, str(record["external_id"])))
    shared = {name: frozenset(accounts) for name, accounts in owners.items() if len(accounts) > 1}
    assert shared.pop("unknown") == sample.unknown
    assert {name for name, accounts in shared.items() if len(accounts) == 3} == sample.ambiguous_names
    pairs = {accounts for accounts in shared.values() if len(accounts) == 2}
    assert pairs == sample.links_by_username | sample.namesakes


def test_it_has_nulls_missing_values_and_names_in_two_alphabets(sample: Sample) -> None:
    found = [record for *_, record in records(sample)]
    assert any("xp" in record and record["xp"] is None for record in found)
    assert any("xp" not in record for record in found if "last_active" in record)
    names = "".join(record["username"] for record in found)
    assert {"CYRILLIC", "LATIN"} <= {unicodedata.name(letter).split()[0] for letter in set(names)}


def test_one_person_has_other_amounts_and_dates_on_each_platform(sample: Sample) -> None:
    by_account = {
        (platform, str(record["external_id"])): record
        for platform, key, record in records(sample)
        if not key.startswith("voice_data.json")
    }
    pairs = [
        [by_account[account] for account in pair]
        for pair in sample.links_by_id | sample.links_by_username
        if all(account in by_account for account in pair)
    ]
    for name in ("xp", "created_at"):
        both = [(one.get(name), other.get(name)) for one, other in pairs]
        assert sum(one != other for one, other in both if one and other) > 50
