"""Lint of the types beside forms and rules: what servers refuse of them, or take and break on later."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.flow.package_types import TYPES, extended, uid
from tpi_dhis2.package.lint import lint
from tpi_dhis2.package.release import bundle

Bundle = dict[str, Any]


@cache
def _built() -> Bundle:
    return extended(bundle())


@cache
def _before() -> frozenset[str]:
    """What is found of the samples as they are, such as that they have no translations."""
    return frozenset(lint(_built()))


def sample(built: Bundle, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in built[kind] if item["id"] == uid(kind))
    return found


def put(kind: str, prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: sample(built, kind).__setitem__(prop, value)


def double(kind: str, prop: str) -> Callable[[Bundle], object]:
    """A second object that has one property of the first."""

    def plant(built: Bundle) -> None:
        own = {"id": "SecondOne01", "name": "TPI - Second", "shortName": "TPI Second", "code": "TPI_SECOND"}
        built[kind].append({**sample(built, kind), **own, prop: sample(built, kind)[prop]})

    return plant


WITHOUT_CODE = {"indicatorTypes", "eventFilters"}
SHORT = ("constants", "programIndicators", "indicators")
DESCRIBED = ("dashboards", "trackedEntityInstanceFilters", "eventFilters", "programStageWorkingLists")
FAULTS: dict[str, tuple[Callable[[Bundle], object], str]] = {
    **{f"no name of {kind}": (put(kind, "name", ""), "has no name") for kind in TYPES},
    **{f"long name of {kind}": (put(kind, "name", "x" * 231), "name has 231 characters") for kind in TYPES},
    **{f"no code of {kind}": (put(kind, "code", ""), "is not made of") for kind in TYPES if kind not in WITHOUT_CODE},
    **{f"no short name of {kind}": (put(kind, "shortName", ""), "has no short name") for kind in SHORT},
    **{f"one short name of two {kind}": (double(kind, "shortName"), "shortName 'TPI Sample") for kind in SHORT},
    **{
        f"one name of two {kind}": (double(kind, "name"), f"name 'TPI - Sample of {kind}' stands 2 times")
        for kind in TYPES
        if kind not in WITHOUT_CODE
    },
    **{f"long description of {kind}": (put(kind, "description", "x" * 256), "at most 255") for kind in DESCRIBED},
    "long title of a chart": (put("visualizations", "title", "x" * 256), "title has 256 characters"),
    "long title of a line list": (put("eventVisualizations", "title", "x" * 256), "title has 256 characters"),
    "data access to a dashboard": (
        lambda b: sample(b, "dashboards").update(
            sharing={"external": False, "public": "r-r-----", "users": {}, "userGroups": {}}),
        "gives data access to a type that has none"),
    "a chart of another bundle": (
        lambda b: sample(b, "dashboards")["dashboardItems"][1].update(visualization={"id": "abcdefghijk"}),
        "dashboardItems.visualization points to abcdefghijk"),
    "an indicator of another bundle": (
        put("indicatorGroups", "indicators", [{"id": "abcdefghijk"}]), "indicators points to abcdefghijk"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "found"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(plant: Callable[[Bundle], object], found: str) -> None:
    built = copy.deepcopy(_built())
    plant(built)
    new = set(lint(built)) - _before()
    assert any(found in finding for finding in new), new
