"""Dispatch: parcels to the writers, and into the store what became of each.

What is under way is noted in the store before it is, and counts as sent once the server has confirmed it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from tpi_dhis2.dhis2.tracker import Report
from tpi_dhis2.errors import NotDhis2, OutcomeUnknown, TooSlow, Unreachable
from tpi_dhis2.store.items import UPLOADING, Item
from tpi_dhis2.sync.mirror import Mirror
from tpi_dhis2.sync.outbox import Parcel
from tpi_dhis2.sync.outcome import Pushed, note, refused_among
from tpi_dhis2.sync.stamps import UNKNOWN, written
from tpi_dhis2.sync.writers import Delivered, Writers

Told = Callable[[int, int], None]
log = logging.getLogger("tpi_dhis2.sync")

#: So many answers may be lost in a run before it stops.
MOST_GARBLED = 3
#: How long to wait for a writer where jobs of the server are to be noted meanwhile, in seconds.
_WITH_JOBS = 0.2


class Dispatch:
    """Sends parcels for one push; ``done`` are the objects that the server refused in it, ``dealt`` counts those told.

    ``again`` is set when something had changed meanwhile, or is not known: another round is to look at it.
    """

    def __init__(self, mirror: Mirror, result: Pushed, told: Told | None = None) -> None:
        self.mirror, self.store, self.result, self.told = mirror, mirror.store, result, told
        self.done: set[str] = set()
        self.again = False
        self.dealt = self.total = 0
        self._garbled = 0

    def run(self, writers: Writers, some: Iterator[Parcel]) -> None:
        """Keep the writers busy until all parcels are dealt with; an error stops what has not begun."""
        trouble: Exception | None = None
        while True:
            while trouble is None and len(writers.under_way) < writers.room:
                parcel = next(some, None)
                if parcel is None:
                    break
                writers.submit(parcel, self.store.begin_upload(parcel.items, UPLOADING))
            if not writers.under_way:
                break
            ended = writers.ended(seconds=_WITH_JOBS if writers.as_jobs else None)
            self._name_jobs(writers)
            for delivered in ended:
                trouble = self._take_in(delivered) or trouble
        if trouble is not None:
            raise trouble

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
        told = [item for item in items if _is_told(item, delivered)]
        stale = refused_among(items)
        note(told, delivered.report, delivered.parcel.strategy, self.result)
        for item in items:
            if item.upload is not None:
                item.settle()
        self.store.end_upload(delivered.upload, items, _stamps(delivered, told), stale | refused_among(items))
        self._see_to_refused([item for item in told if item.uid in self.result.refused], delivered.report)
        self._tell(delivered, told)
        if delivered.moved:
            self.again = True
            self.mirror.take(sorted(delivered.moved))
        return error if error is None or self._ends(error) else None

    def _see_to_refused(self, refused: list[Item], report: Report) -> None:
        """What the server does not take is not sent again in this push; it is told in the log."""
        self.done |= {item.uid for item in refused}
        for item in refused:
            codes = ",".join(code for code, _ in report.errors.get(item.uid, []))
            log.warning("refused", extra={"uid": item.uid, "kind": item.kind or item.type, "codes": codes})
            log.debug("reason", extra={"uid": item.uid, "words": item.problem})

    def _tell(self, delivered: Delivered, told: list[Item]) -> None:
        self.dealt += len(told)
        log.info("sent", extra={"objects": len(told), "requests": delivered.requests, "moved": len(delivered.moved)})
        if self.told:
            self.told(self.dealt, max(self.dealt, self.total))

    def _ends(self, error: Exception) -> bool:
        """Whether an error ends the push. An answer that was lost or garbled does not: a look tells what came of it.

        One that did not come in time does: the server goes on with the request, and another would wait behind it.
        """
        garbled = isinstance(error, NotDhis2 | Unreachable) and error.taken and not isinstance(error, TooSlow)
        self._garbled += garbled
        self.again = True
        return not garbled or self._garbled > MOST_GARBLED


def _is_told(item: Item, delivered: Delivered) -> bool:
    """Whether the server was asked about an object and answered."""
    if delivered.error is not None:
        return item.uid in delivered.report.done or item.uid in delivered.report.errors
    return item.partnership not in delivered.moved


def _stamps(delivered: Delivered, told: Iterable[Item]) -> Mapping[str, str]:
    """The notes on partnerships: what the server confirmed to have written has changed since the last look.

    After an error all of them may have been written, or not.
    """
    if delivered.error is not None:
        return dict.fromkeys((item.partnership for item in delivered.parcel.items), UNKNOWN)
    before = delivered.parcel.expected
    done = (item.partnership for item in told if item.uid in delivered.report.done)
    return {uid: written(before.get(uid)) for uid in done}
