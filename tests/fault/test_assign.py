"""Answers that are lost while units and people are assigned: a second run finishes, and nothing is doubled."""

from __future__ import annotations

import json

import pytest

from tests.fault.servers import Asked, admin, between, message, provisioned, serving, tpi
from tpi_dhis2.dhis2 import metadata
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.provision.members import package_groups
from tpi_dhis2.sandbox.server import serve

PROGRAM = package_fields().program
ACCESS = next(group.uid for group in package_groups() if group.short == "access")
ACCOUNT = {"username": "admin", "password": "district"}
WORDS = ("provision", "assign", "--level", "4", "--user", "admin", "--to", "access", "--yes")


@pytest.fixture
def sandbox():
    """A sandbox with the package, without units of the program."""
    found = provisioned()
    with serve(found) as url:
        Metadata(admin(url)).patch("programs", PROGRAM, [{"op": "replace", "path": "/organisationUnits", "value": []}])
    found.requests.clear()
    return found


@pytest.fixture(autouse=True)
def _small_requests(monkeypatch):
    """Let the few units of the demo take several requests, and do not wait between attempts."""
    monkeypatch.setattr(metadata, "_MEMBERS", 5)
    monkeypatch.setattr("tpi_dhis2.dhis2.transport.PatientRetry.sleep", lambda *_: None)


def state(sandbox):
    """The units of the program and the members of the group, each as often as it is there."""
    units = sandbox.state.get("programs", PROGRAM)["organisationUnits"]
    return sorted(one["id"] for one in units), [one["id"] for one in sandbox.state.get("userGroups", ACCESS)["users"]]


def whole(sandbox):
    """What a run that nothing disturbs leaves."""
    facilities = {one["id"] for one in sandbox.state.table("organisationUnits").values() if "geometry" in one}
    return sorted(facilities), ["M5zQapPyTZI"]


@pytest.mark.parametrize("path", ["/organisationUnits", "/users"])
def test_an_answer_that_is_lost_once_is_made_good_at_once(path, sandbox):
    lost: list[str] = []

    def lose(asked: Asked) -> bool:
        if asked.method == "POST" and asked.path.endswith(path) and not lost:
            lost.append(asked.path)
            return True
        return False

    with serve(sandbox) as real, between(real, lose) as proxy:
        ran = tpi(*WORDS, url=proxy.url, **ACCOUNT)
    assert lost
    assert (ran.code, ran.err) == (0, "")
    assert state(sandbox) == whole(sandbox)


@pytest.mark.parametrize("after", range(4))
def test_answers_that_stay_lost_stop_it_and_a_second_run_finishes(after, sandbox):
    seen: set[bytes] = set()

    def lose(asked: Asked) -> bool:
        if asked.method != "POST":
            return False
        seen.add(asked.body)
        return len(seen) > after

    with serve(sandbox) as real, between(real, lose) as proxy:
        first = tpi(*WORDS, "--json", url=proxy.url, **ACCOUNT)
        told = json.loads(first.out)
        again = tpi(*WORDS, url=real, **ACCOUNT)
        third = tpi(*WORDS, url=real, **ACCOUNT)
    assert first.code == 1
    assert "Unexpected" not in first.err
    assert told["done"]["people"] == 0
    assert again.code == 0
    assert "Nothing to do" in third.out
    assert state(sandbox) == whole(sandbox)


def test_a_second_request_that_fails_says_how_far_it_came(sandbox):
    with serve(sandbox) as real, between(real) as inner:
        posts: list[Asked] = []

        def answers(asked: Asked):
            if asked.method == "POST":
                posts.append(asked)
                if len(posts) > 1:
                    return message(409, "The database is read-only")
            done = admin(inner.url).ask(
                asked.method, asked.path.removeprefix("/api/"), body=json.loads(asked.body or b"null")
            )
            return message(200, "") if asked.method == "POST" else type(message(200, ""))(body=done.body)

        with serving(answers) as proxy:
            ran = tpi(*WORDS, url=proxy.url, **ACCOUNT)
    assert ran.code == 1
    assert "5 of " in ran.err
    assert "the same command sends the rest" in ran.err
    assert "read-only" in ran.err
    assert len(state(sandbox)[0]) == 5
