"""The site's UIDs in the place of ours, wherever the package names an object: alone, in an expression, in a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
Objects = dict[str, list[Json]]

#: A UID that names something: alone, in braces, or beside the dot of a stage and the colon of an order. A word of a
#: sentence is none.
_UID = re.compile(r"(?<![^{.:])[A-Za-z][A-Za-z0-9]{10}(?![^}.:])")


def substituted(value: Any, uids: Mapping[str, str]) -> Any:
    """The same with each UID of ours that the mapping has exchanged for the site's; names of properties stay."""
    if not uids:
        return value
    if isinstance(value, dict):
        return {key: substituted(each, uids) for key, each in value.items()}
    if isinstance(value, list):
        return [substituted(each, uids) for each in value]
    return _UID.sub(lambda found: uids.get(found[0], found[0]), value) if isinstance(value, str) else value


def left(said: Objects, replaced: Mapping[str, str]) -> Objects:
    """What of ours is still needed when the site's objects stand for some of it; a set goes with its options."""
    kept = {kind: [item for item in items if item["id"] not in replaced] for kind, items in said.items()}
    if "options" in kept:
        kept["options"] = [item for item in kept["options"] if item["optionSet"]["id"] not in replaced]
    return kept
