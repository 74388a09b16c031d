"""A sync that ends at each single write of the store, by SIGKILL or for want of room: the next one finishes it.

Each write is one state change of the outbox. Nothing is lost, nothing doubled, and what the server has is not sent to
it a second time.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="limits of file size are a thing of POSIX")

from tests.fault.killed import AFTER, BEFORE, FULL, INSIDE, run_until
from tests.fault.rounds import ACCOUNT, LONG, TODAY, Desk, Proxy, assert_calm, is_plain, sent, server_with, there, world
from tests.fault.test_sync_faults import undisturbed
from tpi_dhis2.sandbox.server import serve

pytestmark = pytest.mark.usefixtures("quick")

#: More than a run of the small world writes.
MOST = 60
MOMENTS, HOW = (BEFORE, INSIDE, AFTER, FULL), ((), ("--async",))
#: After one write is as good as before the next; a longer run of the tests takes all.
SOME = [(INSIDE, ()), (FULL, ()), (AFTER, ("--async",))]


def settle(proxy: Proxy) -> None:
    """Wait for what a killed process had sent."""
    until = time.monotonic() + 10
    while proxy.under_way and time.monotonic() < until:
        time.sleep(0.01)


def end_at(folder: Path, number: int, moment: str, *options: str) -> bool:
    """Run, end at the n-th write, run well, and see that all is as it should be; whether the first run got so far."""
    made, proxy = world("2.42"), Proxy()
    sandbox = server_with(made.after)
    with serve(sandbox) as real, proxy.before(real) as served:
        desk = Desk(folder, served.url, made.ahead, f"store-{number}")
        given = {"url": served.url, "store": desk.store, **ACCOUNT}
        ended = run_until(["sync", "run", *options], given, TODAY, number, moment, folder / "told.json")
        settle(proxy)
        assert ended is None or is_plain(ended), ended
        survived = ended is not None and ended.code == 0
        desk.well("sync", "run", *options)
        assert max(Counter(sent(served)).values()) == 1, "what the server had was sent again"
        assert_calm(desk, sandbox)
        assert there(real) == undisturbed("run", "2.42")[0]
        assert desk.items() == undisturbed("run", "2.42")[1]
    return not survived


@pytest.mark.parametrize(("moment", "options"), [*itertools.product(MOMENTS, HOW)] if LONG else SOME, ids=str)
def test_a_run_that_ends_at_any_write_of_the_store_is_finished_by_the_next(
    tmp_path: Path, moment: str, options: tuple[str, ...]
):
    reached = 0
    while end_at(tmp_path, reached + 1, moment, *options):
        reached += 1
        assert reached < MOST
    assert reached >= 10, "the run wrote less than it should have"
