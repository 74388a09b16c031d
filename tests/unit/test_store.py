"""The store: real SQLite files, one process at a time, whole transactions, one server."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.builders import OTHER_UNIT, UNIT
from tpi_dhis2.errors import StoreBusy, StoreProblem
from tpi_dhis2.store import store as module
from tpi_dhis2.store.items import CONFLICT, CYCLE, PARTNERSHIP, RECORD, SYNCED, TO_SEND, Item
from tpi_dhis2.store.partnerships import partnerships
from tpi_dhis2.store.store import Store


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


def item(number: int = 1, **changes: object) -> Item:
    made = Item(f"aEvent{number:05d}", RECORD, "contact", UNIT, OTHER_UNIT, {"decisions": "x"})
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def in_another_process(script: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    head = """
import os
from tests.unit.test_store import item
from tpi_dhis2.store import store as module
from tpi_dhis2.store.store import Store
"""
    root = Path(__file__).parents[2]
    return subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-c", f"{head}url = {url(tmp_path)!r}\n{script}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=root,
    )


# What it keeps


def test_an_object_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    full = item(
        base={"decisions": "é 日本", "#siteElem001": "y"},
        state=CONFLICT,
        problem="said why",
        conflicts={"decisions": ["x", None]},
        deleted=True,
    )
    with Store.open(url(tmp_path)) as store:
        store.save([full])
    with Store.open(url(tmp_path)) as store:
        assert store.items() == [full]
        assert store.by_uid([full.uid, "absent00001"]) == {full.uid: full}


def test_never_seen_there_is_not_the_same_as_empty_there(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        store.save([item(1, base=None), item(2, base={})])
        assert [each.base for each in store.items()] == [None, {}]


def test_an_object_that_is_saved_again_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        store.save([item()])
        store.save([item(doc={"decisions": "new"})])
        assert [each.doc for each in store.items()] == [{"decisions": "new"}]


def test_many_objects_are_kept_and_found(tmp_path: Path) -> None:
    many = [item(number) for number in range(1001)]
    with Store.open(url(tmp_path)) as store:
        store.save(many)
        assert len(store.items()) == 1001
        assert len(store.by_uid(each.uid for each in many)) == 1001


def test_objects_are_found_by_partnership_and_state(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        store.save([item(1), item(2, state=SYNCED), item(3, partnership=OTHER_UNIT, state=SYNCED)])
        assert [each.uid[-1] for each in store.items(partnership=UNIT)] == ["1", "2"]
        assert {each.uid[-1] for each in store.items(state=SYNCED)} == {"2", "3"}
        assert [each.uid[-1] for each in store.items(UNIT, SYNCED)] == ["2"]


def test_settings_and_units_are_kept_and_replaced(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        assert store.setting("pulled") is None
        store.set("pulled", "2026-11-23T10:00:00.000")
        store.set("pulled", "2026-11-24T10:00:00.000")
        store.save_units([{"id": UNIT, "name": "Old"}, {"id": OTHER_UNIT, "name": "Clinic", "code": "CLINIC"}])
        store.save_units([{"id": UNIT, "name": "Hospital"}])
        assert store.setting("pulled") == "2026-11-24T10:00:00.000"
        assert store.unit_names() == {UNIT: "Hospital", OTHER_UNIT: "Clinic"}


@pytest.mark.parametrize(
    ("doc", "base", "deleted", "differs"),
    [
        ({"a": "1"}, None, False, True),
        ({"a": "1"}, {"a": "1"}, False, False),
        ({"a": "1"}, {"a": "2"}, False, True),
        ({}, {"a": "2"}, False, True),
        ({"a": "1"}, None, True, False),
    ],
)
def test_what_the_server_lacks_is_to_be_sent(
    doc: dict[str, str], base: dict[str, str] | None, deleted: bool, differs: bool
) -> None:
    found = item(doc=doc, base=base, deleted=deleted)
    found.settle()
    assert (found.differs, found.state) == (differs, TO_SEND if differs else SYNCED)


# Partnerships


def test_the_objects_are_put_together_to_partnerships_without_properties_fields_of_the_site_and_deleted_ones(
    tmp_path: Path,
) -> None:
    pair = Item(UNIT, PARTNERSHIP, "", UNIT, "", {"@unit": OTHER_UNIT, "name": "Alpha", "#siteAttr001": "x"})
    cycle = Item(OTHER_UNIT, CYCLE, "", UNIT, OTHER_UNIT, {"@date": "2016-08-01", "@status": "COMPLETED"})
    kept = item(1, doc={"@date": "2017-01-10", "contact_type": "CALL", "#siteElem001": "y"})
    with Store.open(url(tmp_path)) as store:
        store.save([pair, cycle, kept, item(2, deleted=True)])
        store.save_units([{"id": OTHER_UNIT, "name": "Clinic"}])
        (found,) = partnerships(store)
    assert (found.name, found.host_name, found.values) == ("Alpha", "Clinic", {"name": "Alpha"})
    assert [(each.uid, each.status) for each in found.cycles] == [(OTHER_UNIT, "COMPLETED")]
    assert [(each.uid, each.values) for each in found.cycles[0].records] == [(kept.uid, {"contact_type": "CALL"})]


def test_a_partner_inside_is_called_by_its_unit_unless_it_has_a_name(tmp_path: Path) -> None:
    docs = [{"name": "A", "partner_unit": UNIT}, {"name": "B", "partner_unit": UNIT, "partner_name": "Own"}]
    with Store.open(url(tmp_path)) as store:
        store.save([Item(f"aPair00000{n}", PARTNERSHIP, "", f"aPair00000{n}", "", doc) for n, doc in enumerate(docs)])
        store.save_units([{"id": UNIT, "name": "Hospital"}])
        assert [each.text("partner_name") for each in partnerships(store)] == ["Hospital", "Own"]


# One server, one process


def test_a_store_mirrors_one_server_and_refuses_another(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        store.bind("https://one.example/dhis")
    with Store.open(url(tmp_path)) as store:
        store.bind("https://one.example/dhis")
        with pytest.raises(StoreProblem, match="another server"):
            store.bind("https://two.example/dhis")
        assert store.setting("server") == "https://one.example/dhis"


def test_a_second_opener_is_told_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.1)
    with Store.open(url(tmp_path)), pytest.raises(StoreBusy, match="Another run"), Store.open(url(tmp_path)):
        pytest.fail("two openers at once")
    with Store.open(url(tmp_path)) as store:
        assert store.items() == []


def test_another_process_is_told_to_wait_too(tmp_path: Path) -> None:
    script = "module._LOCK_SECONDS = 0.1\nwith Store.open(url): print('opened')"
    with Store.open(url(tmp_path)):
        told = in_another_process(script, tmp_path)
    assert "StoreBusy" in told.stderr
    assert told.stdout == ""
    assert in_another_process(script, tmp_path).stdout == "opened\n"


def test_an_error_inside_lets_the_store_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Store.open(url(tmp_path)):
        raise ZeroDivisionError
    with Store.open(url(tmp_path)) as store:
        assert store.items() == []


# Crashes


def test_a_crash_between_two_saves_leaves_the_first_whole_and_nothing_of_the_second(tmp_path: Path) -> None:
    told = in_another_process(
        """
with Store.open(url) as store:
    store.save([item(number) for number in range(300)], {"pulled": "first"})
    replace, count = module._replace, []
    def dying(*args):
        replace(*args)
        count.append(1)
        os._exit(9)
    module._replace = dying
    store.save([item(number) for number in range(250, 700)], {"pulled": "second"})
""",
        tmp_path,
    )
    assert told.returncode == 9, told.stderr
    with Store.open(url(tmp_path)) as store:
        assert (len(store.items()), store.setting("pulled")) == (300, "first")


def test_a_save_that_fails_midway_leaves_nothing_of_it(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        store.save([item(1)])
    bad = item(2, doc={"decisions": object()})
    with pytest.raises(Exception, match="JSON serializable"), Store.open(url(tmp_path)) as store:
        store.save([item(1, doc={"decisions": "new"}), bad], {"pulled": "x"})
    with Store.open(url(tmp_path)) as store:
        assert (store.items(), store.setting("pulled")) == ([item(1)], None)


# What cannot be used


def test_tables_of_an_unknown_form_are_refused_and_left_alone(tmp_path: Path) -> None:
    with Store.open(url(tmp_path)) as store:
        store.save([item()])
        store.set("schema", "99")
    with pytest.raises(StoreProblem, match="form 99; this release knows form"), Store.open(url(tmp_path)):
        pytest.fail("opened")
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        assert connection.execute("select count(*) from item").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("content", [b"this is no database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_broken_database_is_said_plainly_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreProblem, match="cannot be used") as raised, Store.open(url(tmp_path)):
        pytest.fail("opened")
    assert raised.value.advice
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_said_plainly(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute("create table item (id integer)")
    connection.close()
    with pytest.raises(StoreProblem, match="cannot be used"), Store.open(url(tmp_path)) as store:
        store.items()


ADDRESSES = {
    "no address": "nonsense",
    "a path without its scheme": "/tmp/store.sqlite",  # noqa: S108 - never made
    "an unknown kind of database": "foo://host/db",
    "a database whose driver is not installed": "oracle://user:secret@host/db",
    "a folder": "sqlite:///{tmp}",
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
