"""The rules of the sources as DHIS2 holds them: variables, rules and actions.

A rule lists its actions and each action names its rule: with the name alone servers store an orphan and say OK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tpi_dhis2.package.base import PREFIX, code_of
from tpi_dhis2.package.forms import StageSource
from tpi_dhis2.package.rules import ACTIONS, NAMED, RuleSource
from tpi_dhis2.package.sources import Sources

Json = dict[str, Any]
Ref = Callable[[str, str], Json]

_DESCRIPTION_LIMIT = 255


@dataclass(frozen=True)
class _Placed:
    """A rule in one stage, or for the profile."""

    rule: RuleSource
    stage: StageSource | None

    @property
    def code(self) -> str:
        """What the rule's UID hangs on."""
        return code_of(self.rule.key) + (f".{self.stage.code}" if self.stage else "")

    def action(self, target: str) -> str:
        """What the UID of one of its actions hangs on."""
        return f"{self.code}.{ACTIONS[self.rule.action][0]}.{target.upper()}"


class RuleBuilder:
    """Builds the three types of objects; ``ref`` gives the reference to an object by type and code."""

    def __init__(self, sources: Sources, ref: Ref) -> None:
        self.sources = sources
        self.elements = sources.elements()
        self.ref = ref
        self.program = ref("programs", sources.package.program.code)
        self.placed = [_Placed(rule, stage) for rule in sources.rules for stage in self._stages(rule)]

    def _stages(self, rule: RuleSource) -> list[StageSource] | list[None]:
        kinds = {stage.kind: stage for stage in self.sources.stages}
        return [kinds[kind] for kind in rule.stages] or [None]

    def objects(self) -> dict[str, list[Json]]:
        """Variables, rules and actions, in the order of the published packages."""
        return {
            "programRuleVariables": [self._variable(kind, key) for kind, key in self._named()],
            "programRules": [self._rule(placed) for placed in self.placed],
            "programRuleActions": [self._action(p, target) for p in self.placed for target in p.rule.targets],
        }

    def _condition(self, placed: _Placed) -> str:
        """The condition in keys."""
        rule, hidden = placed.rule, list(placed.rule.hide)
        for section in placed.stage.sections if placed.stage else []:
            hidden += section.fields if section.id in rule.hide_section else []
        return rule.condition(hidden)

    def _named(self) -> Iterator[tuple[str, str]]:
        """The fields and attributes that rules read, once each."""
        read = (f"{self._condition(placed)} {placed.rule.expressions}" for placed in self.placed)
        yield from dict.fromkeys((match[1], match[2]) for text in read for match in NAMED.finditer(text))

    def _variable(self, kind: str, key: str) -> Json:
        attribute = kind == "A"
        of = "trackedEntityAttribute" if attribute else "dataElement"
        source = self.sources.attribute(key) if attribute else self.elements[key]
        return {
            **self.ref("programRuleVariables", variable(kind, key)),
            "name": variable(kind, key),
            "program": self.program,
            "programRuleVariableSourceType": "TEI_ATTRIBUTE" if attribute else "DATAELEMENT_CURRENT_EVENT",
            of: self.ref(f"{of}s", code_of(key)),
            "useCodeForOptionSet": True,
            "valueType": self.sources.value_type(source),
        }

    def _rule(self, placed: _Placed) -> Json:
        rule, stage = placed.rule, placed.stage
        several = f" ({stage.kind})" if stage and len(rule.stages) > 1 else ""
        built = {
            **self.ref("programRules", placed.code),
            "name": f"{PREFIX} - {rule.what}{several}",
            "description": next(iter(rule.texts.values()), rule.what)[:_DESCRIPTION_LIMIT],
            "program": self.program,
            "condition": _in_variables(self._condition(placed)),
            "priority": ACTIONS[rule.action][1],
            "programRuleActions": [self.ref("programRuleActions", placed.action(t)) for t in rule.targets],
        }
        return built | ({"programStage": self.ref("programStages", stage.code)} if stage else {})

    def _action(self, placed: _Placed, target: str) -> Json:
        built = {
            **self.ref("programRuleActions", placed.action(target)),
            "programRule": self.ref("programRules", placed.code),
            "programRuleActionType": ACTIONS[placed.rule.action][0],
            **self._target(placed, target),
        }
        text, filled = placed.rule.texts.get(target), placed.rule.assign.get(target)
        return built | ({"content": text} if text else {}) | ({"data": _in_variables(filled)} if filled else {})

    def _target(self, placed: _Placed, target: str) -> Json:
        if placed.stage is None:
            return {"trackedEntityAttribute": self.ref("trackedEntityAttributes", code_of(target))}
        if placed.rule.hide_section:
            return {"programStageSection": self.ref("programStageSections", f"{placed.stage.code}.{target}")}
        return {"dataElement": self.ref("dataElements", code_of(target))}


def variable(kind: str, key: str) -> str:
    """What a field (#) or an attribute (A) is called in conditions."""
    return f"{key.upper()}_{'ATTR' if kind == 'A' else 'CURR'}"


def _in_variables(expression: str) -> str:
    """An expression in keys as DHIS2 reads it."""
    return NAMED.sub(lambda match: f"{match[1]}{{{variable(match[1], match[2])}}}", expression)
