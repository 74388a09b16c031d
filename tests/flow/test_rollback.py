"""Rolling back on a server of each version: to before any recorded run, and nothing that people did since is lost."""

from __future__ import annotations

import json

import pytest

from tests.flow.test_uninstall import left, partnership, planned
from tests.flow.test_upgrade import RETIRED, first, first_version, install  # noqa: F401 - a fixture among them
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import StateChanged, UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision import uninstall as removal
from tpi_dhis2.provision.backup import read_backup
from tpi_dhis2.provision.installed import read_installed
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.rollback import Rollback, chosen_runs, read_backups

PROGRAM = package_fields().program
PLAN = package_fields().stages["plan"].uid


def roll_back(client, folder, run=""):
    job = Rollback(client, read_backups(chosen_runs(read_installed(client), run), folder))
    return job.run(job.plan(), folder)


def change(client, kind, uid, **values):
    patch = [{"op": "replace", "path": f"/{prop}", "value": value} for prop, value in values.items()]
    Metadata(client).patch(kind, uid, patch)


def stage(client, fields="name,description"):
    return client.get(f"programStages/{PLAN}", {"fields": fields})


def test_an_upgrade_with_records_is_undone_and_can_be_made_again(first, tmp_path):  # noqa: F811
    partnership(first)
    built, old = bundle(first.version.short), first_version()
    install(first, built, tmp_path)
    done = roll_back(first, tmp_path)
    assert done.record.version == "0.1.0"
    plan = make_plan(first, old)
    assert not plan.of("create", "update", "clash", "refused")
    assert RETIRED in {step.uid for step in plan.steps if step.action == "unchanged"}
    # What records may hold stays; everything else of the upgrade is gone.
    assert {step.kind for step in plan.of("kept")} <= {
        "dataElements",
        "trackedEntityAttributes",
        "optionSets",
        "options",
    }
    assert not plan.of("remove")
    assert [run.what for run in read_installed(first).runs] == ["apply", "apply", "rollback"]
    install(first, built, tmp_path)
    assert make_plan(first, built).is_empty


def test_an_upgrade_without_records_leaves_nothing_of_the_new_version(first, tmp_path):  # noqa: F811
    old = first_version()
    before = {kind: len(make_plan(first, old).actual[kind]) for kind in ("dataElements", "options", "programRules")}
    install(first, bundle(first.version.short), tmp_path)
    roll_back(first, tmp_path)
    plan = make_plan(first, old)
    assert plan.is_empty
    assert {kind: len(plan.actual[kind]) for kind in before} == before


def test_the_first_installation_is_undone_by_leaving_nothing(client, sandbox, tmp_path):
    built = bundle(client.version.short)
    install(client, built, tmp_path)
    roll_back(client, tmp_path)
    assert left(sandbox) == set()
    assert read_installed(client) is None
    install(client, built, tmp_path)
    assert make_plan(client, built).is_empty


def test_the_first_installation_stays_while_there_are_records(installed, ready, tmp_path):
    built = bundle(installed.version.short)
    before = len(left(ready))
    uids = [item["id"] for kind, items in built.items() if kind != "package" for item in items]
    assert uids
    partnership(installed)
    backup = read_backup(_only(tmp_path, installed, ready))
    with pytest.raises(StateChanged, match="There are partnership records"):
        Rollback(installed, [backup]).plan()
    assert len(left(ready)) == before


def _only(folder, client, ready):
    """The backup of the first installation, made again from what the server has."""
    from tpi_dhis2.provision.backup import Backup, moment, write_backup

    plan = make_plan(client, bundle(client.version.short))
    sent = {kind: items for kind, items in plan.actual.items() if items}
    return write_backup(folder, Backup(moment(), "apply", plan.server, plan.system, plan.dhis2, {}, sent, None))[0]


def test_any_recorded_run_is_undone_with_all_after_it(installed, tmp_path):
    built = bundle(installed.version.short)
    names = []
    for number in range(3):
        change(installed, "programStages", PLAN, name=f"Name {number}", description=f"Words {number}")
        names.append(install(installed, built, tmp_path))
    runs = read_installed(installed).runs[-3:]
    roll_back(installed, tmp_path, runs[1].id)
    assert stage(installed) == {"name": "Name 1", "description": "Words 1"}
    roll_back(installed, tmp_path)
    assert stage(installed)["name"] == "4 Action plan"
    roll_back(installed, tmp_path, runs[0].id)
    assert stage(installed) == {"name": "Name 0", "description": "Words 0"}


def test_what_people_did_since_stays(installed, tmp_path):
    built, metadata = bundle(installed.version.short), Metadata(installed)
    group = next(item["id"] for item in built["userGroups"] if item["code"] == "TPI_DATA_CAPTURE")
    change(installed, "programStages", PLAN, name="Our plan")
    change(installed, "userGroups", group, name="Our group")
    install(installed, built, tmp_path)
    me = installed.get("me", {"fields": "id"})["id"]
    metadata.add_to_collection("userGroups", group, "users", [me])
    change(installed, "programStages", PLAN, description="Said since")
    own = {"locale": "sw", "property": "NAME", "value": "Mpango"}
    metadata.patch("programStages", PLAN, [{"op": "add", "path": "/translations/-", "value": own}])
    roll_back(installed, tmp_path)
    after = stage(installed, "name,description,translations")
    assert (after["name"], after["description"]) == ("Our plan", "Said since")
    assert own in after["translations"]
    members = installed.get(f"userGroups/{group}", {"fields": "name,users[id]"})
    assert (members["name"], [user["id"] for user in members["users"]]) == ("Our group", [me])


def test_an_uninstall_is_undone_with_members_units_and_all(installed, ready, tmp_path):
    built = bundle(installed.version.short)
    group = next(item["id"] for item in built["userGroups"] if item["code"] == "TPI_ACCESS")
    me = installed.get("me", {"fields": "id"})["id"]
    Metadata(installed).add_to_collection("userGroups", group, "users", [me])
    there = left(ready)
    program = installed.get(f"programs/{PROGRAM}", {"fields": "organisationUnits[id],sharing[public]"})
    kept = removal.uninstall(installed, planned(installed), tmp_path)
    assert left(ready) == set()
    job = Rollback(installed, [read_backup(kept)])
    done = job.run(job.plan(), tmp_path)
    assert left(ready) == there
    assert make_plan(installed, built).is_empty
    assert done.record.version == built["package"]["version"]
    again = installed.get(f"programs/{PROGRAM}", {"fields": "organisationUnits[id],sharing[public]"})
    assert sorted(unit["id"] for unit in again["organisationUnits"]) == sorted(
        u["id"] for u in program["organisationUnits"]
    )
    assert [user["id"] for user in installed.get(f"userGroups/{group}", {"fields": "users[id]"})["users"]] == [me]


def test_backups_that_are_missing_edited_or_another_ones_are_refused(installed, tmp_path):
    change(installed, "programStages", PLAN, name="Our plan")
    path = install(installed, bundle(installed.version.short), tmp_path).backup
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Our plan", "Your plan"), encoding="utf-8")
    with pytest.raises(UsageError, match="damaged or was edited by hand"):
        roll_back(installed, tmp_path)
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(UsageError, match="it is no JSON"):
        roll_back(installed, tmp_path)
    path.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        roll_back(installed, tmp_path)
    path.write_text(json.dumps({"kind": "plan"}), encoding="utf-8")
    with pytest.raises(UsageError, match="is no backup"):
        roll_back(installed, tmp_path)
    other = _only(tmp_path, installed, None)
    path.write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(UsageError, match="another backup than the one that the server's record names"):
        roll_back(installed, tmp_path)
    assert stage(installed)["name"] == "4 Action plan"


def test_a_backup_is_for_its_owner_only(installed, tmp_path):
    change(installed, "programStages", PLAN, name="Our plan")
    path = install(installed, bundle(installed.version.short), tmp_path).backup
    assert path.stat().st_mode & 0o077 == 0


def test_a_run_that_is_not_recorded_is_named(installed):
    with pytest.raises(UsageError, match="No run 20200101T000000Z is recorded"):
        chosen_runs(read_installed(installed), "20200101T000000Z")
    with pytest.raises(UsageError, match="No run is recorded"):
        chosen_runs(None, "")
