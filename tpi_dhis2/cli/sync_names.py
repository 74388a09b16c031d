"""What to call an object of the store in a message."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import PARTNERSHIP, Item
from tpi_dhis2.store.store import Store

Json = dict[str, Any]
#: So many records are named one by one; the others are counted.
MOST = 50


class Names:
    """What to call an object in a message: the partnership's name, and what tells the record from others."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.fields = package_fields()
        self._partnerships: dict[str, str] = {}

    def of(self, item: Item) -> str:
        """The name of an object."""
        name = self._partnership(item.partnership)
        if item.type == PARTNERSHIP:
            return name
        if not item.kind:
            return f"{name}, cycle begun {item.doc.get('@date', '?')}"
        stage = self.fields.stages[item.kind].source
        parts = [(key, item.doc.get(key, "")) for key in stage.key]
        shown = [self.fields.show(key, part) or "" for key, part in parts if part]
        return f"{name}, {stage.name}{': ' + ', '.join(shown) if shown else ''}"

    def _partnership(self, uid: str) -> str:
        if uid not in self._partnerships:
            found = self.store.by_uid([uid]).get(uid)
            self._partnerships[uid] = found.doc.get("name", uid) if found else uid
        return self._partnerships[uid]


def some(count: int, what: str) -> str:
    """A number of things."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def more(count: int, what: str) -> list[str]:
    """A line on those that are not named one by one."""
    return [f"... and {count - MOST} more {what}."] if count > MOST else []


def as_json(item: Item, names: Names) -> Json:
    """An object that a person has to see to."""
    codes = [code for code, _ in (item.report or {}).get("reasons", [])]
    name = names.of(item)
    return {
        "uid": item.uid,
        "type": item.type,
        "kind": item.kind,
        "name": name,
        "problem": item.problem,
        "codes": codes,
    }
