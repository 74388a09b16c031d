"""The parts of the examination that need no server."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from pathlib import Path

import pytest

from tpi_dhis2.dhis2.clock import Difference, difference
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.doctor import machine, server
from tpi_dhis2.doctor.account import Reach, Who
from tpi_dhis2.doctor.finding import Finding, guarded
from tpi_dhis2.doctor.jobs import of_records
from tpi_dhis2.doctor.package import of_state
from tpi_dhis2.errors import ServerFailed, ServerRefused
from tpi_dhis2.provision.installed import Installed
from tpi_dhis2.provision.state import state
from tpi_dhis2.provision.steps import CREATE, UNCHANGED, UPDATE, Plan, Step

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
DATE = format_datetime(NOON, usegmt=True)

# The clock ---------------------------------------------------------------------------------------------------------


def test_the_date_of_an_answer_is_compared_with_the_middle_of_the_request():
    found = difference(DATE, {}, NOON.timestamp() + 100, NOON.timestamp() + 104)
    assert found == Difference(101.5, 2.5), "a Date has lost half a second on average"
    assert found.at_least == 99


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 32 Nov 2026 12:00:00 GMT", f"{DATE}x, {DATE}y"])
def test_without_a_date_the_servers_own_time_counts_in_its_zone(date):
    info = {"serverDate": "2026-11-23T15:00:00.000", "serverTimeZoneId": "Africa/Kampala"}
    found = difference(date, info, NOON.timestamp() - 60, NOON.timestamp() - 60)
    assert found is not None
    assert abs(found.seconds + 60) <= 0.5


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"serverDate": "2026-11-23T15:00:00.000"},
        {"serverDate": "2026-11-23T15:00:00.000", "serverTimeZoneId": "Nowhere/Town"},
        {"serverDate": "2026-11-23T15:00:00.000", "serverTimeZoneId": "../../etc/passwd"},
        {"serverDate": "soon", "serverTimeZoneId": "Etc/UTC"},
    ],
    ids=str,
)
def test_a_time_without_a_zone_is_no_time(info):
    assert difference("", info, 0, 1) is None
    assert server.of_clock(None).level == "note"


@pytest.mark.parametrize(
    ("found", "level", "way"),
    [
        (Difference(0, 1), "ok", "behind"),
        (Difference(59, 1), "ok", "ahead of"),
        (Difference(3600, 1), "warn", "ahead of"),
        (Difference(-3600, 1), "warn", "behind"),
        (Difference(70, 20), "ok", "ahead of"),  # a slow answer: nobody knows
    ],
    ids=str,
)
def test_clocks_that_differ_by_more_than_a_minute_are_warned_of(found, level, way):
    told = server.of_clock(found)
    assert told.level == level
    assert way in told.text
    assert bool(told.advice) == (level == "warn")


# Analytics ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "level", "says"),
    [
        (None, "warn", "never built"),
        ("1970-01-01T00:00:00.000", "warn", "never built"),
        ("2026-11-23T09:30:00.110", "ok", "2 hours ago"),
        ("2026-11-21T12:00:00.000", "ok", "2 days ago"),
        ("2026-11-20T12:00:00.000", "warn", "3 days ago"),
    ],
)
def test_the_age_of_the_tables_is_told_by_the_servers_own_times(last, level, says):
    info = {"serverDate": "2026-11-23T12:00:00.000", **({"lastAnalyticsTableSuccess": last} if last else {})}
    told = server.of_tables(info)
    assert (told.level, says in told.text, bool(told.advice)) == (level, True, level == "warn")


# Deleted records ---------------------------------------------------------------------------------------------------


class Server:
    """A server with so many partnerships, each with a deleted record; it counts the pages it is asked for."""

    def __init__(self, partnerships, minor):
        self.version = ServerVersion(f"2.{minor}.1", minor)
        self.left, self.pages = partnerships, 0

    def get_object(self, path, params):
        self.pages += 1
        size = min(int(params["pageSize"]), self.left)
        self.left -= size
        entity = {"trackedEntity": "x", "enrollments": [{"events": [{"deleted": True}, {"deleted": False}]}]}
        pager = {"nextPage": "http://x"} if self.left else {}
        return {self.version.entities_key: [entity] * size, "pager": pager}


@pytest.mark.parametrize("minor", [40, 41, 42, 43])
def test_what_is_deleted_is_counted_in_few_pages(minor):
    many = Server(10_000, minor)
    (told,) = server.deleted(many, "program")
    assert (told.level, told.text) == ("note", "The server still keeps at least 1000 deleted records.")
    assert many.pages == 5
    (told,) = server.deleted(Server(300, minor), "program")
    assert told.text == "The server still keeps 300 deleted records."
    (told,) = server.deleted(Server(0, minor), "program")
    assert told.level == "ok"


# This machine ------------------------------------------------------------------------------------------------------


def test_proxies_are_told_by_name_only():
    given = {
        "HTTPS_PROXY": "http://me:Geheim-wort-4711@proxy:3128",
        "no_proxy": "localhost",
        "HOME": "x",
        "http_proxy": "",
    }
    (told,) = machine.proxies(given)
    assert (told.level, "HTTPS_PROXY, no_proxy" in told.text) == ("note", True)
    assert "Geheim" not in str(told)
    (none,) = machine.proxies({"HOME": "x"})
    assert none.level == "ok"


OURS, OTHER = {"dhis2.py": "2.3.0"}, {"dhis2": "1.0"}


@pytest.mark.parametrize(
    ("there", "owner", "level", "says"),
    [
        (OURS, "dhis2.py", "ok", "that of dhis2.py 2.3.0"),
        ({**OURS, **OTHER}, "dhis2.py", "warn", "Both PyPI packages"),
        ({**OURS, **OTHER}, "dhis2", "bad", "the other PyPI package dhis2"),
        (OURS, None, "bad", "of none of the known packages"),
    ],
)
def test_it_says_whose_module_dhis2_is(there, owner, level, says):
    told = machine.clash(Path("somewhere/dhis2/__init__.py"), there, owner)
    assert (told.level, says in told.text, "pip" in told.advice) == (level, True, level != "ok")


def test_the_owner_of_a_file_is_the_package_whose_record_has_just_this_content(tmp_path, monkeypatch):
    class File:
        def __init__(self, path, value):
            self.path, self.hash = path, type("Hash", (), {"value": value})

        def locate(self):
            return self.path

    file = tmp_path / "__init__.py"
    file.write_text("theirs")
    records = {"dhis2.py": [File(file, "of ours")], "dhis2": [File(file, machine._digest(file))]}
    monkeypatch.setattr(machine, "_files", records.get)
    assert machine.owner(file) == "dhis2"
    file.write_text("somebody edited it")
    assert machine.owner(file) is None


def test_here_the_module_is_ours():
    assert machine.module_clash().level == "ok"


# Findings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [ServerFailed("It failed."), ServerRefused("It refused.", "Do this."), KeyError("id")]
)
def test_what_stops_a_check_is_a_finding_with_what_to_do(error):
    def check():
        yield Finding("ok", "one", "Well.")
        raise error

    (told,) = guarded("one", check)
    assert (told.level, told.name, bool(told.text), bool(told.advice)) == ("bad", "one", True, True)


# Jobs and the package ----------------------------------------------------------------------------------------------


def who(*authorities, capture=1, search=1, view=0):
    return Who("name", frozenset(authorities), frozenset(), capture, search, view)


def lacks(account, reach):
    return {job.name: len(job.lacks) for job in of_records(account, reach)}


def test_what_records_need():
    free = Reach(there=True)
    assert lacks(who("F_VIEW_EVENT_ANALYTICS"), free) == {"push": 0, "pull": 0, "analytics": 0}
    assert lacks(who(), free)["analytics"] == 1
    assert lacks(who(capture=0), free)["push"] == 1, "search units are not enough to send"
    assert lacks(who(capture=0), free)["pull"] == 0, "to read they are"
    assert lacks(who(capture=0, search=0), free)["pull"] == 1
    assert lacks(who(), Reach(there=True, unread=["program"], unwritten=["program"])) == {
        "push": 1, "pull": 1, "analytics": 2,
    }  # fmt: skip
    assert lacks(who("ALL"), Reach()) == {"push": 1, "pull": 1, "analytics": 1}


def test_without_the_program_the_advice_is_to_install_it_first():
    assert {job.advice.split(" (")[0] for job in of_records(who(), Reach())} == {"Install the package first"}
    assert not any("Install" in job.advice for job in of_records(who(), Reach(there=True)))


def plan(*actions, installed=None, dhis2="2.42.4.1"):
    steps = [Step("indicators", f"Indicator{number:02}", "TPI - Met", action) for number, action in enumerate(actions)]
    return Plan("https://dhis2.example.org", "system", dhis2, "1.10.0", "digest", steps, installed)


def installed(version="1.10.0", digest="digest", dhis2="2.42.4.1"):
    return Installed(version, digest, dhis2, "2026-11-23T12:00:00+00:00", "admin")


@pytest.mark.parametrize(
    ("made", "word", "level"),
    [
        (plan(CREATE, CREATE), "not installed", "note"),
        (plan(UNCHANGED, installed=installed()), "up to date", "ok"),
        (plan(UPDATE, installed=installed()), "damaged", "bad"),
        (plan(UNCHANGED), "damaged", "bad"),
        (plan(CREATE, UNCHANGED), "damaged", "bad"),
        (plan(UPDATE, installed=installed("1.9.0")), "older", "warn"),
        (plan(UPDATE, installed=installed("1.11.0")), "newer", "warn"),
        (plan(UPDATE, installed=installed(digest="other", dhis2="2.41.5")), "older", "warn"),
        (plan(UNCHANGED, installed=installed(digest="other")), "older", "warn"),
    ],
)
def test_the_state_of_the_package_in_a_word(made, word, level):
    assert state(made).word == word
    told = of_state(who("ALL"), made)
    assert (told.level, bool(told.advice)) == (level, level != "ok")


def test_what_a_lesser_account_does_not_see_is_not_missing():
    made = plan(CREATE, UNCHANGED, installed=installed())
    assert of_state(who(), made).level == "note"
    assert of_state(who("ALL"), made).level == "bad"
