"""The hand-worked numbers on a real server; only with TPI_LIVE=1, TPI_DHIS2_URL and an account.

TPI_LIVE_UNITS names two facilities (code or UID) that have the program, "A,B": the records are sent to them,
the analytics tables are made, and each number is asked for. The records stay; delete the six partnerships by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.indicator_sql import coded
from tests.unit.test_indicator_numbers import LIVE, expected, keys
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.package.base import code_of

ASKED = os.environ.get("TPI_LIVE") == "1" and bool(os.environ.get("TPI_DHIS2_URL"))
TIME_LIMIT = 900
pytestmark = pytest.mark.skipif(not ASKED, reason="TPI_LIVE=1 and TPI_DHIS2_URL are not set, so no server was asked")


def units() -> dict[str, str]:
    """The codes in the record file, and the units of the server that stand for them."""
    given = os.environ.get("TPI_LIVE_UNITS", "").split(",")
    assert len(given) == 2, "TPI_LIVE_UNITS names two facilities, with a comma between"
    return dict(zip(("HOSPITAL", "CLINIC"), given, strict=True))


@cache
def client() -> Client:
    env = {name: os.environ.get(f"TPI_DHIS2_{name.upper()}", "") for name in ("username", "password", "token")}
    return Client(Account(os.environ["TPI_DHIS2_URL"], **env))


def uid_of(unit: str) -> str:
    """The UID of a unit that is given by UID or code."""
    params = {"filter": f"code:eq:{unit}", "fields": "id", "paging": "false"}
    found = client().get_object("organisationUnits", params)["organisationUnits"]
    return str(found[0]["id"]) if found else unit


def send(folder: Path) -> None:
    """Send the records as a user would."""
    text = (LIVE / "indicators.yaml").read_text("utf-8")
    for code, unit in units().items():
        text = text.replace(f"unit: {code}", f"unit: {unit}")
    path = folder / "indicators.yaml"
    path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "tpi_dhis2", "sync", "push", str(path)]
    store = {"TPI_DHIS2_STORE": str(folder / "store.sqlite")}
    done = subprocess.run(command, env={**os.environ, **store}, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def make_tables() -> None:
    """Start the analytics job and wait for its end: completed, or an error, or the time limit."""
    started = client().ask("POST", "resourceTables/analytics", expect=(200,)).body["response"]
    end = time.monotonic() + TIME_LIMIT
    while time.monotonic() < end:
        notes = client().get(f"system/tasks/ANALYTICS_TABLE/{started['id']}")
        failed = [note["message"] for note in notes if note["level"] == "ERROR"]
        assert not failed, failed
        if any(note["completed"] for note in notes):
            return
        time.sleep(3)
    pytest.fail(f"the analytics tables were not made in {TIME_LIMIT} seconds")


@pytest.fixture(scope="module", autouse=True)
def _sent(tmp_path_factory: pytest.TempPathFactory) -> None:
    send(tmp_path_factory.mktemp("live"))
    make_tables()


def asked(key: str, year: int, place: str) -> float:
    """The number that the server gives; 0 when it gives none."""
    kind = "programIndicators" if "_" in key else "indicators"
    where = units().values() if not place else [units()[place]]
    params = [
        ("dimension", f"dx:{coded(kind)[code_of(key)]['id']}"),
        ("dimension", f"pe:{year}"),
        ("filter", f"ou:{';'.join(uid_of(unit) for unit in where)}"),
        ("skipMeta", "true"),
    ]
    rows: list[list[Any]] = client().get_object("analytics", params)["rows"]
    return float(rows[0][2]) if rows else 0.0


@pytest.mark.parametrize("key", [*keys("programIndicators"), *keys("indicators")])
def test_a_server_gives_the_number_worked_out_by_hand(key: str) -> None:
    for (year, place), number in expected(key).items():
        assert asked(key, year, place) == pytest.approx(number, abs=0.05), (key, year, place)
