"""Look at partnerships on the server, and take into the store what it has of them now.

What a server has and what the store knows of it are compared by the time of the last change, which every change below
a tracked entity moves; whole partnerships are fetched only where the two differ.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tpi_dhis2.dhis2.metadata import Json, Metadata
from tpi_dhis2.dhis2.tracker import PAGE_SIZE, Tracker
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CONFLICT, PARTNERSHIP, RECORD, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.absorb import absorb, miss, take_deletion
from tpi_dhis2.sync.authors import is_unnamed, name_authors
from tpi_dhis2.sync.stamps import FORWARD, NEVER, direction, shows_older
from tpi_dhis2.sync.wire import Remote, Wire

Told = Callable[[int, int], None]
log = logging.getLogger("tpi_dhis2.sync")


@dataclass
class Taken:
    """What a look found: partnerships fetched, objects taken, in conflict, deleted there, and to be sent again."""

    seen: int = 0
    taken: int = 0
    conflicts: int = 0
    deleted: int = 0
    lost: int = 0
    units: set[str] = field(default_factory=set)

    def count(self, items: Iterable[Item]) -> None:
        """Count items that changed."""
        for item in items:
            self.taken += 1
            if item.state == CONFLICT:
                self.conflicts += 1
                log.warning("conflict", extra={"uid": item.uid, "kind": item.kind or item.type})
            self.deleted += item.deleted
            self.lost += item.base is None and not item.deleted
            if item.type == PARTNERSHIP:
                self.units |= {item.doc[key] for key in ("@unit", "partner_unit") if item.doc.get(key)}


class Mirror:
    """The store's side of one server."""

    def __init__(self, tracker: Tracker, store: Store, fields: Fields) -> None:
        self.tracker = tracker
        self.store = store
        self.fields = fields
        self.wire = Wire(fields)

    def refresh(self, partnerships: Iterable[str]) -> Taken:
        """Take what has changed on the server of some partnerships."""
        wanted = list(partnerships)
        known, there = self.store.stamps(wanted), self.tracker.stamps(wanted)
        missing = self.store.expected(wanted).keys() - there.keys()
        return self.take([uid for uid in wanted if uid in missing or there.get(uid, "") != known.get(uid, "")])

    def take(self, partnerships: list[str], told: Told | None = None) -> Taken:
        """Fetch partnerships and take them into the store, page by page."""
        result = Taken()
        for start in range(0, len(partnerships), PAGE_SIZE):
            asked = partnerships[start : start + PAGE_SIZE]
            self._take_page(asked, result)
            if told:
                told(min(start + PAGE_SIZE, len(partnerships)), len(partnerships))
        self.learn_units(result.units)
        return result

    def _take_page(self, asked: list[str], result: Taken) -> None:
        entities = {entity["trackedEntity"]: entity for page in self.tracker.whole(asked) for entity in page}
        known, stamps = self._known(asked, entities), self.store.stamps(asked)
        touched: list[Item] = []
        for uid in asked:
            items = {item.uid: item for item in known.get(uid, [])}
            entity = entities.get(uid)
            touched += self._take_one(items, entity, stamps.get(uid, ""))
        found = {uid: str(each.get("updatedAt") or "") for uid, each in entities.items()}
        # What is gone is not waited for any more.
        self.store.save(touched, stamps={uid: NEVER for uid in asked if uid in stamps} | found)
        result.seen += len(entities)
        result.count(touched)

    def _known(self, asked: list[str], entities: dict[str, Json]) -> dict[str, list[Item]]:
        """What the store has of partnerships, by the one that each object belongs to now.

        A server that merges duplicates moves cycles with their records to another partnership.
        """
        now = {each.uid: each.partnership for entity in entities.values() for each in self.wire.remotes(entity)}
        items = {item.uid: item for found in self.store.of(asked).values() for item in found}
        items |= self.store.by_uid(now.keys() - items.keys())
        known: dict[str, list[Item]] = {}
        for uid, item in items.items():
            known.setdefault(now.get(uid, item.partnership), []).append(item)
        return known

    def _take_one(self, items: dict[str, Item], entity: Json | None, known: str) -> list[Item]:
        remotes = list(self.wire.remotes(entity)) if entity else []
        here = list(items.values())
        there = str(entity.get("updatedAt") or "") if entity else None
        went = FORWARD if there is None else direction(known, there)
        touched = absorb(items, remotes, self.fields.calculated, went)
        buried = list(self._bury(here, remotes))
        missed = list(self._missed(here, {remote.uid for remote in remotes}, went))
        return [*touched, *buried, *missed]

    def _bury(self, items: list[Item], remotes: list[Remote]) -> Iterator[Item]:
        """Delete here what stands below a deleted partnership or cycle: servers leave it out of their answer."""
        gone = {remote.uid for remote in remotes if remote.deleted and remote.type != RECORD}
        seen = {remote.uid for remote in remotes}
        for item in items:
            parent = next((uid for uid in (item.partnership, item.cycle) if uid in gone and uid != item.uid), None)
            if parent and item.uid not in seen and take_deletion(item, self.fields.calculated, parent):
                yield item

    def _missed(self, items: list[Item], seen: set[str], went: str) -> Iterator[Item]:
        """What the server had and has no more, and does not call deleted either."""
        missing = [item for item in items if item.uid not in seen and item.base is not None and not item.deleted]
        if seen and missing:
            # A form that this account may not read looks empty, and is not.
            missing = [item for item in missing if item.kind not in self.unreadable]
        if all(item.type == PARTNERSHIP for item in missing):
            # Without a cycle a partnership is in no program, and the server cannot be asked about it there.
            return
        if missing:
            restored = went != FORWARD or self.went_back
            yield from (item for item in missing if miss(item, self.fields.calculated, restored=restored))

    @cached_property
    def went_back(self) -> bool:
        """Whether the server is older than what is known of it here, as after a backup was put back.

        It is when any partnership shows an older state than is known of it. That some are missing proves nothing:
        what was deleted on purpose, and then removed for good, must not come back of itself.
        """
        there = {each.uid: each.at for page in self.tracker.changed() for each in page}
        return shows_older(self.store.expected(), there)

    def name_authors(self) -> None:
        """Note who set the server's side of conflicts, where that is not known yet."""
        unnamed = [item for item in self.store.items(state=CONFLICT) if is_unnamed(item)]
        name_authors(self.tracker, self.wire, unnamed)
        self.store.save(unnamed)

    @cached_property
    def unreadable(self) -> frozenset[str]:
        """The kinds of record that this account may not read."""
        stages = {stage.uid: kind for kind, stage in self.fields.stages.items()}
        found = Metadata(self.tracker.client).named("programStages", "id", stages, "id,access[data[read]]")
        readable = {each["id"] for each in found if ((each.get("access") or {}).get("data") or {}).get("read")}
        return frozenset(kind for uid, kind in stages.items() if uid not in readable)

    def learn_units(self, units: Iterable[str]) -> None:
        """Learn the names and places of units that are not known here yet."""
        missing = set(units) - set(self.store.unit_names())
        if missing:
            self.store.save_units(Metadata(self.tracker.client).units(missing, "id,code,name,path"))
