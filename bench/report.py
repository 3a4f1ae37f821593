"""results.json, the page and the chart."""

from __future__ import annotations

import datetime
import json
import os
import platform
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from .figures import Figure, Results, Target
from .server import SETTINGS, Bench
from .workload import BACKLOG_MINUTES, USERS

ROOT = Path(__file__).resolve().parent.parent
TITLES = {
    "queue": "Draining a queue",
    "calls": "Single calls and bulk",
    "delay": "From record_event to the listener",
    "growth": "Growth",
    "poison": "Bad events",
    "boards": "Leaderboards",
    "imports": "Moving a community",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One scenario: when, how, and what came out."""

    facts: dict[str, object]
    figures: list[Figure]
    targets: list[Target]


def keep(bench: Bench, scenario: str, results: Results, folder: Path) -> None:
    """Put what was just measured in the place of what is there of this scenario, and write page and chart anew."""
    docs = ROOT / "docs" if folder == ROOT / "bench" else folder
    folder.mkdir(parents=True, exist_ok=True)
    measured = read(folder / "results.json")
    measured[scenario] = Measured(facts(bench), results.figures, results.targets)
    measured = {name: measured[name] for name in TITLES if name in measured}
    body = {name: asdict(found) for name, found in measured.items()}
    (folder / "results.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (docs / "performance.md").write_text(page(measured), "utf-8")
    (docs / "performance.svg").write_text(chart(measured), "utf-8")


def read(file: Path) -> dict[str, Measured]:
    """What was measured before, by scenario."""
    if not file.exists():
        return {}
    return {
        name: Measured(
            found["facts"],
            [Figure(**figure) for figure in found["figures"]],
            [Target(**target) for target in found["targets"]],
        )
        for name, found in json.loads(file.read_text("utf-8")).items()
    }


def facts(bench: Bench) -> dict[str, object]:
    with bench.connect() as connection:
        ((version,),) = connection.execute("SHOW server_version").fetchall()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "postgresql": version.split()[0],
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "runs": bench.runs,
        "quick": bench.quick,
        "settings": SETTINGS,
        "load_after": [round(load, 2) for load in os.getloadavg()],
    }


def page(measured: dict[str, Measured]) -> str:
    lines = [
        "# Performance",
        "",
        "<!-- Written by `make bench`. -->",
        "",
        "Server and clients are on one machine, `fsync` and `synchronous_commit` are on."
        f" {USERS:,} members with a zipf-like skew: the most talkative one"
        f" sends 7 % of all events. Nine in ten events are messages, the rest voice time and games; a backlog spans {BACKLOG_MINUTES} minutes."
        " What is compared ran in turns.",
        "",
        "![Events a second](performance.svg)",
        "",
        "## What is promised",
        "",
        "| | measured | promised | |",
        "|---|--:|--:|---|",
    ]
    for found in measured.values():
        for target in found.targets:
            sign = "≤" if target.at_most else "≥"
            verdict = "met" if target.met else "**missed**"
            lines.append(
                f"| {target.name} | {number(target.value)} {target.unit} | {sign} {number(target.limit)} {target.unit} | {verdict} |"
            )
    for scenario, found in measured.items():
        lines += ["", f"## {TITLES[scenario]}", "", when(found.facts), ""]
        lines += ["| | median | min | max | |", "|---|--:|--:|--:|---|"]
        for figure in found.figures:
            low, high = (number(min(figure.values)), number(max(figure.values))) if len(figure.values) > 1 else ("", "")
            lines.append(f"| {figure.name} | {number(figure.median)} | {low} | {high} | {figure.unit} |")
        lines += ["", *NOTES[scenario]]
    return "\n".join(lines) + "\n"


def when(known: dict[str, object]) -> str:
    short = ", a short run (`--quick`): the figures are rough" if known["quick"] else ""
    return (
        f"Measured on {known['date']} with PostgreSQL {known['postgresql']} on {known['cpus']} CPUs ({known['machine']}),"
        f" {known['runs']} runs{short}."
    )


NOTES = {
    "queue": [
        "`process_events` does all its work: rules, cooldowns, caps, ranks, the leaderboard, the score of the season, achievements, the",
        "ledger with its history index, the feed. *PgQ, the same work* does the same in set-based SQL on copies of the same tables, but does",
        "not lock members in order, sort out failing events, count rows or grant the achievements that it finds. *PgQ, sums only* is the",
        "limit: it adds up and keeps nothing. procrastinate runs its own worker on a task of one `UPDATE`; the original's pattern fetches",
        "100 events and reads, writes and marks one after another.",
        "",
        "What would make it more: of the 22 us that an event takes at 5,000 (`pg_stat_statements`), the statement that judges, updates,",
        "logs and takes out of the queue has 16, the leaderboards other than that by XP 4, that by XP 1, achievements and the locks on",
        "members 0.6 each. A log without the index by member would save the writes of its history, and a queue whose tables are emptied in",
        "turn, as PgQ's are, the removal of each row; then `list_history` reads the log, and a row that fails cannot be taken out alone.",
    ],
    "calls": [
        "pgbench with prepared statements. The bare `UPDATE` adds a coin to one row of `unified_users`: no rule, no ledger, no answer.",
    ],
    "delay": [
        "The queue is otherwise idle; worker, listener and writer are separate connections, the worker a separate process."
    ],
    "growth": [
        "One pass in a fresh database; min and max are those of single batches (speed) and of each tenth (WAL)."
    ],
    "poison": [
        "Five kinds: a number beyond bigint, an unknown type, an unknown member, a negative amount, a word for a number; the batch sorts",
        "them out as a set. *Only halving finds* is the worst case: debts that the balance does not cover fail the whole statement.",
    ],
    "boards": [
        "Members have up to 1,000,000 XP, most of them few; a worker drains events all the while. Each figure is the median of 300 calls",
        "(`get_position` and `ZREVRANK` for random members), one client in Python on a unix socket. `list_leaderboard` also answers names,",
        "ranks and platforms; Redis knows neither those nor who was there first, and loses what was not yet written when it stops.",
    ],
    "imports": [
        "Three JSON files (two fifths Telegram, two Discord, a fifth website), three in ten rows of somebody who is in two of them, into",
        "an empty database: `ttfd import`, then `ttfd verify`. Beside the original's pattern, with as many members present: it looks each row",
        "up by id and by name, writes and commits it; a match by name throws the XP away, which is less work.",
        "",
        "*Written bare* copies what an import left behind into tables like its own, in one transaction, with nothing to find out. The server works",
        "about 65 s for 1,000,000 rows: taking in and judging 14, grouping 13, adding up 9, members and their accounts 20 (8 of it foreign keys),",
        "ledger 6. Only reading and judging go side by side; what unites and writes is one transaction, so that it is all there or nothing while",
        "the bots go on, and a transaction writes on one processor. What else was weighed: [ADR 0015](adr/0015-records-are-judged-while-the-next-are-read.md).",
    ],
}


def number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def chart(measured: dict[str, Measured]) -> str:
    """Horizontal bars, one panel for queues and one for calls, each on its own linear scale."""
    panels = [
        ("Draining a queue, events/s", measured["queue"].figures if "queue" in measured else []),
        (
            "Calls/s with a worker and a listener",
            [figure for figure in measured["calls"].figures if figure.unit == "calls/s"] if "calls" in measured else [],
        ),
    ]
    width, left, row = 860, 330, 22
    parts: list[str] = []
    y = 10
    for title, figures in panels:
        if not figures:
            continue
        y += 24
        parts.append(f'<text class="title" x="10" y="{y}">{escape(title)}</text>')
        y += 12
        scale = (width - left - 90) / max(max(figure.values) for figure in figures)
        for figure in figures:
            parts += _bar(figure, left, y, row, scale)
            y += row
    height = y + 24
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"
 aria-label="Events a second of ttfd and of what else one could use; the same figures are in the table.">
<style>
 text {{ font: 13px system-ui, sans-serif; fill: #1f2328; }}
 .title {{ font-weight: 600; font-size: 14px; }}
 .ours {{ fill: #1a7f5a; }} .peer {{ fill: #8c959f; }} .range {{ stroke: #1f2328; stroke-width: 1.2; }}
 @media (prefers-color-scheme: dark) {{
  text {{ fill: #e6edf3; }} .ours {{ fill: #3fb984; }} .peer {{ fill: #6e7681; }} .range {{ stroke: #e6edf3; }}
 }}
</style>
{chr(10).join(parts)}
<text x="{left}" y="{height - 8}">bars: median; lines: least to greatest run</text>
</svg>
"""


def _bar(figure: Figure, left: int, y: int, row: int, scale: float) -> list[str]:
    mine = figure.name.startswith(("ttfd.", "apply_event", "record_event"))
    low, high, middle = min(figure.values) * scale, max(figure.values) * scale, y + (row - 6) / 2
    return [
        f'<text x="{left - 8}" y="{middle + 5:.1f}" text-anchor="end">{escape(short(figure.name))}</text>',
        f'<rect class="{"ours" if mine else "peer"}" x="{left}" y="{y}" width="{max(1.0, figure.median * scale):.1f}"'
        f' height="{row - 6}" rx="2"/>',
        f'<line class="range" x1="{left + low:.1f}" x2="{left + high:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<text x="{left + max(high, figure.median * scale) + 6:.1f}" y="{middle + 5:.1f}">{number(figure.median)}</text>',
    ]


def short(name: str) -> str:
    return (
        name.replace(", worker and listener", "")
        .replace(", the same around it", "")
        .replace("ttfd.process_events", "ttfd, all its work")
    )
