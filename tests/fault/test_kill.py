"""A push that is killed at any moment: the next one finishes it, nothing is lost, nothing doubled.

The push runs as its own process against a sandbox behind a proxy; SIGKILL comes at a moment that a seeded die decides:
so many requests have been seen, and then so many milliseconds later.
"""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.fault.rounds import objects
from tests.fault.servers import ROOT, Asked, between, environment, provisioned, tpi
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.sync.wire import Remote

RECORDS = ROOT / "tpi_dhis2" / "demo" / "fictional.yaml"
PUSH = [sys.executable, "-m", "tpi_dhis2", "sync", "push"]
ACCOUNT = {"username": "admin", "password": "district"}
SECONDS = 5.0


@cache
def undisturbed() -> dict[str, Remote]:
    """What a server holds after a push that nobody disturbed."""
    with serve(provisioned()) as url:
        ran = tpi("sync", "push", RECORDS, url=url, store="sqlite://", **ACCOUNT)
        assert ran.code == 0, ran
        return {remote.uid: remote for remote in objects(url)}


def assert_whole(sandbox: Sandbox, url: str, store: str) -> None:
    """A normal push ends well, each object is there just once as it should be, and a further push sends nothing."""
    ran = tpi("sync", "push", RECORDS, "--exit-code", url=url, store=store, **ACCOUNT)
    assert ran.code == 0, ran
    found = objects(url)
    assert max(Counter(remote.uid for remote in found).values()) == 1
    assert {remote.uid: remote for remote in found} == undisturbed()
    before = writes(sandbox)
    again = tpi("sync", "push", RECORDS, url=url, store=store, **ACCOUNT)
    assert "Nothing to send" in again.out
    assert writes(sandbox) == before


def writes(sandbox: Sandbox) -> int:
    """How often the server was asked to write."""
    return sum(method != "GET" for method, _ in sandbox.requests)


def push_and_kill(url: str, store: str, asked: list[Asked], die: random.Random) -> str:
    """Start a push and kill it; where it stood."""
    begun, wanted = len(asked), die.randint(1, 7)
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*PUSH, str(RECORDS)], env=environment(url=url, store=store, **ACCOUNT), stdout=subprocess.DEVNULL
    )
    try:
        while process.poll() is None and len(asked) - begun < wanted:
            time.sleep(0.002)
        time.sleep(die.choice([0, 0, die.uniform(0, 0.02), die.uniform(0, 0.2)]))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return f"after {len(asked) - begun} requests, {process.returncode}"


@pytest.mark.parametrize("seed", [20261123])
def test_a_push_killed_again_and_again(tmp_path: Path, seed: int):
    """Each round has a server of its own, and a store that one kill has left behind."""
    die, killed = random.Random(seed), 0  # noqa: S311 - a die, no secret
    undisturbed()
    until = time.monotonic() + SECONDS
    for number in itertools.takewhile(lambda _: time.monotonic() < until, itertools.count()):
        sandbox, store = provisioned(), f"sqlite:///{tmp_path / str(number)}.sqlite"
        with serve(sandbox) as real, between(real) as proxy:
            stood = [push_and_kill(proxy.url, store, proxy.asked, die) for _ in range(die.randint(1, 2))]
            killed += sum(stand.endswith(str(-signal.SIGKILL)) for stand in stood)
            try:
                assert_whole(sandbox, proxy.url, store)
            except AssertionError as error:
                error.add_note(f"seed {seed}, killed {stood}")
                raise
    assert killed, "no push was killed in time"


@pytest.mark.parametrize("number", range(1, 8))
def test_a_push_whose_answers_are_lost(tmp_path: Path, number: int):
    """From one request on, the server executes everything and each answer is lost; then the network is well again."""
    sandbox, store, broken = provisioned(), f"sqlite:///{tmp_path / 'store.sqlite'}", [True]
    with serve(sandbox) as real:
        seen: list[Asked] = []

        def lose(asked: Asked) -> bool:
            seen.append(asked)
            return broken[0] and len(seen) >= number

        with between(real, lose) as proxy, pytest.MonkeyPatch.context() as patch:
            patch.setattr("tpi_dhis2.dhis2.transport.PatientRetry.sleep", lambda *_: None)
            ran = tpi("sync", "push", RECORDS, url=proxy.url, store=store, **ACCOUNT)
            broken[0] = False
            assert ran.code == (1 if len(seen) >= number else 0), ran
            assert_whole(sandbox, proxy.url, store)


def test_the_store_may_be_lost_as_well(tmp_path: Path):
    """A computer that burnt after a push: another one with the same file doubles nothing."""
    sandbox = provisioned()
    with serve(sandbox) as url:
        tpi("sync", "push", RECORDS, url=url, store=f"sqlite:///{tmp_path / 'burnt.sqlite'}", **ACCOUNT)
        assert_whole(sandbox, url, f"sqlite:///{tmp_path / 'new.sqlite'}")
