"""Laws of the sandbox's tables: an index always finds what a walk would, and a backup brings everything back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpi_dhis2.sandbox.indexes import attribute_value, ends, listed_in, minute_of_update, value_of
from tpi_dhis2.sandbox.state import State

UIDS, PARENTS, TEXTS = ("a", "b", "c", "d"), ("x", "y", None), ("one", "two")
TABLE = "rows"
KEYS = (value_of("parent"), listed_in("list"), attribute_value("name"), minute_of_update, ends)

rows = st.fixed_dictionaries(
    {
        "parent": st.sampled_from(PARENTS),
        "list": st.lists(st.sampled_from(UIDS).map(lambda uid: {"id": uid}), max_size=3),
        "attributes": st.dictionaries(
            st.sampled_from(("name", "code")), st.tuples(st.sampled_from(TEXTS), st.just({}))
        ),
        "updatedAt": st.sampled_from(("2026-01-01T00:00:59.999", "2026-01-01T00:01:00.000", "2026-01-01T00:01:00.001")),
        "from": st.sampled_from(({"trackedEntity": "x"}, {"event": {"event": "y"}}, None)),
        "to": st.sampled_from(({"trackedEntity": {"trackedEntity": "x"}}, {"enrollment": "z"})),
    }
)
uids = st.sampled_from(UIDS)
steps = st.recursive(
    st.one_of(
        st.tuples(st.just("put"), uids, rows),
        st.tuples(st.just("change"), uids, rows),
        st.tuples(st.just("drop"), uids),
        st.tuples(st.sampled_from(("back up", "restore", "look", "save"))),
    ),
    lambda inner: st.tuples(st.sampled_from(("kept", "undone")), st.lists(inner, max_size=5)),
    max_leaves=20,
)


class Failed(Exception):
    """What makes a request fail."""


class Run:
    """Does steps to a state, and looks at the indexes after each."""

    def __init__(self, folder: Path) -> None:
        self.state, self.file = State(42), folder / "state.json"
        self.state.table(TABLE)
        self.backup = self.state.snapshot()

    def do(self, step: tuple[Any, ...]) -> None:
        name, *rest = step
        if name in ("kept", "undone"):
            self.nest(rest[0], fail=name == "undone")
        elif name == "put":
            self.state.put(TABLE, *rest)
        elif name == "change" and rest[0] in self.state.table(TABLE):
            self.state.change(TABLE, rest[0], **rest[1])
        elif name == "drop":
            self.state.drop(TABLE, rest[0])
        elif name == "look":
            look(self.state)
        elif name == "fail":
            raise Failed

    def outside(self, step: tuple[Any, ...]) -> None:
        """Do what is done between requests, or a request."""
        if step[0] == "back up":
            self.backup = self.state.snapshot()
        elif step[0] == "restore":
            self.state.restore(self.backup)
            assert self.state.snapshot() == self.backup
        elif step[0] == "save":
            self.state.save(self.file)
            assert self.state.load(self.file)
        else:
            with self.state.transaction():
                self.do(step)

    def nest(self, inner: list[tuple[Any, ...]], *, fail: bool) -> None:
        if not fail:
            self.all(inner)
            return
        before = self.state.snapshot()
        with pytest.raises(Failed):
            self.all([*inner, ("fail",)])
        assert self.state.snapshot() == before

    def all(self, inner: list[tuple[Any, ...]]) -> None:
        with self.state.nested():
            for step in inner:
                self.do(step)


def look(state: State) -> None:
    """Compare each index with a walk over the table."""
    for keys in KEYS:
        walked: dict[Any, set[str]] = {}
        for uid, row in state.table(TABLE).items():
            for key in keys(row):
                walked.setdefault(key, set()).add(uid)
        index = state.index(TABLE, keys)
        assert {key: set(index.under(key)) for key in index} == walked
        for key in walked:
            found = state.found(TABLE, keys, key)
            assert sorted(map(id, found)) == sorted(id(state.get(TABLE, uid)) for uid in walked[key])


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, max_size=25), st.booleans())
def test_an_index_finds_what_a_walk_finds_whatever_was_put_changed_dropped_and_undone(doing: list, early: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        for step in doing:
            run.outside(step)
            if early:  # an index that is there already is kept right; one that is not is made by a walk
                look(run.state)
        look(run.state)
