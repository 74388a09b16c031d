"""Which partnerships are meant: by name, code or UID, and by the units that they stand in."""

from __future__ import annotations

from collections.abc import Iterable

from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.errors import UsageError
from tpi_dhis2.store.items import PARTNERSHIP
from tpi_dhis2.store.store import Store


def partnerships_named(store: Store, names: Iterable[str], *, known: bool = True) -> frozenset[str]:
    """The UIDs of partnerships by name, code or UID; UsageError when one is not in the store, or several are meant.

    Unless it has to be ``known``, a UID is taken as it is: a pull may ask for a partnership that is not here yet.
    """
    wanted = list(names)
    if not wanted:
        return frozenset()
    called: dict[str, set[str]] = {}
    for item in store.of_type(PARTNERSHIP):
        if not item.deleted:
            for name in (item.uid, item.doc.get("name", ""), item.doc.get("code", "")):
                called.setdefault(name.casefold(), set()).add(item.uid)
    return frozenset(_one(name, called, known=known) for name in wanted)


def _one(name: str, called: dict[str, set[str]], *, known: bool) -> str:
    found = called.get(name.strip().casefold(), set())
    if len(found) == 1:
        return next(iter(found))
    if not found and is_uid(name) and not known:
        return name
    raise UsageError(
        f"{len(found) or 'No'} partnerships are called '{name}'.",
        "Give its UID (the last part of its address in Capture), its code or its whole name.",
    )
