"""Measure, print, and write bench/results.json, docs/performance.md and docs/performance.svg, a scenario at a time."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import boards, calls, delay, growth, imports, poison, queue, report
from .figures import Results
from .server import running

SCENARIOS = {scenario.NAME: scenario for scenario in (queue, calls, delay, growth, poison, boards, imports)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=f"some of {', '.join(SCENARIOS)}; all without")
    parser.add_argument("--quick", action="store_true", help="smaller counts and 3 runs: is it about right?")
    parser.add_argument("--runs", type=int, help="runs of each figure (5, with --quick 3)")
    parser.add_argument("--output", type=Path, help="write everything into this folder instead of bench/ and docs/")
    options = parser.parse_args()
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario {unknown[0]}")
    chosen = options.scenarios or list(SCENARIOS)
    with running(options.runs or (3 if options.quick else 5), options.quick) as bench:
        for name in chosen:
            print(report.TITLES[name], flush=True)
            results = Results()
            SCENARIOS[name].measure(bench, results)
            report.keep(bench, name, results, options.output or report.ROOT / "bench")


if __name__ == "__main__":
    main()
