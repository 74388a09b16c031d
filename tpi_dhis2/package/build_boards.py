"""Boards of the sources as DHIS2 holds them: all types together, and what differs between its versions."""

from __future__ import annotations

from collections.abc import Callable

from tpi_dhis2.package.boards import LineListSource
from tpi_dhis2.package.build_dashboards import DashboardBuilder
from tpi_dhis2.package.build_line_lists import LineListBuilder
from tpi_dhis2.package.build_visualizations import Json, Ref, map_of, visualization
from tpi_dhis2.package.build_worklists import WorkingListBuilder
from tpi_dhis2.package.sources import Sources

#: An import into these refuses a map with data, and stores it empty when the data are sent the other way.
WITHOUT_MAPS = {"2.40"}
#: These delete no stage and no program, of whomever, while a line list on the server names no stage (2.40.12,
#: EventVisualizationDeletionHandler: E4060). There a list of cycles is one of the records that a cycle has once.
WITHOUT_LISTS_OF_CYCLES = {"2.40"}
_ONCE_A_CYCLE = "agreement"
_FOR_NOBODY_ELSE = {"public": "--------"}


class BoardBuilder:
    """Builds the six types; ``share`` gives the sharing of an object by the use of the groups' access strings."""

    def __init__(self, sources: Sources, ref: Ref, share: Callable[[str], Json]) -> None:
        self.boards = sources.boards
        self.stages = {stage.kind: stage.code for stage in sources.stages}
        self.program = ref("programs", sources.package.program.code)
        self.ref = ref
        self.share = share

    def objects(self, dhis2_version: str) -> dict[str, list[Json]]:
        """All types in the order of the published packages; no maps where they cannot be imported."""
        maps = dhis2_version not in WITHOUT_MAPS
        boards, ref = self.boards, self.ref
        lines = LineListBuilder(self.program, self.stages, ref)
        on_dashboards = DashboardBuilder(self._shown(maps=maps), ref)
        return {
            **self._working_lists(),
            "visualizations": [visualization(source, ref, self._shared()) for source in boards.visualizations],
            **({"maps": [map_of(source, ref, self._shared()) for source in boards.maps]} if maps else {}),
            "eventVisualizations": [
                lines.build(_staged(source, dhis2_version), self._shared()) for source in boards.line_lists
            ],
            # Only the groups of the package find a dashboard in the long list of those of a site.
            "dashboards": [on_dashboards.build(one, self._shared() | _FOR_NOBODY_ELSE) for one in boards.dashboards],
        }

    def _shared(self) -> Json:
        return self.share("object")

    def _working_lists(self) -> dict[str, list[Json]]:
        builder = WorkingListBuilder(self.program, self.stages, self.ref)
        partnerships = [source for source in self.boards.lists if not source.stage]
        return {
            "trackedEntityInstanceFilters": [
                builder.of_partnerships(number, source, self._shared()) for number, source in enumerate(partnerships, 1)
            ],
            "programStageWorkingLists": [
                builder.of_records(source, self._shared()) for source in self.boards.lists if source.stage
            ],
        }

    def _shown(self, *, maps: bool) -> dict[str, tuple[str, str]]:
        """Type and key of what an item shows; in place of a map its visualization where there are no maps."""
        shown = {source.key: ("visualizations", source.key) for source in self.boards.visualizations}
        shown |= {source.key: ("eventVisualizations", source.key) for source in self.boards.line_lists}
        for source in self.boards.maps:
            shown[source.key] = ("maps", source.key) if maps else ("visualizations", source.instead)
        return shown


def _staged(source: LineListSource, dhis2_version: str) -> LineListSource:
    named = source.stage or dhis2_version not in WITHOUT_LISTS_OF_CYCLES
    return source if named else source.model_copy(update={"stage": _ONCE_A_CYCLE})
