"""What a backup names that is no more: units, people and groups that somebody has deleted since.

An import is refused whole for one of them (E5002), and a backup must not be edited. So an object that comes back comes
back without them, and its step says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import Forbidden
from tpi_dhis2.provision.steps import CREATE, Step

Json = dict[str, Any]

#: Lists of references to what is not the package's, by what they hold.
_LISTS = {"organisationUnits": "organisationUnits", "users": "users"}
#: What sharing names.
_SHARED = ("users", "userGroups")


def without_gone(metadata: Metadata, steps: list[Step]) -> list[Step]:
    """The same steps, those that create without what is no more."""
    creating = [step for step in steps if step.action == CREATE]
    named: dict[str, set[str]] = {}
    for step in creating:
        for kind, uid in _names(step.payload):
            named.setdefault(kind, set()).add(uid)
    made = {step.uid for step in creating}
    gone = {kind: _gone(metadata, kind, uids - made) for kind, uids in named.items()}
    return [_without(step, gone) if step.action == CREATE else step for step in steps]


def _names(payload: Json) -> Iterator[tuple[str, str]]:
    for prop, kind in _LISTS.items():
        yield from ((kind, entry["id"]) for entry in payload.get(prop) or [])
    for kind in _SHARED:
        yield from ((kind, uid) for uid in (payload.get("sharing") or {}).get(kind) or {})


def _gone(metadata: Metadata, kind: str, uids: Iterable[str]) -> set[str]:
    """Those that the server has no more; none where the account may not look."""
    wanted = set(uids)
    try:
        return wanted - {item["id"] for item in metadata.named(kind, "id", wanted, "id")}
    except Forbidden:
        return set()


def _without(step: Step, gone: dict[str, set[str]]) -> Step:
    named = {uid for _, uid in _names(step.payload)}
    lost = [f"{len(named & uids)} {kind}" for kind, uids in gone.items() if named & uids]
    if not lost:
        return step
    lists = {prop: _left(step.payload[prop], gone[kind]) for prop, kind in _LISTS.items() if step.payload.get(prop)}
    payload = {**step.payload, **lists}
    if "sharing" in payload:
        payload["sharing"] = _shared(payload["sharing"], gone)
    words = f"{step.kind}: '{step.name}' comes back without {' and '.join(lost)} deleted since"
    return replace(step, payload=payload, reason=words)


def _left(entries: list[Json], gone: Set[str]) -> list[Json]:
    return [entry for entry in entries if entry["id"] not in gone]


def _shared(sharing: Json, gone: dict[str, set[str]]) -> Json:
    lists = {kind: sharing[kind] for kind in _SHARED if sharing.get(kind)}
    return {**sharing, **{kind: {u: a for u, a in of.items() if u not in gone[kind]} for kind, of in lists.items()}}
