"""What of the site stands in the way: objects that have a code, a name or a short name of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.provision.kinds import READ_WHOLE
from tpi_dhis2.provision.read import Objects, read_named

Json = dict[str, Any]
#: The site's objects by type, property and text.
Taken = dict[tuple[str, str, str], Json]

#: What may be taken, as people call it.
UNIQUE = {"code": "code", "name": "name", "shortName": "short name"}
#: A type whose objects have no code that must be unique.
_NO_CODES = "programStageSections"
#: Types of which those of our program are read, and whose codes are unique on a server.
_CODES_ASKED = ("programStages", "programIndicators")
#: Types whose names are unique in a program or set, or of which all are read; what the server has is known already.
_NAMES_KNOWN = ("programRules", "programRuleVariables", "options", READ_WHOLE)
#: Types whose names are unique on a server, and those whose short names are, too.
_UNIQUE_BOTH = ("trackedEntityAttributes", "dataElements", "dataElementGroups", "programIndicators", "constants")
_UNIQUE_NAMES = (
    *_UNIQUE_BOTH,
    "optionSets",
    "trackedEntityTypes",
    "legendSets",
    "programIndicatorGroups",
    "userRoles",
)


def read_taken(metadata: Metadata, desired: Objects, actual: Objects) -> Taken:
    """The site's objects that have a code or a name of ours; asked for the objects to create only."""
    ours = {item["id"] for items in desired.values() for item in items}
    found = [*_known(actual), *_asked(metadata, desired, {item["id"] for items in actual.values() for item in items})]
    return {
        (kind, prop, text_of(kind, prop, item)): item
        for kind, prop, item in found
        if item.get(prop) and item["id"] not in ours
    }


def text_of(kind: str, prop: str, item: Json) -> str:
    """What must be unique of an object; of an option beside its set."""
    text = str(item.get(prop) or "")
    return f"{item['optionSet']['id']} {text}" if kind == "options" and text else text


def _known(actual: Objects) -> Iterator[tuple[str, str, Json]]:
    for kind, items in actual.items():
        yield from ((kind, "code", item) for item in items if kind != _NO_CODES)
        yield from ((kind, "name", item) for item in items if kind in _NAMES_KNOWN)


def _asked(metadata: Metadata, desired: Objects, there: set[str]) -> Iterator[tuple[str, str, Json]]:
    for prop, kinds in (("code", _CODES_ASKED), ("name", _UNIQUE_NAMES), ("shortName", _UNIQUE_BOTH)):
        for kind in kinds:
            creating = [item[prop] for item in desired.get(kind, []) if item["id"] not in there and item.get(prop)]
            yield from ((kind, prop, item) for item in read_named(metadata, kind, prop, creating))
