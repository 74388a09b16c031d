"""Whether two values of metadata mean the same, whatever form a server gives them."""

from __future__ import annotations

import re
from typing import Any

_DATE = re.compile(r"^\d{4}-\d\d-\d\d$")
_MIDNIGHT = "T00:00:00.000"
#: Lists of texts that servers hold as sets: codes of a filter come back as Java hashes them, periods in Java's order.
_SETS = ("in", "rawPeriods")


def same(new: Any, old: Any) -> bool:
    """Whether two values mean the same: numbers by value, references by UID, absent like its default."""
    if old is None:
        return new in (None, False, 0, "", "NONE") or new == []
    if isinstance(new, dict) and isinstance(old, dict):
        if "id" in new:
            return bool(new["id"] == old.get("id"))
        return all(same_of(key, value, old.get(key)) for key, value in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(map(same, new, old))
    if isinstance(new, int | float) and isinstance(old, int | float) and not isinstance(new, bool):
        return float(new) == float(old)
    if isinstance(new, str) and _DATE.match(new):
        return old in (new, new + _MIDNIGHT)
    return bool(new == old)


def same_of(prop: str, new: Any, old: Any) -> bool:
    """Whether two values of a property mean the same; of what is a set on servers the order says nothing."""
    if prop in _SETS and isinstance(new, list) and isinstance(old, list):
        return sorted(new) == sorted(old)
    return same(new, old)


def holds(new: list[Any], old: list[Any], *, ordered: bool) -> bool:
    """Whether a list has all that another asks for, in its order where that is seen: then both hold references."""
    if ordered:
        said = {ref_of(one) for one in new}
        return same(new, [other for other in old if ref_of(other) in said])
    there = {ref_of(other) for other in old}
    return all(ref_of(one) in there if ref_of(one) else any(same(one, other) for other in old) for one in new)


def ids(items: Any) -> list[Any]:
    """The UIDs of a list, for people; what has none stands for itself."""
    return [item.get("id", item) if isinstance(item, dict) else item for item in items or []]


def ref_of(entry: Any, joined: str = "id") -> str | None:
    """The UID of an entry, or that of the object it joins; None for what is no object."""
    if not isinstance(entry, dict):
        return None
    found: str | None = entry.get("id") if joined == "id" else (entry.get(joined) or {}).get("id")
    return found
