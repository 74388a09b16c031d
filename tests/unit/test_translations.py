"""Translations: what a machine can see of a text in another language. Whether it is good, only a reader can say."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.translate import PREFIXES, SHORT_LIMIT

FOLDER = Path(__file__).parents[2] / "metadata" / "translations"
LOCALES = sorted(path.stem for path in FOLDER.glob("*.csv"))
PLACEHOLDER = re.compile(r"[VAC#]\{[^}]*\}")
#: Signs before which a language writes a space. A colon inside a number or an address would need an exception.
SPACE_BEFORE = {"fr": ":;?!»"}
#: Brazilian words for which these texts have the ones of Portugal and of Africa.
NOT_HERE = {"pt": re.compile(r"\b(registro|usuário|contato|controle|equipe|planej\w+|treinamento)s?\b", re.IGNORECASE)}


def _rows(locale: str) -> list[dict[str, str]]:
    with (FOLDER / f"{locale}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _faults(locale: str, english: str, text: str) -> Iterator[str]:
    """What is wrong with a text, a line each."""
    if not text.strip():
        yield "is empty"
    if sorted(PLACEHOLDER.findall(english)) != sorted(PLACEHOLDER.findall(text)):
        yield "has other placeholders"
    if english.endswith("(%)") != text.endswith("(%)"):
        yield "ends otherwise: (%)"
    yield from _slips(locale, text)


def _slips(locale: str, text: str) -> Iterator[str]:
    """What is wrong with the signs and the spelling of a text, whatever it says."""
    if "'" in text:
        yield "has a straight apostrophe"
    if text != text.strip() or "  " in text:
        yield "has needless spaces"
    if re.search(r"[\t\r\n\u00a0\u202f]", text):
        yield "has a space that is not the plain one"
    before = SPACE_BEFORE.get(locale, "")
    if before and re.search(rf"[^\s{before}][{before}]", PLACEHOLDER.sub("x", text)):
        yield "lacks a space before a sign"
    if not before and re.search(r"\s[:;?!]", text):
        yield "has a space before a sign"
    if locale in NOT_HERE and NOT_HERE[locale].search(text):
        yield "has a Brazilian word"


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_keep_what_the_english_has_and_the_signs_of_their_language(locale: str) -> None:
    found = [
        f"{row['text'] or row['en']!r} {fault}"
        for row in _rows(locale)
        for fault in (*_faults(locale, row["en"], row["text"]), *_slips(locale, row["short"]))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("locale", LOCALES)
def test_short_forms_leave_room_for_the_prefix(locale: str) -> None:
    most = SHORT_LIMIT - len(PREFIXES[-1])
    assert not [row["short"] for row in _rows(locale) if len(row["short"]) > most]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_line_ends_alike_and_every_language_has_the_same_texts_in_one_order(locale: str) -> None:
    raw = (FOLDER / f"{locale}.csv").read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert [row["en"] for row in _rows(locale)] == [row["en"] for row in _rows(LOCALES[0])]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_two_options_of_a_set_read_alike(locale: str) -> None:
    built = bundle()
    names = {
        option["id"]: next(one["value"] for one in option["translations"] if one["locale"] == locale)
        for option in built["options"]
    }
    for options in built["optionSets"]:
        read = [names[option["id"]] for option in options["options"]]
        assert len(read) == len(set(read)), options["code"]


@pytest.mark.parametrize(
    ("locale", "english", "text", "fault"),
    [
        ("fr", "Area", " ", "is empty"),
        ("fr", "On V{due_date}", "Le V{date}", "has other placeholders"),
        ("pt", "A{x}: on V{due_date}", "Em V{due_date}", "has other placeholders"),
        ("fr", "Budget used (%)", "Budget utilisé", "ends otherwise: (%)"),
        ("pt", "Budget", "Orçamento (%)", "ends otherwise: (%)"),
        ("fr", "The plan", "L'écart", "has a straight apostrophe"),
        ("pt", "The plan", "O  plano", "has needless spaces"),
        ("pt", "The plan", "O plano ", "has needless spaces"),
        ("fr", "Is it?", "Est-ce vrai\u202f?", "has a space that is not the plain one"),
        ("fr", "Cause: funds", "Cause: fonds", "lacks a space before a sign"),
        ("fr", "V{org_unit_name}: it began", "V{org_unit_name}: commencé", "lacks a space before a sign"),
        ("pt", "Cause: funds", "Causa : fundos", "has a space before a sign"),
        ("pt", "About this record", "Sobre este registro", "has a Brazilian word"),
    ],
)
def test_each_fault_is_found(locale: str, english: str, text: str, fault: str) -> None:
    assert fault in list(_faults(locale, english, text))


def test_a_good_text_has_no_fault() -> None:
    assert not list(_faults("fr", "A{x}, V{y}: is it so (%)", "A{x}, V{y} : l’est-il (%)"))  # noqa: RUF001 - as French has it
    assert not list(_faults("pt", "A{x}, V{y}: is it so?", "A{x}, V{y}: é mesmo assim?"))
