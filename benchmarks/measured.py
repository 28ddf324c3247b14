"""What was measured, and the one table of it: medians, spreads, ratios to a peer. Judges nothing."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HEAD = "| | median | middle half | × | of | goal |\n|---|---:|---:|---:|---|---:|"


@dataclass(frozen=True)
class Measured:
    """One line of the table.

    Parameters
    ----------
    what : str
    values : tuple of float
        Of each round.
    unit : {'ms', 'MB', ''}
        Nothing for what is counted.
    peer : str
        What it stands beside; empty for the peer itself.
    peer_value : float
        The peer's median, in the same unit.
    goal : float, optional
        The ratio that is aimed at; said, not asserted.

    """

    what: str
    values: tuple[float, ...]
    unit: str = "ms"
    peer: str = ""
    peer_value: float = 0.0
    goal: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        return self.median / self.peer_value if self.peer_value else None

    def beside(self, peer: Measured, name: str = "", goal: float | None = None) -> Measured:
        """Give the same with its ratio to another one."""
        return Measured(self.what, self.values, self.unit, name or peer.what, peer.median, goal)

    def row(self) -> str:
        ratio = "" if self.ratio is None else _short(self.ratio)
        goal = "" if self.goal is None else f"≤ {self.goal:g}"
        return f"| {self.what} | {self._said(self.median)} | {self._spread()} | {ratio} | {self.peer} | {goal} |"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "median": self.median, "ratio": self.ratio}

    def _spread(self) -> str:
        if len(set(self.values)) == 1:
            return "" if len(self.values) == 1 else "always"
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return f"{_short(low, self.unit)}–{_short(high, self.unit)}"

    def _said(self, value: float) -> str:
        return f"{_short(value, self.unit)} {self.unit}".rstrip()


def _short(value: float, unit: str = "×") -> str:
    whole = unit in {"ms", ""} or value >= 100  # noqa: PLR2004 - three figures say enough
    return f"{value:.0f}" if whole else f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004


def table(parts: dict[str, list[Measured]]) -> str:
    """Give all parts as one table in Markdown, as it stands in docs/benchmarks.md."""
    lines = [HEAD]
    for part, rows in parts.items():
        lines += [f"| **{part}** | | | | | |", *(row.row() for row in rows)]
    return "\n".join(lines)


def in_turn(pieces: dict[str, Callable[[], object]], rounds: int) -> dict[str, Measured]:
    """Time the pieces in turn, so that a slow minute of the machine strikes all of them."""
    return gathered(((name, timed(piece)) for _ in range(rounds) for name, piece in pieces.items()), "ms")


def timed(piece: Callable[[], object]) -> float:
    """Give how many milliseconds it takes."""
    began = time.perf_counter()
    piece()
    return (time.perf_counter() - began) * 1000


def gathered(results: Iterable[tuple[str, float]], unit: str) -> dict[str, Measured]:
    """Put what came in turn together by name."""
    values: dict[str, list[float]] = {}
    for name, value in results:
        values.setdefault(name, []).append(value)
    return {name: Measured(name, tuple(of), unit) for name, of in values.items()}
