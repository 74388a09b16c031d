"""The tables for analysts as the package describes them: which fields, of what type, with which labels."""

from __future__ import annotations

from tpi_dhis2.errors import StoreProblem, UsageError
from tpi_dhis2.package.fields import FieldInfo, Fields
from tpi_dhis2.package.translate import load_languages
from tpi_dhis2.resources import folder
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD
from tpi_dhis2.store.shown import BOOLEAN, DATE, INTEGER, NUMBER, TEXT, UNIT, Column, Description, View
from tpi_dhis2.store.store import Store
from tpi_dhis2.store.views import refresh_views

_TYPES = {
    "NUMBER": NUMBER,
    "PERCENTAGE": NUMBER,
    "INTEGER": INTEGER,
    "INTEGER_POSITIVE": INTEGER,
    "INTEGER_ZERO_OR_POSITIVE": INTEGER,
    "DATE": DATE,
    "BOOLEAN": BOOLEAN,
    "TRUE_ONLY": BOOLEAN,
    "ORGANISATION_UNIT": UNIT,
}
#: How exactly dates are known: stands among the columns that every record has.
_DATE_KNOWN = "date_known"
ENGLISH = "en"


def description(fields: Fields, language: str = ENGLISH) -> Description:
    """The tables, with the labels of a language; a text that it lacks is English.

    UsageError for a language that is not there.
    """
    return _Describer(language).all(fields)


def refresh(store: Store, fields: Fields) -> str:
    """See that the tables are there and as the package describes them; why not, in a plain line, else ""."""
    try:
        refresh_views(store, description(fields))
    except StoreProblem as problem:
        return f"{problem} {problem.advice}"
    return ""


class _Describer:
    def __init__(self, language: str) -> None:
        languages = {ENGLISH: {}, **load_languages(folder("metadata"))}
        if language not in languages:
            raise UsageError(f"There are no labels in '{language}'.", f"There are: {', '.join(languages)}.")
        self._texts = languages[language]

    def all(self, fields: Fields) -> Description:
        kinds = (
            View(f"tpi_{kind}", RECORD, kind, self._said(stage.source.description), self._columns(stage.fields))
            for kind, stage in fields.stages.items()
        )
        pair = View("tpi_partnership", PARTNERSHIP, "", "One row a partnership.", self._columns(fields.attributes))
        cycle = View("tpi_cycle", CYCLE, "", "One row a cycle of a partnership.", ())
        options = {
            name: {code: self._said(label) for code, label in source.options.items()}
            for name, source in fields.forms.option_sets.items()
        }
        return Description(fields.forms.package.version, (pair, cycle, *kinds), options)

    def _columns(self, infos: dict[str, FieldInfo]) -> tuple[Column, ...]:
        return tuple(self._column(info) for key, info in infos.items() if key != _DATE_KNOWN)

    def _column(self, info: FieldInfo) -> Column:
        return Column(
            name=info.key,
            type=_TYPES.get(info.value_type, TEXT),
            label=self._said(info.label),
            about=self._said(info.source.help or ""),
            key=info.key,
            options=info.source.options or "",
        )

    def _said(self, text: str) -> str:
        known = self._texts.get(text)
        return known.text if known and known.text else text
