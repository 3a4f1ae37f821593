"""One event in a hundred is bad: the good ones are applied, the bad ones are named, and it costs little."""

from __future__ import annotations

import time

from .figures import Results, interleave
from .server import Bench
from .workload import DATA, DRAWS, EVENT_TYPE, OCCURRED_AT, USER, drain

NAME = "poison"
BATCH = 5_000

# Every hundredth event, in turn: a number beyond bigint, an unknown type, an unknown member, a negative amount,
# a word where a number belongs.
KIND = "CASE WHEN d.n %% 100 = 0 THEN d.n / 100 %% 5 END"
# Only the member's row can tell these: a debt that it does not cover, and a sum beyond bigint. They fail the
# statement, and the batch is halved until they are found.
OVERDRAWN = "CASE WHEN d.n %% 100 = 0 THEN 5 END"
CLEAN = "NULL::integer"


def measure(bench: Bench, results: Results) -> None:
    count = bench.count(50_000, 10_000)
    clean = f"{count:,} clean events"
    poisoned = f"{count:,} events, 1 % poison of five kinds"
    halved = f"{count:,} events, 1 % that only halving finds"
    found = interleave(
        bench.runs,
        {
            clean: lambda: seconds(bench, count, CLEAN, 0),
            poisoned: lambda: seconds(bench, count, KIND, count // 100),
            halved: lambda: seconds(bench, count, OVERDRAWN, count // 100),
        },
    )
    figures = {name: results.add(NAME, name, "s", values) for name, values in found.items()}
    results.expect(
        f"{poisoned}: × the clean time, all in failed_events",
        figures[poisoned].median / figures[clean].median,
        3,
        at_most=True,
        unit="×",
    )


def seconds(bench: Bench, count: int, kind: str, poison: int) -> float:
    with bench.connect() as connection:
        connection.execute("TRUNCATE ttfd.failed_events")
        connection.execute(
            f"""
            {DRAWS}, kinds AS (SELECT d.*, {kind} AS kind FROM draws d)
            INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, occurred_at)
            SELECT ttfd.generate_event_id(),
                   CASE d.kind WHEN 2 THEN -d.n ELSE {USER} END,
                   CASE WHEN d.kind IN (0, 3, 4) THEN 'game_played' WHEN d.kind = 1 THEN 'no_such_type'
                        WHEN d.kind = 5 THEN 'coins_change' ELSE {EVENT_TYPE} END,
                   'telegram',
                   CASE d.kind WHEN 0 THEN '{{"xp": 99999999999999999999}}' WHEN 3 THEN '{{"xp": -5}}'
                               WHEN 4 THEN '{{"xp": "five"}}' WHEN 5 THEN '{{"coins": -1000000000}}' ELSE {DATA} END::jsonb,
                   {OCCURRED_AT}
              FROM kinds d ORDER BY d.n
            """,
            [count],
        )
        began = time.perf_counter()
        failed = drain(connection, BATCH)
        taken = time.perf_counter() - began
        ((kept, states),) = connection.execute(
            "SELECT count(*), array_agg(DISTINCT sqlstate) FROM ttfd.failed_events"
        ).fetchall()
    if failed != poison or kept != poison:
        raise RuntimeError(f"{poison} bad events, but {failed} failed and {kept} are in failed_events: {states}")
    return taken
