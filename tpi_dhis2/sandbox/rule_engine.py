"""The program rules of a program, made ready once, and what they do to an event or an enrollment.

Only what a server acts on is here: fields that a rule hides are the matter of the apps. Rules run by priority; those of
a stage for its events alone, those of no stage for all events and for enrollments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from tpi_dhis2.sandbox.expression import ExpressionError
from tpi_dhis2.sandbox.rule_case import Case
from tpi_dhis2.sandbox.rule_expressions import Scope
from tpi_dhis2.sandbox.rule_variables import variables_of
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json

ASSIGN, MANDATORY, FAILED = "ASSIGN", "SETMANDATORYFIELD", "ERROR"
TYPES = {ASSIGN, MANDATORY, "SHOWERROR", "ERRORONCOMPLETE", "SHOWWARNING", "WARNINGONCOMPLETE"}
#: Tables that the rules of a program are made from.
TABLES = ("programRules", "programRuleActions", "programRuleVariables", "constants", "dataElements", "optionSets",
          "options", "trackedEntityAttributes")  # fmt: skip
LAST = 2**31
#: What a rule that a server cannot calculate stumbles over.
FAILURES = (ExpressionError, ValueError, ArithmeticError)


class Effect(NamedTuple):
    """What a rule wants: the action's type, the field it is about, its words and its value."""

    rule: str
    type: str
    field: str = ""
    content: str = ""
    data: str | None = None


@dataclass(frozen=True)
class Action:
    """An action of a rule; without a field an assignment is to the variable that the content names."""

    type: str
    field: str
    content: str
    variable: str
    data: Callable[[Case], str | None]
    of_element: bool
    of_attribute: bool

    def take(self, rule: str, case: Case) -> Iterator[Effect]:
        """Give the effect, if there is one outside of the rules themselves."""
        data = self.data(case)
        if self.type != ASSIGN:
            yield Effect(rule, self.type, self.field, self.content, data)
            return
        if self.field:
            yield Effect(rule, ASSIGN, self.field, self.content, data or None)
        else:
            case.assign(self.variable, data)


@dataclass(frozen=True)
class Rule:
    """A rule: what it asks before it acts (and which values must be there at all), and its actions."""

    uid: str
    name: str
    stage: str | None
    condition: str
    asks: Callable[[Case], Any]
    needs: frozenset[str]
    actions: tuple[Action, ...]


class ProgramRules:
    """The rules of one program."""

    def __init__(self, state: State, program: str):
        rows = [row for row in state.table("programRules").values() if row["program"]["id"] == program]
        scope = Scope(variables_of(state, program, _assigned(state, rows)), _texts(state, rows))
        rows.sort(key=lambda row: LAST if row.get("priority") is None else row["priority"])
        made = [_rule(state, scope, row) for row in rows]
        self._rules = [rule for rule in made if rule.actions]
        self._of_stages: dict[str | None, list[Rule]] = {}

    def of_stage(self, stage: str | None) -> list[Rule]:
        """Return the rules for the events of a stage, with the actions on events; without a stage, for enrollments."""
        if stage not in self._of_stages:
            mine = [rule for rule in self._rules if rule.stage in (None, stage)]
            self._of_stages[stage] = [_narrowed(rule, events=stage is not None) for rule in mine]
        return self._of_stages[stage]

    def effects(self, stage: str | None, case: Case) -> list[Effect]:
        """Return what the rules do to an event of a stage, or without a stage to an enrollment."""
        found: list[Effect] = []
        there = case.values.keys()
        for rule in self.of_stage(stage):
            if not rule.needs <= there:
                continue
            try:
                answer = rule.asks(case)
            except FAILURES as error:
                found.append(_failed(rule, case, error))
                continue
            if answer is True or (type(answer) is str and answer.lower() == "true"):
                found += _effects(rule, case)
        return found


def rules_of(state: State, program: str) -> ProgramRules:
    """Return the rules of a program, made anew only when metadata have changed."""
    return state.kept(("rules", program), TABLES, lambda: ProgramRules(state, program))


def _effects(rule: Rule, case: Case) -> Iterator[Effect]:
    for action in rule.actions:
        try:
            yield from action.take(rule.uid, case)
        except FAILURES as error:
            yield _failed(rule, case, error)


def _failed(rule: Rule, case: Case, error: Exception) -> Effect:
    what = f"ENROLLMENT({case.uid})" if case.event is None else f"EVENT({case.uid})"
    text = f"Rule {rule.name} with id {rule.uid} executed for {what} with condition ({rule.condition})"
    return Effect(rule.uid, FAILED, data=f"{text} raised an error: {error}")


def _actions(state: State, row: Json) -> list[Json]:
    """Return the actions of a rule that a server acts on."""
    found = (state.get("programRuleActions", ref["id"]) for ref in row.get("programRuleActions") or [])
    return [each for each in found if each and each["programRuleActionType"] in TYPES]


def _texts(state: State, rows: list[Json]) -> Iterator[str]:
    """Give all expressions of the rules that a server acts on."""
    for row in rows:
        actions = _actions(state, row)
        yield from (each.get("data") or "" for each in actions)
        if actions:
            yield row.get("condition") or ""


def _assigned(state: State, rows: list[Json]) -> set[str]:
    """Return the names of the variables that rules give a value."""
    actions = [each for row in rows for each in _actions(state, row)]
    return {_name(each) for each in actions if each["programRuleActionType"] == ASSIGN and not any(_fields(each))}


def _name(action: Json) -> str:
    """Return the name of the variable that an assignment is to: its content is ``#{name}`` or ``A{name}``."""
    return str(action.get("content") or "")[2:-1]


def _fields(action: Json) -> tuple[str, str]:
    """Return the data element and the attribute of an action; one of them is empty, or both."""
    element, attribute = ((action.get(name) or {}).get("id", "") for name in ("dataElement", "trackedEntityAttribute"))
    return element, attribute


def _rule(state: State, scope: Scope, row: Json) -> Rule:
    actions = tuple(_action(scope, each) for each in _actions(state, row))
    condition = row.get("condition") or ""
    stage, (needs, asks) = (row.get("programStage") or {}).get("id"), scope.condition(condition)
    return Rule(row["id"], row.get("name") or "", stage, condition, asks, needs, actions)


def _action(scope: Scope, row: Json) -> Action:
    (element, attribute), kind = _fields(row), row["programRuleActionType"]
    data = scope.content("" if kind == MANDATORY else row.get("data") or "")
    content = row.get("content") or ""
    return Action(kind, element or attribute, content, _name(row), data, bool(element), bool(attribute))


def _narrowed(rule: Rule, *, events: bool) -> Rule:
    """Return a rule with the actions that an event (or an enrollment) is concerned by."""
    actions = tuple(each for each in rule.actions if not (each.of_attribute if events else each.of_element))
    return Rule(rule.uid, rule.name, rule.stage, rule.condition, rule.asks, rule.needs, actions)
