"""Uninstalling on a server of each version: refused with data, otherwise nothing of ours is left."""

from __future__ import annotations

import copy
import json

import pytest

from tests.fault.servers import tpi
from tpi_dhis2.dhis2.mapping import NAMESPACE
from tpi_dhis2.dhis2.metadata import DataStore, Metadata
from tpi_dhis2.errors import ServerRefused, StateChanged
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.uids import Uids
from tpi_dhis2.provision import uninstall as job
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.installed import read_installed
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.remove import ORDER
from tpi_dhis2.resources import folder
from tpi_dhis2.sandbox.server import serve

PROGRAM = package_fields().program


def pinned():
    return Uids.read(folder("metadata")).by_type()


def planned(client):
    return job.plan_removal(client, pinned(), PROGRAM)


def left(sandbox):
    """Our UIDs that the sandbox holds in any table."""
    ours = {uid for uids in pinned().values() for uid in uids}
    return ours & {row.get("id") for kind in pinned() for row in sandbox.state.table(kind).values()}


def partnership(client):
    unit = client.get("organisationUnits", {"filter": "level:eq:4", "fields": "id", "paging": "false"})
    unit = unit["organisationUnits"][0]["id"]
    kind = package_fields().tracked_entity_type
    name = package_fields().attributes["name"].uid
    sent = {
        "trackedEntity": "abcdefghijk", "trackedEntityType": kind, "orgUnit": unit,
        "enrollments": [{
            "enrollment": "bcdefghijkl", "program": PROGRAM, "orgUnit": unit, "enrolledAt": "2026-01-01",
            "occurredAt": "2026-01-01", "status": "ACTIVE", "attributes": [{"attribute": name, "value": "Both"}],
        }],
    }  # fmt: skip
    answer = client.ask("POST", "tracker", params={"async": "false"}, body={"trackedEntities": [sent]}, expect=(409,))
    assert answer.body["status"] == "OK", answer.body


def delete_partnership(client):
    params = {"async": "false", "importStrategy": "DELETE"}
    client.ask("POST", "tracker", params=params, body={"trackedEntities": [{"trackedEntity": "abcdefghijk"}]})


def test_the_order_holds_every_type_of_the_package():
    assert {kind for kind in bundle() if kind != "package"} <= set(ORDER)


def test_nothing_of_ours_is_left_and_it_can_be_installed_again(installed, ready, tmp_path):
    before = {kind: len(ready.state.table(kind)) for kind in ("organisationUnits", "users", "categoryCombos")}
    removal = planned(installed)
    built = bundle(installed.version.short)
    assert removal.count == sum(len(items) for kind, items in built.items() if kind != "package")
    kept = job.uninstall(installed, removal, tmp_path)
    assert left(ready) == set()
    assert {kind: len(ready.state.table(kind)) for kind in before} == before
    assert DataStore(installed, NAMESPACE).get("package") is None
    assert len(json.loads(kept.read_text())["before"]["programs"]) == 1
    assert planned(installed).count == 0
    apply(installed, built, make_plan(installed, built), tmp_path)
    assert make_plan(installed, built).is_empty


def test_no_more_is_read_than_tells_that_there_are_records(installed, ready, tmp_path):
    partnership(installed)
    ready.requests.clear()
    assert planned(installed).records.living
    assert sum(path.startswith("/api/tracker") for _, path in ready.requests) == 1


def test_records_keep_the_package(installed, ready, tmp_path):
    partnership(installed)
    removal = planned(installed)
    with pytest.raises(StateChanged, match="There are partnership records"):
        job.uninstall(installed, removal, tmp_path)
    assert len(left(ready)) > 1000
    assert not list(tmp_path.glob("uninstall-*"))


def test_deleted_records_keep_it_until_maintenance_is_told_to_remove_them(installed, ready, tmp_path):
    partnership(installed)
    delete_partnership(installed)
    removal = planned(installed)
    assert (removal.records.living, removal.records.deleted) == (False, True)
    with pytest.raises(StateChanged, match="deleted partnership records"):
        removal.refuse()
    job.remove_deleted(installed, package_fields().program)
    job.uninstall(installed, planned(installed), tmp_path)
    assert left(ready) == set()


def test_what_the_site_added_to_the_program_keeps_it(installed, ready, tmp_path):
    stage = copy.deepcopy(ready.state.table("programStages")[package_fields().stages["contact"].uid])
    local = {**stage, "id": "localStage1", "code": "SITE", "name": "Site's own", "programStageSections": [],
             "programStageDataElements": [], "notificationTemplates": []}  # fmt: skip
    Metadata(installed).commit({"programStages": [local]})
    with pytest.raises(StateChanged, match=r"it stays: programStages 'Site's own' \(localStage1\)"):
        job.uninstall(installed, planned(installed), tmp_path)
    assert len(left(ready)) > 1000


@pytest.mark.parametrize("kind", ["dashboards", "visualizations", "indicators"])
def test_what_the_site_made_of_our_charts_and_indicators_keeps_it(installed, ready, tmp_path, kind):
    chart, count = bundle()["visualizations"][0]["id"], bundle()["programIndicators"][0]["id"]
    own = {
        "dashboards": {"dashboardItems": [
            {"id": "siteItem001", "type": "VISUALIZATION", "visualization": {"id": chart}},
        ]},
        "visualizations": {"type": "COLUMN", "dataDimensionItems": [
            {"dataDimensionItemType": "PROGRAM_INDICATOR", "programIndicator": {"id": count}},
        ]},
        "indicators": {
            "shortName": "Mine", "numerator": f"I{{{count}}}", "denominator": "1", "numeratorDescription": "n",
            "denominatorDescription": "d", "indicatorType": {"id": bundle()["indicatorTypes"][0]["id"]},
        },
    }  # fmt: skip
    Metadata(installed).commit({kind: [{"id": "siteOwn0001", "name": "Mine", **own[kind]}]})
    with pytest.raises(StateChanged, match=rf"it stays: {kind} 'Mine' \(siteOwn0001\)"):
        job.uninstall(installed, planned(installed), tmp_path)
    assert len(left(ready)) > 1000


def test_a_run_that_was_cut_off_is_finished_by_the_next(installed, ready, tmp_path):
    def stop(kind, _count):
        if kind == "programs":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.uninstall(installed, planned(installed), tmp_path, stop)
    assert left(ready)
    assert read_installed(installed) is not None
    job.uninstall(installed, planned(installed), tmp_path)
    assert left(ready) == set()
    assert read_installed(installed) is None


def test_what_the_server_keeps_is_named(installed, ready, tmp_path):
    options = next(item for item in bundle()["optionSets"] if item["code"] == "TPI_CURRENCY")
    Metadata(installed).commit({"dataElements": [{
        "id": "siteElem001", "name": "Site's currency", "shortName": "Site's currency", "domainType": "TRACKER",
        "valueType": "TEXT", "aggregationType": "NONE", "optionSet": {"id": options["id"]},
    }]})  # fmt: skip
    with pytest.raises(
        ServerRefused, match=r"The server keeps 1 of .* optionSets, first 'TPI - Currency': OptionSet .*E4030"
    ) as refused:
        job.uninstall(installed, planned(installed), tmp_path)
    assert options["id"] in left(ready)
    assert PROGRAM not in left(ready)
    (kept,) = tmp_path.glob("uninstall-*")
    assert f"What was there is kept in {kept}" in str(refused.value)


def test_the_command_shows_asks_and_removes(ready, tmp_path):
    with serve(ready) as url:
        given = {"url": url, "username": "admin", "password": "district"}
        refused = tpi("provision", "uninstall", **given)
        assert (refused.code, refused.lines[0]) == (1, "Error: Nothing was changed: nobody is here to agree.")
        done = tpi("provision", "uninstall", "--yes", "--backups", tmp_path, **given)
        assert done.code == 0, done.err
        assert "objects removed, none left" in done.out
        again = tpi("provision", "uninstall", "--yes", "--backups", tmp_path, **given)
        assert (again.code, again.out.strip()) == (0, "Nothing to do: nothing of the package is on this server.")
