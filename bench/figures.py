"""What was measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured in each run."""

    scenario: str
    name: str
    unit: str
    values: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class Target:
    """What the project promises, and what came out."""

    name: str
    value: float
    limit: float
    at_most: bool = False
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit


class Results:
    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.targets: list[Target] = []

    def add(self, scenario: str, name: str, unit: str, values: list[float]) -> Figure:
        figure = Figure(scenario, name, unit, values)
        self.figures.append(figure)
        print(
            f"  {name:62} {figure.median:>11,.4g} {unit}   ({min(values):,.4g} to {max(values):,.4g})"
            if abs(figure.median) < 1000
            else f"  {name:62} {figure.median:>11,.0f} {unit}   ({min(values):,.0f} to {max(values):,.0f})",
            flush=True,
        )
        return figure

    def expect(self, name: str, value: float, limit: float, *, at_most: bool = False, unit: str = "") -> None:
        target = Target(name, value, limit, at_most, unit)
        self.targets.append(target)
        sign = "≤" if at_most else "≥"
        print(f"  {'met   ' if target.met else 'MISSED'} {name}: {value:,.3g} ({sign} {limit:,.3g} {unit})", flush=True)


def interleave(runs: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run by run, each measure once, in turning order: noise of the machine hits all alike."""
    names = list(measures)
    values: dict[str, list[float]] = {name: [] for name in names}
    for run in range(runs):
        for name in names if run % 2 == 0 else reversed(names):
            values[name].append(measures[name]())
    return values
