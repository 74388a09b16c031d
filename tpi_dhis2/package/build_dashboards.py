"""Dashboards: rows of items laid out on the grid of 60 columns."""

from __future__ import annotations

from collections.abc import Iterator

from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.boards import DashboardSource, RowSource
from tpi_dhis2.package.build_visualizations import Json, Ref, head

GRID = 60
_PROPS = {"visualizations": "visualization", "eventVisualizations": "eventVisualization", "maps": "map"}
_TYPES = {"visualizations": "VISUALIZATION", "eventVisualizations": "EVENT_VISUALIZATION", "maps": "MAP"}


class DashboardBuilder:
    """Builds the dashboards; ``shown`` gives type and key of what stands on them by the key of an item."""

    def __init__(self, shown: dict[str, tuple[str, str]], ref: Ref) -> None:
        self.shown = shown
        self.ref = ref

    def build(self, source: DashboardSource, sharing: Json) -> Json:
        """One dashboard."""
        return {
            **head("dashboards", source, self.ref, sharing),
            "itemConfig": {"insertHeight": 20, "insertPosition": "END"},
            "layout": {"columns": [], "spacing": {"column": 0, "row": 0}},
            "dashboardItems": list(self._items(source)),
        }

    def _items(self, source: DashboardSource) -> Iterator[Json]:
        top = 0
        for number, row in enumerate(source.rows, 1):
            yield from self._row(f"{code_of(source.key)}.", row, number, top)
            top += row.height

    def _row(self, prefix: str, row: RowSource, number: int, top: int) -> Iterator[Json]:
        if row.text:
            # A heading hangs on its place, since it has no key: its words may change.
            text = {**self.ref("dashboardItems", f"{prefix}TEXT_{number}"), "type": "TEXT", "text": row.text}
            yield {**text, "x": 0, "y": top, "width": GRID, "height": row.height}
        width = GRID // max(len(row.items), 1)
        for place, key in enumerate(row.items):
            yield {**self._item(prefix, key), "x": place * width, "y": top, "width": width, "height": row.height}

    def _item(self, prefix: str, key: str) -> Json:
        kind, shown = self.shown[key]
        held = {"type": _TYPES[kind], _PROPS[kind]: self.ref(kind, code_of(shown))}
        return {**self.ref("dashboardItems", f"{prefix}{key.upper()}"), **held}
