"""Decide what is stuck: fields in conflict, and what the server refused."""

from __future__ import annotations

from tpi_dhis2.errors import UsageError
from tpi_dhis2.store.items import ERROR, Item
from tpi_dhis2.store.store import Store


def resolve(store: Store, uid: str, take: str) -> int:
    """Keep the values of ``here`` or of the ``server`` for all fields in conflict; the number of objects decided.

    What the server refused and is not wanted any more is given up by taking the server's side; what never reached the
    server is then forgotten, with all that stands below it. UsageError when there is nothing to decide.
    """
    item = store.by_uid([uid]).get(uid)
    if item is not None and item.conflicts:
        _decide(item, take)
        store.save([item])
        return 1
    if item is not None and item.state == ERROR and take == "server":
        return _give_up(store, item)
    raise UsageError(
        f"There is nothing to decide about '{uid}'.",
        "'tpi-dhis2 sync conflicts' and 'sync status' list what waits; what was refused can only be given up (server).",
    )


def _give_up(store: Store, item: Item) -> int:
    if item.base is not None:
        item.doc = dict(item.base)
        item.settle()
        store.save([item])
        return 1
    below = [
        other for other in store.items(partnership=item.partnership) if item.uid in (other.partnership, other.cycle)
    ]
    unsent = [other for other in [item, *below] if other.base is None]
    return store.forget(dict.fromkeys(other.uid for other in unsent))


def _decide(item: Item, take: str) -> None:
    if take == "server":
        for key, (_, theirs) in item.conflicts.items():
            if theirs is None:
                item.doc.pop(key, None)
            else:
                item.doc[key] = theirs
    item.conflicts = {}
    item.settle()
