"""Figures: many measurements of the same as one, and the rows of the table."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """One line of the table. `reached` is None where there is nothing to reach."""

    name: str
    figure: str
    limit: str = "–"
    beside: str = "–"
    reached: bool | None = None
    notes: list[str] = field(default_factory=list)

    def verdict(self) -> str:
        return {True: "yes", False: "**no**", None: "–"}[self.reached]

    def line(self) -> str:
        reached = "" if self.reached is None else f" [{'reached' if self.reached else 'NOT reached'}]"
        return f"{self.name}: {self.figure}; to reach: {self.limit}; beside: {self.beside}{reached}"


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def number(value: float) -> str:
    """With three digits that count, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(values: Iterable[float], unit: str = "") -> str:
    """The median, and in brackets the lowest and the highest."""
    values = sorted(values)
    return f"{number(statistics.median(values))}{unit} ({number(values[0])}–{number(values[-1])})"


def take_turns(peers: list[str], runs: int, measure: Callable[[str], dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Measures each peer `runs` times: forwards, then backwards (ABBA), so that a drift of the machine meets all alike."""
    measured: dict[str, list[dict[str, Any]]] = {peer: [] for peer in peers}
    for run in range(runs):
        for peer in peers if run % 2 == 0 else reversed(peers):
            measured[peer].append(measure(peer))
    return measured


def column(measured: list[dict[str, Any]], name: str) -> list[float]:
    return [one[name] for one in measured]


def busy(measured: dict[str, list[dict[str, Any]]], above: float = 0.9) -> list[str]:
    """A note for each peer in one of whose runs the load had less of its core left than it needs to be no part of the figure."""
    shares = {peer: max(column(runs, "load_busy")) for peer, runs in measured.items()}
    return [
        f"the load kept its core {100 * share:.0f} % busy ({peer}): the figure may be the load's"
        for peer, share in shares.items()
        if share > above
    ]
