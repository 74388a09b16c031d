"""What was changed on the server since the package was applied, and its state in one word; through the command line."""

from __future__ import annotations

import contextlib
import json

import pytest

from tests.fault.servers import tpi
from tests.flow.conftest import asked_by
from tests.flow.test_upgrade import first_version, install
from tpi_dhis2.dhis2.metadata import DataStore, Metadata
from tpi_dhis2.errors import ServerFailed
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle

PROGRAM, PLAN = package_fields().program, package_fields().stages["plan"].uid


@pytest.fixture
def run(installed):
    return lambda *args: tpi("provision", *args, url=installed.base, username="admin", password="district")


def change(client, kind, uid, **values):
    Metadata(client).patch(kind, uid, [{"op": "replace", "path": f"/{k}", "value": v} for k, v in values.items()])


def test_no_drift_is_said_so_and_what_the_site_owns_is_none(run, installed):
    change(installed, "programs", PROGRAM, organisationUnits=[])
    said = run("drift", "--exit-code")
    assert said.code == 0
    assert said.out.startswith("Nothing has changed since: version")
    assert json.loads(run("drift", "--json").out) == []
    assert run("status", "--exit-code").code == 0


def test_drift_says_what_by_whom_and_when(run, installed):
    change(installed, "programStages", PLAN, name="Our plan")
    chart = bundle(installed.version.short)["visualizations"][0]
    with contextlib.suppress(ServerFailed):  # 2.43 answers 500 and has deleted it
        Metadata(installed).delete({"visualizations": [{"id": chart["id"]}]})
    said = run("drift", "--exit-code")
    assert said.code == 3
    assert "~ programStages 4 Action plan: changed (last changed 20" in said.out
    assert " by admin)" in said.out
    assert "name: '4 Action plan' -> 'Our plan'" in said.out
    assert f"- visualizations {chart['name']}: deleted (the server does not say by whom or when)" in said.out
    told = {one["uid"]: one for one in json.loads(run("drift", "--json").out)}
    assert told[PLAN]["by"] == "admin"
    assert told[PLAN]["changes"] == [{"prop": "name", "old": "Our plan", "new": "4 Action plan"}]
    assert told[chart["id"]]["what"] == "deleted"
    status = run("status", "--exit-code")
    assert (status.code, "State: damaged" in status.out) == (3, True)


@pytest.mark.parametrize("command", ["plan", "status", "drift"])
def test_an_installed_server_is_asked_five_times_at_most(command, ready):
    asked = asked_by(ready, command)
    assert len(asked) <= 5, asked
    assert all(line.startswith("GET ") for line in asked)


def test_there_is_no_drift_where_nothing_is_recorded(run, installed):
    DataStore(installed, "tpi-dhis2").delete("package")
    refused = run("drift")
    assert (refused.code, "no record of an installation" in refused.err) == (1, True)
    assert "State: damaged (it is complete, and no record says so" in run("status").out


def test_drift_is_not_told_across_versions(client, tmp_path):
    install(client, first_version(), tmp_path)
    account = {"url": client.base, "username": "admin", "password": "district"}
    refused = tpi("provision", "drift", **account)
    assert (refused.code, "version 0.1.0 is recorded" in refused.err) == (1, True)
    assert "State: older (version 0.1.0" in tpi("provision", "status", **account).out
    assert json.loads(tpi("provision", "status", "--json", **account).out)["state"] == "older"


def test_a_later_version_on_the_server_is_seen(run, installed):
    record = DataStore(installed, "tpi-dhis2").get("package")
    DataStore(installed, "tpi-dhis2").put("package", {**record, "version": "9.0.0", "digest": "later"})
    assert "State: newer (version 9.0.0" in run("status").out
    change(installed, "programStages", PLAN, name="Our plan")
    refused = run("apply", "--yes")
    assert (refused.code, "The server has a later package: version 9.0.0" in refused.err) == (1, True)
    assert installed.get(f"programStages/{PLAN}", {"fields": "name"})["name"] == "Our plan"


def test_an_empty_server_has_nothing_installed(client):
    account = {"url": client.base, "username": "admin", "password": "district"}
    assert "State: not installed" in tpi("provision", "status", **account).out
    assert tpi("provision", "status", "--exit-code", **account).code == 3
