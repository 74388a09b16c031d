"""A plan as a value: every object with what would happen to it, in which requests, and whether it may happen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.errors import StateChanged
from tpi_dhis2.provision.compare import Change
from tpi_dhis2.provision.installed import Installed
from tpi_dhis2.provision.kinds import AFTER_STAGES, LAST

Json = dict[str, Any]
Objects = dict[str, list[Json]]

CREATE, UPDATE, REMOVE, UNCHANGED = "create", "update", "remove", "unchanged"
#: The site's object is used; it stands in the way; it is in our program and no concern of ours.
ADOPT, CLASH, SITE = "adopted", "clash", "not ours"
#: An object of an earlier version that records may need; a change that would break what records hold.
KEEP, REFUSE = "kept", "refused"
#: What an apply would do, and what forbids it.
DONE, BARRED = (CREATE, UPDATE, REMOVE), (CLASH, REFUSE)
ACTIONS = (CREATE, UPDATE, REMOVE, UNCHANGED, ADOPT, KEEP, SITE, CLASH, REFUSE)


@dataclass(frozen=True)
class Step:
    """What would happen to one object; ``payload`` is what would be sent for it."""

    kind: str
    uid: str
    name: str
    action: str
    changes: list[Change] = field(default_factory=list)
    payload: Json = field(default_factory=dict, repr=False)
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """The steps that bring a server to a version of the package, and what the server says is installed."""

    server: str
    system: str
    dhis2: str
    version: str
    digest: str
    steps: list[Step]
    installed: Installed | None
    actual: Objects = field(repr=False, default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)

    def of(self, *actions: str) -> list[Step]:
        """The steps with one of these actions."""
        return [step for step in self.steps if step.action in actions]

    @property
    def counts(self) -> Counter[str]:
        """How many objects each action has."""
        return Counter(step.action for step in self.steps)

    @property
    def is_settled(self) -> bool:
        """Whether no object would be touched and none stands in the way."""
        return not self.of(*DONE, *BARRED)

    @property
    def is_recorded(self) -> bool:
        """Whether the server's record names just this package with this mapping, or rightly none."""
        there = self.installed or Installed("", "", "", "", "")
        return (there.version, there.digest, there.mapping) == (self.version, self.digest, self.mapping)

    @property
    def is_empty(self) -> bool:
        """Whether the server already is as the package says, its record of the installation included."""
        return self.is_settled and self.is_recorded

    def bundle(self) -> Objects:
        """What would be sent: the objects to create and to update, by type in the order of the package."""
        result: Objects = {}
        for step in self.of(CREATE, UPDATE):
            result.setdefault(step.kind, []).append(step.payload)
        return result

    def requests(self) -> list[Objects]:
        """The same in the order of sending: what names fields, once the fields are there."""
        whole, late = self.bundle(), {*LAST, *(AFTER_STAGES if self._changes_stages else ())}
        parts = [{kind: items for kind, items in whole.items() if (kind in late) == last} for last in (False, True)]
        return [part for part in parts if part]

    @property
    def _changes_stages(self) -> bool:
        """Whether what the server has of stages or program would be changed."""
        return any(step.kind in ("programs", "programStages") for step in self.of(UPDATE))

    def removed(self) -> dict[str, list[str]]:
        """The UIDs that would be removed, by type."""
        result: dict[str, list[str]] = {}
        for step in self.of(REMOVE):
            result.setdefault(step.kind, []).append(step.uid)
        return result

    def before(self) -> Objects:
        """The server's objects that would be replaced or removed, as they are now."""
        uids = {step.uid for step in self.of(UPDATE, REMOVE)}
        kept = {kind: [item for item in items if item["id"] in uids] for kind, items in self.actual.items()}
        return {kind: items for kind, items in kept.items() if items}

    @property
    def fingerprint(self) -> str:
        """What would be replaced, sent and removed, and what forbids it, as one number: the same plan has the same.

        The order of a list says nothing here: that of ours is in the digest, and a server gives units and members in
        the order of its database or of whichever of its nodes answers.
        """
        steps = [{**vars(step), "changes": list(map(vars, step.changes))} for step in self.of(*DONE, *BARRED)]
        what = [steps, self.mapping, self.digest]
        return hashlib.sha256(_text(_sorted(what)).encode()).hexdigest()

    def refuse(self) -> None:
        """StateChanged when an object of the site stands in the way or records would break."""
        barred = self.of(*BARRED)
        if barred:
            more = f" ({len(barred) - 1} more)" if len(barred) > 1 else ""
            advice = _FREE if barred[0].action == CLASH else _RESTORE
            raise StateChanged(f"{barred[0].reason}{more}.", advice, "\n".join(step.reason for step in barred))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    return sorted(map(_sorted, value), key=_text) if isinstance(value, list) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


_FREE = (
    "Give that object another code or name, delete it if nothing uses it, or if it means the same name it in a mapping"
    " file (--mapping); then plan again."
)
_RESTORE = (
    "Set it back on the server (Maintenance app) when no record needs the new form, or keep the version you have."
)


def name_of(item: Json) -> str:
    """What people call an object; the action of a rule has no name."""
    if "programRuleActionType" in item:
        return f"{item['programRuleActionType']} of {(item.get('programRule') or {}).get('id', 'no rule')}"
    return str(item.get("name") or item["id"])
