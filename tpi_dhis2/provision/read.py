"""What the server has of the package's objects, asked for in few requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.package.base import PREFIX
from tpi_dhis2.provision.kinds import READ_WHOLE
from tpi_dhis2.provision.ours import pinned, retired

Json = dict[str, Any]
Objects = dict[str, list[Json]]

#: UIDs and characters of names in one condition, so that no address grows too long for the proxies on the way.
_UIDS, _CHARACTERS = 300, 3000
#: Types of which servers return no code.
_NO_CODE = {"eventFilters"}


def read_actual(metadata: Metadata, desired: Objects, recorded: Mapping[str, list[str]]) -> Objects:
    """The server's objects that are ours, were ours in an earlier version, or belong to us or carry a code of ours.

    One request or two, and one or some for what those did not find; that asks for the site's objects that are
    ``recorded`` as standing for ours, too. Options, sections and rules have no code that is unique on a server, so they
    are found by what they belong to.
    """
    kinds = list(dict.fromkeys([*desired, *retired(desired)]))
    found = metadata.export([(kind, text) for kind in kinds for text in _conditions(kind, desired)])
    actual = {kind: found.get(kind, []) for kind in kinds}
    # Our objects whose code somebody changed are still ours: look for the missing ones by UID.
    missing = {kind: uids for kind, uids in _missing(desired, actual, recorded).items() if uids and kind != READ_WHOLE}
    more = metadata.export([(kind, f"id:in:[{some}]") for kind, uids in missing.items() for some in batches(uids)])
    return {kind: [*items, *more.get(kind, [])] for kind, items in actual.items()}


def _conditions(kind: str, desired: Objects) -> list[str]:
    if kind in _OF_PROGRAM:
        return [f"program.id:eq:{desired['programs'][0]['id']}"]
    if kind in _OWNERS:
        owner, owners = _OWNERS[kind]
        return [f"{owner}.id:in:[{some}]" for some in batches(_known(owners, desired))]
    if kind in _NO_CODE:
        return [f"id:in:[{some}]" for some in batches(_known(kind, desired))]
    return [""] if kind == READ_WHOLE else [f"code:$like:{PREFIX}"]


#: Types that belong to the program: what the site added is found with ours.
_OF_PROGRAM = ("programStages", "programIndicators", "programRules", "programRuleVariables")
#: Types that are found by what they belong to: the property, and the type of the owner.
_OWNERS = {
    "options": ("optionSet", "optionSets"),
    "programStageSections": ("programStage", "programStages"),
    "programRuleActions": ("programRule", "programRules"),
}


def _known(kind: str, desired: Objects) -> list[str]:
    """The UIDs of a type in this version and in all before."""
    return list(dict.fromkeys([*uids_of(desired.get(kind, [])), *pinned().get(kind, ())]))


def uids_of(items: Iterable[Json]) -> list[str]:
    """The UIDs of objects."""
    return [str(item["id"]) for item in items]


def batches(uids: list[str]) -> Iterator[str]:
    """UIDs for conditions, each of a length that addresses take."""
    yield from (",".join(uids[start : start + _UIDS]) for start in range(0, len(uids), _UIDS))


def _missing(desired: Objects, actual: Objects, recorded: Mapping[str, list[str]]) -> dict[str, list[str]]:
    there = {item["id"] for items in actual.values() for item in items}
    wanted = {kind: [*uids_of(items), *recorded.get(kind, [])] for kind, items in desired.items()}
    return {kind: [uid for uid in uids if uid not in there] for kind, uids in wanted.items()}


def read_named(metadata: Metadata, kind: str, prop: str, texts: Iterable[str]) -> list[Json]:
    """The server's objects of a type that have one of these names or short names."""
    found: list[Json] = []
    # A comma would end a name in a list of them.
    for names in lines([text for text in texts if "," not in text]):
        found += metadata.all_of(kind, {"filter": f"{prop}:in:[{names}]", "fields": f"id,code,name,{prop}"})
    return found


def lines(texts: list[str]) -> Iterator[str]:
    """Texts for conditions, each of a length that addresses take."""
    line: list[str] = []
    for text in texts:
        if line and sum(map(len, line)) + len(text) > _CHARACTERS:
            yield ",".join(line)
            line = []
        line.append(text)
    if line:
        yield ",".join(line)
