"""Push: what the store has and the server lacks, sent in whole objects, and what became of each.

The rows of the store are the outbox: what is to be sent is stored first, noted as under way before a request, and
counts as sent only once the server has confirmed that very state. UIDs are derived from record keys and every write
creates or updates, so a push that was cut off anywhere is mended by the next one. Before anything is sent the server is
asked whether the partnerships concerned are as they were last seen: what it already has is not sent, and what somebody
changed there is merged or becomes a conflict.
"""

from __future__ import annotations

import datetime as dt
import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.dhis2.tracker import Report, Tracker
from tpi_dhis2.domain.uids import next_generation
from tpi_dhis2.errors import NotDhis2, OutcomeUnknown, TooSlow, Unreachable
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CONFLICT, CYCLE, PARTNERSHIP, RECORD, UPLOADING, WAITING, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync import files
from tpi_dhis2.sync.calculated import calculated
from tpi_dhis2.sync.drafts import Drafter, Drafts, unit_names
from tpi_dhis2.sync.files import RecordFile, Rejected
from tpi_dhis2.sync.mirror import Mirror
from tpi_dhis2.sync.outbox import Parcel, parcels, removals, waiting
from tpi_dhis2.sync.outcome import REFUSED, Pushed, note
from tpi_dhis2.sync.stamps import is_known, written
from tpi_dhis2.sync.take import take_drafts
from tpi_dhis2.sync.writers import WRITERS, Delivered, Writers, is_below

Told = Callable[[int, int], None]
log = logging.getLogger("tpi_dhis2.sync")

#: A round sends what waits, and looks at what had changed meanwhile; what the last one leaves is for the next run.
ROUNDS = 8
#: So many answers may be lost in a run before it stops.
MOST_GARBLED = 3
#: How long a job that an earlier run began may say nothing, in seconds; then the records themselves are looked at.
_FORGOTTEN = 10.0


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
    pusher.recover()
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
        self._done: set[str] = set()
        self._again = False
        self._dealt = self._total = self._garbled = 0

    # Before ---------------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """See to the requests that an earlier run began and did not hear the end of."""
        for upload, job in self.store.uploads().items():
            items = self.store.uploaded(upload)
            stale = _refused_among(items)
            if job and self._is_under_way(job, items):
                continue
            for item in items:
                if item.upload == upload:
                    item.settle()
            self.store.end_upload(upload, items, _unknown(items), stale | _refused_among(items))

    def _is_under_way(self, job: str, items: list[Item]) -> bool:
        """Note what became of the job of an earlier run; whether the server is still at it."""
        try:
            report = self.mirror.tracker.finish(job, _FORGOTTEN)
        except OutcomeUnknown as error:
            return error.under_way
        known = [item for item in items if item.uid in report.done]
        note(known, report, "", self.result)
        return False

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
        with _collecting_seldom():
            for _ in range(ROUNDS):
                self._know()
                if not self._round():
                    break
        self.mirror.name_authors()
        self.result.conflicts = self.store.states().get(CONFLICT, 0)
        self.result.waits = waiting(self.store, self.how.within)
        return self.result

    def check(self) -> Pushed:
        """Let the server check all that would be sent."""
        self._know()
        deleted = [removals(self.store, type_, self._within, set()) for type_ in (RECORD, CYCLE, PARTNERSHIP)]
        for parcel in chain(parcels(self.store, self._calculated(), set()), *deleted):
            tracker, payload = self.mirror.tracker, self.mirror.wire.payload(parcel.items)
            report = tracker.send(payload, parcel.strategy, write=False)
            self.result.requests += 1
            # A check names what is wrong, and nothing else.
            report.done |= {item.uid for item in parcel.items if not is_below(item, parcel.items, report)}
            report.done -= report.errors.keys()
            note(parcel.items, report, parcel.strategy, self.result)
        self.result.conflicts = self.store.states().get(CONFLICT, 0)
        return self.result

    def _know(self) -> None:
        """Look at the partnerships of which something waits and is not known to be as it is on the server."""
        some = self.store.partnerships(WAITING)
        there = self.store.expected(uid for uid in some if self.how.within is None or uid in self.how.within)
        self.mirror.take(sorted(uid for uid, stamp in there.items() if not is_known(stamp)))

    def _round(self) -> bool:
        """Send all that waits once; whether anything was dealt with."""
        before, self._again = self.result.requests, False
        self._total = self._dealt + waiting(self.store, self.how.within)
        # A 2.40 does not show an account without authorities what became of its own job (recorded).
        as_jobs = self.how.as_jobs and self.client.version.minor > 40
        with Writers(self.mirror.tracker, self.mirror.wire, self.how.writers, as_jobs=as_jobs) as writers:
            self._run(writers, parcels(self.store, self._calculated(), self._done))
            for type_ in (RECORD, CYCLE, PARTNERSHIP):
                self._run(writers, removals(self.store, type_, self._within, self._done))
        return self._again or self.result.requests > before

    def _calculated(self) -> Iterator[list[Item]]:
        return calculated(self.store, self.fields, self.how.day, lambda: self.mirror.unreadable, self.how.within)

    @property
    def _within(self) -> set[str] | None:
        return None if self.how.within is None else set(self.how.within)

    def _run(self, writers: Writers, some: Iterator[Parcel]) -> None:
        """Keep the writers busy until all parcels are dealt with; an error stops what has not begun."""
        trouble: Exception | None = None
        while True:
            while trouble is None and len(writers.under_way) < writers.room:
                parcel = next(some, None)
                if parcel is None:
                    break
                self._submit(writers, parcel)
            if not writers.under_way:
                break
            ended = writers.ended(seconds=0.2 if writers.as_jobs else None)
            self._name_jobs(writers)
            for delivered in ended:
                trouble = self._take_in(delivered) or trouble
        if trouble is not None:
            raise trouble

    def _submit(self, writers: Writers, parcel: Parcel) -> None:
        """Note what is under way, then let it be sent."""
        writers.submit(parcel, self.store.begin_upload(parcel.items, UPLOADING))

    def _name_jobs(self, writers: Writers) -> None:
        while not writers.jobs.empty():
            upload, job = writers.jobs.get()
            self.store.name_job(upload, job)

    def _take_in(self, delivered: Delivered) -> Exception | None:
        """Write what became of a parcel into the store; an error that ends the push."""
        self.result.requests += delivered.requests
        items, error = delivered.parcel.items, delivered.error
        if isinstance(error, OutcomeUnknown):
            return error  # it stays noted as under way, with its job; the next run asks for that
        told = [item for item in items if self._is_told(item, delivered)]
        stale = _refused_among(items)
        note(told, delivered.report, delivered.parcel.strategy, self.result)
        for item in items:
            if item.upload is not None:
                item.settle()
        done = [item for item in told if item.uid in delivered.report.done]
        stamps = _written(done, delivered.parcel.expected) if error is None else _unknown(items)
        self.store.end_upload(delivered.upload, items, stamps, stale | _refused_among(items))
        self._see_to_refused([item for item in told if item.uid in self.result.refused], delivered.report)
        self._tell(delivered, told)
        if delivered.moved:
            self._again = True
            self.mirror.take(sorted(delivered.moved))
        return error if error is None or self._ends(error) else None

    def _see_to_refused(self, refused: list[Item], report: Report) -> None:
        """What the server does not take is not sent again in this push; it is told in the log."""
        self._done |= {item.uid for item in refused}
        for item in refused:
            codes = ",".join(code for code, _ in report.errors.get(item.uid, []))
            log.warning("refused", extra={"uid": item.uid, "kind": item.kind or item.type, "codes": codes})
            log.debug("reason", extra={"uid": item.uid, "words": item.problem})

    @staticmethod
    def _is_told(item: Item, delivered: Delivered) -> bool:
        """Whether the server was asked about an object and answered."""
        if delivered.error is not None:
            return item.uid in delivered.report.done or item.uid in delivered.report.errors
        return item.partnership not in delivered.moved

    def _tell(self, delivered: Delivered, told: list[Item]) -> None:
        self._dealt += len(told)
        gc.collect(1)
        log.info("sent", extra={"objects": len(told), "requests": delivered.requests, "moved": len(delivered.moved)})
        if self.how.told:
            self.how.told(self._dealt, max(self._dealt, self._total))

    def _ends(self, error: Exception) -> bool:
        """Whether an error ends the push. An answer that was lost or garbled does not: a look tells what came of it.

        One that did not come in time does: the server goes on with the request, and another would wait behind it.
        """
        garbled = isinstance(error, NotDhis2 | Unreachable) and error.taken and not isinstance(error, TooSlow)
        self._garbled += garbled
        self._again = True
        return not garbled or self._garbled > MOST_GARBLED


def _refused_among(items: Iterable[Item]) -> set[str]:
    """The partnerships of what was refused: that counts in no calculated field, and does once the server takes it."""
    return {item.partnership for item in items if (item.report or {}).get("outcome") == REFUSED}


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Let garbage be collected once a request: Python's own pace took a fifth of a push's time (measured)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _unknown(items: Iterable[Item]) -> dict[str, str]:
    """Partnerships that may have been written, or not: nothing is known of when they last changed."""
    return {item.partnership: "" for item in items}


def _written(items: Iterable[Item], before: Mapping[str, str | None]) -> dict[str, str]:
    """Partnerships that the server confirmed to have written: they have changed since the time ``before``."""
    return {item.partnership: written(before.get(item.partnership)) for item in items}


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
