"""The examination of a server of each version, as each kind of account sees it."""

from __future__ import annotations

import json

import pytest

from tests.fault.servers import tpi
from tests.flow.accounts import PASSWORD, a_unit, add_account, client_of
from tpi_dhis2.doctor.run import examine
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.rights import missing_rights
from tpi_dhis2.provision.state import UP_TO_DATE, state
from tpi_dhis2.provision.weigh import Rights

LEVELS = ("ok", "note", "warn", "bad")


def examined(client, tmp_path):
    """The findings by name; of several of one name the worst."""
    found = list(examine(lambda: client.account, f"sqlite:///{tmp_path / 'none.sqlite'}", pause=0.01))
    assert all(finding.advice for finding in found if finding.level != "ok"), "each tells what to do"
    return {finding.name: finding for finding in sorted(found, key=lambda each: LEVELS.index(each.level))}


def _plan(client):
    return make_plan(client, bundle(client.version.short))


def levels(found, *names):
    return [found[name].level for name in names]


def test_a_fresh_server_is_well_but_for_its_analytics(version, client, tmp_path):
    found = examined(client, tmp_path)
    assert levels(found, "connection", "version", "clock", "account", "tool", "dhis2.py", "disk") == ["ok"] * 7
    assert found["package"].text == "Not installed: nothing of the package is there."
    assert found["package"].level == "note"
    assert found["analytics tables"].level == ("bad" if version == "2.43" else "warn")
    assert "deleted records" not in found
    assert "no store at" in found["store"].text
    assert not (tmp_path / "none.sqlite").exists(), "looking makes no store"


@pytest.mark.parametrize("version", ["2.43"], indirect=True)
def test_period_types_of_the_tables_are_chosen_once_on_2_43(client, tmp_path):
    client.ask("POST", "configuration/dataOutputPeriodTypes", body=[{"name": "Monthly"}])
    found = examined(client, tmp_path)
    assert found["analytics tables"].text.startswith("They were never built")


def test_each_account_is_told_what_it_may_and_what_it_lacks(installed, ready, tmp_path):
    unit = a_unit(installed)
    add_account(installed, "sync", ["TPI_DATA_CAPTURE"], [unit])
    add_account(installed, "reader", ["TPI_ACCESS"], [unit], ["F_VIEW_EVENT_ANALYTICS"])
    add_account(installed, "homeless", ["TPI_DATA_CAPTURE"])
    add_account(installed, "stranger", [], [unit])
    before = [request for request in ready.requests if request[0] != "GET"]

    superuser = examined(installed, tmp_path)
    assert superuser["package"].text == f"Version {_plan(installed).version} is installed and as it says."
    assert superuser["account"].text == "admin is a superuser and may do every job."
    assert not {"push", "provision"} & set(superuser)

    sync = examined(client_of(installed, "sync"), tmp_path)
    assert levels(sync, "account", "package", "push", "pull") == ["ok"] * 4
    assert levels(sync, "provision", "assign", "uninstall", "analytics") == ["note"] * 4
    assert "sync is in TPI - Data capture and has 1 capture, 1 search" in sync["account"].text
    assert any("F_DATAELEMENT_PUBLIC_ADD for 350 dataElements" in line for line in sync["provision"].details)
    assert any(line == "it lacks F_PERFORM_MAINTENANCE to clear deleted records" for line in sync["uninstall"].details)
    assert "F_VIEW_EVENT_ANALYTICS" in sync["analytics"].text
    assert "works not" in sync["push"].text, "the answers of the two arms have a group of their own"

    reader = examined(client_of(installed, "reader"), tmp_path)
    assert levels(reader, "account", "pull", "analytics", "push") == ["ok", "ok", "ok", "note"]
    assert "TPI - Data capture" in reader["push"].text

    homeless = examined(client_of(installed, "homeless"), tmp_path)
    assert homeless["push"].level == "warn"
    assert homeless["push"].text == "This account may not send records: it has no capture unit."

    stranger = examined(client_of(installed, "stranger"), tmp_path)
    assert stranger["account"].level == "warn"
    assert "may do none of the jobs" in stranger["account"].text
    assert stranger["package"].level == "note", "what it may not see is not missing"
    assert [request for request in ready.requests if request[0] != "GET"] == before, "nothing was written"


def test_what_is_deleted_and_kept_is_counted(installed, tmp_path):
    fields = package_fields()
    units = installed.get(f"programs/{fields.program}", {"fields": "organisationUnits"})["organisationUnits"]
    unit = units[0]["id"]
    entity = {"trackedEntity": "aB345678901", "trackedEntityType": fields.tracked_entity_type, "orgUnit": unit}
    cycle = {
        "enrollment": "aB345678902", "program": fields.program, "orgUnit": unit, "status": "ACTIVE",
        "enrolledAt": "2026-01-01", "occurredAt": "2026-01-01",
        "attributes": [{"attribute": fields.attributes["name"].uid, "value": "A"}],
    }  # fmt: skip
    body = {"trackedEntities": [{**entity, "enrollments": [cycle]}]}
    answer = installed.ask("POST", "tracker", params={"async": "false"}, body=body, expect=(409,))
    if answer.body["status"] != "OK":
        pytest.fail(str(answer.body)[:600])
    assert examined(installed, tmp_path)["deleted records"].level == "ok"
    params = {"async": "false", "importStrategy": "DELETE"}
    installed.ask("POST", "tracker", params=params, body={"trackedEntities": [entity]})
    found = examined(installed, tmp_path)["deleted records"]
    assert found.level == "note"
    assert "still keeps" in found.text


def test_a_package_that_somebody_changed_is_damaged(installed, tmp_path):
    program = package_fields().program
    installed.ask("PATCH", f"programs/{program}", body=[{"op": "replace", "path": "/name", "value": "Other"}])
    found = examined(installed, tmp_path)["package"]
    assert (found.level, found.text) == ("bad", "Damaged: 1 objects differ from what was applied.")


@pytest.mark.parametrize("version", ["2.42"], indirect=True)
def test_the_command_prints_json_and_leaves_with_3_when_something_is_to_be_seen_to(client, tmp_path):
    given = {"url": client.base, "username": "admin", "password": "district", "store": f"sqlite:///{tmp_path / 's'}"}
    ran = tpi("doctor", "--json", "--exit-code", **given)
    told = json.loads(ran.out)
    assert (ran.code, ran.err) == (3, "")
    assert told["trouble"] == sum(finding["level"] in ("warn", "bad") for finding in told["findings"]) == 1
    plain = tpi("doctor", **given)
    assert plain.code == 0
    assert plain.out.splitlines()[0] == f"ok    connection: {client.base} lets admin in with a password."
    assert plain.out.splitlines()[-1] == "1 to be seen to."


# What a lesser user lacks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.40", "2.43"], indirect=True)
def test_an_account_that_gets_what_it_is_told_to_lack_may_install(client, sandbox, tmp_path):
    add_account(client, "installer")
    mine = client_of(client, "installer")
    given = {"url": client.base, "username": "installer", "password": PASSWORD}
    sandbox.requests.clear()
    ran = tpi("provision", "apply", "--yes", "--json", "--backups", tmp_path, **given)
    assert ran.code == 1
    assert "so nothing was sent" in ran.err
    assert "F_DATAELEMENT_PUBLIC_ADD for 350 dataElements to create" in ran.err
    assert {method for method, _ in sandbox.requests} == {"GET"}

    lacks = missing_rights(Rights(mine), _plan(mine))
    told = json.loads(tpi("provision", "plan", "--json", **given).out)["missing_rights"]
    assert [each["text"] for each in told] == [str(lack) for lack in lacks]
    # Recorded: who creates a constant or a stage by an import is asked for nothing.
    assert not {"constants", "programStages", "options"} & {lack.kind for lack in lacks}
    add_account(client, "installer", authorities=[lack.authorities[0] for lack in lacks])
    assert missing_rights(Rights(mine), _plan(mine)) == []
    assert tpi("provision", "apply", "--yes", "--json", "--backups", tmp_path, **given).code == 0
    assert state(_plan(client)).word == UP_TO_DATE


@pytest.mark.parametrize("version", ["2.42"], indirect=True)
def test_an_object_that_sharing_closes_is_named(installed):
    add_account(installed, "half", authorities=["F_PROGRAM_PUBLIC_ADD"])
    program = package_fields().program
    installed.ask("PATCH", f"programs/{program}", body=[{"op": "replace", "path": "/name", "value": "Other"}])
    mine = client_of(installed, "half")
    (lack,) = [each for each in missing_rights(Rights(mine), _plan(mine)) if each.action == "update"]
    assert (lack.kind, lack.count, lack.authorities) == ("programs", 1, ())
    assert "write access by sharing for 1 programs to update (Twinning Partnerships for Improvement)" in str(lack)
