"""Push: what the store has and the server lacks, sent in whole objects, and what became of each.

The rows of the store are the outbox: what is to be sent is stored first, noted as under way before a request, and
counts as sent only once the server has confirmed that very state. UIDs are derived from record keys and every write
creates or updates, so a push that was cut off anywhere is mended by the next one. Before anything is sent the server is
asked whether the partnerships concerned are as they were last seen: what it already has is not sent, and what somebody
changed there is merged or becomes a conflict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.domain.uids import next_generation
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CONFLICT, CYCLE, PARTNERSHIP, RECORD, WAITING, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync import files
from tpi_dhis2.sync.calculated import calculated
from tpi_dhis2.sync.dispatch import Dispatch, Told
from tpi_dhis2.sync.drafts import Drafter, Drafts, unit_names
from tpi_dhis2.sync.files import RecordFile, Rejected
from tpi_dhis2.sync.mirror import Mirror
from tpi_dhis2.sync.outbox import parcels, removals, waiting
from tpi_dhis2.sync.outcome import Pushed, note
from tpi_dhis2.sync.stamps import is_known
from tpi_dhis2.sync.take import take_drafts
from tpi_dhis2.sync.unheard import see_to_unheard
from tpi_dhis2.sync.writers import WRITERS, Writers, is_below

#: A round sends what waits, and looks at what had changed meanwhile; what the last one leaves is for the next run.
ROUNDS = 8


@dataclass(frozen=True)
class How:
    """How to push: of which partnerships (all when None), as which day, by how many writers, in jobs of the server."""

    within: frozenset[str] | None = None
    today: dt.date | None = None
    writers: int = WRITERS
    as_jobs: bool = False
    told: Told | None = None

    @property
    def day(self) -> dt.date:
        """The day for which fields are calculated."""
        return self.today or dt.date.today()  # noqa: DTZ011 - the day where it runs


def push(client: Client, store: Store, fields: Fields, paths: Iterable[Path] = (), how: How | None = None) -> Pushed:
    """Take record files into the store, then send what the server lacks."""
    sources = [(path.name, files.read(path)) for path in paths]
    pusher = Pusher(client, store, fields, how or How())
    see_to_unheard(pusher.mirror.tracker, store, pusher.result)
    for name, source in sources:
        pusher.take_file(name, source)
    return pusher.send()


class Pusher:
    """One push to one server."""

    def __init__(self, client: Client, store: Store, fields: Fields, how: How) -> None:
        store.bind(client.identify())
        self.client, self.store, self.fields, self.how = client, store, fields, how
        self.mirror = Mirror(Tracker(client, fields.program), store, fields)
        self.result = Pushed()
        self.dispatch = Dispatch(self.mirror, self.result, how.told)

    # Before ---------------------------------------------------------------------------------------------------

    def take_file(self, name: str, source: RecordFile) -> None:
        """Take a record file into the store, onto what the server has now."""
        drafts = draft_file(self.client, self.fields, source)
        self.look(draft.partnership for draft in drafts.drafts)
        rejected = drafts.rejected + take_drafts(self.store, self.fields, drafts.drafts, name)
        self.result.rejected += [Rejected(f"{name}: {one.place}", one.reason) for one in rejected]
        self._learn_units(drafts)

    def look(self, partnerships: Iterable[str]) -> None:
        """Take what changed on the server of partnerships, and of those that were entered anew in their place."""
        wanted = sorted(set(partnerships))
        while wanted:
            self.mirror.refresh(wanted)
            found = self.store.by_uid(wanted)
            wanted = [next_generation(uid) for uid, item in found.items() if item.deleted]

    def _learn_units(self, drafts: Drafts) -> None:
        patches = [draft.patch for draft in drafts.drafts if draft.type == PARTNERSHIP]
        named = {patch.get(key) for patch in patches for key in ("@unit", "partner_unit")}
        self.mirror.learn_units(unit for unit in named if unit)

    # Sending --------------------------------------------------------------------------------------------------

    def send(self) -> Pushed:
        """Send what waits, in rounds: what follows from the records is calculated, sent, and calculated again."""
        for _ in range(ROUNDS):
            if not self._round(self._know()):
                break
        self.mirror.name_authors()
        self.result.conflicts = self.store.number([CONFLICT])
        self.result.waits = waiting(self.store, self.how.within)
        return self.result

    def check(self) -> Pushed:
        """Let the server check all that would be sent."""
        some = self._know()
        deleted = [removals(self.store, type_, self._within, set()) for type_ in (RECORD, CYCLE, PARTNERSHIP)]
        for parcel in chain(parcels(self.store, self._calculated(some), set()), *deleted):
            tracker = self.mirror.tracker
            body = tracker.body(self.mirror.wire.payload(parcel.items))
            report = tracker.send(body, parcel.strategy, write=False)
            self.result.requests += 1
            # A check names what is wrong, and nothing else.
            report.done |= {item.uid for item in parcel.items if not is_below(item, parcel.items, report)}
            report.done -= report.errors.keys()
            note(parcel.items, report, parcel.strategy, self.result)
        self.result.conflicts = self.store.number([CONFLICT])
        return self.result

    def _know(self) -> list[str]:
        """The partnerships of which something waits; those not known to be as they are on the server are looked at."""
        some = self._chosen(self.store.partnerships(WAITING))
        there = self.store.expected(some)
        self.mirror.take(sorted(uid for uid, stamp in there.items() if not is_known(stamp)))
        return some

    def _round(self, some: list[str]) -> bool:
        """Send all that waits once; whether anything was dealt with."""
        before, dispatch = self.result.requests, self.dispatch
        dispatch.again = False
        dispatch.total = dispatch.dealt + waiting(self.store, self.how.within)
        # A 2.40 does not show an account without authorities what became of its own job (recorded).
        as_jobs = self.how.as_jobs and self.client.version.minor > 40
        with Writers(self.mirror.tracker, self.mirror.wire, self.how.writers, as_jobs=as_jobs) as writers:
            dispatch.run(writers, parcels(self.store, self._calculated(some), dispatch.done))
            for type_ in (RECORD, CYCLE, PARTNERSHIP):
                dispatch.run(writers, removals(self.store, type_, self._within, dispatch.done))
        return dispatch.again or self.result.requests > before

    def _calculated(self, some: list[str]) -> Iterator[list[Item]]:
        due = self._chosen(self.store.not_calculated(self.how.day.isoformat()))
        return calculated(self.store, self.fields, self.how.day, some, due, lambda: self.mirror.unreadable)

    def _chosen(self, uids: list[str]) -> list[str]:
        return [uid for uid in uids if self.how.within is None or uid in self.how.within]

    @property
    def _within(self) -> set[str] | None:
        return None if self.how.within is None else set(self.how.within)


def draft_file(client: Client, fields: Fields, source: RecordFile) -> Drafts:
    """The drafts of a record file, with the server's units."""
    units = Metadata(client).units(unit_names(fields, source))
    by_name = {unit[prop]: unit["id"] for unit in units for prop in ("id", "code") if unit.get(prop)}
    return Drafter(fields, by_name).drafts(source)


def rehearse(client: Client, store: Store, fields: Fields, paths: Iterable[Path], how: How) -> Pushed:
    """What a push would do: the server checks what would be sent, and neither it nor the store keeps anything."""
    sources = [(path.name, files.read(path)) for path in paths]
    with store.rehearsal():
        pusher = Pusher(client, store, fields, how)
        for name, source in sources:
            pusher.take_file(name, source)
        return pusher.check()
