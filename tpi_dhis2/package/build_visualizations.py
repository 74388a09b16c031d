"""Visualizations and maps as DHIS2 holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tpi_dhis2.package.base import PREFIX, code_of
from tpi_dhis2.package.boards import Board, MapSource, Period, Unit, VisualizationSource, data_item

Json = dict[str, Any]
Ref = Callable[[str, str], Json]

_UNITS: dict[Unit, str] = {
    "user": "userOrganisationUnit",
    "children": "userOrganisationUnitChildren",
    "grandchildren": "userOrganisationUnitGrandChildren",
}
_ITEMS = {"indicators": ("INDICATOR", "indicator"), "programIndicators": ("PROGRAM_INDICATOR", "programIndicator")}
_MAP_PERIOD: Period = "THIS_YEAR"


def head(kind: str, board: Board, ref: Ref, sharing: Json) -> Json:
    """What every board has; the title is what charts show, the name what people find in lists."""
    return {
        **ref(kind, code_of(board.key)),
        "code": code_of(board.key),
        "name": f"{PREFIX} - {board.what}",
        "description": board.help,
        "sharing": sharing,
    }


def units(chosen: list[Unit]) -> Json:
    """The switches for the units of whoever looks."""
    return {_UNITS[unit]: True for unit in chosen}


def periods(chosen: list[Period]) -> Json:
    """The periods in both forms: 2.41 does not read the list of names, and all others give back nothing else."""
    return {"rawPeriods": list(chosen), "relativePeriods": {switch(period): True for period in chosen}}


def switch(period: str) -> str:
    """What a relative period is called among the switches: ``LAST_12_MONTHS`` is ``last12Months``."""
    first, *others = period.lower().split("_")
    return first + "".join(part.capitalize() for part in others)


def _item(key: str, ref: Ref) -> Json:
    kind, code = data_item(key)
    item_type, prop = _ITEMS[kind]
    return {"dataDimensionItemType": item_type, prop: ref(kind, code)}


def visualization(source: VisualizationSource, ref: Ref, sharing: Json) -> Json:
    """A chart or table."""
    return {
        **head("visualizations", source, ref, sharing),
        "title": source.what,
        "type": source.type,
        "columnDimensions": [source.columns],
        "rowDimensions": [source.rows] if source.rows else [],
        "filterDimensions": list(source.filters),
        "dataDimensionItems": [_item(key, ref) for key in source.data],
        "digitGroupSeparator": "SPACE",
        **periods(source.periods),
        **units(source.units),
        **_legend(source.legend, ref),
        **_hiding(source),
    }


def _legend(legend: str, ref: Ref) -> Json:
    if not legend:
        return {}
    how: Json = {"style": "FILL", "showKey": False, "strategy": "BY_DATA_ITEM"}
    return {"legend": how if legend == "own" else how | {"strategy": "FIXED", "set": ref("legendSets", legend)}}


def _hiding(source: VisualizationSource) -> Json:
    if not source.hide_empty:
        return {}
    return {"hideEmptyRows": True} if source.type == "PIVOT_TABLE" else {"hideEmptyRowItems": "ALL"}


def map_of(source: MapSource, ref: Ref, sharing: Json) -> Json:
    """A map with one layer, in the shape that servers from 2.41 on store and give back.

    The middle and the zoom are only where it opens: a map moves to what it shows.
    """
    return {
        **head("maps", source, ref, sharing),
        "basemap": "osmLight",
        "longitude": 20,
        "latitude": 0,
        "zoom": 3,
        "mapViews": [_layer(source, ref)],
    }


def _layer(source: MapSource, ref: Ref) -> Json:
    return {
        **ref("mapViews", code_of(source.key)),
        "name": source.what,
        "layer": "thematic",
        "renderingStrategy": "SINGLE",
        "thematicMapType": "CHOROPLETH",
        "columnDimensions": ["dx"],
        "rowDimensions": ["ou"],
        "filterDimensions": ["pe"],
        "dataDimensionItems": [_item(source.data, ref)],
        "method": 3,
        "classes": 5,
        "opacity": 0.9,
        "hidden": False,
        **periods([_MAP_PERIOD]),
        **units(source.units),
    }
