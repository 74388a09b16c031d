"""What an import makes of a drawing: the layers of a map, and the periods that 2.41 does not read."""

from __future__ import annotations

from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json

_DRAWN = ("visualizations", "eventVisualizations")


def store_drawing(state: State, plural: str, new: Json) -> None:
    """Bring a visualization or a map in the form that the server keeps."""
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
