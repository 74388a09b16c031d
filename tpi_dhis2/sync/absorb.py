"""Take what the server has into the store: merged field by field with what was changed here, never over it."""

from __future__ import annotations

from collections.abc import Iterable

from tpi_dhis2.domain.merge import merge
from tpi_dhis2.store.items import ERROR, Item
from tpi_dhis2.sync.wire import Remote

DELETED_THERE = "it was deleted on the server; to enter it anew, give it a 'key' of its own"


def absorb(items: dict[str, Item], remotes: Iterable[Remote], calculated: frozenset[str] = frozenset()) -> list[Item]:
    """The items that changed; ``items`` holds those known here by UID and takes up new ones.

    Fields in ``calculated`` are never in conflict: they are taken as the server has them and calculated again.
    """
    touched: dict[str, Item] = {}
    for remote in remotes:
        known = items.get(remote.uid)
        if known is None:
            if not remote.deleted:
                items[remote.uid] = touched[remote.uid] = _new(remote)
        elif _take(known, remote, calculated):
            touched[remote.uid] = known
    return list(touched.values())


def _new(remote: Remote) -> Item:
    item = Item(
        remote.uid, remote.type, remote.kind, remote.partnership, remote.cycle, dict(remote.doc), dict(remote.doc)
    )
    item.settle()
    return item


def _take(item: Item, remote: Remote, calculated: frozenset[str]) -> bool:
    if remote.deleted:
        return take_deletion(item)
    before = (item.doc, item.base, item.state, item.conflicts, item.deleted)
    item.deleted = False
    ours = {key: value for key, value in item.doc.items() if key not in calculated}
    ours |= {key: remote.doc[key] for key in calculated & remote.doc.keys()}
    result = merge(item.base, ours, remote.doc)
    still = {key: mine for key, (mine, _) in _open_conflicts(item, remote).items()}
    item.conflicts = {key: [mine, remote.doc.get(key)] for key, mine in still.items()} | {
        key: list(sides) for key, sides in result.conflicts.items()
    }
    item.doc, item.base = result.doc, dict(remote.doc)
    # What was refused stays so until it differs no more or is in conflict; the next push tries it again.
    if item.state != ERROR or item.conflicts or not item.differs:
        item.settle()
    return before != (item.doc, item.base, item.state, item.conflicts, item.deleted)


def _open_conflicts(item: Item, remote: Remote) -> dict[str, tuple[str | None, str | None]]:
    """Conflicts found earlier that nobody has resolved, and that did not resolve themselves."""
    sides = {key: (item.doc.get(key), remote.doc.get(key)) for key in item.conflicts}
    return {key: pair for key, pair in sides.items() if pair[0] != pair[1]}


def take_deletion(item: Item) -> bool:
    """Mark as deleted what the server has deleted; whether that is news. What was changed here since is told."""
    if item.deleted:
        return False
    changed_here = item.differs
    item.deleted = True
    item.settle()
    if changed_here:
        item.state, item.problem = ERROR, DELETED_THERE
    return True
