"""The plan for the package: what it says against what the server has. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.package.build import Bundle, digest
from tpi_dhis2.provision.adopt import adopt
from tpi_dhis2.provision.compare import changes
from tpi_dhis2.provision.gone import without_gone
from tpi_dhis2.provision.installed import read_installed
from tpi_dhis2.provision.kinds import READ_WHOLE
from tpi_dhis2.provision.mapping_file import hint
from tpi_dhis2.provision.merge import merged
from tpi_dhis2.provision.ours import droppable, pinned, retired
from tpi_dhis2.provision.read import read_actual
from tpi_dhis2.provision.records import OF_RECORDS, read_records
from tpi_dhis2.provision.stability import breaking, reason
from tpi_dhis2.provision.steps import (
    ADOPT,
    CLASH,
    CREATE,
    KEEP,
    REFUSE,
    REMOVE,
    SITE,
    UNCHANGED,
    UPDATE,
    Plan,
    Step,
    name_of,
)
from tpi_dhis2.provision.substitute import left
from tpi_dhis2.provision.taken import UNIQUE, Taken, read_taken, text_of
from tpi_dhis2.provision.targets import Use, Wanted

Json = dict[str, Any]
Objects = dict[str, list[Json]]


def make_plan(client: Client, bundle: Bundle, mapping: Mapping[str, str] | None = None) -> Plan:
    """Compare the package with what the server has.

    ``mapping`` names objects of the site to use instead of ours: UIDs or codes by the UIDs of ours. The one that is
    recorded on the server holds besides.
    """
    metadata, installed = Metadata(client), read_installed(client)
    said = {kind: items for kind, items in bundle.items() if kind != "package"}
    wanted = Wanted(mapping or {}, installed.mapping if installed else {})
    actual = read_actual(metadata, left(said, wanted.recorded), wanted.of_record(said))
    adoption = adopt(metadata, said, actual, wanted)
    planner = _Planner(client, said, actual, read_taken(metadata, adoption.desired, actual))
    steps = [_adopting(use) for use in adoption.uses]
    for kind, items in adoption.desired.items():
        for item in items:
            clash = adoption.clashes.get(item["id"])
            steps.append(_clashing(kind, item, clash) if clash else planner.step(kind, item))
    steps += [*planner.leaving(), *planner.others({use.theirs["id"] for use in adoption.uses})]
    steps = without_gone(metadata, steps, planner.there)
    head = bundle["package"]
    return Plan(
        client.base, client.system, client.version.text, head["version"], digest(bundle), steps,
        installed, actual, adoption.mapping,
    )  # fmt: skip


def _adopting(use: Use) -> Step:
    words = f"{use.kind}: the site's own {use.other} is used, {use.how}"
    return Step(use.kind, use.ours["id"], name_of(use.ours), ADOPT, reason=words)


def _clashing(kind: str, item: Json, words: str) -> Step:
    return Step(kind, item["id"], name_of(item), CLASH, reason=words)


class _Planner:
    """Decides on one object after the other, from what the server has."""

    def __init__(self, client: Client, said: Objects, actual: Objects, taken: Taken) -> None:
        self.client, self.said, self.actual, self.taken = client, said, actual, taken
        self.there = {item["id"]: (kind, item) for kind, items in actual.items() for item in items}
        self.retired = [(kind, uid) for kind, uids in retired(said).items() for uid in uids if uid in self.there]

    @cached_property
    def has_records(self) -> bool:
        """Whether anything hangs on the program; asked only when something depends on it."""
        program = str(self.said["programs"][0]["id"])
        return program in self.there and read_records(self.client, program).any

    @cached_property
    def kept(self) -> frozenset[str]:
        """Objects of earlier versions that records may need."""
        found = [uid for kind, uid in self.retired if kind in OF_RECORDS]
        return frozenset(found if found and self.has_records else ())

    @cached_property
    def droppable(self) -> frozenset[str]:
        """Entries of ours that leave a list where the package does not name them."""
        return droppable(self.actual, self.kept)

    def step(self, kind: str, item: Json) -> Step:
        """What would happen to an object of the package."""
        if item["id"] not in self.there:
            return _creating(kind, item, self.taken)
        there, version = self.there[item["id"]][1], self.client.version
        found = changes(kind, item, there, version, self.droppable)
        step = Step(kind, item["id"], name_of(item), UPDATE if found else UNCHANGED, found)
        if not found:
            return step
        bad = breaking(kind, found)
        if bad and self.has_records:
            return replace(step, action=REFUSE, reason=reason(kind, step.name, bad[0]))
        return replace(step, payload=merged(kind, item, there, self.droppable))

    def leaving(self) -> Iterator[Step]:
        """What would happen to the objects that this version of the package no longer has."""
        for kind, uid in self.retired:
            name = name_of(self.there[uid][1])
            if uid in self.kept or _stands_in(self.there[uid][1]) in self.kept:
                yield Step(kind, uid, name, KEEP, reason=f"{kind}: '{name}' is given up and stays: there are records")
            else:
                yield Step(kind, uid, name, REMOVE, reason=f"{kind}: '{name}' is no longer part of the package")

    def others(self, adopted: set[str]) -> Iterator[Step]:
        """The site's own objects in our program, with our prefix, or in what is ours; indicator types are all read."""
        ours = {uid for uids in pinned().values() for uid in uids} | {
            item["id"] for items in self.said.values() for item in items
        }
        for uid, (kind, item) in self.there.items():
            if uid not in ours and kind != READ_WHOLE and uid not in adopted:
                yield Step(kind, uid, name_of(item), SITE)


def _stands_in(item: Json) -> str | None:
    """The stage of a section."""
    found: str | None = (item.get("programStage") or {}).get("id")
    return found if "dataElements" in item else None


def _creating(kind: str, item: Json, taken: Taken) -> Step:
    for prop in UNIQUE:
        other = taken.get((kind, prop, text_of(kind, prop, item)))
        if other is not None:
            words = f"{kind}: the {UNIQUE[prop]} {item[prop]} is taken by '{other['name']}' ({other['id']})"
            return _clashing(kind, item, words + hint(kind, prop, item, other))
    return Step(kind, item["id"], name_of(item), CREATE, payload=item)
