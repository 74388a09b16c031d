"""How a store stands and what waits in it for a person, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tpi_dhis2.cli.sync_names import MOST, Json, Names, as_json, more, some
from tpi_dhis2.store.items import CONFLICT, DELETED, ERROR, WARNING
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.absorb import GONE, YES


def status_json(store: Store) -> Json:
    """How the store stands."""
    names = Names(store)
    troubled = [as_json(item, names) for state in (ERROR, CONFLICT, WARNING) for item in store.items(state=state)]
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
    known, cursor = store.setting("server") or "no server yet", store.cursor()
    pulled = f"pulled up to {cursor} (server's time)" if cursor else "nothing was pulled yet"
    yield f"The store mirrors {known}; {pulled}."
    rows = sorted(store.kinds().items())
    wide = max((len(kind) for (kind, _), _ in rows), default=0)
    yield from (f"  {kind:<{wide}}  {count:>7}  {state}" for (kind, state), count in rows)
    names, most = Names(store), None if everything else MOST
    troubled = [item for state in (ERROR, WARNING) for item in store.items(state=state) if item.problem]
    for item in troubled[:most]:
        yield f"{'Refused' if item.state == ERROR else 'Note'}: {names.of(item)} ({item.uid}): {item.problem}"
    if most is not None:
        yield from more(len(troubled), "(--verbose shows all)")
    if store.uploads():
        yield f"{some(len(store.uploads()), 'request')} of a run that was cut off: the next push looks into it."


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
    "@inactive": "Marked as inactive", "@duplicate": "Marked as a possible duplicate",
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
