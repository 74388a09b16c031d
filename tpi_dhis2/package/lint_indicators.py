"""Checks of indicators beside their expressions: boundaries, legends, groups, and what an indicator must say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.package.lint_expressions import lint_expressions

Item = dict[str, Any]
Objects = list[Item]

_START, _END = "AFTER_START_OF_REPORTING_PERIOD", "BEFORE_END_OF_REPORTING_PERIOD"
_TYPES = {"EVENT": "COUNT SUM AVERAGE", "ENROLLMENT": "COUNT SUM AVERAGE"}
_SAID = ("numerator", "numeratorDescription", "denominator", "denominatorDescription", "indicatorType")
#: DHIS2's own integrity check complains about a group with a single member.
_FEWEST = 2
GROUPS = {"programIndicatorGroups": "programIndicators", "indicatorGroups": "indicators"}


def lint_indicators(kinds: dict[str, Objects]) -> list[str]:
    """All findings on indicators, one plain line each."""
    stages = {stage["id"] for stage in kinds.get("programStages", [])}
    found: dict[str, Callable[[Item], Iterator[str]]] = {
        "programIndicators": lambda item: _of_program_indicator(item, stages),
        "indicators": _of_indicator,
        "legendSets": _of_legend_set,
        **{kind: partial(_of_group, of=of) for kind, of in GROUPS.items()},
    }
    findings = [
        f"{kind} '{item.get('name')}': {text}"
        for kind, check in found.items()
        for item in kinds.get(kind, [])
        for text in check(item)
    ]
    return findings + list(_in_groups(kinds)) + lint_expressions(kinds)


def _of_program_indicator(item: Item, stages: set[str]) -> Iterator[str]:
    type_ = item.get("analyticsType")
    if item.get("aggregationType") not in _TYPES.get(type_ or "", "").split():
        yield f"{type_} with {item.get('aggregationType')} is not used in this package"
    if not isinstance(item.get("decimals"), int):
        yield "does not say how many decimals it has"
    if not item.get("program"):
        yield "has no program"
    boundaries = item.get("analyticsPeriodBoundaries") or []
    if not boundaries:
        yield "has no boundaries, and 2.40 to 2.42 fail on that"
    else:
        yield from _of_boundaries(type_, boundaries, stages)


def _of_boundaries(type_: str | None, boundaries: Objects, stages: set[str]) -> Iterator[str]:
    """Both ends of the period, or its end alone for how things stand; on one date."""
    limits = sorted(one.get("analyticsPeriodBoundaryType") or "" for one in boundaries)
    if limits not in ([_END], [_START, _END]):
        yield "its boundaries are neither both ends of the period nor its end"
    if not all(is_uid(one.get("id", "")) for one in boundaries):
        yield "a boundary has no UID, so every import would make a new one"
    targets = {one.get("boundaryTarget") or "" for one in boundaries}
    dates = {"EVENT_DATE"} if type_ == "EVENT" else {"ENROLLMENT_DATE", *(f"PS_EVENTDATE:{uid}" for uid in stages)}
    if len(targets) > 1 or not targets <= dates:
        yield f"its boundaries are on {', '.join(sorted(targets))}, not on one date of its type"


def _of_indicator(item: Item) -> Iterator[str]:
    yield from (f"has no {prop}" for prop in _SAID if not item.get(prop))


def _of_group(item: Item, of: str) -> Iterator[str]:
    if len(item.get(of) or []) < _FEWEST:
        yield f"has fewer than {_FEWEST} members"


def _in_groups(kinds: dict[str, Objects]) -> Iterator[str]:
    """Each indicator is in just one group, where people look for it and the exporter finds it."""
    for groups, of in GROUPS.items():
        members = [ref["id"] for group in kinds.get(groups, []) for ref in group.get(of) or []]
        for item in kinds.get(of, []):
            if members.count(item["id"]) != 1:
                yield f"{of} '{item.get('name')}': is in {members.count(item['id'])} groups, not in one"


def _of_legend_set(item: Item) -> Iterator[str]:
    legends = sorted(item.get("legends") or [], key=lambda one: float(one["startValue"]))
    for one in legends:
        if not is_uid(one.get("id", "")) or not one.get("name"):
            yield "a legend has no UID or no name"
        if one["startValue"] >= one["endValue"]:
            yield f"legend '{one.get('name')}' ends before it starts"
    for before, after in pairwise(legends):
        if before["endValue"] != after["startValue"]:
            word = "a gap" if before["endValue"] < after["startValue"] else "an overlap"
            yield f"{word} between legends '{before.get('name')}' and '{after.get('name')}'"
