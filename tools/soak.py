"""Run the reliability tests for as long as it is given (``make soak``, 10 minutes), then write docs/reliability.md.

Each round runs every test, the next one with more events, kills and cuts, until the time is over. ``--minutes 1`` is
what a continuous integration has time for; ``--full`` runs one round as large as the project promises.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TESTS = [
    "reliability/test_kills.py",
    "bots/test_bot_kills.py",
    "reliability/test_listener_outages.py",
    "reliability/test_cut_connections.py",
    "reliability/test_black_holes.py",
    "reliability/test_disk_full.py",
    "reliability/test_clocks.py",
    "reliability/test_restore.py",
    "reliability/test_pgbouncer.py",
    "reliability/test_migration_kills.py",
]
_FULL = {
    "TTFD_SOAK_EVENTS": 100_000,
    "TTFD_SOAK_KILLS": 200,
    "TTFD_SOAK_STOPS": 20,
    "TTFD_SOAK_CHANGES": 10_000,
    "TTFD_SOAK_CUTS": 100,
    "TTFD_SOAK_BOT_KILLS": 40,
    "TTFD_SOAK_BOT_MESSAGES": 20_000,
    "TTFD_SOAK_BLACK_HOLES": 100,
    "TTFD_SOAK_CUT_EVENTS": 20_000,
    "TTFD_SOAK_CONNECTION_CUTS": 300,
    "TTFD_SOAK_DISK_EVENTS": 10_000,
    "TTFD_SOAK_RESTORE_EVENTS": 20_000,
    "TTFD_KILLS": 100,
}
_FIRST_SHARE, _GROWTH = 0.04, 2.0

_HEAD = """# Reliability

What was done to a running system, and what came of it. Written by `make soak`
({command}).
Each line is a test under `tests/` that runs, smaller, with every `make test`. "Lost" and "doubled" compare the ids that
clients were told are safe with the event log; "integrity sound" is `verify_integrity()` finding nothing.

| what happened | how much of it | result |
|---|---|---|
"""
_TAIL = """
Limits of those who wait for an answer that never comes: worker 60 s, listener, bots, website and clients 20 s,
`ttfd doctor` 10 s, a pool's idle connections below one second; the server ends a silent session that holds a lock after
15 s. Where nothing is acknowledged either, TCP notices within a minute (`ttfd.connect`).

Not tried here: a power cut (the kernel survives these tests). What is said on Discord while no bot listens does not
count: Discord repeats nothing. After a bot was killed, its announcements wait up to two minutes.
"""


def run(environment: dict[str, int]) -> list[dict[str, object]]:
    """One round; its lines for the report. Raises SystemExit when a test fails."""
    with tempfile.TemporaryDirectory() as place:
        lines = Path(place) / "report.jsonl"
        variables = os.environ | {name: str(value) for name, value in environment.items()}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *(f"tests/{name}" for name in _TESTS)],
            cwd=ROOT,
            env=variables | {"TTFD_SOAK_REPORT": str(lines)},
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit("Not reliable: see above.")
        return [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]


def scaled(share: float) -> dict[str, int]:
    """This much of the full size of everything."""
    return {name: max(2, round(value * share)) for name, value in _FULL.items()}


def write(found: list[dict[str, object]], command: str) -> None:
    rows = "".join(f"| {line['what']} | {line['scale']} | {line['result']} |\n" for line in found)
    (ROOT / "docs/reliability.md").write_text(_HEAD.format(command=command) + rows + _TAIL, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--full", action="store_true", help="one round of full size, however long it takes")
    arguments = parser.parse_args()
    if arguments.full:
        write(run(_FULL), "`tools/soak.py --full`")
        return 0
    began = time.monotonic()
    share, rounds = _FIRST_SHARE, 0
    while True:
        start = time.monotonic()
        found = run(scaled(min(share, 1.0)))
        rounds += 1
        spent, last = time.monotonic() - began, time.monotonic() - start
        if spent + last > arguments.minutes * 60:
            break
        share *= min(_GROWTH, (arguments.minutes * 60 - spent) / last)
    write(found, f"{spent / 60:.0f} minutes, figures of the last of {rounds} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
