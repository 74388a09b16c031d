"""The sandbox keeps and forgets of each metadata object what recorded servers keep and forget."""

from __future__ import annotations

import copy

import pytest

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tests.contract.test_compare_round_trip import OURS
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.provision.kinds import OWNED
from tpi_dhis2.provision.values import same
from tpi_dhis2.sandbox.server import Sandbox, serve

#: Lists that servers give back in any order; here it is what they hold that counts.
ANY_ORDER = {"dataElements", "indicators", "legendSets", "options", "organisationUnits", "programIndicators",
             "programRuleActions", "programSections", "programStages", "translations"}  # fmt: skip
#: What the recorder had changed by other requests before it read the object back.
CHANGED_BETWEEN = {("programs", "version"), ("optionSets", "version"), ("programs", "organisationUnits")}


def forgotten(kind, sent, back):
    """What was sent and did not come back, by place; of entries that live inside of an object, too."""
    for prop, value in sent.items():
        if prop == "sharing" or (kind, prop) in CHANGED_BETWEEN:
            continue
        if prop in OWNED:
            there = {entry["id"]: entry for entry in back.get(prop, [])}
            for entry in value:
                yield from forgotten(prop, entry, there[entry["id"]])
        elif prop in ANY_ORDER:
            if not all(any(same(one, other) for other in back.get(prop, [])) for one in value):
                yield kind, prop
        elif not same(value, back.get(prop)):
            yield kind, prop


def whole_package(version):
    """The package as it was sent last; an action that was left out of it, being stored already, is not named here."""
    sent = copy.deepcopy(exchanges(version, "metadata-import", "package-final")[0]["request"]["body"])
    brought = {action["id"] for action in sent["programRuleActions"]}
    for rule in sent["programRules"]:
        rule["programRuleActions"] = [action for action in rule["programRuleActions"] if action["id"] in brought]
    return sent


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_sandbox_forgets_what_servers_forget(version):
    sent = whole_package(version)
    units = exchanges(version, "metadata-import", "orgunits-commit")[0]["request"]["body"]
    reads = exchanges(version, "metadata-read", "roundtrip-")
    found, recorded = {}, {}
    with serve(Sandbox(version)) as url:
        client = Client(Account(url, "admin", "district"), pause=0.01)
        Metadata(client).commit(units)
        Metadata(client).commit(sent)
        for read in reads:
            _, _, kind, uid = read["request"]["path"].split("/")
            item = next((one for one in sent.get(kind, []) if one["id"] == uid), None)
            if kind in OURS and item:
                played = client.get(f"{kind}/{uid}", {"fields": ":owner"})
                found[kind, uid] = set(forgotten(kind, item, played))
                recorded[kind, uid] = set(forgotten(kind, item, read["response"]["body"]))
    assert {kind for kind, _ in found} >= set(OURS) - {"trackedEntityTypes"}
    assert found == recorded
