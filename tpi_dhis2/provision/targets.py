"""The objects of the site that a mapping names, that of the record or that of a file: found on the server, or refused.

A mapping holds as long as the package stays installed, since records are written into what it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.errors import StateChanged, UsageError
from tpi_dhis2.provision.kinds import ADOPTABLE
from tpi_dhis2.provision.read import batches, lines, uids_of

Json = dict[str, Any]
Objects = dict[str, list[Json]]
Condition = tuple[str, str]

BY_RECORD, BY_FILE = "as recorded", "by the mapping file"


@dataclass(frozen=True)
class Wanted:
    """Which of the site's objects to use, by the UID of ours: ``named`` by UID or code, ``recorded`` by UID."""

    named: Mapping[str, str] = field(default_factory=dict)
    recorded: Mapping[str, str] = field(default_factory=dict)

    def of_record(self, said: Objects) -> dict[str, list[str]]:
        """The UIDs of the site's objects that the record names for objects of this version, by type."""
        return {
            kind: [self.recorded[item["id"]] for item in items if item["id"] in self.recorded]
            for kind, items in said.items()
        }


@dataclass(frozen=True)
class Use:
    """An object of the site in the place of one of ours; ``how`` it was chosen."""

    kind: str
    ours: Json
    theirs: Json
    how: str

    @property
    def called(self) -> str:
        """What people call ours."""
        return label(self.ours)

    @property
    def other(self) -> str:
        """What people call the site's."""
        return f"'{self.theirs['name']}' ({self.theirs['id']})"


def label(item: Json) -> str:
    """What people call an object of ours; types of indicators have no code."""
    return str(item.get("code") or item["name"])


def find_targets(metadata: Metadata, said: Objects, actual: Objects, wanted: Wanted) -> list[Use]:
    """What the mappings name; what the record names was read with ``actual``."""
    ours = [(kind, item) for kind in ADOPTABLE for item in said.get(kind, [])]
    _refuse_installed(ours, actual, wanted)
    more = metadata.export(_conditions(ours, actual, wanted.named))
    there = {kind: [*actual.get(kind, []), *more.get(kind, [])] for kind in ADOPTABLE}
    recorded = [_recorded(kind, item, there[kind], wanted) for kind, item in ours if item["id"] in wanted.recorded]
    named = [_named(kind, item, there[kind], wanted) for kind, item in ours if item["id"] in wanted.named]
    _refuse_changed(named, recorded)
    _refuse_ours(named, {item["id"] for items in said.values() for item in items})
    known = {use.ours["id"] for use in recorded}
    uses = [*recorded, *(use for use in named if use.ours["id"] not in known)]
    _refuse_twice(uses)
    return uses


def _conditions(ours: Iterable[tuple[str, Json]], actual: Objects, named: Mapping[str, str]) -> Iterator[Condition]:
    """What to ask for: what is named and not at hand, by UID if it can be one, and all by code."""
    known = {item["id"] for items in actual.values() for item in items}
    texts: dict[str, set[str]] = {kind: set() for kind in ADOPTABLE}
    for kind, item in ours:
        texts[kind] |= {named[item["id"]]} if item["id"] in named else set()
    for kind in ADOPTABLE:
        uids = [text for text in texts[kind] if is_uid(text) and text not in known]
        yield from ((kind, f"id:in:[{some}]") for some in batches(sorted(uids)))
    for kind in ADOPTABLE:
        yield from ((kind, f"code:in:[{some}]") for some in lines(sorted(texts[kind])))


def _recorded(kind: str, item: Json, there: list[Json], wanted: Wanted) -> Use:
    uid = wanted.recorded[item["id"]]
    found = next((other for other in there if other["id"] == uid), None)
    if found is None:
        raise StateChanged(
            f"{kind}: the server has no {uid} any more, which is recorded as standing for {label(item)}.",
            "Bring that object back (from a backup of the server): the records of partnerships stand in it.",
        )
    return Use(kind, item, found, BY_RECORD)


def _named(kind: str, item: Json, there: list[Json], wanted: Wanted) -> Use:
    text = wanted.named[item["id"]]
    found = {other["id"]: other for other in there if text in (other["id"], other.get("code"))}
    if len(found) != 1:
        what = "has no" if not found else "has more than one"
        raise UsageError(
            f"{kind}: {label(item)}: the server {what} '{text}'.",
            "Give the UID or the code of an object of that type that the account may read.",
            ", ".join(found),
        )
    return Use(kind, item, next(iter(found.values())), BY_FILE)


def _refuse_installed(ours: Iterable[tuple[str, Json]], actual: Objects, wanted: Wanted) -> None:
    there = {kind: uids_of(items) for kind, items in actual.items()}
    for kind, item in ours:
        if item["id"] in {*wanted.named, *wanted.recorded} and item["id"] in there.get(kind, []):
            raise StateChanged(
                f"{kind}: {label(item)} is installed already, and records may stand in it.",
                "Take it out of the mapping file; or uninstall the package first, if it holds no records yet.",
            )


def _refuse_changed(named: Iterable[Use], recorded: Iterable[Use]) -> None:
    before = {use.ours["id"]: use for use in recorded}
    for use in named:
        old = before.get(use.ours["id"], use)
        if old.theirs["id"] != use.theirs["id"]:
            raise StateChanged(
                f"{use.kind}: {use.called} stands for {old.other} since it was installed, not for {use.other}.",
                "Records may stand in it, so a mapping is not changed. Write the old one into the mapping file.",
            )


def _refuse_ours(named: Iterable[Use], ours: set[str]) -> None:
    for use in named:
        if use.theirs["id"] in ours:
            raise UsageError(
                f"{use.kind}: {use.called}: {use.other} is an object of the package itself.",
                "Map to an object that your server had before.",
            )


def _refuse_twice(uses: Iterable[Use]) -> None:
    seen: dict[str, Use] = {}
    for use in uses:
        first = seen.setdefault(use.theirs["id"], use)
        if first is not use:
            raise UsageError(
                f"{use.kind}: {use.other} is to stand for both {first.called} and {use.called}.",
                "An object of yours can stand for one of the package.",
            )
