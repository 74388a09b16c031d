"""The import report of metadata, as recorded: type reports, object reports, error reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.sandbox.schema import Type
from tpi_dhis2.sandbox.web import Json, Reply

TEXT = "java.lang.String"
SEE_REPORT = "One or more errors occurred, please see full details in import report."


@dataclass
class Problem:
    """One error of one object; the group is the pass of the validation that found it."""

    code: str
    text: str
    group: str = "hook"
    args: list[Any] = field(default_factory=list)
    name: str | None = None
    main_id: str | None = None
    error_klass: str | None = None

    def report(self, klass: str, minor: int) -> Json:
        """Return the error report; 2.40 has no args."""
        found: Json = {"message": self.text, "mainKlass": klass, "errorCode": self.code}
        found |= {"args": [str(each) for each in self.args]} if minor > 40 else {}
        kind = self.error_klass or (TEXT if self.code in ("E4001", "E4002", "E4005") else None)
        found |= {"errorKlass": kind} if kind else {}
        found |= {"errorProperty": self.name} if self.name else {}
        found |= {"mainId": self.main_id} if self.main_id else {}
        return {**found, "errorProperties": self.args}


@dataclass(eq=False)
class Item:
    """One object of a payload on its way through the import."""

    type: Type
    index: int
    sent: Json
    uid: str
    existing: Json | None = None
    problems: list[Problem] = field(default_factory=list)
    outcome: str = "ignored"

    @property
    def label(self) -> str:
        """Return the object as messages name it."""
        name = self.sent.get("name") or ""
        return f"{name} [{self.uid}] ({self.type.simple})".strip()

    @property
    def weight(self) -> int:
        """Return how often the server counts the object as ignored: once a pass, a broken reference twice."""
        groups = {problem.group for problem in self.problems}
        return 2 if len(groups) > 1 or "reference" in groups else 1

    @property
    def name(self) -> str:
        """Return the name to show, which is the identifier where the object has none."""
        person = [self.sent.get(name) for name in ("firstName", "surname")]
        return str(self.sent.get("name") or (" ".join(map(str, person)) if all(person) else self.uid))

    def report(self, minor: int, *, named: bool) -> Json:
        """Return the object report."""
        found: Json = {"klass": self.type.klass, "index": self.index}
        if not self.problems or any(problem.group != "translation" for problem in self.problems):
            found["uid"] = self.uid
        if named and "uid" in found:
            found["displayName"] = self.name
        return {**found, "errorReports": [problem.report(self.type.klass, minor) for problem in self.problems]}


def no_stats() -> Json:
    """Return empty counts."""
    return {"created": 0, "updated": 0, "deleted": 0, "ignored": 0, "total": 0}


def _type_report(each: Type, items: list[Item], minor: int, *, full: bool, named: bool) -> Json:
    stats = no_stats()
    for item in items:
        weight = item.weight if item.outcome == "ignored" else 1
        stats[item.outcome] += weight
        stats["total"] += weight
    shown = [item for item in items if full or item.problems]
    reports = [item.report(minor, named=named) for item in shown]
    return {"klass": each.klass, "stats": stats, "objectReports": reports}


def import_report(items: list[Item], status: str, minor: int, *, full: bool, named: bool) -> Json:
    """Return the report of an import."""
    types = list(dict.fromkeys(item.type.plural for item in items))
    reports, total = [], no_stats()
    for plural in types:
        mine = [item for item in items if item.type.plural == plural]
        reports.append(_type_report(mine[0].type, mine, minor, full=full, named=named))
        total = {key: total[key] + reports[-1]["stats"][key] for key in total}
    kind = "ImportReportWebMessageResponse" if minor == 42 else "ImportReport"
    return {"responseType": kind, "status": status, "typeReports": reports, "stats": total}


def report_reply(report: Json) -> Reply:
    """Return the envelope of an import report: 200, or 409 with level WARNING for anything but OK."""
    if report["status"] == "OK":
        return Reply(200, {"httpStatus": "OK", "httpStatusCode": 200, "status": "OK", "response": report})
    head = {"httpStatus": "Conflict", "httpStatusCode": 409, "status": "WARNING", "message": SEE_REPORT}
    return Reply(409, {**head, "response": report})
