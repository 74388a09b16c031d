"""What a site makes of the package: all that is its own, and must be there after whatever the package does."""

from __future__ import annotations

from typing import Any

from tests.live.life import FIELDS, PROGRAM, Life
from tests.live.names import PREFIX, USERNAME, uid
from tests.live.people import put_person
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata

Json = dict[str, Any]

STAGE = FIELDS.stages["plan"].uid
AREA = FIELDS.elements["area"].uid
RULE_FIELDS = "programRuleActions[id]"
SWAHILI = {"locale": "sw", "property": "NAME", "value": f"{PREFIX} Mpango"}


def pick(life: Life, kind: str, code: str) -> Json:
    """An object of the package."""
    found: Json = next(item for item in life.built[kind] if item.get("code") == code)
    return found


def add_person(life: Life, *authorities: str) -> Account:
    """Create the test user with a role of these authorities, or give the role others; a fresh account each time."""
    return put_person(life, "", USERNAME, *authorities)


def client_of(account: Account) -> Client:
    """A client with a session of its own: an old one keeps the rights of its beginning."""
    return Client(account, pause=0.01)


def make_it_its_own(life: Life) -> None:
    """Local stage, rule, option, field, dashboard item, translation and sharing."""
    life.commit(**_stage(), **_rule(), **_field(), **_option(life))
    life.change("programStages", STAGE, _with_field_and_words)
    life.change("dashboards", _dashboard(life), _with_item)
    sharing = life.get("programs", PROGRAM, "sharing")["sharing"]
    person = {uid("person"): {"id": uid("person"), "access": "r-r-----"}}
    life.client.ask("PUT", f"programs/{PROGRAM}/sharing", body={**sharing, "users": person})


def _stage() -> Json:
    local = {"id": uid("stage"), "name": f"{PREFIX} Stage", "program": {"id": PROGRAM}, "sortOrder": 99}
    return {"programStages": [local]}


def _rule() -> Json:
    rule, program = {"id": uid("rule")}, {"id": PROGRAM}
    variable = {
        "id": uid("variable"), "name": f"{PREFIX} area", "program": program, "dataElement": {"id": AREA},
        "programRuleVariableSourceType": "DATAELEMENT_CURRENT_EVENT", "useCodeForOptionSet": True, "valueType": "TEXT",
    }  # fmt: skip
    action = {
        "id": uid("action"), "programRule": rule, "programRuleActionType": "SHOWWARNING", "dataElement": {"id": AREA},
        "content": "Tell the district",
    }  # fmt: skip
    named = {"name": f"{PREFIX} Rule", "program": program, "priority": 9, "condition": f"#{{{PREFIX} area}} == 'WASH'"}
    return {
        "programRuleVariables": [variable],
        "programRules": [{**rule, **named, "programRuleActions": [{"id": action["id"]}]}],
        "programRuleActions": [action],
    }


def _field() -> Json:
    named = {"id": uid("element"), "name": f"{PREFIX} Field", "shortName": f"{PREFIX} Field", "domainType": "TRACKER"}
    return {"dataElements": [{**named, "valueType": "TEXT", "aggregationType": "NONE"}]}


def _option(life: Life) -> Json:
    owner = {"id": _options(life)}
    return {"options": [{"id": uid("option"), "name": f"{PREFIX} Option", "code": "ZZ_LIVE", "optionSet": owner}]}


def _options(life: Life) -> str:
    return str(next(item["optionSet"]["id"] for item in life.built["options"] if item["code"] == "DELAYED"))


def _dashboard(life: Life) -> str:
    return str(life.built["dashboards"][0]["id"])


def _with_field_and_words(stage: Json) -> Json:
    local = {"id": uid("entry"), "dataElement": {"id": uid("element")}, "sortOrder": 99}
    return {
        "programStageDataElements": [*stage["programStageDataElements"], local],
        "translations": [*stage["translations"], SWAHILI],
    }


def _with_item(dashboard: Json) -> Json:
    item = {"id": uid("item"), "type": "TEXT", "text": f"{PREFIX} text", "x": 0, "y": 99, "width": 10, "height": 3}
    return {"dashboardItems": [*dashboard["dashboardItems"], item]}


def owned(life: Life) -> dict[str, Any]:
    """What of it all the server holds: by what people call it, true or who and which."""
    program = life.get("programs", PROGRAM, "organisationUnits[id],programStages[id],sharing")
    stage = life.get("programStages", STAGE, "translations,programStageDataElements[dataElement[id]]")
    rules = Metadata(life.client).all_of("programRules", {"filter": f"id:eq:{uid('rule')}", "fields": RULE_FIELDS})
    options = life.get("optionSets", _options(life), "options[id]")["options"]
    items = life.get("dashboards", _dashboard(life), "dashboardItems[id,text]")["dashboardItems"]
    group = life.get("userGroups", pick(life, "userGroups", "TPI_DATA_CAPTURE")["id"], "users[id]")
    return {
        "units": {unit["id"] for unit in program["organisationUnits"]},
        "members": {user["id"] for user in group["users"]},
        "sharing": set(program["sharing"]["users"]),
        "translation": any(_says(one, SWAHILI) for one in stage["translations"]),
        "stage": uid("stage") in {each["id"] for each in program["programStages"]},
        "rule": [each["id"] for rule in rules for each in rule["programRuleActions"]],
        "option": uid("option") in {each["id"] for each in options},
        "item": [each["text"] for each in items if each["id"] == uid("item")],
        "field": uid("element") in {each["dataElement"]["id"] for each in stage["programStageDataElements"]},
    }


def _says(one: Json, other: Json) -> bool:
    return all(one.get(key) == value for key, value in other.items())


def whole(life: Life) -> dict[str, Any]:
    """What ``owned`` tells when nothing of it is lost."""
    return {
        "units": set(life.units), "members": {uid("person")}, "sharing": {uid("person")}, "translation": True,
        "stage": True, "rule": [uid("action")], "option": True, "item": [f"{PREFIX} text"], "field": True,
    }  # fmt: skip
