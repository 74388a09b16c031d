"""Push: what the store has and the server lacks, sent in whole objects, and what became of each.

The rows of the store are the outbox: what is to be sent is stored first, and counts as sent only once the server has
confirmed that very state. UIDs are derived from record keys and every write creates or updates, so a push that was
cut off anywhere is mended by the next one. Before anything is sent the server is asked for its present state of the
partnerships concerned: what it already has is not sent, and what somebody changed there is merged or becomes a
conflict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.dhis2.tracker import Report, Tracker
from tpi_dhis2.domain.merge import Doc
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CONFLICT, ERROR, SYNCED, TO_SEND, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync import files
from tpi_dhis2.sync.absorb import DELETED_THERE
from tpi_dhis2.sync.calculated import calculate
from tpi_dhis2.sync.drafts import Draft, Drafter, Drafts, patched, unit_names
from tpi_dhis2.sync.explain import explain
from tpi_dhis2.sync.files import RecordFile, Rejected
from tpi_dhis2.sync.pull import learn_units, take_page
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
    result = Pushed()
    for path, source in [(path, files.read(path)) for path in paths]:
        drafts = draft_file(client, fields, source)
        rejected = drafts.rejected + take_drafts(store, fields, drafts.drafts)
        result.rejected += [Rejected(f"{path.name}: {one.place}", one.reason) for one in rejected]
    wire = Wire(fields)
    _look(client, store, fields, wire)
    learn_units(client, store)
    calculate(store, fields, today or dt.date.today(), _concerned(store))  # noqa: DTZ011 - the day where it runs
    pending = _pending(store)
    done = 0
    for chunk in chunks(pending):
        _send(client, store, fields, wire, chunk, result)
        done += len(chunk)
        if sent:
            sent(done, len(pending))
    result.conflicts = store.items(state=CONFLICT)
    return result


def draft_file(client: Client, fields: Fields, source: RecordFile) -> Drafts:
    """The drafts of a record file, with the server's units."""
    return Drafter(fields, _units(Metadata(client), unit_names(fields, source))).drafts(source)


def _units(metadata: Metadata, names: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    wanted = sorted(names)
    for start in range(0, len(wanted), 100):
        some = ",".join(wanted[start : start + 100])
        for prop in ("code", "id"):
            params = {"filter": f"{prop}:in:[{some}]", "fields": "id,code"}
            for unit in metadata.all_of("organisationUnits", params):
                found[unit["id"]] = unit["id"]
                found |= {unit["code"]: unit["id"]} if unit.get("code") else {}
    return found


def take_drafts(store: Store, fields: Fields, drafts: list[Draft]) -> list[Rejected]:
    """Take drafts into the store in one transaction; those that cannot be taken are given back with the reason."""
    known = store.by_uid(draft.uid for draft in drafts)
    rejected: list[Rejected] = []
    touched: dict[str, Item] = {}
    for draft in drafts:
        item = known.get(draft.uid) or Item(draft.uid, draft.type, draft.kind, draft.partnership, draft.cycle, {})
        doc = patched(item.doc, draft.patch)
        reason = _why_not(item, doc, draft, fields, known)
        if reason:
            rejected.append(Rejected(draft.place, reason))
        elif doc != item.doc:
            item.doc = doc
            item.settle()
            known[item.uid] = touched[item.uid] = item
    store.save(touched.values())
    return rejected


def _why_not(item: Item, doc: Doc, draft: Draft, fields: Fields, known: Mapping[str, Item]) -> str:
    if item.deleted:
        return DELETED_THERE
    missing = [] if draft.type == "cycle" else fields.missing(draft.kind, doc)
    if missing:
        return f"'{missing[0].key}' is missing ({missing[0].label}), without which this is not complete"
    parent = {"cycle": draft.partnership, "record": draft.cycle}.get(draft.type)
    return f"it belongs to {parent}, which could not be taken" if parent and parent not in known else ""


def _waiting(store: Store) -> list[Item]:
    return [item for state in (TO_SEND, ERROR) for item in store.items(state=state) if item.differs]


def _concerned(store: Store) -> list[str]:
    return sorted({item.partnership for item in _waiting(store)})


def _look(client: Client, store: Store, fields: Fields, wire: Wire) -> None:
    for page in Tracker(client, fields.program).by_id(_concerned(store)):
        take_page(store, wire, page)


def _pending(store: Store) -> list[Item]:
    return sorted(_waiting(store), key=lambda item: (item.partnership, _RANK[item.type], item.uid))


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


def _send(client: Client, store: Store, fields: Fields, wire: Wire, chunk: list[Item], result: Pushed) -> None:
    report = Tracker(client, fields.program).send(wire.payload(chunk))
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
