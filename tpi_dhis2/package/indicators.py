"""Indicators as the sources tell them: keys instead of UIDs, families instead of copies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from tpi_dhis2.package.base import Source

#: What an expression names by its key: a field with its stage, an attribute, a constant, an indicator.
NAMED = re.compile(r"(#|A|C|I)\{([\w.]+)\}")
CYCLES = "cycles"
_SNIPPET = re.compile(r"@(\w+)")
_FAMILY = re.compile(r"<(key|code|label)>")

When = Literal["period", "until", "began", "began_until", "agreed"]


class ConstantSource(Source):
    """A number that a site may change."""

    name: str
    what: str
    value: float
    short: str | None = None


class LegendSetSource(Source):
    """Colours for values: ``legends`` are start, end, name and colour."""

    name: str
    legends: list[tuple[float, float, str, str]] = Field(min_length=2)


class _Named(Source):
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    what: str
    group: str
    short: str | None = None
    legend: str | None = None


class ProgramIndicatorSource(_Named):
    """One program indicator: counts cycles or the records of a stage, or sums or averages an expression over them."""

    of: str
    when: When
    agreed: str | None = None
    filter: str = ""
    sum: str = ""
    average: str = ""
    units: bool = False

    @model_validator(mode="after")
    def _does_one_thing(self) -> ProgramIndicatorSource:
        if sum(map(bool, (self.sum, self.average, self.units))) > 1:
            raise ValueError(f"{self.key} counts units, sums or averages, not several of them")
        wrong = ("period", "until") if self.of == CYCLES else ("began", "began_until", "agreed")
        if self.when in wrong:
            raise ValueError(f"{self.key}: cycles have a date they began, records a date of their own")
        if (self.when == "agreed") != bool(self.agreed):
            raise ValueError(f"{self.key}: 'when: agreed' and the stage that is agreed belong together")
        return self


class IndicatorSource(_Named):
    """A ratio of program indicators; numerator and denominator each with its description."""

    type: Literal["percentage", "ratio"] = "percentage"
    numerator: tuple[str, str]
    denominator: tuple[str, str]


class IndicatorSources(Source):
    """All of the file; ``filters`` are parts that filters name with @."""

    constants: dict[str, ConstantSource] = Field(default_factory=dict)
    legend_sets: dict[str, LegendSetSource] = Field(default_factory=dict)
    types: dict[str, tuple[str, int]] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    filters: dict[str, str] = Field(default_factory=dict)
    program_indicators: list[ProgramIndicatorSource] = Field(default_factory=list)
    indicators: list[IndicatorSource] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _families(cls, read: Mapping[str, Any]) -> Mapping[str, Any]:
        """A family stands for one indicator of each of its members."""
        listed = read.get("program_indicators") or []
        return {**read, "program_indicators": [one for item in listed for one in _members(item)]}

    @model_validator(mode="after")
    def _names_are_known(self) -> IndicatorSources:
        for fault in _faults(self):
            raise ValueError(fault)
        return self

    def filter(self, text: str) -> str:
        """A filter with its parts put in, each in brackets."""
        return _SNIPPET.sub(lambda match: f"({self.filters[match[1]]})", text)


def _members(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The members of a family, with their key, code and label in place; without ``each`` the item itself."""
    if "each" not in item:
        yield item
        return
    common = {prop: value for prop, value in item.items() if prop != "each"}
    for key, label in item["each"].items():
        put = {"key": key, "code": key.upper(), "label": label}
        if isinstance(label, dict):
            put |= label
        yield {prop: _filled(value, put) for prop, value in common.items()}


def _filled(value: Any, put: Mapping[str, str]) -> Any:
    return _FAMILY.sub(lambda match: put[match[1]], value) if isinstance(value, str) else value


def _faults(sources: IndicatorSources) -> Iterator[str]:
    listed = [*sources.program_indicators, *sources.indicators]
    keys = [item.key for item in listed]
    yield from (f"{key} stands twice" for key in sorted({key for key in keys if keys.count(key) > 1}))
    for item in listed:
        if item.group not in sources.groups:
            yield f"{item.key} is in the group {item.group}, which is not there"
        if item.legend and item.legend not in sources.legend_sets:
            yield f"{item.key} has the legend {item.legend}, which is not there"
    for one in sources.program_indicators:
        for name in _SNIPPET.findall(one.filter):
            if name not in sources.filters:
                yield f"{one.key} names the filter @{name}, which is not there"
