"""Random edits on both sides, random faults: both sides converge, nothing is lost, doubled or overwritten in silence.

TPI_LONG=1 runs at least 2,000 examples, TPI_SEED takes another seed; the end of the run says both.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.property.sync_model import COUNTS, TODAY, Key, Side
from tests.property.sync_world import FAULTS, FIELDS, Docs, Plan, World, client, connected
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.errors import TpiError, UsageError
from tpi_dhis2.store.items import CONFLICT, DELETED, ERROR, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.pull import Wanted, pull
from tpi_dhis2.sync.push import How, push
from tpi_dhis2.sync.resolve import resolve, resolve_value
from tpi_dhis2.sync.run import run

LONG = os.environ.get("TPI_LONG") == "1"
SEED = int(os.environ.get("TPI_SEED", "20261123"))
#: Parts of a long run, each with a seed of its own, so that pytest-xdist can share them out.
PARTS = 4 if LONG else 1
EXAMPLES = int(os.environ.get("TPI_EXAMPLES", "500" if LONG else "30"))
STEPS = 10

#: The records of a partnership in the files, and the values that both sides give their fields.
SLOTS: dict[str, tuple[str, dict[str, Any]]] = {
    "activity 1": ("activity", {"activity_no": 1, "activity_title": "Train", "date": "2026-02-01"}),
    "activity 2": ("activity", {"activity_no": 2, "activity_title": "Buy", "date": "2026-02-01"}),
    "target 1": ("target", {"target_no": 1, "measure": "HH_COMPL", "short_due": "2026-06-30", "date": "2026-02-01"}),
    "measurement 1": ("measurement", {"key": "1", "measure": "HH_COMPL", "denominator": 100, "date": "2026-06-01"}),
    "contact 1": ("contact", {"key": "1", "contact_type": "CALL", "date": "2026-06-01"}),
}
VALUES = {
    "activity": {"spent": ("1", "2", "3"), "new_deadline": ("2026-12-01", "2026-12-24")},
    "target": {"short_target": ("50", "60", "70"), "baseline": ("10", "20")},
    "measurement": {"numerator": ("60", "70", "80"), "point_note": ("early", "late")},
    "contact": {"participants_host": ("1", "2", "3"), "contact_place": ("Ward", "Hall")},
    "": {"partner_name": ("North", "South", "West")},
}
KILLS = ("begin_upload", "end_upload", "save")

numbers = st.integers(0, 20)
sides = st.sampled_from(["one", "one", "one", "two"])
slots = st.sampled_from(sorted(SLOTS))
keys = st.sampled_from(["a", "a", "b"])
nothing = st.just(Plan())
faults = st.builds(
    Plan,
    fault=st.sampled_from(FAULTS),
    method=st.sampled_from(["POST", "POST", "GET"]),
    first=st.integers(0, 3),
    times=st.sampled_from([1, 2, 9]),
)
kills = st.builds(Plan, kill=st.tuples(st.sampled_from(KILLS), st.integers(0, 2), st.booleans()))
edits = st.builds(Plan, edit_at=st.sampled_from([-1, -1, 0, 1, 2, 3, 4]))
rare = st.sampled_from([*["copy", "old copy", "backup", "restore"] * 2, "purge", "-600", "-40", "40", "600"])
plans = nothing | faults | kills | edits


class Killed(BaseException):
    """The process ends here."""


class SyncMachine(RuleBasedStateMachine):
    """Two stores, one server, persons on both sides."""

    world: World
    #: Where every example begins: the folder of both stores, the server's tables and time, what is known of the stores.
    start: tuple[Path, dict[str, Any], datetime, dict[str, Side], set[str]] | None = None

    @initialize()
    def begin(self) -> None:
        """A server and a store with the same two partnerships, and a store that has not looked yet."""
        self.world.fresh()
        self.folder = _folder()
        self.client = client()
        self.sides = {"one": Side(), "two": Side()}
        self.files = {name: {"a": _first(name), "b": {}} for name in self.sides}
        self.born: set[str] = set()
        if self.start:
            shutil.copytree(self.start[0], self.folder, dirs_exist_ok=True)
            self.world.put_back(self.start[1])
            self.world.time = self.start[2]
            self.sides = {name: side.copy() for name, side in self.start[3].items()}
            self.born = set(self.start[4])
        self.opened = {name: contextlib.ExitStack() for name in self.sides}
        self.stores = {name: self._open(name) for name in self.sides}
        self.copies: dict[str, tuple[Side, Docs]] = {}
        self.backup: Any = None
        self.window: set[Key] = set()
        self.number, self.whole = 0, False
        COUNTS["examples"] += 1

    def prepare(self) -> None:
        """Make the beginning of every example."""
        self.begin()
        for key in ("a", "b"):
            self._push_file("one", key, Plan(), 0)
        self._run_clean("one")
        for opened in self.opened.values():
            opened.close()
        type(self).start = self.folder, self.world.snapshot(), self.world.time, self.sides, self.born

    def teardown(self) -> None:
        """In the end both stores and the server are the same."""
        if not hasattr(self, "stores"):
            return
        try:
            self._run_clean("one", again=False)
            self._run_clean("two", again=False)
            if self._decide_all():
                self._run_clean("one", again=False)
                self._run_clean("two", again=False)
            self._run_clean("one")
        finally:
            for opened in self.opened.values():
                opened.close()
            shutil.rmtree(self.folder)

    # Stores -----------------------------------------------------------------------------------------------------

    def _open(self, name: str) -> Store:
        return self.opened[name].enter_context(Store.open(f"sqlite:///{self.folder / name}.sqlite"))

    def _reopen(self, name: str) -> None:
        self.opened[name].close()
        self.opened[name] = contextlib.ExitStack()
        self.stores[name] = self._open(name)

    @rule(what=rare, name=sides)
    def something_rare(self, what: str, name: str) -> None:
        """Copies and backups are made and put back, the server is cleaned, its clock is set."""
        self._count()
        if what == "copy":
            self._keep_a_copy(name)
        elif what == "old copy" and self.copies:
            self._put_an_old_copy_back(name if name in self.copies else next(iter(self.copies)))
        elif what == "backup":
            self.backup = self.world.snapshot()
        elif what == "restore" and self.backup is not None:
            self._restore()
        elif what == "purge":
            self._purge()
        elif what.lstrip("-").isdigit():
            # What was changed in an hour that is lived twice only a whole pull is sure to see.
            self.world.jump(int(what))
            self.whole = self.whole or int(what) < 0

    def _keep_a_copy(self, name: str) -> None:
        self.opened[name].close()
        shutil.copy(self.folder / f"{name}.sqlite", self.folder / f"{name}.copy")
        self.copies[name] = self.sides[name].copy(), self.world.docs()
        self._reopen(name)

    def _put_an_old_copy_back(self, name: str) -> None:
        self.opened[name].close()
        shutil.copy(self.folder / f"{name}.copy", self.folder / f"{name}.sqlite")
        self._reopen(name)
        side, then = self.copies[name]
        self.sides[name], docs = side.copy(), self.world.docs()
        self.sides[name].others(then, docs)
        held = {item.uid for store in self.stores.values() for item in store.items()}
        self.born &= held | docs.keys()

    # Files ------------------------------------------------------------------------------------------------------

    @rule(name=sides, key=keys, slot=slots, field=numbers, value=numbers, plan=plans, edit=numbers)
    def push_a_changed_file(
        self, name: str, key: str, slot: str, field: int, value: int, plan: Plan, edit: int
    ) -> None:
        """A file changes, empties or adds a record, and is pushed."""
        self._change_the_file(name, key, slot, field, value)
        self._push_file(name, key, plan, edit)

    def _change_the_file(self, name: str, key: str, slot: str, field: int, value: int) -> None:
        kind = SLOTS[slot][0]
        fields = sorted(VALUES[kind])
        chosen = fields[field % len(fields)]
        values = (*VALUES[kind][chosen], None)
        stated = self.files[name][key].setdefault(slot, {})
        stated.pop("deleted", None)
        stated[chosen] = values[value % len(values)]

    @rule(
        name=sides,
        slot=slots,
        field=numbers,
        value=numbers,
        other=numbers,
        then=st.sampled_from(["push", "pull", ""]),
        plan=plans,
        edit=numbers,
    )
    def both_sides_change_a_field(
        self, name: str, slot: str, field: int, value: int, other: int, then: str, plan: Plan, edit: int
    ) -> None:
        """A person a field, and a file the same or another one of the same record."""
        uid = derive_uid("record", "a", "1", SLOTS[slot][0], slot.split()[1])
        if uid in self.world.remotes():
            values = (*VALUES[SLOTS[slot][0]].items(),)
            chosen, possible = sorted(values)[other % 2]
            given = (*possible, None)[other % (len(possible) + 1)]
            self._person(lambda: self.world.set_value(uid, chosen, given))
            if then == "pull":
                self._sync(name, plan, edit, lambda store: pull(self.client, store, FIELDS))
        self._change_the_file(name, "a", slot, field, value)
        if then:
            self._push_file(name, "a", plan, edit)

    @rule(name=sides, key=keys, value=numbers, plan=plans, edit=numbers)
    def push_a_changed_profile(self, name: str, key: str, value: int, plan: Plan, edit: int) -> None:
        """A file changes the name of the partner."""
        values = VALUES[""]["partner_name"]
        self.files[name][key]["partner_name"] = values[value % len(values)]
        self._push_file(name, key, plan, edit)

    @rule(name=sides, key=keys, slot=slots, plan=plans, edit=numbers)
    def push_a_file_that_deletes(self, name: str, key: str, slot: str, plan: Plan, edit: int) -> None:
        """A file deletes a record."""
        if slot in self.files[name][key]:
            self.files[name][key][slot]["deleted"] = True
            self._push_file(name, key, plan, edit)

    @rule(name=sides, key=keys, whole=st.booleans(), plan=plans, edit=numbers)
    def push_a_file_that_deletes_a_cycle(self, name: str, key: str, whole: bool, plan: Plan, edit: int) -> None:
        """A file deletes a cycle, or a partnership."""
        if self.files[name][key] and edit % 3 == 0:
            content = dict(self.files[name][key])
            self.files[name][key] = {**content, "deleted": "partnership" if whole else "cycle"}
            self._push_file(name, key, plan, edit)
            self.files[name][key] = content

    @rule(name=sides, key=keys, plan=plans, edit=numbers)
    def push_the_same_file_again(self, name: str, key: str, plan: Plan, edit: int) -> None:
        """A file that says nothing new."""
        self._push_file(name, key, plan, edit)

    def _push_file(self, name: str, key: str, plan: Plan, edit: int) -> None:
        path = self.folder / "records.json"
        path.write_text(json.dumps(_file(key, self.files[name][key])))
        self._sync(name, plan, edit, lambda store: push(self.client, store, FIELDS, [path], self._how()))

    def _how(self, *, as_jobs: bool = False) -> How:
        return How(today=TODAY, writers=1, as_jobs=as_jobs)

    # The sync ---------------------------------------------------------------------------------------------------

    @rule(name=sides, whole=st.booleans(), plan=plans, edit=numbers)
    def pull_all(self, name: str, whole: bool, plan: Plan, edit: int) -> None:
        """A pull."""
        self._sync(name, plan, edit, lambda store: pull(self.client, store, FIELDS, Wanted(whole=whole)))

    @rule(name=sides, as_jobs=st.booleans(), plan=plans, edit=numbers)
    def push_all(self, name: str, as_jobs: bool, plan: Plan, edit: int) -> None:
        """A push of what waits."""
        self._sync(name, plan, edit, lambda store: push(self.client, store, FIELDS, (), self._how(as_jobs=as_jobs)))

    @rule(name=sides, plan=plans, edit=numbers)
    def run_all(self, name: str, plan: Plan, edit: int) -> None:
        """A run, with whatever befalls it."""
        self._sync(name, plan, edit, lambda store: run(self.client, store, FIELDS, Wanted(), self._how()))

    @rule(name=sides)
    def run_undisturbed(self, name: str) -> None:
        """A run that nothing befalls, after which everything must hold."""
        self._count()
        self._run_clean(name)

    def _run_clean(self, name: str, *, again: bool = True) -> None:
        side, store = self.sides[name], self.stores[name]
        wanted = Wanted(whole=self.whole)
        self._sync(name, Plan(), 0, lambda opened: run(self.client, opened, FIELDS, wanted, self._how()))
        side.check(store, self.world, self.born)
        COUNTS["checks"] += 1
        if again and not store.items(state=ERROR):
            before = self.world.writes
            pushed = push(self.client, store, FIELDS, (), self._how())
            assert (self.world.writes, pushed.requests) == (before, 0), f"a second push sends {pushed.counts}"
            taken = pull(self.client, store, FIELDS)
            assert taken.taken == 0, f"a second pull takes {taken}"

    def _sync(self, name: str, plan: Plan, edit: int, work: Callable[[Store], object]) -> None:
        self._count()
        plan = Plan(**vars(plan))
        store, self.window = self.stores[name], set()
        if plan.edit_at is not None:
            plan.edit = lambda: self._person(lambda: self._edit_a_value(edit, edit // 2, edit))
        quiet = plan.quiet
        self.world.on_write = lambda before, after, _: self._wrote(name, before, after)
        self.world.before_edit = lambda: self._observe(name)
        self.world.begin(plan)
        try:
            with _killed(store, plan):
                work(store)
        except TpiError:
            assert not quiet
        except Killed:
            self._reopen(name)
            quiet = False
        finally:
            self.world.begin(Plan())
            self.world.on_write = None
        self._observe(name)
        self.sides[name].ended(quiet=quiet)

    def _observe(self, name: str) -> None:
        self.sides[name].observe(self.stores[name], self.world.docs(), self.born)

    def _wrote(self, name: str, before: Docs, after: Docs) -> None:
        side = self.sides[name]
        side.observe(self.stores[name], before, self.born)
        side.wrote(before, after, self.window)
        self.born &= {*after} | (self.born - before.keys())
        for other in self._others(side):
            other.others(before, after)

    def _others(self, side: Side | None = None) -> list[Side]:
        """All sides but one; copies hear of changes when they are put back."""
        return [each for each in self.sides.values() if each is not side]

    # Persons ----------------------------------------------------------------------------------------------------

    def _person(self, act: Callable[[], None]) -> None:
        before = self.world.docs()
        act()
        after = self.world.docs()
        self.born |= after.keys() - before.keys()
        self.born -= before.keys() - after.keys()
        changed: set[Key] = set()
        for side in self.sides.values():
            changed |= side.others(before, after)
        if self.world.in_window:
            self.window |= changed

    def _edit_a_value(self, number: int, field: int, value: int) -> None:
        remotes = {uid: each for uid, each in self.world.remotes().items() if each.kind in VALUES}
        remotes = {uid: each for uid, each in remotes.items() if each.type != "cycle"}
        if remotes:
            uid = sorted(remotes)[number % len(remotes)]
            fields = sorted(VALUES[remotes[uid].kind])
            chosen = fields[field % len(fields)]
            values = (*VALUES[remotes[uid].kind][chosen], None)
            self.world.set_value(uid, chosen, values[value % len(values)])

    @rule(number=numbers, field=numbers, value=numbers)
    def a_person_changes_a_value(self, number: int, field: int, value: int) -> None:
        """In Capture."""
        self._count()
        self._person(lambda: self._edit_a_value(number, field, value))

    @rule(number=numbers, status=st.sampled_from(["COMPLETED", "ACTIVE"]))
    def a_person_completes(self, number: int, status: str) -> None:
        """Complete an event or a cycle, or open it again."""
        self._count()
        some = sorted(uid for uid, each in self.world.remotes().items() if each.type != "partnership")
        if some:
            self._person(lambda: self.world.set_status(some[number % len(some)], status))

    @rule(number=numbers, kind=st.sampled_from(["activity", "measurement", "contact"]), value=numbers)
    def a_person_adds_an_event(self, number: int, kind: str, value: int) -> None:
        """With a UID of the server."""
        self._count()
        cycles = sorted(uid for uid, each in self.world.remotes().items() if each.type == "cycle")
        if cycles:
            self.number += 1
            values = {"measurement": {"measure": "HH_COMPL", "numerator": str(50 + value), "denominator": "100"}}
            cycle = cycles[number % len(cycles)]
            self._person(lambda: self.world.add_event(cycle, kind, values.get(kind, {}), self.number))

    @rule(number=numbers, what=st.sampled_from(["record", "record", "record", "cycle", "partnership"]))
    def a_person_deletes(self, number: int, what: str) -> None:
        """An event, an enrollment or a partnership."""
        self._count()
        some = sorted(uid for uid, each in self.world.remotes().items() if each.type == what)
        if some:
            self._person(lambda: self.world.delete(some[number % len(some)]))

    def _purge(self) -> None:
        """Maintenance; whoever had not looked before cannot tell it from a backup that was put back."""
        docs = self.world.docs()
        tables = self.world.sandbox.state.tables
        gone = [uid for name in ("trackedEntities", "enrollments", "events") for uid, row in
                tables.get(name, {}).items() if row["deleted"]]  # fmt: skip
        self.world.purge()
        for side in [*self.sides.values(), *(side for side, _ in self.copies.values())]:
            for uid in gone:
                side.loosen(uid, docs)

    # The server -------------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        before = self.world.docs()
        self.world.put_back(self.backup)
        after = self.world.docs()
        held = {item.uid for store in self.stores.values() for item in store.items()}
        self.born &= held | after.keys()
        for side in [*self.sides.values(), *(side for side, _ in self.copies.values())]:
            side.restored(before, after)
        self.copies = {name: (side, after) for name, (side, _) in self.copies.items()}

    # Decisions --------------------------------------------------------------------------------------------------

    @rule(name=sides, number=numbers, take=st.sampled_from(["here", "server", "value"]), value=numbers)
    def a_person_decides(self, name: str, number: int, take: str, value: int) -> None:
        """A conflict, or something that was refused."""
        self._count()
        stuck = self._stuck(name)
        if stuck:
            self._decide(name, stuck[number % len(stuck)], take, value)

    def _stuck(self, name: str) -> list[Item]:
        return [item for item in self.stores[name].items() if item.state in (CONFLICT, ERROR)]

    def _decide_all(self) -> bool:
        """Decide what is stuck in the end, some each way; whether there was anything."""
        found = [(name, item.uid) for name in self.sides for item in self._stuck(name)]
        for number, (name, uid) in enumerate(found):
            item = self.stores[name].by_uid([uid]).get(uid)
            if item is not None and item.state in (CONFLICT, ERROR):
                self._decide(name, item, ("here", "value", "server")[(number + self.number) % 3], number)
        return bool(found)

    def _decide(self, name: str, item: Item, take: str, value: int) -> None:
        store = self.stores[name]
        with contextlib.suppress(UsageError):
            if DELETED in item.conflicts:
                self._decide_deletion(name, item, "server" if take == "value" else take)
            elif item.conflicts:
                self._decide_fields(name, item, take, value)
            else:
                resolve(store, item.uid, "server")
                self.sides[name].forget(item.uid)
        self._observe(name)

    def _decide_deletion(self, name: str, item: Item, take: str) -> None:
        store, side, docs = self.stores[name], self.sides[name], self.world.docs()
        before = {each.uid: each for each in store.items(partnership=item.partnership)}
        resolve(store, item.uid, take)
        after = {each.uid: each for each in store.items()}
        for uid in before:
            side.loosen(uid, docs)
        self.born -= {uid for uid, each in after.items() if each.deleted}
        for uid in after.keys() - before.keys():
            side.said[uid] = dict(after[uid].said)
        for uid, each in after.items():
            if each.base is None and not each.deleted and (uid in before or each.partnership in after):
                side.free |= {(uid, key) for key in each.doc}
                self.born.add(uid)

    def _decide_fields(self, name: str, item: Item, take: str, value: int) -> None:
        store, side, docs = self.stores[name], self.sides[name], self.world.docs()
        key = sorted(item.conflicts)[value % len(item.conflicts)]
        clash = item.conflicts[key]
        possible = VALUES.get(item.kind, {}).get(key)
        if take == "value" and possible:
            chosen: str | None = possible[value % len(possible)]
            resolve_value(store, FIELDS, item.uid, key, str(chosen))
        else:
            take = "here" if take == "value" else take
            chosen = clash.here if take == "here" else clash.server
            resolve(store, item.uid, take, key)
        COUNTS["resolved"] += 1
        here = (item.uid, key)
        side.must.pop(here, None)
        if chosen != clash.server and here not in side.free:
            side.want[here] = (chosen, clash.server)
            side.moved(here, clash.server, docs.get(item.uid, {}).get(key))

    def _count(self) -> None:
        COUNTS["steps"] += 1


class _Fault:
    """Calls of the store that kill the process."""

    def __init__(self, call: Callable[..., Any], nth: int, *, after: bool) -> None:
        self.call, self.left, self.after = call, nth, after

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if self.left == -1 and not self.after:
            raise Killed
        result = self.call(*args, **kwargs)
        if self.left == -1:
            raise Killed
        return result


@contextlib.contextmanager
def _killed(store: Store, plan: Plan) -> Any:
    if plan.kill is None:
        yield
        return
    name, nth, after = plan.kill
    with mock.patch.object(store, name, _Fault(getattr(store, name), nth, after=after)):
        yield


def _file(key: str, content: dict[str, Any]) -> Any:
    """A record file of one partnership."""
    records: dict[str, list[Any]] = {}
    for slot, (kind, fixed) in SLOTS.items():
        if slot in content:
            records.setdefault(kind, []).append({**fixed, **content[slot]})
    attributes = {"name": f"Pair {key} (fictional)", "code": f"PAIR-{key}"}
    if "partner_name" in content:
        attributes["partner_name"] = content["partner_name"]
    deleted = content.get("deleted")
    cycle = {"key": "1", "began": "2026-01-10", "records": records, **({"deleted": True} if deleted == "cycle" else {})}
    gone = {"deleted": True} if deleted == "partnership" else {}
    one = {"key": key, "unit": "TPI_DEMO_NDARAVI_RH", "attributes": attributes, "cycles": [cycle], **gone}
    return {"as_of": str(TODAY), "partnerships": [one]}


def _first(name: str) -> dict[str, Any]:
    """What the file of the first store says in the beginning; that of the second has said nothing yet."""
    if name == "two":
        return {}
    first = {slot: {key: values[0] for key, values in VALUES[kind].items()} for slot, (kind, _) in SLOTS.items()}
    return {**{slot: first[slot] for slot in ("activity 1", "target 1", "measurement 1")}, "partner_name": "North"}


def _folder() -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - where there is one, disks need not be worn out
    return Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))


@pytest.mark.parametrize("part", range(PARTS))
def test_both_sides_come_to_the_same_whatever_befalls(
    part: int, record_property: Callable[[str, object], None]
) -> None:
    """See the rules."""
    COUNTS.clear()
    how = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink), report_multiple_bugs=False,
    )  # fmt: skip
    world = World.made()
    machine = seed(SEED + part)(type("Machine", (SyncMachine,), {"world": world}))
    record_property("seed", SEED + part)
    with connected(world):
        machine().prepare()
        COUNTS.clear()
        try:
            run_state_machine_as_test(machine, settings=how)
        finally:
            record_property("counts", dict(COUNTS))
            shutil.rmtree(machine.start[0])
    assert COUNTS["examples"] >= EXAMPLES
    assert COUNTS["checks"] >= 3 * EXAMPLES
