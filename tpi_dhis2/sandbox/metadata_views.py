"""What an import makes of drawings and filters: layers of a map, periods, and lists that are sets in Java."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json

_DRAWN = ("visualizations", "eventVisualizations")
#: The periods of drawings, in the order in which servers write them; others come after.
_PERIODS = ["THIS_MONTH", "LAST_MONTH", "THIS_QUARTER", "LAST_QUARTER", "THIS_YEAR", "LAST_YEAR", "LAST_5_YEARS",
            "LAST_10_YEARS", "LAST_12_MONTHS", "LAST_6_MONTHS", "LAST_3_MONTHS", "LAST_4_QUARTERS"]  # fmt: skip
_CRITERIA = ("entityQueryCriteria", "eventQueryCriteria", "programStageQueryCriteria")
_BUCKETS = 16


def store_filters(new: Json) -> None:
    """Bring the codes that a list asks for in the order of a Java hash set."""
    if "programStageQueryCriteria" in new:
        lists: Json = {"assignedUsers": [], "attributeValueFilters": [], "dataFilters": []}
        new["programStageQueryCriteria"] = {**lists, **new["programStageQueryCriteria"]}
    for name in _CRITERIA:
        if new.get(name):
            new[name] = {key: _asked(key, value) for key, value in new[name].items()}


def _asked(key: str, value: Any) -> Any:
    return [_hashed(each) for each in value or []] if key in ("attributeValueFilters", "dataFilters") else value


def _hashed(condition: Json) -> Json:
    return {**condition, "in": sorted(condition["in"], key=_bucket)} if condition.get("in") else condition


def _bucket(text: str) -> int:
    code = 0
    for character in text:
        code = (31 * code + ord(character)) & 0xFFFFFFFF
    return (code ^ (code >> 16)) % _BUCKETS


def _place(period: str) -> int:
    return _PERIODS.index(period) if period in _PERIODS else len(_PERIODS)


def store_drawing(state: State, plural: str, new: Json) -> None:
    """Bring a visualization or a map in the form that the server keeps."""
    if new.get("rawPeriods"):
        new["rawPeriods"] = sorted(new["rawPeriods"], key=_place)
    if state.minor == 41 and plural in _DRAWN:
        new.pop("rawPeriods", None)
    if plural == "maps":
        new["mapViews"] = [_layer(state, view) for view in new.get("mapViews") or []]


def _layer(state: State, view: Json) -> Json:
    """Return a layer: its columns and filters follow from the dimensions, its rows are the units."""
    kept = {name: value for name, value in view.items() if name != "rowDimensions"}
    if state.minor == 41:
        kept.pop("rawPeriods", None)
    if state.minor <= 41:
        kept["name"] = _name(state, view)
    columns, filters = (
        [{"id": each} for each in view.get(name) or []] for name in ("columnDimensions", "filterDimensions")
    )
    return {**kept, "columns": columns, "rows": [{"id": "ou"}], "filters": filters}


def _name(state: State, view: Json) -> str:
    """Return the name of what a layer shows, or its identifier."""
    for item in view.get("dataDimensionItems") or []:
        for plural, name in (("programIndicators", "programIndicator"), ("indicators", "indicator")):
            shown = state.get(plural, (item.get(name) or {}).get("id"))
            if shown:
                return str(shown["name"])
    return str(view["id"])
