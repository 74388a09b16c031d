"""The sandbox answers as the recorded servers did, but for what the lists beside this file name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.contract import lists
from tests.contract.recordings import ROOT, VERSIONS, every_exchange, needs_recordings
from tests.contract.replay import Result, replay
from tests.contract.shape import Rules, shape

README = Path(__file__).resolve().parents[2] / "README.md"
pytestmark = needs_recordings
played = cache(replay)


def needed_but_unused(name: str, used: dict[str, set[lists.Line]]) -> list[str]:
    """The lines of a list that do nothing; one that names versions must do something in each."""
    idle = []
    for line in lists.read(name):
        idle_in = [version for version in line.versions if line not in used[version]]
        if idle_in and (line.versions < set(VERSIONS) or len(idle_in) == len(VERSIONS)):
            idle.append(f"{line.pattern} {sorted(idle_in)}")
    return idle


@pytest.mark.parametrize("version", VERSIONS)
def test_the_sandbox_agrees_with_the_recorded_server(version: str) -> None:
    known = lists.read("differs.txt")
    differing = played(version).differing
    unexpected = {name: text for name, text in differing.items() if lists.line_for(known, name, version) is None}
    assert unexpected == {}, "differ from the recordings and are not on differs.txt"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_exchange_is_replayed_or_outside_for_a_reason(version: str) -> None:
    result = played(version)
    recorded = [each.name for each in every_exchange(version)]
    assert len(recorded) == len(list((ROOT / version).glob("*/*.json"))), "a scenario is left out"
    assert sorted([each.name for each in result.outcomes] + list(result.outside)) == sorted(recorded)
    assert all(line.reason for line in result.outside.values())


def test_no_line_of_a_list_is_idle() -> None:
    known = lists.read("differs.txt")
    results = {version: played(version) for version in VERSIONS}
    differing = {
        version: {line for name in result.differing for line in known if line.holds(name, version)}
        for version, result in results.items()
    }
    assert needed_but_unused("differs.txt", differing) == [], "agree by now: take them off the list"
    assert needed_but_unused("outside.txt", {v: set(each.outside.values()) for v, each in results.items()}) == []
    assert needed_but_unused("except.txt", {v: each.used for v, each in results.items()}) == []


def test_the_figures_of_the_readme_are_those_of_the_replay() -> None:
    told = re.findall(r"(\d+)\s+of\s+(\d+)(?:\s+agree)?\s+for\s+(2\.\d\d)", README.read_text(encoding="utf-8"))
    assert {version: (int(good), int(all_)) for good, all_, version in told} == {
        version: figures(played(version)) for version in VERSIONS
    }


def figures(result: Result) -> tuple[int, int]:
    return len(result.outcomes) - len(result.differing), len(result.outcomes)


def test_a_shape_is_the_union_of_entries_with_their_types() -> None:
    body = {
        "rows": [{"a": 1}, {"a": "x", "b": [True, None]}],
        "none": [],
        "sharing": {"users": {"u1": {"access": "r"}}},
    }
    assert shape(body) == {
        "": "object", "rows": "list|object", "rows.a": "number|string", "rows.b": "boolean|list|null",
        "none": "list", "sharing": "object", "sharing.users": "object", "sharing.users.access": "string",
    }  # fmt: skip


def test_a_difference_names_the_outermost_key_and_an_exception_excuses_only_what_it_says() -> None:
    recorded, found = {"a": {"b": 1}, "c": "x"}, {"c": 1, "d": {"e": 1}}
    plain = Rules([], "2.42").difference("/api/programs/x", recorded, found)
    assert plain == "shape: no a; c is number, recorded string; d is too many"
    line = lists.Line("/programs/*:-*", frozenset(VERSIONS), "left out")
    rules = Rules([line], "2.42")
    assert rules.difference("/api/42/programs/x.json", recorded, found) == (
        "shape: c is number, recorded string; d is too many"
    )
    assert rules.used == {line}
    assert Rules([line], "2.42").difference("/api/maps/x", recorded, found) == plain
