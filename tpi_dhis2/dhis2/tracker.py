"""Tracker data of a server: what changed and when, tracked entities with all below them, imports with their reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tpi_dhis2.dhis2.client import Client, as_json, message_of
from tpi_dhis2.dhis2.jobs import Job
from tpi_dhis2.dhis2.mapping import exchanged, read_mapping
from tpi_dhis2.errors import Forbidden, OutcomeUnknown, ServerRefused, StateChanged

Json = dict[str, Any]

#: Tracked entities in one answer, with all below them.
PAGE_SIZE = 50
#: Tracked entities in one answer that only says when they changed.
STAMPS = 20_000
#: What a server from 2.42 on says to a page above its setting KeyTrackedEntityMaxLimit, 50,000 by default (recorded).
_TOO_LONG = re.compile(r"must not exceed the system limit of \w+ (\d+)")
#: UIDs that fit in one address of 6,000 characters.
ASKED = 400
_STAMP = "trackedEntity,updatedAt,deleted"
_CHANGED = "updatedAt,updatedBy[username]"
_EVENT = (
    "event,programStage,status,orgUnit,occurredAt,scheduledAt,completedAt,deleted,geometry,"
    "assignedUser[uid,username],followUp,followup,dataValues[dataElement,value]"
)
_ENROLLMENT = (
    f"enrollment,program,status,orgUnit,enrolledAt,occurredAt,completedAt,deleted,geometry,followUp,events[{_EVENT}]"
)
FIELDS = (
    "trackedEntity,trackedEntityType,orgUnit,updatedAt,deleted,geometry,inactive,potentialDuplicate,"
    f"attributes[attribute,value],enrollments[{_ENROLLMENT}]"
)
_VALUE = "updatedAt,storedBy,updatedBy[username]"
#: Who set what, and when.
AUTHORS = (
    f"trackedEntity,{_CHANGED},attributes[attribute,{_VALUE}],"
    f"enrollments[enrollment,{_CHANGED},events[event,{_CHANGED},dataValues[dataElement,{_VALUE}]]]"
)

UPSERT, DELETE = "CREATE_AND_UPDATE", "DELETE"
_AGAIN = "Run the same command again: it looks first, and nothing is doubled."


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


@dataclass(frozen=True)
class Stamp:
    """When a tracked entity, or anything below it, was last changed, in the server's own time."""

    uid: str
    at: str


@dataclass
class Report:
    """What became of each object of an import: ``done`` UIDs, and the messages of refusals and warnings by UID."""

    done: set[str] = field(default_factory=set)
    errors: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    warnings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)

    def add(self, more: Report) -> None:
        """Take up what another request gave."""
        self.done |= more.done
        self.errors |= more.errors
        self.warnings |= more.warnings
        self.stats = {name: self.stats.get(name, 0) + more.stats.get(name, 0) for name in {*self.stats, *more.stats}}


class Tracker:
    """The tracker side of the Web API for one program; ``mapping`` names the site's fields that stand for ours.

    Without one it is read from the server's record when it is first needed. Callers know the package's UIDs only.
    """

    def __init__(self, client: Client, program: str, mapping: Mapping[str, str] | None = None) -> None:
        self.client = client
        self.program = program
        self._longest = STAMPS
        if mapping is not None:
            self.mapping = dict(mapping)

    @cached_property
    def mapping(self) -> dict[str, str]:
        """The site's UIDs by those of ours."""
        return read_mapping(self.client)

    @cached_property
    def _ours(self) -> dict[str, str]:
        return {theirs: ours for ours, theirs in self.mapping.items()}

    # What changed -----------------------------------------------------------------------------------------------

    def changed(self, since: str | None = None, unit: str | None = None) -> Iterator[list[Stamp]]:
        """When tracked entities changed, from a time of the server on (all when None), deleted ones included.

        The oldest change comes first, and each request begins where the last one ended: what changes meanwhile moves
        to the end and is met there again, and nothing is passed over, as it would be by counting pages of a list that
        moves. A change below a tracked entity changes its time, a deletion, too (recorded on all versions).
        """
        params = {"fields": _STAMP, "order": "updatedAt:asc", **self.client.version.within(unit)}
        page, start = 1, since
        while True:
            after = {"updatedAfter": start} if start else {}
            try:
                found = self._stamps({**params, **after, "page": str(page), "pageSize": str(self._longest)})
            except ServerRefused as error:
                self._longest = _shorter(error, self._longest)
                continue
            yield found
            if len(found) < self._longest:
                return
            # The bound belongs to the list; a page of one time alone needs the next page of it.
            page, start = (page + 1, start) if found[-1].at == start else (1, found[-1].at)

    def stamps(self, uids: Iterable[str]) -> dict[str, str]:
        """When these tracked entities changed; those that are not there are left out."""
        found: dict[str, str] = {}
        for some in _parts(uids, ASKED):
            by_id = self.client.version.entities_by_id(some)
            found |= {each.uid: each.at for each in self._stamps({"fields": _STAMP, "pageSize": str(ASKED), **by_id})}
        return found

    def _stamps(self, params: dict[str, str]) -> list[Stamp]:
        rows = self._list(params)
        return [Stamp(row["trackedEntity"], str(row.get("updatedAt") or "")) for row in rows]

    # Tracked entities -------------------------------------------------------------------------------------------

    def whole(self, uids: Iterable[str]) -> Iterator[list[Json]]:
        """The tracked entities with these UIDs and all below them; those that are not there are left out."""
        for some in _parts(uids, PAGE_SIZE):
            by_id = self.client.version.entities_by_id(some)
            rows = self._list({"fields": FIELDS, "pageSize": str(PAGE_SIZE), **by_id})
            yield [exchanged(row, self._ours) for row in rows]

    def authors(self, uids: Iterable[str]) -> Iterator[Json]:
        """Who set what and when, in tracked entities and all below them; without the values."""
        for some in _parts(uids, PAGE_SIZE):
            by_id = self.client.version.entities_by_id(some)
            rows = self._list({"fields": AUTHORS, "pageSize": str(PAGE_SIZE), **by_id})
            yield from (exchanged(row, self._ours) for row in rows)

    def _list(self, params: dict[str, str]) -> list[Json]:
        body = self._page({"program": self.program, "includeDeleted": "true", **params})
        return list(body.get(self.client.version.entities_key, []))

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
            entities = list(body.get(version.entities_key, []))
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

    # Imports ----------------------------------------------------------------------------------------------------

    def body(self, payload: Json) -> bytes:
        """What is sent of objects, with the site's fields in the place of ours."""
        return as_json(exchanged(payload, self.mapping))

    def send(self, body: bytes, strategy: str = UPSERT, *, write: bool = True) -> Report:
        """Create, update or delete the objects of a body, each on its own: a bad one does not stop the others.

        The answer is 200 even when objects were refused, so the report is read object by object. ServerRefused when
        there is no report. Without ``write`` the server only checks.
        """
        answer = self.client.ask(
            "POST", "tracker", params=_params(strategy, write=write, as_job=False),
            body=body, expect=(409,),
        )  # fmt: skip
        if not isinstance(answer.body, dict) or "validationReport" not in answer.body:
            said = message_of(answer.body)
            raise ServerRefused(
                f"The server refused the request: {said or answer.status}.", "", str(answer.body), answer.status
            )
        return read_report(answer.body)

    def start(self, body: bytes, strategy: str = UPSERT) -> str:
        """Begin an import as a job of the server; its UID. OutcomeUnknown when the server does not tell it."""
        answer = self.client.ask("POST", "tracker", params=_params(strategy, write=True, as_job=True), body=body)
        found = answer.body.get("response") if isinstance(answer.body, dict) else None
        uid = found.get("id") if isinstance(found, dict) else None
        if not isinstance(uid, str):
            raise OutcomeUnknown("The server took the records and did not say under which job.", _AGAIN, str(found))
        return uid

    def finish(self, job: str, silent: float | None = None) -> Report:
        """Wait for the end of a job and read its report.

        OutcomeUnknown when the server cannot tell it, or has nothing to say of it for so many seconds.
        """
        return read_report(Job.of_tracker(self.client, job, silent).report())


def _params(strategy: str, *, write: bool, as_job: bool) -> dict[str, str]:
    return {
        "async": str(as_job).lower(),
        "importStrategy": strategy,
        "importMode": "COMMIT" if write else "VALIDATE",
        "atomicMode": "OBJECT",
        "reportMode": "FULL",
    }


def _shorter(error: ServerRefused, asked: int) -> int:
    """The longest page that a server gives, when that is why it refused a longer one; else the error."""
    told = _TOO_LONG.search(str(error))
    most = int(told.group(1)) if told else 0
    if not 0 < most < asked:
        raise error
    return most


def _parts(uids: Iterable[str], size: int) -> Iterator[list[str]]:
    listed = list(uids)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


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
