"""The examination of servers, stores and settings that are not as they should be: always all that can be told."""

from __future__ import annotations

import json
import sqlite3
import time

import pytest

from tests.fault.servers import (
    DROPPED,
    PASSWORD,
    SECRETS,
    TOKEN,
    always,
    free_port,
    info,
    message,
    provisioned,
    serving,
    tpi,
)
from tests.fault.test_answers import WRONG
from tests.old_stores import write_old_store
from tests.one_item import item
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.sandbox import server
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.store.items import CONFLICT, SYNCED, Item
from tpi_dhis2.store.store import Store

LOCAL = {"store", "disk", "tool", "dhis2.py", "proxies"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """No pauses between attempts."""
    monkeypatch.setattr(transport.PatientRetry, "sleep", lambda *_: None)


@pytest.fixture
def given(tmp_path):
    """Settings with words that nothing but a leak can bring into an output."""
    return {"username": "admin", "password": PASSWORD, "store": f"sqlite:///{tmp_path / 's.sqlite'}"}


def findings(**settings):
    """What doctor tells, by name; every line but the good ones says what to do, and no secret is told."""
    ran = tpi("doctor", "--json", **settings)
    assert ran.code == 0, ran.err
    assert not [secret for secret in SECRETS if secret in ran.out + ran.err]
    assert "Traceback" not in ran.out + ran.err
    told = json.loads(ran.out)["findings"]
    assert all(finding["advice"] for finding in told if finding["level"] != "ok")
    return {finding["name"]: finding for finding in told}


@pytest.mark.parametrize(("reply", "says"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_server_is_a_bad_line_and_the_rest_is_told(reply, says, given):
    with serving(always(reply)) as served:
        found = findings(url=served.url, **given)
    trouble = found.get("connection") or found["version"]
    assert trouble["level"] == "bad"
    assert says in trouble["text"] + trouble["advice"]
    assert set(found) >= LOCAL
    assert found["tool"]["level"] == "ok"


@pytest.mark.parametrize(
    "url",
    ["", "http://127.0.0.1:{port}", "https://nowhere.invalid", "nonsense://x", "https://me:Geheim-wort-4711@x.example"],
)
def test_no_server_is_a_bad_line_and_the_rest_is_told(url, given):
    address = {"url": url.format(port=free_port())} if url else {}
    found = findings(**address, **given)
    assert found["connection"]["level"] == "bad"
    assert set(found) >= LOCAL


def test_no_account_is_a_bad_line():
    assert "TPI_DHIS2_TOKEN" in findings(url="http://127.0.0.1:1")["connection"]["advice"]


def test_an_unknown_version_is_told_as_one(given):
    with serving(always(info("2.39.2"))) as served:
        found = findings(url=served.url, **given)
    assert (found["version"]["level"], "2.39.2" in found["version"]["text"]) == ("bad", True)
    assert "connection" not in found


def test_a_bad_line_is_exit_code_3_when_asked(given):
    assert tpi("doctor", "--exit-code", url=f"http://127.0.0.1:{free_port()}", **given).code == 3


@pytest.mark.parametrize("body", [[], {"nothing": 1}, {"userGroups": 5}, "text", 7], ids=str)
def test_a_server_that_answers_everything_alike_is_no_traceback(body, given):
    def answers(asked):
        return info() if "system/info" in asked.path else message(200, "fine") if body == 7 else replied(body)

    def replied(value):
        return type(info())(body=json.dumps(value))

    with serving(answers) as served:
        found = findings(url=served.url, **given)
    assert set(found) >= LOCAL
    assert "bad" in {finding["level"] for finding in found.values()}


def test_one_check_that_fails_stops_no_other(given, monkeypatch):
    sandbox = provisioned()
    whole = server.Sandbox.handle

    def broken(self, request):
        if request.path == "/api/metadata":
            return server.message(500, "Out of memory")
        return whole(self, request)

    monkeypatch.setattr(server.Sandbox, "handle", broken)
    with serve(sandbox) as url:
        found = findings(url=url, **{**given, "password": "district"})
    assert (found["package"]["level"], "Out of memory" in found["package"]["text"]) == ("bad", True)
    assert found["clock"]["level"] == "ok"
    assert found["account"]["text"] == "admin is a superuser and may do every job."
    assert found["analytics tables"]["text"].startswith("They were never built")


def test_a_clock_that_is_wrong_is_seen(given, monkeypatch):
    def late(self, timestamp=None):
        return self.date_time_string_of(time.time() - 3600)

    original = server.Handler.date_time_string
    monkeypatch.setattr(server.Handler, "date_time_string_of", original, raising=False)
    monkeypatch.setattr(server.Handler, "date_time_string", late)
    with serve(Sandbox("2.42")) as url:
        found = findings(url=url, **{**given, "password": "district"})
    assert found["clock"]["level"] == "warn"
    assert "ahead of" in found["clock"]["text"]
    assert 3590 < float(found["clock"]["text"].split(" is ")[1].split(" s ")[0]) < 3610


def test_a_server_whose_connection_breaks_after_a_while(given):
    left = [info()]
    with serving(lambda _: left.pop() if left else DROPPED) as served:
        found = findings(url=served.url, **given)
    assert found["connection"]["level"] == "bad"
    assert set(found) >= LOCAL


# The store ---------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_store(given, tmp_path):
    (tmp_path / "s.sqlite").write_text("This is not a database, whatever its name says. " * 100)
    assert findings(**given)["store"]["level"] == "bad"


def test_a_damaged_file(given, tmp_path):
    path = tmp_path / "s.sqlite"
    with Store.open(given["store"]) as store:
        store.save([item(number, doc={"decisions": "x" * 900}) for number in range(300)])
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = path.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    path.write_bytes(whole[:middle] + bytes(8192) + whole[middle + 8192 :])
    found = findings(**given)
    assert found["store"]["level"] == "bad"


def test_a_store_in_use_is_told_of_all_the_same(given):
    with Store.open(given["store"]):
        assert findings(**given)["store"]["level"] == "ok"


def test_a_store_that_is_not_there_yet_is_no_fault(given, tmp_path):
    found = findings(**given)["store"]
    assert (found["level"], "There is no store" in found["text"]) == ("note", True)
    assert not list(tmp_path.iterdir())


def test_a_store_of_an_older_release_is_no_fault_and_not_changed(given, tmp_path):
    write_old_store(given["store"])
    before = (tmp_path / "s.sqlite").read_bytes()
    found = findings(**given)["store"]
    assert (found["level"], "older release" in found["text"]) == ("note", True)
    assert (tmp_path / "s.sqlite").read_bytes() == before


def test_a_store_on_a_server(given, postgres):
    address = postgres.new()
    assert findings(**{**given, "store": address})["store"]["level"] == "note"
    with Store.open(address) as store:
        store.save([item()])
    found = findings(**{**given, "store": address})
    assert (found["store"]["level"], "1 objects" in found["store"]["text"]) == ("ok", True)
    assert "disk" not in found


def test_what_waits_and_whose_mirror_it_is(given):
    waiting: list[Item] = [item(1), item(2, state=CONFLICT), item(3, state=SYNCED), item(4, deleted=True)]
    with Store.open(given["store"]) as store:
        store.save(waiting)
        store.bind("https://another.example.org")
    with serve(Sandbox("2.42")) as url:
        ran = tpi("doctor", "--json", url=url, **{**given, "password": "district"})
    told = [(each["name"], each["level"], each["text"]) for each in json.loads(ran.out)["findings"]]
    assert ("store", "bad", "The store mirrors another server: https://another.example.org") in told
    assert ("outbox", "warn", "1 of 3 objects wait to be sent.") in told
    assert ("outbox", "warn", "1 of 3 are in conflict.") in told


def test_a_store_address_that_is_none_tells_no_password():
    found = findings(store="nonsense", url="http://127.0.0.1:1", token=TOKEN)
    assert found["store"]["level"] == "bad"
    shown = findings(store=f"oracle://me:{PASSWORD}@host/db", url="http://127.0.0.1:1", token=TOKEN)
    assert shown["store"]["level"] == "bad"
