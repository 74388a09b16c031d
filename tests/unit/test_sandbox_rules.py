"""Program rules in the sandbox beyond what was recorded: variables of every source, failures, changes of metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.test_sandbox_tracker import (
    ENTITY,
    NAME,
    OTHER,
    PROGRAM,
    RECORD,
    STAGE,
    UNIT,
    VALUE,
    VERSIONS,
    Server,
    cycle,
    entity,
    named,
    record,
    running,
)
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.sandbox.state import State

Json = dict[str, Any]
OTHER_RECORD, SET, CONSTANT = "evRecord002", "osColours01", "coLimit0001"


@pytest.fixture(params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as found:
        assert not found.codes({"trackedEntities": [entity()], "enrollments": [cycle()]})
        yield found


def variable(name: str, source: str = "DATAELEMENT_CURRENT_EVENT", kind: str = "TEXT", **more: Any) -> Json:
    of = {"TEI_ATTRIBUTE": {"trackedEntityAttribute": {"id": NAME}}, "CALCULATED_VALUE": {}}
    target = of.get(source, {"dataElement": {"id": VALUE}})
    return {"id": f"va{name:0>9}", "name": name, "program": {"id": PROGRAM}, "programRuleVariableSourceType": source,
            "useCodeForOptionSet": True, "valueType": kind, **target, **more}  # fmt: skip


def rule(number: int, condition: str, action: str = "ASSIGN", field: str = OTHER, **more: Any) -> tuple[Json, Json]:
    target = (
        {} if field.startswith("#") else {"trackedEntityAttribute" if field == NAME else "dataElement": {"id": field}}
    )
    content = {"content": field} if field.startswith("#") else {}
    done = {"id": f"ac{number:09}", "programRule": {"id": f"ru{number:09}"}, "programRuleActionType": action}
    made = {"id": f"ru{number:09}", "name": f"Rule {number}", "program": {"id": PROGRAM}, "priority": number}
    return ({**made, "condition": condition, "programRuleActions": [{"id": done["id"]}]},
            {**done, **target, **content, **more})  # fmt: skip


def have(server: Server, variables: list[Json], *rules: tuple[Json, Json], **more: list[Json]) -> None:
    body = {"programRuleVariables": variables, "programRules": [each for each, _ in rules],
            "programRuleActions": [action for _, action in rules], **more}  # fmt: skip
    answer = server.client.ask("POST", "metadata", params={}, body=body, expect=(409,))
    assert answer.status == 200, answer.body


def done(uid: str = RECORD, **values: str) -> Json:
    return {"events": [{**record(uid, **values), "status": "COMPLETED"}]}


def joined(parts: list[str]) -> str:
    """An expression that gives all of these with blanks between."""
    return "d2:concatenate(" + ", ' ', ".join(parts) + ")"


def warned(answer: Json) -> list[str]:
    return [each["message"] for each in answer["validationReport"]["warningReports"]]


def test_a_rule_reads_what_an_earlier_one_has_assigned_to_a_variable(server: Server) -> None:
    calculated = variable("double", "CALCULATED_VALUE", "NUMBER")
    have(server, [variable("one"), calculated],
         rule(2, "#{double} > 4 && d2:hasValue(#{double})", data="d2:concatenate('twice is ', #{double})"),
         rule(1, "d2:hasValue(#{one})", field="#{double}", data="#{one} * 2"))  # fmt: skip
    assert not server.codes(done(**{VALUE: "3"}))
    assert server.value(OTHER)["value"] == "twice is 6"
    assert not server.codes(done(OTHER_RECORD, **{VALUE: "2"}))
    assert [each["dataElement"] for each in server.client.get(f"tracker/events/{OTHER_RECORD}")["dataValues"]] == [
        VALUE
    ]


@pytest.mark.parametrize(
    ("source", "more", "seen"),
    [
        ("DATAELEMENT_NEWEST_EVENT_PROGRAM", {}, "new"),
        ("DATAELEMENT_NEWEST_EVENT_PROGRAM_STAGE", {"programStage": {"id": STAGE}}, "new"),
        ("DATAELEMENT_PREVIOUS_EVENT", {}, "old"),
        ("DATAELEMENT_CURRENT_EVENT", {}, "new"),
    ],
)
def test_a_variable_reads_the_event_that_its_source_says(source: str, more: Json, seen: str, server: Server) -> None:
    have(server, [variable("it", source, **more)], rule(1, "true", data="#{it}"))
    assert not server.codes(done(OTHER_RECORD, **{VALUE: "old"}))
    late = done(**{VALUE: "new"})
    late["events"][0]["occurredAt"] = "2024-04-01"
    assert not server.codes(late)
    assert server.value(OTHER)["value"] == seen


def test_functions_count_and_compare_what_all_events_hold(server: Server) -> None:
    asked = ["d2:count(#{all})", "d2:maxValue(#{all})", "d2:minValue(#{all})", "d2:countIfValue(#{all}, '5')",
             "d2:lastEventDate(#{all})", "V{event_count}"]  # fmt: skip
    have(server, [variable("all", "DATAELEMENT_NEWEST_EVENT_PROGRAM", "NUMBER")], rule(1, "true", data=joined(asked)))
    assert not server.codes(done(OTHER_RECORD, **{VALUE: "5"}))
    assert not server.codes(done(**{VALUE: "7"}))
    assert server.value(OTHER)["value"] == "2 7 5 1 2024-03-05 2"


def test_a_rule_knows_the_event_its_enrollment_and_who_imports(server: Server) -> None:
    names = ["event_status", "event_date", "event_id", "enrollment_status", "enrollment_date", "program_stage_name",
             "program_name", "org_unit", "environment"]  # fmt: skip
    told = joined([f"V{{{name}}}" for name in names])
    have(server, [], rule(1, f"d2:hasUserRole('{_role(server)}')", data=told))
    assert not server.codes(done())
    known = ["COMPLETED", "2024-03-05", RECORD, "ACTIVE", "2024-01-05", STAGE, PROGRAM, UNIT, "Server"]
    assert server.value(OTHER)["value"] == " ".join(known)


def _role(server: Server) -> str:
    return str(server.client.get("me", {"fields": "userRoles[id]"})["userRoles"][0]["id"])


def test_a_variable_may_read_the_names_of_options(server: Server) -> None:
    option = {"id": "opRed000001", "name": "Bright red", "code": "RED", "optionSet": {"id": SET}}
    listing = {"id": SET, "name": "Colours", "valueType": "TEXT", "options": [{"id": option["id"]}]}
    element = named(VALUE, domainType="TRACKER", valueType="TEXT", aggregationType="NONE", optionSet={"id": SET})
    have(server, [variable("code"), variable("words", useCodeForOptionSet=False)],
         rule(1, "#{code} == 'RED'", data="#{words}"),
         optionSets=[listing], options=[option], dataElements=[element])  # fmt: skip
    assert not server.codes(done(**{VALUE: "RED"}))
    assert server.value(OTHER)["value"] == "Bright red"


def test_an_attribute_is_seen_by_the_rules_of_events(server: Server) -> None:
    have(server, [variable("who", "TEI_ATTRIBUTE")], rule(1, "A{who} == 'Twin'", data="A{who}"))
    assert not server.codes(done())
    assert server.value(OTHER)["value"] == "Twin"


@pytest.mark.parametrize(
    "condition",
    ["#{one} >", "d2:nothing(#{one})", "d2:daysBetween(#{one}, '2024-01-01') > 1", "#{one} + 1 > 2",
     "V{nothing} == 'a'", "#{no such variable} == 'a'"],
)  # fmt: skip
def test_a_rule_that_cannot_be_calculated_is_told_and_stops_nothing(condition: str, server: Server) -> None:
    have(server, [variable("one")], rule(1, condition), rule(2, "true", data="'done'"))
    answer = server.send(done(**{VALUE: "no number"}), reportMode="FULL")
    assert answer["validationReport"]["errorReports"] == []
    assert any("Rule 1" in text and RECORD in text for text in warned(answer)), warned(answer)
    assert server.value(OTHER)["value"] == "done"


def test_rules_constants_and_types_that_change_are_followed_at_once(server: Server) -> None:
    limit = {"constants": [named(CONSTANT, value=10)]}
    have(server, [variable("one")], rule(1, f"#{{one}} > C{{{CONSTANT}}}", "SHOWERROR", content="Too much"), **limit)
    assert server.codes(done(**{VALUE: "11"})) == {"E1300"}
    have(server, [], constants=[named(CONSTANT, value=20)])
    assert not server.codes(done(**{VALUE: "11"}))
    have(server, [], rule(1, "#{one} > 1", "SHOWERROR", content="Too much"))
    assert server.codes(done(**{VALUE: "11"})) == {"E1300"}
    server.client.ask("DELETE", f"programRules/ru{1:09}")
    assert not server.codes(done(**{VALUE: "11"}))


def test_an_empty_value_that_a_rule_gives_deletes_what_is_stored(server: Server) -> None:
    assert not server.codes(done(**{VALUE: "a", OTHER: "kept"}))
    have(server, [variable("one")], rule(1, "#{one} == 'b'", data="''"))
    assert not server.codes(done(**{VALUE: "a"}))
    assert server.value(OTHER)["value"] == "kept"
    assert not server.codes(done(**{VALUE: "b"}))
    assert [each["dataElement"] for each in server.event()["dataValues"]] == [VALUE]


def test_a_stage_that_checks_every_write_runs_rules_on_active_events(server: Server) -> None:
    have(server, [variable("one")], rule(1, "#{one} == 'bad'", "SHOWERROR", content="Bad"),
         rule(2, "#{one} == 'end'", "ERRORONCOMPLETE", content="Not the end"))  # fmt: skip
    active = {"events": [record(**{VALUE: "bad"})]}
    assert not server.codes(active)
    operation = [{"op": "replace", "path": "/validationStrategy", "value": "ON_UPDATE_AND_INSERT"}]
    Metadata(server.client).patch("programStages", STAGE, operation)
    assert server.codes(active) == {"E1300"}
    assert not server.codes({"events": [record(**{VALUE: "end"})]})
    assert server.codes(done(**{VALUE: "end"})) == {"E1300"}


def test_who_is_refused_takes_along_what_hangs_on_it(server: Server) -> None:
    have(server, [variable("who", "TEI_ATTRIBUTE")], rule(1, "A{who} == 'Nobody'", "SHOWERROR", NAME, content="No"))
    new = {"trackedEntities": [entity("tePartner02", "Nobody")], "enrollments": [cycle("enCycle0002", "tePartner02")],
           "events": [record(OTHER_RECORD, "enCycle0002")]}  # fmt: skip
    found = server.send(new)["validationReport"]["errorReports"]
    assert {(each["errorCode"], each["uid"]) for each in found} == {("E1300", "enCycle0002"), ("E5000", OTHER_RECORD)}
    assert server.codes({**new, "events": []}, atomicMode="ALL") == {"E1300"}
    assert [each["trackedEntity"] for each in server.listed()] == [ENTITY]


def test_the_first_error_of_a_rule_is_the_last_when_asked_to_fail_fast(server: Server) -> None:
    have(server, [], rule(1, "true", "SHOWERROR", content="One"), rule(2, "true", "SHOWERROR", content="Two"))
    several = {"events": [*done()["events"], *done(OTHER_RECORD)["events"]]}
    assert len(server.send(several)["validationReport"]["errorReports"]) == 4
    assert len(server.send(several, validationMode="FAIL_FAST")["validationReport"]["errorReports"]) == 1


def test_what_a_rule_gives_must_fit_like_what_is_sent(server: Server) -> None:
    element = named(OTHER, domainType="TRACKER", valueType="DATE", aggregationType="NONE")
    have(server, [], rule(1, "true", data="'no day'"), dataElements=[element])
    assert server.codes(done()) == {"E1302"}
    have(server, [], rule(1, "true", data="d2:addDays(V{event_date}, 1)"))
    assert not server.codes(done())
    assert server.value(OTHER)["value"] == "2024-03-06"


def test_a_value_that_is_no_option_is_refused_but_by_2_40_passed_over(server: Server) -> None:
    option = {"id": "opRed000001", "name": "Red", "code": "RED", "optionSet": {"id": SET}}
    listing = {"id": SET, "name": "Colours", "valueType": "TEXT", "options": [{"id": option["id"]}]}
    element = named(OTHER, domainType="TRACKER", valueType="TEXT", aggregationType="NONE", optionSet={"id": SET})
    have(server, [], optionSets=[listing], options=[option], dataElements=[element])
    assert not server.codes(done(**{OTHER: "RED"}))
    have(server, [], rule(1, "true", data="'BLUE'"))
    assert server.codes(done()) == (set() if server.version == "2.40" else {"E1125"})
    assert server.value(OTHER)["value"] == "RED", "what is stored stays"
    assert server.codes(done(**{OTHER: "RED"})) == {"E1307"}


def test_an_attribute_that_a_rule_demands_cannot_be_left_out_or_deleted(server: Server) -> None:
    surname = "teaSurname1"
    owned = [{"trackedEntityAttribute": {"id": each}} for each in (NAME, surname)]
    wanted = {"trackedEntityAttribute": {"id": surname}}
    (made, action) = rule(1, "A{who} == 'Twin'", "SETMANDATORYFIELD", NAME)
    have(server, [], trackedEntityAttributes=[named(surname, valueType="TEXT", aggregationType="NONE")])
    Metadata(server.client).patch(
        "programs", PROGRAM, [{"op": "replace", "path": "/programTrackedEntityAttributes", "value": owned}]
    )
    have(server, [variable("who", "TEI_ATTRIBUTE")], (made, {**action, **wanted}))
    assert server.codes({"enrollments": [cycle()]}) == {"E1306"}
    of = {"attribute": surname, "value": "Smith"}
    assert not server.codes({"enrollments": [{**cycle(), "attributes": [of]}]})
    assert not server.codes({"enrollments": [cycle()]}), "stored is as good"
    assert server.codes({"enrollments": [{**cycle(), "attributes": [{**of, "value": None}]}]}) == {"E1317"}


def test_events_without_registration_have_rules_too(server: Server) -> None:
    program, stage = "prSingle001", "psSingle001"
    owned = [{"dataElement": {"id": each}} for each in (VALUE, OTHER)]
    made, action = rule(1, "#{one} == 'bad'", "SHOWERROR", content="Bad")
    have(server, [{**variable("one"), "program": {"id": program}}],
         ({**made, "program": {"id": program}}, action),
         programs=[named(program, programType="WITHOUT_REGISTRATION", organisationUnits=[{"id": UNIT}],
                         programStages=[{"id": stage}])],
         programStages=[named(stage, program={"id": program}, programStageDataElements=owned)])  # fmt: skip
    sent = done(**{VALUE: "bad"})["events"][0] | {"program": program, "programStage": stage}
    del sent["enrollment"]
    assert server.codes({"events": [sent]}) == {"E1300"}
    assert not server.codes({"events": [{**sent, "dataValues": []}]})


def test_what_is_made_of_tables_is_made_again_when_one_of_them_changes() -> None:
    state, made = State(42), []

    def of_constants() -> int:
        made.append(len(state.table("constants")))
        return made[-1]

    def kept() -> int:
        return state.kept("count", ("constants", "options"), of_constants)

    assert (kept(), kept(), made) == (0, 0, [0])
    state.put("events", "e", {})
    assert kept() == 0
    state.put("constants", "c", {})
    assert kept() == 1
    state.undo()
    assert (kept(), made) == (0, [0, 1, 0])
    state.restore({"constants": {"a": {}, "b": {}}})
    assert kept() == 2
