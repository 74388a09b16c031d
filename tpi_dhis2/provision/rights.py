"""Which rights an account lacks for a plan: authorities by type, and objects whose sharing does not let it write.

Whether an object may be changed the server says (``access``); the authorities of its type and its sharing tell why not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.errors import Forbidden
from tpi_dhis2.provision.steps import CREATE, DONE, REMOVE, UNCHANGED, UPDATE, Plan, Step
from tpi_dhis2.provision.weigh import ALL, Rights

Json = dict[str, Any]


@dataclass(frozen=True)
class Lack:
    """A right that is missing for some objects of a type: one of the authorities, or (none named) their sharing."""

    kind: str
    action: str
    count: int
    authorities: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        objects = f"{self.count} {self.kind} to {self.action}"
        if self.authorities:
            return f"{' or '.join(self.authorities)} for {objects}"
        more = f" and {len(self.names) - 3} more" if len(self.names) > 3 else ""
        return f"write access by sharing for {objects} ({', '.join(self.names[:3])}{more})"


def missing_rights(rights: Rights, plan: Plan) -> list[Lack]:
    """What an account lacks to carry out a plan, by type; nothing for a superuser."""
    if not plan.of(*DONE) or rights.is_super:
        return []
    steps = [(step, rights.to_create(step.kind, step.payload)) for step in plan.of(CREATE)]
    found = [(step, missing) for step, missing in steps if missing]
    found += [*_changes(rights, plan, UPDATE, "update"), *_changes(rights, plan, REMOVE, "delete")]
    return _gathered(found)


def _changes(rights: Rights, plan: Plan, action: str, access: str) -> Iterator[tuple[Step, tuple[str, ...]]]:
    actual = {item["id"]: item for items in plan.actual.values() for item in items}
    by_kind: dict[str, list[Step]] = {}
    for step in plan.of(action):
        by_kind.setdefault(step.kind, []).append(step)
    for kind, some in by_kind.items():
        refused = rights.refused(kind, [step.uid for step in some], access)
        for step in some:
            if ALL in step.payload.get("authorities", ()):
                yield step, (ALL,)
            elif step.uid in refused:
                yield from ((step, missing) for missing in rights.to_change(kind, actual[step.uid], access) or [()])


def standing_rights(rights: Rights, plan: Plan, action: str) -> list[Lack]:
    """What an account lacks to change (or delete) whatever of the package it sees on the server."""
    ours = {step.uid: replace(step, action=action) for step in [*plan.of(UPDATE), *plan.of(UNCHANGED)]}
    items = [(ours[item["id"]], item) for some in plan.actual.values() for item in some if item["id"] in ours]
    return _gathered([(step, missing) for step, item in items for missing in rights.to_change(step.kind, item, action)])


def _gathered(found: list[tuple[Step, tuple[str, ...]]]) -> list[Lack]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for step, missing in found:
        groups.setdefault((step.kind, step.action, missing), []).append(step.name)
    return [Lack(kind, action, len(names), missing, tuple(names)) for (kind, action, missing), names in groups.items()]


def refuse_missing(client: Client, plan: Plan) -> None:
    """Forbidden when the account lacks a right for the plan, with all that it lacks; nothing is sent then."""
    lacks = missing_rights(Rights(client), plan)
    if lacks:
        raise Forbidden(
            f"This account lacks rights for this, so nothing was sent: {'; '.join(map(str, lacks))}.",
            "Ask an administrator of the server for them, or use a superuser's account.",
            "\n".join(map(str, lacks)),
        )


def as_json(lacks: list[Lack]) -> list[Json]:
    """The missing rights for scripts."""
    return [{**asdict(lack), "type": lack.kind, "text": str(lack)} for lack in lacks]
