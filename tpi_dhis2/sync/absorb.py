"""Take what the server has into the store: merged field by field with what was changed here, never over it."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from tpi_dhis2.domain.merge import Doc, merge
from tpi_dhis2.store.items import DELETED, ERROR, WARNING, Clash, Item
from tpi_dhis2.sync.stamps import BACK, FORWARD, MAYBE_BACK
from tpi_dhis2.sync.wire import Remote

#: What the server's side of a conflict about a deletion says: it has deleted the object, or has it no more.
YES, GONE = "true", "gone"
#: In ``Item.report``: deleted along with what it belongs to, so that both come back together.
WITH = "deleted with"

Calculated = frozenset[str]


def absorb(
    items: dict[str, Item], remotes: Iterable[Remote], calculated: Calculated = frozenset(), went: str = FORWARD
) -> list[Item]:
    """The items that changed; ``items`` holds those known here by UID and takes up new ones.

    Fields in ``calculated`` are never in conflict: they are taken as the server has them and calculated again. When the
    server ``went`` back, its older values are not taken for news: ours are sent again, or wait where that is not sure.
    """
    touched: dict[str, Item] = {}
    gone: set[str] = set()
    for remote in remotes:
        known = items.get(remote.uid)
        above = next((uid for uid in (remote.partnership, remote.cycle) if uid in gone), "")
        gone |= {remote.uid} if remote.deleted else set()
        if known is None:
            items[remote.uid] = touched[remote.uid] = _new(remote)
        elif take(known, remote, calculated, above, went):
            touched[remote.uid] = known
    for item in items.values():
        if item.removed and not item.conflicts and _has_new(item, touched.values()):
            item.conflicts = {DELETED: Clash(YES, None)}
            item.settle()
            touched[item.uid] = item
    return list(touched.values())


def _has_new(item: Item, touched: Iterable[Item]) -> bool:
    """Whether there is something below what is to be deleted of which that was not said."""
    below = (each for each in touched if item.uid in (each.partnership, each.cycle) and each.uid != item.uid)
    return any(not (each.removed or each.deleted) for each in below)


def _new(remote: Remote) -> Item:
    doc = dict(remote.doc)
    item = Item(remote.uid, remote.type, remote.kind, remote.partnership, remote.cycle, doc, dict(doc))
    item.deleted = remote.deleted
    item.settle()
    return item


def take(item: Item, remote: Remote, calculated: Calculated, above: str = "", went: str = FORWARD) -> bool:
    """Bring an item up to what the server has; whether that changes anything.

    ``above`` is the partnership or cycle that was deleted with it, if it was.
    """
    if remote.deleted:
        return take_deletion(item, calculated, above)
    before = copy.copy(item)
    before.conflicts = dict(item.conflicts)
    item.deleted = False
    item.partnership, item.cycle = remote.partnership, remote.cycle
    if item.removed:
        _keep_removed(item, remote, calculated)
    elif went == BACK:
        item.base = dict(remote.doc)
    else:
        if went == MAYBE_BACK:
            item.base = None  # there is no state that both are known to have shared
        _merge(item, remote, calculated)
    _settle(item)
    return item != before


def _merge(item: Item, remote: Remote, calculated: Calculated) -> None:
    ours = _without(item.doc, calculated) | {key: remote.doc[key] for key in calculated & remote.doc.keys()}
    result = merge(item.base, ours, remote.doc)
    # Conflicts found earlier stay until a person decides, or until both sides have come to the same.
    open_still = {key for key in item.conflicts if key != DELETED and ours.get(key) != remote.doc.get(key)}
    clashes = {key: Clash(ours.get(key), remote.doc.get(key)) for key in sorted(open_still | result.conflicts.keys())}
    item.conflicts = {key: _known(item.conflicts.get(key), clash) for key, clash in clashes.items()}
    mine = {key: ours[key] for key in item.conflicts if key in ours}
    item.doc = {key: value for key, value in result.doc.items() if key not in item.conflicts} | mine
    item.base = dict(remote.doc)


def _known(old: Clash | None, new: Clash) -> Clash:
    """The conflict as it was noted, with who and when, while the server's side is still the same."""
    if old is None or old.server != new.server:
        return new
    return Clash(new.here, new.server, old.at, old.by)


def _keep_removed(item: Item, remote: Remote, calculated: Calculated) -> None:
    """What is to be deleted here is in conflict when somebody has changed it there meanwhile."""
    if is_changed(item.base or {}, remote.doc, calculated):
        item.conflicts = {DELETED: Clash(YES, None)}
    item.doc, item.base = dict(remote.doc), dict(remote.doc)


def is_changed(base: Doc, now: Doc, calculated: Calculated) -> bool:
    """Whether people have changed an object since; what a server fills in of its own is no change."""
    keys = {key for key in {*base, *now} if key not in calculated and (key in base or not key.startswith("@"))}
    return any(base.get(key) != now.get(key) for key in keys)


def _settle(item: Item) -> None:
    """The state that follows; what the server refused or warned of stays so until something has changed.

    What is under way stays so, too, until the end of that is known.
    """
    if item.upload is not None:
        return
    kept = item.state == (ERROR if item.differs else WARNING) and not item.conflicts
    if not kept:
        item.settle()


def take_deletion(item: Item, calculated: Calculated, parent: str = "") -> bool:
    """Mark as deleted what the server has deleted; whether that is news. What people changed here since is told.

    ``parent`` is the partnership or cycle that it was deleted with.
    """
    if item.deleted:
        return False
    changed_here = not item.removed and _without(item.doc, calculated) != _without(item.base or {}, calculated)
    item.deleted, item.removed = True, False
    item.conflicts = {DELETED: Clash(None, YES)} if changed_here else {}
    item.report = {"outcome": WITH, "of": parent} if parent else item.report
    item.settle()
    return True


def miss(item: Item, calculated: Calculated, *, restored: bool) -> bool:
    """Note that the server has an object no more and does not call it deleted; whether that is news.

    A server that was ``restored`` from a backup is to have it again. Otherwise a person decides: it was removed for
    good, or this account may not see it any more.
    """
    gone = item.conflicts.get(DELETED) == Clash(None, GONE)
    if item.base is None or item.deleted or (DELETED in item.conflicts and not (gone and restored)):
        return False
    if item.removed:
        return take_deletion(item, calculated)
    if restored:
        item.base, item.conflicts = None, {}
    else:
        item.conflicts = {DELETED: Clash(None, GONE)}
    item.settle()
    return True


def _without(doc: Doc, calculated: Calculated) -> Doc:
    return {key: value for key, value in doc.items() if key not in calculated}
