"""Checks of who may do what: servers take any string and guess, and what says nothing of sharing is everybody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Item = dict[str, Any]

_FORM = re.compile(r"^[r-][w-][r-][w-]----$")
_DATA_SHARING = {"programs", "programStages", "trackedEntityTypes"}
#: Types that have no sharing of their own, or that are shared with what they belong to.
_UNSHARED = {
    "options", "programStageSections", "programRules", "programRuleVariables", "programRuleActions",
    "programNotificationTemplates", "indicatorTypes",
}  # fmt: skip
#: The properties of before 2.36, which servers from 2.41 on ignore.
_LEGACY = ("publicAccess", "externalAccess", "userAccesses", "userGroupAccesses")


def lint_sharing(kinds: dict[str, list[Item]]) -> list[str]:
    """All findings on sharing, one plain line each."""
    groups = {group["id"] for group in kinds.get("userGroups", []) if "id" in group}
    return [
        f"{kind} '{item.get('name')}': {finding}"
        for kind, objects in kinds.items()
        for item in objects
        for finding in _of_object(kind, item, groups)
    ]


def _of_object(kind: str, item: Item, groups: set[str]) -> Iterator[str]:
    yield from (f"has {prop}, which servers ignore from 2.41 on" for prop in _LEGACY if prop in item)
    sharing = item.get("sharing")
    if sharing is None:
        if kind not in _UNSHARED:
            yield "says nothing of sharing, so servers let everybody change it"
        return
    yield from _of_strings(kind, [sharing["public"], *(each["access"] for each in sharing["userGroups"].values())])
    if "w" in sharing["public"]:
        yield f"lets everybody write ('{sharing['public']}')"
    if sharing.get("external") or sharing.get("users"):
        yield "is shared with the outside or with single users"
    if set(sharing["userGroups"]) - groups:
        yield "is shared with a group that is not of this package"


def _of_strings(kind: str, strings: list[str]) -> Iterator[str]:
    for string in strings:
        if not _FORM.match(string):
            yield f"sharing '{string}' is malformed; servers take it and guess"
        elif kind not in _DATA_SHARING and string[2:4] != "--":
            yield f"sharing '{string}' gives data access to a type that has none"
