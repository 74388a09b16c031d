"""Laws of the store: what goes in comes out, in any order and after any number of openings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.fault.rounds import LONG
from tpi_dhis2.store.items import STATES, Clash, Item
from tpi_dhis2.store.store import Store

laws = settings(
    max_examples=200 if LONG else 12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
)

#: NUL and half surrogates are left out of what is stored; another test tells so.
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
numbers = st.integers(-(2**53), 2**53)
docs = st.dictionaries(texts, texts, max_size=4)
items = st.builds(
    Item,
    uid=st.integers(0, 20).map(lambda number: f"aEvent{number:05d}"),
    type=st.sampled_from(["partnership", "cycle", "record"]),
    kind=st.sampled_from(["", "activity"]),
    partnership=st.sampled_from(["aPair000001", "aPair000002"]),
    cycle=st.just("aCycle00001"),
    doc=docs,
    base=st.none() | docs,
    state=st.sampled_from(STATES),
    problem=texts,
    conflicts=st.dictionaries(texts, st.builds(Clash, st.none() | texts, st.none() | texts, texts, texts), max_size=2),
    deleted=st.booleans(),
    removed=st.booleans(),
    said=st.dictionaries(texts, st.none() | texts, max_size=2),
    changed_by=texts,
    report=st.none() | st.dictionaries(texts, st.recursive(st.none() | texts | numbers, st.lists), max_size=2),
    upload=st.none() | st.integers(1, 2**31 - 1),
)
batches = st.lists(st.lists(items, max_size=8, unique_by=lambda item: item.uid), max_size=4)


@pytest.fixture(scope="module")
def url(new_store: Callable[[], str]) -> str:
    """One store for all examples: a new database takes PostgreSQL longer than the rest of an example."""
    return new_store()


@laws
@given(saved=batches)
def test_the_newest_state_of_every_object_is_kept(url: str, saved: list[list[Item]]) -> None:
    expected: dict[str, Item] = {}
    with Store.open(url) as store:
        store.forget(item.uid for item in store.items())
    for batch in saved:
        with Store.open(url) as store:
            store.save(batch)
        expected |= {item.uid: item for item in batch}
    with Store.open(url) as store:
        assert {item.uid: item for item in store.items()} == expected
        assert store.by_uid(expected) == expected
        for pair in ("aPair000001", "aPair000002"):
            found = {item.uid for item in store.items(partnership=pair)}
            assert found == {uid for uid, item in expected.items() if item.partnership == pair}
