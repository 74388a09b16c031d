"""Line lists: event visualizations with a line for each record of a stage, or for each cycle."""

from __future__ import annotations

from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.boards import LineListSource, attribute_key
from tpi_dhis2.package.build_visualizations import Json, Ref, head, units

_PLAIN = "ou"
_DATE = "@date"


class LineListBuilder:
    """Builds the line lists; ``stages`` gives the code of a stage by its kind of record."""

    def __init__(self, program: Json, stages: dict[str, str], ref: Ref) -> None:
        self.program = program
        self.stages = stages
        self.ref = ref

    def build(self, source: LineListSource, sharing: Json) -> Json:
        """One line list."""
        stage = self._stage(source)
        running = ["programStatus"] if source.running else []
        return {
            **head("eventVisualizations", source, self.ref, sharing),
            "title": source.what,
            "type": "LINE_LIST",
            "dataType": "EVENTS",
            "outputType": "EVENT" if stage else "ENROLLMENT",
            "program": self.program,
            **({"programStage": stage} if stage else {}),
            "columnDimensions": [self._dimension(source, name) for name in source.columns],
            "rowDimensions": [],
            "filterDimensions": list(running),
            "simpleDimensions": [
                {"parent": "COLUMN", "dimension": _date(source), "values": list(source.periods)},
                *({"parent": "FILTER", "dimension": name, "values": ["ACTIVE"]} for name in running),
            ],
            "dataElementDimensions": [self._element(source, name) for name in _fields(source)],
            "attributeDimensions": [self._attribute(source, name) for name in source.columns if attribute_key(name)],
            **units(["user"]),
            **self._sorting(source),
        }

    def _stage(self, source: LineListSource) -> Json | None:
        return self.ref("programStages", self.stages[source.stage]) if source.stage else None

    def _dimension(self, source: LineListSource, name: str) -> str:
        if name in (_PLAIN, _DATE):
            return _date(source) if name == _DATE else name
        key = attribute_key(name)
        kind = "trackedEntityAttributes" if key else "dataElements"
        return str(self.ref(kind, code_of(key or name))["id"])

    def _element(self, source: LineListSource, name: str) -> Json:
        stage = {"programStage": self._stage(source)}
        return {"dataElement": self.ref("dataElements", code_of(name)), **stage, **_only(source, name)}

    def _attribute(self, source: LineListSource, name: str) -> Json:
        key = attribute_key(name) or ""
        return {"attribute": self.ref("trackedEntityAttributes", code_of(key)), **_only(source, name)}

    def _sorting(self, source: LineListSource) -> Json:
        """The app names a column by its heading in the answer: a field with its stage, all else plainly."""
        if not source.sort:
            return {}
        dimension, stage = self._dimension(source, source.sorted_by), self._stage(source)
        if stage and source.sorted_by in _fields(source):
            dimension = f"{stage['id']}.{dimension}"
        return {"sorting": [{"dimension": dimension, "direction": "DESC" if source.sort.startswith("-") else "ASC"}]}


def _fields(source: LineListSource) -> list[str]:
    return [name for name in source.columns if name not in (_PLAIN, _DATE) and not attribute_key(name)]


def _date(source: LineListSource) -> str:
    return "eventDate" if source.stage else "enrollmentDate"


def _only(source: LineListSource, name: str) -> Json:
    codes = source.only.get(name)
    return {"filter": f"IN:{';'.join(codes)}"} if codes else {}
