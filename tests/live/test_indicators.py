"""The hand-worked numbers on a server: records are sent to two facilities, tables are made, each number is asked for.

A sandbox takes the records and has no tables of analytics, so the numbers are asked of a real server only.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.live.look import PERIODS, lacks_periods
from tests.live.partners import held, install, on_server
from tests.unit.indicator_sql import coded
from tests.unit.test_indicator_numbers import LIVE, expected, keys
from tpi_dhis2.errors import ServerRefused
from tpi_dhis2.package.base import code_of
from tpi_dhis2.store.items import PARTNERSHIP

#: How long a server may work on its tables: a staging copy has all of a country's data to read.
SECONDS = int(os.environ.get("TPI_LIVE_ANALYTICS_SECONDS") or 3600)
PLACES = ("HOSPITAL", "CLINIC")
#: From this day on no number depends on the day on which it is asked (``V{current_date}``, indicators.yaml).
EARLIEST = "2026-11-01"


def test_the_server_gives_the_numbers_worked_out_by_hand(life):
    life.tell(
        is_installed_for_two_facilities,
        takes_the_six_partnerships,
        says_so_while_it_has_no_tables,
        makes_its_tables,
        gives_every_number_of_a_program_indicator,
        gives_every_number_of_an_indicator,
    )


def is_installed_for_two_facilities(life):
    """The package is there, assigned to the two facilities."""
    install(life)


def takes_the_six_partnerships(life):
    """The partnerships whose numbers were worked out by hand are sent, and none of their records is refused."""
    text = (LIVE / "indicators.yaml").read_text("utf-8")
    for code, unit in zip(PLACES, life.units, strict=True):
        text = text.replace(f"unit: {code}", f"unit: {unit}")
    path = life.folder / "indicators.yaml"
    path.write_text(text, "utf-8")
    told = life.told("sync", "push", path, "--exit-code")
    assert (told["refused"], told["set_aside"], told["created"]["partnership"]) == ([], [], 6)
    sent = {item.uid for item in held(life).values() if item.type == PARTNERSHIP}
    assert sent == on_server(life).keys()


def says_so_while_it_has_no_tables(life):
    """A number that is asked for before there are tables is refused with E7144."""
    key = keys("programIndicators")[0]
    if not life.is_sandbox and not life.client.info.get("lastAnalyticsTableSuccess", "1970").startswith("1970"):
        pytest.skip("the server has tables of an earlier run")
    with pytest.raises(ServerRefused) as refused:
        asked(life, key, 2026, "")
    assert refused.value.body["errorCode"] == "E7144"


def makes_its_tables(life):
    """The analytics tables are made, by a job of the server that ends without an error."""
    if os.environ.get("TPI_LIVE_PERIODS") == "1" and lacks_periods(life.client):
        life.client.ask("POST", PERIODS, body=[{"name": "Monthly"}, {"name": "Yearly"}])
    skip_without_tables(life)
    began = time.monotonic()
    started = life.client.ask("POST", "resourceTables/analytics").body["response"]
    while time.monotonic() - began < SECONDS:
        # A job that failed never says that it is completed (recorded on 2.43), and one that waits says nothing.
        notes = life.client.get(f"system/tasks/ANALYTICS_TABLE/{started['id']}")
        assert [note["message"] for note in notes if note["level"] == "ERROR"] == []
        if any(note["completed"] for note in notes):
            life.story.measured["analytics tables"] = f"made in {time.monotonic() - began:.0f} s"
            return
        time.sleep(3)
    pytest.fail(f"the analytics tables were not made in {SECONDS} seconds (TPI_LIVE_ANALYTICS_SECONDS)")


def skip_without_tables(life):
    """Skip what needs tables where there can be none."""
    if life.is_sandbox:
        pytest.skip("the sandbox has no tables of analytics (it answers E7144)")
    if lacks_periods(life.client):
        pytest.skip(
            f"no period types are chosen on the server (/api/{PERIODS}), so it can build no tables;"
            " add --set-periods to let this choose Monthly and Yearly, which stay chosen"
        )


def gives_every_number_of_a_program_indicator(life):
    """Every program indicator gives the numbers worked out by hand, by year and place."""
    gives_the_numbers(life, "programIndicators")


def gives_every_number_of_an_indicator(life):
    """Every indicator gives the numbers worked out by hand, by year and place."""
    gives_the_numbers(life, "indicators")


def skip_before_its_day(life):
    """Skip the numbers on a server whose clock is behind the day for which they were worked out."""
    today = life.client.info["serverDate"][:10]
    if today < EARLIEST:
        pytest.skip(f"by the server's clock it is {today}, and the numbers are right from {EARLIEST} on")


def gives_the_numbers(life, kind):
    """Ask for all numbers before failing for those that differ, or were refused."""
    skip_without_tables(life)
    skip_before_its_day(life)
    rows = [(key, *where, number) for key in keys(kind) for where, number in expected(key).items()]
    differing = [
        f"{code_of(key)} | {year} | {place or 'both'} | {number:g} | {found}"
        for key, year, place, number in rows
        if (found := answered(life, key, year, place)) != pytest.approx(number, abs=0.05)
    ]
    head = f"{len(differing)} of {len(rows)} numbers differ\ncode | year | place | by hand | server"
    if differing:
        raise AssertionError("\n".join([head, *differing]))


def answered(life, key, year, place):
    """The number that the server gives, or why it gives none."""
    try:
        return asked(life, key, year, place)
    except ServerRefused as refused:
        return f"{(refused.body or {}).get('errorCode', '')} {refused}"


def asked(life, key, year, place):
    """The number that the server gives; 0 when it gives none."""
    kind = "programIndicators" if "_" in key else "indicators"
    where = [unit for name, unit in zip(PLACES, life.units, strict=True) if place in ("", name)]
    params = [
        ("dimension", f"dx:{coded(kind)[code_of(key)]['id']}"),
        ("dimension", f"pe:{year}"),
        ("filter", f"ou:{';'.join(where)}"),
        ("skipMeta", "true"),
    ]
    rows = life.client.get_object("analytics", params)["rows"]
    return float(rows[0][2]) if rows else 0.0
