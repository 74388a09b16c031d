"""Objects of the site that the package uses instead of its own: of the same code or factor, or named in a mapping.

Two that mean the same would stand side by side in every list of the site, so the package's own is left out and the
site's takes its place wherever the package names it. The site's own is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.provision.kinds import ADOPTABLE, READ_WHOLE
from tpi_dhis2.provision.meaning import is_alike, set_of, why_not
from tpi_dhis2.provision.options import Options
from tpi_dhis2.provision.substitute import left, substituted
from tpi_dhis2.provision.targets import Use, Wanted, find_targets

Json = dict[str, Any]
Objects = dict[str, list[Json]]

BY_CODE, BY_FACTOR = "by its code", "by its factor"
_OPTION_SETS = ADOPTABLE[0]


@dataclass(frozen=True)
class Adoption:
    """What the site's objects stand for.

    ``desired`` is what is left to compare, with the site's UIDs in it; ``clashes`` say by the UID of ours why an object
    cannot be used; ``mapping`` is for the record: UIDs of the site by those of ours.
    """

    desired: Objects
    uses: list[Use]
    clashes: dict[str, str]
    mapping: dict[str, str]


def adopt(metadata: Metadata, said: Objects, actual: Objects, wanted: Wanted) -> Adoption:
    """Find the site's objects to use, and judge each.

    StateChanged or UsageError when a mapping cannot be kept or names what is not there.
    """
    targets = find_targets(metadata, said, actual, wanted)
    options = Options(metadata, said.get("options", []))
    uses = [*targets, *_by_rule(said, actual, targets)]
    used, clashes = _judged(uses, options)
    mapping = {use.ours["id"]: str(use.theirs["id"]) for use in used}
    uids = dict(mapping)
    for use in used:
        if use.kind == _OPTION_SETS:
            uids |= options.alike(use.ours["id"], use.theirs["id"])
    desired = substituted(left(said, mapping), uids)
    # What an earlier release mapped stays known: its records are still there.
    return Adoption(desired, used, clashes, {**_earlier(said, wanted), **mapping})


def _earlier(said: Objects, wanted: Wanted) -> dict[str, str]:
    ours = {item["id"] for items in said.values() for item in items}
    return {uid: theirs for uid, theirs in wanted.recorded.items() if uid not in ours}


def _judged(uses: list[Use], options: Options) -> tuple[list[Use], dict[str, str]]:
    """The objects that can be used, and why the others cannot; option sets first, since fields ask for theirs."""
    used: list[Use] = []
    clashes: dict[str, str] = {}
    options.read(_sets(uses))
    for sets in (True, False):
        some = [use for use in uses if (use.kind == _OPTION_SETS) == sets]
        known = {use.ours["id"]: str(use.theirs["id"]) for use in used}
        for use in some:
            reason = why_not(use.kind, use.ours, use.theirs, options, known)
            if reason:
                clashes[use.ours["id"]] = _clash(use, reason)
            else:
                used.append(use)
    return used, clashes


def _sets(uses: list[Use]) -> Iterator[str]:
    """The option sets whose options have to be known: those to use, and those of fields that have one of their own."""
    sets = {use.ours["id"]: use.theirs["id"] for use in uses if use.kind == _OPTION_SETS}
    yield from sets.values()
    for use in uses:
        ours, theirs = set_of(use.ours), set_of(use.theirs)
        if ours and theirs not in ("", ours, sets.get(ours)):
            yield theirs


def _clash(use: Use, reason: str) -> str:
    if use.how == BY_CODE:
        return f"{use.kind}: the code {use.called} is taken by {use.other}, which cannot be used instead: {reason}"
    return f"{use.kind}: {use.other} cannot be used for {use.called}, {use.how}: {reason}"


def _by_rule(said: Objects, actual: Objects, targets: list[Use]) -> Iterator[Use]:
    """What no mapping names: the site's objects with our codes, and types of indicators with the same factor.

    None for one of ours that is there already, so that no later plan changes what is in use.
    """
    ours = {use.ours["id"] for use in targets}
    theirs = {use.theirs["id"] for use in targets}
    for kind in ADOPTABLE:
        there = {item["id"]: item for item in actual.get(kind, [])}
        free = [item for uid, item in sorted(there.items()) if uid not in theirs]
        for item in said.get(kind, []):
            other = None if item["id"] in {*ours, *there} else _like(kind, item, free)
            if other is not None:
                yield Use(kind, item, other, BY_FACTOR if kind == READ_WHOLE else BY_CODE)


def _like(kind: str, item: Json, others: list[Json]) -> Json | None:
    """The one with our code; of types of indicators the first of the same meaning, one of the same name before all."""
    if kind != READ_WHOLE:
        return next((other for other in others if other.get("code") == item["code"]), None)
    alike = [other for other in others if is_alike(kind, item, other)]
    return min(alike, key=lambda other: other.get("name") != item["name"], default=None)
