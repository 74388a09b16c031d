"""Partnerships to measure with: as many as are wanted, each like the fullest of the demo's, under UIDs of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from tpi_dhis2.demo.units import FOLDER
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.drafts import Draft, Drafter, unit_names
from tpi_dhis2.sync.files import read

#: By these words what a bench has left on a server is known.
PREFIX = "TPI bench"
#: Records of a partnership by kind: 23, with the tracked entity and the enrollment 25 objects.
FULL = {
    "agreement": 1, "needs": 2, "priority": 2, "plan": 1, "target": 3, "activity": 4, "measurement": 5,
    "contact": 2, "spread": 1, "impact": 1, "functioning": 1,
}  # fmt: skip
#: Of a partnership among very many: 5 objects.
SMALL = {"agreement": 1, "target": 1, "measurement": 1}
SHAPES = {"full": FULL, "small": SMALL}
_AT_ONCE = 100


def objects_each(shape: str) -> int:
    """How many objects a partnership of a shape has."""
    return 2 + sum(SHAPES[shape].values())


def uid_of(seed: str, number: int) -> str:
    """The UID of a partnership of the bench."""
    return derive_uid(PREFIX, seed, str(number))


def template(shape: str) -> list[Draft]:
    """The objects of one partnership, parents first."""
    fields, source = package_fields(), read(FOLDER / "fictional.yaml")
    drafts = Drafter(fields, dict.fromkeys(unit_names(fields, source), "unit")).drafts(source).drafts
    whole = next(draft.uid for draft in drafts if draft.patch.get("code") == "DEMO_A")
    mine = [draft for draft in drafts if draft.partnership == whole]
    above = [draft for draft in mine if draft.type != RECORD]
    below = [
        draft
        for kind, count in SHAPES[shape].items()
        for draft in islice((each for each in mine if each.kind == kind), count)
    ]
    return above + below


def made(drafts: list[Draft], seed: str, number: int, unit: str) -> Iterator[Item]:
    """One partnership with all below it, as it waits to be sent."""
    uids = {draft.uid: derive_uid(PREFIX, seed, str(number), draft.uid) for draft in drafts}
    partnership = uid_of(seed, number)
    for draft in drafts:
        doc = {key: value for key, value in draft.patch.items() if value is not None} | {"@unit": unit}
        item = Item(uids[draft.uid], draft.type, draft.kind, partnership, uids.get(draft.cycle, ""), doc)
        if draft.type == PARTNERSHIP:
            doc |= {"name": f"{PREFIX} {seed} {number:06}", "code": f"BENCH_{seed}_{number:06}"}
            item = replace(item, uid=partnership)
        elif draft.type == CYCLE:
            item = replace(item, cycle="")
        item.settle()
        yield item


def fill(store: Store, shape: str, seed: str, count: int, units: list[str]) -> None:
    """Take so many partnerships into a store, spread over units."""
    drafts = template(shape)
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        store.save(item for n in numbers for item in made(drafts, seed, n, units[n % len(units)]))


def change(store: Store, count: int) -> None:
    """Change one value in so many partnerships, as a person would here."""
    agreements: Iterable[Item] = (item for item in store.of_type(RECORD) if item.kind == "agreement")
    changed = list(islice(agreements, count))
    for item in changed:
        item.doc["host_lead"] = "Dr Changed Name"
        item.settle()
    store.save(changed)
