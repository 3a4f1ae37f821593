"""Legacy sources read to their end, or refused."""

import json
from typing import Any

import pytest

from ttfd.legacy import LegacyError, LegacyRow, open_source


def read(preset: str, location: str) -> list[LegacyRow]:
    with open_source(preset, location) as source:
        rows = list(source.rows())
        assert source.done == source.total
    return rows


def record(row: LegacyRow) -> dict[str, Any]:
    assert row.record is not None
    found: dict[str, Any] = json.loads(row.record)
    return found


def refusal(preset: str, location: str) -> str:
    with pytest.raises(LegacyError) as caught, open_source(preset, location) as source:
        list(source.rows())
    assert caught.value.exit_code in (2, 3)
    return str(caught.value)
