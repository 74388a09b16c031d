"""The package in words, for people who read no metadata: every stage, field, option, group and object of the bundle.

Pure: from sources and bundle to rows of text. Each object of the bundle stands under "All objects", whatever its type.
A new type is named by an entry of ``KINDS``; an entry of ``TABLES`` gives it a sheet and a section of the page.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.build import DHIS2_VERSIONS, Bundle, digest
from tpi_dhis2.package.sources import FieldSource, Sources
from tpi_dhis2.package.translate import PREFIXES

Json = dict[str, Any]
#: A line of a table, by the heads of its columns.
Row = dict[str, str | int]

#: What an object of a type is called, what several are called, and the property that names what it is a part of.
KINDS = {
    "userGroups": ("User group", "user groups", ""),
    "optionSets": ("Option set", "option sets", ""),
    "options": ("Option", "options", "optionSet"),
    "trackedEntityAttributes": ("Attribute", "attributes", ""),
    "trackedEntityTypes": ("Tracked entity type", "tracked entity type", ""),
    "dataElements": ("Field (data element)", "fields", ""),
    "dataElementGroups": ("Data element group", "data element group", ""),
    "programs": ("Program", "program", ""),
    "programStages": ("Stage", "stages", "program"),
    "programStageSections": ("Section", "sections", "programStage"),
    "programRules": ("Rule", "rules", "program"),
    "programRuleVariables": ("Variable of the rules", "variables of the rules", "program"),
    "programRuleActions": ("Action of a rule", "actions of rules", "programRule"),
    "trackedEntityTypeAttributes": ("Attribute of the tracked entity type", "", ""),
    "programTrackedEntityAttributes": ("Attribute in the program", "", ""),
    "programStageDataElements": ("Field in a stage", "", ""),
}
#: What an action of a rule does, before the name of the field or section it does it to.
_EFFECTS = {
    "HIDEFIELD": "Hides",
    "HIDESECTION": "Hides",
    "SHOWWARNING": "Warns at",
    "WARNINGONCOMPLETE": "Warns on completing at",
}
_TYPES = {
    "TEXT": "text, one line",
    "LONG_TEXT": "text, several lines",
    "NUMBER": "number",
    "INTEGER": "whole number",
    "INTEGER_POSITIVE": "whole number from 1 up",
    "INTEGER_ZERO_OR_POSITIVE": "whole number from 0 up",
    "PERCENTAGE": "percentage from 0 to 100",
    "BOOLEAN": "yes or no",
    "TRUE_ONLY": "tick, or left empty",
    "DATE": "date",
    "PHONE_NUMBER": "telephone number",
    "EMAIL": "e-mail address",
    "URL": "web address",
    "FILE_RESOURCE": "file",
    "ORGANISATION_UNIT": "unit of this DHIS2",
}
_LANGUAGES = {"ar": "Arabic", "es": "Spanish", "fr": "French", "pt": "Portuguese", "ru": "Russian", "sw": "Swahili"}
_HOLD_RECORDS = {"trackedEntityTypes", "programs", "programStages"}
_SETUP = {"r-": "see how it is set up", "rw": "see and change how it is set up"}
_RECORDS = {"--": "no right to records", "r-": "read records", "rw": "read and write records"}
_EVERYBODY = "Everybody with an account"
_ABOUT = """What the package puts into a DHIS2: each stage, field, option, attribute and group with its name, its code \
and its UID. Made from the package itself by 'tpi-dhis2 package reference'; a change in this file changes no DHIS2."""
_UNREAD = "not yet read by a native speaker who works in health care"
_METHOD = """The method is WHO's Twinning Partnerships for Improvement. The words are not WHO's: forms, texts and \
documents are this project's own. WHO has not reviewed or endorsed them."""


@dataclass(frozen=True)
class Part:
    """A section of a form with its fields, or an option set with its options."""

    head: Row
    rows: list[Row]


@dataclass(frozen=True)
class Form:
    """A stage with its sections."""

    head: Row
    parts: list[Part]


@dataclass(frozen=True)
class Table:
    """A sheet of the workbook: what it is about, and its lines."""

    about: str
    rows: list[Row]


@dataclass(frozen=True)
class Reference:
    """All that is told: facts under their headings, tables by name, and what the page draws stage by stage."""

    title: str
    version: str
    languages: dict[str, str]
    facts: dict[str, list[tuple[str, str | int]]]
    tables: dict[str, Table]
    forms: list[Form]
    option_sets: list[Part]


def kind_in_words(kind: str) -> tuple[str, str, str]:
    """The entry of ``KINDS``; the name that DHIS2 gives a type, in single words, when nobody has named it."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    return KINDS.get(kind, (words.removesuffix("s").capitalize(), words, ""))


def type_in_words(item: Json, option_set: str = "", *, future: bool = False) -> str:
    """What may be answered to a field."""
    if option_set:
        return f"one of: {option_set}"
    kind = item["valueType"]
    words = _TYPES.get(kind, kind.lower().replace("_", " "))
    return f"{words}, {'also in the future' if future else 'today or earlier'}" if kind == "DATE" else words


def access_in_words(kind: str, access: str) -> str:
    """What an access string of DHIS2 lets people do with objects of a type, and with the records they hold."""
    setup = _SETUP.get(access[:2], "nothing")
    return f"{setup}; {_RECORDS.get(access[2:4], access)}" if kind in _HOLD_RECORDS else setup


def build(sources: Sources, bundle: Bundle, review: Json) -> Reference:
    """The reference of a bundle and the sources it was built from; ``review`` says who has read which language."""
    view = _View(sources, bundle)
    package = sources.package
    tables = {name: Table(about, rows(view)) for name, (about, rows) in TABLES.items()}
    counts = Counter(str(row["Type"]) for row in tables["All objects"].rows)
    facts: dict[str, list[tuple[str, str | int]]] = {
        "What this is": [
            ("About", _ABOUT),
            ("Package", f"{package.code} {package.version}: {package.name}"),
            ("For DHIS2", ", ".join(DHIS2_VERSIONS)),
            ("Fingerprint", f"{digest(bundle)} (the same in two packages that hold the same)"),
            ("Licence", "MIT"),
            ("Method and words", _METHOD),
        ],
        "Languages": [
            ("English", _reviewed(review.get("en"))),
            *((name, _reviewed(review.get(locale))) for locale, name in view.languages.items()),
        ],
        "How many there are": [*counts.items()],
    }
    title = f"{package.name}: reference"
    return Reference(title, package.version, view.languages, facts, tables, view.forms, view.option_sets)


def _reviewed(entry: object) -> str:
    if not isinstance(entry, dict):
        return "state of review not stated"
    state, by, reader = entry.get("state"), entry.get("by"), entry.get("read_by")
    if state == "base":
        return f"the original, by {by}"
    read = f"read by {reader} on {entry.get('read_on')}" if reader else _UNREAD
    return f"{state} by {by}; {read}"


def _yes(flag: object) -> str:
    return "yes" if flag else "no"


def _name(item: Json) -> str:
    return str(item["name"]).removeprefix(PREFIXES[0])


class _View:
    """Reads rows out of a bundle; the sources tell what a bundle does not hold."""

    def __init__(self, sources: Sources, bundle: Bundle) -> None:
        self.kinds: dict[str, list[Json]] = {k: items for k, items in bundle.items() if isinstance(items, list)}
        self.known = {item["id"]: item for items in self.kinds.values() for item in items}
        self.stage_sources = {stage.code: stage for stage in sources.stages}
        self.fields_by_code = {code_of(key): field for key, field in sources.elements().items()}
        self.attributes_by_code: dict[str, FieldSource] = {code_of(one.key): one for one in sources.attributes}

    @cached_property
    def languages(self) -> dict[str, str]:
        """The languages of the bundle: locale to name."""
        found = {one["locale"] for item in self.known.values() for one in item.get("translations", [])}
        return {locale: f"{_LANGUAGES.get(locale, 'Language')} ({locale})" for locale in sorted(found)}

    def _translated(self, item: Json, prop: str = "NAME") -> Row:
        given = {one["locale"]: one["value"] for one in item.get("translations", []) if one["property"] == prop}
        return {head: given.get(locale, "").removeprefix(PREFIXES[0]) for locale, head in self.languages.items()}

    def _ids(self, item: Json) -> Row:
        return {"Code": item.get("code", ""), "UID": item["id"]}

    @cached_property
    def forms(self) -> list[Form]:
        """The stages with their sections and fields."""
        return [Form(self._stage(stage), self._parts(stage)) for stage in self.kinds["programStages"]]

    def _stage(self, stage: Json) -> Row:
        return {
            "Step": self.stage_sources[stage["code"]].step,
            "Stage": stage["name"],
            "What one event is": stage["description"],
            "Repeats": "yes, as often as needed" if stage["repeatable"] else "no, once in a cycle",
            "Date label": stage["executionDateLabel"],
            "Number of fields": len(stage["programStageDataElements"]),
            **self._ids(stage),
            **self._translated(stage),
        }

    def _parts(self, stage: Json) -> list[Part]:
        entries = {entry["dataElement"]["id"]: entry for entry in stage["programStageDataElements"]}
        found = []
        for section in (self.known[ref["id"]] for ref in stage["programStageSections"]):
            head = {"Section": section["name"], "Why it is asked": section["description"], "UID": section["id"]}
            rows = [self._field(entries[ref["id"]]) for ref in section["dataElements"]]
            found.append(Part({**head, **self._translated(section)}, rows))
        return found

    def _field(self, entry: Json) -> Row:
        item = self.known[entry["dataElement"]["id"]]
        flags = {"Mandatory when completed": entry["compulsory"], "Column in lists": entry["displayInReports"]}
        return self._asked(item, self.fields_by_code[item["code"]], entry["allowFutureDate"], flags)

    def _asked(self, item: Json, source: FieldSource, future: bool, flags: dict[str, bool]) -> Row:
        option_set = _name(self.known[item["optionSet"]["id"]]) if "optionSet" in item else ""
        return {
            "Label": item["formName"],
            "Help": source.help or "",
            "What is answered": type_in_words(item, option_set, future=future),
            **{name: _yes(flag) for name, flag in flags.items()},
            "Calculated": _yes(source.calculated),
            "Option set": option_set,
            **self._ids(item),
            **self._translated(item, "FORM_NAME"),
        }

    def stages(self) -> list[Row]:
        """A line a stage."""
        return [form.head for form in self.forms]

    def fields(self) -> list[Row]:
        """A line for each field of each stage."""
        return [
            {
                "Stage": form.head["Stage"],
                "Section": part.head["Section"],
                "Why it is asked": part.head["Why it is asked"],
                **row,
            }
            for form in self.forms
            for part in form.parts
            for row in part.rows
        ]

    def attributes(self) -> list[Row]:
        """A line for each attribute, as it stands in the program."""
        (program,) = self.kinds["programs"]
        return [self._attribute(entry) for entry in program["programTrackedEntityAttributes"]]

    def _attribute(self, entry: Json) -> Row:
        item = self.known[entry["trackedEntityAttribute"]["id"]]
        flags = {
            "Mandatory": entry["mandatory"],
            "Column in lists": entry["displayInList"],
            "Can be searched for": entry["searchable"],
            "Must be unique": item["unique"],
        }
        return self._asked(item, self.attributes_by_code[item["code"]], entry["allowFutureDate"], flags)

    @cached_property
    def option_sets(self) -> list[Part]:
        """The option sets with their options."""
        return [Part(self._option_set(item), self._options(item)) for item in self.kinds["optionSets"]]

    def _option_set(self, item: Json) -> Row:
        return {"Option set": _name(item), **self._ids(item), **self._translated(item)}

    def _options(self, option_set: Json) -> list[Row]:
        options = [self.known[ref["id"]] for ref in option_set["options"]]
        return [
            {
                "Option set": _name(option_set),
                "Order": option["sortOrder"],
                "Code": option["code"],
                "Label": option["name"],
                **self._translated(option),
                "UID": option["id"],
            }
            for option in options
        ]

    def options(self) -> list[Row]:
        """A line an option."""
        return [row for part in self.option_sets for row in part.rows]

    def groups(self) -> list[Row]:
        """What each group may do, a line for all that it may do the same with; first what everybody may."""
        kinds = sorted(self.kinds, key=lambda kind: kind not in _HOLD_RECORDS)
        shared = [(kind, item) for kind in kinds for item in self.kinds[kind] if "sharing" in item]
        everybody = {"name": _EVERYBODY, "id": ""}
        found = self._rights(everybody, ((kind, item, item["sharing"]["public"]) for kind, item in shared))
        for group in self.kinds["userGroups"]:
            given = ((kind, item, item["sharing"]["userGroups"].get(group["id"])) for kind, item in shared)
            found += self._rights(group, ((kind, item, entry["access"]) for kind, item, entry in given if entry))
        return found

    def _rights(self, group: Json, given: Iterable[tuple[str, Json, str]]) -> list[Row]:
        by_words: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for kind, item, access in given:
            by_words[access_in_words(kind, access)][kind].append(item["name"])
        return [
            {
                "Group": group["name"],
                "Kind of object": "; ".join(self._all_or_named(kind, names) for kind, names in kinds.items()),
                "Members may": words,
                **self._ids(group),
                **self._translated(group),
            }
            for words, kinds in by_words.items()
        ]

    def _all_or_named(self, kind: str, names: list[str]) -> str:
        everyone = [str(item["name"]) for item in self.kinds[kind]]
        others = [name for name in everyone if name not in names]
        words = kind_in_words(kind)[1]
        if not others:
            return f"all {words}" if len(everyone) > 1 else f"the {words}"
        rest, named = (", ".join(f"'{name}'" for name in some) for some in (others, names))
        return f"all {words} but {rest}" if len(names) > len(others) else f"of the {words} only {named}"

    def objects(self) -> list[Row]:
        """A line for each object of the bundle, and for each object that exists only inside another."""
        return [row for kind, items in self.kinds.items() for item in items for row in self._object(kind, item)]

    def _object(self, kind: str, item: Json, owner: Json | None = None) -> Iterator[Row]:
        word, _, whole = kind_in_words(kind)
        part_of = owner or self.known.get(item.get(whole, {}).get("id"), {"name": ""})
        name = item.get("name") or self._named_after(item, part_of)
        yield {"Type": word, "Name": name, "Part of": part_of["name"], **self._ids(item)}
        for inner, entries in item.items():
            held = entries if isinstance(entries, list) else []
            for entry in held:
                if isinstance(entry, dict) and "id" in entry and len(entry) > 1:
                    yield from self._object(inner, entry, item)

    def _named_after(self, item: Json, part_of: Json) -> str:
        """What an object without a name does to what it points at, else the name of that."""
        refs = [value["id"] for value in item.values() if isinstance(value, dict) and set(value) == {"id"}]
        named = [self.known[uid]["name"] for uid in refs if uid in self.known and self.known[uid] is not part_of]
        name = str(named[0]) if named else str(item["id"])
        does = _EFFECTS.get(item.get("programRuleActionType", ""))
        return f"{does} {name}" if does else name

    def rules(self) -> list[Row]:
        """A line for each effect of a rule: where, what for, when, and what happens."""
        return [self._rule(action) for action in self.kinds.get("programRuleActions", [])]

    def _rule(self, action: Json) -> Row:
        rule = self.known[action["programRule"]["id"]]
        return {
            "Stage": self.known[rule["programStage"]["id"]]["name"] if "programStage" in rule else "The profile",
            "Rule": rule["description"],
            "Effect": self._named_after(action, rule),
            "Message": action.get("content", ""),
            "Condition": rule["condition"],
            "UID": rule["id"],
        }


_ABOUT_FIELDS = """What is asked, form by form. A field that stands in several stages is one field with one code and \
UID. Mandatory fields are checked when an event is completed, so that a half-filled form can be kept. Calculated \
fields are written by the tool: do not fill them."""
_ABOUT_GROUPS = """Who may do what. Rights add up: a member of two groups has the rights of both, and everybody's. To \
work with the records of a stage one must also be allowed to read those of the program and of the tracked entity type. \
For which units a person may do it is set by the administrator."""
_ABOUT_OPTIONS = "The answers to choose from. Codes are stored with the data and stay; labels may change."
_ABOUT_OBJECTS = "Each object of the package once, whatever its type; part of: the object it belongs to."
#: The sheets: what each is about, and its rows.
TABLES: dict[str, tuple[str, Callable[[_View], list[Row]]]] = {
    "Stages": ("The forms of the six steps in their order.", _View.stages),
    "Fields": (_ABOUT_FIELDS, _View.fields),
    "Attributes": ("What identifies a partnership, whatever its cycle.", _View.attributes),
    "Options": (_ABOUT_OPTIONS, _View.options),
    "Rules": ("What a form hides and what it warns of; nothing is refused or filled in by a rule.", _View.rules),
    "Groups": (_ABOUT_GROUPS, _View.groups),
    "All objects": (_ABOUT_OBJECTS, _View.objects),
}
