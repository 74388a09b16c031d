"""Checks of visualizations and maps, and of what all boards share: servers store one that shows nothing, and say OK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from tpi_dhis2.package.boards import SIDES, Period
from tpi_dhis2.package.build_boards import WITHOUT_LISTS_OF_CYCLES, WITHOUT_MAPS
from tpi_dhis2.package.build_visualizations import switch

Item = dict[str, Any]
Kinds = dict[str, list[Item]]

PERIODS = set(get_args(Period))
#: Those that are one period: of several, a filter would add up a stock once a period.
_ONE_PERIOD = {"THIS_MONTH", "THIS_QUARTER", "THIS_YEAR", "LAST_YEAR"}
_UNITS = ("userOrganisationUnit", "userOrganisationUnitChildren", "userOrganisationUnitGrandChildren")
_FIXED = (
    "organisationUnits",
    "periods",
    "organisationUnitLevels",
    "itemOrganisationUnitGroups",
    "startDate",
    "endDate",
)
_USERS = ("user", "users", "assignedUsers", "createdBy", "lastUpdatedBy", "subscribers", "favorites")
_TITLE_LIMIT = 255
#: What a layer may say its data with instead, and what 2.43 alone understands in an import.
_CASTS = ("columns", "rows", "filters")


def lint_boards(kinds: Kinds, dhis2_version: str) -> list[str]:
    """All findings on visualizations and maps, and what a version cannot bear, one plain line each."""
    stocks = _stocks(kinds)
    findings = [
        f"visualizations '{item.get('name')}': {text}"
        for item in kinds.get("visualizations", [])
        for text in (*of_any(item), *_of_sides(item), *_of_periods(item), *_of_stocks(item, stocks), *of_units(item))
    ]
    findings += [
        f"eventVisualizations '{item.get('name')}': {dhis2_version} deletes no stage while a line list names none"
        for item in kinds.get("eventVisualizations", [])
        if dhis2_version in WITHOUT_LISTS_OF_CYCLES and not item.get("programStage")
    ]
    return findings + [
        f"maps '{item.get('name')}': {text}"
        for item in kinds.get("maps", [])
        for text in (*of_any(item), *_of_map(item, dhis2_version))
    ]


def of_any(item: Item) -> Iterator[str]:
    """What holds for every board and working list."""
    if not (item.get("description") or "").strip():
        yield "has no description"
    if not item.get("code"):
        yield "has no code"
    for prop in ("title", "subtitle"):
        if len(item.get(prop) or "") > _TITLE_LIMIT:
            yield f"{prop} is longer than {_TITLE_LIMIT} characters"
    yield from (f"names users in {prop}, who are not those of another server" for prop in _users(item))


def _users(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for entry in value:
            yield from _users(entry)
    if isinstance(value, dict):
        yield from (prop for prop in _USERS if value.get(prop))
        for prop, inner in value.items():
            if prop != "sharing":
                yield from _users(inner)


def of_units(item: Item) -> Iterator[str]:
    """A board shows the units of whoever looks, in periods that move on."""
    if not any(item.get(prop) for prop in _UNITS):
        yield "needs the units of whoever looks"
    yield from (f"has {prop}, which are those of one site or day" for prop in _FIXED if item.get(prop))


def _of_sides(item: Item) -> Iterator[str]:
    sides = [side for prop in ("column", "row", "filter") for side in item.get(f"{prop}Dimensions") or []]
    if sorted(sides) != sorted(SIDES):
        yield f"needs data, period and unit once each on its sides, and has {', '.join(sides)}"
    if not item.get("dataDimensionItems"):
        yield "shows no data"


def _of_periods(item: Item) -> Iterator[str]:
    periods = item.get("rawPeriods") or []
    if not periods or not set(periods) <= PERIODS:
        yield f"needs relative periods of every version, and has {', '.join(periods) or 'none'}"
    if {switch(period) for period in periods} != {
        name for name, on in (item.get("relativePeriods") or {}).items() if on
    }:
        yield "names its periods in one way only: 2.41 reads the switches, and later ones the names"
    if "pe" in (item.get("filterDimensions") or []) and (len(periods) != 1 or not set(periods) <= _ONE_PERIOD):
        yield "filters by several periods, in which a stock would be counted several times"


def _stocks(kinds: Kinds) -> dict[str, str]:
    """UID and code of what counts all up to the end of a period in the state of today, not in that of then."""
    found = {
        item["id"]: item.get("code", "")
        for item in kinds.get("programIndicators", [])
        if not any(one["analyticsPeriodBoundaryType"].startswith("AFTER_") for one in item["analyticsPeriodBoundaries"])
    }
    ratios = kinds.get("indicators", [])
    return found | {one["id"]: one.get("code", "") for one in ratios if any(uid in one["numerator"] for uid in found)}


def _of_stocks(item: Item, stocks: dict[str, str]) -> Iterator[str]:
    periods = item.get("rawPeriods") or []
    if len(periods) == 1 and set(periods) <= _ONE_PERIOD:
        return
    entries = item.get("dataDimensionItems") or []
    uids = [(entry.get("programIndicator") or entry.get("indicator") or {}).get("id") for entry in entries]
    yield from (
        f"shows {stocks[uid]} over several periods, and DHIS2 knows only how it is today"
        for uid in uids
        if uid in stocks
    )


def _of_map(item: Item, dhis2_version: str) -> Iterator[str]:
    if dhis2_version in WITHOUT_MAPS:
        yield f"{dhis2_version} refuses a map with data, or stores it empty"
    if not item.get("mapViews"):
        yield "has no layer"
    for view in item.get("mapViews", []):
        yield from (*_of_sides(view), *_of_periods(view), *of_units(view))
        yield from (f"has {prop} in a layer, which imports before 2.43 drop" for prop in _CASTS if view.get(prop))
