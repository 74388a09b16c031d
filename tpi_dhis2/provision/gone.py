"""What an object names that is no more: units, people and groups that somebody has deleted.

An import is refused whole for one of them (E5002). A backup names what was there then, and must not be edited; the
sharing of an object keeps the UID of an account that is deleted, on every version. So an object is sent without them,
and its step says so.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
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


def without_gone(metadata: Metadata, steps: list[Step], there: Container[str] = ()) -> list[Step]:
    """The same steps without what is no more; ``there`` are objects that need no asking.

    Of what is changed only the sharing can name such: units and members go with their place in lists.
    """
    made = {step.uid for step in steps if step.action == CREATE}
    named: dict[str, set[str]] = {}
    for step in steps:
        for kind, uid in _names(step):
            if uid not in made and uid not in there:
                named.setdefault(kind, set()).add(uid)
    gone = {kind: _gone(metadata, kind, uids) for kind, uids in named.items()}
    return [_without(step, gone) for step in steps] if any(gone.values()) else steps


def _names(step: Step) -> Iterator[tuple[str, str]]:
    for prop, kind in _LISTS.items() if step.action == CREATE else ():
        yield from ((kind, entry["id"]) for entry in step.payload.get(prop) or [])
    for kind in _SHARED:
        yield from ((kind, uid) for uid in (step.payload.get("sharing") or {}).get(kind) or {})


def _gone(metadata: Metadata, kind: str, uids: set[str]) -> set[str]:
    """Those that the server has no more; none where the account may not look."""
    try:
        return uids - {item["id"] for item in metadata.named(kind, "id", uids, "id")}
    except Forbidden:
        return set()


def _without(step: Step, gone: dict[str, set[str]]) -> Step:
    named = {uid for _, uid in _names(step)}
    lost = [f"{len(named & uids)} {kind}" for kind, uids in gone.items() if named & uids]
    if not lost:
        return step
    words = f"{step.kind}: '{step.name}' is sent without {' and '.join(lost)} that somebody has deleted"
    return replace(step, payload=_left(step.payload, gone), reason=words)


def _left(payload: Json, gone: dict[str, set[str]]) -> Json:
    result = dict(payload)
    for prop, kind in _LISTS.items():
        if payload.get(prop):
            result[prop] = [entry for entry in payload[prop] if entry["id"] not in gone.get(kind, ())]
    if payload.get("sharing"):
        result["sharing"] = {prop: _shared(value, gone.get(prop)) for prop, value in payload["sharing"].items()}
    return result


def _shared(value: Any, gone: Container[str] | None) -> Any:
    return {uid: access for uid, access in value.items() if uid not in gone} if gone and value else value
