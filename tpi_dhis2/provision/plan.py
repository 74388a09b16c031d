"""The plan: every object of the package and what would happen to it on this server. Nothing is written here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import StateChanged
from tpi_dhis2.package.build import Bundle, digest
from tpi_dhis2.provision.compare import Change, changes, merged
from tpi_dhis2.provision.installed import Installed, read_installed

Json = dict[str, Any]

CREATE, UPDATE, UNCHANGED, CLASH = "create", "update", "unchanged", "clash"


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
    desired = {kind: items for kind, items in bundle.items() if kind != "package"}
    actual = read_actual(Metadata(client), desired)
    by_uid = {item["id"]: item for items in actual.values() for item in items}
    taken = _taken(Metadata(client), desired, actual, by_uid)
    steps = [
        _step(client, kind, item, by_uid.get(item["id"]), taken) for kind, items in desired.items() for item in items
    ]
    head = bundle["package"]
    return Plan(
        client.base, client.version.text, head["version"], digest(bundle), steps, read_installed(client), actual
    )


#: Types whose names are unique on a server.
_UNIQUE_NAMES = ("optionSets", "trackedEntityAttributes", "trackedEntityTypes", "dataElements", "dataElementGroups")
#: Types whose codes are unique only inside what they belong to, or that have none.
_LOCAL_CODES = ("options", "programStageSections")
#: Types whose names are unique in a program; what the program has is known already.
_NAMES_IN_PROGRAM = ("programRules", "programRuleVariables")

Taken = dict[tuple[str, str, str], Json]


def _taken(
    metadata: Metadata, desired: dict[str, list[Json]], actual: dict[str, list[Json]], by_uid: dict[str, Json]
) -> Taken:
    """The site's objects that have a code or a name of ours, by type, property and text."""
    found = [(kind, "code", item) for kind, items in actual.items() if kind not in _LOCAL_CODES for item in items]
    found += [(kind, "name", item) for kind in _NAMES_IN_PROGRAM for item in actual[kind]]
    creating = {kind: [item for item in desired[kind] if item["id"] not in by_uid] for kind in _UNIQUE_NAMES}
    for kind, items in creating.items():
        for start in range(0, len(items), 50):
            names = ",".join(item["name"] for item in items[start : start + 50] if "," not in item["name"])
            some = metadata.all_of(kind, {"filter": f"name:in:[{names}]", "fields": "id,code,name"}) if names else []
            found += [(kind, "name", item) for item in some]
    ours = {item["id"] for items in desired.values() for item in items}
    return {(kind, prop, item[prop]): item for kind, prop, item in found if item.get(prop) and item["id"] not in ours}


def _step(client: Client, kind: str, item: Json, there: Json | None, taken: Taken) -> Step:
    name = item.get("name") or f"{item['programRuleActionType']} of {item['programRule']['id']}"
    if there is None:
        for prop in ("code", "name"):
            other = taken.get((kind, prop, item.get(prop, "")))
            if other is not None:
                reason = f"{kind}: the {prop} {item[prop]} is taken by '{other['name']}' ({other['id']})"
                return Step(kind, item["id"], name, CLASH, reason=reason)
        return Step(kind, item["id"], name, CREATE, payload=item)
    found = changes(kind, item, there, client.version)
    if not found:
        return Step(kind, item["id"], name, UNCHANGED)
    return Step(kind, item["id"], name, UPDATE, found, merged(kind, item, there))


def read_actual(metadata: Metadata, desired: dict[str, list[Json]]) -> dict[str, list[Json]]:
    """The server's objects that are ours or carry a code of ours: one request, and some more for each that is missing.

    Options, sections and rules have no code that is unique on a server, so they are found by what they belong to.
    """
    sets = ",".join(item["id"] for item in desired["optionSets"])
    stages = ",".join(item["id"] for item in desired["programStages"])
    filters = dict.fromkeys(desired, "code:$like:TPI")
    filters["options"] = f"optionSet.id:in:[{sets}]"
    filters["programStageSections"] = f"programStage.id:in:[{stages}]"
    filters |= _filters_of_rules(desired)
    actual = metadata.export(filters)
    _add_recoded(metadata, desired, actual)
    return actual


def _filters_of_rules(desired: dict[str, list[Json]]) -> dict[str, str]:
    rules = ",".join(item["id"] for item in desired["programRules"])
    of_program = f"program.id:eq:{desired['programs'][0]['id']}"
    return {
        "programRuleVariables": of_program,
        "programRules": of_program,
        "programRuleActions": f"programRule.id:in:[{rules}]",
    }


def _add_recoded(metadata: Metadata, desired: dict[str, list[Json]], actual: dict[str, list[Json]]) -> None:
    """Our objects whose code somebody changed are still ours: look for the missing ones by UID."""
    for kind, items in desired.items():
        known = {item["id"] for item in actual[kind]}
        missing = [item["id"] for item in items if item["id"] not in known]
        for start in range(0, len(missing), 100):
            uids = ",".join(missing[start : start + 100])
            actual[kind] += metadata.all_of(kind, {"filter": f"id:in:[{uids}]", "fields": ":owner"})
