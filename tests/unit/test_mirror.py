"""Look at a server: what belongs to another partnership now is known again there."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, SYNCED, TO_UPDATE, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.mirror import Mirror

FIELDS = package_fields()
KEPT, DUPLICATE, CYCLE_UID, EVENT = "aKept000001", "aTwice00001", "aCycle00001", "aEvent00001"


def entity(uid: str, at: str, **more: Any) -> dict[str, Any]:
    return {"trackedEntity": uid, "updatedAt": at, "deleted": False, **more}


def moved() -> dict[str, Any]:
    stage = FIELDS.stages["activity"].uid
    event = {"event": EVENT, "programStage": stage, "status": "ACTIVE"}
    return {"enrollment": CYCLE_UID, "program": FIELDS.program, "status": "ACTIVE", "events": [event]}


def mirror(store: Store) -> Mirror:
    """A server that has merged the duplicate into the one that was kept."""
    there = {
        KEPT: entity(KEPT, "2026-02-02", enrollments=[moved()]),
        DUPLICATE: entity(DUPLICATE, "2026-02-02", deleted=True),
    }
    tracker: Any = SimpleNamespace(whole=lambda uids: [[there[uid] for uid in uids]], newest=lambda: "2026-02-02")
    return Mirror(tracker, store, FIELDS)


def known() -> list[Item]:
    one, two = (Item(uid, PARTNERSHIP, "", uid, "", {}, {}) for uid in (KEPT, DUPLICATE))
    cycle = Item(CYCLE_UID, CYCLE, "", DUPLICATE, "", {"@status": "ACTIVE"}, {"@status": "ACTIVE"})
    doc = {"@status": "ACTIVE", "activity_title": "Written here"}
    event = Item(EVENT, RECORD, "activity", DUPLICATE, CYCLE_UID, doc, {"@status": "ACTIVE"})
    for item in (one, two, cycle, event):
        item.settle()
    return [one, two, cycle, event]


@pytest.mark.parametrize(
    "looks", [[[KEPT, DUPLICATE]], [[DUPLICATE, KEPT]], [[KEPT], [DUPLICATE]], [[DUPLICATE], [KEPT]]]
)
def test_a_cycle_that_a_merge_of_duplicates_moved_goes_along_with_what_was_written_here(
    looks: list[list[str]], tmp_path: Path
) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save(known(), stamps=dict.fromkeys((KEPT, DUPLICATE), "2026-01-01"))
        for asked in looks:
            mirror(store).take(asked)
        found = {item.uid: item for item in store.items()}
    assert {uid: item.partnership for uid, item in found.items()} == {
        KEPT: KEPT, DUPLICATE: DUPLICATE, CYCLE_UID: KEPT, EVENT: KEPT,
    }  # fmt: skip
    assert [uid for uid, item in found.items() if item.deleted] == [DUPLICATE]
    assert (found[CYCLE_UID].state, found[EVENT].state) == (SYNCED, TO_UPDATE)
    assert found[EVENT].doc["activity_title"] == "Written here"
