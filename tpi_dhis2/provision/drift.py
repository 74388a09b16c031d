"""Drift: what of the package has been changed on the server since it was applied, by whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tpi_dhis2.errors import StateChanged
from tpi_dhis2.provision.compare import Change
from tpi_dhis2.provision.state import NEWER, NOT_INSTALLED, OLDER, state
from tpi_dhis2.provision.steps import CREATE, REFUSE, UPDATE, Plan, Step

Json = dict[str, Any]


@dataclass(frozen=True)
class Drift:
    """One object that is not as it was applied.

    ``when`` and ``by`` are those of its last change as the server tells them: a later change that says the same as the
    package (a unit that was assigned) counts, too. Both are empty for an object that is gone: servers keep no
    trace. Of an option they tell when, and not by whom.
    """

    kind: str
    uid: str
    name: str
    what: str
    changes: list[Change]
    when: str
    by: str


def find_drift(plan: Plan) -> list[Drift]:
    """What differs from the version that is recorded; StateChanged when that is not the one this tool brings."""
    found = state(plan)
    if found.word == NOT_INSTALLED or not (plan.installed and plan.installed.version):
        raise StateChanged(f"There is no record of an installation on this server: {found.why}.", _APPLY)
    if found.word in (OLDER, NEWER):
        raise StateChanged(
            f"What has changed since cannot be told from what the versions differ in: {found.why}.",
            "Use the release that is recorded to see drift, or 'tpi-dhis2 provision plan' to see all differences.",
        )
    there = {item["id"]: item for items in plan.actual.values() for item in items}
    return [_drift(step, there.get(step.uid, {})) for step in plan.of(CREATE, UPDATE, REFUSE)]


_APPLY = "Run 'tpi-dhis2 provision plan' to see what would be installed."


def _drift(step: Step, there: Json) -> Drift:
    what = "deleted" if step.action == CREATE else "changed"
    who = there.get("lastUpdatedBy") or {}
    by = str(who.get("username") or who.get("displayName") or "")
    return Drift(step.kind, step.uid, step.name, what, step.changes, str(there.get("lastUpdated", "")), by)
