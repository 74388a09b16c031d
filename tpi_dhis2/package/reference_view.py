"""Reads the rows of the reference out of a bundle: forms, fields, options, groups, rules, and every single object."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.build import Bundle
from tpi_dhis2.package.forms import FieldSource
from tpi_dhis2.package.reference_words import (
    BOUNDARIES,
    EFFECTS,
    EVERYBODY,
    HOLD_RECORDS,
    LANGUAGES,
    access_in_words,
    kind_in_words,
    type_in_words,
)
from tpi_dhis2.package.sources import Sources
from tpi_dhis2.package.translate import PREFIXES

Json = dict[str, Any]
#: A line of a table, by the heads of its columns.
Row = dict[str, str | int]
_VARIABLE = re.compile(r"[#A]\{(\w+)\}")


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


def yes(flag: object) -> str:
    """A flag in words."""
    return "yes" if flag else "no"


def name_of(item: Json) -> str:
    """The name of an object without the prefix of the package."""
    return str(item["name"]).removeprefix(PREFIXES[0])


class View:
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
        return {locale: f"{LANGUAGES.get(locale, 'Language')} ({locale})" for locale in sorted(found)}

    def translated(self, item: Json, prop: str = "NAME") -> Row:
        """A property of an object in each language of the bundle, without the prefix of names."""
        given = {one["locale"]: one["value"] for one in item.get("translations", []) if one["property"] == prop}
        return {head: given.get(locale, "").removeprefix(PREFIXES[0]) for locale, head in self.languages.items()}

    def ids(self, item: Json) -> Row:
        """What an object is known by."""
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
            **self.ids(stage),
            **self.translated(stage),
        }

    def _parts(self, stage: Json) -> list[Part]:
        entries = {entry["dataElement"]["id"]: entry for entry in stage["programStageDataElements"]}
        found = []
        for section in (self.known[ref["id"]] for ref in stage["programStageSections"]):
            head = {"Section": section["name"], "Why it is asked": section["description"], "UID": section["id"]}
            rows = [self._field(entries[ref["id"]]) for ref in section["dataElements"]]
            found.append(Part({**head, **self.translated(section)}, rows))
        return found

    def _field(self, entry: Json) -> Row:
        item = self.known[entry["dataElement"]["id"]]
        flags = {"Mandatory when completed": entry["compulsory"], "Column in lists": entry["displayInReports"]}
        return self._asked(item, self.fields_by_code[item["code"]], entry["allowFutureDate"], flags)

    def _asked(self, item: Json, source: FieldSource, future: bool, flags: dict[str, bool]) -> Row:
        option_set = name_of(self.known[item["optionSet"]["id"]]) if "optionSet" in item else ""
        return {
            "Label": item["formName"],
            "Help": source.help or "",
            "What is answered": type_in_words(item, option_set, future=future),
            **{name: yes(flag) for name, flag in flags.items()},
            "Calculated": yes(source.calculated),
            "Option set": option_set,
            **self.ids(item),
            **self.translated(item, "FORM_NAME"),
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
        return {"Option set": name_of(item), **self.ids(item), **self.translated(item)}

    def _options(self, option_set: Json) -> list[Row]:
        options = [self.known[ref["id"]] for ref in option_set["options"]]
        return [
            {
                "Option set": name_of(option_set),
                "Order": option["sortOrder"],
                "Code": option["code"],
                "Label": option["name"],
                **self.translated(option),
                "UID": option["id"],
            }
            for option in options
        ]

    def options(self) -> list[Row]:
        """A line an option."""
        return [row for part in self.option_sets for row in part.rows]

    def groups(self) -> list[Row]:
        """What each group may do, a line for all that it may do the same with; first what everybody may."""
        kinds = sorted(self.kinds, key=lambda kind: kind not in HOLD_RECORDS)
        shared = [(kind, item) for kind in kinds for item in self.kinds[kind] if "sharing" in item]
        everybody = {"name": EVERYBODY, "id": ""}
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
                **self.ids(group),
                **self.translated(group),
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
        name = item.get("name") or item.get("text") or self._named_after(item, part_of)
        yield {"Type": word, "Name": name, "Part of": part_of["name"], **self.ids(item)}
        for inner, entries in item.items():
            held = entries if isinstance(entries, list) else []
            for entry in held:
                if isinstance(entry, dict) and "id" in entry and len(entry) > 1:
                    yield from self._object(inner, entry, item)

    def _named_after(self, item: Json, part_of: Json) -> str:
        """What an object without a name does to what it points at, else the name of that."""
        if "analyticsPeriodBoundaryType" in item:
            return BOUNDARIES[item["analyticsPeriodBoundaryType"]].capitalize()
        refs = [value["id"] for value in item.values() if isinstance(value, dict) and set(value) == {"id"}]
        named = [name_of(self.known[uid]) for uid in refs if uid in self.known and self.known[uid] is not part_of]
        name = str(named[0]) if named else str(item["id"])
        does = EFFECTS.get(item.get("programRuleActionType", ""))
        return f"{does} {name}" if does else name

    def rules(self) -> list[Row]:
        """A line for each effect of a rule: where, what for, when, and what happens."""
        return [self._rule(action) for action in self.kinds.get("programRuleActions", [])]

    def _rule(self, action: Json) -> Row:
        rule = self.known[action["programRule"]["id"]]
        return {
            "Stage": self.known[rule["programStage"]["id"]]["name"] if "programStage" in rule else "The profile",
            "Rule": name_of(rule),
            "Effect": self._named_after(action, rule),
            "Message": action.get("content", ""),
            "Value": self._with_labels(action.get("data", "")),
            "Condition": self._with_labels(rule["condition"]),
            "UID": rule["id"],
            **self.translated(rule),
        }

    @cached_property
    def _variables(self) -> dict[str, str]:
        """What the variables of rules stand for, by their names: the label of a field or attribute."""
        return {item["name"]: self._pointed(item) for item in self.kinds.get("programRuleVariables", [])}

    def _pointed(self, variable: Json) -> str:
        target = variable.get("dataElement") or variable["trackedEntityAttribute"]
        return str(self.known[target["id"]]["formName"])

    def _with_labels(self, expression: str) -> str:
        """An expression of a rule with the labels of fields in place of variables."""
        return _VARIABLE.sub(lambda match: f"[{self._variables.get(match[1], match[1])}]", expression)
