"""What became of objects that were sent, by the server's report on each of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tpi_dhis2.dhis2.tracker import DELETE, Report
from tpi_dhis2.store.items import DELETED, ERROR, SYNCED, WARNING, Clash, Item
from tpi_dhis2.sync.absorb import YES
from tpi_dhis2.sync.explain import explain
from tpi_dhis2.sync.files import Rejected

CREATED, UPDATED, REMOVED, REFUSED = "created", "updated", "deleted", "refused"
#: The UID was deleted on the server and cannot be used again there (recorded on all versions).
_BURNT = frozenset({"E1082", "E1113", "E1114", "E4017"})
#: What is to be deleted is not there.
_AWAY = _BURNT | {"E1032", "E1063", "E1081"}
#: Said of every value that a program rule gives, and of notes: nothing to see to.
_USUAL = frozenset({"E1308", "E1310", "E1119"})
_UNCONFIRMED = "The server did not say what became of it; it is looked at and sent again next time"
_BELOW = "What it belongs to was refused"


@dataclass
class Pushed:
    """What a push did: objects by what became of them and kind, those refused, and what of files was set aside."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    conflicts: int = 0
    requests: int = 0
    waits: int = 0

    def number(self, outcome: str) -> int:
        """How many objects had an outcome."""
        return sum(count for (each, _), count in self.counts.items() if each == outcome)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was set aside."""
        return not (self.refused or self.conflicts or self.rejected)

    def count(self, outcome: str, item: Item) -> None:
        """Count an object."""
        self.counts[outcome, item.kind or item.type] += 1


def refused_among(items: Iterable[Item]) -> set[str]:
    """The partnerships of what was refused: that counts in no calculated field, and does once the server takes it."""
    return {item.partnership for item in items if (item.report or {}).get("outcome") == REFUSED}


def note(items: Iterable[Item], report: Report, strategy: str, result: Pushed) -> None:
    """Write what the server said into the objects, and count it."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    for item in items:
        outcome = _note_deleted(item, report) if strategy == DELETE else _note_written(item, report)
        item.report = {"at": now, "outcome": outcome, "reasons": _kept(report, item.uid)}
        if outcome == REFUSED:
            result.refused[item.uid] = item.problem
        else:
            result.refused.pop(item.uid, None)
            result.count(outcome, item)
        if item.state == WARNING:
            result.warnings[item.uid] = item.problem


def _kept(report: Report, uid: str) -> list[list[str]]:
    """What is kept of what the server said: of what it says of nearly every record only the code, once."""
    said = [*report.errors.get(uid, []), *report.warnings.get(uid, [])]
    return [list(each) for each in dict.fromkeys((code, "" if code in _USUAL else text) for code, text in said)]


def _note_written(item: Item, report: Report) -> str:
    if item.uid not in report.done:
        return _refuse(item, report)
    outcome = CREATED if item.base is None else UPDATED
    item.base = dict(item.outgoing)
    item.settle()
    said = [reason for reason in report.warnings.get(item.uid, []) if reason[0] not in _USUAL]
    if said and item.state == SYNCED:
        item.state, item.problem = WARNING, explain(said)
    return outcome


def _note_deleted(item: Item, report: Report) -> str:
    codes = {code for code, _ in report.errors.get(item.uid, [])}
    if item.uid not in report.done and not codes & _AWAY:
        return _refuse(item, report)
    item.deleted, item.removed = True, False
    item.settle()
    return REMOVED


def _refuse(item: Item, report: Report) -> str:
    reasons = report.errors.get(item.uid, [])
    item.upload = None
    if {code for code, _ in reasons} & _BURNT:
        item.deleted, item.conflicts = True, {DELETED: Clash(None, YES)}
        item.settle()
    else:
        item.state = ERROR
    item.problem = _reason(item, report)
    return REFUSED


def _reason(item: Item, report: Report) -> str:
    reasons = [(code, text) for code, text in report.errors.get(item.uid, []) if (code, text) != ("E5000", "")]
    if reasons:
        return explain(reasons)
    # Below a refused partnership the server names its cycles, but not their records.
    above = report.errors.keys() & {item.partnership, item.cycle, item.uid}
    return _BELOW if above else _UNCONFIRMED
