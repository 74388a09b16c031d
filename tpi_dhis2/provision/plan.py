"""The plan: every object of the package and what would happen to it on this server. Nothing is written here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import StateChanged
from tpi_dhis2.package.build import Bundle, digest
from tpi_dhis2.provision.adopt import ADOPTED, find_adopted, with_adopted
from tpi_dhis2.provision.compare import Change, changes
from tpi_dhis2.provision.installed import Installed, read_installed
from tpi_dhis2.provision.kinds import LAST
from tpi_dhis2.provision.merge import merged
from tpi_dhis2.provision.read import read_actual
from tpi_dhis2.provision.taken import UNIQUE, Taken, read_taken

Json = dict[str, Any]

CREATE, UPDATE, UNCHANGED, CLASH, ADOPT = "create", "update", "unchanged", "clash", "adopted"


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
    """The steps, and what the server says is installed."""

    server: str
    dhis2: str
    version: str
    digest: str
    steps: list[Step]
    installed: Installed | None
    actual: dict[str, list[Json]] = field(repr=False, default_factory=dict)

    def of(self, action: str) -> list[Step]:
        """The steps with an action."""
        return [step for step in self.steps if step.action == action]

    @property
    def counts(self) -> Counter[str]:
        """How many objects each action has."""
        return Counter(step.action for step in self.steps)

    @property
    def is_empty(self) -> bool:
        """Whether the server already is as the package says, its record of the installation included."""
        return not self.of(CREATE) and not self.of(UPDATE) and not self.of(CLASH) and self.is_recorded

    @property
    def is_recorded(self) -> bool:
        """Whether the server's record names just this package."""
        return self.installed is not None and self.installed.digest == self.digest

    def bundle(self) -> Bundle:
        """What would be sent: the objects to create and to update, by type in the order of the package."""
        result: Bundle = {}
        for step in self.steps:
            if step.action in (CREATE, UPDATE):
                result.setdefault(step.kind, []).append(step.payload)
        return result

    def requests(self) -> list[Bundle]:
        """The same in the order of sending: what names fields in its conditions, once the fields are there."""
        whole = self.bundle()
        parts = [{kind: items for kind, items in whole.items() if (kind in LAST) == last} for last in (False, True)]
        return [part for part in parts if part]

    def replaced(self) -> dict[str, list[Json]]:
        """The server's objects that an apply would replace, as they are now."""
        uids = {step.uid for step in self.of(UPDATE)}
        kept = {kind: [item for item in items if item["id"] in uids] for kind, items in self.actual.items()}
        return {kind: items for kind, items in kept.items() if items}

    def refuse_clashes(self) -> None:
        """StateChanged when an object of the site stands in the way."""
        clashes = self.of(CLASH)
        if clashes:
            raise StateChanged(
                f"{clashes[0].reason}{_more(clashes)}.",
                "Give that object another code or name, or delete it if nothing uses it; then plan again.",
                "\n".join(step.reason for step in clashes),
            )


def _more(clashes: list[Step]) -> str:
    return f" ({len(clashes) - 1} more)" if len(clashes) > 1 else ""


def make_plan(client: Client, bundle: Bundle) -> Plan:
    """Compare the package with what the server has."""
    metadata = Metadata(client)
    said = {kind: items for kind, items in bundle.items() if kind != "package"}
    actual = read_actual(metadata, said)
    adopted = find_adopted(said, actual)
    desired = with_adopted(said, adopted)
    by_uid = {item["id"]: item for items in actual.values() for item in items}
    taken = read_taken(metadata, desired, actual)
    steps = [_adopting(item, adopted[item["id"]]) for item in said.get(ADOPTED, []) if item["id"] in adopted]
    steps += [
        _step(client, kind, item, by_uid.get(item["id"]), taken) for kind, items in desired.items() for item in items
    ]
    head = bundle["package"]
    return Plan(
        client.base, client.version.text, head["version"], digest(bundle), steps, read_installed(client), actual
    )


def _adopting(item: Json, other: Json) -> Step:
    reason = f"{ADOPTED}: the site's own '{other['name']}' ({other['id']}) is used"
    return Step(ADOPTED, item["id"], item["name"], ADOPT, reason=reason)


def _step(client: Client, kind: str, item: Json, there: Json | None, taken: Taken) -> Step:
    name = _name(item)
    if there is None:
        for prop in UNIQUE:
            other = taken.get((kind, prop, item.get(prop, "")))
            if other is not None:
                reason = f"{kind}: the {UNIQUE[prop]} {item[prop]} is taken by '{other['name']}' ({other['id']})"
                return Step(kind, item["id"], name, CLASH, reason=reason)
        return Step(kind, item["id"], name, CREATE, payload=item)
    found = changes(kind, item, there, client.version)
    if not found:
        return Step(kind, item["id"], name, UNCHANGED)
    return Step(kind, item["id"], name, UPDATE, found, merged(kind, item, there))


def _name(item: Json) -> str:
    """What people call an object; the action of a rule has no name."""
    if "programRuleActionType" in item:
        return f"{item['programRuleActionType']} of {item['programRule']['id']}"
    return str(item.get("name") or item["id"])
