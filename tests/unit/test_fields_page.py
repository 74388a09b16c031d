"""The page of fields (docs/fields.md): it names every field of the package in its form, and no other."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tpi_dhis2.package.fields import package_fields

PAGE = Path(__file__).parents[2] / "docs" / "fields.md"
_HEADING = re.compile(r"^## .*\((\w+)\)$")
_KEY = re.compile(r"`([a-z][a-z0-9_]*\*?)`")


class Row(NamedTuple):
    """One line of a table: its form, what is recorded, the keys as written, whether it says mandatory, the reason."""

    form: str
    fact: str
    keys: list[str]
    must: bool
    reason: str


@cache
def rows() -> list[Row]:
    found, form = [], ""
    for line in PAGE.read_text("utf-8").splitlines():
        heading = _HEADING.match(line)
        form = heading[1] if heading else form
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []
        if cells and cells[0] != "Fact":
            fact, keys, must, reason = cells
            found.append(Row(form, fact, _KEY.findall(keys), must == "yes", reason))
    return found


def fields_of(form: str) -> set[str]:
    """The keys of a form of the page; what is calculated and what every form has are forms of their own."""
    fields = package_fields()
    every = set.intersection(*(set(stage.fields) for stage in fields.stages.values()))
    if form == "calculated":
        return set(fields.calculated)
    if form == "all":
        return every
    here = set(fields.attributes) if form == "profile" else set(fields.stages[form].fields)
    return here - fields.calculated - every


def must_of(form: str) -> set[str]:
    fields = package_fields()
    if form == "profile":
        return {key for key, info in fields.attributes.items() if info.source.must}
    return set(fields.stages[form].must) if form in fields.stages else set()


def meant(row: Row) -> set[str]:
    """The fields of the row's form that its keys name; a star stands for the rest of a key."""
    here = fields_of(row.form)
    return {
        key for key in here for named in row.keys if key == named or (named[-1] == "*" and key.startswith(named[:-1]))
    }


FORMS = ["profile", *package_fields().stages, "all", "calculated"]


def test_the_page_has_a_table_for_every_form() -> None:
    assert list(dict.fromkeys(row.form for row in rows())) == FORMS


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.form}: {row.fact}")
def test_a_key_on_the_page_is_a_field_of_that_form(row: Row) -> None:
    alone = [row._replace(keys=[key]) for key in row.keys]
    assert [each.keys for each in alone if not meant(each)] == []


@pytest.mark.parametrize("form", FORMS)
def test_every_field_of_a_form_stands_on_the_page_once(form: str) -> None:
    named = sorted(key for row in rows() if row.form == form for key in meant(row))
    assert named == sorted(fields_of(form))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.form}: {row.fact}")
def test_the_page_says_which_fields_are_mandatory(row: Row) -> None:
    assert meant(row) & must_of(row.form) == (meant(row) if row.must else set())


def test_what_has_no_field_has_a_reason() -> None:
    without = [row for row in rows() if not row.keys]
    assert without
    assert [row.fact for row in without if not row.reason] == []
