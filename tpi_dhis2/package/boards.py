"""What people look at as the sources tell it: visualizations, line lists, maps, dashboards and working lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from tpi_dhis2.package.base import Source, code_of

Key = str
Side = Literal["dx", "pe", "ou"]
Unit = Literal["user", "children", "grandchildren"]
#: What the sources use of the relative periods that every version from 2.40 on knows.
Period = Literal[
    "THIS_MONTH",
    "THIS_QUARTER",
    "THIS_YEAR",
    "LAST_YEAR",
    "LAST_6_MONTHS",
    "LAST_12_MONTHS",
    "LAST_4_QUARTERS",
    "LAST_5_YEARS",
]
SIDES: tuple[Side, ...] = ("dx", "pe", "ou")
#: The same as in the conditions of rules: an attribute of the partnership; anything else is a field of the stage.
_ATTRIBUTE = re.compile(r"^A\{(\w+)\}$")
_INDICATOR = re.compile(r"^tp\d\d$")


def attribute_key(name: str) -> str | None:
    """The key of an attribute written as ``A{key}``; None for the key of a field."""
    match = _ATTRIBUTE.match(name)
    return match[1] if match else None


def data_item(key: str) -> tuple[str, str]:
    """Type and code of what a key of data means: ``tp05`` an indicator, ``tp05_agreement`` a program indicator."""
    return ("indicators" if _INDICATOR.match(key) else "programIndicators"), code_of(key)


class Board(Source):
    """What all have: a key that stays, a title and what it shows."""

    key: Key = Field(pattern=r"^[a-z][a-z0-9_]*$")
    what: str
    help: str


class StagedBoard(Board):
    """A list of the records of a stage, or without one of partnerships or cycles."""

    stage: str = ""


class VisualizationSource(Board):
    """One chart or table; the side that is neither columns nor rows is the filter."""

    type: Literal["SINGLE_VALUE", "COLUMN", "STACKED_COLUMN", "BAR", "LINE", "PIVOT_TABLE"]
    data: list[str] = Field(min_length=1)
    columns: Side = "dx"
    rows: Side | None = None
    periods: list[Period] = Field(default=["THIS_YEAR"], min_length=1)
    units: list[Unit] = Field(default=["user"], min_length=1)
    legend: str = ""
    hide_empty: bool = False

    @property
    def filters(self) -> list[Side]:
        """The sides that are neither columns nor rows."""
        return [side for side in SIDES if side not in (self.columns, self.rows)]

    @model_validator(mode="after")
    def _has_rows_unless_one_value(self) -> VisualizationSource:
        if (self.type == "SINGLE_VALUE") != (self.rows is None) or self.columns == self.rows:
            raise ValueError(f"{self.key} needs two sides, or one for a single value")
        return self


class LineListSource(StagedBoard):
    """One line list: the records of a stage, or without one the cycles."""

    columns: list[str] = Field(min_length=1)
    only: dict[str, list[str]] = Field(default_factory=dict)
    periods: list[Period] = Field(default=["LAST_5_YEARS", "THIS_YEAR"], min_length=1)
    sort: str = ""
    running: bool = False

    @property
    def sorted_by(self) -> str:
        """The column that ``sort`` names."""
        return self.sort.removeprefix("-")

    @model_validator(mode="after")
    def _chooses_and_sorts_by_columns(self) -> LineListSource:
        named = [*self.only, *([self.sorted_by] if self.sort else [])]
        lacking = [name for name in named if name not in self.columns]
        if lacking:
            raise ValueError(f"{self.key} chooses or sorts by {lacking[0]}, which is no column")
        return self


class MapSource(Board):
    """One map with one indicator; ``instead`` is the visualization in its place where maps cannot be imported."""

    data: str
    units: list[Unit] = Field(min_length=1)
    instead: Key


class RowSource(Source):
    """A row of a dashboard: a text over the whole width, or items side by side."""

    text: str = ""
    height: int = Field(default=3, gt=0)
    items: list[Key] = Field(default_factory=list)

    @model_validator(mode="after")
    def _holds_one_or_the_other(self) -> RowSource:
        if bool(self.text) == bool(self.items):
            raise ValueError("a row holds a text or items")
        return self


class DashboardSource(Board):
    """One dashboard."""

    rows: list[RowSource] = Field(min_length=1)


class WorkingListSource(StagedBoard):
    """One working list of the Capture app: the records of a stage, or without one the partnerships."""

    only: dict[str, list[str]] = Field(default_factory=dict)
    days: dict[str, tuple[int, int]] = Field(default_factory=dict)
    at_most: dict[str, int] = Field(default_factory=dict)
    status: Literal["", "ACTIVE", "SCHEDULE"] = ""
    scheduled: tuple[int, int] | None = None
    columns: list[str] = Field(min_length=1)
    sort: str = ""


class Boards(Source):
    """All of them."""

    visualizations: list[VisualizationSource] = Field(default_factory=list)
    line_lists: list[LineListSource] = Field(default_factory=list)
    maps: list[MapSource] = Field(default_factory=list)
    dashboards: list[DashboardSource] = Field(default_factory=list)
    lists: list[WorkingListSource] = Field(default_factory=list)

    @model_validator(mode="after")
    def _keys_are_known(self) -> Boards:
        for fault in self._faults():
            raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str]:
        shown = [board.key for board in (*self.visualizations, *self.line_lists, *self.maps)]
        # A dashboard or working list may be called like a visualization: codes are unique only within a type.
        for keys in (shown, [board.key for board in self.dashboards], [board.key for board in self.lists]):
            yield from (f"{key} stands {count} times" for key, count in Counter(keys).items() if count > 1)
        for dashboard in self.dashboards:
            items = [key for row in dashboard.rows for key in row.items]
            yield from (
                f"dashboard {dashboard.key} shows {key}, which is not there" for key in items if key not in shown
            )
            yield from (f"dashboard {dashboard.key} shows {k} {n} times" for k, n in Counter(items).items() if n > 1)
        tables = {board.key for board in self.visualizations}
        yield from (
            f"map {m.key} names {m.instead}, which is no visualization" for m in self.maps if m.instead not in tables
        )
