"""Take drafts of record files into the store: what a file newly says is laid over what is there, field by field.

The base of this merge is what files last said. A file that says the same again changes nothing, whatever people have
done on the server since; a field that changed both in the file and on the server is a conflict that waits.
"""

from __future__ import annotations

from collections.abc import Mapping

from tpi_dhis2.domain.merge import Doc
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CYCLE, RECORD, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.absorb import DELETED_THERE
from tpi_dhis2.sync.drafts import Draft
from tpi_dhis2.sync.files import Rejected


def take_drafts(store: Store, fields: Fields, drafts: list[Draft]) -> list[Rejected]:
    """Take drafts into the store in one transaction; those that cannot be taken are given back with the reason."""
    known = store.by_uid({uid for draft in drafts for uid in (draft.uid, draft.partnership, draft.cycle) if uid})
    there = set(known)
    rejected: list[Rejected] = []
    touched: dict[str, Item] = {}
    for draft in drafts:
        if draft.states_nothing and (draft.uid in there or draft.cycle in there):
            continue  # it only says how a new cycle began
        item = known.get(draft.uid)
        taken = _updated(item, draft) if item else _made(draft)
        reason = _why_not(taken, draft, fields, known)
        if reason:
            rejected.append(Rejected(draft.place, reason))
        elif taken != item:
            known[draft.uid] = touched[draft.uid] = taken
    store.save(touched.values())
    return rejected


def _made(draft: Draft) -> Item:
    doc = {key: value for key, value in draft.patch.items() if value is not None}
    item = Item(draft.uid, draft.type, draft.kind, draft.partnership, draft.cycle, doc, said=dict(draft.patch))
    item.settle()
    return item


def _updated(item: Item, draft: Draft) -> Item:
    """The item with what the draft newly states; the item given is left as it is."""
    doc, said, conflicts = dict(item.doc), dict(item.said), dict(item.conflicts)
    for key, new in draft.patch.items():
        if key in draft.guessed or (key in said and said[key] == new):
            continue
        if _both_changed(item, key, new):
            conflicts[key] = [new, (item.base or {}).get(key)]
        _put(doc, key, new)
        said[key] = new
    result = Item(
        item.uid, item.type, item.kind, item.partnership, item.cycle, doc, item.base, item.state, item.problem,
        conflicts, item.deleted, said,
    )  # fmt: skip
    if doc != item.doc or conflicts != item.conflicts:
        result.settle()
    return result


def _both_changed(item: Item, key: str, new: str | None) -> bool:
    """Whether the server has a value that is neither the file's new nor its last one."""
    if item.base is None:
        return False
    now = item.base.get(key)
    if key in item.said:
        return now not in (new, item.said[key])
    # No file has spoken of it before: an empty field may be filled, a filled one is somebody's.
    return now not in (new, None)


def _put(doc: Doc, key: str, value: str | None) -> None:
    if value is None:
        doc.pop(key, None)
    else:
        doc[key] = value


def _why_not(item: Item, draft: Draft, fields: Fields, known: Mapping[str, Item]) -> str:
    if item.deleted:
        return DELETED_THERE
    missing = [] if draft.type == CYCLE else fields.missing(draft.kind, item.doc)
    if missing:
        return f"'{missing[0].key}' is missing ({missing[0].label}), without which this is not complete"
    parent = {CYCLE: draft.partnership, RECORD: draft.cycle}.get(draft.type)
    return f"it belongs to {parent}, which could not be taken" if parent and parent not in known else ""
