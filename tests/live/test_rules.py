"""The story of the rules on a server: what it fills in, refuses and warns of when records are imported.

Runs on a sandbox of each version, and with TPI_LIVE=1 on the server that the environment names (docs/live.md). The
package is installed once; each step tells the case that it was about.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.live.life import FIELDS, PREFIX, PROGRAM
from tests.live.names import uid
from tests.live.partners import install, is_there, values
from tpi_dhis2.package.fields import FieldInfo

Json = dict[str, Any]
Values = dict[str, str]

ENTITY, ENROLLMENT = uid("rules", "entity"), uid("rules", "enrollment")
EXAMPLES = {
    "TEXT": "A text", "LONG_TEXT": "A text of several words, long enough", "NUMBER": "5", "DATE": "2026-02-01",
    "BOOLEAN": "true", "TRUE_ONLY": "true", "INTEGER_POSITIVE": "1", "INTEGER_ZERO_OR_POSITIVE": "1",
    "PERCENTAGE": "50",
}  # fmt: skip
#: From this version on rules see no stored value of an event that the import brings.
PAYLOAD_ALONE = 42
_numbers = itertools.count()

#: Kind, values, and what the server fills in.
FILLED: list[tuple[str, Values, Values]] = [
    ("priority", {"impact": "4", "feasibility": "3", "measure": "SSI_RATE", "baseline": "8", "desired": "5.5"},
     {"priority_score": "12", "gap": "2.5"}),
    ("measurement", {"measure": "HH_COMPL", "numerator": "2", "denominator": "3"}, {"rate": "66.67"}),
    ("measurement", {"measure": "INP_DEATH", "numerator": "3", "denominator": "400"}, {"rate": "7.5"}),
    ("plan", {"plan_host_signed": "2026-02-01", "plan_partner_signed": "2026-02-09"}, {"plan_signed_on": "2026-02-09"}),
    ("activity", {"planned_end": "2026-05-01"}, {"deadline": "2026-05-01"}),
    ("activity", {"planned_end": "2026-05-01", "new_deadline": "2026-07-01"}, {"deadline": "2026-07-01"}),
    ("functioning", {"pf01": "4", "pf02": "3", "pf04": "2"}, {"pf_a": "3.5"}),
]  # fmt: skip
#: Kind and values of completed records that mean nothing.
NONSENSE: list[tuple[str, Values]] = [
    ("measurement", {"measure": "HH_COMPL", "numerator": "3", "denominator": "0"}),
    ("needs", {"hhsaf_total": "501"}),
    ("needs", {"ipcaf_total": "801"}),
    ("functioning", {"effect_overall": "4.1"}),
]
HARDLY = {"measure": "HH_COMPL", "numerator": "9", "denominator": "8"}


def test_the_server_runs_the_rules_when_records_are_imported(life):
    life.tell(
        is_installed_for_two_facilities,
        a_partnership_begins,
        what_follows_from_a_completed_record_is_filled_in,
        a_number_hardly_another_is_taken_and_stored_as_the_rule_gives_it,
        another_value_is_refused,
        an_active_record_is_left_alone_until_it_is_completed,
        what_means_nothing_is_refused_and_all_else_of_the_import_is_stored,
        what_is_mandatory_is_demanded_on_completion,
        what_is_hardly_so_is_taken_with_a_warning,
        a_part_of_a_record_is_looked_at_as_the_version_does,
        a_rehearsal_tells_the_same_and_keeps_nothing,
        rules_may_be_passed_over,
        rules_of_the_site_demand_assign_and_refuse,
    )


# What is sent and said ----------------------------------------------------------------------------------------------


@dataclass
class Said:
    """What a server said of an import: the codes of errors and warnings, each with the UID of its object."""

    errors: set[tuple[str, str]] = field(default_factory=set)
    warnings: set[tuple[str, str]] = field(default_factory=set)

    @property
    def codes(self) -> set[str]:
        return {code for code, _ in self.errors}


def example(info: FieldInfo) -> str:
    """A value that the field takes."""
    return next(iter(info.options)) if info.options else EXAMPLES[info.value_type]


def event(life, kind: str, status: str = "COMPLETED", only: bool = False, **given: str) -> Json:
    """An event of a kind of record with what is mandatory (or without), and these values over it."""
    stage = FIELDS.stages[kind]
    filled = ({} if only else {key: example(stage.fields[key]) for key in sorted(stage.must)}) | given
    return {
        "event": uid("rules", str(next(_numbers)), life.client.version.short), "program": PROGRAM,
        "programStage": stage.uid, "enrollment": ENROLLMENT, "orgUnit": life.units[0], "occurredAt": "2026-03-01",
        "status": status, "dataValues": data(kind, filled),
    }  # fmt: skip


def data(kind: str, given: Values) -> list[Json]:
    return [{"dataElement": FIELDS.stages[kind].fields[key].uid, "value": value} for key, value in given.items()]


def partnership(life, **attributes: str) -> Json:
    """The partnership with its cycle, and these attributes."""
    dates = {"enrolledAt": "2026-01-01", "occurredAt": "2026-01-01"}
    cycle = {"enrollment": ENROLLMENT, "program": PROGRAM, "orgUnit": life.units[0], "status": "ACTIVE", **dates}
    rows = [{"attribute": FIELDS.attributes[key].uid, "value": value} for key, value in attributes.items()]
    return {"trackedEntity": ENTITY, "trackedEntityType": FIELDS.tracked_entity_type, "orgUnit": life.units[0],
            "attributes": rows, "enrollments": [cycle]}  # fmt: skip


def send(life, *events: Json, entities: tuple[Json, ...] = (), **params: str) -> Said:
    wanted = {"async": "false", "importStrategy": "CREATE_AND_UPDATE", "atomicMode": "OBJECT", "reportMode": "FULL"}
    body = {"trackedEntities": list(entities), "events": list(events)}
    answer = life.client.ask("POST", "tracker", params=wanted | params, body=body, expect=(409,)).body
    found = answer["validationReport"]
    return Said({(each["errorCode"], each["uid"]) for each in found["errorReports"]},
                {(each["warningCode"], each["uid"]) for each in found["warningReports"]})  # fmt: skip


def assert_taken(life, sent: Json, case: object, **params: str) -> Said:
    said = send(life, sent, **params)
    assert said.errors == set(), f"{case} was refused"
    return said


def is_installed_for_two_facilities(life):
    """The package is there, assigned to the two facilities."""
    install(life)


# The package's own rules --------------------------------------------------------------------------------------------


def a_partnership_begins(life):
    """A partnership with a cycle is stored."""
    life.import_records({"trackedEntities": [partnership(life, name=f"{PREFIX} of the rules")]})


def what_follows_from_a_completed_record_is_filled_in(life):
    """What follows from a completed record is stored, with E1308; the same value sent along is taken and stays."""
    for kind, given, filled in FILLED:
        sent = event(life, kind, **given)
        said = assert_taken(life, sent, given)
        assert ("E1308", sent["event"]) in said.warnings, f"{given}: nothing is said of the values that are filled in"
        assert values(life, sent["event"]).items() >= filled.items(), f"{given} gives {filled}"
        said = assert_taken(life, {**sent, "dataValues": [*sent["dataValues"], *data(kind, filled)]}, filled)
        assert ("E1308", sent["event"]) in said.warnings, f"{filled}: it is said of the same value, too"
        assert values(life, sent["event"]).items() >= filled.items(), f"{filled} stays"


def a_number_hardly_another_is_taken_and_stored_as_the_rule_gives_it(life):
    """A number no more than 0.01 from that of the rule is taken; the one of the rule is stored."""
    sent = event(life, "measurement", measure="HH_COMPL", numerator="2", denominator="3", rate="66.671")
    assert_taken(life, sent, "a rate of 66.671 where the rule gives 66.67")
    assert values(life, sent["event"])["rate"] == "66.67"


def another_value_is_refused(life):
    """A record with another value than the rule gives is refused with E1307, and not stored."""
    for kind, given in (("priority", {"impact": "4", "feasibility": "3", "priority_score": "11"}),
                        ("activity", {"planned_end": "2026-05-01", "deadline": "2026-05-02"})):  # fmt: skip
        sent = event(life, kind, **given)
        assert send(life, sent).errors == {("E1307", sent["event"])}, given
        assert not is_there(life, sent["event"]), f"{given} was refused and is stored"


def an_active_record_is_left_alone_until_it_is_completed(life):
    """Nothing is filled in, refused or said of an active record; it is when the record is completed."""
    given = {"measure": "HH_COMPL", "numerator": "2", "denominator": "4"}
    sent = event(life, "measurement", status="ACTIVE", **given, rate="3")
    said = assert_taken(life, sent, "an active record with another rate")
    assert said.warnings == set(), "rules say something of an active record"
    assert values(life, sent["event"])["rate"] == "3", "a rule has changed an active record"
    nonsense = event(life, "measurement", status="ACTIVE", **given | {"denominator": "0"})
    assert_taken(life, nonsense, "an active record that means nothing")
    assert "rate" not in values(life, nonsense["event"])
    done = {**sent, "status": "COMPLETED", "dataValues": data("measurement", given)}
    assert_taken(life, done, "its completion without the rate")
    assert values(life, sent["event"])["rate"] == "50", "the rule fills in over what was stored"


def what_means_nothing_is_refused_and_all_else_of_the_import_is_stored(life):
    """Completed records that mean nothing are refused with E1300 each, and a good one beside them is stored."""
    good = event(life, "contact")
    bad = {event_["event"]: (event_, given)
           for kind, given in NONSENSE for event_ in [event(life, kind, **given)]}  # fmt: skip
    said = send(life, good, *(each for each, _ in bad.values()))
    assert said.errors == {("E1300", of) for of in bad}, {of: given for of, (_, given) in bad.items()}
    assert is_there(life, good["event"]), "what was sent along is stored"
    assert [given for of, (_, given) in bad.items() if is_there(life, of)] == []


def what_is_mandatory_is_demanded_on_completion(life):
    """Without what is mandatory an active record is taken, and its completion refused with E1303."""
    begun = event(life, "contact", status="ACTIVE", only=True)
    assert_taken(life, begun, "an active contact without anything")
    said = send(life, {**begun, "status": "COMPLETED"})
    assert said.errors == {("E1303", begun["event"])}, "a completed contact without what is mandatory"


def what_is_hardly_so_is_taken_with_a_warning(life):
    """A completed record that is hardly so is taken, with the warning E1300."""
    sent = event(life, "measurement", **HARDLY)
    said = assert_taken(life, sent, HARDLY)
    assert ("E1300", sent["event"]) in said.warnings, f"no warning of {HARDLY}"


def a_part_of_a_record_is_looked_at_as_the_version_does(life):
    """Of a part of a record, rules of 2.42 and later see that alone; those of 2.40 and 2.41 see what is stored, too."""
    sent = event(life, "measurement", measure="HH_COMPL", numerator="2", denominator="4")
    assert_taken(life, sent, "a rate of 2 in 4")
    part = {**sent, "dataValues": data("measurement", {"numerator": "3"})}
    assert_taken(life, part, "the numerator alone")
    rate = "50" if life.client.version.minor >= PAYLOAD_ALONE else "75"
    assert values(life, sent["event"])["rate"] == rate, "2.42 and later see the payload alone, earlier ones all"


def a_rehearsal_tells_the_same_and_keeps_nothing(life):
    """With importMode=VALIDATE the same warnings are told, and nothing is stored."""
    sent = event(life, "measurement", **HARDLY)
    said = assert_taken(life, sent, "only validated", importMode="VALIDATE")
    assert {code for code, _ in said.warnings} >= {"E1300", "E1308"}
    assert not is_there(life, sent["event"])


def rules_may_be_passed_over(life):
    """With skipRuleEngine=true what means nothing is taken without a word."""
    kind, given = NONSENSE[0]
    sent = event(life, kind, **given)
    said = assert_taken(life, sent, "nonsense, when rules are passed over", skipRuleEngine="true")
    assert said.warnings == set()


# Rules of the site's own --------------------------------------------------------------------------------------------


def rules_of_the_site_demand_assign_and_refuse(life):
    """Rules that the site adds demand a field (E1301, E1314), assign an attribute (E1310, E1309) and refuse (E1300)."""
    life.commit(**site_rules())
    dear = event(life, "activity", spent="5000")
    assert send(life, dear).errors == {("E1301", dear["event"])}, "an obstacle is demanded of what is dear"
    assert_taken(
        life, {**dear, "dataValues": [*dear["dataValues"], *data("activity", {"obstacle": "FUNDS"})]}, "with it"
    )
    gone = {**dear, "dataValues": [*dear["dataValues"], {**data("activity", {"obstacle": ""})[0], "value": None}]}
    assert send(life, gone).codes == {"E1314"}, "what is demanded cannot be deleted"
    named = {"name": f"{PREFIX} assigned"}
    said = send(life, entities=(partnership(life, **named),))
    assert (said.errors, said.warnings) == (set(), {("E1310", ENROLLMENT)}), "an attribute is assigned"
    assert attributes(life)["partner_name"] == f"{PREFIX} partner"
    said = send(life, entities=(partnership(life, **named, partner_name="Another"),))
    assert said.errors == {("E1309", ENROLLMENT)}, "another value of an attribute"
    said = send(life, entities=(partnership(life, name=f"{PREFIX} refused"),))
    assert said.errors == {("E1300", ENROLLMENT)}, "a name that a rule refuses"


def attributes(life) -> Values:
    keys = {info.uid: key for key, info in FIELDS.attributes.items()}
    params = {"program": PROGRAM, "fields": "attributes[attribute,value]"}
    found = life.client.get_object(f"tracker/trackedEntities/{ENTITY}", params)["attributes"]
    return {keys[each["attribute"]]: each["value"] for each in found}


def site_rules() -> Json:
    spent, name = f"{PREFIX} spent", f"{PREFIX} name"
    rules = [
        rule("demand", f"d2:hasValue(#{{{spent}}}) && #{{{spent}}} > 1000", "SETMANDATORYFIELD",
             dataElement={"id": FIELDS.stages["activity"].fields["obstacle"].uid}),
        rule("assign", f"A{{{name}}} == '{PREFIX} assigned'", "ASSIGN", data=f"'{PREFIX} partner'",
             trackedEntityAttribute={"id": FIELDS.attributes["partner_name"].uid}),
        rule("refuse", f"A{{{name}}} == '{PREFIX} refused'", "SHOWERROR", content="Not this name",
             trackedEntityAttribute={"id": FIELDS.attributes["name"].uid}),
    ]  # fmt: skip
    return {
        "programRuleVariables": [
            variable(spent, "DATAELEMENT_CURRENT_EVENT", "NUMBER", dataElement=FIELDS.elements["spent"]),
            variable(name, "TEI_ATTRIBUTE", "TEXT", trackedEntityAttribute=FIELDS.attributes["name"]),
        ],
        "programRules": [each for each, _ in rules],
        "programRuleActions": [action for _, action in rules],
    }


def variable(name: str, source: str, value_type: str, **of: FieldInfo) -> Json:
    [(prop, info)] = of.items()
    return {"id": uid("variable", name), "name": name, "program": {"id": PROGRAM}, prop: {"id": info.uid},
            "programRuleVariableSourceType": source, "useCodeForOptionSet": True, "valueType": value_type}  # fmt: skip


def rule(name: str, condition: str, action: str, **more: Any) -> tuple[Json, Json]:
    made = {"id": uid("rule", name), "name": f"{PREFIX} {name}", "program": {"id": PROGRAM}, "priority": 9}
    done = {"id": uid("action", name), "programRule": {"id": made["id"]}, "programRuleActionType": action, **more}
    return {**made, "condition": condition, "programRuleActions": [{"id": done["id"]}]}, done
