"""DHIS2's own rule engine (npm ``@dhis2/rule-engine``), run by Node.js on the rules of the built bundle.

npm installs it once into a folder outside the repository (TPI_RULE_ENGINE names another). Without Node.js or the
registry the tests skip and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle

ENGINE = "@dhis2/rule-engine@3.3.9"
RUNNER = Path(__file__).with_name("run.mjs")
ENVIRONMENT = {**os.environ, "TZ": "UTC"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One record, or the profile alone when ``kind`` is empty: values by field key."""

    kind: str = ""
    values: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    date: str | None = "2024-06-01"
    status: str = "ACTIVE"


def installed(package: str = ENGINE) -> Path:
    """The folder with the engine, or another npm package of DHIS2; skips the test when it cannot be had."""
    where, reason = _install(package)
    if reason:
        pytest.skip(f"{reason}, so DHIS2's {package} was not run")
    return where


@cache
def _install(package: str) -> tuple[Path, str]:
    """The folder with the package, and why it is not there: tried once in a process, and not for long."""
    module, _, version = package.rpartition("@")
    name = module.removeprefix("@dhis2/")
    named = os.environ.get(f"TPI_{name.replace('-', '_').upper()}")
    where = Path(named or user_cache_path("tpi-dhis2") / f"{name}-{version}")
    npm = shutil.which("npm")
    if not shutil.which("node"):
        return where, "Node.js is not here"
    if (where / "node_modules" / module / "package.json").exists():
        return where, ""
    if not npm:
        return where, "npm is not here"
    where.mkdir(parents=True, exist_ok=True)
    with FileLock(where / "lock"):
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
        command += ["--prefix", str(where), package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=ENVIRONMENT)  # noqa: S603
        except subprocess.TimeoutExpired:
            return where, f"npm took too long to install {package}"
    return where, f"npm could not install {package}" if done.returncode else ""


def _rules() -> Json:
    built = bundle()
    actions = {action["id"]: action for action in built["programRuleActions"]}
    names = {item["id"]: item["code"] for kind in ("dataElements", "trackedEntityAttributes") for item in built[kind]}
    names |= {item["id"]: item["name"] for item in built["programStageSections"]}

    def told(action: Json) -> Json:
        props = ("dataElement", "trackedEntityAttribute", "programStageSection")
        (uid,) = [action[prop]["id"] for prop in props if prop in action]
        values = {
            "target": names[uid].removeprefix("TPI_").lower(),
            "label": names[uid],
            "field": uid,
            "content": action.get("content", ""),
        }
        return {"type": action["programRuleActionType"], "values": values, "data": action.get("data")}

    return {
        "rules": [
            {**rule, "stage": rule.get("programStage", {}).get("id"),
             "actions": [told(actions[ref["id"]]) for ref in rule["programRuleActions"]]}
            for rule in built["programRules"]
        ],
        "variables": [
            {**item, "source": item["programRuleVariableSourceType"],
             "field": (item.get("dataElement") or item["trackedEntityAttribute"])["id"]}
            for item in built["programRuleVariables"]
        ],
    }  # fmt: skip


def _sent(case: Case) -> Json:
    fields = package_fields()
    return {
        "stage": fields.stages[case.kind].uid if case.kind else None,
        "values": {fields.elements[key].uid: value for key, value in case.values.items()},
        "attributes": {fields.attributes[key].uid: value for key, value in case.attributes.items()},
        "date": case.date,
        "status": case.status,
    }


def run(cases: list[Case]) -> list[list[Json]]:
    """The effects of each case, as the engine gives them; ``rule`` is the rule's UID."""
    return _engine({**_rules(), "cases": [_sent(case) for case in cases]})


def evaluated(expressions: list[str]) -> list[str]:
    """What the engine makes of expressions without fields."""
    rules = [
        {"condition": "true", "id": str(place), "name": text, "priority": place,
         "actions": [{"type": "ASSIGN", "values": {"field": str(place)}, "data": text}]}
        for place, text in enumerate(expressions)
    ]  # fmt: skip
    (found,) = _engine({"rules": rules, "variables": [], "cases": [_sent(Case("contact"))]})
    return [str(effect["data"]) for effect in found]


def _engine(sent: Json) -> list[list[Json]]:
    where = installed()
    done = subprocess.run(  # noqa: S603
        [str(shutil.which("node")), str(RUNNER), str(where)],
        input=json.dumps(sent), capture_output=True, text=True, timeout=120, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[list[Json]] = json.loads(done.stdout.splitlines()[-1])
    return found


def assigned(found: list[Json]) -> dict[str, str]:
    """What the rules fill in, by field key; a field that two rules fill in is a fault."""
    filled = [(effect["target"], effect["data"]) for effect in found if effect["type"] == "ASSIGN"]
    assert len({key for key, _ in filled}) == len(filled), filled
    return dict(filled)


@cache
def names() -> dict[str, str]:
    """The names of the rules by UID."""
    return {rule["id"]: rule["name"] for rule in bundle()["programRules"]}
