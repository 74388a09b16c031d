"""Translations of the package: one CSV file a language, from the English text to the text of the language.

``metadata/translations/<locale>.csv`` has the columns ``en``, ``text`` and ``short``; ``short`` is given where the text
is too long for a short name. A text is translated once, wherever it stands. A language is added by adding a file.
``metadata/translations/review.yaml`` says who has read a language.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpi_dhis2.errors import SourceError

Json = dict[str, Any]

#: The properties that DHIS2 translates, by what they are called in an object.
PROPERTIES = {
    "name": "NAME",
    "shortName": "SHORT_NAME",
    "formName": "FORM_NAME",
    "description": "DESCRIPTION",
    "executionDateLabel": "EXECUTION_DATE_LABEL",
    "enrollmentDateLabel": "ENROLLMENT_DATE_LABEL",
    "content": "CONTENT",
    "numeratorDescription": "NUMERATOR_DESCRIPTION",
    "denominatorDescription": "DENOMINATOR_DESCRIPTION",
    "subjectTemplate": "SUBJECT_TEMPLATE",
    "messageTemplate": "MESSAGE_TEMPLATE",
    "title": "title",  # the one key in small letters: it is how every server asks for it
    "text": "TEXT",
}
#: What people who enter data never read: the names of rule variables are part of conditions.
UNTRANSLATED = {"package", "programRuleVariables"}
#: What stands before the translatable text of names and short names.
PREFIXES = ("TPI - ", "TPI ")
SHORT_LIMIT = 50


@dataclass(frozen=True)
class Text:
    """A text in a language, and its short form where it needs one."""

    text: str
    short: str = ""


Language = dict[str, Text]


def load_languages(metadata: Path) -> dict[str, Language]:
    """The languages of a metadata folder, by locale."""
    found = {path.stem: _load(path) for path in sorted((metadata / "translations").glob("*.csv"))}
    for locale, names in _country_names(metadata).items():
        if locale in found:
            found[locale] = {**names, **found[locale]}
    return found


def _load(path: Path) -> Language:
    language: Language = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["en"] in language:
                raise SourceError(f"{path}: '{row['en']}' stands twice")
            language[row["en"]] = Text(row["text"], row.get("short") or "")
    return language


def _country_names(metadata: Path) -> dict[str, Language]:
    with (metadata / "countries.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    locales = [name for name in rows[0] if name not in ("code", "en")]
    return {locale: {row["en"]: Text(row[locale]) for row in rows} for locale in locales}


def texts_within(items: Iterable[Json]) -> Iterator[Json]:
    """The objects that have texts of their own: DHIS2 translates legends and the texts of dashboards where they are."""
    for item in items:
        yield item
        yield from item.get("legends") or []
        yield from (entry for entry in item.get("dashboardItems") or [] if entry.get("text"))


def texts_of(item: Json) -> Iterator[tuple[str, str, str, str]]:
    """The translatable texts of an object: DHIS2 property, prefix, English text without it, and property name."""
    for key, prop in PROPERTIES.items():
        value = item.get(key)
        if isinstance(value, str) and value:
            prefix = next((p for p in PREFIXES if value.startswith(p)), "") if key in ("name", "shortName") else ""
            yield prop, prefix, value.removeprefix(prefix), key


def translate(item: Json, languages: dict[str, Language]) -> list[Json]:
    """The translations of an object in all languages; a text that a language lacks is left out (the lint tells)."""
    found, texts = [], list(texts_of(item))
    for locale, language in languages.items():
        for prop, prefix, english, key in texts:
            known = language.get(english)
            if known:
                text = known.short if key == "shortName" and known.short else known.text
                found.append({"locale": locale, "property": prop, "value": prefix + text})
    return found


def missing(item: Json, language: Language) -> Iterator[tuple[str, str]]:
    """The texts of an object that a language lacks, and those too long for a short name, each with the reason."""
    for _, prefix, english, key in texts_of(item):
        known = language.get(english)
        if known is None or not known.text:
            yield english, "no translation"
        elif key == "shortName" and len(prefix + (known.short or known.text)) > SHORT_LIMIT:
            yield english, f"needs a short form of at most {SHORT_LIMIT - len(prefix)} characters"
