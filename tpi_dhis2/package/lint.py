"""Checks of a bundle without a server: what DHIS2 would refuse, and what it would take and break on later.

Limits are those of the database of every version from 2.40 to 2.43; the finding names the object and what to change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.package.build import Bundle
from tpi_dhis2.package.lint_boards import lint_boards
from tpi_dhis2.package.lint_dashboards import lint_dashboards
from tpi_dhis2.package.lint_indicators import lint_indicators
from tpi_dhis2.package.lint_line_lists import lint_line_lists
from tpi_dhis2.package.lint_people import lint_people
from tpi_dhis2.package.lint_rules import lint_rules
from tpi_dhis2.package.lint_worklists import lint_worklists
from tpi_dhis2.package.translate import PREFIXES, PROPERTIES, UNTRANSLATED, texts_of, texts_within

_LIMITS = {"name": 230, "shortName": 50, "code": 50, "formName": 230}
_INDICATORS = {"constants", "programIndicators", "programIndicatorGroups", "indicators", "indicatorGroups"}
_NEEDS_SHORT = {"programs", "dataElements", "trackedEntityAttributes", "trackedEntityTypes", "dataElementGroups"}
_NEEDS_SHORT |= {"constants", "programIndicators", "indicators"}
_NEEDS_CODE = _NEEDS_SHORT | _INDICATORS | {"userGroups", "optionSets", "programStages", "legendSets"}
_UNIQUE_NAME = {"dataElements", "trackedEntityAttributes", "trackedEntityTypes", "optionSets", "dataElementGroups"}
_UNIQUE_NAME |= _INDICATORS | {"legendSets", "indicatorTypes"}
_NEEDS_WORDS = {"programs", "programStages", "dataElements", "trackedEntityAttributes", "trackedEntityTypes"}
_NEEDS_WORDS |= {"constants", "programIndicators", "indicators"}
#: What names must not hold, as the validator of the published packages has it: the kinds, the form, and the reason.
_NAMING = (
    (None, re.compile("[<>≤≥]"), "compares with a sign; write 15+ or 5-14"),
    (None, re.compile(r"\d - \d"), "has a range with spaces; write 5-14"),
    (_INDICATORS | {"dataElements"}, re.compile("(?i)number of"), "says 'number of'"),
    (_INDICATORS, re.compile("(?i)proportion|percentage"), "says proportion or percentage; end it with (%)"),
)
_NAMELESS = {"programRuleActions"}
_CODE_FORM = re.compile(r"^[A-Z][A-Z0-9_]*$")
_OPTION_CODE_LIMIT = 230
_SHARING_FORM = re.compile(r"^[r-][w-][r-][w-]----$")
_DATA_SHARING = {"programs", "programStages", "trackedEntityTypes"}
#: Types beside those of the forms. Servers take two drawings or lists of one name, which helps nobody.
_NAMED_BY_SHORT = {"constants", "programIndicators", "indicators"}
_OTHERS = _NAMED_BY_SHORT | {
    "userRoles", "programNotificationTemplates", "legendSets", "programIndicatorGroups", "indicatorGroups",
    "visualizations", "eventVisualizations", "maps", "dashboards", "trackedEntityInstanceFilters",
    "programStageWorkingLists",
}  # fmt: skip
_NEEDS_SHORT |= _NAMED_BY_SHORT
_NEEDS_CODE |= _OTHERS
_UNIQUE_NAME |= _OTHERS
#: Columns of the database that are shorter than the texts people write, or longer than the others of their name.
_OWN_LIMITS = {
    ("dashboards", "description"): 255,
    ("trackedEntityInstanceFilters", "description"): 255,
    ("eventFilters", "description"): 255,
    ("programStageWorkingLists", "description"): 255,
    ("visualizations", "title"): 255,
    ("eventVisualizations", "title"): 255,
    ("options", "code"): _OPTION_CODE_LIMIT,
}

Objects = list[dict[str, Any]]


def lint(bundle: Bundle) -> list[str]:
    """All findings, one plain line each; empty when the bundle is clean."""
    kinds = {kind: objects for kind, objects in bundle.items() if isinstance(objects, list)}
    findings: list[str] = []
    for kind, objects in kinds.items():
        for item in objects:
            findings += [f"{kind} '{item.get('name')}': {finding}" for finding in _of_object(kind, item)]
        findings += [f"{kind}: {finding}" for finding in _of_kind(kind, objects)]
    findings += _references(kinds)
    findings += _forms(kinds)
    findings += lint_rules(kinds)
    findings += lint_indicators(kinds)
    findings += lint_boards(kinds, bundle.get("package", {}).get("DHIS2Version", ""))
    findings += [*lint_line_lists(kinds), *lint_dashboards(kinds), *lint_worklists(kinds)]
    findings += lint_people(kinds)
    findings += _translations(kinds)
    return findings


def _of_object(kind: str, item: dict[str, Any]) -> Iterator[str]:
    limits = _LIMITS | {prop: most for (of, prop), most in _OWN_LIMITS.items() if of == kind}
    for prop, most in limits.items():
        text = item.get(prop) or ""
        if len(text) > most:
            yield f"{prop} has {len(text)} characters, at most {most} are allowed"
        if text != " ".join(text.split()):
            yield f"{prop} has needless spaces, which servers keep"
    if not item.get("name") and kind not in _NAMELESS:
        yield "has no name"
    if kind in _NEEDS_WORDS and not item.get("description"):
        yield "has no description"
    yield from _of_name(kind, item.get("name") or "")
    if kind in _NEEDS_SHORT and not item.get("shortName"):
        yield "has no short name"
    if kind in _NEEDS_CODE and not _CODE_FORM.match(item.get("code") or ""):
        yield f"code '{item.get('code')}' is not made of capitals, digits and _"
    if not is_uid(item.get("id", "")):
        yield f"UID '{item.get('id')}' is malformed"
    yield from _of_sharing(kind, item.get("sharing"))


def _of_name(kind: str, name: str) -> Iterator[str]:
    yield from (
        f"its name {reason}" for kinds, form, reason in _NAMING if kind in (kinds or {kind}) and form.search(name)
    )


def _of_sharing(kind: str, sharing: dict[str, Any] | None) -> Iterator[str]:
    if sharing is None:
        return
    strings = [sharing["public"], *(group["access"] for group in sharing["userGroups"].values())]
    for string in strings:
        if not _SHARING_FORM.match(string):
            yield f"sharing '{string}' is malformed; servers take it and guess"
        elif kind not in _DATA_SHARING and string[2:4] != "--":
            yield f"sharing '{string}' gives data access to a type that has none"


def _of_kind(kind: str, objects: Objects) -> Iterator[str]:
    props = ["id", "code"] if kind != "options" else ["id"]
    if kind in _UNIQUE_NAME:
        props += ["name", "shortName"]
    for prop in props:
        counts = Counter(item[prop] for item in objects if item.get(prop))
        yield from (f"{prop} '{value}' stands {count} times" for value, count in counts.items() if count > 1)


def _references(kinds: dict[str, Objects]) -> list[str]:
    known = {item.get("id") for objects in kinds.values() for item in objects}
    return [
        f"{kind} '{item.get('name')}': {place} points to {uid}, which is not in the bundle"
        for kind, objects in kinds.items()
        for item in objects
        for place, uid in _refs(item)
        if uid not in known
    ]


def _refs(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in item.items():
        nested = value if isinstance(value, list) else [value]
        for entry in nested:
            if isinstance(entry, dict) and set(entry) == {"id"}:
                yield key, entry["id"]
            elif isinstance(entry, dict) and key != "sharing":
                yield from ((f"{key}.{place}", uid) for place, uid in _refs(entry))


def _forms(kinds: dict[str, Objects]) -> list[str]:
    sections = {item["id"]: item for item in kinds.get("programStageSections", [])}
    sets = {item["id"]: item for item in kinds.get("optionSets", [])}
    findings = []
    for stage in kinds.get("programStages", []):
        on_stage = [entry["dataElement"]["id"] for entry in stage["programStageDataElements"]]
        listed = [sections[ref["id"]] for ref in stage["programStageSections"] if ref["id"] in sections]
        in_sections = [ref["id"] for section in listed for ref in section["dataElements"]]
        if sorted(on_stage) != sorted(in_sections) or len(set(on_stage)) != len(on_stage):
            findings.append(f"programStages '{stage['name']}': its sections do not hold each of its fields once")
    for kind in ("dataElements", "trackedEntityAttributes"):
        findings += [
            f"{kind} '{item['name']}': value type {item['valueType']} is not that of its option set"
            for item in kinds.get(kind, [])
            if "optionSet" in item and item["valueType"] != sets.get(item["optionSet"]["id"], item)["valueType"]
        ]
        findings += [
            f"{kind} '{item['name']}': MULTI_TEXT takes only one code on 2.40"
            for item in kinds.get(kind, [])
            if item["valueType"] == "MULTI_TEXT"
        ]
    return findings


def _translations(kinds: dict[str, Objects]) -> list[str]:
    """Every language that the bundle has at all has each text of each object once, and not longer than it may be."""
    items = [
        (kind, item) for kind, objects in kinds.items() if kind not in UNTRANSLATED for item in texts_within(objects)
    ]
    locales = sorted({one["locale"] for _, item in items for one in item.get("translations", [])})
    return [
        f"{kind} '{item.get('name', item.get('text'))}': {finding}"
        for kind, item in items
        for locale in locales
        for finding in _of_language(item, locale)
    ]


def _of_language(item: dict[str, Any], locale: str) -> Iterator[str]:
    given = [one for one in item.get("translations", []) if one["locale"] == locale]
    counts = Counter(one["property"] for one in given)
    wanted = {prop for prop, _, _, _ in texts_of(item)}
    yield from (f"{prop} has no translation in {locale}" for prop in sorted(wanted - counts.keys()))
    yield from (f"{prop} is translated {count} times in {locale}" for prop, count in counts.items() if count > 1)
    limits = {PROPERTIES[prop]: limit for prop, limit in _LIMITS.items() if prop in PROPERTIES}
    for one in given:
        if one["value"].strip() in ("", PREFIXES[0].strip()):
            yield f"{one['property']} in {locale} says nothing"
        if len(one["value"]) > limits.get(one["property"], len(one["value"])):
            yield f"{one['property']} in {locale} is longer than {limits[one['property']]} characters"
