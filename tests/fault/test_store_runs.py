"""Several processes at one store: two that write, one that is killed, and one that reads meanwhile."""

from __future__ import annotations

import random
import subprocess
import sys
import time

from tests.fault.servers import ROOT, environment
from tests.fault.stores import FAILED, run_on
from tpi_dhis2.store.store import Store

_HEAD = """
import sys, time
from tests.one_item import item
from tpi_dhis2.store.store import Store
url, count = sys.argv[1], int(sys.argv[2])
def save(store, number):
    store.save([item(each, doc={"round": str(number)}) for each in range(count)], cursors={"": str(number)})
"""


def start(script: str, store_url: str, count: int) -> tuple[subprocess.Popen[str], str]:
    """Run a script in a process of its own, up to its first line of output."""
    process = subprocess.Popen(  # noqa: S603 - this very Python
        [sys.executable, "-c", _HEAD + script, store_url, str(count)],
        env=environment(),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, process.communicate()[1]
    return process, said.strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def whole(store: Store, count: int) -> str | None:
    """The round that the store stands at; it is the same in all that was saved with it."""
    found = store.cursor()
    expected = {} if found is None else {found: count}
    rounds = [each.doc["round"] for each in store.items()]
    assert {each: rounds.count(each) for each in set(rounds)} == expected
    return found


def test_a_save_that_is_killed_is_there_whole_or_not_at_all(store_url: str) -> None:
    chance, done = random.Random(20261123), 0  # noqa: S311 - the moments are to be the same each time
    count = 5000 if store_url.startswith("sqlite") else 1000  # a server takes three times as long for each
    script = """
with Store.open(url) as store:
    began = int(store.cursor() or 0) + 1
    before = time.monotonic()
    save(store, began)
    print(began, time.monotonic() - before, flush=True)
    for number in range(began + 1, began + 1000):
        save(store, number)
"""
    for _ in range(10):
        process, said = start(script, store_url, count)
        number, seconds = said.split()
        time.sleep(chance.uniform(0, 1.5) * float(seconds))
        end(process)
        with Store.open(store_url) as store:
            found = int(whole(store, count) or 0)
        assert found >= int(number) > done, "what was said to be stored is stored"
        done = found


def test_a_reader_never_sees_half_of_a_save(store_url: str) -> None:
    script = """
with Store.open(url) as store:
    save(store, 0)
    print("saved", flush=True)
    for number in range(1, 1000000):
        save(store, number)
"""
    (writer, _), seen, until = start(script, store_url, 500), set(), time.monotonic() + 30
    try:
        while len(seen) < 4 and time.monotonic() < until:
            with Store.open(store_url, reading=True) as store:
                seen.add(whole(store, 500))
        assert writer.poll() is None
        assert len(seen) > 1
    finally:
        end(writer)


def test_the_second_of_two_runs_is_told_and_leaves_with_1(store_url: str) -> None:
    script = """
with Store.open(url) as store:
    print("opened", flush=True)
    time.sleep(600)
"""
    first, _ = start(script, store_url, 0)
    try:
        second = run_on(store_url, "lock._LOCK_SECONDS = 0.3")
    finally:
        end(first)
    assert second.code == FAILED, second
    [line] = [line for line in second.lines if line.startswith("Error:")]
    assert "Another run is using the store" in line
    assert store_url.rsplit("/", 1)[1] in line
    assert f"process {first.pid} on " in line
    assert "since 20" in line
    assert "Wait until it has ended" in second.err
    assert "Geheim" not in second.err + second.out
    assert "Traceback" not in second.err
    assert run_on(store_url).code == 0


def test_two_that_start_at_once_write_one_after_the_other(store_url: str) -> None:
    script = """
print("ready", flush=True)
with Store.open(url) as store:
    found = int(store.setting("count") or 0)
    time.sleep(0.3)
    store.set("count", str(found + 1))
"""
    runs = [start(script, store_url, 0)[0] for _ in range(3)]
    told = [run.communicate(timeout=60)[1] for run in runs]
    with Store.open(store_url) as store:
        assert store.setting("count") == "3", told


def test_a_writer_whose_server_lets_it_go_ends_with_a_plain_line(postgres) -> None:
    address = postgres.new()
    name = address.rsplit("/", 1)[1]
    inside = f"""
import pg8000.dbapi
other = pg8000.dbapi.connect(user="tpi", host="127.0.0.1", port={postgres.port}, database="postgres")
other.cursor().execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
store.set("a", "b")
"""  # noqa: S608 - our own name
    ran = run_on(address, inside=inside)
    assert ran.code == FAILED, ran
    assert "cannot be used" in ran.err
    assert "Traceback" not in ran.err
    assert run_on(address).code == 0
