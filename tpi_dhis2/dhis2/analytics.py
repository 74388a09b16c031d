"""Aggregate analytics: what GET /api/analytics says of data elements and indicators, by unit and period."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tpi_dhis2.dhis2.client import Client, message_of
from tpi_dhis2.errors import NotDhis2, ServerRefused

Json = dict[str, Any]

#: What one request asks for at most: an address of about 2,000 characters, and fewer rows than the 100,000 that a
#: server gives at once by default (keyAnalyticsMaxLimit).
ITEMS, UNITS, PERIODS = 30, 50, 60
_NO_TABLES = "E7144"
#: Refused for a unit: outside the account's data view, or not valid.
_OF_UNITS = ("E7120", "E7143")
_COLUMNS = ("dx", "ou", "pe", "value")


@dataclass(frozen=True)
class Row:
    """One value; numerator and denominator are those of an indicator."""

    dx: str
    unit: str
    period: str
    value: float
    numerator: float | None = None
    denominator: float | None = None


@dataclass(frozen=True)
class Question:
    """What one request asks for."""

    dx: tuple[str, ...]
    units: tuple[str, ...]
    periods: tuple[str, ...]

    @property
    def params(self) -> list[tuple[str, str]]:
        """The parameters of the request."""
        asked = (("dx", self.dx), ("pe", self.periods), ("ou", self.units))
        dimensions = [("dimension", f"{name}:{';'.join(items)}") for name, items in asked]
        return [*dimensions, ("includeNumDen", "true"), ("skipMeta", "true")]


@dataclass(frozen=True)
class Refused:
    """What the server refused to answer: one item for some units, or some items for one unit (``of_unit``)."""

    question: Question
    of_unit: bool
    reason: str


@dataclass
class Answers:
    """What the server said, and what it refused."""

    rows: list[Row] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class Analytics:
    """The aggregate analytics of a server."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def read(self, dx: Iterable[str], units: Iterable[str], periods: Iterable[str]) -> Answers:
        """All values of these items, units and periods; what is not there has no row.

        A server refuses a whole request for one item or unit of it: it is then asked for each half, until what it
        refuses stands alone. ServerRefused when it has no analytics tables at all.
        """
        answers, whole = Answers(), (sorted({*dx}), sorted({*units}), sorted({*periods}))
        for items in _slices(whole[0], ITEMS):
            for places in _slices(whole[1], UNITS):
                for times in _slices(whole[2], PERIODS):
                    self._ask(Question(items, places, times), answers)
        return answers

    def _ask(self, question: Question, answers: Answers) -> None:
        try:
            body = self.client.get_object("analytics", question.params)
        except ServerRefused as error:
            self._refused(question, error, answers)
        else:
            answers.rows += _rows(body)

    def _refused(self, question: Question, error: ServerRefused, answers: Answers) -> None:
        code, said = _code(error), message_of(error.body)
        if code == _NO_TABLES:
            raise _no_tables(error) from error
        if not code:
            raise error  # not what analytics answers
        of_unit = code in _OF_UNITS or "`ou`" in said
        halves = _halves(question, "units" if of_unit else "dx")
        for half in halves:
            self._ask(half, answers)
        if not halves:
            answers.refused.append(Refused(question, of_unit, f"{said} ({code})"))


def _slices(items: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(items[start : start + size]) for start in range(0, len(items), size))


def _halves(question: Question, name: str) -> list[Question]:
    items = getattr(question, name)
    middle = len(items) // 2
    return [replace(question, **{name: part}) for part in (items[:middle], items[middle:])] if middle else []


def _code(error: ServerRefused) -> str:
    return str(error.body.get("errorCode") or "") if isinstance(error.body, dict) else ""


def _no_tables(error: ServerRefused) -> ServerRefused:
    return ServerRefused(
        "The server has no analytics tables, or is just making them.",
        "Let an administrator run analytics on the server (Data Administration, Analytics tables), then try again."
        " The training sandbox never has any.",
        error.detail,
        error.status,
        error.body,
    )


def _rows(body: Json) -> list[Row]:
    """The rows of an answer, by the names of its columns: their order is nowhere promised."""
    names = [str(header.get("name")) for header in body.get("headers", [])]
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise NotDhis2(f"The server's analytics have no column '{missing[0]}'.", "", str(body)[:2000])
    cells = [dict(zip(names, row, strict=False)) for row in body.get("rows", [])]
    return [row for each in cells if (row := _row(each)) is not None]


def _row(cells: Json) -> Row | None:
    """A row; None when its value is no number."""
    value = _number(cells["value"])
    if value is None:
        return None
    parts = _number(cells.get("numerator")), _number(cells.get("denominator"))
    return Row(str(cells["dx"]), str(cells["ou"]), str(cells["pe"]), value, *parts)


def _number(cell: Any) -> float | None:
    """A cell as a number; None for one that is empty, as numerator and denominator of a data element are."""
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
