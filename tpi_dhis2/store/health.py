"""How a store is: where it stands, whether it can be used, what it mirrors and what waits in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tpi_dhis2.store.address import default_url, file_of, parsed, shown
from tpi_dhis2.store.store import Store


@dataclass(frozen=True)
class Place:
    """Where a store is: its address without a password, and the file, if it is one."""

    address: str
    file: Path | None


@dataclass(frozen=True)
class Health:
    """What a store says: the server it mirrors, up to when, objects by state, and what is wrong with its file."""

    server: str | None
    pulled: str | None
    states: dict[str, int]
    faults: list[str]


def place(url: str | None) -> Place:
    """Where a store would be; StoreProblem when the address is not one."""
    address = parsed(url or default_url())
    return Place(shown(address), file_of(address))


def look(url: str | None) -> Health:
    """Look into a store that is there; StoreNotReady when it is not, StoreProblem when it cannot be used."""
    with Store.open(url, reading=True) as store:
        return Health(store.setting("server"), store.cursor(), store.states(), store.faults())
