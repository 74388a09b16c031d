"""Checks of translations: each language that a bundle has has each text of each object, once and not too long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tpi_dhis2.package.lint_objects import LIMITS
from tpi_dhis2.package.translate import PREFIXES, PROPERTIES, UNTRANSLATED, texts_of, texts_within

Item = dict[str, Any]

_LIMITS = {PROPERTIES[prop]: limit for prop, limit in LIMITS.items() if prop in PROPERTIES}


def lint_translations(kinds: dict[str, list[Item]]) -> list[str]:
    """All findings on translations, one plain line each."""
    items = [
        (kind, item) for kind, objects in kinds.items() if kind not in UNTRANSLATED for item in texts_within(objects)
    ]
    locales = sorted({one["locale"] for _, item in items for one in item.get("translations", [])})
    return [
        f"{kind} '{item.get('name', item.get('text'))}': {finding}"
        for kind, item in items
        for wanted in [{prop for prop, _, _, _ in texts_of(item)}]
        for locale in locales
        for finding in _of_language(item, locale, wanted)
    ]


def _of_language(item: Item, locale: str, wanted: set[str]) -> Iterator[str]:
    given = [one for one in item.get("translations", []) if one["locale"] == locale]
    counts = Counter(one["property"] for one in given)
    yield from (f"{prop} has no translation in {locale}" for prop in sorted(wanted - counts.keys()))
    yield from (f"{prop} is translated {count} times in {locale}" for prop, count in counts.items() if count > 1)
    for one in given:
        if one["value"].strip() in ("", PREFIXES[0].strip()):
            yield f"{one['property']} in {locale} says nothing"
        if len(one["value"]) > _LIMITS.get(one["property"], len(one["value"])):
            yield f"{one['property']} in {locale} is longer than {_LIMITS[one['property']]} characters"
