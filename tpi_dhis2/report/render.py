"""Views to pages: jinja2 with the package's templates, or a site's own where it has put one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tpi_dhis2.report import charts, words
from tpi_dhis2.resources import folder

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKDOWN = re.compile(r"([\\`*_\[\]|~])")
_LINE_START = re.compile(r"^(#|[-+=](?=\s|$|-|=)|\d+[.)](?=\s))")


class Renderable(Protocol):
    """A view that knows the name of its template."""

    @property
    def template(self) -> str:
        """The name of its templates without the ending."""


def render_html(view: Renderable, templates: Path | None = None) -> str:
    """The view as one self-contained HTML page; every text is escaped."""
    environment = _environment(templates)
    drawings = {"run_chart": charts.run_chart, "dumbbell": charts.dumbbell, "bars": charts.bars}
    return environment.get_template(f"{view.template}.html.j2").render(view=view, **drawings)


def render_markdown(view: Renderable, templates: Path | None = None) -> str:
    """The view as Markdown; every text goes through the filter ``md``."""
    page = _environment(templates).get_template(f"{view.template}.md.j2").render(view=view)
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def markdown(value: object, absent: str = words.NOT_RECORDED) -> str:
    """A text as Markdown shows it letter for letter, on one line, so that it fits a table's cell too."""
    if value is None or value == "":
        return absent
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    lines = [_MARKDOWN.sub(r"\\\1", line.strip()) for line in text.splitlines()]
    return "<br>".join(_LINE_START.sub(r"\\\1", line) for line in lines if line) or absent


def _environment(site: Path | None) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    folders = [path for path in (site, folder("templates")) if path is not None]
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = markdown
    environment.filters["number"] = words.number
    environment.filters["signed"] = words.signed
    return environment
