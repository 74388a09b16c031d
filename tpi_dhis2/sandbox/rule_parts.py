"""The small functions that expressions are made of: each asks a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tpi_dhis2.sandbox.expression import ExpressionError
from tpi_dhis2.sandbox.ids import is_uid
from tpi_dhis2.sandbox.rule_case import Case
from tpi_dhis2.sandbox.rule_variables import Variable

Run = Callable[[Case], Any]


def all_or_any(runs: tuple[Run, ...], *, stop: bool) -> Run:
    """Return whether all (or any) of the parts say yes; what comes after the one that decides is not asked."""

    def run(case: Case) -> bool | None:
        unsure = False
        for each in runs:
            found: bool | None = each(case)
            if found is stop and (stop or not unsure):
                return stop
            unsure = unsure or found is None
        return None if unsure else not stop

    return run


def once(make: Run) -> Run:
    """Return a part that is calculated once a case."""
    key = id(make)

    def run(case: Case) -> Any:
        known = case.known
        if key not in known:
            known[key] = make(case)
        return known[key]

    return run


def from_event(element: str, default: Any, convert: Callable[[Any], Any] | None) -> Run:
    """Return the value of a data element in the event at hand; this is what rules read most."""
    if convert is None:
        return lambda case: case.values.get(element, default)

    def run(case: Case) -> Any:
        text = case.values.get(element)
        return default if text is None else convert(text)

    return run


def reading(text: Callable[[Case], str | None], default: Any, convert: Callable[[Any], Any]) -> Run:
    """Return the value of a variable whose text is looked up."""

    def run(case: Case) -> Any:
        found = text(case)
        return default if found is None else convert(found)

    return run


def assigned_or(name: str, variable: Variable, run: Run) -> Run:
    """Return what a rule has assigned to a variable, which is a text then, else what it is by itself."""
    if not variable.changes:
        return run
    return lambda case: (case.assigned[name] or "") if name in case.assigned else run(case)


def unknown(name: str) -> Run:
    """Return what stands for a name that is not there: nothing for a UID, else a failure; a rule may assign to it."""

    def run(case: Case) -> Any:
        if name in case.assigned:
            return case.assigned[name] or ""
        if is_uid(name):
            return None
        raise ExpressionError(f"Unknown variable: '{name}'")

    return run


def failing(why: str) -> Run:
    """Return the failure of an expression that cannot be read."""

    def run(_case: Case) -> Any:
        raise ExpressionError(why)

    return run
