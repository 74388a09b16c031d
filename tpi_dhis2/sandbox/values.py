"""Values as they are stored: a text, and a stamp of when and by whom that all values of one write share.

A server may hold millions of values; a pair with a shared stamp takes a fifth of what an object of its own does.
"""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.web import Json

OWNERS = (("trackedEntities", "attributes"), ("events", "dataValues"))


def text_of(value: Any) -> Any:
    """Return the text of a stored value; None for no value."""
    return value[0] if value else None


def texts(values: Json) -> Json:
    """Return the texts of stored values."""
    return {uid: value[0] for uid, value in values.items()}


def restore_pairs(tables: Json) -> None:
    """Bring values that an earlier version has saved as objects into the form of today."""
    for table, name in OWNERS:
        for row in tables.get(table, {}).values():
            row[name] = {uid: _pair(value) for uid, value in row[name].items()}


def _pair(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return value["value"], {name: each for name, each in value.items() if name not in ("value", "providedElsewhere")}


class Stamps:
    """The stamps of one import, by version as recorded.

    Data values: 2.41 tells nobody's name; 2.40 only of a value that joined an event later; 2.42 and later always.
    Attributes: 2.43 alone tells who stored a value.
    """

    def __init__(self, minor: int, now: str, me: Json):
        self.minor, self.now, self.me = minor, now, me
        users = {"createdBy": me, "updatedBy": me}
        self._plain: Json = {"createdAt": now, "updatedAt": now}
        self._full: Json = {**self._plain, **users, **({"storedBy": me["username"]} if minor > 40 else {})}
        self._attribute: Json = {**self._plain, **({"storedBy": me["username"]} if minor > 42 else {})}

    def of_attribute(self, before: Json | None) -> Json:
        """Return the stamp of an attribute's value that is new or changed."""
        return {**before, **self._attribute, "createdAt": before["createdAt"]} if before else self._attribute

    def of_data(self, before: Json | None, *, joins: bool) -> Json:
        """Return the stamp of a data value that is new (and perhaps joins an event that is there) or changed."""
        if before is None:
            return self._full if self.minor > 41 or (self.minor == 40 and joins) else self._plain
        if self.minor < 42:
            return {**before, "updatedAt": self.now}
        return {**before, **self._full, "createdAt": before["createdAt"], "createdBy": before.get("createdBy")}
