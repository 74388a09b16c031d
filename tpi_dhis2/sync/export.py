"""Export: the tables for analysts as files, a file a table and two for the dictionary."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tpi_dhis2.atomic import whole_file
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.shown import FIELD_COLUMNS, OPTION_COLUMNS, Column, Description, View, field_rows, option_rows
from tpi_dhis2.store.store import Store
from tpi_dhis2.store.view_rows import Row, ViewRows
from tpi_dhis2.sync.columns import ENGLISH, description
from tpi_dhis2.sync.export_forms import CSV, writer

Table = tuple[str, Iterable[Column], Iterable[Row]]


def export(
    store: Store,
    fields: Fields,
    folder: Path,
    form: str = CSV,
    kinds: Collection[str] = (),
    language: str = ENGLISH,
) -> Iterator[Path]:
    """Write the tables of some kinds (of all when none is named) to a folder; each file as it is there.

    ``form`` is parquet, csv or json. A file is there whole or not at all, and all tell of the same moment.
    UsageError for what is not known, and when nothing can be written.
    """
    shown = description(fields, language)
    views = _chosen(shown, kinds)
    write = writer(form)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ViewRows.open(store, shown) as rows:
            for name, columns, found in _tables(shown, views, rows):
                path = folder / f"{name}.{form}"
                with whole_file(path) as file:
                    write(file, tuple(columns), found)
                yield path
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to.", "Name another folder.", str(error)) from error


def _tables(shown: Description, views: list[View], rows: ViewRows) -> Iterator[Table]:
    for view in views:
        yield view.name, view.columns, rows.of(view)
    yield "tpi_field", FIELD_COLUMNS, field_rows(shown)
    yield "tpi_option", OPTION_COLUMNS, option_rows(shown)


def _chosen(shown: Description, kinds: Collection[str]) -> list[View]:
    by_kind = {view.kind or view.type: view for view in shown.views}
    if unknown := [kind for kind in kinds if kind not in by_kind]:
        raise UsageError(f"'{unknown[0]}' is no kind of record.", f"There are: {', '.join(by_kind)}.")
    return [view for kind, view in by_kind.items() if not kinds or kind in kinds]
