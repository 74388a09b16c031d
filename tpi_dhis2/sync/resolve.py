"""Decide what is stuck: fields in conflict, what one side deleted, and what the server refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from tpi_dhis2.domain.uids import next_generation
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.fields import FieldInfo, Fields
from tpi_dhis2.store.items import CONFLICT, CYCLE, DELETED, ERROR, PARTNERSHIP, RECORD, Clash, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.absorb import GONE, WITH, YES
from tpi_dhis2.sync.values import ATTRIBUTE_LIMIT, VALUE_LIMIT, ValueProblem, wire

HERE, SERVER = "here", "server"


def resolve(store: Store, uid: str, take: str, key: str | None = None) -> int:
    """Keep the values of ``here`` or of the ``server`` for all fields in conflict, or for one; the objects changed.

    What was deleted on the server and is kept as it is here is entered anew, with all that was deleted with it. What
    the server refused and is not wanted any more is given up by taking the server's side; what never reached the
    server is then forgotten, with all that stands below it. UsageError when there is nothing to decide.
    """
    item = store.by_uid([uid]).get(uid)
    if item is not None and (DELETED in item.conflicts or _below_waits(store, item)):
        return _decide_deletion(store, item, take)
    if item is not None and (item.conflicts if key is None else key in item.conflicts):
        for each in [key] if key else list(item.conflicts):
            clash = item.conflicts[each]
            _set(item, each, clash.here if take == HERE else clash.server)
        _save(store, item)
        return 1
    if item is not None and item.state == ERROR and take == SERVER and key is None:
        return _give_up(store, item)
    raise UsageError(
        f"There is nothing to decide about '{uid}'{f' in {key}' if key else ''}.",
        "'tpi-dhis2 sync conflicts' and 'sync status' list what waits; what was refused can only be given up (server).",
    )


def resolve_all(store: Store, take: str) -> int:
    """Keep one side of all conflicts; how many objects changed."""
    rank = {PARTNERSHIP: 0, CYCLE: 1, RECORD: 2}
    count = 0
    for item in sorted(store.items(state=CONFLICT), key=lambda item: rank[item.type]):
        # What was deleted with something above it has been decided with that.
        if store.by_uid([item.uid])[item.uid].conflicts:
            count += resolve(store, item.uid, take)
    return count


def resolve_value(store: Store, fields: Fields, uid: str, key: str, value: str) -> None:
    """Give a field in conflict a third value; UsageError when it is in no conflict or does not take that value."""
    item = store.by_uid([uid]).get(uid)
    if item is None or key not in item.conflicts or key == DELETED:
        raise UsageError(
            f"'{key}' of '{uid}' is in no conflict.", "'tpi-dhis2 sync conflicts' lists the fields that are."
        )
    _set(item, key, _checked(fields, item, key, value))
    _save(store, item)


def _checked(fields: Fields, item: Item, key: str, value: str) -> str | None:
    limit = ATTRIBUTE_LIMIT if item.type == PARTNERSHIP else VALUE_LIMIT
    info: FieldInfo | None = (fields.attributes if item.type == PARTNERSHIP else fields.elements).get(key)
    if info is None or not value.strip():
        return value.strip() or None
    try:
        return wire(info, value, limit)
    except ValueProblem as problem:
        raise UsageError(f"{key}: {problem}.", "Give another value.") from None


def _set(item: Item, key: str, value: str | None) -> None:
    del item.conflicts[key]
    if value is None:
        item.doc.pop(key, None)
    else:
        item.doc[key] = value


def _save(store: Store, *items: Item) -> int:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    for item in items:
        item.changed_at, item.changed_by = now, "resolve"
        item.settle()
    store.save(items)
    return len(items)


def _decide_deletion(store: Store, item: Item, take: str) -> int:
    clash = item.conflicts.get(DELETED, Clash(None, YES))
    near = store.items(partnership=item.partnership)
    below = [each for each in near if item.uid in (each.uid, each.partnership, each.cycle)]
    if clash.server == GONE:
        return _decide_gone(store, [each for each in below if take == SERVER or DELETED in each.conflicts], take)
    if clash.server == YES:
        return _enter_anew(store, item, near) if take == HERE else _accept(store, below)
    return _remove(store, below) if take == HERE else _keep(store, [*below, *(e for e in near if _is_above(e, item))])


def _is_above(each: Item, item: Item) -> bool:
    return each.uid in (item.partnership, item.cycle)


def _remove(store: Store, items: list[Item]) -> int:
    """To be deleted there, with all below it; what was never sent is only forgotten."""
    store.forget([item.uid for item in items if item.base is None])
    there = [item for item in items if item.base is not None and not item.deleted]
    for item in there:
        item.conflicts, item.removed = {}, True
    return _save(store, *there)


def _keep(store: Store, items: list[Item]) -> int:
    """Not to be deleted, with all that this concerns."""
    wanted = {item.uid: item for item in items if item.removed and not item.deleted}
    for item in wanted.values():
        item.conflicts, item.removed = {}, False
    return _save(store, *wanted.values())


def _below_waits(store: Store, item: Item) -> bool:
    """Whether something waits below what was deleted, itself unchanged here: it can only come back with it."""
    near = store.items(partnership=item.partnership) if item.deleted else []
    return any(DELETED in each.conflicts for each in near if item.uid in (each.partnership, each.cycle))


def _decide_gone(store: Store, items: list[Item], take: str) -> int:
    """What the server has no more, and does not call deleted: sent again as it is, or taken as deleted."""
    for item in items:
        item.conflicts = {}
        item.deleted = take == SERVER
        item.base = item.base if item.deleted else None
    return _save(store, *items)


def _accept(store: Store, items: list[Item]) -> int:
    """Let what the server has deleted be deleted."""
    deleted = [item for item in items if item.deleted and item.conflicts]
    for item in deleted:
        item.doc, item.conflicts = dict(item.base or item.doc), {}
        item.base = dict(item.doc)
    return _save(store, *deleted)


def _enter_anew(store: Store, item: Item, near: list[Item]) -> int:
    """The same records under the UIDs of their next generation, for the server takes a deleted one never again."""
    by_uid = {each.uid: each for each in near}
    parents = (uid for uid in (item.partnership, item.cycle) if uid and uid != item.uid)
    lost = next((uid for uid in parents if uid in by_uid and by_uid[uid].deleted), None)
    if lost:
        raise UsageError(
            f"What '{item.uid}' belongs to was deleted, too.", f"Decide about that first: sync resolve {lost}."
        )
    again = [each for each in near if each.uid == item.uid or _went_with(each, item.uid)]
    names = {each.uid: next_generation(each.uid) for each in again}
    made = [
        replace(
            each, uid=names[each.uid], partnership=names.get(each.partnership, each.partnership),
            cycle=names.get(each.cycle, each.cycle), base=None, conflicts={}, deleted=False, report=None, problem="",
        )
        for each in again
    ]  # fmt: skip
    for each in again:
        each.conflicts, each.base = {}, dict(each.doc)
    _save(store, *again, *made)
    return len(made)


def _went_with(item: Item, parent: str) -> bool:
    """Whether an object was deleted because what it belongs to was."""
    with_it = (item.report or {}).get("outcome") == WITH and (item.report or {}).get("of") == parent
    below = parent in (item.partnership, item.cycle) and DELETED in item.conflicts
    return item.deleted and (with_it or below)


def _give_up(store: Store, item: Item) -> int:
    if item.base is not None:
        item.doc = dict(item.base)
        return _save(store, item)
    below = [
        other for other in store.items(partnership=item.partnership) if item.uid in (other.partnership, other.cycle)
    ]
    unsent = [other for other in [item, *below] if other.base is None]
    return store.forget(dict.fromkeys(other.uid for other in unsent))
