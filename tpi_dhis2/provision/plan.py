"""The plan: every object of the package and what would happen to it on this server. Nothing is written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import StateChanged
from tpi_dhis2.package.build import Bundle, digest
from tpi_dhis2.provision.adopt import adopt
from tpi_dhis2.provision.compare import Change, changes
from tpi_dhis2.provision.installed import Installed, read_installed
from tpi_dhis2.provision.kinds import LAST
from tpi_dhis2.provision.mapping_file import hint
from tpi_dhis2.provision.merge import merged
from tpi_dhis2.provision.read import read_actual
from tpi_dhis2.provision.substitute import left
from tpi_dhis2.provision.taken import UNIQUE, Taken, read_taken
from tpi_dhis2.provision.targets import Use, Wanted

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
    """The steps, and what the server says is installed; ``mapping`` names the site's objects that stand for ours."""

    server: str
    dhis2: str
    version: str
    digest: str
    steps: list[Step]
    installed: Installed | None
    actual: dict[str, list[Json]] = field(repr=False, default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)

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
        """Whether the server's record names just this package and this mapping."""
        there = self.installed
        return there is not None and (there.digest, there.mapping) == (self.digest, self.mapping)

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
                "Give that object another code or name, delete it if nothing uses it, or if it means the same name it"
                " in a mapping file (--mapping); then plan again.",
                "\n".join(step.reason for step in clashes),
            )


def _more(clashes: list[Step]) -> str:
    return f" ({len(clashes) - 1} more)" if len(clashes) > 1 else ""


def make_plan(client: Client, bundle: Bundle, mapping: Mapping[str, str] | None = None) -> Plan:
    """Compare the package with what the server has.

    ``mapping`` names objects of the site to use instead of ours: UIDs or codes by the UIDs of ours. The one that is
    recorded on the server holds besides.
    """
    metadata, installed = Metadata(client), read_installed(client)
    said = {kind: items for kind, items in bundle.items() if kind != "package"}
    wanted = Wanted(mapping or {}, installed.mapping if installed else {})
    actual = read_actual(metadata, left(said, wanted.recorded))
    adoption = adopt(metadata, said, actual, wanted)
    by_uid = {item["id"]: item for items in actual.values() for item in items}
    taken = read_taken(metadata, adoption.desired, actual)
    steps = [
        *(_adopting(use) for use in adoption.uses),
        *(
            _clashing(kind, item, reason)
            if (reason := adoption.clashes.get(item["id"]))
            else _step(client, kind, item, by_uid.get(item["id"]), taken)
            for kind, items in adoption.desired.items()
            for item in items
        ),
    ]
    head = bundle["package"]
    return Plan(
        client.base, client.version.text, head["version"], digest(bundle), steps, installed, actual, adoption.mapping
    )


def _adopting(use: Use) -> Step:
    reason = f"{use.kind}: the site's own {use.other} is used, {use.how}"
    return Step(use.kind, use.ours["id"], _name(use.ours), ADOPT, reason=reason)


def _clashing(kind: str, item: Json, reason: str) -> Step:
    return Step(kind, item["id"], _name(item), CLASH, reason=reason)


def _step(client: Client, kind: str, item: Json, there: Json | None, taken: Taken) -> Step:
    name = _name(item)
    if there is None:
        for prop in UNIQUE:
            other = taken.get((kind, prop, item.get(prop, "")))
            if other is not None:
                reason = f"{kind}: the {UNIQUE[prop]} {item[prop]} is taken by '{other['name']}' ({other['id']})"
                return _clashing(kind, item, reason + hint(kind, prop, item, other))
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
