"""Requests that fail as a whole for the sake of one record: it is found by halving, and the others are stored."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fault.rounds import (
    Desk,
    Json,
    Proxy,
    activity,
    assert_calm,
    is_plain,
    partnership,
    record_file,
    there,
    uid_of,
)
from tests.fault.servers import Asked, Reply, Served, html, message, provisioned
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.writers import PATIENCE

BAD = "union select"
#: How a server or what stands before it answers to such a text, and what the reason has to say of it.
ANSWERS = {
    "500": (message(500, "ERROR: value too long for type character varying"), "value too long"),
    "409 without a report": (message(409, "Could not execute statement"), "Could not execute statement"),
    "400 of a parser": (message(400, "JSON parse error: Illegal character"), "JSON parse error"),
    "413": (html(413), "takes no request of this size"),
    "403 of a firewall": (html(403, "Request blocked"), "a proxy in between"),
}
every_answer = pytest.mark.parametrize(("answer", "says"), ANSWERS.values(), ids=list(ANSWERS))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport.PatientRetry, "sleep", lambda *_: None)


def records(bad: dict[str, set[int]], count: int = 60) -> list[Json]:
    """Partnerships with many activities; those with these numbers hold the text that does not pass."""
    return [
        partnership(key, *(_activity(number, bad=number in numbers) for number in range(1, count + 1)), d2026_06_01=60)
        for key, numbers in bad.items()
    ]


def _activity(number: int, *, bad: bool) -> Json:
    return activity(number, learning=f"Nurses say: {BAD} one") if bad else activity(number)


@contextmanager
def behind(folder: Path, answer: Reply, text: str = BAD) -> Iterator[tuple[Sandbox, Desk, Served, Proxy]]:
    """A store whose server answers so to every request with a text in it."""
    sandbox, proxy = provisioned(), Proxy()

    def refuse(asked: Asked, ask) -> Reply:
        return answer if asked.method == "POST" and text.encode() in asked.body else ask()

    with serve(sandbox) as real, proxy.before(real) as served:
        proxy.does = refuse
        yield sandbox, Desk(folder, served.url), served, proxy


def refused(desk: Desk) -> dict[str, str]:
    """The objects in error, with the reason."""
    with Store.open(desk.store) as store:
        return {item.uid: item.problem for item in store.items(state="error")}


@every_answer
@pytest.mark.parametrize("bad", [{"a": {17}, "b": set()}, {"a": {1, 60}, "b": set()}, {"a": {3, 4, 31}, "b": {2, 59}}])
def test_bad_records_are_found_and_all_others_stored(
    tmp_path: Path, answer: Reply, says: str, bad: dict[str, set[int]]
):
    with behind(tmp_path, answer) as (sandbox, desk, served, proxy):
        desk.push(records(bad))
        count = sum(map(len, bad.values()))
        found, all_there = refused(desk), there(served.url)
        assert found.keys() == {uid_of(key, number) for key, numbers in bad.items() for number in numbers}
        assert all(says in reason and "\n" not in reason and "<" not in reason for reason in found.values()), found
        assert len(all_there) == len(desk.items()) - count
        asked = served.count("POST", "/tracker")
        assert asked <= count * (2 * math.log2(130) + 2), asked
        # Each run tries what was refused again, and nothing else.
        desk.well("sync", "push")
        assert served.count("POST", "/tracker") - asked <= 2 * count
        proxy.does = None
        desk.well("sync", "push")
        assert refused(desk) == {}
        assert len(there(served.url)) == len(desk.items())
        assert_calm(desk, sandbox)


@every_answer
def test_a_bad_partnership_takes_only_what_is_below_it_along(tmp_path: Path, answer: Reply, says: str):
    with behind(tmp_path, answer, "Pair b") as (sandbox, desk, served, proxy):
        desk.push(records({"a": set(), "b": set(), "c": set()}, 5))
        found = refused(desk)
        with Store.open(desk.store) as store:
            [bad] = [item for item in store.items(state="error") if item.type == "partnership"]
            below = {item.uid for item in store.items(partnership=bad.uid)}
        assert found.keys() == below
        assert says in found.pop(bad.uid)
        assert all("was refused" in reason for reason in found.values())
        assert len(there(served.url)) == 2 * len(below)
        proxy.does = None
        desk.well("sync", "run")
        assert len(there(served.url)) == 3 * len(below)
        assert_calm(desk, sandbox)


@pytest.mark.parametrize("answer", [answer for answer, _ in ANSWERS.values()], ids=list(ANSWERS))
@pytest.mark.parametrize("pairs", [2, 12])
def test_a_server_that_fails_at_every_request_is_left_in_peace(tmp_path: Path, answer: Reply, pairs: int):
    with behind(tmp_path, answer, "{") as (sandbox, desk, served, proxy):
        entries = records({f"p{number}": set() for number in range(pairs)}, 8)
        ran = desk.tpi("sync", "push", record_file(tmp_path, entries))
        assert is_plain(ran), ran
        assert (ran.code == 1) == (pairs > 10), "it was not given up"
        assert served.count("POST", "/tracker") <= PATIENCE + 2
        assert there(served.url) == {}
        proxy.does = None
        desk.well("sync", "push")
        assert len(there(served.url)) == len(desk.items()) == 13 * pairs
        assert_calm(desk, sandbox)


def test_what_a_refused_record_would_have_changed_is_calculated_once_it_is_taken(tmp_path: Path):
    with behind(tmp_path, ANSWERS["409 without a report"][0], '"occurredAt":"2026-09-01') as (_, desk, served, proxy):
        [one] = records({"a": set()}, 2)
        later = {"date": "2026-09-01", "measure": "HH_COMPL", "value": 66}
        one["cycles"][0]["records"]["measurement"].append(later)
        desk.push([one])
        [uid] = refused(desk)
        target = uid_of("a", 1, "target")
        assert there(served.url)[target].doc["latest_value"] == "60"
        proxy.does = None
        desk.well("sync", "push")
        assert uid in there(served.url)
        assert there(served.url)[target].doc["latest_value"] == "66"
