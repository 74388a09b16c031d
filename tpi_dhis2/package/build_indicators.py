"""The indicators of the sources as DHIS2 holds them: constants, legends, program indicators, indicators and groups.

What is summed or averaged must be there: an empty field would count as 0. Records are those of one stage, since a
filter that asks for no value would take the events of all stages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.base import PREFIX, code_of
from tpi_dhis2.package.indicators import CYCLES, NAMED, IndicatorSource, ProgramIndicatorSource
from tpi_dhis2.package.sources import Sources

Json = dict[str, Any]

_START, _END = "AFTER_START_OF_REPORTING_PERIOD", "BEFORE_END_OF_REPORTING_PERIOD"
#: Of each period: the date that counts, and the limits that it has.
_BOUNDARIES = {
    "period": ("EVENT_DATE", (_START, _END)),
    "until": ("EVENT_DATE", (_END,)),
    "began": ("ENROLLMENT_DATE", (_START, _END)),
    "began_until": ("ENROLLMENT_DATE", (_END,)),
    "agreed": ("PS_EVENTDATE", (_START, _END)),
}


class IndicatorBuilder:
    """Builds the types of objects; ``ref`` gives the reference to an object by type and code."""

    def __init__(self, sources: Sources, ref: Callable[[str, str], Json], sharing: Json) -> None:
        self.sources = sources
        self.told = sources.indicators
        self.ref = ref
        self.sharing = {"sharing": sharing}
        self.stages = {stage.kind: stage for stage in sources.stages}

    def early(self) -> dict[str, list[Json]]:
        """What expressions and data elements name."""
        return {
            "constants": [self._constant(key) for key in self.told.constants],
            "legendSets": [self._legend_set(key) for key in self.told.legend_sets],
        }

    def objects(self) -> dict[str, list[Json]]:
        """Indicators and their groups, in the order of the published packages."""
        return {
            "programIndicators": [self._program_indicator(item) for item in self.told.program_indicators],
            "programIndicatorGroups": self._groups("programIndicators", self.told.program_indicators),
            "indicatorTypes": [self._type(key) for key in self.told.types],
            "indicators": [self._indicator(item) for item in self.told.indicators],
            "indicatorGroups": self._groups("indicators", self.told.indicators),
        }

    def _constant(self, key: str) -> Json:
        item = self.told.constants[key]
        named = self._named("constants", key, item.name, item.short)
        return {**named, "description": item.what, "value": item.value, **self.sharing}

    def _legend_set(self, key: str) -> Json:
        item, code = self.told.legend_sets[key], code_of(key)
        named = {**self.ref("legendSets", code), "code": code, "name": f"{PREFIX} - {item.name}"}
        legends = [
            {
                **self.ref("legends", f"{code}.{number}"),
                "name": name,
                "startValue": start,
                "endValue": end,
                "color": color,
            }
            for number, (start, end, name, color) in enumerate(item.legends, 1)
        ]
        return {**named, "legends": legends, **self.sharing}

    def _named(self, kind: str, key: str, name: str, short: str | None) -> Json:
        code = code_of(key)
        return {
            **self.ref(kind, code),
            "code": code,
            "name": f"{PREFIX} - {name}",
            "shortName": f"{PREFIX} {short or name}",
        }

    def _legends(self, item: ProgramIndicatorSource | IndicatorSource) -> Json:
        return {"legendSets": [self.ref("legendSets", code_of(item.legend))]} if item.legend else {}

    def _program_indicator(self, item: ProgramIndicatorSource) -> Json:
        cycles, given = item.of == CYCLES, item.sum or item.average
        counted = "V{org_unit_count}" if item.units else "V{enrollment_count}" if cycles else "V{event_count}"
        built = {
            **self._named("programIndicators", item.key, item.name, item.short),
            "description": item.what,
            "program": self.ref("programs", self.sources.package.program.code),
            "analyticsType": "ENROLLMENT" if cycles else "EVENT",
            "expression": self._expression(item.key, given or counted),
            "aggregationType": "SUM" if item.sum else "AVERAGE" if item.average else "COUNT",
            "decimals": 1 if item.average else 0,
            "analyticsPeriodBoundaries": self._boundaries(item),
            "displayInForm": False,
            **self._legends(item),
            **self.sharing,
        }
        condition = self._filter(item)
        return built | ({"filter": condition} if condition else {})

    def _filter(self, item: ProgramIndicatorSource) -> str:
        """The stage, the values that are summed or averaged, and the condition itself."""
        parts = []
        if item.of != CYCLES:
            parts.append(f"V{{program_stage_id}} == '{self._stage(item.key, item.of)}'")
        given = dict.fromkeys(match[0] for match in NAMED.finditer(item.sum or item.average) if match[1] in "#A")
        condition = self.told.filter(item.filter)
        parts += [f"d2:hasValue({name})" for name in given if f"d2:hasValue({name})" not in condition]
        parts += [f"({condition})"] if condition and parts else [condition] if condition else []
        return self._expression(item.key, " && ".join(parts))

    def _stage(self, key: str, kind: str) -> str:
        if kind not in self.stages:
            raise SourceError(f"indicators.yaml: {key} names {kind}, which is no stage")
        return str(self.ref("programStages", self.stages[kind].code)["id"])

    def _boundaries(self, item: ProgramIndicatorSource) -> list[Json]:
        target, limits = _BOUNDARIES[item.when]
        stage = f":{self._stage(item.key, item.agreed)}" if item.agreed else ""
        return [
            {
                **self.ref("analyticsPeriodBoundaries", f"{code_of(item.key)}.{limit.split('_')[0]}"),
                "boundaryTarget": target + stage,
                "analyticsPeriodBoundaryType": limit,
            }
            for limit in limits
        ]

    def _expression(self, key: str, text: str) -> str:
        """An expression with UIDs in the place of keys."""
        return NAMED.sub(lambda match: f"{match[1]}{{{self._uid(key, match[1], match[2])}}}", text)

    def _uid(self, key: str, mark: str, name: str) -> str:
        """What a key stands for; SourceError when it is not there."""
        stage, _, field = name.rpartition(".")
        if mark == "#":
            held = self.stages[stage].sections if stage in self.stages else []
            if any(field in section.fields for section in held):
                return f"{self._stage(key, stage)}.{self.ref('dataElements', code_of(field))['id']}"
        kind, known = {
            "A": ("trackedEntityAttributes", [item.key for item in self.sources.attributes]),
            "C": ("constants", list(self.told.constants)),
            "I": ("programIndicators", [item.key for item in self.told.program_indicators]),
        }.get(mark, ("", []))
        if name not in known:
            raise SourceError(f"indicators.yaml: {key} names {mark}{{{name}}}, which is not there")
        return str(self.ref(kind, code_of(name))["id"])

    def _type(self, key: str) -> Json:
        name, factor = self.told.types[key]
        return {
            **self.ref("indicatorTypes", code_of(key)),
            "name": f"{PREFIX} - {name}",
            "factor": factor,
            "number": False,
        }

    def _indicator(self, item: IndicatorSource) -> Json:
        (above, above_text), (below, below_text) = item.numerator, item.denominator
        return {
            **self._named("indicators", item.key, item.name, item.short),
            "description": item.what,
            "indicatorType": self.ref("indicatorTypes", code_of(item.type)),
            "numerator": self._expression(item.key, above),
            "numeratorDescription": above_text,
            "denominator": self._expression(item.key, below),
            "denominatorDescription": below_text,
            "annualized": False,
            "decimals": 1,
            **self._legends(item),
            **self.sharing,
        }

    def _groups(self, kind: str, items: list[ProgramIndicatorSource] | list[IndicatorSource]) -> list[Json]:
        """The groups of a type, each with its members; servers do not keep a short name of them."""
        return [
            {
                **self.ref(f"{kind[:-1]}Groups", code_of(f"{key}_indicators")),
                "code": code_of(f"{key}_indicators"),
                "name": f"{PREFIX} - {name}",
                kind: [self.ref(kind, code_of(item.key)) for item in items if item.group == key],
                **self.sharing,
            }
            for key, name in self.told.groups.items()
        ]
