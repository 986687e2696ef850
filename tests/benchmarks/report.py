"""What measurements say, and the one table of them all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.bench import Bench

HEADER = ("step", "ours", "naive way", "peer or floor", "ratio", "aim", "peak memory", "verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. What is "" was not measured, or makes no sense for it."""

    what: str
    ours: str
    naive: str = ""
    floor: str = ""
    """What bounds it, or the quickest peer, by name and figure."""
    ratio: str = ""
    holds: bool | None = None
    """Whether the aim is reached; None where there is none."""
    peak_bytes: float | None = None
    """Over the memory of the idle process."""
    why: str = ""
    """The reason why a figure falls short, or what must be known to read it."""
    aim: str = ""
    """That of the measurement, unless the row has its own."""

    @property
    def verdict(self) -> str:
        return {True: "reached", False: "short", None: ""}[self.holds]

    @property
    def cells(self) -> tuple[str, ...]:
        peak = "" if self.peak_bytes is None else f"{self.peak_bytes / 1e6:,.0f} MB"
        return (
            *(self.what, self.ours, self.naive, self.floor, self.ratio, self.aim),
            *(peak, self.verdict),
        )


Measure = Callable[["Bench"], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A function that measures one subject, and what is aimed at."""

    title: str
    aim: str
    measure: Measure

    def rows(self, bench: "Bench") -> Iterator[Row]:
        for row in self.measure(bench):
            yield row if row.aim else replace(row, aim=self.aim)


measurements: list[Measurement] = []


def measurement(title: str, *, aim: str) -> Callable[[Measure], Measure]:
    """Register a function that measures: `Bench` in, rows out. It begins with empty tables."""

    def register(measure: Measure) -> Measure:
        measurements.append(Measurement(title, aim, measure))
        return measure

    return register


def plain(rows: Sequence[Row]) -> str:
    """The table for a terminal."""
    lines = [HEADER, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row]) -> str:
    """The table for docs/benchmarks.md, with a line below it for each reason."""
    lines = [HEADER, ("---",) * len(HEADER), *(row.cells for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.why:
            reasons.setdefault(row.why, []).append(row.what)
    notes = "\n".join(f"- **{'; '.join(whats)}**: {why}" for why, whats in reasons.items())
    return f"{table}\n\n{notes}\n" if notes else f"{table}\n"
