"""A server that goes back: to a backup older than the store, or to another time of day; and one that is started anew."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.fault.rounds import (
    FIELDS,
    Desk,
    Proxy,
    activity,
    assert_calm,
    delete,
    die_of,
    edit,
    enter,
    first,
    is_plain,
    partnership,
    record_file,
    second,
    seeds,
    server_with,
    there,
    uid_of,
    world,
)
from tests.fault.servers import DROPPED, Asked, Reply, admin, html, provisioned
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.sandbox.server import serve
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync import pull

pytestmark = pytest.mark.usefixtures("quick")

DAYS = {"an hour": 1 / 24, "a day": 1, "a month": 30}


# Backups ----------------------------------------------------------------------------------------------------------


def test_what_a_restored_server_has_lost_comes_back_and_what_people_entered_since_is_merged(tmp_path: Path):
    made = world("2.42")
    sandbox = server_with(made.before)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        backup = sandbox.snapshot()
        desk.push(second())
        enter(admin(url), "a", "pEvent00002", contact_type="CALL")  # lost with the server, and kept by the store
        edit(admin(url), uid_of("a", 3), spent="60")
        desk.well("sync", "run")
        had = there(url)
        sandbox.restore(backup)
        edit(admin(url), uid_of("a", 1), obstacle="FUNDS")
        edit(admin(url), uid_of("c", 1), spent="90")  # the store had 100
        enter(admin(url), "b", "pEvent00003", contact_type="VISIT")
        desk.well("sync", "run")
        now = there(url)
        assert {uid for uid in had if uid not in now} == set()
        assert "pEvent00003" in now
        assert now[uid_of("a", 1)].doc.items() >= {"obstacle": "FUNDS", "spent": "50"}.items()
        assert now[uid_of("a", 2)].doc["spent"] == "80"
        assert now[uid_of("a", 3)].doc["spent"] == "60"
        assert now["pEvent00002"].doc == had["pEvent00002"].doc
        conflicts = {uid: item["conflicts"] for uid, item in desk.items().items() if item["conflicts"]}
        assert conflicts == {uid_of("c", 1): {"spent": ("100", "90")}}
        assert_calm(desk, sandbox)


@pytest.mark.parametrize("seed", seeds(6))
def test_a_server_restored_at_a_random_moment_has_all_again(tmp_path: Path, seed: int):
    die = die_of("restored", seed)
    sandbox = provisioned()
    with serve(sandbox) as url:
        desk, entries, backups = Desk(tmp_path, url), first(), [sandbox.snapshot()]
        for number in range(5):
            entries.append(partnership(f"n{number}", activity(1), activity(2), d2026_06_01=50 + number))
            entries[0]["cycles"][0]["records"]["activity"].append(activity(10 + number))
            desk.push(entries)
            if die.random() < 0.5:
                desk.well("sync", "run")
            backups.append(sandbox.snapshot())
        had = there(url)
        sandbox.restore(die.choice(backups[:-1]))
        if uid_of("a") in sandbox.state.table("events") and die.random() < 0.7:
            edit(admin(url), uid_of("a"), obstacle="FUNDS")
            had[uid_of("a")].doc["obstacle"] = "FUNDS"
        desk.well("sync", "run")
        assert there(url) == had
        assert_calm(desk, sandbox)


def test_a_deletion_that_a_restored_server_has_forgotten_is_not_undone_in_silence(tmp_path: Path):
    """What was deleted here and confirmed, and is there again, is either deleted again or shown as it is there."""
    made = world("2.42")
    sandbox = server_with(made.before)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        desk.push(second())
        assert there(url)[uid_of("b", 3)].deleted
        sandbox.restore(made.before)
        desk.well("sync", "run")
        on_server, here = there(url)[uid_of("b", 3)], desk.items()[uid_of("b", 3)]
        assert on_server.deleted == here["deleted"]
        assert_calm(desk, sandbox)


# Clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [-1, 1], ids=["back", "ahead"])
@pytest.mark.parametrize("days", DAYS.values(), ids=list(DAYS))
def test_a_server_whose_clock_is_set_between_two_syncs_loses_no_change(tmp_path: Path, days: float, sign: int):
    made = world("2.42")
    sandbox = server_with(made.before)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        desk.well("sync", "run")
        sandbox.state.shift = dt.timedelta(days=days) * sign
        edit(admin(url), uid_of("a"), obstacle="FUNDS")
        enter(admin(url), "b", "pEvent00004", contact_type="CALL")
        delete(admin(url), uid_of("b", 2))
        desk.well("sync", "run")
        items = desk.items()
        assert items[uid_of("a")]["doc"]["obstacle"] == "FUNDS"
        assert "pEvent00004" in items
        assert items[uid_of("b", 2)]["deleted"]
        assert not any(item["conflicts"] for item in items.values())
        # And back again, as a clock that was wrong is put right.
        sandbox.state.shift = dt.timedelta()
        edit(admin(url), uid_of("c"), obstacle="STAFF")
        desk.push(second())
        desk.well("sync", "run")
        assert desk.items()[uid_of("c")]["doc"]["obstacle"] == "STAFF"
        assert there(url)[uid_of("a", 2)].doc["spent"] == "80"
        assert_calm(desk, sandbox)


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_clock_here_that_is_wrong_by_days_loses_no_change(tmp_path: Path, days: int, monkeypatch: pytest.MonkeyPatch):
    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime.now(tz) + dt.timedelta(days=days)

    made = world("2.42")
    sandbox = server_with(made.after)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        for module in (pull, "store", "outcome", "take"):
            name = module if isinstance(module, str) else "pull"
            where = "tpi_dhis2.store.store" if name == "store" else f"tpi_dhis2.sync.{name}"
            monkeypatch.setattr(f"{where}.dt.datetime", Wrong)
            break
        desk.push(second())
        desk.well("sync", "run")
        items = desk.items()
        assert items[uid_of("a")]["doc"].items() >= {"spent": "70", "obstacle": "FUNDS"}.items()
        assert there(url)[uid_of("a", 2)].doc["spent"] == "80"
        assert_calm(desk, sandbox)


# Started anew -----------------------------------------------------------------------------------------------------


def test_a_server_that_is_started_anew_in_the_middle_forgets_jobs_and_loses_nothing(tmp_path: Path):
    made, proxy, away = world("2.42"), Proxy(), [0]
    sandbox = server_with(made.after)

    def restart(asked: Asked, ask) -> Reply:
        if away[0]:
            away[0] -= 1
            return DROPPED if away[0] > 3 else html(503)
        reply = ask()
        if asked.method == "POST":
            away[0] = 6
            for uid in list(sandbox.state.table("jobs")):
                sandbox.state.table("jobs").pop(uid)
        return reply

    with serve(sandbox) as real, proxy.before(real) as served:
        desk = Desk(tmp_path, served.url, made.ahead)
        proxy.does = restart
        ran = desk.tpi("sync", "run", "--async")
        assert is_plain(ran), ran
        assert ran.code == 1
        with Store.open(desk.store) as store:
            assert store.uploads(), "nothing was noted as under way"
        proxy.does = None
        desk.well("sync", "run", "--async")
        assert there(real)[uid_of("a", 2)].doc["spent"] == "80"
        assert derive_uid("partnership", "d") in there(real)
        posts = served.count("POST", "/tracker")
        assert_calm(desk, sandbox)
        assert served.count("POST", "/tracker") == posts


def test_a_file_and_the_same_file_again_after_all_this_say_nothing_new(tmp_path: Path):
    made = world("2.42")
    sandbox = server_with(made.before)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        desk.push(second())
        sandbox.restore(made.before)
        ran = desk.well("sync", "push", record_file(tmp_path, second()), "--json")
        assert '"conflicts": 0' in ran.out
        assert there(url)[uid_of("a", 2)].doc["spent"] == "80"
        assert FIELDS.program
