"""User roles and messages: the smallest rights, messages that reach somebody, and mistakes that are named."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import edit, finds, metadata_copy, own_bundle
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.lint import lint
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load
from tpi_dhis2.resources import folder

Json = dict[str, Any]
APPS = {"M_dhis-web-dashboard", "M_dhis-web-messaging"}


@cache
def _built() -> Json:
    return bundle()


def by_code(kind: str, built: Json | None = None) -> dict[str, Json]:
    return {item["code"]: item for item in (built or _built())[kind]}


# Roles


def test_each_role_opens_the_first_page_and_the_messages() -> None:
    for role in _built()["userRoles"]:
        assert set(role["authorities"]) >= APPS, role["code"]


def test_who_captures_may_not_analyse_and_who_analyses_may_not_capture() -> None:
    roles = by_code("userRoles")
    assert set(roles["TPI_ROLE_CAPTURE"]["authorities"]) - APPS == {"M_dhis-web-capture"}
    assert set(roles["TPI_ROLE_ANALYSIS"]["authorities"]) - APPS == {
        "M_dhis-web-data-visualizer",
        "M_dhis-web-maps",
        "M_dhis-web-line-listing",
        "M_linelisting",
        "F_VIEW_EVENT_ANALYTICS",
    }


def test_no_role_gives_a_right_over_metadata_users_or_the_records_of_others() -> None:
    given = {one for role in _built()["userRoles"] for one in role["authorities"]}
    assert {one for one in given if one.startswith("F_")} == {"F_VIEW_EVENT_ANALYTICS"}
    assert "ALL" not in given


def test_nobody_is_given_the_right_to_change_a_role() -> None:
    for role in _built()["userRoles"]:
        assert role["sharing"] == {"external": False, "public": "r-------", "users": {}, "userGroups": {}}


def test_each_authority_says_why() -> None:
    assert all(why.strip() for role in load().roles.values() for why in role.authorities.values())


# Messages


def listed() -> dict[str, list[str]]:
    """The messages by the code of the program or stage that lists them."""
    codes = {item["id"]: item["code"] for item in _built()["programNotificationTemplates"]}
    owners = [*_built()["programs"], *_built()["programStages"]]
    named = {owner["code"]: [codes[ref["id"]] for ref in owner["notificationTemplates"]] for owner in owners}
    return {code: some for code, some in named.items() if some}


def test_program_and_stages_list_each_message_once() -> None:
    assert listed() == {
        "TPI": ["TPI_NOTE_CYCLE_BEGAN", "TPI_NOTE_CYCLE_COMPLETED"],
        "TPI_S4_PLAN": ["TPI_NOTE_PLAN_COMPLETED"],
        "TPI_S5_CONTACT": ["TPI_NOTE_REVIEW_SOON", "TPI_NOTE_REVIEW_LATE"],
        "TPI_S6_IMPACT": ["TPI_NOTE_EVALUATION_SOON", "TPI_NOTE_EVALUATION_LATE"],
    }


@pytest.mark.parametrize(
    ("code", "trigger", "days"),
    [
        ("TPI_NOTE_REVIEW_SOON", "SCHEDULED_DAYS_DUE_DATE", -7),
        ("TPI_NOTE_REVIEW_LATE", "SCHEDULED_DAYS_DUE_DATE", 7),
        ("TPI_NOTE_EVALUATION_SOON", "SCHEDULED_DAYS_DUE_DATE", -14),
        ("TPI_NOTE_EVALUATION_LATE", "SCHEDULED_DAYS_DUE_DATE", 14),
        ("TPI_NOTE_PLAN_COMPLETED", "COMPLETION", None),
        ("TPI_NOTE_CYCLE_BEGAN", "ENROLLMENT", None),
        ("TPI_NOTE_CYCLE_COMPLETED", "COMPLETION", None),
    ],
)
def test_a_message_is_sent_when_the_sources_say(code: str, trigger: str, days: int | None) -> None:
    item = by_code("programNotificationTemplates")[code]
    assert (item["notificationTrigger"], item.get("relativeScheduledDays")) == (trigger, days)


def test_what_is_to_do_goes_to_those_who_do_it_and_news_to_those_who_follow() -> None:
    groups = {item["id"]: item["code"] for item in _built()["userGroups"]}
    for item in _built()["programNotificationTemplates"]:
        to_do = item["notificationTrigger"] == "SCHEDULED_DAYS_DUE_DATE"
        assert groups[item["recipientUserGroup"]["id"]] == ("TPI_DATA_CAPTURE" if to_do else "TPI_ACCESS")
        assert (item["notificationRecipient"], item["notifyUsersInHierarchyOnly"]) == ("USER_GROUP", True)


def test_a_message_names_the_partnership_and_its_unit_in_every_language() -> None:
    name = by_code("trackedEntityAttributes")["TPI_NAME"]["id"]
    for item in _built()["programNotificationTemplates"]:
        translated = [one["value"] for one in item["translations"] if one["property"] == "MESSAGE_TEMPLATE"]
        assert len(translated) == 2
        assert all(f"A{{{name}}}, V{{org_unit_name}}" in text for text in [item["messageTemplate"], *translated])


def test_no_rule_sends_a_message() -> None:
    assert not any("templateUid" in action for action in _built()["programRuleActions"])


# Mistakes in the sources

MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "a stage that is not there": ("notifications.yaml", "at: plan", "at: plans", "plans, which is no stage"),
    "a group that is not there": (
        "notifications.yaml", "    at: plan\n    when: completed\n    to: TPI_ACCESS",
        "    at: plan\n    when: completed\n    to: TPI_NOBODY", "TPI_NOBODY, which is no group"),
    "a key twice": ("notifications.yaml", "key: review_late", "key: review_soon", "review_soon stands twice"),
    "due without days": ("notifications.yaml", "    days: -7\n", "", "days go with due"),
    "days without due": ("notifications.yaml", "when: began", "when: began\n    days: 3", "days go with due"),
    "an event that begins": ("notifications.yaml", "when: began", "when: began\n    at: plan", "a cycle begins"),
    "another time": ("notifications.yaml", "when: began", "when: soon", "notifications"),
    "a role without authorities": (
        "roles.yaml", "    authorities:\n      M_dhis-web-capture", "    rights:\n      M_dhis-web-capture",
        "roles.TPI_ROLE_CAPTURE.authorities"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named(tmp_path: Path, name: str, old: str, new: str, told: str) -> None:
    where = metadata_copy(tmp_path)
    edit(where / name, old, new)
    with pytest.raises(SourceError) as caught:
        load(where)
    assert told in str(caught.value)


def test_a_message_names_an_attribute_that_is_there(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    old = "A{name}, V{org_unit_name}: a cycle of"
    edit(where / "notifications.yaml", old, old.replace("name}, V", "nome}, V"))
    with pytest.raises(SourceError, match="nome"):
        bundle(metadata=where)


def test_the_copy_for_mistakes_is_of_the_real_sources() -> None:
    assert (folder("metadata") / "notifications.yaml").read_text("utf-8").count("key: ") == 7


# Lint


def put(kind: str, code: str, prop: str, value: object) -> Callable[[Json], object]:
    return lambda built: by_code(kind, built)[code].__setitem__(prop, value)


def add(kind: str, code: str, prop: str, value: object) -> Callable[[Json], object]:
    return lambda built: by_code(kind, built)[code][prop].append(value)


def drop(kind: str, code: str, prop: str) -> Callable[[Json], object]:
    return lambda built: by_code(kind, built)[code].pop(prop)


ROLES, NOTES = "userRoles", "programNotificationTemplates"
SOON, BEGAN = "TPI_NOTE_REVIEW_SOON", "TPI_NOTE_CYCLE_BEGAN"
FAULTS: dict[str, tuple[Callable[[Json], object], str]] = {
    "a role that gives nothing": (put(ROLES, "TPI_ROLE_CAPTURE", "authorities", []), "gives no authority"),
    "a role with all rights": (add(ROLES, "TPI_ROLE_CAPTURE", "authorities", "ALL"), "gives ALL, which is not on"),
    "a role that may delete": (
        add(ROLES, "TPI_ROLE_CAPTURE", "authorities", "F_TEI_CASCADE_DELETE"), "F_TEI_CASCADE_DELETE, which is not on"),
    "a role of a long description": (
        put(ROLES, "TPI_ROLE_CAPTURE", "description", "x" * 256), "description is longer than 255"),
    "a role that everybody may widen": (
        lambda b: by_code(ROLES, b)["TPI_ROLE_CAPTURE"]["sharing"].update(public="rw------"), "give themselves every"),
    "a role that a group may widen": (
        lambda b: by_code(ROLES, b)["TPI_ROLE_CAPTURE"]["sharing"]["userGroups"].update(
            abcdefghijk={"id": "abcdefghijk", "access": "rw------"}), "give themselves every right"),
    "a role without a code": (drop(ROLES, "TPI_ROLE_CAPTURE", "code"), "is not made of capitals"),
    "two roles of one name": (
        put(ROLES, "TPI_ROLE_CAPTURE", "name", "TPI - Data analysis"), "name 'TPI - Data analysis' stands 2 times"),
    "a message that nobody lists": (
        lambda b: b["programs"][0].update(notificationTemplates=[]), "is listed by 0 of program and stages"),
    "a message listed twice": (
        lambda b: b["programStages"][0].update(notificationTemplates=b["programs"][0]["notificationTemplates"]),
        "is listed by 2 of program and stages"),
    "a rule's message": (put(NOTES, BEGAN, "notificationTrigger", "PROGRAM_RULE"), "PROGRAM_RULE never happens"),
    "an enrollment at a stage": (put(NOTES, SOON, "notificationTrigger", "ENROLLMENT"), "ENROLLMENT never happens"),
    "a due date of a cycle": (
        put(NOTES, BEGAN, "notificationTrigger", "SCHEDULED_DAYS_DUE_DATE"), "SCHEDULED_DAYS_DUE_DATE never happens"),
    "a due date without days": (drop(NOTES, SOON, "relativeScheduledDays"), "a number of days without a due date"),
    "days without a due date": (put(NOTES, BEGAN, "relativeScheduledDays", 3), "a number of days without a due date"),
    "a message to nobody": (drop(NOTES, SOON, "recipientUserGroup"), "goes to no group"),
    "a message to a whole unit": (
        put(NOTES, SOON, "notificationRecipient", "USERS_AT_ORGANISATION_UNIT"), "goes to no group"),
    "a message to other units": (put(NOTES, SOON, "notifyUsersInHierarchyOnly", False), "to people of other units"),
    "a message to an unknown group": (
        put(NOTES, SOON, "recipientUserGroup", {"id": "abcdefghijk"}), "points to abcdefghijk"),
    "a message without a subject": (put(NOTES, SOON, "subjectTemplate", " "), "says nothing"),
    "a message without text": (put(NOTES, SOON, "messageTemplate", ""), "says nothing"),
    "a long subject": (put(NOTES, SOON, "subjectTemplate", "x" * 101), "is longer than 100 characters"),
    "a long subject in French": (
        lambda b: next(one for one in by_code(NOTES, b)[SOON]["translations"]
                       if one["property"] == "SUBJECT_TEMPLATE").update(value="x" * 101),
        "is longer than 100 characters"),
    "a variable of no version": (
        put(NOTES, SOON, "messageTemplate", "V{partner}"), "V{partner} is not put into a message of this kind"),
    "a variable of events in a message of the cycle": (
        put(NOTES, BEGAN, "messageTemplate", "V{due_date}"), "V{due_date} is not put into a message of this kind"),
    "an attribute by its key": (
        put(NOTES, SOON, "messageTemplate", "A{name}"), "A{name} is not put into a message of this kind"),
    "a value of the record": (
        put(NOTES, SOON, "messageTemplate", "#{abcdefghijk}"), "#{abcdefghijk} is not put into a message"),
    "a slip in a translation": (
        lambda b: by_code(NOTES, b)[SOON]["translations"][2].update(value="V{date_due}"), "V{date_due} is not put"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "found"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(plant: Callable[[Json], object], found: str) -> None:
    built = own_bundle()
    plant(built)
    assert finds(built, found, "lint_people"), lint(built)


def test_what_is_just_within_its_limits_is_no_fault() -> None:
    built = own_bundle()
    put(ROLES, "TPI_ROLE_CAPTURE", "description", "x" * 255)(built)
    put(NOTES, SOON, "subjectTemplate", "x" * 100)(built)
    assert lint(built) == []
