"""Three-way merge: one side's change is taken, two different ones wait for a person."""

from __future__ import annotations

import pytest

from tpi_dhis2.domain.merge import merge

#: base, ours, theirs -> merged, in conflict; None is an absent field.
CASES = {
    "nobody changed it": ("a", "a", "a", "a", False),
    "we changed it": ("a", "b", "a", "b", False),
    "they changed it": ("a", "a", "b", "b", False),
    "both changed it alike": ("a", "b", "b", "b", False),
    "both changed it differently": ("a", "b", "c", "b", True),
    "we added it": (None, "b", None, "b", False),
    "they added it": (None, None, "b", "b", False),
    "both added it alike": (None, "b", "b", "b", False),
    "both added it differently": (None, "b", "c", "b", True),
    "we emptied it": ("a", None, "a", None, False),
    "they emptied it": ("a", "a", None, None, False),
    "both emptied it": ("a", None, None, None, False),
    "we emptied it, they changed it": ("a", None, "c", None, True),
    "we changed it, they emptied it": ("a", "b", None, "b", True),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "merged", "conflict"), CASES.values(), ids=CASES)
def test_a_field_is_merged_by_who_changed_it(
    base: str | None, ours: str | None, theirs: str | None, merged: str | None, conflict: bool
) -> None:
    docs = [{} if value is None else {"field": value} for value in (base, ours, theirs)]
    found = merge(*docs)
    assert found.doc == ({} if merged is None else {"field": merged})
    assert found.conflicts == ({"field": (ours, theirs)} if conflict else {})


def test_fields_that_do_not_differ_are_merged_beside_one_that_does() -> None:
    base = {"goal": "old", "beds": "100", "lead": "A"}
    found = merge(base, {**base, "goal": "ours", "beds": "120"}, {**base, "goal": "theirs", "lead": "B"})
    assert found.doc == {"goal": "ours", "beds": "120", "lead": "B"}
    assert found.conflicts == {"goal": ("ours", "theirs")}


def test_sides_that_never_shared_a_state_conflict_wherever_they_differ() -> None:
    found = merge(None, {"same": "1", "mine": "2", "both": "3"}, {"same": "1", "other": "4", "both": "5"})
    assert found.doc == {"same": "1", "mine": "2", "other": "4", "both": "3"}
    assert found.conflicts == {"both": ("3", "5")}
