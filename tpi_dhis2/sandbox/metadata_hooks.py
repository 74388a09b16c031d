"""Validation of single types: program rules, variables and actions, options, stages, users, relationship types."""

from __future__ import annotations

import re
from collections.abc import Callable

from tpi_dhis2.sandbox.metadata_checks import Bundle
from tpi_dhis2.sandbox.reports import Item, Problem
from tpi_dhis2.sandbox.web import Json

FIELD_ACTIONS = ("HIDEFIELD", "SETMANDATORYFIELD")
NEEDS = {
    "HIDESECTION": ("programStageSection", "E4036", "ProgramStageSection cannot be null for program rule `{}`"),
    "HIDEPROGRAMSTAGE": ("programStage", "E4038", "ProgramStage cannot be null for program rule `{}`"),
    "HIDEOPTION": ("option", "E4040", "Option cannot be null for program rule `{}`"),
    "HIDEOPTIONGROUP": ("optionGroup", "E4042", "OptionGroup cannot be null for program rule `{}`"),
    "SHOWOPTIONGROUP": ("optionGroup", "E4042", "OptionGroup cannot be null for program rule `{}`"),
}
MESSAGES = ("SENDMESSAGE", "SCHEDULEMESSAGE")
SOURCES = {
    "DATAELEMENT_CURRENT_EVENT": (("dataElement", "E4059"),),
    "DATAELEMENT_PREVIOUS_EVENT": (("dataElement", "E4059"),),
    "DATAELEMENT_NEWEST_EVENT_PROGRAM": (("dataElement", "E4059"),),
    "DATAELEMENT_NEWEST_EVENT_PROGRAM_STAGE": (("dataElement", "E4059"), ("programStage", "E4091")),
    "TEI_ATTRIBUTE": (("trackedEntityAttribute", "E4089"),),
}
ASKED = (
    ("dataFilters", "dataItem", "dataElements", "E4066", "No data element found for item: `{}`"),
    ("attributeValueFilters", "attribute", "trackedEntityAttributes", "E4068",
     "No tracked entity attribute found for attribute: `{}`"),
)  # fmt: skip
PATTERN = re.compile(r'^("[^"]*"|[A-Z_]+\([^()]*\)|[\s+])+$')


def check_action(bundle: Bundle, item: Item) -> None:
    """Check that an action names what its type works on."""
    sent = item.sent
    rule = bundle.look("programRules", (sent.get("programRule") or {}).get("id")).get("name", "")
    kind = sent.get("programRuleActionType")

    def fail(code: str, text: str, *args: str) -> None:
        item.problems.append(Problem(code, text, "hook", [*args, rule]))

    target = sent.get("dataElement") or sent.get("trackedEntityAttribute")
    if kind == "ASSIGN" and not (target or sent.get("content")):
        one_of = "One of DataElement, TrackedEntityAttribute or ProgramRuleVariable"
        fail("E4050", f"{one_of} is required for program rule `{rule}`")
    if kind in FIELD_ACTIONS and not target:
        fail("E4044", f"DataElement or TrackedEntityAttribute cannot be null for program rule `{rule}`")
    element = (sent.get("dataElement") or {}).get("id")
    if element and not bundle.has("dataElements", element):
        fail("E4045", f"DataElement `{element}` associated with program rule `{rule}` does not exist", element)
    elif kind in FIELD_ACTIONS and element and rule and element not in _elements(bundle, _program_of(bundle, sent)):
        text = f"DataElement `{element}` is not linked to any ProgramStageDataElement for program rule `{rule}`"
        fail("E4047", text, element)
    attribute = (sent.get("trackedEntityAttribute") or {}).get("id")
    if kind in FIELD_ACTIONS and rule and not element and attribute and attribute not in _attributes(bundle, sent):
        where = "any ProgramTrackedEntityAttribute"
        text = f"TrackedEntityAttribute `{attribute}` is not linked to {where} for program rule `{rule}`"
        fail("E4048", text, attribute)
    if kind in NEEDS and not sent.get(NEEDS[kind][0]):
        fail(NEEDS[kind][1], NEEDS[kind][2].format(rule))
    template = sent.get("templateUid")
    if kind in MESSAGES and not template:
        fail("E4035", f"ProgramNotificationTemplate cannot be null for program rule name `{rule}`")
    elif kind in MESSAGES and not bundle.has("programNotificationTemplates", template):
        text = f"ProgramNotificationTemplate `{template}` associated with program rule name `{rule}` does not exist"
        fail("E4034", text, str(template))


def _program_of(bundle: Bundle, action: Json) -> str:
    """Return the program of an action's rule."""
    rule = bundle.look("programRules", (action.get("programRule") or {}).get("id"))
    return str((rule.get("program") or {}).get("id"))


def _elements(bundle: Bundle, program: str) -> set[str]:
    """Return the data elements of a program's stages, as the server has them where it has them.

    Source: BaseProgramRuleActionValidator looks in the preheat, which holds what is stored rather than what is sent.
    """
    stages = {item.uid: item.sent for item in bundle.items if item.type.plural == "programStages"}
    stages |= bundle.state.table("programStages")
    mine = [stage for stage in stages.values() if (stage.get("program") or {}).get("id") == program]
    return {entry["dataElement"]["id"] for stage in mine for entry in stage.get("programStageDataElements") or []}


def _attributes(bundle: Bundle, action: Json) -> set[str]:
    """Return the attributes of the program of an action's rule, likewise."""
    uid = _program_of(bundle, action)
    program = bundle.state.get("programs", uid) or bundle.look("programs", uid)
    entries = program.get("programTrackedEntityAttributes") or []
    return {entry["trackedEntityAttribute"]["id"] for entry in entries if entry.get("trackedEntityAttribute")}


def _clash(bundle: Bundle, item: Item) -> bool:
    """Say whether another object of the same program has the name."""
    program = (item.sent.get("program") or {}).get("id")
    rows = bundle.state.table(item.type.plural).values()
    same = [row for row in rows if (row.get("program") or {}).get("id") == program and row["id"] != item.uid]
    return any(row.get("name") == item.sent.get("name") for row in same)


def check_rule(bundle: Bundle, item: Item) -> None:
    """Check that a rule's name is unique in its program."""
    if _clash(bundle, item):
        name = item.sent.get("name")
        program = bundle.look("programs", item.sent["program"]["id"]).get("name")
        text = f"The Program Rule name {name} already exist in Program {program}"
        item.problems.append(Problem("E4057", text, "hook", [name, program]))


def check_variable(bundle: Bundle, item: Item) -> None:
    """Check a rule variable's name and, where the version does, what its source needs."""
    name = str(item.sent.get("name", ""))
    if set(name.lower().split()) & {"and", "or", "not"}:
        text = f"For program rule variable with name `{name}` following keywords are forbidden : and , or , not"
        item.problems.append(Problem("E4052", text, "hook", [name]))
    if _clash(bundle, item):
        program = item.sent["program"]["id"]
        text = f"A program rule variable with name `{name}` and program uid `{program}` already exists"
        item.problems.append(Problem("E4051", text, "hook", [name, program]))
    if bundle.state.minor not in (40, 43):
        return
    for needed, code in SOURCES.get(str(item.sent.get("programRuleVariableSourceType")), ()):
        if not item.sent.get(needed):
            text = f"Program rule variable `{name}` must reference a {needed}"
            item.problems.append(Problem(code, text, "hook", [name]))


def check_option(bundle: Bundle, item: Item) -> None:
    """Check that an option's code (in the stored set its name, too) is free, and fits a multi-text set."""
    uid = (item.sent.get("optionSet") or {}).get("id")
    owner, code = bundle.look("optionSets", uid), item.sent.get("code")
    stored = [each["id"] for each in (bundle.state.get("optionSets", uid) or {}).get("options") or []]
    listed = [each["id"] for each in owner.get("options") or []]
    for other in dict.fromkeys([*stored, *listed]):
        there = (bundle.state.get("options", other) or {}) if other in stored else {}
        taken = code and code in (bundle.look("options", other).get("code"), there.get("code"))
        if other != item.uid and (taken or (there and there.get("name") == item.sent.get("name"))):
            text = f"Option set `{uid}` already contains option `{other}`"
            item.problems.append(Problem("E4028", text, "hook", [uid, other]))
    if owner.get("valueType") == "MULTI_TEXT" and "," in str(code):
        rule = "of value type multi-text cannot have option codes with the separator character"
        text = f"Option set `{uid}` {rule}: `{code}`"
        item.problems.append(Problem("E1118", text, "hook", [uid, code] if bundle.state.minor > 40 else []))


def check_stage(_bundle: Bundle, item: Item) -> None:
    """Check that a stage names its program."""
    if not item.sent.get("program"):
        text = f"Program stage `{item.uid}` must reference a program"
        item.problems.append(Problem("E4053", text, "hook", [item.uid]))


def check_relationship_type(bundle: Bundle, item: Item) -> None:
    """Check both ends of a relationship type; shown attributes must belong to a type that exists already."""
    for name, side in (("fromConstraint", "leftConstraint"), ("toConstraint", "rightConstraint")):
        end = item.sent.get(name)
        if not end:
            item.problems.append(Problem("E4000", f"Missing required property `{side}`", "hook", [side]))
            continue
        shown = (end.get("trackerDataView") or {}).get("attributes") or []
        entity_type = bundle.state.get("trackedEntityTypes", (end.get("trackedEntityType") or {}).get("id")) or {}
        owned = [each["trackedEntityAttribute"]["id"] for each in entity_type.get("trackedEntityTypeAttributes") or []]
        program = bundle.state.get("programs", (end.get("program") or {}).get("id")) or {}
        owned += [each["trackedEntityAttribute"]["id"] for each in program.get("programTrackedEntityAttributes") or []]
        for uid in shown:
            if uid not in owned:
                where = "TrackedEntityType/Program"
                text = f"TrackedEntityAttribute `{uid}` is not part of the trackedEntityType `{entity_type.get('id')}`"
                item.problems.append(Problem("E4314", text, "hook", ["TrackedEntityAttributes", uid, where]))


def check_working_list(bundle: Bundle, item: Item) -> None:
    """Check that what a list of records asks for is stored: the server does not look at what the bundle brings."""
    criteria = item.sent.get("programStageQueryCriteria") or {}
    for name, key, plural, code, text in ASKED:
        for uid in [condition.get(key) for condition in criteria.get(name) or []]:
            if bundle.state.get(plural, uid) is None:
                item.problems.append(Problem(code, text.format(uid), "hook", [uid]))


def check_attribute(_bundle: Bundle, item: Item) -> None:
    """Check the pattern of a generated attribute."""
    pattern = item.sent.get("pattern")
    if item.sent.get("generated") and pattern and not PATTERN.match(pattern):
        reason = "Could not parse expression: The expression is invalid"
        text = f"Failed to parse pattern `{pattern}` {reason}"
        item.problems.append(Problem("E4019", text, "hook", [pattern, reason]))


def check_user(bundle: Bundle, item: Item) -> None:
    """Check a user's name, roles and password."""
    name = item.sent.get("username")
    taken = [row for row in bundle.state.table("users").values() if row.get("username") == name]
    if any(row["id"] != item.uid for row in taken):
        text = f"Property `username` already exists, was given `{name}`."
        item.problems.append(Problem("E4054", text, "hook", ["username", name], "username"))
    if not item.sent.get("userRoles"):
        text = f"User `{name}` must have at least one role granted"
        item.problems.append(Problem("E4055", text, "hook", ["username", name], "username"))
    password = item.sent.get("password")
    if password is not None and not is_strong(str(password)):
        reason = "Password must have at least 8, and at most 72 characters"
        text = f"Property `password` requires a valid password, `{reason}`"
        item.problems.append(Problem("E4005", text, "hook", ["password", reason], "password"))


def is_strong(password: str) -> bool:
    """Say whether a password has the length and the kinds of characters that DHIS2 wants."""
    kinds = (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]")
    return 8 <= len(password) <= 72 and all(re.search(kind, password) for kind in kinds)


HOOKS: dict[str, Callable[[Bundle, Item], None]] = {
    "programRuleActions": check_action,
    "programRules": check_rule,
    "programRuleVariables": check_variable,
    "options": check_option,
    "programStages": check_stage,
    "programStageWorkingLists": check_working_list,
    "relationshipTypes": check_relationship_type,
    "trackedEntityAttributes": check_attribute,
    "users": check_user,
}
