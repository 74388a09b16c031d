"""A server that goes back, to a backup older than the store or to another time of day, or is started anew."""

from __future__ import annotations

import datetime as dt
import types
from pathlib import Path

import pytest

from tests.fault.rounds import (
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

pytestmark = pytest.mark.usefixtures("quick")

DAYS = {"an hour": 1 / 24, "a day": 1, "a month": 30}


# Backups ----------------------------------------------------------------------------------------------------------


GONE = {"@deleted": (None, "gone")}


def bring_back(desk: Desk, lost: set[str]) -> None:
    """Every object that the server has lost and that was not sent again waits for a person, who wants it back."""
    items = desk.items()
    assert all(items[uid]["conflicts"] == GONE for uid in lost), "something was lost in silence"
    for uid in sorted(lost):
        if desk.items()[uid]["conflicts"] == GONE:
            desk.well("sync", "resolve", uid, "--take", "here")
    desk.well("sync", "run")


def test_what_a_restored_server_has_lost_comes_back_and_what_people_entered_since_is_merged(tmp_path: Path):
    made = world("2.42")
    sandbox = server_with(made.before)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        desk.push(second())
        enter(admin(url), "a", "pEvent00002", contact_type="CALL")  # lost with the server, and kept by the store
        desk.well("sync", "run")
        had = there(url)
        sandbox.restore(made.before)
        edit(admin(url), uid_of("a", 1), obstacle="FUNDS")
        enter(admin(url), "b", "pEvent00003", contact_type="CALL")
        desk.well("sync", "run")
        bring_back(desk, had.keys() - there(url).keys())
        now = there(url)
        assert now.keys() == had.keys() | {"pEvent00003"}
        assert now[uid_of("a", 1)].doc.items() >= {"obstacle": "FUNDS", "spent": "50"}.items()
        assert now["pEvent00002"].doc == had["pEvent00002"].doc
        # What went back with the server is named, with what the store knew.
        named = {uid: item["conflicts"] for uid, item in desk.items().items() if item["conflicts"]}
        assert all(here == had[uid].doc[key] for uid, keys in named.items() for key, (here, _) in keys.items())
        assert_calm(desk, sandbox)


def test_a_value_that_a_restored_server_has_gone_back_on_is_sent_again_or_named(tmp_path: Path):
    made = world("2.42")
    sandbox = server_with(made.before)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        desk.push(second())
        desk.well("sync", "run")
        sandbox.restore(made.before)
        desk.well("sync", "run")
        named = "spent" in desk.items()[uid_of("a", 2)]["conflicts"]
        assert named or there(url)[uid_of("a", 2)].doc["spent"] == "80"


@pytest.mark.parametrize("seed", seeds(5))
def test_a_server_restored_at_a_random_moment_has_all_again(tmp_path: Path, seed: int):
    """Of itself when nobody has worked there since, and else once a person has said so."""
    die = die_of("restored", seed)
    sandbox = provisioned()
    with serve(sandbox) as url:
        desk, entries, backups = Desk(tmp_path, url), first(), []
        for number in range(4):
            entries.append(partnership(f"n{number}", activity(1), activity(2), d2026_06_01=50 + number))
            entries[0]["cycles"][0]["records"]["activity"].append(activity(10 + number))
            desk.push(entries)
            if die.random() < 0.5:
                desk.well("sync", "run")
            backups.append(sandbox.snapshot())
        had, edited = there(url), die.random() < 0.5
        sandbox.restore(die.choice(backups[:-1]))
        if edited:
            edit(admin(url), uid_of("a"), obstacle="FUNDS")
            had[uid_of("a")].doc["obstacle"] = "FUNDS"
        desk.well("sync", "run")
        lost = had.keys() - there(url).keys()
        assert edited or not lost
        bring_back(desk, set(lost))
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
        edit(admin(url), uid_of("c"), obstacle="FUNDS")
        desk.push(second())
        desk.well("sync", "run")
        assert desk.items()[uid_of("c")]["doc"]["obstacle"] == "FUNDS"
        assert there(url)[uid_of("a", 2)].doc["spent"] == "80"
        assert_calm(desk, sandbox)


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_clock_here_that_is_wrong_by_days_loses_no_change(tmp_path: Path, days: int, monkeypatch: pytest.MonkeyPatch):
    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return super().now(tz) + dt.timedelta(days=days)

    made = world("2.42")
    sandbox = server_with(made.after)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.behind)
        for module in ("store.store", "sync.outcome", "sync.take", "sync.pull"):
            clock = types.SimpleNamespace(**{**vars(dt), "datetime": Wrong})
            monkeypatch.setattr(f"tpi_dhis2.{module}.dt", clock)
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
            with sandbox._lock:  # not in the middle of another request
                sandbox.state.table("jobs").clear()
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
