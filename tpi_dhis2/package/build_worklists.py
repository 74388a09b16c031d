"""Working lists of the Capture app: filters of partnerships, and of the records of a stage.

The criteria name fields by UID as plain text, so a wrong one is no dangling reference: the lint looks at them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.boards import WorkingListSource, attribute_key
from tpi_dhis2.package.build_visualizations import Json, Ref


class WorkingListBuilder:
    """Builds the working lists; ``stages`` gives the code of a stage by its kind of record."""

    def __init__(self, program: Json, stages: dict[str, str], ref: Ref) -> None:
        self.program = program
        self.stages = stages
        self.ref = ref

    def of_partnerships(self, number: int, source: WorkingListSource, sharing: Json) -> Json:
        """A list with a line for each partnership."""
        return {
            **self._head("trackedEntityInstanceFilters", source, sharing),
            "sortOrder": number,
            "entityQueryCriteria": self._criteria(source),
        }

    def of_records(self, source: WorkingListSource, sharing: Json) -> Json:
        """A list with a line for each record of a stage."""
        criteria = self._criteria(source) | {"dataFilters": list(self._filters(source, attributes=False))}
        criteria |= {"eventStatus": source.status} if source.status else {}
        criteria |= {"eventScheduledAt": _days(*source.scheduled)} if source.scheduled else {}
        return {
            **self._head("programStageWorkingLists", source, sharing),
            "programStage": self.ref("programStages", self.stages[source.stage]),
            "programStageQueryCriteria": criteria,
        }

    def _head(self, kind: str, source: WorkingListSource, sharing: Json) -> Json:
        """The app shows the name as a button inside the program, so it has no prefix."""
        named = {"code": code_of(source.key), "name": source.what, "description": source.help}
        return {**self.ref(kind, code_of(source.key)), **named, "program": self.program, "sharing": sharing}

    def _criteria(self, source: WorkingListSource) -> Json:
        return {
            "enrollmentStatus": "ACTIVE",
            "displayColumnOrder": [self._uid(name) for name in source.columns],
            "order": f"{self._uid(source.sort)}:asc" if source.sort else "createdAt:desc",
            "attributeValueFilters": list(self._filters(source, attributes=True)),
        }

    def _filters(self, source: WorkingListSource, *, attributes: bool) -> Iterator[Json]:
        asked: list[tuple[str, Json]] = [(name, {"in": codes}) for name, codes in source.only.items()]
        asked += [(name, {"dateFilter": _days(*days)}) for name, days in source.days.items()]
        asked += [(name, {"le": str(most)}) for name, most in source.at_most.items()]
        prop = "attribute" if attributes else "dataItem"
        for name, condition in asked:
            if bool(attribute_key(name)) == attributes:
                yield {prop: self._uid(name), **condition}

    def _uid(self, name: str) -> str:
        key = attribute_key(name)
        kind = "trackedEntityAttributes" if key else "dataElements"
        return str(self.ref(kind, code_of(key or name))["id"])


def _days(start: int, end: int) -> Json:
    return {"type": "RELATIVE", "startBuffer": start, "endBuffer": end}
