"""The whole life of the package on a server, as an administrator lives it; afterwards the server is as it was found.

Runs on a sandbox of each version, and with TPI_LIVE=1 on the server that the environment names (docs/live.md): what
passes there and fails on the server is a defect of the sandbox or of the package. Each step looks at what the server
holds, not only at what the tool says.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import json

import pytest

from tests.flow.site_objects import bundle_of, like, option_set
from tests.flow.test_upgrade import OLD, RETIRED
from tests.live.exchanges import EXCHANGES
from tests.live.integrity import finds_nothing_wrong_by_the_servers_own_checks
from tests.live.life import FIELDS, PROGRAM, refuse_occupied
from tests.live.names import PREFIX, USERNAME, uid
from tests.live.partners import install
from tests.live.site import AREA, STAGE, add_person, client_of, make_it_its_own, owned, pick, whole
from tests.live.token import opens_by_a_token_what_its_account_may
from tpi_dhis2.dhis2.metadata import Metadata, refusals
from tpi_dhis2.errors import ServerFailed, StateChanged, UsageError
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.installed import read_installed
from tpi_dhis2.provision.ours import pinned
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.remove import remove
from tpi_dhis2.provision.rights import missing_rights
from tpi_dhis2.provision.state import state
from tpi_dhis2.provision.weigh import Rights

RENAMED = f"{PREFIX} plan"


def test_a_package_is_installed_lived_with_and_taken_off(life):
    life.tell(
        looks_first,
        installs_from_a_saved_plan,
        lets_units_and_people_in,
        opens_by_a_token_what_its_account_may,
        keeps_what_is_the_sites_own,
        somebody_changes_the_package,
        sees_who_did_what,
        puts_it_back_undoes_that_and_does_it_again,
        keeps_it_while_there_are_records,
        takes_it_off,
        takes_that_back_and_takes_it_off_again,
    )


def looks_first(life):
    """doctor, status and plan tell that nothing is there and what would be created, and create nothing."""
    findings = {each["name"]: each for each in life.told("doctor")["findings"]}
    assert findings["connection"]["level"] == "ok"
    assert findings["package"]["text"] == "Not installed: nothing of the package is there."
    assert life.told("provision", "status")["state"] == "not installed"
    told = life.told("provision", "plan", "--exit-code", code=3)
    objects = sum(len(items) for kind, items in life.built.items() if kind != "package")
    assert told["counts"].get("create", 0) + told["counts"].get("adopted", 0) == objects, told["counts"]
    assert life.added() == {}, "looking creates nothing"


def installs_from_a_saved_plan(life):
    """A saved plan is applied by a job of the server; a new plan is empty then, and no object is missing or changed."""
    saved = life.folder / "plan.json"
    life.run("provision", "plan", "--out", saved)
    life.apply("--plan", saved)
    assert any("/api/metadata?" in asked and "async=true" in asked for asked in EXCHANGES.asked), "not sent as a job"
    life.run("provision", "plan", "--exit-code")
    assert life.told("provision", "status")["state"] == "up to date"
    added = life.added()
    lacking = {
        kind: uids
        for kind, items in life.built.items()
        if kind not in ("package", "indicatorTypes") and (uids := {item["id"] for item in items} - added[kind])
    }
    assert lacking == {}
    assert "is stale" in life.run("provision", "apply", "--plan", saved, "--yes", code=1).err


def lets_units_and_people_in(life):
    """Units and people from files are assigned, once; the server has just those."""
    add_person(life)
    places, people = life.folder / "units.csv", life.folder / "people.csv"
    places.write_text("\n".join(["unit", *life.units]))
    people.write_text(f"username,group\n{USERNAME},capture\n")
    words = ("provision", "assign", "--units", places, "--users", people)
    assert life.told(*words, "--yes")["done"] == {"units": len(life.units), "people": 1}
    assert life.told(*words)["done"] == {"units": 0, "people": 0}
    there = life.get("programs", PROGRAM, "organisationUnits[id]")["organisationUnits"]
    assert {unit["id"] for unit in there} == set(life.units)
    group = pick(life, "userGroups", "TPI_DATA_CAPTURE")["id"]
    assert [user["id"] for user in life.get("userGroups", group, "users[id]")["users"]] == [uid("person")]


def keeps_what_is_the_sites_own(life):
    """A stage, rule, field, option, text, translation and sharing of the site's are there, and no plan minds them."""
    make_it_its_own(life)
    assert owned(life) == whole(life)
    life.assert_as_planned()


def somebody_changes_the_package(life):
    """A stage, an option and a rule are changed and a chart is deleted, as an app would."""
    life.change("programStages", STAGE, lambda _: {"name": RENAMED})
    life.change("options", an_option(life), lambda _: {"name": f"{PREFIX} late"})
    life.change("programRules", a_rule(life), lambda _: {"condition": "true"})
    with contextlib.suppress(ServerFailed):  # a recorded 2.43 answers 500 and has deleted it
        Metadata(life.client).delete({"visualizations": [{"id": a_chart(life)}]})
    assert not life.has("visualizations", a_chart(life))


def an_option(life):
    return next(item["id"] for item in life.built["options"] if item["code"] == "DELAYED")


def a_rule(life):
    return life.built["programRules"][0]["id"]


def a_chart(life):
    return life.built["visualizations"][0]["id"]


def sees_who_did_what(life):
    """drift and status tell each change with who and when, as far as servers know."""
    me = life.client.get_object("me", {"fields": "username"})["username"]
    today = life.client.get_object("system/info")["serverDate"][:10]
    told = {one["uid"]: one for one in life.told("provision", "drift", "--exit-code", code=3)}
    changed = [STAGE, an_option(life), a_rule(life)]
    assert {(told[of]["what"], told[of]["when"][:10]) for of in changed} == {("changed", today)}
    # No server tells who changed an option.
    assert [told[of]["by"] for of in changed] == [me, "", me]
    assert told[STAGE]["changes"] == [{"prop": "name", "old": RENAMED, "new": "4 Action plan"}]
    assert told[a_chart(life)]["what"] == "deleted"
    # The dashboard has lost its place for the chart, on servers that take it out.
    dashboards = {item["id"] for item in life.built["dashboards"]}
    assert told.keys() - dashboards == {*changed, a_chart(life)}
    assert life.told("provision", "status", "--exit-code", code=3)["state"] == "damaged"


def puts_it_back_undoes_that_and_does_it_again(life):
    """apply puts back what was changed, rollback undoes that, and what is the site's own survives both."""
    life.apply()
    life.assert_as_planned()
    assert owned(life) == whole(life)
    assert life.get("programStages", STAGE, "name")["name"] == "4 Action plan"
    life.roll_back()
    assert life.get("programStages", STAGE, "name")["name"] == RENAMED
    assert life.get("options", an_option(life), "name")["name"] == f"{PREFIX} late"
    assert life.get("programRules", a_rule(life), "condition")["condition"] == "true"
    assert not life.has("visualizations", a_chart(life))
    assert owned(life) == whole(life)
    life.apply()
    life.assert_as_planned()
    assert owned(life) == whole(life)
    assert [run.what for run in read_installed(life.client).runs] == ["apply", "apply", "rollback", "apply"]


def keeps_it_while_there_are_records(life):
    """uninstall is refused while there are records, and while the site's own hangs on the package."""
    life.import_records(a_partnership(life))
    there = life.ids()
    refused = life.run("provision", "uninstall", "--yes", "--backups", life.backups, code=1)
    assert "There are partnership records" in refused.err
    assert life.ids() == there
    life.import_records({"trackedEntities": [{"trackedEntity": uid("entity")}]}, "DELETE")
    refused = life.run("provision", "uninstall", "--yes", "--remove-deleted", "--backups", life.backups, code=1)
    assert "The site's own hangs on the package" in refused.err
    remove(Metadata(life.client), "programRules", [uid("rule")])
    remove(Metadata(life.client), "programRuleVariables", [uid("variable")])
    remove(Metadata(life.client), "programStages", [uid("stage")])
    remove(Metadata(life.client), "options", [uid("option")])


def a_partnership(life):
    """A partnership with a cycle and a priority that has begun."""
    unit, program = {"orgUnit": life.units[0]}, {"program": PROGRAM}
    priority = {
        "event": uid("event"), "programStage": FIELDS.stages["priority"].uid, "occurredAt": "2026-03-01",
        "status": "ACTIVE", "dataValues": [{"dataElement": AREA, "value": an_area()}], **unit, **program,
    }  # fmt: skip
    cycle = {
        "enrollment": uid("enrollment"), "enrolledAt": "2026-01-01", "occurredAt": "2026-01-01", "status": "ACTIVE",
        "attributes": [{"attribute": FIELDS.attributes["name"].uid, "value": f"{PREFIX} partnership"}],
        "events": [priority], **unit, **program,
    }  # fmt: skip
    entity = {"trackedEntity": uid("entity"), "trackedEntityType": FIELDS.tracked_entity_type, **unit}
    return {"trackedEntities": [{**entity, "enrollments": [cycle]}]}


def an_area():
    return next(iter(FIELDS.stages["priority"].fields["area"].options))


def takes_it_off(life):
    """uninstall removes all of the package and its record, and nothing else."""
    life.run("provision", "uninstall", "--yes", "--remove-deleted", "--backups", life.backups)
    assert life.added() == {"dataElements": {uid("element")}, "users": {uid("person")}, "userRoles": {uid("role")}}
    assert read_installed(life.client) is None
    assert life.told("provision", "status")["state"] == "not installed"


def takes_that_back_and_takes_it_off_again(life):
    """The backup of the uninstall puts all of it back, members and units included; then it is taken off for good."""
    [kept] = life.backups.glob("uninstall-*.json")
    life.roll_back("--file", kept)
    life.assert_as_planned()
    assert owned(life) == whole(life) | {"stage": False, "rule": [], "option": False}, (
        "all but what the site removed itself"
    )
    life.run("provision", "uninstall", "--yes", "--backups", life.backups)


# The server's own checks ---------------------------------------------------------------------------------------------


def test_the_server_finds_nothing_wrong_with_it(life):
    life.tell(is_installed_for_two_facilities, finds_nothing_wrong_by_the_servers_own_checks)


def is_installed_for_two_facilities(life):
    """The package is there, assigned to the two facilities."""
    install(life)


# Rights -------------------------------------------------------------------------------------------------------------

#: Types of which an object can be looked at alone: it needs nothing that would have to be there.
ALONE = ("dataElements", "trackedEntityAttributes", "optionSets", "legendSets", "constants", "userGroups")


def test_who_may_not_is_told_what_is_missing_and_the_server_says_the_same(life):
    life.tell(tells_what_a_person_lacks, refuses_just_what_was_foretold, tells_what_is_private_from_what_is_public)


def tells_what_a_person_lacks(life):
    """An apply of a person without rights names every right that is missing, and sends nothing."""
    told = life.run("provision", "apply", "--yes", "--backups", life.backups, account=add_person(life), code=1)
    assert "so nothing was sent" in told.err
    assert "F_DATAELEMENT_PUBLIC_ADD for 350 dataElements" in told.err
    assert life.added().keys() == {"users", "userRoles"}


def refuses_just_what_was_foretold(life):
    """The server refuses, with E3000, the types that were named, and no other."""
    person = add_person(life)
    lacks = missing_rights(Rights(client_of(person)), make_plan(client_of(person), life.built))
    predicted = {lack.kind for lack in lacks} & set(ALONE)
    assert {kind for kind in ALONE if refused(life, person, kind) == {"E3000"}} == predicted


def tells_what_is_private_from_what_is_public(life):
    """As foretold, who may create private objects alone is refused a public one (E3008) and another's (E3001)."""
    own = f"{PREFIX} Field"
    person = add_person(life, "F_DATAELEMENT_PRIVATE_ADD")
    closed = {**bare(life, "dataElements"), "id": uid("element"), "code": "ZZ_LIVE", "name": own, "shortName": own}
    closed["sharing"] = {"public": "--------"}
    assert Rights(client_of(person)).to_create("dataElements", closed) == ()
    assert refused(life, person, "dataElements", closed) == set()
    shown = {**closed, "sharing": {"public": "r-------"}}
    assert Rights(client_of(person)).to_create("dataElements", shown) == ("F_DATAELEMENT_PUBLIC_ADD",)
    assert refused(life, person, "dataElements", shown) == {"E3008"}
    life.commit(dataElements=[shown])
    [there] = Metadata(life.client).export([("dataElements", f"id:eq:{uid('element')}")])["dataElements"]
    assert Rights(client_of(person)).to_change("dataElements", there) != []
    assert refused(life, person, "dataElements", shown) == {"E3001"}
    assert life.added().keys() == {"dataElements", "users", "userRoles"}


def bare(life, kind):
    """An object of the package without references."""
    item = {key: value for key, value in life.built[kind][0].items() if key not in ("optionSet", "options", "legends")}
    return {**item, "sharing": {"public": item["sharing"]["public"]}} if "sharing" in item else item


def refused(life, account, kind, item=None):
    """The codes of missing rights with which the server would refuse an object of a type; nothing is written."""
    params = {"importMode": "VALIDATE", "importReportMode": "ERRORS", "async": "false"}
    body = {kind: [item or bare(life, kind)]}
    answer = client_of(account).ask("POST", "metadata", params=params, body=body, expect=(409,))
    return {reason.code for reason in refusals(answer.body["response"]) if reason.code.startswith("E3")}


# An upgrade ---------------------------------------------------------------------------------------------------------


def test_0_1_0_with_records_is_upgraded_protected_undone_and_upgraded_again(life):
    life.tell(has_0_1_0_with_a_record, is_upgraded_undone_and_upgraded_again, refuses_what_would_break_records)


def has_0_1_0_with_a_record(life):
    """The real 0.1.0 is installed and has a partnership; status says that it is older."""
    old = json.loads(gzip.decompress(OLD.read_bytes()))
    apply(life.client, old, make_plan(life.client, old), life.backups)
    assert life.has("programRuleActions", RETIRED)
    life.told("provision", "assign", "--unit", life.units[0], "--yes")
    life.import_records(a_partnership(life))
    assert life.told("provision", "status")["state"] == "older"


def is_upgraded_undone_and_upgraded_again(life):
    """Upgrade, rollback, upgrade: the record stays and can be changed, what was retired goes and comes back."""
    for version, retired in (("0.2.0", False), ("0.1.0", True), ("0.2.0", False)):
        told = life.apply() if version == life.built["package"]["version"] else life.roll_back()
        assert told["installed"]["version"] == version
        assert life.has("programRuleActions", RETIRED) == retired
        holds_the_partnership(life)
    life.assert_as_planned()
    assert life.told("provision", "status")["state"] == "up to date"


def holds_the_partnership(life):
    """The record is there with its value, and can still be changed."""
    held = life.client.get_object(f"tracker/events/{uid('event')}", {"fields": "dataValues[dataElement,value]"})
    assert held["dataValues"] == [{"dataElement": AREA, "value": an_area()}]
    life.import_records(a_partnership(life))


def refuses_what_would_break_records(life):
    """Another value type of a field with records is refused, and nothing is changed."""
    built, before = copy.deepcopy(life.built), life.get("dataElements", AREA, "valueType,optionSet")
    element = next(item for item in built["dataElements"] if item["id"] == AREA)
    element.update(valueType="NUMBER")
    del element["optionSet"]
    plan = make_plan(life.client, built)
    assert [step.uid for step in plan.of("refused")] == [AREA]
    with pytest.raises(StateChanged, match="there are records that would no longer fit"):
        apply(life.client, built, plan, life.backups)
    assert life.get("dataElements", AREA, "valueType,optionSet") == before
    assert state(make_plan(life.client, life.built)).word == "up to date"


# Adoption -----------------------------------------------------------------------------------------------------------


def test_what_the_site_has_already_is_used_and_the_first_installation_is_undone(life):
    life.tell(uses_what_the_site_has_and_leaves_it_as_it_was)


def uses_what_the_site_has_and_leaves_it_as_it_was(life):
    """What the site has of our codes, or by a mapping file, is used; a rollback leaves all of it as it was."""
    life.commit(**sites_own(life.built))
    before = {of: life.get(kind, of, "id,name,code,valueType,options[id]") for kind, of in USED.values()}
    file = life.folder / "mapping.yaml"
    file.write_text("dataElements: {TPI_BASELINE: ZZ_LIVE_BASELINE}\n")
    told = life.apply("--mapping", file)
    mapping = {pick(life, kind, code)["id"]: of for code, (kind, of) in USED.items()}
    assert mapping.items() <= told["installed"]["mapping"].items()
    life.assert_as_planned()
    assert not {of for of in mapping if of in set().union(*life.added().values())}
    fields = "programStageDataElements[dataElement[id]]"
    entries = life.get("programStages", FIELDS.stages["priority"].uid, fields)["programStageDataElements"]
    assert uid("baseline") in {entry["dataElement"]["id"] for entry in entries}
    life.roll_back()
    assert not {of for uids in pinned().values() for of in uids} & set().union(*life.added().values())
    assert {of: life.get(kind, of, "id,name,code,valueType,options[id]") for kind, of in USED.values()} == before
    assert read_installed(life.client) is None


#: What the site has, by code of ours: two by our code, one by the mapping file.
USED = {
    "TPI_OBSTACLE": ("optionSets", uid("obstacles")),
    "TPI_NAME": ("trackedEntityAttributes", uid("name")),
    "TPI_BASELINE": ("dataElements", uid("baseline")),
}


def sites_own(built):
    """An option set and an attribute of our codes, and a data element of another code."""
    names = {"name": f"{PREFIX} Own", "shortName": f"{PREFIX} Own"}
    own = option_set(built, "TPI_OBSTACLE", uid("obstacles"), name=f"{PREFIX} Obstacles")
    new = {item["id"]: uid("option", item["code"]) for item in own["options"]}
    for item in own["options"]:
        item.update(id=new[item["id"]], name=f"{PREFIX} {item['code']}")
    own["optionSets"][0]["options"] = [{"id": of} for of in new.values()]
    return bundle_of(
        own,
        {"trackedEntityAttributes": [like(built, "trackedEntityAttributes", "TPI_NAME", uid("name"), **names)]},
        {"dataElements": [
            like(built, "dataElements", "TPI_BASELINE", uid("baseline"), code="ZZ_LIVE_BASELINE", **names)]},
    )  # fmt: skip


# A server that is in use --------------------------------------------------------------------------------------------


def test_a_server_that_has_something_of_it_is_left_alone_unless_told(life, monkeypatch):
    """The tests begin on no server that has an object of the package, unless they are told to clear it."""
    monkeypatch.delenv("TPI_LIVE_CLEAR", raising=False)
    [group, *_] = life.built["userGroups"]
    life.commit(userGroups=[{"id": group["id"], "code": group["code"], "name": group["name"]}])
    with pytest.raises(UsageError, match="1 objects of the package"):
        refuse_occupied(life)
    assert life.has("userGroups", group["id"])
    monkeypatch.setenv("TPI_LIVE_CLEAR", "1")
    refuse_occupied(life)
    assert not life.has("userGroups", group["id"])
