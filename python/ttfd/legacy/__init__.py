"""Readers of the legacy programs' data, and the loader that hands it to the database.

The readers only rename: a preset, a mapping file under `presets/`, says which legacy field is which canonical
one. Checking, matching and adding up is done by the database.
"""

from collections.abc import Callable

from ttfd.legacy.csv_files import open_csv
from ttfd.legacy.errors import LegacyError
from ttfd.legacy.json_files import open_json
from ttfd.legacy.loader import ImportResult, Progress, list_conflicts, run_import, settle_conflict, undo_import
from ttfd.legacy.postgres import open_postgres
from ttfd.legacy.preset import Preset, load_preset, preset_names
from ttfd.legacy.source import LeftOut, LegacyRow, LegacySource
from ttfd.legacy.sqlite import open_sqlite

__all__ = [
    "ImportResult",
    "LeftOut",
    "LegacyError",
    "LegacyRow",
    "LegacySource",
    "Preset",
    "Progress",
    "list_conflicts",
    "open_source",
    "preset_names",
    "run_import",
    "settle_conflict",
    "undo_import",
]

_OPENERS: dict[str, Callable[[Preset, str], LegacySource]] = {
    "csv": open_csv,
    "json": open_json,
    "postgres": open_postgres,
    "sqlite": open_sqlite,
}


def open_source(preset: str, location: str) -> LegacySource:
    """Open the legacy data at `location`.

    Args:
        preset: name of a format, see `preset_names`, or path of a mapping file, which ends in .toml.
        location: files, separated by commas; for PostgreSQL an address, or `env:NAME` for an environment variable
            that holds one.

    Raises:
        LegacyError: what is wrong, and what to do next; never quotes a password.
    """
    found = load_preset(preset)
    return _OPENERS[found.reader](found, location)
