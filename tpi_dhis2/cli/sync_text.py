"""What a sync did and what waits, in words for people and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import CONFLICT, DELETED, ERROR, PARTNERSHIP, WARNING, Item
from tpi_dhis2.sync.absorb import GONE, YES
from tpi_dhis2.sync.outcome import CREATED, REMOVED, UPDATED

if TYPE_CHECKING:
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.mirror import Taken
    from tpi_dhis2.sync.outcome import Pushed
    from tpi_dhis2.sync.run import Ran

Json = dict[str, Any]
#: So many records are named one by one; the others are counted.
MOST = 50
_OUTCOMES = (CREATED, UPDATED, REMOVED)


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


# Pull -------------------------------------------------------------------------------------------------------------


def pulled_json(done: Taken) -> Json:
    """What a pull did."""
    return {name: getattr(done, name) for name in ("seen", "taken", "conflicts", "deleted", "lost")}


def pulled_lines(done: Taken, *, dry_run: bool = False) -> Iterator[str]:
    """What a pull did, in words."""
    kept = "would be taken" if dry_run else "taken"
    yield f"{_some(done.seen, 'partnership')} fetched; {_some(done.taken, 'object')} {kept} into the store."
    if done.deleted:
        yield f"{_some(done.deleted, 'object')} had been deleted on the server."
    if done.lost:
        yield (
            f"The server is older than this store, as after a backup was put back: {_some(done.lost, 'object')} that it"
            " no longer has wait to be sent again."
        )
    if done.conflicts:
        yield f"{_some(done.conflicts, 'object')} in conflict: see 'tpi-dhis2 sync conflicts'."


def _some(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


# Push -------------------------------------------------------------------------------------------------------------


def pushed_json(done: Pushed, names: Names) -> Json:
    """What a push did; refused records one by one."""
    kinds = {outcome: _of_outcome(done, outcome) for outcome in _OUTCOMES}
    refused = names.store.by_uid(done.refused)
    return {
        **kinds,
        "refused": [_one(item, names) for item in refused.values()],
        "set_aside": [vars(rejected) for rejected in done.rejected],
        "warnings": done.warnings,
        "conflicts": done.conflicts,
        "waiting": done.waits,
        "requests": done.requests,
    }


def _of_outcome(done: Pushed, wanted: str) -> dict[str, int]:
    return {kind: count for (outcome, kind), count in sorted(done.counts.items()) if outcome == wanted}


def _one(item: Item, names: Names) -> Json:
    reasons = (item.report or {}).get("reasons", [])
    return {
        "uid": item.uid, "type": item.type, "kind": item.kind, "name": names.of(item), "problem": item.problem,
        "codes": [code for code, _ in reasons],
    }  # fmt: skip


def show_pushed(done: Pushed, names: Names, *, dry_run: bool = False) -> str:
    """What a push did, in words."""
    return "\n".join(_pushed_lines(done, names, dry_run=dry_run))


def _pushed_lines(done: Pushed, names: Names, *, dry_run: bool) -> Iterator[str]:
    for rejected in done.rejected[:MOST]:
        yield f"Set aside: {rejected.place}: {rejected.reason}."
    yield from _more(len(done.rejected), "were set aside")
    refused = names.store.by_uid(list(done.refused)[:MOST])
    for uid, problem in list(done.refused.items())[:MOST]:
        what = names.of(refused[uid]) if uid in refused else uid
        yield f"Refused: {what} ({uid}): {problem}."
    yield from _more(len(done.refused), "were refused: see 'tpi-dhis2 sync status --verbose'")
    for uid, warning in list(done.warnings.items())[:MOST]:
        yield f"Note of the server on {uid}: {warning}"
    if done.refused and not dry_run:
        yield "What was refused is tried again by each push; give one up with: sync resolve UID --take server"
    if done.conflicts:
        yield f"{_some(done.conflicts, 'object')} in conflict: see 'tpi-dhis2 sync conflicts'."
    if not dry_run and done.waits > len(done.refused) + done.conflicts:
        yield "Some records changed on the server again and again meanwhile; they wait for the next push."
    yield _summary(done, dry_run=dry_run)


def _more(count: int, what: str) -> Iterator[str]:
    if count > MOST:
        yield f"... and {count - MOST} more {what}."


def _summary(done: Pushed, *, dry_run: bool) -> str:
    if not done.requests and not done.refused:
        return "Nothing to send." if done.rejected or done.conflicts else "Nothing to send: the server has it all."
    would = "would be " if dry_run else ""
    words = [f"{done.number(outcome)} {would}{outcome}" for outcome in _OUTCOMES if done.number(outcome)]
    rows = [
        f"  {kind}: " + ", ".join(f"{_of_outcome(done, outcome)[kind]} {outcome}" for outcome in _OUTCOMES
                                  if kind in _of_outcome(done, outcome))
        for kind in dict.fromkeys(kind for _, kind in sorted(done.counts))
    ]  # fmt: skip
    checked = "checked" if dry_run else "sent"
    return "\n".join([*rows, f"{', '.join(words) or 'Nothing taken'} ({_some(done.requests, 'request')} {checked})."])


# Run --------------------------------------------------------------------------------------------------------------


def ran_json(done: Ran, names: Names) -> Json:
    """What a run did; without anything that people entered."""
    pushed = pushed_json(done.pushed, names)
    refused = [{key: each[key] for key in ("uid", "type", "kind", "codes")} for each in pushed["refused"]]
    hmis = vars(done.hmis) if done.hmis else None
    return {
        "pulled": pulled_json(done.pulled),
        "hmis": hmis,
        "pushed": {**pushed, "refused": refused, "warnings": len(pushed["warnings"])},
    }


def ran_lines(done: Ran, *, dry_run: bool) -> Iterator[str]:
    """What a run did, in words, without anything that people entered."""
    yield from pulled_lines(done.pulled, dry_run=dry_run)
    if done.hmis:
        yield f"{_some(done.hmis.asked, 'value')} asked of the HMIS; {done.hmis.taken} new or changed."
        yield from done.hmis.problems
    pushed = done.pushed
    if pushed.refused:
        yield f"{_some(len(pushed.refused), 'object')} refused by the server: see 'tpi-dhis2 sync status'."
    if pushed.conflicts:
        yield f"{_some(pushed.conflicts, 'object')} in conflict: see 'tpi-dhis2 sync conflicts'."
    yield _summary(pushed, dry_run=dry_run)


# Status and conflicts ---------------------------------------------------------------------------------------------


def status_json(store: Store) -> Json:
    """How the store stands."""
    names = Names(store)
    troubled = [_one(item, names) for state in (ERROR, CONFLICT, WARNING) for item in store.items(state=state)]
    states = [{"kind": kind, "state": state, "count": count} for (kind, state), count in store.kinds().items()]
    return {
        "server": store.setting("server"),
        "pulled": store.cursor(),
        "objects": states,
        "problems": [each for each in troubled if each["problem"]],
        "under_way": list(store.uploads()),
    }


def status_lines(store: Store, *, everything: bool) -> Iterator[str]:
    """How the store stands, in words."""
    known, cursor = store.setting("server") or "no server yet", store.cursor() or "never"
    yield f"The store mirrors {known}; pulled up to {cursor} (server's time)."
    rows = sorted(store.kinds().items())
    wide = max((len(kind) for (kind, _), _ in rows), default=0)
    yield from (f"  {kind:<{wide}}  {count:>7}  {state}" for (kind, state), count in rows)
    names, most = Names(store), None if everything else MOST
    troubled = [item for state in (ERROR, WARNING) for item in store.items(state=state) if item.problem]
    for item in troubled[:most]:
        yield f"{'Refused' if item.state == ERROR else 'Note'}: {names.of(item)} ({item.uid}): {item.problem}"
    if most is not None:
        yield from _more(len(troubled), "(--verbose shows all)")
    if store.uploads():
        yield f"{_some(len(store.uploads()), 'request')} of a run that was cut off: the next push looks into it."


def conflict_rows(store: Store) -> Iterator[Json]:
    """The fields in conflict; what was deleted with something above it is not told again."""
    names = Names(store)
    items = store.items(state=CONFLICT)
    deleted = {item.uid for item in items if DELETED in item.conflicts}
    for item in items:
        if DELETED in item.conflicts and deleted & ({item.partnership, item.cycle} - {item.uid}):
            continue
        for key, clash in item.conflicts.items():
            yield {
                "uid": item.uid,
                "name": names.of(item),
                "field": key,
                "label": _LABELS.get(key) or names.fields.label(key),
                "here": clash.here,
                "here_at": item.changed_at,
                "here_by": item.changed_by,
                "server": clash.server,
                "server_at": clash.at,
                "server_by": clash.by,
            }


_LABELS = {
    DELETED: "the record as a whole", "@unit": "Organisation unit", "@date": "Date", "@status": "Status",
    "@scheduled": "Planned for", "@completed": "Completed on", "@geometry": "Place", "@incident": "Incident date",
    "@assigned": "Assigned to", "@followUp": "Marked for follow-up",
}  # fmt: skip
_DELETIONS = {YES: "deleted", GONE: "no longer there, or not for this account", None: "changed"}


def conflict_lines(rows: Iterable[Json]) -> Iterator[str]:
    """Conflicts as people read them: each field with both sides, who and when."""
    listed = list(rows)
    if not listed:
        yield "No conflicts."
        return
    before = None
    for row in listed:
        if row["uid"] != before:
            yield f"{row['name']} ({row['uid']})"
            before = row["uid"]
        words = _DELETIONS if row["field"] == DELETED else {}
        yield f"  {row['label']}" + ("" if row["field"] == DELETED else f" [{row['field']}]")
        yield f"    here:   {_side(row['here'], words, row['here_by'], row['here_at'])}"
        yield f"    server: {_side(row['server'], words, row['server_by'], row['server_at'])}"
    yield "Decide with: tpi-dhis2 sync resolve UID [FIELD] --take here|server, or UID FIELD --value ..."


def _side(value: str | None, words: dict[str | None, str], by: str, at: str) -> str:
    shown = words[value] if words else value or "(empty)"
    told = ", ".join(filter(None, [f"by {by}" if by else "", at]))
    return f"{shown}  ({told})" if told else shown
