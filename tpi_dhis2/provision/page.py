"""A plan as Markdown, for people who decide on it without a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tpi_dhis2.provision.compare import Change
from tpi_dhis2.provision.steps import (
    ACTIONS,
    ADOPT,
    CLASH,
    CREATE,
    KEEP,
    REFUSE,
    REMOVE,
    SITE,
    UNCHANGED,
    UPDATE,
    Plan,
    Step,
)

_HEADS = {
    CLASH: "In the way: nothing can be applied until this is settled",
    REFUSE: "Refused: records would no longer fit",
    UPDATE: "Changed",
    REMOVE: "Removed",
    CREATE: "Created",
    ADOPT: "Used as they are on the server, instead of the package's own",
    KEEP: "Given up by the package and kept on the server",
    SITE: "The site's own in or beside the program: not touched",
}
UNTOUCHED = "Units assigned to the program, members of groups, sharing of what exists, and local additions."


def markdown(plan: Plan) -> str:
    """The plan: where, counts by type that matters, then each object under what would happen to it."""
    parts = [_head(plan), _counts(plan), *_sections(plan), f"## Not touched\n\n{UNTOUCHED}"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(plan: Plan) -> str:
    known = plan.installed if plan.installed and plan.installed.version else None
    there = f"version {known.version}, applied {known.applied}" if known else "nothing"
    return (
        f"# Plan for {_plain(plan.server)}\n\n"
        f"- Package: TPI, version {plan.version} (build {plan.digest})\n- Server: DHIS2 {_plain(plan.dhis2)}\n"
        f"- Recorded there: {_plain(there)}\n- What would be sent: fingerprint {plan.fingerprint[:16]}"
    )


def _counts(plan: Plan) -> str:
    actions = [action for action in ACTIONS if plan.counts[action]]
    kinds = list(dict.fromkeys(step.kind for step in plan.steps if step.action != UNCHANGED))
    rows = [_row(kind, [step for step in plan.steps if step.kind == kind], actions) for kind in kinds]
    heads = [_line(["Type", *actions]), _line(["---"] + ["---:"] * len(actions))]
    return "\n".join([*heads, *rows, _row("all", plan.steps, actions)])


def _row(name: str, steps: list[Step], actions: list[str]) -> str:
    return _line([name, *(str(sum(step.action == action for step in steps) or "") for action in actions)])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _sections(plan: Plan) -> Iterator[str]:
    for action, head in _HEADS.items():
        steps = plan.of(action)
        if steps:
            yield f"## {head} ({len(steps)})"
            yield from _by_type(steps)


def _by_type(steps: list[Step]) -> Iterator[str]:
    for kind in dict.fromkeys(step.kind for step in steps):
        lines = [line for step in steps if step.kind == kind for line in _of_step(step)]
        yield f"### {kind}\n\n" + "\n".join(lines)


def _of_step(step: Step) -> Iterator[str]:
    yield f"- {_plain(step.name)} (`{step.uid}`){f': {_plain(step.reason)}' if step.reason else ''}"
    yield from (f"  - {_change(change)}" for change in step.changes)


def _change(change: Change) -> str:
    return f"`{change.prop}`: {words(change.old)} → {words(change.new)}"


def words(value: Any) -> str:
    """A value of metadata for people, in one line."""
    return "nothing" if value in (None, "", []) else f"`{str(value).replace('`', chr(39))}`".replace("\n", " ")


def _plain(text: str) -> str:
    """A text as it is, whatever marks it holds."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in str(text)).replace("\n", " ")
