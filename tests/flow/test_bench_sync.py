"""The bench of the sync: its arithmetic, and that it runs from end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tpi_dhis2.resources import folder

SCRIPTS = folder("metadata").parent / "scripts"
if not SCRIPTS.exists():
    pytest.skip("the scripts are not here", allow_module_level=True)
sys.path.insert(0, str(SCRIPTS))

from bench_data import objects_each, template, uid_of  # noqa: E402
from bench_sites import Row  # noqa: E402
from bench_sync_report import BARE, OVERLAP, PUSH, TEN, Size, SyncReport, exponent, exponents  # noqa: E402

SIZE = Size.of(50_000)


def row(name, seconds, *, objects=1000, **given):
    return Row(name, objects, seconds, given.pop("cpu", 1.0), given.pop("memory", 100.0), **given)


def broken(*rows):
    """The limits that these figures break."""
    return [limit.found for limit in SyncReport("here", SIZE, list(rows)).limits() if limit.within is False]


def test_the_sizes_are_those_of_the_limits():
    assert (SIZE.objects, SIZE.partnerships, SIZE.events) == (50_000, 10_000, 100_000)


def test_the_quickest_runs_are_compared():
    slow = [row(BARE, 9.0), row(PUSH, 12.0), row(BARE, 10.0)]
    assert broken(*slow) == ["75%"]
    assert broken(*slow, row(PUSH, 10.0)) == []


def test_each_limit_is_told_when_it_is_broken():
    assert broken(row(OVERLAP, 1.0, tracker=2)) == ["2 times"]
    assert broken(row(OVERLAP, 9.0, cpu=1.5, busy=0.1)) == ["2.40 s"]
    assert broken(row(TEN, 1.0, writes=4)) == ["4 requests"]
    assert broken(row("export", 1.0, memory=301.0)) == ["301 MB, export"]


def test_what_was_not_measured_is_neither_kept_nor_broken():
    told = {limit.within for limit in SyncReport("here", SIZE, [row("status", 1.0)]).limits()}
    assert told == {None, True}


def test_waiting_for_a_busy_machine_is_no_work():
    assert row("pull", 10.0, cpu=1.0, busy=0.05).work == pytest.approx(1.5)
    assert row("pull", 10.0, cpu=1.0).work == 10.0  # of a server nobody knows how busy it was


def test_the_exponent_tells_in_proportion_from_worse():
    sizes = (10, 30, 100, 300)
    assert exponent((n, 7 * n) for n in sizes) == pytest.approx(1)
    assert exponent((n, n * n / 50) for n in sizes) == pytest.approx(2)
    assert exponent([(10, 3)]) is None
    curve = [row("pull", n / 5, objects=n) for n in sizes]
    assert exponents(curve) == {"pull": pytest.approx(1)}


def test_a_partnership_holds_all_kinds_of_record():
    assert [len(template(shape)) for shape in ("full", "small")] == [objects_each("full"), objects_each("small")]
    assert objects_each("full") == 25
    assert len({draft.kind for draft in template("full")}) == 12  # the eleven, and "" for what is above them
    assert len({uid_of("a", 1), uid_of("a", 2), uid_of("b", 1)}) == 3


def test_it_runs_from_end_to_end():
    own = {name: value for name, value in os.environ.items() if not name.startswith("TPI_DHIS2_")}
    command = [sys.executable, str(SCRIPTS / "bench.py"), "sync", "--objects", "200", "--times", "1", "--json"]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert all(limit["within"] is not None for limit in report["limits"])
    rows = {one["name"]: one for one in report["rows"]}
    assert (rows[TEN]["writes"], rows[OVERLAP]["tracker"], rows["push, unchanged"]["writes"]) == (1, 1, 0)
