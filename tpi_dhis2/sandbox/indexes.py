"""Which rows of a table are found under a key: made by one walk, then kept right as rows come and go."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cache

from tpi_dhis2.sandbox.web import Json

#: The keys under which a row is found. An index is known by this function, so each must be one and the same object.
Keys = Callable[[Json], Iterable[Hashable]]


class Index:
    """The rows of one table by the keys that a function gives for each."""

    def __init__(self, keys: Keys, rows: Json):
        self._keys = keys
        self._found: dict[Hashable, dict[str, None]] = {}
        for uid, row in rows.items():
            self.move(uid, None, row)

    def move(self, uid: str, before: Json | None, after: Json | None) -> None:
        """Take note of a row in place of the one before; None stands for no row."""
        old = () if before is None else tuple(self._keys(before))
        new = () if after is None else tuple(self._keys(after))
        if old == new:
            return
        for key in old:
            self._remove(uid, key)
        for key in new:
            self._found.setdefault(key, {})[uid] = None

    def _remove(self, uid: str, key: Hashable) -> None:
        uids = self._found.get(key, {})
        uids.pop(uid, None)
        if not uids:
            self._found.pop(key, None)

    def under(self, key: Hashable) -> Iterable[str]:
        """Return the UIDs of the rows found under a key."""
        return self._found.get(key, ())

    def __iter__(self) -> Iterator[Hashable]:
        """Give the keys that there are."""
        return iter(self._found)


@cache
def value_of(name: str) -> Keys:
    """Find rows by one property."""
    return lambda row: () if row.get(name) is None else (row[name],)


@cache
def listed_in(name: str) -> Keys:
    """Find rows by the identifiers that a list of theirs holds."""
    return lambda row: [each["id"] for each in row.get(name) or [] if isinstance(each, dict) and "id" in each]


@cache
def attribute_value(uid: str) -> Keys:
    """Find tracked entities by their value of one attribute."""
    return lambda row: (row["attributes"][uid][0],) if uid in row["attributes"] else ()


def minute_of_update(row: Json) -> Iterable[Hashable]:
    """Find rows by the minute of their last change."""
    return (minute(row["updatedAt"]),)


def minute(time: str) -> str:
    """Return the minute of a timestamp."""
    return time[: len("2026-01-01T00:00")]


def ends(row: Json) -> Iterable[Hashable]:
    """Find relationships by the objects at both ends."""
    return tuple(uid for uid in (end_of(row, "from"), end_of(row, "to")) if uid)


def end_of(row: Json, side: str) -> str | None:
    """Return the UID of the object at one end of a relationship."""
    for name in ("trackedEntity", "enrollment", "event"):
        value = (row.get(side) or {}).get(name)
        if value:
            return str(value.get(name) if isinstance(value, dict) else value)
    return None
