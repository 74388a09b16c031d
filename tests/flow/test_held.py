"""What servers hold on to or leave behind, and what the package's commands make of it."""

from __future__ import annotations

import pytest

from tests.fault.servers import tpi
from tests.flow.test_hmis import metadata, records
from tests.flow.test_uninstall import left, planned
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import ServerRefused, StateChanged
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision import uninstall as job
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.sandbox.fresh import SUPERUSER
from tpi_dhis2.sandbox.server import serve

PROGRAM = package_fields().program
SAVED = {"trackedEntityInstanceFilters": [{"id": "siteFilter1", "name": "Site's list", "program": {"id": PROGRAM}}]}
OTHER = "siteProgra1"
CHARTED = {
    "programs": [{"id": OTHER, "name": "Other", "shortName": "Other", "programType": "WITHOUT_REGISTRATION"}],
    "eventVisualizations": [
        {"id": "siteChart01", "name": "Site's chart", "type": "LINE_LIST", "program": {"id": OTHER}}
    ],
}


def test_a_list_that_people_saved_keeps_the_package(installed, ready, tmp_path):
    Metadata(installed).commit(SAVED)
    with pytest.raises(StateChanged, match="trackedEntityInstanceFilters 'Site's list'"):
        job.uninstall(installed, planned(installed), tmp_path)
    assert len(left(ready)) > 1000


def test_a_list_that_was_saved_meanwhile_is_what_the_server_names_and_the_rest_goes_on_from_there(
    installed, ready, tmp_path
):
    removal = planned(installed)
    Metadata(installed).commit(SAVED)
    with pytest.raises(ServerRefused, match="The server keeps 1 of 1 programs") as refused:
        job.uninstall(installed, removal, tmp_path)
    assert "What was there is kept in" in str(refused.value)
    Metadata(installed).delete({kind: [{"id": item["id"]} for item in items] for kind, items in SAVED.items()})
    job.uninstall(installed, planned(installed), tmp_path)
    assert left(ready) == set()


def test_a_chart_of_another_program_without_a_stage_keeps_it_on_a_2_40_alone(installed, ready, tmp_path):
    Metadata(installed).commit(CHARTED)
    if installed.version.minor == 40:
        with pytest.raises(StateChanged, match=r"Site's chart.*names no stage"):
            job.uninstall(installed, planned(installed), tmp_path)
        assert Metadata(installed).delete({"programs": [{"id": PROGRAM}]})
        return
    job.uninstall(installed, planned(installed), tmp_path)
    assert left(ready) == set()


def test_what_the_site_shared_with_a_group_of_ours_can_be_imported_after_an_uninstall(installed, tmp_path):
    group = installed.get("userGroups", {"filter": "code:eq:TPI_ACCESS", "fields": "id"})["userGroups"][0]["id"]
    shared = {"public": "r-------", "userGroups": {group: {"id": group, "access": "rw------"}}, "users": {}}
    constant = {"id": "siteConst01", "name": "Site's", "shortName": "Site's", "value": 1, "sharing": shared}
    Metadata(installed).commit({"constants": [constant]})
    job.uninstall(installed, planned(installed), tmp_path)
    stored = installed.get("constants/siteConst01", {"fields": ":owner"})
    assert stored["sharing"]["userGroups"] == {}
    Metadata(installed).commit({"constants": [stored]})


def test_what_was_shared_with_an_account_that_is_gone_is_put_back_without_it(installed, tmp_path):
    built = bundle(installed.version.short)
    constant = built["constants"][0]["id"]
    user = {"id": "siteUser001", "username": "leaver", "firstName": "First", "surname": "Last",
            "password": "Training-2026", "userRoles": [{"id": SUPERUSER}]}  # fmt: skip
    Metadata(installed).commit({"users": [user]})
    stored = installed.get(f"constants/{constant}", {"fields": ":owner"})
    stored["sharing"]["users"] = {user["id"]: {"id": user["id"], "access": "rw------"}}
    Metadata(installed).commit({"constants": [{**stored, "name": "Renamed"}]})
    Metadata(installed).delete({"users": [{"id": user["id"]}]})
    assert list(installed.get(f"constants/{constant}", {"fields": "sharing"})["sharing"]["users"]) == [user["id"]]
    plan = make_plan(installed, built)
    assert any("1 users that somebody has deleted" in (step.reason or "") for step in plan.of("update"))
    apply(installed, built, plan, tmp_path)
    assert make_plan(installed, built).is_empty


def test_a_sync_that_asks_for_analytics_says_in_a_line_that_there_are_none(ready, tmp_path):
    mapping = tmp_path / "hmis.yaml"
    mapping.write_text("period: Monthly\nmeasures:\n  HH_COMPL: {numerator: DONE, denominator: SEEN}\n")
    with serve(ready) as url:
        given = {"url": url, "username": "admin", "password": "district", "store": f"sqlite:///{tmp_path / 's.sqlite'}"}
        assert tpi("sync", "push", records(tmp_path), **given).code == 0
        Metadata(Client(Account(url, "admin", "district"))).commit(metadata())
        ran = tpi("sync", "run", "--hmis", mapping, "--exit-code", **given)
    said = [line for line in ran.out.splitlines() if "analytics tables" in line]
    assert (ran.code, len(said)) == (3, 1), ran
    assert "The server has no analytics tables, or is just making them." in said[0]
    assert "The training sandbox never has any." in said[0]
