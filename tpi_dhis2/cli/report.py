"""tpi-dhis2 report: action-plan | evaluation."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tpi_dhis2.atomic import write_text
from tpi_dhis2.cli.common import store_option, verbose_option
from tpi_dhis2.errors import UsageError

if TYPE_CHECKING:
    from tpi_dhis2.domain.records import Partnership

_FORMATS = ("html", "md")


@click.group()
def command() -> None:
    """Write action plans and evaluation summaries from the local store."""


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.argument("partnership", required=False),
        click.option("--all", "all_of_them", is_flag=True, help="One document for each partnership."),
        click.option(
            "--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write to."
        ),
        click.option("--format", "formats", type=click.Choice(_FORMATS), multiple=True, help="html, md; default both."),
        click.option(
            "--templates",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Folder with your own templates, which come before the package's.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return store_option(verbose_option(function))


@command.command("action-plan")
@_options
def action_plan(**options: Any) -> None:
    """Write the action plan of a PARTNERSHIP (name, code or UID)."""
    _write("action-plan", **options)


@command.command()
@_options
def evaluation(**options: Any) -> None:
    """Write the evaluation summary of a PARTNERSHIP (name, code or UID)."""
    _write("evaluation", **options)


def _write(
    document: str,
    partnership: str | None,
    all_of_them: bool,
    out: Path,
    formats: tuple[str, ...],
    templates: Path | None,
    store_url: str | None,
) -> None:
    from tpi_dhis2.store.partnerships import partnerships
    from tpi_dhis2.store.store import Store

    if bool(partnership) == all_of_them:
        raise click.UsageError("Name one partnership, or give --all.")
    with Store.open(store_url, reading=True) as store:
        known = partnerships(store)
    if not known:
        raise UsageError("The store has no partnerships.", "Run 'tpi-dhis2 sync pull' first.")
    chosen = known if all_of_them else [find(known, partnership or "")]
    for one in chosen:
        for path in write(document, one, out, formats or _FORMATS, templates):
            click.echo(path)


def find(known: list[Partnership], name: str) -> Partnership:
    """The one partnership that a name, code, UID or part of a name means; UsageError when none or several do."""
    exact = [p for p in known if name in (p.uid, p.text("code"), p.name)]
    found = exact or [p for p in known if name.casefold() in p.name.casefold()]
    if len(found) == 1:
        return found[0]
    names = "; ".join(p.name for p in found or known)
    raise UsageError(
        f"'{name}' means {'several partnerships' if found else 'no partnership of the store'}.",
        f"Choose one of: {names}",
    )


def write(
    document: str, partnership: Partnership, out: Path, formats: tuple[str, ...], templates: Path | None = None
) -> list[Path]:
    """Write one document in these formats; the files written, each whole or not at all."""
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.report import documents

    make = documents.action_plan if document == "action-plan" else documents.evaluation
    view = make(partnership, package_fields(), dt.date.today())  # noqa: DTZ011 - the day where it is printed
    paths = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for form in formats:
            path = out / f"{slug(partnership)}-{document}.{form}"
            write_text(path, documents.render(view, form, templates))
            paths.append(path)
    except OSError as error:
        raise UsageError(f"{out} cannot be written to.", "Name another folder with --out.", str(error)) from error
    return paths


def slug(partnership: Partnership) -> str:
    """A file name for a partnership: its code or name in plain letters, and enough of its UID to be the only one."""
    plain = (
        unicodedata.normalize("NFKD", partnership.text("code") or partnership.name).encode("ascii", "ignore").decode()
    )
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60]
    return words if partnership.text("code") and words else f"{words or 'partnership'}-{partnership.uid}"
