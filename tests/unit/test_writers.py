"""The writers: how many ask the server at once, and what is still sent when nobody waits for it any more."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.store.analyst_store import cycle, pair
from tpi_dhis2.dhis2.client import Answer
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sync.outbox import Parcel
from tpi_dhis2.sync.wire import Wire
from tpi_dhis2.sync.writers import Writers

FIELDS = package_fields()


class Server:
    """Counts how many ask at once; each waits for ``open``."""

    version = ServerVersion.parse("2.42.4")

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asking = self.most = self.asked = 0
        self._lock = threading.Lock()

    def twin(self) -> Server:
        return self

    def get_object(self, path: str, params: Any = None) -> dict[str, Any]:
        self._ask()
        return {"trackedEntities": []}

    def ask(self, method: str, path: str, **given: Any) -> Answer:
        self._ask()
        return Answer(200, {"validationReport": {}})

    def _ask(self) -> None:
        with self._lock:
            self.asked += 1
            self.asking += 1
            self.most = max(self.most, self.asking)
        self.open.wait(10)
        time.sleep(0.001)
        with self._lock:
            self.asking -= 1

    def seen(self, count: int) -> bool:
        """Whether so many have asked by now, or soon."""
        end = time.monotonic() + 5
        while self.asked < count and time.monotonic() < end:
            time.sleep(0.001)
        return self.asked >= count


def parcel() -> Parcel:
    return Parcel([pair(), cycle()], {pair().uid: None}, frozenset({pair().uid}))


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_ask_at_once_than_there_are_writers(count: int) -> None:
    server = Server()
    server.open.set()
    sent = 0
    with Writers(Tracker(server, FIELDS.program, {}), Wire(FIELDS), count) as writers:
        for number in range(12):
            writers.submit(parcel(), number)
        while writers.under_way:
            sent += len(writers.ended())
    assert (sent, server.asked, server.most) == (12, 24, count)


def interrupted(server: Server) -> None:
    """Writers, one at a time, that are left while the first of three is at the server."""
    with Writers(Tracker(server, FIELDS.program, {}), Wire(FIELDS), 1) as writers:
        for number in range(3):
            writers.submit(parcel(), number)
        assert server.seen(1)
        threading.Thread(target=open_once_left, args=(server, writers)).start()
        raise KeyboardInterrupt


def open_once_left(server: Server, writers: Writers) -> None:
    """Answer when nobody waits any more."""
    while not writers._left:
        time.sleep(0.001)
    server.open.set()


def test_what_had_not_begun_is_not_sent_when_nobody_waits_for_it_any_more() -> None:
    server = Server()
    with pytest.raises(KeyboardInterrupt):
        interrupted(server)
    assert server.asked == 2, "the one that had begun looks and sends, the others do neither"
