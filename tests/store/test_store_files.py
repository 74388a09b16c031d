"""Files and addresses that are no store, or only half of one: one plain line, and nothing is changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.one_item import item
from tests.store.test_store import in_another_process
from tpi_dhis2.errors import StoreProblem
from tpi_dhis2.store.store import Store


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


def filled(tmp_path: Path, count: int = 300) -> Path:
    """A store that was closed in order."""
    with Store.open(url(tmp_path)) as store:
        store.save([item(number, doc={"decisions": "x" * 200}) for number in range(count)])
    return tmp_path / "store.sqlite"


def refused(path: Path, says: str) -> None:
    """Whoever opens this is told so plainly, and the file stays as it is."""
    before = path.read_bytes()
    for reading in (False, True):
        with pytest.raises(StoreProblem) as raised, Store.open(f"sqlite:///{path}", reading=reading) as store:
            store.items()
        assert says in str(raised.value)
        assert raised.value.advice
        assert "\n" not in f"{raised.value}{raised.value.advice}"
        assert path.read_bytes() == before


# Files


CONTENTS = {
    "nothing": (b"", "it is empty"),
    "a text": (b"this is no database at all" * 500, "file is not a database"),
    "a head with garbage": (b"SQLite format 3\x00" + b"\xff" * 5000, "cannot be used"),
    "a few bytes": (b"SQLite", "file is not a database"),
}


@pytest.mark.parametrize(("content", "says"), CONTENTS.values(), ids=CONTENTS)
def test_what_is_no_database(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    refused(path, says)


@pytest.mark.parametrize("part", [0.02, 0.1, 0.5, 0.9, 0.9999])
def test_half_a_copy(tmp_path: Path, part: float) -> None:
    path = filled(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    refused(path, "a part of it is missing")


def test_pages_that_do_not_fit_together_are_seen_before_anything_is_written(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: -8 * 4096] + whole[-4 * 4096 :] + whole[-4 * 4096 :])
    with pytest.raises(StoreProblem, match="it is damaged"), Store.open(url(tmp_path)):
        pytest.fail("opened")


@pytest.mark.parametrize("tables", ["create table item (id integer)", "create table patients (id integer)"])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_of_something_else(tmp_path: Path, tables: str, mode: str) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute(f"pragma journal_mode={mode}")
        connection.execute(tables)
    connection.close()
    refused(tmp_path / "store.sqlite", "a database of something else")


def test_a_database_on_a_server_of_something_else(postgres) -> None:
    address = postgres.new()
    connection = postgres.connect(address.rsplit("/", 1)[1])
    connection.cursor().execute("create table patients (id integer)")
    with pytest.raises(StoreProblem, match="a database of something else"), Store.open(address):
        pytest.fail("opened")
    connection.cursor().execute("select * from patients")
    connection.close()


def test_a_copy_without_what_is_still_in_the_wal_is_an_older_store(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with Store.open(url(tmp_path)) as store:
        store.save([item(1)])
        shutil.copy(tmp_path / "store.sqlite", tmp_path / "copy")
        both = shutil.copytree(tmp_path, tmp_path.parent / "both", ignore=shutil.ignore_patterns("copy"))
    with Store.open(url(tmp_path / "copy")) as old:
        assert old.items() == []
    with Store.open(url(both)) as whole:
        assert whole.items() == [item(1)]


def test_a_database_without_tables_becomes_a_store(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute("pragma user_version=1")
    connection.close()
    with Store.open(url(tmp_path)) as store:
        store.save([item(1)])


def test_a_store_that_was_being_made_is_made_again(tmp_path: Path) -> None:
    script = (
        "from tpi_dhis2.store import form\nform.VERSION.create = lambda *_: os._exit(9)\nwith Store.open(url): pass"
    )
    assert in_another_process(script, url(tmp_path)).returncode == 9
    assert not (tmp_path / "store.sqlite").exists()
    with Store.open(url(tmp_path)) as store:
        assert store.items() == []
    assert sorted(os.listdir(tmp_path)) == ["store.sqlite", "store.sqlite.lock"]  # noqa: PTH208 - names alone


# Folders that cannot be written


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own that is still to be filled; ``freeze`` then makes it one that nobody can write into."""
    folder = tmp_path / "frozen"
    folder.mkdir()
    yield folder
    if os.geteuid() == 0:
        subprocess.run(["umount", folder], check=False, capture_output=True)  # noqa: S603, S607
    folder.chmod(0o700)


def freeze(folder: Path) -> None:
    if os.geteuid() != 0:
        folder.chmod(0o500)
        return
    for options in (["--bind", folder, folder], ["-o", "remount,ro,bind", folder]):
        if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:  # noqa: S603, S607
            pytest.skip("nothing can be mounted here, and to root every folder is writable")


def test_a_store_in_a_folder_that_cannot_be_written_is_read(frozen: Path) -> None:
    filled(frozen)
    freeze(frozen)
    with Store.open(url(frozen), reading=True) as store:
        assert len(store.items()) == 300
    with pytest.raises(StoreProblem, match="cannot be used"), Store.open(url(frozen)):
        pytest.fail("opened for writing")


def test_a_store_that_others_read_before_is_read_in_such_a_folder_too(frozen: Path) -> None:
    filled(frozen)
    with Store.open(url(frozen), reading=True) as store:
        store.items()
    freeze(frozen)
    with Store.open(url(frozen), reading=True) as store:
        assert len(store.items()) == 300


def test_a_copy_with_its_wal_in_such_a_folder_is_told_plainly(tmp_path: Path, frozen: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        store.save([item(1)])
        for name in ("store.sqlite", "store.sqlite-wal"):
            shutil.copy(tmp_path / name, frozen)
    freeze(frozen)
    with pytest.raises(StoreProblem, match="cannot be used") as raised, Store.open(url(frozen), reading=True):
        pytest.fail("opened")
    assert "in a folder you can write" in raised.value.advice


# Addresses


ADDRESSES = {
    "no address": "nonsense",
    "a path without its scheme": "/tmp/store.sqlite",  # noqa: S108 - never made
    "an unknown kind of database": "foo://host/db",
    "a database whose driver is not installed": "oracle://user:secret@host/db",
    "a folder": "sqlite:///{tmp}",
    "a server that does not answer": "postgresql://user:secret@127.0.0.1:1/db",
    "below a file": "sqlite:///{tmp}/file/store.sqlite",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_cannot_be_used_is_said_plainly_without_its_password(tmp_path: Path, address: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreProblem) as raised, Store.open(address.format(tmp=tmp_path)):
        pytest.fail("opened")
    assert "secret" not in f"{raised.value} {raised.value.advice} {raised.value.detail}"


def test_the_folder_of_a_store_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deeper" / "store.sqlite"
    with Store.open(f"sqlite:///{path}"):
        assert path.exists()


def test_what_is_stored_survives_a_pulled_plug(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store, store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_database_that_is_not_there_is_told_in_the_servers_words(postgres) -> None:
    address = f"postgresql://tpi:secret@127.0.0.1:{postgres.port}/absent"
    with pytest.raises(StoreProblem, match='cannot be used: database "absent" does not') as raised, Store.open(address):
        pytest.fail("opened")
    assert "secret" not in f"{raised.value} {raised.value.advice} {raised.value.detail}"
