"""An object of a store, quickly imported by the processes that tests start."""

from __future__ import annotations

from tpi_dhis2.store.items import RECORD, Item

UNIT, OTHER_UNIT = "ImspTQPwCqd", "O6uvpzGd5pu"


def item(number: int = 1, **changes: object) -> Item:
    """A record that waits to be posted, with these changes."""
    made = Item(f"aEvent{number:05d}", RECORD, "contact", UNIT, OTHER_UNIT, {"decisions": "x"})
    for name, value in changes.items():
        setattr(made, name, value)
    return made
