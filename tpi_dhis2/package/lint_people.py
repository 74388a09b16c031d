"""Checks of user roles and messages: what servers take and nobody receives, and rights that a role must not give."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

Item = dict[str, Any]
Objects = list[Item]

#: All that a role of the package may give: apps to open, and the analysis of events. Never a right over metadata,
#: users or data of others; what a person may read or write is said by groups.
_AUTHORITIES = {
    "M_dhis-web-capture",
    "M_dhis-web-dashboard",
    "M_dhis-web-data-visualizer",
    "M_dhis-web-line-listing",
    "M_dhis-web-maps",
    "M_dhis-web-messaging",
    "M_linelisting",
    "F_VIEW_EVENT_ANALYTICS",
}
_SUBJECT_LIMIT, _DESCRIPTION_LIMIT = 100, 255
_IN_TEXT = re.compile(r"([VA#])\{([^}]*)\}")
#: What every server from 2.40 to 2.43 puts into a message of the cycle, and of an event.
_OF_BOTH = {"program_name", "org_unit_name", "current_date", "enrollment_org_unit_name", "enrollment_org_unit_code"}
_OF_CYCLE = _OF_BOTH | {"enrollment_date", "days_since_enrollment_date", "incident_date"}
_OF_EVENT = _OF_BOTH | {
    "program_stage_name", "org_unit_code", "due_date", "days_since_due_date", "days_until_due_date", "event_date",
}  # fmt: skip
_CYCLE_TRIGGERS = {"ENROLLMENT", "COMPLETION"}
_EVENT_TRIGGERS = {"COMPLETION", "SCHEDULED_DAYS_DUE_DATE"}


def lint_people(kinds: dict[str, Objects]) -> list[str]:
    """All findings on user roles and messages, one plain line each."""
    findings = [
        f"userRoles '{role.get('name')}': {text}" for role in kinds.get("userRoles", []) for text in _of_role(role)
    ]
    users = _Users(kinds)
    return findings + [
        f"programNotificationTemplates '{item.get('name')}': {text}"
        for item in kinds.get("programNotificationTemplates", [])
        for text in users.findings(item)
    ]


def _of_role(role: Item) -> Iterator[str]:
    authorities = role.get("authorities") or []
    if not authorities:
        yield "gives no authority"
    if len(role.get("description") or "") > _DESCRIPTION_LIMIT:
        yield f"description is longer than {_DESCRIPTION_LIMIT} characters"
    yield from (
        f"gives {one}, which is not on the list of what a role may give"
        for one in authorities
        if one not in _AUTHORITIES
    )
    if any(access[1] == "w" for access in _strings(role.get("sharing") or {})):
        yield "may be changed by others than administrators of users, who could give themselves every right"


def _strings(sharing: Item) -> Iterator[str]:
    yield sharing.get("public") or "--"
    yield from (str(group["access"]) for group in (sharing.get("userGroups") or {}).values())


class _Users:
    """Who lists which message, and what may stand in it."""

    def __init__(self, kinds: dict[str, Objects]) -> None:
        self.of_cycle = _listed(kinds.get("programs", []))
        self.of_event = _listed(kinds.get("programStages", []))
        self.attributes = {item["id"] for item in kinds.get("trackedEntityAttributes", [])}

    def findings(self, item: Item) -> Iterator[str]:
        """What is wrong with a message."""
        uses = self.of_cycle[item["id"]] + self.of_event[item["id"]]
        if uses != 1:
            yield f"is listed by {uses} of program and stages, not by one"
        trigger, at_event = item.get("notificationTrigger"), bool(self.of_event[item["id"]])
        if trigger not in (_EVENT_TRIGGERS if at_event else _CYCLE_TRIGGERS):
            yield f"{trigger} never happens where it is listed"
        if (trigger == "SCHEDULED_DAYS_DUE_DATE") != isinstance(item.get("relativeScheduledDays"), int):
            yield "has a number of days without a due date, or the other way round"
        if item.get("notificationRecipient") != "USER_GROUP" or not item.get("recipientUserGroup"):
            yield "goes to no group"
        if not item.get("notifyUsersInHierarchyOnly"):
            yield "goes to people of other units, too"
        yield from self._of_texts(item, _OF_EVENT if at_event else _OF_CYCLE)

    def _of_texts(self, item: Item, variables: set[str]) -> Iterator[str]:
        if not (item.get("subjectTemplate") or "").strip() or not (item.get("messageTemplate") or "").strip():
            yield "says nothing"
        for prop, text in _texts(item):
            if prop == "subjectTemplate" and len(text) > _SUBJECT_LIMIT:
                yield f"subject '{text}' is longer than {_SUBJECT_LIMIT} characters"
            for mark, name in _IN_TEXT.findall(text):
                if name not in {"V": variables, "A": self.attributes, "#": set()}[mark]:
                    yield f"{mark}{{{name}}} is not put into a message of this kind"


def _listed(owners: Objects) -> Counter[str]:
    return Counter(ref["id"] for owner in owners for ref in owner.get("notificationTemplates", []))


def _texts(item: Item) -> Iterator[tuple[str, str]]:
    """Subject and message in each language."""
    for prop, word in (("subjectTemplate", "SUBJECT_TEMPLATE"), ("messageTemplate", "MESSAGE_TEMPLATE")):
        yield prop, item.get(prop) or ""
        yield from ((prop, one["value"]) for one in item.get("translations", []) if one["property"] == word)
