"""Decide conflicts: for one object, keep the values of here or those of the server."""

from __future__ import annotations

from tpi_dhis2.errors import UsageError
from tpi_dhis2.store.store import Store


def resolve(store: Store, uid: str, take: str) -> int:
    """Keep the values of ``here`` or of the ``server`` for all fields in conflict; the number of fields.

    UsageError when the object is not known or has no conflict.
    """
    item = store.by_uid([uid]).get(uid)
    if item is None or not item.conflicts:
        raise UsageError(f"'{uid}' is in no conflict.", "'tpi-dhis2 sync conflicts' lists those that are.")
    decided = len(item.conflicts)
    if take == "server":
        for key, (_, theirs) in item.conflicts.items():
            if theirs is None:
                item.doc.pop(key, None)
            else:
                item.doc[key] = theirs
    item.conflicts = {}
    item.settle()
    store.save([item])
    return decided
