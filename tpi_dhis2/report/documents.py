"""The documents of a partnership: build a view, then render it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tpi_dhis2.domain.records import Cycle, Partnership
from tpi_dhis2.errors import UsageError
from tpi_dhis2.report import render as rendering
from tpi_dhis2.report.views import action_plan as plans
from tpi_dhis2.report.views import evaluation as evaluations
from tpi_dhis2.report.views.action_plan import ActionPlan
from tpi_dhis2.report.views.common import Reader, chosen
from tpi_dhis2.report.views.evaluation import Evaluation
from tpi_dhis2.report.words import Labels

View = ActionPlan | Evaluation


def action_plan(partnership: Partnership, labels: Labels, today: dt.date, cycle: Cycle | None = None) -> ActionPlan:
    """The action plan of a cycle, the latest one unless another is asked for."""
    return plans.build(Reader(labels, today), partnership, chosen(partnership, cycle))


def evaluation(partnership: Partnership, labels: Labels, today: dt.date, cycle: Cycle | None = None) -> Evaluation:
    """The evaluation summary of a cycle, the latest one unless another is asked for."""
    return evaluations.build(Reader(labels, today), partnership, chosen(partnership, cycle))


def render(view: View, form: str, templates: Path | None = None) -> str:
    """The document as ``html`` or ``md``; templates in the folder given come before the package's own.

    UsageError when a template of that folder has a mistake.
    """
    forms = {"html": rendering.render_html, "md": rendering.render_markdown}
    if form not in forms:
        raise ValueError(f"'{form}' is not a form of document; choose html or md")
    from jinja2 import TemplateError

    try:
        return forms[form](view, templates)
    except TemplateError as error:
        if templates is None:
            raise  # a mistake of ours, not of the site
        name, line = getattr(error, "name", None), getattr(error, "lineno", None)
        place = f" {name}, line {line}" if name and line else ""
        raise UsageError(
            f"A template cannot be used{place}: {error}.", "Mend it, or leave out --templates.", repr(error)
        ) from error
