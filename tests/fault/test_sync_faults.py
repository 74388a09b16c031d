"""Each fault of a network or a server, at a moment that a seeded die decides, in a push, a pull and a whole run.

A fault may be met once, or for so many requests that no retry gets past it; then the network is well. One normal run
must bring server and store to exactly the state that an undisturbed run leaves: nothing lost, nothing doubled, nothing
overwritten. Whatever the disturbed run says is one plain line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fault.rounds import (
    VERSIONS,
    Desk,
    Json,
    Proxy,
    assert_calm,
    die_of,
    is_plain,
    record_file,
    second,
    seeds,
    server_with,
    there,
    world,
)
from tests.fault.servers import DROPPED, Around, Asked, Reply, html, message
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.sandbox.server import serve
from tpi_dhis2.sync.wire import Remote

pytestmark = pytest.mark.usefixtures("quick")

Ask = Callable[[], Reply]
#: Longer than the patience of the slow rounds.
LONG_ANSWER = 0.9


def before(reply: Reply) -> Around:
    """The fault keeps the request from the server."""
    return lambda _asked, _ask: reply


def after(change: Callable[[Reply], Reply]) -> Around:
    """The server did what it was asked for; then the answer is changed."""
    return lambda _asked, ask: change(ask())


def twice(asked: Asked, ask: Ask) -> Reply:
    """A write is delivered twice."""
    if asked.method == "POST":
        ask()
    return ask()


class Late:
    """A write is delivered again when the next request comes."""

    def __init__(self) -> None:
        self.kept: list[Ask] = []

    def __call__(self, asked: Asked, ask: Ask) -> Reply:
        """Deliver what is kept, then the request."""
        for again in [self.kept.pop() for _ in self.kept[:]]:
            again()
        if asked.method == "POST":
            self.kept.append(ask)
        return ask()


def cut(reply: Reply) -> Reply:
    """Half an answer, and the connection ends."""
    return Reply(reply.status, reply.body, reply.headers, reply.kind, cut=True)


def half(reply: Reply) -> Reply:
    """Half an answer that says it is whole."""
    return Reply(reply.status, str(reply.body)[: len(str(reply.body)) // 2], reply.headers, reply.kind)


FAULTS: dict[str, Callable[[], Around]] = {
    "dropped before": lambda: before(DROPPED),
    "dropped after": lambda: after(lambda _: DROPPED),
    "slow": lambda: after(lambda reply: Reply(reply.status, reply.body, kind=reply.kind, seconds=LONG_ANSWER)),
    "truncated": lambda: after(cut),
    "half": lambda: after(half),
    "empty": lambda: after(lambda _: Reply(body="")),
    "HTML before": lambda: before(html()),
    "HTML after": lambda: after(lambda _: html()),
    "login page": lambda: before(Reply(302, headers={"Location": "http://localhost/dhis-web-login/"})),
    "400 of a parser": lambda: before(message(400, "JSON parse error: Unexpected character")),
    "401": lambda: before(message(401, "Unauthorized")),
    "403 of a firewall": lambda: before(html(403, "Request blocked")),
    "403": lambda: before(message(403, "Access is denied")),
    "409 without a report": lambda: before(message(409, "Could not execute statement")),
    "413": lambda: before(html(413)),
    "429": lambda: before(message(429, "Too many requests", Retry_After="7")),
    "500 before": lambda: before(message(500, "java.lang.NullPointerException")),
    "500 after": lambda: after(lambda _: message(500, "java.lang.NullPointerException")),
    "502 before": lambda: before(html(502)),
    "502 after": lambda: after(lambda _: html(502)),
    "503": lambda: before(message(503, "starting", Retry_After="3")),
    "504 after": lambda: after(lambda _: html(504)),
    "delivered twice": lambda: twice,
    "delivered again later": Late,
}


class Burst:
    """Meets the requests with a fault from a random one on, for a random while; of one method, or of all."""

    def __init__(self, fault: Around, *parts: object) -> None:
        die = die_of(*parts)
        self.fault = fault
        self.start, self.length = die.randrange(9), die.choice([1, 1, 2, 5, 6, 30])
        self.only = die.choice([None, None, "GET", "POST", "POST"])
        if self.only == "POST":
            self.start //= 3
        self.seen = 0

    def __call__(self, asked: Asked, ask: Ask) -> Reply:
        """Deal with a request."""
        number = self.seen
        self.seen += self.only in (None, asked.method)
        meets = self.only in (None, asked.method) and self.start <= number < self.start + self.length
        return self.fault(asked, ask) if meets else ask()


def play(folder: Path, scenario: str, version: str, burst: Around | None) -> tuple[dict[str, Remote], dict[str, Json]]:
    """A command under a fault, then a run; what server and store hold then."""
    made, proxy = world(version), Proxy()
    sandbox = server_with(made.after, version)
    command = ("push", record_file(folder, second())) if scenario == "push" else (scenario,)
    with serve(sandbox) as real, proxy.before(real) as served:
        desk = Desk(folder, served.url, made.ahead if scenario == "run" else made.behind)
        proxy.does = burst
        disturbed = desk.tpi("sync", *command)
        proxy.does = None
        assert is_plain(disturbed), disturbed
        assert burst or disturbed.code == 0
        # What is in the store is sent by a run; a file that was not taken has to be given again.
        taken = scenario != "push" or desk.items().keys() >= expected_uids(version)
        if not taken:
            desk.well("sync", *command)
        desk.well("sync", "run")
        assert_calm(desk, sandbox)
        return there(real), desk.items()


def expected_uids(version: str) -> set[str]:
    """The objects that the file brings."""
    return set(undisturbed("run", version)[1])


@cache
def undisturbed(scenario: str, version: str) -> tuple[dict[str, Remote], dict[str, Json]]:
    """What server and store hold when nothing goes wrong."""
    with TemporaryDirectory() as folder:
        return play(Path(folder), scenario, version, None)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("scenario", ["pull", "push", "run"])
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_one_run_brings_all_to_where_it_would_have_been(
    tmp_path: Path, fault: str, scenario: str, seed: int, version: str, monkeypatch: pytest.MonkeyPatch
):
    expected = undisturbed(scenario, version)
    burst = Burst(FAULTS[fault](), fault, scenario, seed)
    if fault == "slow":
        monkeypatch.setattr(transport, "READ_SECONDS", LONG_ANSWER / 2)
        burst.length = min(burst.length, 6)
    server, store = play(tmp_path, scenario, version, burst)
    assert server == expected[0]
    assert store == expected[1]


def test_the_undisturbed_world_is_as_the_others_are_measured_by():
    server, store = undisturbed("run", "2.42")
    assert undisturbed("push", "2.42") == (server, store)
    assert len(server) == 43
    conflicts = [item["conflicts"] for item in store.values() if item["conflicts"]]
    assert conflicts == [{"spent": ("100", "75")}]
    assert sum(item["deleted"] for item in store.values()) == 2
