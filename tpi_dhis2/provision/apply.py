"""Apply the package: the plan for it, carried out and recorded."""

from __future__ import annotations

from pathlib import Path

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.jobs import Told, tell_nobody
from tpi_dhis2.errors import StateChanged
from tpi_dhis2.package.build import Bundle
from tpi_dhis2.provision.carry_out import Done, Job
from tpi_dhis2.provision.installed import Installed
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.state import NEWER, state
from tpi_dhis2.provision.steps import Plan


def refuse_newer(plan: Plan) -> None:
    """StateChanged when the server has a later version of the package than this tool brings."""
    found = state(plan)
    if found.word == NEWER:
        raise StateChanged(
            f"The server has a later package: {found.why}. Nothing was sent.",
            "Use that release of tpi-dhis2; to go back, 'provision rollback' undoes the run that brought it.",
        )


def apply(client: Client, bundle: Bundle, plan: Plan, backups: Path, told: Told = tell_nobody) -> Done:
    """Make the server as the plan says; afterwards a new plan is empty. Errors as those of ``Job.run``.

    StateChanged, too, when a later version is installed: an earlier one would not know what to take off.
    """
    refuse_newer(plan)
    leaves = Installed(plan.version, plan.digest, plan.dhis2, "", "", plan.mapping)
    return Job(client, plan, lambda: make_plan(client, bundle, plan.mapping), "apply", leaves, backups, told).run()
