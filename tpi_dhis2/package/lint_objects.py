"""Checks of each object by itself and among those of its type: names, codes, limits, UIDs, words.

Limits are those of the database of every version from 2.40 to 2.43.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tpi_dhis2.domain.uids import is_uid

Item = dict[str, Any]

LIMITS = {"name": 230, "shortName": 50, "code": 50, "formName": 230}
#: Columns of the database that are shorter than the texts people write, or longer than the others of their name.
_OWN_LIMITS = {
    ("dashboards", "description"): 255,
    ("trackedEntityInstanceFilters", "description"): 255,
    ("eventFilters", "description"): 255,
    ("programStageWorkingLists", "description"): 255,
    ("visualizations", "title"): 255,
    ("eventVisualizations", "title"): 255,
    ("options", "code"): 230,
}
_FIELDS = {"dataElements", "trackedEntityAttributes"}
_INDICATORS = {"constants", "programIndicators", "indicators"}
_GROUPS = {"programIndicatorGroups", "indicatorGroups"}
_DRAWINGS = {"visualizations", "eventVisualizations", "maps", "dashboards"}
_LISTS = {"trackedEntityInstanceFilters", "programStageWorkingLists"}
_NEEDS_SHORT = _FIELDS | _INDICATORS | {"programs", "trackedEntityTypes", "dataElementGroups"}
_NEEDS_CODE = _NEEDS_SHORT | _GROUPS | _DRAWINGS | _LISTS
_NEEDS_CODE |= {"userGroups", "userRoles", "optionSets", "programStages", "legendSets", "programNotificationTemplates"}
_NEEDS_WORDS = _FIELDS | _INDICATORS | _DRAWINGS | _LISTS
_NEEDS_WORDS |= {"programs", "programStages", "trackedEntityTypes", "programRules", "userRoles"}
#: Servers take two drawings or lists of one name, which helps nobody.
_UNIQUE_NAME = _NEEDS_CODE - {"programs", "programStages"} | {"indicatorTypes"}
_NAMELESS = {"programRuleActions"}
#: What names a category, its options or combinations of them: each server has a default of its own, and fills it in.
_CATEGORY = re.compile("(?i)categor(y|ies)|optionCombo")
_CODE_FORM = re.compile(r"^[A-Z][A-Z0-9_]*$")
#: What names must not hold, as the validator of the published packages has it: the kinds, the form, and the reason.
_NAMING = (
    (None, re.compile("[<>≤≥]"), "compares with a sign; write 15+ or 5-14"),
    (None, re.compile(r"\d - \d"), "has a range with spaces; write 5-14"),
    (_INDICATORS | _GROUPS | {"dataElements"}, re.compile("(?i)number of"), "says 'number of'"),
    (_INDICATORS | _GROUPS, re.compile("(?i)proportion|percentage"), "says proportion or percentage; end it with (%)"),
)


def lint_objects(kinds: dict[str, list[Item]]) -> list[str]:
    """All findings on objects by themselves and among those of their type, one plain line each."""
    findings = [
        f"{kind} '{item.get('name')}': {finding}"
        for kind, objects in kinds.items()
        for item in objects
        for finding in _of_object(kind, item)
    ]
    return findings + [f"{kind}: {text}" for kind, objects in kinds.items() for text in _of_kind(kind, objects)]


def _of_object(kind: str, item: Item) -> Iterator[str]:
    yield from _of_texts(kind, item)
    if not item.get("name") and kind not in _NAMELESS:
        yield "has no name"
    if kind in _NEEDS_WORDS and not item.get("description"):
        yield "has no description"
    if kind in _NEEDS_SHORT and not item.get("shortName"):
        yield "has no short name"
    if kind in _NEEDS_CODE and not _CODE_FORM.match(item.get("code") or ""):
        yield f"code '{item.get('code')}' is not made of capitals, digits and _"
    if not is_uid(item.get("id", "")):
        yield f"UID '{item.get('id')}' is malformed"
    yield from (
        f"says {name}, which is the server's own; leave it out"
        for name in dict.fromkeys(_properties(item))
        if _CATEGORY.search(name)
    )


def _properties(item: Item) -> Iterator[str]:
    """The names of all properties of an object and of what stands in it."""
    left: list[Any] = [item]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield from value
            value = value.values()
        left += [each for each in value if isinstance(each, (dict, list))]


def _of_texts(kind: str, item: Item) -> Iterator[str]:
    limits = LIMITS | {prop: most for (of, prop), most in _OWN_LIMITS.items() if of == kind}
    for prop, most in limits.items():
        text = item.get(prop) or ""
        if len(text) > most:
            yield f"{prop} has {len(text)} characters, at most {most} are allowed"
        if text != " ".join(text.split()):
            yield f"{prop} has needless spaces, which servers keep"
    name = item.get("name") or ""
    yield from (
        f"its name {reason}" for types, form, reason in _NAMING if kind in (types or {kind}) and form.search(name)
    )


def _of_kind(kind: str, objects: list[Item]) -> Iterator[str]:
    props = ["id", "code"] if kind != "options" else ["id"]
    if kind in _UNIQUE_NAME:
        props += ["name", "shortName"]
    for prop in props:
        counts = Counter(item[prop] for item in objects if item.get(prop))
        yield from (f"{prop} '{value}' stands {count} times" for value, count in counts.items() if count > 1)
