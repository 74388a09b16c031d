"""A plan in a file, for a change-control board: an apply does exactly what it says or refuses it as stale.

The file holds what people decide on and the fingerprint of what would be sent, not the objects themselves: those are
read again, so nothing of the site's (sharing, members) lies about in files.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tpi_dhis2.errors import StateChanged, UsageError
from tpi_dhis2.provision.sealed import read_sealed, write_sealed
from tpi_dhis2.provision.steps import UNCHANGED, Plan, Step

Json = dict[str, Any]

KIND = "plan"
_ADVICE = "Make it again with 'tpi-dhis2 provision plan --out FILE'."


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan to a file; UsageError when it cannot be written."""
    content = {**as_json(plan), "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    try:
        write_sealed(path, KIND, {**content, "fingerprint": plan.fingerprint})
    except OSError as error:
        raise UsageError(
            f"The plan {path} cannot be written.", "Free space or name another file.", str(error)
        ) from error


def check_saved(path: Path, plan: Plan) -> None:
    """Whether a plan just made is the saved one.

    UsageError when the file is damaged, was edited, or is for another server or package; StateChanged when the server
    has changed since, with what is different now.
    """
    saved = read_sealed(path, KIND, _ADVICE)
    for name, now, words in (
        ("server", plan.server, "was made for the server {}, not for {}"),
        ("system", plan.system, "was made for another server ({}) at this address ({} now)"),
        ("version", plan.version, "is for version {} of the package, this tool brings {}"),
        ("dhis2", plan.dhis2, "was made for DHIS2 {}, the server runs {} now"),
        ("digest", plan.digest, "is for another build of the package ({}, this one is {})"),
    ):
        if saved.get(name) != now:
            raise UsageError(f"The plan {path} {words.format(saved.get(name), now)}; nothing was sent.", _ADVICE)
    if saved["fingerprint"] != plan.fingerprint:
        raise StateChanged(
            f"The plan {path} is stale: the server has changed since {saved['made']}; nothing was sent.",
            "Plan again, and have the new plan agreed.",
            _different(saved["steps"], plan),
        )


def _different(saved: list[Json], plan: Plan) -> str:
    now = {step.uid: _step(step) for step in plan.steps if step.action != UNCHANGED}
    was = {step["id"]: step for step in saved}
    lines = [
        f"{(was.get(uid) or now[uid])['type']} {(was.get(uid) or now[uid])['name']}:"
        f" {was[uid]['action'] if uid in was else 'unchanged'} -> {now[uid]['action'] if uid in now else 'unchanged'}"
        for uid in {**was, **now}
        if was.get(uid) != now.get(uid)
    ]
    return "\n".join(lines) or "the objects that would be replaced have changed in what the site owns of them"


def as_json(plan: Plan, *, steps: bool = True) -> Json:
    """A plan as plain values, what stays unchanged only counted."""
    result: Json = {
        "server": plan.server,
        "system": plan.system,
        "dhis2": plan.dhis2,
        "version": plan.version,
        "digest": plan.digest,
        "installed": asdict(plan.installed) if plan.installed else None,
        "empty": plan.is_empty,
        "counts": dict(plan.counts),
    }
    if steps:
        result["steps"] = [_step(step) for step in plan.steps if step.action != UNCHANGED]
    return result


def _step(step: Step) -> Json:
    return {
        "type": step.kind,
        "id": step.uid,
        "name": step.name,
        "action": step.action,
        "changes": [asdict(change) for change in step.changes],
        "reason": step.reason,
    }
