"""Two at once: two runs of one store, two stores of one server, a store that was copied, whole or in part."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.fault.rounds import (
    FIELDS,
    Desk,
    Json,
    assert_calm,
    die_of,
    first,
    is_plain,
    partnership,
    record_file,
    second,
    seeds,
    server_with,
    there,
    world,
)
from tests.fault.servers import admin, provisioned
from tests.fault.test_sync_faults import undisturbed
from tpi_dhis2.sandbox.server import serve
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.pull import ALL
from tpi_dhis2.sync.push import How, push
from tpi_dhis2.sync.run import run

pytestmark = pytest.mark.usefixtures("quick")


def test_a_second_run_of_the_same_store_waits_or_says_so_and_changes_nothing(tmp_path: Path):
    made = world("2.42")
    sandbox = server_with(made.after)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url, made.ahead)
        before = desk.items()
        with Store.open(desk.store):
            ran = desk.tpi("sync", "run")
        assert is_plain(ran), ran
        assert (ran.code, "Another run" in ran.err) == (1, True)
        assert desk.items() == before
        assert not [path for method, path in sandbox.requests if method == "POST"]


class Station(threading.Thread):
    """A computer with a store of its own that takes a file, pushes and runs again, several times."""

    def __init__(self, desk: Desk, entries: list[Json], times: int) -> None:
        super().__init__()
        self.desk, self.times = desk, times
        self.path = record_file(desk.folder, entries, f"{desk.path.stem}.yaml")
        self.trouble: Exception | None = None

    def run(self) -> None:
        """Work."""
        try:
            with Store.open(self.desk.store) as store:
                push(admin(self.desk.url), store, FIELDS, [self.path], How())
                for _ in range(self.times):
                    run(admin(self.desk.url), store, FIELDS, ALL, How())
        except Exception as error:  # noqa: BLE001 - told by the test
            self.trouble = error


@pytest.mark.parametrize("seed", seeds(4))
def test_two_stores_of_one_server_at_once_lose_and_double_nothing(tmp_path: Path, seed: int):
    """One changes activities, the other agreements of the same partnerships, and each brings one of its own."""
    die, sandbox = die_of("two", seed), server_with(world("2.42").before)
    ours, theirs = first(), first()
    for one, other in zip(ours, theirs, strict=True):
        records(one)["activity"][die.randrange(4)]["spent"] = 90
        records(other)["agreement"][0]["common_goal"] = "No infections"
        del records(other)["activity"], records(other)["target"]
    ours.append(partnership("x", d2026_06_01=50))
    theirs.append(partnership("y", d2026_06_01=50))
    with serve(sandbox) as url:
        desks = [Desk(tmp_path, url, world("2.42").behind, name) for name in ("one", "two")]
        stations = [Station(desks[0], ours, 1), Station(desks[1], theirs, die.randrange(3))]
        for station in stations:
            station.start()
        for station in stations:
            station.join()
        assert [station.trouble for station in stations] == [None, None]
        for desk in [*desks, *desks]:
            desk.well("sync", "run")
        found = there(url)
        kept = [remote.doc for remote in found.values()]
        assert sum(doc.get("spent") == "90" for doc in kept) == 3
        assert sum(doc.get("common_goal") == "No infections" for doc in kept) == 3
        assert len(found) == 30 + 2 * 5
        docs = [{uid: item["doc"] for uid, item in desk.items().items()} for desk in desks]
        assert docs[0] == docs[1] == {uid: remote.doc for uid, remote in found.items()}
        assert not any(item["conflicts"] for desk in desks for item in desk.items().values())
        for desk in desks:
            assert_calm(desk, sandbox)


def records(entry: Json) -> dict[str, list[dict[str, Any]]]:
    """The records of the first cycle."""
    found: dict[str, list[dict[str, Any]]] = entry["cycles"][0]["records"]
    return found


def test_a_copy_of_a_store_that_is_behind_doubles_nothing_and_loses_nothing(tmp_path: Path):
    made = world("2.42")
    sandbox = server_with(made.after)
    with serve(sandbox) as url:
        desk, copy = Desk(tmp_path, url, made.ahead), Desk(tmp_path, url, made.ahead, "copy")
        desk.well("sync", "run")
        copy.well("sync", "run")
        assert there(url) == undisturbed("run", "2.42")[0]
        desk.well("sync", "run")  # takes what the server added to what was sent
        assert copy.items() == desk.items()
        assert_calm(copy, sandbox)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_copy_of_a_store_does_no_harm(tmp_path: Path, share: float):
    """It is refused in plain words, or used as far as it goes; a store of its own has everything again."""
    made = world("2.42")
    sandbox = server_with(made.after)
    with serve(sandbox) as url:
        desk = Desk(tmp_path, url)
        desk.path.write_bytes(made.ahead[: int(len(made.ahead) * share)])
        ran = desk.tpi("sync", "run")
        assert is_plain(ran), ran
        assert ran.code == 1
        assert there(url).keys() == there_before(made.after)
        fresh = Desk(tmp_path, url, name="fresh")
        fresh.push(second())
        fresh.well("sync", "run")
        assert there(url).keys() == undisturbed("run", "2.42")[0].keys()


def there_before(tables: dict[str, Json]) -> set[str]:
    """The UIDs that a server with these data gives."""
    with serve(server_with(tables)) as url:
        return set(there(url))


@pytest.mark.parametrize("seed", seeds(2))
def test_a_store_copied_while_a_run_writes_it_is_good_or_refused(tmp_path: Path, seed: int):
    die, sandbox = die_of("copied", seed), provisioned()
    with serve(sandbox) as url:
        desk, copy = Desk(tmp_path, url), Desk(tmp_path, url, name="copy")
        station = Station(desk, first(), 1)
        station.start()
        station.join(die.uniform(0.05, 0.8))
        if desk.path.exists():
            shutil.copy(desk.path, copy.path)  # without the journal, as people copy
        station.join()
        assert station.trouble is None
        ran = copy.tpi("sync", "push", record_file(tmp_path, first()))
        assert is_plain(ran), ran
        assert len(there(url)) == len(desk.items()) == 30
        assert_calm(desk, sandbox)
