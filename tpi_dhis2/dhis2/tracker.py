"""Tracker data of a server: pages of tracked entities with all below them, and imports with a report per object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.client import Client, message_of
from tpi_dhis2.dhis2.mapping import exchanged
from tpi_dhis2.errors import Forbidden, ServerRefused, StateChanged

Json = dict[str, Any]

PAGE_SIZE = 50
_EVENT = (
    "event,programStage,status,orgUnit,occurredAt,scheduledAt,completedAt,updatedAt,deleted,geometry,"
    "assignedUser[uid,username],followUp,followup,dataValues[dataElement,value]"
)
_ENROLLMENT = (
    "enrollment,program,status,orgUnit,enrolledAt,occurredAt,completedAt,updatedAt,deleted,geometry,followUp,"
    f"events[{_EVENT}]"
)
FIELDS = (
    "trackedEntity,trackedEntityType,orgUnit,updatedAt,deleted,geometry,"
    f"attributes[attribute,value],enrollments[{_ENROLLMENT}]"
)


#: What is asked to count what is deleted, and of how many partnerships at once.
_DELETED = "trackedEntity,deleted,enrollments[enrollment,deleted,events[event,deleted]]"
_LOOKED_AT = 200


@dataclass(frozen=True)
class Kept:
    """Deleted objects that a server still keeps: how many, among how many partnerships, and whether that is all."""

    count: int
    seen: int
    whole: bool


def _deleted(entity: Json) -> int:
    cycles = entity.get("enrollments") or []
    records = [record for cycle in cycles for record in cycle.get("events") or []]
    return sum(bool(each.get("deleted")) for each in [entity, *cycles, *records])


@dataclass
class Report:
    """What became of each object of an import: ``done`` UIDs, and the messages of refusals and warnings by UID."""

    done: set[str] = field(default_factory=set)
    errors: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    warnings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)


class Tracker:
    """The tracker side of the Web API for one program; ``mapping`` names the site's fields that stand for ours.

    Callers know the package's UIDs only.
    """

    def __init__(self, client: Client, program: str, mapping: Mapping[str, str] | None = None) -> None:
        self.client = client
        self.program = program
        self._theirs = dict(mapping or {})
        self._ours = {theirs: ours for ours, theirs in self._theirs.items()}

    def changed(self, since: str | None = None, unit: str | None = None) -> Iterator[list[Json]]:
        """Pages of the tracked entities changed since a time of the server (all when None), deleted ones included.

        No order is asked for and the far end of the time is left open: an entity that changes meanwhile stays in the
        set, so pages may show one twice but lose none.
        """
        params = {"fields": FIELDS, **self.client.version.within(unit)}
        if since:
            params["updatedAfter"] = since
        return self._pages(params, PAGE_SIZE)

    def anywhere(self) -> Iterator[list[Json]]:
        """Pages of the tracked entities in all units, deleted ones included; in those of the account where it must be.

        What is ACCESSIBLE follows the units of an account, a superuser's too, and administrators often have none.
        """
        version, fields = self.client.version, {"fields": "trackedEntity,deleted"}
        try:
            yield from self._pages({**fields, **version.everywhere}, PAGE_SIZE)
        except (Forbidden, ServerRefused):  # 403, and 400 on 2.41
            yield from self._pages({**fields, **version.within(None)}, PAGE_SIZE)

    def _pages(self, params: dict[str, str], size: int) -> Iterator[list[Json]]:
        version = self.client.version
        page = 0
        more = True
        while more:
            page += 1
            asked = {"program": self.program, "includeDeleted": "true", "page": str(page), "pageSize": str(size)}
            body = self._page({**params, **asked})
            entities = self._entities(body)
            if entities:
                yield entities
            more = bool(body.get("pager", {}).get("nextPage")) if version.links_pages else bool(entities)

    def kept_deleted(self, most: int) -> Kept:
        """How many deleted objects the server still keeps; no more than so many partnerships are looked at."""
        seen = count = 0
        params = {"fields": _DELETED, **self.client.version.within(None)}
        for page in self._pages(params, _LOOKED_AT):
            seen += len(page)
            count += sum(map(_deleted, page))
            if seen >= most:
                return Kept(count, seen, whole=False)
        return Kept(count, seen, whole=True)

    def by_id(self, uids: list[str]) -> Iterator[list[Json]]:
        """Pages of the tracked entities with these UIDs; those that are not there are left out."""
        for start in range(0, len(uids), PAGE_SIZE):
            some = self.client.version.entities_by_id(uids[start : start + PAGE_SIZE])
            params = {"program": self.program, "includeDeleted": "true", "fields": FIELDS, "pageSize": str(PAGE_SIZE)}
            yield self._entities(self._page({**params, **some}))

    def _page(self, params: dict[str, str]) -> Json:
        try:
            return self.client.get_object("tracker/trackedEntities", params)
        except ServerRefused as error:
            # 400 from 2.41 on, 409 on 2.40.
            if "program" in str(error).lower() and "not exist" in str(error):
                raise StateChanged(
                    "The TPI program is not on this server.", "Run 'tpi-dhis2 provision apply' first.", str(error)
                ) from error
            raise

    def _entities(self, body: Json) -> list[Json]:
        return [exchanged(entity, self._ours) for entity in body.get(self.client.version.entities_key, [])]

    def send(self, payload: Json) -> Report:
        """Create or update objects, each on its own: a bad one does not stop the others.

        The answer is 200 even when objects were refused, so the report is read object by object.
        """
        answer = self.client.ask(
            "POST",
            "tracker",
            params={
                "async": "false",
                "importStrategy": "CREATE_AND_UPDATE",
                "atomicMode": "OBJECT",
                "reportMode": "FULL",
            },
            body=exchanged(payload, self._theirs),
            expect=(409,),
        )
        if not isinstance(answer.body, dict) or "validationReport" not in answer.body:
            said = message_of(answer.body)
            raise ServerRefused(
                f"The server refused the request: {said or answer.status}.", "", str(answer.body), answer.status
            )
        return read_report(answer.body)


def read_report(body: Json) -> Report:
    """An import report, object by object; what is neither confirmed nor refused is in neither list."""
    report = Report(stats=dict(body.get("stats", {})))
    checks = body.get("validationReport", {})
    _collect(report.errors, checks.get("errorReports", []), "errorCode")
    _collect(report.warnings, checks.get("warningReports", []), "warningCode")
    for of_type in (body.get("bundleReport") or {}).get("typeReportMap", {}).values():
        for item in of_type.get("objectReports", []):
            if item.get("errorReports"):
                _collect(report.errors, item["errorReports"], "errorCode", item["uid"])
            elif item["uid"] not in report.errors:
                report.done.add(item["uid"])
    return report


def _collect(found: dict[str, list[tuple[str, str]]], items: list[Json], code_key: str, uid: str = "") -> None:
    for item in items:
        line = (str(item.get(code_key, "")), str(item.get("message", "")))
        found.setdefault(uid or str(item.get("uid", "")), []).append(line)
