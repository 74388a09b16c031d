"""The server's own data integrity checks (Data Administration app): none of them may name an object of the package."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.live.life import Life

Json = dict[str, Any]

SECONDS = 600
#: Checks of data, not of metadata: they read every value of the server, and the package has no aggregate elements.
_OF_DATA = ("data_elements_aggregate_", "tracker_", "tracked_entity_attribute_null_value", "periods_")
#: Checks that name objects of the package, and why that is no fault of it.
ALLOWED = {
    "user_groups_scarce": "people are put into the groups by the site",
    "user_roles_with_no_users": "people get the roles from the site",
    "dashboards_not_viewed_one_year": "nobody has opened what was installed a minute ago",
    "visualizations_not_viewed_one_year": "nobody has opened what was installed a minute ago",
    "maps_not_viewed_one_year": "nobody has opened what was installed a minute ago",
    "data_elements_without_data_sets": "tracker data elements stand in no data set",
    "data_elements_without_datasets": "tracker data elements stand in no data set",
    "tracked_entity_attributes_invalid_trigram_search_configuration": "the search is the site's to tune",
    "tracked_entity_attributes_trigram_index_out_of_sync": "a server indexes attributes at night",
    "tracked_entity_attributes_trigram_index_overview": "tells of all attributes, not of faults",
}


def finds_nothing_wrong_by_the_servers_own_checks(life: Life) -> None:
    """No data integrity check of the server names an object of the package, apart from those with a reason."""
    if life.is_sandbox:
        pytest.skip("the sandbox has no data integrity checks (/api/dataIntegrity)")
    checks = sorted(check["name"] for check in life.client.get("dataIntegrity") if _can_name_ours(life, check))
    assert checks, "the server has no check that could name an object of ours"
    found = _run(life, checks)
    _tell_failed(life, found)
    named = [line for check, details in found.items() for line in _ours(life, check, details)]
    if named:
        raise AssertionError("\n".join(["data integrity checks name objects of the package:", *named]))


def _tell_failed(life: Life, found: Json) -> None:
    """Tell of checks that failed themselves: after one error of SQL the server fails all that come later in the job."""
    failed = sorted((each for each in found.values() if each.get("error")), key=lambda each: each.get("startTime", ""))
    if failed:
        first = f"{failed[0]['name']}: {failed[0]['error']}"
        life.story.measured["data integrity checks that failed"] = f"{len(failed)} of {len(found)}, first {first}"


def _can_name_ours(life: Life, check: Json) -> bool:
    kinds = {None, *life.built}
    return check.get("issuesIdType") in kinds and not check["name"].startswith(_OF_DATA)


def _run(life: Life, checks: list[str]) -> Json:
    """Start the checks and ask for their details until each has ended, without those that the server remembers.

    It gives what it found within the last hour until there is something new (``DefaultDataIntegrityService``).
    """
    job = life.client.ask("POST", "dataIntegrity/details", params={"checks": ",".join(checks)}).body["response"]
    end = time.monotonic() + SECONDS
    found: Json = {}
    while time.monotonic() < end:
        told = life.client.get("dataIntegrity/details", {"checks": ",".join(checks), "timeout": "10000"}) or {}
        found = {name: each for name, each in told.items() if each["startTime"] >= job["created"]}
        if not set(checks) - found.keys():
            return found
        time.sleep(1)
    missing = ", ".join(sorted(set(checks) - found.keys()))
    raise AssertionError(f"these checks have not ended within {SECONDS} s: {missing}")


def _ours(life: Life, check: str, found: Json) -> list[str]:
    """What a check says of objects of the package."""
    uids = {item["id"]: kind for kind, items in life.built.items() if kind != "package" for item in items}
    issues = [issue for issue in found.get("issues") or [] if issue.get("id") in uids]
    if check in ALLOWED:
        return []
    return [f"{check}: {uids[issue['id']]} {issue.get('name')} {issue.get('comment') or ''}" for issue in issues]
