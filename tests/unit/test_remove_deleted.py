"""What was deleted is removed for good by a server that may take longer than it is waited for, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.fault.servers import Asked, Reply, Served, info, message, serving
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.jobs import Clock
from tpi_dhis2.errors import ServerFailed, TooSlow
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.provision import uninstall as job

PROGRAM = package_fields().program
LIVING = {"trackedEntity": "aLivingOne1", "deleted": False}
DELETED = {"trackedEntity": "aDeletedOne", "deleted": True}


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.3)


@contextmanager
def server(maintenance: Reply, *looks: list[dict[str, object]] | Reply) -> Iterator[tuple[Client, Served]]:
    """A 2.42 that answers its maintenance so, and whose records are these at each look; the last ones for ever."""
    left = list(looks)

    def answers(asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        if path.endswith("/system/info"):
            return info()
        if path.endswith("/maintenance"):
            return maintenance
        found = left.pop(0) if len(left) > 1 else left[0]
        return found if isinstance(found, Reply) else Reply(body={"trackedEntities": found})

    with serving(answers) as served:
        yield Client(Account(served.url, "admin", "district"), pause=0), served


def looks(served: Served) -> int:
    return served.count("GET", "/api/tracker/trackedEntities")


def quick() -> Clock:
    """A clock whose pauses pass at once."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return Clock(lambda: now[0], sleep)


def test_an_answer_is_enough() -> None:
    with server(Reply(204), [DELETED]) as (client, served):
        job.remove_deleted(client, PROGRAM)
        assert looks(served) == 0


def test_without_an_answer_in_time_it_is_looked_at_until_nothing_deleted_is_left() -> None:
    said: list[str] = []
    with server(Reply(204, seconds=1), [DELETED], [LIVING, DELETED], message(500, "busy"), [LIVING]) as (
        client,
        served,
    ):
        job.remove_deleted(client, PROGRAM, said.append, quick())
        assert looks(served) == 4
        assert served.count("POST", "/api/maintenance") == 1
    assert len(said) == 1


def test_a_proxy_that_waits_no_longer_says_nothing_of_the_server_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RETRIED", ())
    with server(message(504, "Gateway Time-out"), [DELETED], []) as (client, served):
        job.remove_deleted(client, PROGRAM, clock=quick())
        assert looks(served) == 2


def test_what_is_left_after_half_an_hour_is_told_and_a_failure_at_once() -> None:
    clock = quick()
    with server(Reply(204, seconds=1), [DELETED]) as (client, _), pytest.raises(TooSlow):
        job.remove_deleted(client, PROGRAM, clock=clock)
    assert job.REMOVAL_SECONDS < clock.now() < job.REMOVAL_SECONDS + 10
    with server(message(500, "could not execute batch"), [DELETED]) as (client, served):
        with pytest.raises(ServerFailed):
            job.remove_deleted(client, PROGRAM)
        assert looks(served) == 0
