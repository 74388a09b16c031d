"""Push: what the store has and the server lacks, sent in whole objects, and what became of each.

The rows of the store are the outbox: what is to be sent is stored first, and counts as sent only once the server has
confirmed that very state. UIDs are derived from record keys and every write creates or updates, so a push that was
cut off anywhere is mended by the next one. Before anything is sent the server is asked for its present state of the
partnerships concerned: what it already has is not sent, and what somebody changed there is merged or becomes a
conflict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.mapping import read_mapping
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.dhis2.tracker import PAGE_SIZE, Report, Tracker
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CONFLICT, ERROR, SYNCED, TO_SEND, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync import files
from tpi_dhis2.sync.calculated import calculate
from tpi_dhis2.sync.drafts import Drafter, Drafts, unit_names
from tpi_dhis2.sync.explain import explain
from tpi_dhis2.sync.files import RecordFile, Rejected
from tpi_dhis2.sync.pull import learn_units, take_page
from tpi_dhis2.sync.take import take_drafts
from tpi_dhis2.sync.wire import Wire

#: Objects in one request: what real servers take well (the DHIS2 performance tests use the same).
CHUNK = 500
_RANK = {"partnership": 0, "cycle": 1, "record": 2}
_UNCONFIRMED = "The server did not say what became of it; it is sent again next time"


@dataclass
class Pushed:
    """What a push did, object by object."""

    created: list[Item] = field(default_factory=list)
    updated: list[Item] = field(default_factory=list)
    refused: list[Item] = field(default_factory=list)
    conflicts: list[Item] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: dict[str, str] = field(default_factory=dict)
    requests: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was set aside."""
        return not (self.refused or self.conflicts or self.rejected)


def push(
    client: Client,
    store: Store,
    fields: Fields,
    paths: Iterable[Path] = (),
    today: dt.date | None = None,
    sent: Callable[[int, int], None] | None = None,
) -> Pushed:
    """Take record files into the store, then send what the server lacks; ``sent(done, total)`` hears of requests."""
    store.bind(client.identify())
    result, wire = Pushed(), Wire(fields)
    drafted = [(path.name, draft_file(client, fields, source)) for path, source in [(p, files.read(p)) for p in paths]]
    tracker = Tracker(client, fields.program, read_mapping(client))
    named = {draft.partnership for _, drafts in drafted for draft in drafts.drafts}
    look(tracker, store, wire, sorted(named.union(_concerned(store))))
    for name, drafts in drafted:
        rejected = drafts.rejected + take_drafts(store, fields, drafts.drafts)
        result.rejected += [Rejected(f"{name}: {one.place}", one.reason) for one in rejected]
    learn_units(client, store)
    day = today or dt.date.today()  # noqa: DTZ011 - the day where it runs
    calculate(store, fields, day)
    waiting, done = len(_waiting(store)), 0
    for chunk in chunks(_pending(store)):
        # Once more, just before it is sent: what people enter meanwhile must not be overwritten.
        partnerships = sorted({item.partnership for item in chunk})
        look(tracker, store, wire, partnerships)
        calculate(store, fields, day, partnerships)
        _send(tracker, store, wire, _pending(store, partnerships), result)
        done += len(chunk)
        if sent:
            sent(done, waiting)
    result.conflicts = store.items(state=CONFLICT)
    return result


def draft_file(client: Client, fields: Fields, source: RecordFile) -> Drafts:
    """The drafts of a record file, with the server's units."""
    units = Metadata(client).units(unit_names(fields, source))
    by_name = {unit[prop]: unit["id"] for unit in units for prop in ("id", "code") if unit.get(prop)}
    return Drafter(fields, by_name).drafts(source)


def _waiting(store: Store) -> list[Item]:
    return [item for state in (TO_SEND, ERROR) for item in store.items(state=state) if item.differs]


def _concerned(store: Store) -> list[str]:
    return sorted({item.partnership for item in _waiting(store)})


def look(tracker: Tracker, store: Store, wire: Wire, partnerships: list[str]) -> None:
    """Take the server's present state of some partnerships into the store.

    What the server had and has no more, and does not call deleted either (it was restored from a backup, or emptied),
    is to be sent again.
    """
    for start in range(0, len(partnerships), PAGE_SIZE):
        asked = partnerships[start : start + PAGE_SIZE]
        seen: set[str] = set()
        for page in tracker.by_id(asked):
            take_page(store, wire, page)
            seen |= {remote.uid for entity in page for remote in wire.remotes(entity)}
        lost = [item for uid in asked for item in store.items(partnership=uid) if _is_lost(item, seen)]
        for item in lost:
            item.base = None
            item.settle()
        store.save(lost)


def _is_lost(item: Item, seen: set[str]) -> bool:
    return item.base is not None and not item.deleted and item.uid not in seen


def _pending(store: Store, partnerships: Iterable[str] | None = None) -> list[Item]:
    """What waits, of some partnerships or of all, parents first."""
    if partnerships is None:
        items = _waiting(store)
    else:
        of = [item for uid in partnerships for item in store.items(partnership=uid)]
        items = [item for item in of if item.state in (TO_SEND, ERROR) and item.differs]
    return sorted(items, key=lambda item: (item.partnership, _RANK[item.type], item.uid))


def chunks(items: list[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Split by partnership, so that one never stands in two requests; a larger one is a request of its own."""
    chunk: list[Item] = []
    for group in _by_partnership(items):
        if chunk and len(chunk) + len(group) > size:
            yield chunk
            chunk = []
        chunk += group
    if chunk:
        yield chunk


def _by_partnership(items: list[Item]) -> Iterable[list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.partnership, []).append(item)
    return groups.values()


def _send(tracker: Tracker, store: Store, wire: Wire, chunk: list[Item], result: Pushed) -> None:
    if not chunk:
        return  # somebody has entered the same meanwhile
    report = tracker.send(wire.payload(chunk))
    result.requests += 1
    for item in chunk:
        _note(item, report, result)
    store.save(chunk)


def _note(item: Item, report: Report, result: Pushed) -> None:
    if item.uid in report.warnings:
        result.warnings[item.uid] = explain(report.warnings[item.uid])
    if item.uid in report.done:
        (result.updated if item.base is not None else result.created).append(item)
        item.base, item.state, item.problem = dict(item.doc), SYNCED, ""
        return
    item.state, item.problem = ERROR, _reason(item, report)
    result.refused.append(item)


def _reason(item: Item, report: Report) -> str:
    if item.uid in report.errors:
        return explain(report.errors[item.uid])
    # Below a refused partnership the server names its cycles, but not their records.
    above = report.errors.keys() & {item.partnership, item.cycle}
    return "What it belongs to was refused" if above else _UNCONFIRMED
