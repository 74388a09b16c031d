"""What must hold of a sync, told from nothing but who stated what and when; see test_sync_machine.py.

A side is one store. A field that its files or decisions stated and that the server does not have yet is wanted, with
the value that the server had when it was stated: it must arrive, unless the server's value has become a third one
meanwhile; then it must wait as a conflict, and the server's value must stay. Where nobody could tell (the server's own
value came back, a backup was put back, the end of a request was lost) nothing is demanded of the field but that both
sides come to the same; how often that was so is counted.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.property.sync_world import Docs, World
from tpi_dhis2.domain import calculate
from tpi_dhis2.domain.uids import next_generation
from tpi_dhis2.store.items import DELETED, ERROR, RECORD, UPLOADING, Item
from tpi_dhis2.store.partnerships import as_record, assemble
from tpi_dhis2.store.store import Store

TODAY = dt.date(2026, 11, 23)
Key = tuple[str, str]
Said = dict[str, dict[str, str | None]]
#: What was demanded, and how often nothing could be.
COUNTS: Counter[str] = Counter()


@dataclass
class Side:
    """What is known of one store."""

    said: Said = field(default_factory=dict)
    want: dict[Key, tuple[str | None, str | None]] = field(default_factory=dict)
    must: dict[Key, tuple[str | None, str | None]] = field(default_factory=dict)
    free: set[Key] = field(default_factory=set)
    #: Removals stated here, with the fields that the server had then.
    remove: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Deleted on one side and changed on the other.
    waits: set[str] = field(default_factory=set)
    #: Objects of which only is demanded that both sides come to the same.
    loose: set[str] = field(default_factory=set)
    #: Fields that arrived in the command under way: whether the store hears of that is not known yet.
    arrived: set[Key] = field(default_factory=set)

    def copy(self) -> Side:
        """A side of its own with the same knowledge."""
        said = {uid: dict(values) for uid, values in self.said.items()}
        return Side(said, dict(self.want), dict(self.must), set(self.free), dict(self.remove), set(self.waits),
                    set(self.loose))  # fmt: skip

    def forget(self, uid: str) -> None:
        """Demand nothing of an object's fields any more."""
        for some in (self.want, self.must):
            for key in [key for key in some if key[0] == uid]:
                del some[key]

    def loosen(self, uid: str, docs: Docs) -> None:
        """Demand of an object only that both sides come to the same."""
        self.forget(uid)
        self.loose.add(uid)
        self.waits.discard(uid)
        self.remove.pop(uid, None)
        self.free |= {(uid, key) for key in {*docs.get(uid, {}), *self.said.get(uid, {})}}

    # What happens ---------------------------------------------------------------------------------------------

    def moved(self, key: Key, old: str | None, new: str | None) -> None:
        """The server's value of a field was changed by anybody but this store."""
        if key in self.must:
            if new in self.must[key]:
                # The same on both sides now, or as if nobody had changed it there.
                del self.must[key]
                self.free.add(key)
        elif key in self.want:
            mine, base = self.want[key]
            if new == mine:
                del self.want[key]
                self.free.add(key)
            elif new != base:
                del self.want[key]
                self.must[key] = (mine, base)

    def gone(self, uid: str) -> None:
        """Somebody else has deleted an object."""
        changed = {key for key in (*self.want, *self.must) if key[0] == uid} - self.free
        if changed and uid not in self.remove and uid not in self.loose:
            self.waits.add(uid)
        self.forget(uid)
        self.remove.pop(uid, None)

    def states(self, uid: str, key: str, new: str | None, docs: Docs) -> None:
        """A file newly states a field."""
        before, here = self.said.get(uid, {}), (uid, key)
        there = docs[uid].get(key)
        if there == new:
            self.want.pop(here, None)
            if self.must.pop(here, None):
                self.free.add(here)
        elif here in self.free:
            self.want.pop(here, None)
        elif here in self.must:
            self.must[here] = (new, new)
        elif there in (before.get(key), None if key not in before else new):
            self.want[here] = (new, there)
        else:
            self.want.pop(here, None)
            self.must[here] = (new, new)

    def others(self, before: Docs, after: Docs) -> set[Key]:
        """Somebody else has changed the server; the fields concerned."""
        changed = {
            (uid, key)
            for uid in before.keys() & after.keys()
            for key in {*before[uid], *after[uid]}
            if before[uid].get(key) != after[uid].get(key)
        }
        for uid, key in changed:
            self.moved((uid, key), before[uid].get(key), after[uid].get(key))
        for uid in before.keys() - after.keys():
            self.gone(uid)
        return changed | {(uid, DELETED) for uid in before.keys() - after.keys()}

    def ended(self, *, quiet: bool) -> None:
        """A command has ended; one that nothing befell has heard what arrived."""
        if quiet:
            self.free -= self.arrived
        self.arrived = set()

    def restored(self, before: Docs, after: Docs) -> None:
        """A backup of the server was put back."""
        for uid in {*before, *after}:
            keys = {*before.get(uid, {}), *after.get(uid, {})}
            changed = {key for key in keys if before.get(uid, {}).get(key) != after.get(uid, {}).get(key)}
            self.free |= {(uid, key) for key in changed}
            self.waits.discard(uid)
            if uid not in before:
                self.loosen(uid, after)

    def observe(self, store: Store, docs: Docs, born: set[str]) -> None:
        """Learn from the store what files have been taken since."""
        items = {item.uid: item for item in store.items()}
        for uid, item in items.items():
            if item.said != self.said.get(uid, {}):
                self._hear(item, docs, born)
            self.said[uid] = dict(item.said)
        for uid in self.said.keys() - items.keys():
            # Entered here, never sent, and deleted or given up here.
            del self.said[uid]
            self.loosen(uid, docs)
            if uid not in docs:
                born.discard(uid)

    def _hear(self, item: Item, docs: Docs, born: set[str]) -> None:
        news = {key: value for key, value in item.said.items() if key != DELETED}
        before = self.said.get(item.uid, {})
        if DELETED in item.said and DELETED not in before:
            self.forget(item.uid)
            if item.uid in docs:
                self.remove[item.uid] = docs[item.uid]
            born.discard(item.uid)
            return
        if DELETED in before or item.conflicts.get(DELETED):
            self.loosen(item.uid, docs)
            return
        new = {key: value for key, value in news.items() if key not in before or before[key] != value}
        if item.uid in docs:
            for key, value in new.items():
                self.states(item.uid, key, value, docs)
        elif item.base is None and not item.deleted:
            born.add(item.uid)
            for key, value in new.items():
                self.want.pop((item.uid, key), None)
                if value is not None:
                    self.want[item.uid, key] = (value, None)
        elif item.uid not in self.loose:
            self.loosen(item.uid, docs)

    def wrote(self, before: Docs, after: Docs, window: set[Key]) -> None:
        """Judge a write of this store: nothing but what was stated here, and over nothing that waits."""
        for uid, doc in after.items():
            for key in {*doc, *before.get(uid, {})}:
                old, new = before.get(uid, {}).get(key), doc.get(key)
                if old != new:
                    self._judge((uid, key), old, new, window)
        for uid in before.keys() - after.keys():
            self._judge_deleted(uid, before[uid], window)

    def _judge(self, key: Key, old: str | None, new: str | None, window: set[Key]) -> None:
        if key in window or key in self.free or key[0] in self.loose:
            COUNTS["excused"] += 1
            self.want.pop(key, None)
            return
        COUNTS["written"] += 1
        assert key not in self.must, f"{key}: '{old}' was overwritten with '{new}' although it is in conflict"
        stated = self.want.pop(key, None)
        assert stated is not None, f"{key}: '{old}' was overwritten with '{new}', which nobody stated here"
        assert stated[0] == new, f"{key}: '{new}' was sent where '{stated[0]}' was stated"
        self.free.add(key)
        self.arrived.add(key)

    def _judge_deleted(self, uid: str, doc: dict[str, str], window: set[Key]) -> None:
        if uid in self.loose or any(key[0] == uid for key in window):
            COUNTS["excused"] += 1
            return
        assert uid in self.remove, f"{uid} was deleted on the server, which nobody stated here: {doc}"
        changed = {key for key in {*doc, *self.remove[uid]} if doc.get(key) != self.remove[uid].get(key)}
        changed = {key for key in changed if (uid, key) not in self.free}
        assert not changed, f"{uid} was deleted although {changed} had been changed on the server: {doc}"
        COUNTS["deleted"] += 1
        del self.remove[uid]

    # What must hold -------------------------------------------------------------------------------------------

    def check(self, store: Store, world: World, born: set[str]) -> None:
        """After a run that nothing befell."""
        docs, remotes, items = world.docs(), world.remotes(), {item.uid: item for item in store.items()}
        assert store.uploads() == {}
        assert not [item for item in items.values() if item.state == UPLOADING]
        self._check_objects(docs, items, born)
        for uid, item in items.items():
            if uid in remotes and not item.deleted and DELETED not in item.conflicts:
                self._check_same(item, remotes[uid].doc)
                self._check_fields(item, docs[uid])
        self._check_doubles(docs)
        _check_calculated(world, items)
        self._settle(docs, items, born)

    def _check_objects(self, docs: Docs, items: dict[str, Item], born: set[str]) -> None:
        for uid in docs:
            assert uid in items, f"{uid} is on the server and was not pulled"
        for uid in docs.keys() - items.keys() | {uid for uid in docs if items[uid].deleted}:
            assert DELETED in items[uid].conflicts, f"{uid} lives on the server and is deleted here"
        for uid in self.waits - self.loose:
            COUNTS["waiting"] += 1
            assert DELETED in items[uid].conflicts, (
                f"{uid} was deleted on one side, changed on the other, and waits not"
            )
        for uid in born - docs.keys():
            item = items.get(uid)
            if item is None or item.state == ERROR or DELETED in item.conflicts or uid in self.loose:
                continue
            if _is_unseen(item, items):
                continue
            parents = {item.partnership, item.cycle} - {uid, ""}
            if any(items[parent].state == ERROR or items[parent].deleted for parent in parents if parent in items):
                continue
            raise AssertionError(f"{uid} was entered and deleted by nobody, and is not on the server: {item}")
        for uid, item in items.items():
            if uid not in docs and item.base is not None and not item.deleted and not _is_unseen(item, items):
                assert DELETED in item.conflicts, f"{uid} is not on the server and is thought to be: {item}"

    def _check_same(self, item: Item, there: dict[str, str]) -> None:
        assert item.base == there, f"{item.uid}: the store thinks {item.base}, the server has {there}"
        if item.state != ERROR:
            assert item.outgoing == there, f"{item.uid}: {item.outgoing} was not sent, the server has {there}"

    def _check_fields(self, item: Item, there: dict[str, str]) -> None:
        for (uid, key), (value, _base) in self.must.items():
            if uid == item.uid and (uid, key) not in self.free:
                COUNTS["conflicts"] += 1
                assert key in item.conflicts, f"{uid} {key}: '{value}' and '{there.get(key)}' are in no conflict"
        for (uid, key), (value, _base) in self.want.items():
            if uid == item.uid and item.state != ERROR and (uid, key) not in self.free and uid not in self.loose:
                COUNTS["stated"] += 1
                assert there.get(key) == value, f"{uid} {key}: '{value}' was stated and did not arrive"
        for key, clash in item.conflicts.items():
            assert clash.server == there.get(key), f"{item.uid} {key}: {clash}, but the server has '{there.get(key)}'"
            assert clash.here == item.doc.get(key), f"{item.uid} {key}: {clash}, but '{item.doc.get(key)}' is here"
            assert clash.here != clash.server, f"{item.uid} {key}: a conflict of two equal values"

    def _check_doubles(self, docs: Docs) -> None:
        for uid in docs:
            assert next_generation(uid) not in docs, f"{uid} is there twice, as its next generation, too"

    def _settle(self, docs: Docs, items: dict[str, Item], born: set[str]) -> None:
        """What both sides have now is the new beginning."""
        self.free, self.loose = set(), set()
        self.waits = {uid for uid, item in items.items() if DELETED in item.conflicts}
        self.remove = {uid: docs[uid] for uid, item in items.items() if item.removed and uid in docs}
        for uid in {uid for uid, _ in (*self.want, *self.must)}:
            if uid not in docs or uid in self.waits:
                self.forget(uid)
        open_still = {(uid, key) for uid, item in items.items() for key in item.conflicts}
        self.want = {key: kept for key, kept in self.want.items() if items[key[0]].state == ERROR}
        here = {(uid, key): items[uid].conflicts[key].here for uid, key in open_still if key != DELETED}
        self.must = {key: (value, value) for key, value in here.items()}
        born |= docs.keys()
        born -= {uid for uid in items if items[uid].deleted or DELETED in items[uid].conflicts}


def _is_unseen(item: Item, items: dict[str, Item]) -> bool:
    """Whether it is a partnership without a cycle on the server: no list of the program shows it."""
    below = [each for each in items.values() if each.partnership == item.uid and each.type == "cycle"]
    return item.type == "partnership" and not any(each.base is not None and not each.deleted for each in below)


def _check_calculated(world: World, items: dict[str, Item]) -> None:
    """The calculated fields on the server follow from its own records."""
    remotes = world.remotes()
    unsure = {item.partnership for item in items.values() if item.state == ERROR or DELETED in item.conflicts}
    there = [Item(r.uid, r.type, r.kind, r.partnership, r.cycle, r.doc, r.doc) for r in remotes.values()]
    by_uid = {item.uid: item for item in there}
    for one in assemble([item for item in there if item.partnership not in unsure], {}):
        _same(by_uid[one.uid], calculate.of_partnership(one, TODAY))
        for cycle in one:
            for item in there:
                if item.type == RECORD and item.cycle == cycle.uid and item.doc.get("@status") != "SCHEDULE":
                    _same(item, calculate.of_record(as_record(item), cycle, TODAY))


def _same(item: Item, values: dict[str, Any]) -> None:
    COUNTS["calculated"] += len(values)
    found = {key: item.doc.get(key) for key in values}
    assert found == values, f"{item.uid} ({item.kind or item.type}): calculated are {values}, the server has {found}"
