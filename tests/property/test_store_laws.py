"""Laws of the store: what goes in comes out, in any order and after any number of openings."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tpi_dhis2.store.items import Item
from tpi_dhis2.store.store import Store

laws = settings(max_examples=25, deadline=None, derandomize=True, database=None, phases=(Phase.generate, Phase.shrink))

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
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
    state=st.sampled_from(["synced", "to send", "error", "conflict"]),
    problem=texts,
    conflicts=st.dictionaries(texts, st.lists(st.none() | texts, min_size=2, max_size=2), max_size=2),
    deleted=st.booleans(),
)
batches = st.lists(st.lists(items, max_size=8, unique_by=lambda item: item.uid), max_size=4)


@laws
@given(batches)
def test_the_newest_state_of_every_object_is_kept(saved: list[list[Item]]) -> None:
    expected: dict[str, Item] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'store.sqlite'}"
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
