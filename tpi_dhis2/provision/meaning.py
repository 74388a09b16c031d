"""Whether an object of the site means the same as one of ours, so that it can be used instead; if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tpi_dhis2.provision.options import Options
from tpi_dhis2.provision.values import same

Json = dict[str, Any]

#: What must be the same, by type, and what people call it.
_ALIKE = {
    "optionSets": {"valueType": "value type"},
    "dataElements": {"domainType": "domain", "valueType": "value type"},
    "trackedEntityAttributes": {
        "valueType": "value type",
        "unique": "mark 'unique'",
        "generated": "mark 'generated'",
    },
    "indicatorTypes": {"factor": "factor", "number": "mark 'number'"},
}
_SHOWN = 5


def is_alike(kind: str, ours: Json, theirs: Json) -> bool:
    """Whether two objects have the same in all that their type asks for, options aside."""
    return not _difference(kind, ours, theirs)


def why_not(kind: str, ours: Json, theirs: Json, options: Options, used: Mapping[str, str]) -> str:
    """Why the site's object cannot stand for ours; empty when it can. ``used`` are the option sets that do."""
    if kind == "optionSets":
        return _difference(kind, ours, theirs) or _lacking(options.lacking(ours["id"], theirs["id"]))
    return _difference(kind, ours, theirs) or _of_set(set_of(ours), set_of(theirs), options, used)


def set_of(item: Json) -> str:
    """The UID of an object's option set; empty when it has none."""
    return str((item.get("optionSet") or {}).get("id", ""))


def _difference(kind: str, ours: Json, theirs: Json) -> str:
    for prop, name in _ALIKE[kind].items():
        mine, other = ours.get(prop), theirs.get(prop)
        if not same(mine, other) and not same(other, mine):
            return f"its {name} is {_shown(other)}, not {_shown(mine)}"
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not set" if value is None else str(value)


def _of_set(ours: str, theirs: str, options: Options, used: Mapping[str, str]) -> str:
    if ours == theirs or (ours and used.get(ours) == theirs):
        return ""
    if not ours or not theirs:
        return "it has no option set" if ours else "it has an option set, ours has none"
    return _lacking(options.lacking(ours, theirs), "its option set")


def _lacking(codes: list[str], what: str = "it") -> str:
    if not codes:
        return ""
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    return f"{what} lacks the option{'s' if len(codes) > 1 else ''} {', '.join(codes[:_SHOWN])}{more}"
