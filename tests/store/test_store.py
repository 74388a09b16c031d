"""The store on real databases, SQLite and PostgreSQL: what it keeps, one writer at a time, whole transactions."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.one_item import OTHER_UNIT, UNIT, item
from tpi_dhis2.errors import StoreBusy, StoreNotReady, StoreProblem
from tpi_dhis2.store import lock
from tpi_dhis2.store.items import CONFLICT, CYCLE, PARTNERSHIP, SYNCED, TO_POST, TO_UPDATE, Clash, Item
from tpi_dhis2.store.partnerships import partnerships
from tpi_dhis2.store.store import Store


def in_another_process(script: str, store_url: str) -> subprocess.CompletedProcess[str]:
    head = """
import os
from tests.one_item import item
from tpi_dhis2.store import lock
from tpi_dhis2.store import store as module
from tpi_dhis2.store.store import Store
"""
    root = Path(__file__).parents[2]
    return subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-c", f"{head}url = {store_url!r}\n{script}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=root,
    )


# What it keeps


def test_an_object_comes_back_as_it_was_stored(store_url: str) -> None:
    full = item(
        base={"decisions": "é 日本", "#siteElem001": "y"},
        state=CONFLICT,
        problem="said why",
        conflicts={"decisions": Clash("x", None, "2026-11-23T10:00:00.000", "Ana")},
        deleted=True,
        removed=True,
        said={"decisions": None},
        changed_at="2026-11-23T10:00:00",
        changed_by="Åsa",
        report={"status": "WARNING", "numbers": [1, 2.5, 10**15, None]},
        upload=7,
    )
    with Store.open(store_url) as store:
        store.save([full])
    with Store.open(store_url) as store:
        assert store.items() == [full]
        assert store.by_uid([full.uid, "absent00001"]) == {full.uid: full}


def test_never_seen_there_is_not_the_same_as_empty_there(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item(1, base=None), item(2, base={})])
        assert [each.base for each in store.items()] == [None, {}]


def test_an_object_that_is_saved_again_takes_the_place_of_the_old_one(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item()])
        store.save([item(doc={"decisions": "new"})])
        assert [each.doc for each in store.items()] == [{"decisions": "new"}]


def test_many_objects_are_kept_and_found(store_url: str) -> None:
    many = [item(number) for number in range(1001)]
    with Store.open(store_url) as store:
        store.save(many)
        assert len(store.items()) == 1001
        assert len(store.by_uid(each.uid for each in many)) == 1001


def test_objects_are_found_by_partnership_and_state(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item(1), item(2, state=SYNCED), item(3, partnership=OTHER_UNIT, state=SYNCED)])
        assert [each.uid[-1] for each in store.items(partnership=UNIT)] == ["1", "2"]
        assert {each.uid[-1] for each in store.items(state=SYNCED)} == {"2", "3"}
        assert [each.uid[-1] for each in store.items(UNIT, SYNCED)] == ["2"]


def test_settings_cursors_and_units_are_kept_and_replaced(store_url: str) -> None:
    with Store.open(store_url) as store:
        assert (store.setting("server"), store.cursor()) == (None, None)
        store.set("color", "red")
        store.set("color", "blue")
        store.save([], cursors={"": "2026-11-23T10:00:00.000", UNIT: "2026-11-24T10:00:00.000"})
        store.save([], cursors={"": "2026-11-25T10:00:00.000"})
        store.save_units([{"id": UNIT, "name": "Old"}, {"id": OTHER_UNIT, "name": "Clinic", "code": "CLINIC"}])
        store.save_units([{"id": UNIT, "name": "Hospital", "path": f"/{OTHER_UNIT}/{UNIT}"}])
        assert store.setting("color") == "blue"
        assert (store.cursor(), store.cursor(UNIT)) == ("2026-11-25T10:00:00.000", "2026-11-24T10:00:00.000")
        assert store.unit_names() == {UNIT: "Hospital", OTHER_UNIT: "Clinic"}


def test_partnerships_are_found_by_a_unit_above_theirs(store_url: str) -> None:
    pairs = [
        Item(f"aPair00000{n}", PARTNERSHIP, "", f"aPair00000{n}", "", {"@unit": u}) for n, u in enumerate([UNIT, ""])
    ]
    with Store.open(store_url) as store:
        store.save([*pairs, item(1)])
        store.save_units([{"id": UNIT, "name": "Hospital", "path": f"/{OTHER_UNIT}/{UNIT}"}])
        for asked in (UNIT, OTHER_UNIT):
            assert set(store.in_units([asked])) == {"aPair000000"}
        assert not store.in_units(["absent00001"])


def test_a_request_under_way_is_known_until_it_has_ended(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item(1), item(2), item(3)])
        number = store.begin_upload([item(1), item(2)], "uploading")
        store.name_job(number, "aJob0000001")
        assert store.uploads() == {number: "aJob0000001"}
        assert [each.uid[-1] for each in store.uploaded(number)] == ["1", "2"]
        store.end_upload(number, [item(1, state=SYNCED), item(2, state=SYNCED)], {UNIT: "2026-11-23T10:00:00.000"})
        assert (store.uploads(), store.uploaded(number)) == ({}, [])
        assert store.stamps() == {UNIT: "2026-11-23T10:00:00.000"}
        assert store.states() == {SYNCED: 2, TO_POST: 1}
        assert [store.number(states, [UNIT]) for states in ((SYNCED, TO_POST), (TO_POST,), ())] == [3, 1, 0]
        assert (store.number([SYNCED]), store.number([SYNCED], []), store.number([SYNCED], ["absent00001"])) == (
            2,
            0,
            0,
        )


def test_what_a_request_and_a_calculation_do_not_change_stays(store_url: str) -> None:
    before = item(said={"a": "b"}, changed_by="file.yaml", base={"a": "old"})
    changes = {
        "state": CONFLICT,
        "problem": "p",
        "conflicts": {"a": Clash("x", None)},
        "deleted": True,
        "removed": True,
    }
    after = item(said={"a": "b"}, changed_by="file.yaml", base={"a": "new"}, report={"outcome": "created"}, **changes)
    with Store.open(store_url) as store:
        store.save([before])
        store.end_upload(store.begin_upload([before], "uploading"), [after], {})
        assert store.items() == [after]
        after.doc = {"a": "calculated"}
        store.save_calculated([after], [UNIT], "2026-11-23")
        assert (store.items(), store.not_calculated("2026-11-23")) == ([after], [])


def test_what_changes_is_not_calculated_any_more(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item()], stamps={UNIT: "s"})
        store.save_calculated([], [UNIT], "2026-11-23")
        assert (store.not_calculated("2026-11-23"), store.not_calculated("2026-11-24")) == ([], [UNIT])
        store.save([item()])
        assert (store.not_calculated("2026-11-23"), store.stamps([UNIT])) == ([UNIT], {UNIT: "s"})
        assert store.forget([item().uid]) == 1
        assert store.items() == []


def test_a_rehearsal_leaves_nothing(store_url: str) -> None:
    with Store.open(store_url) as store:
        with store.rehearsal():
            store.save([item()], cursors={"": "x"})
            assert len(store.items()) == 1
        assert (store.items(), store.cursor()) == ([], None)


def test_what_no_database_takes_is_left_out_of_texts_and_the_rest_is_kept(store_url: str) -> None:
    odd = item(doc={"a\0": "x\0y", "b": "\ud800", "c": "\\u0000 😀"}, problem="no\0 \ud800", changed_by="é" * 300)
    odd.report = {"list": ["\0", {"deep": "\0z"}], "number": 5}
    with Store.open(store_url) as store:
        store.save([odd, Item(UNIT, PARTNERSHIP, "", UNIT, "", {"@unit": UNIT, "name": "\0"})])
        store.set("name", "a\0b")
        store.save_units([{"id": UNIT, "name": "H\0" + "x" * 300}])
        kept = store.by_uid([odd.uid])[odd.uid]
        assert kept.doc == {"a": "xy", "b": "?", "c": "\\u0000 😀"}
        assert (kept.problem, kept.changed_by) == ("no ?", "é" * 200)
        assert kept.report == {"list": ["", {"deep": "z"}], "number": 5}
        assert (store.setting("name"), len(store.unit_names()[UNIT])) == ("ab", 230)
        assert set(store.in_units([UNIT])) == {UNIT}


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
    assert (found.differs, found.state) == (differs, (TO_POST if base is None else TO_UPDATE) if differs else SYNCED)


# Partnerships


def test_the_objects_are_put_together_to_partnerships_without_properties_fields_of_the_site_and_deleted_ones(
    store_url: str,
) -> None:
    pair = Item(UNIT, PARTNERSHIP, "", UNIT, "", {"@unit": OTHER_UNIT, "name": "Alpha", "#siteAttr001": "x"})
    cycle = Item(OTHER_UNIT, CYCLE, "", UNIT, OTHER_UNIT, {"@date": "2016-08-01", "@status": "COMPLETED"})
    kept = item(1, doc={"@date": "2017-01-10", "contact_type": "CALL", "#siteElem001": "y"})
    with Store.open(store_url) as store:
        store.save([pair, cycle, kept, item(2, deleted=True)])
        store.save_units([{"id": OTHER_UNIT, "name": "Clinic"}])
        (found,) = partnerships(store)
    assert (found.name, found.host_name, found.values) == ("Alpha", "Clinic", {"name": "Alpha"})
    assert [(each.uid, each.status) for each in found.cycles] == [(OTHER_UNIT, "COMPLETED")]
    assert [(each.uid, each.values) for each in found.cycles[0].records] == [(kept.uid, {"contact_type": "CALL"})]


def test_a_partner_inside_is_called_by_its_unit_unless_it_has_a_name(store_url: str) -> None:
    docs = [{"name": "A", "partner_unit": UNIT}, {"name": "B", "partner_unit": UNIT, "partner_name": "Own"}]
    with Store.open(store_url) as store:
        store.save([Item(f"aPair00000{n}", PARTNERSHIP, "", f"aPair00000{n}", "", doc) for n, doc in enumerate(docs)])
        store.save_units([{"id": UNIT, "name": "Hospital"}])
        assert [each.text("partner_name") for each in partnerships(store)] == ["Hospital", "Own"]


# One server, one process


def test_a_store_mirrors_one_server_and_refuses_another(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.bind("https://one.example/dhis")
    with Store.open(store_url) as store:
        store.bind("https://one.example/dhis")
        with pytest.raises(StoreProblem, match="another server"):
            store.bind("https://two.example/dhis")
        assert store.setting("server") == "https://one.example/dhis"


def test_a_second_opener_is_told_to_wait(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_LOCK_SECONDS", 0.1)
    with Store.open(store_url), pytest.raises(StoreBusy, match="Another run"), Store.open(store_url):
        pytest.fail("two openers at once")
    with Store.open(store_url) as store:
        assert store.items() == []


def test_another_process_is_told_to_wait_too(store_url: str) -> None:
    script = "lock._LOCK_SECONDS = 0.1\nwith Store.open(url): print('opened')"
    with Store.open(store_url):
        told = in_another_process(script, store_url)
    assert "StoreBusy: Another run is using the store" in told.stderr
    assert f"process {os.getpid()} on {socket.gethostname()}, since 20" in told.stderr
    assert "Geheim" not in told.stderr
    assert told.stdout == ""
    assert in_another_process(script, store_url).stdout == "opened\n"


def test_an_error_inside_lets_the_store_go(store_url: str) -> None:
    with pytest.raises(ZeroDivisionError), Store.open(store_url):
        raise ZeroDivisionError
    with Store.open(store_url) as store:
        assert store.items() == []


def test_who_was_killed_holds_no_store(store_url: str) -> None:
    told = in_another_process("with Store.open(url): os._exit(9)", store_url)
    assert told.returncode == 9, told.stderr
    with Store.open(store_url) as store:
        assert store.items() == []


# Readers


def test_there_is_nothing_to_read_before_somebody_has_written(store_url: str) -> None:
    for _ in range(2):
        with (
            pytest.raises(StoreNotReady, match=r"There is no store at .* yet") as raised,
            Store.open(store_url, reading=True),
        ):
            pytest.fail("opened")
        assert "sync pull" in raised.value.advice
        assert "Geheim" not in str(raised.value)


def test_readers_do_not_wait_for_the_writer_and_see_one_moment(store_url: str) -> None:
    with Store.open(store_url) as writer:
        writer.save([item(1)])
        with Store.open(store_url, reading=True) as reader:
            assert len(reader.items()) == 1
            writer.save([item(2), item(3)], cursors={"": "later"})
            assert (len(reader.items()), reader.cursor(), reader.states()) == (1, None, {TO_POST: 1})
        with Store.open(store_url, reading=True) as reader:
            assert (len(reader.items()), reader.cursor()) == (3, "later")


def test_readers_cannot_write(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item(1)])
    with pytest.raises(StoreProblem, match=r"(?i)read-?only"), Store.open(store_url, reading=True) as reader:
        reader.save([item(2)])
    with Store.open(store_url, reading=True) as reader:
        assert reader.items() == [item(1)]


# Crashes


def test_a_crash_between_two_saves_leaves_the_first_whole_and_nothing_of_the_second(store_url: str) -> None:
    told = in_another_process(
        """
with Store.open(url) as store:
    store.save([item(number) for number in range(300)], cursors={"": "first"})
    replace, count = module.replace_rows, []
    def dying(*args):
        replace(*args)
        count.append(1)
        os._exit(9)
    module.replace_rows = dying
    store.save([item(number) for number in range(250, 700)], cursors={"": "second"})
""",
        store_url,
    )
    assert told.returncode == 9, told.stderr
    with Store.open(store_url) as store:
        assert (len(store.items()), store.cursor()) == (300, "first")


def test_a_save_that_fails_midway_leaves_nothing_of_it(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item(1)])
    bad = item(2, doc={"decisions": object()})
    with pytest.raises(Exception, match="JSON serializable"), Store.open(store_url) as store:
        store.save([item(1, doc={"decisions": "new"}), bad], cursors={"": "x"})
    with Store.open(store_url) as store:
        assert (store.items(), store.cursor()) == ([item(1)], None)
