"""Apply a plan: check on the server, back up what is replaced, import, verify, record.

One atomic request brings everything but the lists of records, whose fields must be there before them; a second one
brings those.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import StateChanged, TpiError
from tpi_dhis2.package.build import Bundle
from tpi_dhis2.provision.backup import keep
from tpi_dhis2.provision.installed import Installed, write_installed
from tpi_dhis2.provision.plan import CREATE, UPDATE, Plan, make_plan
from tpi_dhis2.provision.rights import refuse_missing


@dataclass(frozen=True)
class Applied:
    """What an apply did: the server's counts, the file with what was replaced, the record written."""

    stats: dict[str, int]
    backup: Path | None
    record: Installed


def apply(client: Client, bundle: Bundle, plan: Plan, backups: Path) -> Applied:
    """Make the server as the plan says; afterwards a new plan is empty.

    ServerRefused when the server refuses an object (then nothing was written, or only the lists of records are missing;
    every error that stops the second request says so), StateChanged when an object of the site stands in the way or the
    server does not hold afterwards what was sent.
    """
    plan.refuse_clashes()
    refuse_missing(client, plan)
    payload = plan.bundle()
    # Between the plan and the yes of a person the server may have changed; what was read then must not go back now.
    if make_plan(client, bundle).bundle() != payload:
        raise StateChanged("The server has changed since the plan was made; nothing was sent.", "Plan again.")
    stats: dict[str, int] = {}
    backup = None
    if payload:
        metadata = Metadata(client)
        first, *others = plan.requests()
        metadata.validate(first)
        backup = _back_up(plan, backups)
        stats = metadata.commit(first)
        for more in others:
            stats = _sum(stats, _send_more(metadata, more))
        _verify(make_plan(client, bundle))
    return Applied(stats, backup, write_installed(client, _record(client, plan)))


def _record(client: Client, plan: Plan) -> Installed:
    by = str(client.get_object("me", {"fields": "username"}).get("username", ""))
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return Installed(plan.version, plan.digest, plan.dhis2, now, by)


def _send_more(metadata: Metadata, more: Bundle) -> dict[str, int]:
    """Send the rest; whatever stops it says what is there already."""
    try:
        metadata.validate(more)
        return metadata.commit(more)
    except TpiError as error:
        text = f"All but {', '.join(more)} is installed; the same command sends the rest. {error}"
        error.args = (text,)
        raise


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _verify(after: Plan) -> None:
    left = after.of(CREATE) + after.of(UPDATE)
    if left:
        first = left[0]
        detail = [f"{step.kind} {step.name}: {step.action} {step.changes}" for step in left]
        raise StateChanged(
            f"The server took the metadata but holds something else for {len(left)} objects, first {first.kind}"
            f" '{first.name}'.",
            "Run 'tpi-dhis2 provision plan' to see what differs, and report it with the lines that --verbose shows.",
            "\n".join(detail),
        )


def _back_up(plan: Plan, folder: Path) -> Path | None:
    replaced = plan.replaced()
    return keep(folder, f"before-{plan.version}", plan.server, replaced, "replaced") if replaced else None
