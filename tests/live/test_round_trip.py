"""What a real server gives back for every object of the package is what was sent, but for what the server adds.

The package must be installed (``tpi-dhis2 provision apply``) and nothing changed since.
"""

from __future__ import annotations

from tests.live.server import client, needs_server
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.plan import make_plan

pytestmark = needs_server


def test_a_plan_after_the_apply_finds_no_object_missing_and_none_changed() -> None:
    plan = make_plan(client(), bundle(client().version.short))
    differing = {
        f"{step.kind} {step.name}": step.changes or step.reason for step in plan.steps if step.action != "unchanged"
    }
    assert {name: found for name, found in differing.items() if "adopt" not in str(found)} == {}
    assert plan.is_recorded
