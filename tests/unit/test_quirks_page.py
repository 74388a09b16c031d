"""docs/quirks.md names what there is: places, tests and versions; and no comparison of a version lacks its row."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.quirks import Quirk, hints, quirks

ROOT = Path(__file__).parents[2]
VERSIONS = ("2.40", "2.41", "2.42", "2.43")
#: Rooms in which a comparison of the server's version is a workaround.
ROOMS = ("dhis2", "provision", "sync", "doctor")
#: Comparisons that work around nothing: which versions the tool takes at all.
NO_WORKAROUND = {"tpi_dhis2.dhis2.versions:ServerVersion.parse"}
ROWS = quirks()


def places() -> set[str]:
    return {place for row in ROWS for place in row.places}


def exists(place: str) -> bool:
    """Whether a module has a function, class, method or constant."""
    module, _, name = place.partition(":")
    try:
        found: object = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return False
    return bool(name)


def collected(test: str) -> bool:
    """Whether a file has a test of this name."""
    file, _, name = test.partition("::")
    if not name.startswith("test_") or not (ROOT / file).is_file():
        return False
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


def compared(source: str) -> Iterator[str]:
    """The functions, by their names within the module, that compare the number of a version."""

    def walk(node: ast.AST, within: tuple[str, ...]) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            within = (*within, node.name)
        if isinstance(node, ast.Compare) and any(_is_version(part) for part in [node.left, *node.comparators]):
            yield ".".join(within)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, within)

    return walk(ast.parse(source), ())


def _is_version(node: ast.AST) -> bool:
    """Whether a side of a comparison is a version's number or text, or what was taken from it."""
    names = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    names |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return bool(names & {"minor", "short"}) or ("version" in names and "text" in names)


def all_compared() -> set[str]:
    files = [path for room in ROOMS for path in sorted((ROOT / "tpi_dhis2" / room).rglob("*.py"))]
    found = {}
    for path in files:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[module] = {f"{module}:{name}" for name in compared(path.read_text("utf-8"))}
    return set().union(*found.values())


def test_every_row_says_all_that_a_row_must() -> None:
    assert len(ROWS) > 40
    lacking = [row.does for row in ROWS if not (row.does and row.versions and row.places and row.tests and row.delete)]
    assert lacking == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.does[:60])
def test_a_row_names_versions_places_and_tests_that_there_are(row: Quirk) -> None:
    assert set(row.versions) <= set(VERSIONS)
    assert list(row.versions) == sorted(set(row.versions))
    assert [place for place in row.places if not exists(place)] == []
    assert [test for test in row.tests if not collected(test)] == []


def test_every_comparison_of_a_version_has_its_row() -> None:
    found = all_compared()
    assert {"tpi_dhis2.dhis2.versions:ServerVersion.within", "tpi_dhis2.sync.push:Pusher._round"} <= found
    assert found - places() - NO_WORKAROUND == set()
    assert found >= NO_WORKAROUND, "an exception that is none any more"


def test_a_comparison_without_a_row_is_found() -> None:
    source = "class A:\n    def b(self):\n        return 1 if self.client.version.minor >= 43 else 2\n"
    assert list(compared(source)) == ["A.b"]
    assert list(compared("def c(minor):\n    if minor == 40:\n        pass\n")) == ["c"]
    assert list(compared("def d(version):\n    return version.text > '2.42'\n")) == ["d"]
    assert list(compared("def e(number):\n    return number > 40\n")) == []


def test_what_there_is_not_is_found() -> None:
    assert not exists("tpi_dhis2.dhis2.versions:ServerVersion.nothing")
    assert not exists("tpi_dhis2.nothing:within")
    assert not exists("tpi_dhis2.dhis2.versions")
    assert not collected("tests/unit/test_quirks_page.py::test_of_nothing")
    assert not collected("tests/unit/test_nothing.py::test_of_nothing")


def test_a_code_in_a_failure_is_explained_for_the_versions_that_have_the_quirk() -> None:
    assert any("names no stage (E4060)" in hint for hint in hints("409 E4060", "2.40"))
    assert list(hints("409 E4060", "2.43")) == []
    assert next(hints("E1001", "2.42")).startswith("E1001: this account may not write partnerships")
