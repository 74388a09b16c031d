"""The local store: whether it can be used, what waits in it, whose mirror it is, and room on its disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tpi_dhis2.doctor.finding import BAD, NOTE, OK, WARN, Finding
from tpi_dhis2.errors import StoreNotReady
from tpi_dhis2.store.health import Health, Place, look, place
from tpi_dhis2.store.items import CONFLICT, ERROR, SYNCED, TO_DELETE, TO_POST, TO_UPDATE, UPLOADING, WARNING

_LITTLE = 200_000_000
_WAITING = (
    ((TO_POST, TO_UPDATE, TO_DELETE), "objects wait to be sent", "tpi-dhis2 sync push"),
    ((UPLOADING,), "were under way when a run was cut off", "tpi-dhis2 sync push"),
    ((ERROR,), "were refused", "tpi-dhis2 sync status"),
    ((CONFLICT,), "are in conflict", "tpi-dhis2 sync conflicts"),
)


def examine(url: str | None, server: str | None) -> Iterator[Finding]:
    """What a store says of itself; one that is not there yet is not made, an older one not changed."""
    where = place(url)
    if where.file is not None:
        yield from _room(where.file)
    try:
        yield from health(where, look(url), server)
    except StoreNotReady as error:
        yield Finding(NOTE, "store", str(error), error.advice)


def health(where: Place, found: Health, server: str | None) -> Iterator[Finding]:
    """What the store's own words mean."""
    total = sum(found.states.values())
    pulled = f"pulled up to {found.pulled} (server's time)" if found.pulled else "never pulled"
    yield Finding(OK, "store", f"{where.address}: {total} objects of {found.server or 'no server yet'}, {pulled}.")
    if found.faults:
        advice = "Move the file away and pull again; what waited in it comes again from the record files."
        yield Finding(BAD, "store", f"The file is damaged: {found.faults[0]}", advice, tuple(found.faults[1:]))
    if server and found.server and found.server != server:
        advice = "Name another store with --store or TPI_DHIS2_STORE; each server has its own."
        yield Finding(BAD, "store", f"The store mirrors another server: {found.server}", advice)
    for states, words, command in _WAITING:
        count = sum(found.states.get(state, 0) for state in states)
        if count:
            yield Finding(WARN, "outbox", f"{count} of {total} {words}.", f"Run: {command}")
    if total and sum(found.states.get(state, 0) for state in (SYNCED, WARNING)) == total:
        yield Finding(OK, "outbox", "Nothing waits to be sent.")


def _room(file: Path) -> Iterator[Finding]:
    folder = next((each for each in file.absolute().parents if each.is_dir()), Path("/"))
    free = shutil.disk_usage(folder).free
    words = f"{free / 1e9:.1f} GB are free where the store is."
    if free < _LITTLE:
        yield Finding(WARN, "disk", words, "Free space: what cannot be stored is not sent.")
    else:
        yield Finding(OK, "disk", words)
