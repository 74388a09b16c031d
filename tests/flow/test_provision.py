"""Provisioning against a server of each version: plan, apply, plan again, assign; the site's own survives."""

from __future__ import annotations

import json

import pytest

from tpi_dhis2.demo.units import ensure_units, units
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import ServerRefused, StateChanged, Unreachable
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.assign import Choice, assign, plan_assignment
from tpi_dhis2.provision.installed import read_installed
from tpi_dhis2.provision.plan import make_plan

PROGRAM = package_fields().program


def test_an_empty_server_gets_everything_and_the_second_plan_is_empty(client, tmp_path):
    built = bundle(client.version.short)
    plan = make_plan(client, built)
    assert plan.counts == {"create": sum(len(items) for kind, items in built.items() if kind != "package")}
    done = apply(client, built, plan, tmp_path)
    assert done.stats["created"] == plan.counts["create"]
    assert make_plan(client, built).is_empty
    assert read_installed(client).version == built["package"]["version"]


def test_a_plan_on_an_up_to_date_server_writes_nothing_and_asks_little(installed, ready):
    make_plan(installed, bundle(installed.version.short))
    asked = list(ready.requests)
    assert {method for method, _ in asked} == {"GET"}
    assert len(asked) <= 5


def test_the_form_shows_its_sections_and_fields_in_order(installed):
    fields = package_fields()
    stage = installed.get(
        f"programStages/{fields.stages['priority'].uid}",
        {"fields": "name,programStageSections[name,description,dataElements[code]]"},
    )
    names = [section["name"] for section in stage["programStageSections"]]
    assert names == ["The gap", "Causes", "How it is measured", "Choosing", "About this record"]
    assert stage["programStageSections"][0]["dataElements"][0]["code"] == "TPI_PRIORITY_NO"
    assert all(section["description"] for section in stage["programStageSections"])


def test_a_change_on_the_server_is_planned_field_by_field_and_put_right(installed, tmp_path):
    built = bundle(installed.version.short)
    stage = package_fields().stages["plan"].uid
    Metadata(installed).patch("programStages", stage, [{"op": "replace", "path": "/name", "value": "Our plan"}])
    plan = make_plan(installed, built)
    [step] = plan.of("update")
    assert [(change.prop, change.old, change.new) for change in step.changes] == [("name", "Our plan", "4 Action plan")]
    done = apply(installed, built, plan, tmp_path)
    assert done.stats["updated"] == 1
    assert make_plan(installed, built).is_empty
    kept = json.loads(done.backup.read_text())
    assert kept["before"]["programStages"][0]["name"] == "Our plan"


def test_an_option_put_right_keeps_its_place(installed, tmp_path):
    built = bundle(installed.version.short)
    option = next(item for item in built["options"] if item["code"] == "DELAYED")
    Metadata(installed).patch("options", option["id"], [{"op": "replace", "path": "/name", "value": "Late"}])
    done = apply(installed, built, make_plan(installed, built), tmp_path)
    assert done.stats["updated"] == 1
    stored = installed.get(f"optionSets/{option['optionSet']['id']}", {"fields": "options[code,sortOrder]"})["options"]
    states = ["NOT_STARTED", "ON_TRACK", "DELAYED", "COMPLETED", "CANCELLED"]
    assert [item["code"] for item in stored] == states
    assert len({item["sortOrder"] for item in stored}) == len(states)


def test_what_the_site_owns_survives_an_update(installed, tmp_path):
    metadata, built, fields = Metadata(installed), bundle(installed.version.short), package_fields()
    group = next(item["id"] for item in built["userGroups"] if item["code"] == "TPI_DATA_CAPTURE")
    me = installed.get("me", {"fields": "id"})["id"]
    metadata.add_to_collection("userGroups", group, "users", [me])
    french = [{"locale": "fr", "property": "NAME", "value": "Jumelage"}]
    own = {"id": "LocalElem01", "name": "Local", "shortName": "Local", "domainType": "TRACKER"}
    metadata.commit({"dataElements": [{**own, "valueType": "TEXT", "aggregationType": "NONE"}]})
    stage = fields.stages["plan"].uid
    metadata.patch("programs", PROGRAM, [{"op": "add", "path": "/translations", "value": french}])
    metadata.patch("programs", PROGRAM, [{"op": "replace", "path": "/name", "value": "Changed"}])
    metadata.patch("userGroups", group, [{"op": "replace", "path": "/name", "value": "Changed"}])
    local = {"id": "LocalPsde01", "dataElement": {"id": "LocalElem01"}, "sortOrder": 99}
    metadata.patch("programStages", stage, [{"op": "add", "path": "/programStageDataElements/-", "value": local}])
    metadata.patch("programStages", stage, [{"op": "replace", "path": "/description", "value": "Changed"}])
    before = installed.get(f"programs/{PROGRAM}", {"fields": "organisationUnits[id],sharing,translations"})
    apply(installed, built, make_plan(installed, built), tmp_path)
    after = installed.get(f"programs/{PROGRAM}", {"fields": "name,organisationUnits[id],sharing,translations"})
    assert after["name"] == "Twinning Partnerships for Improvement"
    assert french[0] in after["translations"]
    assert [one["locale"] for one in after["translations"] if one["property"] == "NAME"].count("fr") == 1
    assert after["sharing"]["userGroups"].keys() == before["sharing"]["userGroups"].keys()
    assert len(after["organisationUnits"]) == len(units())
    members = installed.get(f"userGroups/{group}", {"fields": "users[id]"})["users"]
    assert [user["id"] for user in members] == [me]
    elements = installed.get(f"programStages/{stage}", {"fields": "programStageDataElements[dataElement[id]]"})
    assert "LocalElem01" in [entry["dataElement"]["id"] for entry in elements["programStageDataElements"]]


def test_a_code_taken_by_the_site_is_named_and_nothing_is_written(client, tmp_path):
    taken = {"id": "SiteElem001", "name": "Ours", "shortName": "Ours", "code": "TPI_AREA", "domainType": "TRACKER"}
    Metadata(client).commit({"dataElements": [{**taken, "valueType": "TEXT", "aggregationType": "NONE"}]})
    built = bundle(client.version.short)
    plan = make_plan(client, built)
    with pytest.raises(StateChanged, match=r"TPI_AREA is taken by 'Ours'"):
        apply(client, built, plan, tmp_path)
    assert read_installed(client) is None


def test_a_name_taken_by_the_site_is_named_and_nothing_is_written(client, tmp_path):
    taken = {"id": "SiteElem002", "name": "TPI - Area", "shortName": "Ours", "code": "OURS", "domainType": "TRACKER"}
    Metadata(client).commit({"dataElements": [{**taken, "valueType": "TEXT", "aggregationType": "NONE"}]})
    built = bundle(client.version.short)
    with pytest.raises(StateChanged, match=r"the name TPI - Area is taken by"):
        apply(client, built, make_plan(client, built), tmp_path)
    assert read_installed(client) is None


def test_a_short_name_taken_by_the_site_is_named(client):
    taken = {"id": "SiteElem003", "name": "Ours", "shortName": "TPI Area", "code": "OURS", "domainType": "TRACKER"}
    Metadata(client).commit({"dataElements": [{**taken, "valueType": "TEXT", "aggregationType": "NONE"}]})
    [step] = make_plan(client, bundle(client.version.short)).of("clash")
    assert step.reason == (
        "dataElements: the short name TPI Area is taken by 'Ours' (SiteElem003); if it means the same, a mapping file"
        " can say dataElements: {TPI_AREA: SiteElem003}"
    )


def test_what_only_the_server_sees_is_refused_whole(client, tmp_path):
    built = bundle(client.version.short)
    built["programStages"][0]["name"] = "x" * 231
    plan = make_plan(client, built)
    with pytest.raises(ServerRefused, match="E4001"):
        apply(client, built, plan, tmp_path)
    assert make_plan(client, built).counts == plan.counts


def test_lists_of_records_come_when_their_fields_are_there(client, tmp_path):
    built = bundle(client.version.short)
    metadata, whole = Metadata(client), {kind: items for kind, items in built.items() if kind != "package"}
    with pytest.raises(ServerRefused, match=r"E4066"):
        metadata.validate(whole)
    plan = make_plan(client, built)
    assert [set(part) for part in plan.requests()] == [set(whole) - {"programStageWorkingLists"},
                                                       {"programStageWorkingLists"}]  # fmt: skip
    apply(client, built, plan, tmp_path)
    metadata.validate(whole)


def test_lists_that_are_refused_leave_the_rest_and_the_next_apply_brings_them(client, tmp_path):
    built = bundle(client.version.short)
    lists = [{**item, "name": "x" * 231} for item in built["programStageWorkingLists"]]
    broken = {**built, "programStageWorkingLists": lists}
    with pytest.raises(ServerRefused, match=r"^All but programStageWorkingLists is installed; .*E4001"):
        apply(client, broken, make_plan(client, broken), tmp_path)
    assert not read_installed(client).version
    plan = make_plan(client, built)
    assert {step.kind for step in plan.of("create")} == {"programStageWorkingLists"}
    apply(client, built, plan, tmp_path)
    assert make_plan(client, built).is_empty


def test_whatever_stops_the_second_request_says_that_the_rest_is_installed(client, tmp_path, monkeypatch):
    real = Metadata.commit

    def commit(self, payload, told):
        if "programStageWorkingLists" in payload:
            raise Unreachable("No answer.", "Check the network.")
        return real(self, payload, told)

    monkeypatch.setattr(Metadata, "commit", commit)
    built = bundle(client.version.short)
    with pytest.raises(Unreachable, match=r"^All but programStageWorkingLists is installed; .* No answer\.$") as caught:
        apply(client, built, make_plan(client, built), tmp_path)
    assert caught.value.advice == "Check the network."
    monkeypatch.undo()
    apply(client, built, make_plan(client, built), tmp_path)
    assert make_plan(client, built).is_empty


def _site_rule(name):
    """A rule of the site's own in our program, with its variable and its action."""
    area = package_fields().elements["area"].uid
    return {
        "programRuleVariables": [
            {"id": "SiteRuleV01", "name": "SITE_AREA", "program": {"id": PROGRAM}, "useCodeForOptionSet": True,
             "programRuleVariableSourceType": "DATAELEMENT_CURRENT_EVENT", "dataElement": {"id": area},
             "valueType": "TEXT"}
        ],
        "programRules": [
            {"id": "SiteRule001", "name": name, "description": "Ours", "program": {"id": PROGRAM}, "priority": 9,
             "condition": "#{SITE_AREA} == 'WASH'", "programRuleActions": [{"id": "SiteRuleA01"}]}
        ],
        "programRuleActions": [
            {"id": "SiteRuleA01", "programRule": {"id": "SiteRule001"}, "programRuleActionType": "SHOWWARNING",
             "dataElement": {"id": area}, "content": "Tell the district"}
        ],
    }  # fmt: skip


def test_a_rule_of_the_site_is_no_concern_of_ours_and_survives(installed, tmp_path):
    metadata, built = Metadata(installed), bundle(installed.version.short)
    metadata.commit(_site_rule("Site - Water"))
    assert make_plan(installed, built).is_empty
    ours = built["programRules"][0]
    metadata.patch("programRules", ours["id"], [{"op": "replace", "path": "/condition", "value": "true"}])
    plan = make_plan(installed, built)
    [step] = plan.of("update")
    assert [(change.prop, change.new) for change in step.changes] == [("condition", ours["condition"])]
    apply(installed, built, plan, tmp_path)
    assert make_plan(installed, built).is_empty
    assert installed.get("programRules/SiteRule001")["programRuleActions"] == [{"id": "SiteRuleA01"}]


def test_a_changed_warning_is_put_right_and_a_local_wording_in_another_language_stays(installed, tmp_path):
    metadata, built = Metadata(installed), bundle(installed.version.short)
    action = next(item for item in built["programRuleActions"] if "content" in item)
    metadata.patch("programRuleActions", action["id"], [{"op": "replace", "path": "/content", "value": "Changed"}])
    apply(installed, built, make_plan(installed, built), tmp_path)
    stored = installed.get(f"programRuleActions/{action['id']}", {"fields": "content,translations"})
    assert stored["content"] == action["content"]
    assert len(stored["translations"]) == len(action["translations"])


def test_the_name_of_a_rule_taken_by_the_site_is_named(installed):
    built = bundle(installed.version.short)
    Metadata(installed).commit(_site_rule("TPI - A rule of a later version"))
    later = {**built["programRules"][0], "id": "LaterRule01", "name": "TPI - A rule of a later version"}
    plan = make_plan(installed, {**built, "programRules": [*built["programRules"], later]})
    [step] = plan.of("clash")
    assert "the name TPI - A rule of a later version is taken by" in step.reason
    assert "(SiteRule001)" in step.reason


def test_an_object_whose_code_was_changed_is_still_ours(installed, tmp_path):
    built = bundle(installed.version.short)
    uid = package_fields().elements["area"].uid
    Metadata(installed).patch("dataElements", uid, [{"op": "replace", "path": "/code", "value": "LOCAL_AREA"}])
    [step] = [step for step in make_plan(installed, built).steps if step.action != "unchanged"]
    assert (step.action, [change.prop for change in step.changes]) == ("update", ["code"])


def test_a_program_whose_code_was_changed_is_put_right_with_all_that_is_the_sites(installed, tmp_path):
    built = bundle(installed.version.short)
    Metadata(installed).patch("programs", PROGRAM, [{"op": "replace", "path": "/code", "value": "QI_TWIN"}])
    plan = make_plan(installed, built)
    assert [(step.kind, step.action) for step in plan.steps if step.action != "unchanged"] == [("programs", "update")]
    done = apply(installed, built, plan, tmp_path)
    assert done.backup
    after = installed.get(f"programs/{PROGRAM}", {"fields": "code,organisationUnits[id]"})
    assert (after["code"], len(after["organisationUnits"])) == ("TPI", len(units()))


def test_how_the_site_draws_a_field_survives(installed, tmp_path):
    metadata, stage = Metadata(installed), package_fields().stages["plan"].uid
    entries = installed.get(f"programStages/{stage}", {"fields": "programStageDataElements[:owner]"})
    drawn = [{**entry, "skipAnalytics": True} for entry in entries["programStageDataElements"]]
    metadata.patch("programStages", stage, [{"op": "replace", "path": "/programStageDataElements", "value": drawn}])
    metadata.patch("programStages", stage, [{"op": "replace", "path": "/description", "value": "Changed"}])
    built = bundle(installed.version.short)
    apply(installed, built, make_plan(installed, built), tmp_path)
    after = installed.get(f"programStages/{stage}", {"fields": "description,programStageDataElements[skipAnalytics]"})
    assert after["description"] != "Changed"
    assert {entry["skipAnalytics"] for entry in after["programStageDataElements"]} == {True}


def test_a_plan_that_is_no_longer_true_is_not_applied(installed, tmp_path):
    built, metadata = bundle(installed.version.short), Metadata(installed)
    metadata.patch("programs", PROGRAM, [{"op": "replace", "path": "/name", "value": "Changed"}])
    plan = make_plan(installed, built)
    metadata.patch("programs", PROGRAM, [{"op": "replace", "path": "/organisationUnits", "value": []}])
    with pytest.raises(StateChanged, match="since the plan was made"):
        apply(installed, built, plan, tmp_path)
    assert installed.get(f"programs/{PROGRAM}", {"fields": "name"})["name"] == "Changed"


def test_units_are_assigned_by_level_by_group_and_by_code(client, tmp_path):
    ensure_units(client)
    built = bundle(client.version.short)
    apply(client, built, make_plan(client, built), tmp_path)
    hospitals = [unit for unit in units() if unit["name"].endswith("District Hospital")]
    group = {"id": "HospitalGrp", "name": "Hospitals", "shortName": "Hospitals", "code": "HOSPITALS"}
    members = [{"id": unit["id"]} for unit in hospitals]
    Metadata(client).commit({"organisationUnitGroups": [{**group, "organisationUnits": members}]})
    by_group = plan_assignment(client, PROGRAM, Choice(groups=("HOSPITALS",)))
    assert {unit["id"] for unit in by_group.added} == {unit["id"] for unit in hospitals}
    assert assign(client, by_group) == len(hospitals)
    by_code = plan_assignment(client, PROGRAM, Choice(units=("TPI_DEMO_NDARAVI", hospitals[0]["id"])))
    assert [unit["code"] for unit in by_code.added] == ["TPI_DEMO_NDARAVI"]
    facilities = [unit for unit in units() if "geometry" in unit]
    by_level = plan_assignment(client, PROGRAM, Choice(levels=(4,)))
    assert len(by_level.added) == len(facilities) - len(hospitals)
    assert len(by_level.already) == len(hospitals)
