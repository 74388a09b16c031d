"""The partnerships of a sandbox in the order in which people read them; what is deleted is not among them."""

from __future__ import annotations

from functools import cached_property

from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json
from tpi_dhis2.sandbox.words import Words


class Records:
    """Tracked entities, their enrollments and events."""

    def __init__(self, state: State):
        self.state, self.words = state, Words(state)

    @cached_property
    def partnerships(self) -> list[Json]:
        """The tracked entities by name."""
        rows = [row for row in self.state.table("trackedEntities").values() if not row["deleted"]]
        return sorted(rows, key=lambda row: (self.words.name(row).casefold(), row["trackedEntity"]))

    def partnership(self, uid: str) -> Json | None:
        """Return a tracked entity."""
        row: Json | None = self.state.get("trackedEntities", uid)
        return row if row and not row["deleted"] else None

    def cycles(self, uid: str) -> list[Json]:
        """Return the enrollments of a tracked entity, oldest first."""
        rows = self.state.found("enrollments", value_of("trackedEntity"), uid)
        return sorted((row for row in rows if not row["deleted"]), key=lambda row: (row["enrolledAt"], row["number"]))

    def events(self, enrollment: str) -> list[Json]:
        """Return the events of an enrollment, stage by stage and oldest first."""
        rows = self.state.found("events", value_of("enrollment"), enrollment)
        return sorted((row for row in rows if not row["deleted"]), key=self._place)

    def _place(self, event: Json) -> tuple[int, str, int]:
        when = event.get("occurredAt") or event.get("scheduledAt") or ""
        return _sort_order(self.stage(event)), when, event["number"]

    def stage(self, event: Json) -> Json:
        """Return the stage of an event; empty when it is gone."""
        return self.state.get("programStages", event.get("programStage")) or {}

    def counts(self, uid: str) -> dict[str, int]:
        """Return the number of events by the name of their stage, in the order of the stages."""
        found: dict[str, int] = {}
        for event in sorted((event for cycle in self.cycles(uid) for event in self.events(cycle["enrollment"])),
                            key=self._place):  # fmt: skip
            name = str(self.stage(event).get("name") or event.get("programStage"))
            found[name] = found.get(name, 0) + 1
        return found

    def sections(self, event: Json) -> list[tuple[str, list[Json]]]:
        """Return the sections of an event's form with their data elements; one without a name when there are none."""
        stage = self.stage(event)
        rows = [self.state.get("programStageSections", each["id"]) for each in stage.get("programStageSections") or []]
        found = [
            (str(row["name"]), row.get("dataElements") or []) for row in sorted(filter(None, rows), key=_sort_order)
        ]
        placed = {each["id"] for _, elements in found for each in elements}
        joined = [each["dataElement"] for each in stage.get("programStageDataElements") or []]
        rest = [each for each in joined if each["id"] not in placed]
        return [*found, ("", rest)] if rest else found


def _sort_order(row: Json) -> int:
    return int(row.get("sortOrder") or 0)
