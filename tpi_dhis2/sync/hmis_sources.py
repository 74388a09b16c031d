"""What an HMIS file names, looked up on the server, so that a wrong line is told and not taken for missing data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Json, Metadata
from tpi_dhis2.sync.hmis_file import HmisLine, HmisMapping

#: A data element and one of its category option combinations.
_OPERAND = re.compile(r"([A-Za-z][A-Za-z0-9]{10})\.([A-Za-z][A-Za-z0-9]{10})")
_INDICATOR = "id,code,name,annualized,indicatorType[factor]"


@dataclass(frozen=True)
class HmisSource:
    """Where a measure is taken from: what analytics calls each part, what people call all of it.

    ``factor`` is what an indicator multiplies its numerator over its denominator with.
    """

    measure: str
    parts: dict[str, str]
    name: str
    factor: float = 1


@dataclass
class HmisSources:
    """The lines that can be asked for, and what is wrong with the others."""

    good: list[HmisSource] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def by_measure(self) -> dict[str, HmisSource]:
        """The lines that can be asked for, by measure."""
        return {source.measure: source for source in self.good}


class _Mistake(ValueError):
    """Why a line cannot be asked for."""


def find_sources(client: Client, mapping: HmisMapping) -> HmisSources:
    """Look up what the lines name. A server leaves out of its answer what it does not know, without a word."""
    found, server = HmisSources(), _Server(Metadata(client), mapping)
    for measure, line in mapping.measures.items():
        try:
            found.good.append(server.source(measure, line))
        except _Mistake as mistake:
            found.problems.append(f"HMIS file, {measure}: {mistake}")
    return found


class _Server:
    """The data elements, combinations and indicators that a file names, by UID and by code."""

    def __init__(self, metadata: Metadata, mapping: HmisMapping) -> None:
        lines = mapping.measures.values()
        elements = [name for line in lines for part, name in line.named.items() if part != "indicator"]
        split = [_split(name) for name in elements]
        self._elements = _look(metadata, "dataElements", {one for one, _ in split}, "id,code,name,domainType")
        combos = metadata.named("categoryOptionCombos", "id", {combo for _, combo in split if combo}, "id,name")
        self._combos = {combo["id"]: combo for combo in combos}
        self._indicators = _look(
            metadata, "indicators", {line.indicator for line in lines if line.indicator}, _INDICATOR
        )

    def source(self, measure: str, line: HmisLine) -> HmisSource:
        if line.indicator:
            one = self._indicator(line.indicator)
            return HmisSource(measure, {"indicator": one["id"]}, one["name"], one["indicatorType"]["factor"])
        found = {part: self._element(name) for part, name in line.named.items()}
        return HmisSource(measure, {part: dx for part, (dx, _) in found.items()}, _joined(found.values()))

    def _indicator(self, name: str) -> Json:
        one = self._indicators.get(name)
        if one is None:
            raise _Mistake(f"the server has no indicator '{name}', or this account may not read it")
        if one.get("annualized"):
            raise _Mistake(f"the indicator '{name}' is annualized, and the measure is not; name its data elements")
        return one

    def _element(self, name: str) -> tuple[str, str]:
        uid, combo = _split(name)
        one = self._elements.get(uid)
        if one is None:
            raise _Mistake(f"the server has no data element '{uid}', or this account may not read it")
        if one.get("domainType") != "AGGREGATE":
            raise _Mistake(f"the data element '{uid}' belongs to tracker forms, not to aggregate data")
        if not combo:
            return one["id"], one["name"]
        if combo not in self._combos:
            raise _Mistake(f"the server has no category option combination '{combo}', or this account may not read it")
        return f"{one['id']}.{combo}", f"{one['name']} ({self._combos[combo]['name']})"


def _split(name: str) -> tuple[str, str]:
    match = _OPERAND.fullmatch(name)
    return (match[1], match[2]) if match else (name, "")


def _look(metadata: Metadata, kind: str, names: set[str], fields: str) -> dict[str, Json]:
    """Objects by the UID or code that was asked for."""
    by_uid = {one["id"]: one for one in metadata.named(kind, "id", names, fields)}
    by_code = {one["code"]: one for one in metadata.named(kind, "code", names - by_uid.keys(), fields)}
    return by_code | by_uid


def _joined(found: Iterable[tuple[str, str]]) -> str:
    return " / ".join(name for _, name in found)
