"""Files and folders that cannot be read or written, and a disk that is full: nothing half written stays."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.servers import ROOT, Ran, environment, provisioned, tpi
from tests.fault.stores import run_on
from tests.old_stores import write_old_store
from tests.one_item import item
from tests.store.test_store_forms import is_brought_over
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.store.store import Store

resource = pytest.importorskip("resource", reason="limits of file size are a thing of POSIX")

RECORDS = ROOT / "tpi_dhis2" / "demo" / "published.yaml"
ACCOUNT = {"username": "admin", "password": "district"}
#: Runs the command line with a limit on file size in bytes and a line of Python before.
_LIMITED = """
import resource, sys
from tpi_dhis2.cli.main import main
exec(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
main(sys.argv[3:])
"""


def limited(size: int, before: str, *args: object, **given: str) -> Ran:
    """Run the command line where no file may grow beyond a size."""
    command = [sys.executable, "-c", _LIMITED, str(size), before, *map(str, args)]
    done = subprocess.run(command, env=environment(**given), capture_output=True, text=True, check=False)  # noqa: S603
    return Ran(done.returncode, done.stdout, done.stderr)


def is_plain_failure(ran: Ran) -> bool:
    """One line that says what is wrong, and no traceback."""
    said = [line for line in ran.lines if line.startswith("Error:")]
    return ran.code == 1 and len(said) == 1 and "Unexpected" not in said[0] and "Traceback" not in ran.err


@pytest.fixture
def full_store(tmp_path: Path) -> str:
    """A store with the published partnerships."""
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    with serve(provisioned()) as url:
        assert tpi("sync", "push", RECORDS, url=url, store=store, **ACCOUNT).code == 0
    return store


def everything(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_a_document_that_does_not_fit_leaves_nothing(full_store, tmp_path):
    large = "import tpi_dhis2.report.documents as d; d.render = lambda *_: 'x' * 2_000_000"
    out = tmp_path / "out"
    ran = limited(1_000_000, large, "report", "action-plan", "--all", "--out", out, store=full_store)
    assert is_plain_failure(ran), ran
    assert "cannot be written" in ran.err
    assert everything(out) == []


def test_a_document_that_is_there_survives_one_that_does_not_fit(full_store, tmp_path):
    out = tmp_path / "out"
    assert tpi("report", "evaluation", "--all", "--format", "md", "--out", out, store=full_store).code == 0
    before = {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}
    large = "import tpi_dhis2.report.documents as d; d.render = lambda *_: 'x' * 2_000_000"
    limited(1_000_000, large, "report", "evaluation", "--all", "--format", "md", "--out", out, store=full_store)
    assert {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()} == before


def test_a_backup_that_does_not_fit_stops_the_apply(tmp_path):
    sandbox, backups = Sandbox(), tmp_path / "backups"
    with serve(sandbox) as url:
        ran = limited(1_000_000, "", "provision", "apply", "--yes", "--backups", backups, url=url, **ACCOUNT)
    assert is_plain_failure(ran), ran
    assert "nothing was sent" in ran.err
    assert not sandbox.state.table("programs")
    assert everything(backups) == []


@pytest.mark.parametrize("kilobytes", [40, 120])
def test_a_store_that_cannot_grow_is_finished_by_the_next_pull(tmp_path, kilobytes):
    sandbox, store = provisioned(), f"sqlite:///{tmp_path / 'store.sqlite'}"
    with serve(sandbox) as url:
        filled = f"sqlite:///{tmp_path / 'first.sqlite'}"
        tpi("sync", "push", RECORDS, url=url, store=filled, **ACCOUNT)
        ran = limited(kilobytes * 1024, "", "sync", "pull", url=url, store=store, **ACCOUNT)
        # Where only the tables for analysts do not fit, that is said, and the records are there.
        assert is_plain_failure(ran) or "cannot have the tables for analysts" in ran.err, ran
        assert tpi("sync", "pull", url=url, store=store, **ACCOUNT).code == 0
    assert items(store) == items(filled)


@pytest.mark.parametrize("kilobytes", [40, 120])
def test_a_store_that_cannot_grow_is_finished_by_the_next_push(tmp_path, kilobytes):
    sandbox, store = provisioned(), f"sqlite:///{tmp_path / 'store.sqlite'}"
    with serve(sandbox) as url:
        ran = limited(kilobytes * 1024, "", "sync", "push", RECORDS, url=url, store=store, **ACCOUNT)
        assert is_plain_failure(ran), ran
        assert tpi("sync", "push", RECORDS, "--exit-code", url=url, store=store, **ACCOUNT).code == 0
        again = json.loads(tpi("sync", "push", RECORDS, "--json", url=url, store=store, **ACCOUNT).out)
    assert again["requests"] == 0
    assert len(items(store)) == len(sandbox.state.table("events")) + 2 * len(sandbox.state.table("enrollments"))


def items(store: str) -> set[str]:
    """The UIDs of a store."""
    with Store.open(store) as opened:
        return {item.uid for item in opened.items()}


@pytest.mark.parametrize(
    "address",
    ["nonsense", "sqlite:///{file}", "sqlite:///{file}/store.sqlite", "nosuch://x/y", "postgresql://u:{secret}@h:x/y"],
)
def test_a_store_that_cannot_be_had(tmp_path, address):
    file = tmp_path / "file"
    file.write_text("no database\n" * 100)
    ran = tpi("sync", "status", "--verbose", store=address.format(file=file, secret="Geheim-wort"))
    assert is_plain_failure(ran), ran
    assert "Geheim-wort" not in ran.out + ran.err
    assert file.read_text().startswith("no database")


def test_a_store_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr("tpi_dhis2.store.lock._LOCK_SECONDS", 0.05)
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    with Store.open(store), serve(provisioned()) as url:
        ran = tpi("sync", "pull", url=url, store=store, **ACCOUNT)
    assert is_plain_failure(ran), ran
    assert "Another run" in ran.err


# The store alone: a limit on file size, and a disk that is really full


_SAVE = "store.save([item(n, doc={'decisions': 'y' * 500}) for n in range(1000)], cursors={'': 'later'})"


def limit(kilobytes: int) -> str:
    """The line that lets no file of a process grow beyond a size."""
    return f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes * 1024}, {kilobytes * 1024}))"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB that is mounted for a test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)  # noqa: S603, S607


def is_as_before(store: str) -> None:
    """The store has what was in it before the disk was full, and can be written to again."""
    with Store.open(store) as opened:
        assert (opened.items(), opened.cursor(), opened.faults()) == ([item(1)], "before", [])
        opened.save([item(2)])


def one_item(store: str) -> None:
    with Store.open(store) as opened:
        opened.save([item(1)], cursors={"": "before"})


@pytest.mark.parametrize("kilobytes", [4, 60, 100, 200, 400])
def test_a_save_that_does_not_fit_leaves_the_store_as_it_was(tmp_path, kilobytes):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    one_item(store)
    ran = run_on(store, inside=f"{limit(kilobytes)}\n{_SAVE}")
    assert is_plain_failure(ran), ran
    assert "Free space" in ran.err
    is_as_before(store)


def test_a_save_on_a_full_disk_leaves_the_store_as_it_was(small_disk):
    store = f"sqlite:///{small_disk / 'store.sqlite'}"
    one_item(store)
    ran = run_on(store, inside=_SAVE)
    assert is_plain_failure(ran), ran
    assert "Free space" in ran.err
    is_as_before(store)


def test_a_store_is_not_begun_on_a_full_disk(small_disk):
    filler = small_disk / "filler"
    filler.write_bytes(bytes(280 * 1024))
    store = f"sqlite:///{small_disk / 'store.sqlite'}"
    ran = run_on(store)
    assert is_plain_failure(ran), ran
    assert not (small_disk / "store.sqlite").exists()
    filler.unlink()
    assert run_on(store).code == 0


@pytest.mark.parametrize("kilobytes", [0, 4, 24, 60])
def test_a_migration_that_does_not_fit_leaves_the_store_as_it_was(tmp_path, kilobytes):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    write_old_store(store)
    before = (tmp_path / "store.sqlite").read_bytes()
    ran = run_on(store, before=limit(kilobytes))
    assert is_plain_failure(ran), ran
    assert (tmp_path / "store.sqlite").read_bytes() == before
    is_brought_over(store)


@pytest.mark.parametrize("left", [20, 60, 120])
def test_a_migration_on_a_full_disk_leaves_the_store_as_it_was(small_disk, left):
    store = f"sqlite:///{small_disk / 'store.sqlite'}"
    write_old_store(store)
    used = sum(path.stat().st_size for path in small_disk.iterdir())
    filler = small_disk / "filler"
    filler.write_bytes(bytes(300 * 1024 - used - left * 1024))
    ran = run_on(store)
    assert is_plain_failure(ran), ran
    filler.unlink()
    is_brought_over(store)


@pytest.mark.parametrize("document", ["action-plan", "evaluation"])
def test_a_folder_that_cannot_be_written(full_store, tmp_path, document):
    file = tmp_path / "file"
    file.write_text("mine")
    ran = tpi("report", document, "--all", "--out", file / "out", store=full_store)
    assert is_plain_failure(ran), ran
    assert "cannot be written" in ran.err
    assert file.read_text() == "mine"


def test_the_demo_deletes_nothing_of_others(tmp_path):
    mine = tmp_path / "data" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work")
    tpi("demo", tmp_path, "--url", "http://[::1", "--username", "admin", password="x")
    assert mine.exists()


def test_the_demo_in_a_folder_that_cannot_be_written(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    ran = tpi("demo", file / "out", url="http://127.0.0.1:1", **ACCOUNT)
    assert is_plain_failure(ran), ran
