"""Program rules as the sources tell them: a condition in field keys, and what it fills in, hides or says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from pydantic import Field, model_validator

from tpi_dhis2.package.base import Source

#: A field of the record or an attribute of the partnership in a condition, by its key.
NAMED = re.compile(r"([#A])\{(\w+)\}")
_DATE = "V{event_date}"
_ASKED = re.compile(r"d2:hasValue\( *([#A])\{(\w+)\} *\)")

#: What a source calls an action, what DHIS2 calls it, and the priority of such rules: values first, then hiding, then
#: words, which may depend on both.
ACTIONS = {
    "assign": ("ASSIGN", 1),
    "hide": ("HIDEFIELD", 2),
    "hide_section": ("HIDESECTION", 2),
    "warn": ("SHOWWARNING", 3),
    "warn_on_complete": ("WARNINGONCOMPLETE", 3),
    "error": ("SHOWERROR", 3),
    "error_on_complete": ("ERRORONCOMPLETE", 3),
}


class RuleSource(Source):
    """One rule; in several stages it becomes one DHIS2 rule each. Without a stage it is for the profile."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    what: str
    stages: list[str] = Field(default_factory=list, alias="in")
    when: str = ""
    empty_is_zero: bool = False
    assign: dict[str, str] = Field(default_factory=dict)
    hide: list[str] = Field(default_factory=list)
    hide_section: list[str] = Field(default_factory=list)
    warn: dict[str, str] = Field(default_factory=dict)
    warn_on_complete: dict[str, str] = Field(default_factory=dict)
    error: dict[str, str] = Field(default_factory=dict)
    error_on_complete: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _does_one_thing(self) -> RuleSource:
        done = [action for action in ACTIONS if getattr(self, action)]
        if len(done) != 1:
            raise ValueError(f"rule {self.key} needs just one of {', '.join(ACTIONS)}")
        if not self.when and self.texts:
            raise ValueError(f"rule {self.key} warns always: it has no condition")
        return self

    @property
    def action(self) -> str:
        """What the rule does, as the sources call it."""
        return next(action for action in ACTIONS if getattr(self, action))

    @property
    def texts(self) -> dict[str, str]:
        """The field beside which a warning or an error stands, and its text."""
        return self.warn or self.warn_on_complete or self.error or self.error_on_complete

    @property
    def targets(self) -> list[str]:
        """The fields or sections that the rule acts on."""
        return [*self.assign, *self.hide, *self.hide_section, *self.texts]

    @property
    def expressions(self) -> str:
        """All that the rule reads: its condition and what it fills in."""
        return " ".join([self.when, *self.assign.values()])

    def condition(self, hidden: Collection[str]) -> str:
        """The whole condition, still in keys: nothing it reads is missing, and nothing it hides holds a value.

        An empty value would count as 0 or as an empty text; and apps empty a field that they hide.
        """
        # A new form has no date yet, and an app that compares with one shows an error of its own.
        parts = [f"d2:hasValue({_DATE})"] if _DATE in self.when else []
        parts += [f"d2:hasValue({kind}{{{key}}})" for kind, key in self._guarded()]
        parts += [f"({self.when})"] if self.when else []
        mark = "#" if self.stages else "A"
        parts += [f"!d2:hasValue({mark}{{{key}}})" for key in hidden]
        return " && ".join(parts)

    def _guarded(self) -> list[tuple[str, ...]]:
        """What must have a value: all that the rule reads, but for what the condition itself reckons with."""
        asked = {match.groups() for match in _ASKED.finditer(self.when)}
        named = dict.fromkeys(match.groups() for match in NAMED.finditer(self.expressions))
        return [] if self.empty_is_zero else [each for each in named if each not in asked]


#: The fields of a stage by section.
Sections = Mapping[str, Collection[str]]


def faults(rules: list[RuleSource], stages: Mapping[str, Sections], attributes: Collection[str]) -> Iterator[str]:
    """What the rules name that is not there."""
    keys = [rule.key for rule in rules]
    yield from (f"rule {key} stands twice" for key in sorted({key for key in keys if keys.count(key) > 1}))
    for rule in rules:
        yield from _unknown(rule, "A", attributes)
        if not rule.stages:
            yield from _unknown(rule, "#", ())
            yield from (f"rule {rule.key} names {key}, which is no attribute" for key in _lacking(rule, attributes))
        for kind in rule.stages:
            yield from _in_stage(rule, kind, stages.get(kind))


def _in_stage(rule: RuleSource, kind: str, sections: Sections | None) -> Iterator[str]:
    if sections is None:
        yield f"rule {rule.key} is for {kind}, which is no stage"
        return
    fields = {key for section in sections.values() for key in section}
    yield from _unknown(rule, "#", fields)
    there = sections if rule.hide_section else fields
    yield from (f"rule {rule.key} names {key}, which {kind} does not have" for key in _lacking(rule, there))


def _lacking(rule: RuleSource, known: Collection[str]) -> list[str]:
    return [key for key in rule.targets if key not in known]


def _unknown(rule: RuleSource, kind: str, known: Collection[str]) -> Iterator[str]:
    for match in NAMED.finditer(rule.expressions):
        if match[1] == kind and match[2] not in known:
            yield f"rule {rule.key} asks for {match[0]}, which is not there"
