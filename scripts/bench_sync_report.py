"""What ``bench sync`` found: the limits, how all of it grows, and the table."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import click
from bench_common import Limit, show_limits
from bench_sites import Row

BARE, PUSH = "bare loop", "push"
FIRST = "first pull of many"
OVERLAP, UNCHANGED = "pull, all within the overlap", "pull, unchanged"
NOTHING, TEN = "push, unchanged", "push, ten changes"
#: How many partnerships are changed among many.
CHANGES = 10
#: The limits: the share of the bare loop's rate, requests and seconds of an unchanged pull, requests that write ten
#: changes, and megabytes of any command.
RATE, REQUESTS, SECONDS, WRITES, MEGABYTES = 0.9, 1, 2.0, 3, 300.0


@dataclass(frozen=True)
class Size:
    """How much is measured with: objects of the push, partnerships of the pull, events when memory is looked at."""

    objects: int
    partnerships: int
    events: int

    @classmethod
    def of(cls, objects: int) -> Size:
        """The sizes that the limits are set for when 50,000 objects are sent, others in proportion."""
        return cls(objects, max(objects // 5, 20), objects * 2)


@dataclass(frozen=True)
class SyncReport:
    """All that was measured on one site."""

    server: str
    size: Size
    rows: list[Row]
    curve: list[Row] = field(default_factory=list)
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def best(self, name: str) -> Row | None:
        """The quickest run of a command."""
        return min((row for row in self.rows if row.name == name), key=lambda row: row.seconds, default=None)

    def limits(self) -> list[Limit]:
        """Each limit and how the figures stand to it."""
        most = max([*self.rows, *self.curve], key=lambda row: row.memory)
        memory = f"{most.memory:.0f} MB, {most.name}"
        return [
            self._speed(),
            *self._requests(),
            Limit(f"no command has more than {MEGABYTES:.0f} MB in memory", memory, most.memory <= MEGABYTES),
        ]

    def _speed(self) -> Limit:
        words = f"{self.size.objects} objects are pushed at {RATE:.0%} of a bare loop's rate or more"
        push, bare = self.best(PUSH), self.best(BARE)
        if push is None or bare is None:
            return Limit(words, "nothing was sent", None)
        return Limit(words, f"{push.rate / bare.rate:.0%}", push.rate >= RATE * bare.rate)

    def _requests(self) -> Iterator[Limit]:
        many = f"of {self.size.partnerships} partnerships"
        for name in (OVERLAP, UNCHANGED):
            row = self.best(name)
            asks = f"'{name}' {many} asks for tracker data at most {REQUESTS} times"
            yield _limit(asks, row, lambda row: row.tracker, REQUESTS, "{} times")
            yield _limit(f"and works at most {SECONDS:.0f} s", row, lambda row: row.work, SECONDS, "{:.2f} s")
        ten = f"{CHANGES} changes {many} are sent in at most {WRITES} requests"
        yield _limit(ten, self.best(TEN), lambda row: row.writes, WRITES, "{} requests")
        yield _limit("an unchanged push sends none", self.best(NOTHING), lambda row: row.writes, 0, "{} requests")


def _limit(words: str, row: Row | None, figure: Callable[[Row], float], most: float, form: str) -> Limit:
    if row is None:
        return Limit(words, "not measured", None)
    return Limit(words, form.format(figure(row)), figure(row) <= most)


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """The power of the size with which a figure grows (1: in proportion), fitted to logarithms; None for one point."""
    logs = [(math.log(size), math.log(figure)) for size, figure in points if size > 0 and figure > 0]
    middle = [sum(axis) / len(logs) for axis in zip(*logs, strict=True)]
    across = sum((x - middle[0]) ** 2 for x, _ in logs)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in logs) / across if across else None


def exponents(curve: Iterable[Row]) -> dict[str, float | None]:
    """With which power of the number of objects the time of each command grows."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in curve:
        points.setdefault(row.name, []).append((row.objects, row.seconds))
    return {name: exponent(some) for name, some in points.items()}


_HEAD = (
    f"{'':28}{'objects':>9}{'s':>8}{'CPU s':>8}{'both s':>8}{'obj/s':>8}{'reads':>7}{'writes':>7}{'MB':>6}{'server':>8}"
)


def show(report: SyncReport) -> None:
    """Print what was measured as a table, and how it stands to the limits."""
    click.secho(f"\n{report.server}; load of the machine in the end {report.load:.1f}", bold=True)
    click.echo(_HEAD)
    for row in report.rows:
        click.echo(_line(row))
    click.echo(
        "'both' is the processor's time of command and sandbox together, 'server' the share of the time in which"
    )
    click.echo(
        "the sandbox's process worked: it uses one core (its own, where there are two), and near 100% it is what"
    )
    click.echo("everything waits for.")
    if report.curve:
        _show_curve(report.curve)
    show_limits(report.limits())


def _line(row: Row) -> str:
    busy = "" if row.busy is None else f"{row.busy:.0%}"
    rate = f"{row.rate:.0f}" if row.objects else ""
    return (
        f"{row.name:28}{row.objects:9}{row.seconds:8.2f}{row.cpu:8.2f}{row.work:8.2f}{rate:>8}{row.reads:7}{row.writes:7}"
        f"{row.memory:6.0f}{busy:>8}"
    )


def _show_curve(curve: list[Row]) -> None:
    click.secho("\nHow it grows: seconds for 1,000 objects, and megabytes", bold=True)
    for row in curve:
        busy = "" if row.busy is None else f"{row.busy:.0%}"
        each = row.seconds / row.objects * 1000
        click.echo(f"{row.name:28}{row.objects:9}{row.seconds:8.1f}{each:8.3f}{row.memory:6.0f}{busy:>8}")
    for name, power in exponents(curve).items():
        click.echo(f"the time of '{name}' grows with the {power:.2f}th power of the number of objects")


def as_json(report: SyncReport) -> dict[str, Any]:
    """The same for scripts."""
    found = [asdict(limit) for limit in report.limits()]
    return {**asdict(report), "limits": found, "exponents": exponents(report.curve)}
