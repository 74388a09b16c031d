"""Take drafts of record files into the store: what a file newly says is laid over what is there, field by field.

The base of this merge is what files last said. A file that says the same again changes nothing, whatever people have
done on the server since; a field that changed both in the file and on the server is a conflict that waits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from tpi_dhis2.domain.merge import Doc
from tpi_dhis2.domain.uids import next_generation
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CYCLE, DELETED, RECORD, Clash, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.absorb import YES, is_changed
from tpi_dhis2.sync.drafts import Draft
from tpi_dhis2.sync.files import Rejected

#: What a file last said of an object as a whole: that it is to be deleted.
_GONE = DELETED


def take_drafts(store: Store, fields: Fields, drafts: list[Draft], source: str) -> list[Rejected]:
    """Take drafts into the store in one transaction; those that cannot be taken are given back with the reason.

    ``source`` says where they come from, such as the name of a file.
    """
    taker = _Taker(store, fields, drafts, source)
    rejected = [Rejected(draft.place, reason) for draft in drafts if (reason := taker.take(draft))]
    gone = taker.forgotten & {item.uid for item in taker.touched.values()}
    store.save(item for item in taker.touched.values() if item.uid not in gone)
    store.forget(taker.forgotten)
    return rejected


class _Taker:
    """Lays drafts over the objects that the store knows."""

    def __init__(self, store: Store, fields: Fields, drafts: list[Draft], source: str) -> None:
        self.store, self.fields, self.source = store, fields, source
        self.known = store.by_uid({uid for each in drafts for uid in (each.uid, each.partnership, each.cycle) if uid})
        self.there = set(self.known)
        self.touched: dict[str, Item] = {}
        self.forgotten: set[str] = set()
        self.now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")

    def take(self, draft: Draft) -> str:
        """Take a draft; why not, or ""."""
        draft = self._living(draft)
        if draft.states_nothing and (draft.uid in self.there or draft.cycle in self.there):
            return ""  # it only says how a new cycle began
        item = self.known.get(draft.uid)
        if draft.removed:
            self._remove(item)
            return ""
        taken = _updated(item, draft) if item else self._new(draft)
        reason = self._why_not(taken, draft)
        if not reason and taken != item:
            self._touch(taken)
        return reason

    def _new(self, draft: Draft) -> Item:
        """A new object; below something that was deleted it waits for a person, and can only come with that."""
        item = _made(draft)
        above = (self.known.get(uid) for uid in (draft.partnership, draft.cycle) if uid != draft.uid)
        if any(each is not None and each.deleted for each in above):
            item.deleted, item.conflicts = True, {DELETED: Clash(None, YES)}
            item.settle()
        return item

    def _touch(self, item: Item) -> None:
        item.changed_at, item.changed_by = self.now, self.source
        self.known[item.uid] = self.touched[item.uid] = item

    def _living(self, draft: Draft) -> Draft:
        """The draft for the objects that stand today for those it names: a burnt UID has a next generation."""
        names = (draft.partnership, draft.cycle, draft.uid)
        partnership, cycle, uid = (self._newest(name) for name in names)
        return replace(draft, partnership=partnership, cycle=cycle, uid=uid)

    def _newest(self, uid: str) -> str:
        item = self.known.get(uid)
        if item is None or not item.deleted:
            return uid
        following = next_generation(uid)
        found = self.known.get(following) or self.store.by_uid([following]).get(following)
        if found is None:
            return uid
        self.known[following] = found
        self.there.add(following)
        return self._newest(following)

    def _remove(self, item: Item | None) -> None:
        """Have an object deleted, with all below it; what was never sent is only forgotten."""
        if item is None or item.deleted or _GONE in item.said:
            return
        near = {each.uid: each for each in self.store.items(partnership=item.partnership)} | self.known
        below = [each for each in near.values() if item.uid in (each.uid, each.partnership, each.cycle)]
        for each in below:
            if each.base is None:
                self.forgotten.add(each.uid)
            elif not (each.deleted or each.removed):
                changed = replace(each, removed=True, conflicts={}, said={**each.said, _GONE: YES})
                if self._has_news(each):
                    changed.conflicts = {DELETED: Clash(YES, None)}
                changed.settle()
                self._touch(changed)

    def _has_news(self, item: Item) -> bool:
        """Whether somebody has changed on the server what files once said of an object."""
        said = {key: value for key, value in item.said.items() if value is not None and key != _GONE}
        return bool(said) and is_changed(said, item.base or {}, self.fields.calculated)

    def _why_not(self, item: Item, draft: Draft) -> str:
        missing = [] if draft.type == CYCLE else self.fields.missing(draft.kind, item.doc)
        if missing:
            return f"'{missing[0].key}' is missing ({missing[0].label}), without which this is not complete"
        parent = {CYCLE: draft.partnership, RECORD: draft.cycle}.get(draft.type)
        if parent and (parent not in self.known or parent in self.forgotten):
            return f"it belongs to {parent}, which could not be taken"
        return ""


def _made(draft: Draft) -> Item:
    doc = {key: value for key, value in draft.patch.items() if value is not None}
    item = Item(draft.uid, draft.type, draft.kind, draft.partnership, draft.cycle, doc, said=dict(draft.patch))
    item.settle()
    return item


def _updated(item: Item, draft: Draft) -> Item:
    """The item with what the draft newly states; the item given is left as it is."""
    doc, conflicts = dict(item.doc), dict(item.conflicts)
    said = {key: value for key, value in item.said.items() if key != _GONE}
    for key, new in _news(item, draft):
        if _both_changed(item, key, new):
            conflicts[key] = Clash(new, (item.base or {}).get(key))
        _put(doc, key, new)
        said[key] = new
    result = replace(item, doc=doc, said=said, conflicts=conflicts)
    if doc != item.doc or conflicts != item.conflicts or _GONE in item.said:
        if item.deleted or item.removed:
            # Somebody has deleted what is stated anew: a person decides.
            result.conflicts = {DELETED: Clash(None, YES) if item.deleted else Clash(YES, None)}
        result.settle()
    return result


def _news(item: Item, draft: Draft) -> Iterator[tuple[str, str | None]]:
    """What a draft states and files have not said before, or not since they said that it is deleted."""
    said = {} if _GONE in item.said else item.said
    for key, new in draft.patch.items():
        if key not in draft.guessed and not (key in said and said[key] == new):
            yield key, new


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
