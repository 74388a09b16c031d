"""Several writers at once: each sends requests of its own with a session of its own, and knows nothing of the store.

The next bodies are written while the server is at those before, so that it need not wait for them. Just before a
request the server is asked, in a small one, when the partnerships in it last changed. What somebody has changed
meanwhile is not sent, but given back. A request that fails as a whole, without a word on single records, is sent again
in halves until the bad record stands alone: each object is created or updated under its own UID, so that sending one
again has the effect of once.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from tpi_dhis2.dhis2.tracker import Report, Tracker
from tpi_dhis2.errors import Forbidden, TpiError
from tpi_dhis2.store.items import Item
from tpi_dhis2.sync.outbox import Parcel
from tpi_dhis2.sync.wire import Wire

#: What servers take well at once (published load tests: four up to 2.42, seven on 2.43).
WRITERS = 4
#: Parcels that are made ready while so many are sent.
_AHEAD = 2
#: Answers that may come from one bad record in a request: not JSON for the server, too large, an exception in it, or
#: a text that something in between does not let pass.
_OF_THE_CONTENT = frozenset({400, 403, 406, 409, 413, 422, 500})
#: Requests that fail one after the other before the server is thought to be at fault: halving 500 takes ten.
PATIENCE = 25
BELOW = ("E5000", "")


@dataclass
class Delivered:
    """What became of a parcel: the server's report, the partnerships that had changed and were not sent, or an error.

    With an error the report is of what was sent before it.
    """

    parcel: Parcel
    upload: int
    report: Report = field(default_factory=Report)
    moved: set[str] = field(default_factory=set)
    error: Exception | None = None
    requests: int = 0


class Writers:
    """A few threads that send parcels; ``as_jobs`` lets the server import them in jobs that are then waited for."""

    def __init__(self, tracker: Tracker, wire: Wire, count: int = WRITERS, *, as_jobs: bool = False) -> None:
        self.wire = wire
        self.as_jobs = as_jobs
        self.jobs: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self.under_way: dict[Future[Delivered], int] = {}
        self.room = count + _AHEAD
        self._first = tracker
        self._free: queue.SimpleQueue[Tracker | None] = queue.SimpleQueue()
        for _ in range(count):
            self._free.put(None)
        self._pool = ThreadPoolExecutor(self.room, "writer")
        self._failed = 0
        self._left = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._left = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, parcel: Parcel, upload: int) -> None:
        """Let a parcel be sent."""
        _ = self._first.mapping  # asked by this thread, once, before others need it
        self.under_way[self._pool.submit(self._deliver, parcel, upload)] = upload

    def ended(self, *, seconds: float | None = None) -> list[Delivered]:
        """Wait until at least one parcel has been dealt with, or some time has passed."""
        done, _ = wait(self.under_way, seconds, FIRST_COMPLETED)
        for future in done:
            del self.under_way[future]
        return [future.result() for future in done]

    @contextmanager
    def _turn(self) -> Iterator[Tracker]:
        """One of as many trackers as may ask the server at once, made when it is first needed.

        CancelledError when nobody waits for the outcome any more: what was not begun is for the next run.
        """
        tracker, first = self._free.get(), self._first
        try:
            if self._left:
                raise CancelledError
            tracker = tracker or Tracker(first.client.twin(), first.program, first.mapping)
            yield tracker
        finally:
            self._free.put(tracker)

    def _deliver(self, parcel: Parcel, upload: int) -> Delivered:
        result = Delivered(parcel, upload)
        try:
            body = self._body(parcel.items)
            with self._turn() as tracker:
                result.moved = parcel.moved(tracker.stamps(parcel.expected))
                items = [item for item in parcel.items if item.partnership not in result.moved]
                if items:
                    self._send(tracker, parcel.strategy, items, self._body(items) if result.moved else body, result)
        except Exception as error:  # noqa: BLE001 - told to the one who keeps the store, who raises it there
            result.error = error
        return result

    def _body(self, items: list[Item]) -> bytes:
        return self._first.body(self.wire.payload(items))

    def _send(self, tracker: Tracker, strategy: str, items: list[Item], body: bytes, result: Delivered) -> None:
        result.requests += 1
        try:
            report = self._ask(tracker, strategy, body, result.upload)
        except TpiError as error:
            if not self._may_be_one_record(error):
                raise
            if len(items) == 1:
                # Not its details: they hold the page of whatever stands before the server.
                result.report.errors[items[0].uid] = [(str(error.status), str(error))]
                return
            self._send_halves(tracker, strategy, items, result)
            return
        self._failed = 0
        result.report.add(report)

    def _send_halves(self, tracker: Tracker, strategy: str, items: list[Item], result: Delivered) -> None:
        for half in _halves(items):
            good = []
            for item in half:
                if is_below(item, items, result.report):
                    result.report.errors[item.uid] = [BELOW]
                else:
                    good.append(item)
            if good:
                self._send(tracker, strategy, good, self._body(good), result)

    def _ask(self, tracker: Tracker, strategy: str, body: bytes, upload: int) -> Report:
        if not self.as_jobs:
            return tracker.send(body, strategy)
        job = tracker.start(body, strategy)
        self.jobs.put((upload, job))
        return tracker.finish(job)

    def _may_be_one_record(self, error: TpiError) -> bool:
        self._failed += 1
        known = error.status in _OF_THE_CONTENT and not isinstance(error, Forbidden)
        return known and self._failed < PATIENCE


def _halves(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """Two parts, between two partnerships if there are several."""
    middle = len(items) // 2
    edges = [n for n in range(1, len(items)) if items[n].partnership != items[n - 1].partnership]
    cut = min(edges, key=lambda n: abs(n - middle), default=middle)
    return items[:cut], items[cut:]


def is_below(item: Item, items: list[Item], report: Report) -> bool:
    """Whether what an object belongs to was to be created in the same request, and was refused."""
    above = {item.partnership, item.cycle} - {item.uid}
    return any(each.base is None and each.uid in report.errors for each in items if each.uid in above)
