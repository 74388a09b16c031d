"""The hand-worked numbers on a real server: the records are sent to two facilities, the analytics tables are made, and
each number is asked for. The records stay; delete the six partnerships by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.live.server import client, needs_server, uid_of, units
from tests.unit.indicator_sql import coded
from tests.unit.test_indicator_numbers import LIVE, expected, keys
from tpi_dhis2.package.base import code_of

TIME_LIMIT = 900
pytestmark = needs_server


def places() -> dict[str, str]:
    """The codes in the record file, and the units of the server that stand for them."""
    return dict(zip(("HOSPITAL", "CLINIC"), units(), strict=True))


def send(folder: Path) -> None:
    """Send the records as a user would."""
    text = (LIVE / "indicators.yaml").read_text("utf-8")
    for code, unit in places().items():
        text = text.replace(f"unit: {code}", f"unit: {unit}")
    path = folder / "indicators.yaml"
    path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "tpi_dhis2", "sync", "push", str(path), "--exit-code"]
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
    where = units() if not place else [places()[place]]
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
