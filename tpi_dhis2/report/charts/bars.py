"""The bar chart of a needs assessment: how far each area was in place, from 0 to 4."""

from __future__ import annotations

from tpi_dhis2.report import words
from tpi_dhis2.report.charts import svg
from tpi_dhis2.report.charts.axes import Scale
from tpi_dhis2.report.charts.svg import Svg
from tpi_dhis2.report.views.impact import Needs

_TOP, _HIGHEST = 26, 4


def bars(needs: Needs) -> Svg:
    """The chart for a wide page and for a phone; on the phone the names stand above their bars."""
    return Svg(_drawn(needs, 680, narrow=False) + _drawn(needs, 330, narrow=True))


def _drawn(needs: Needs, width: float, *, narrow: bool) -> str:
    row = 38.0 if narrow else 24.0
    scale = Scale(0, _HIGHEST, 4 if narrow else 270, width - 40)
    height = _TOP + row * len(needs.scores) + 4
    parts = _axis(scale, height)
    for place, score in enumerate(needs.scores):
        top = _TOP + row * place + (18 if narrow else 5)
        parts.append(svg.text(0, top - 4 if narrow else top + 11, score.name))
        long = max(scale.at(score.value) - scale.start, 2)
        parts.append(svg.element("rect", x=scale.start, y=top, width=long, height=14, fill=svg.ACCENT))
        value = words.number(score.value) or ""
        parts.append(svg.text(scale.start + long + 7, top + 11, value, font_weight="600"))
    name = f"Needs assessment, {needs.round or words.NOT_RECORDED}: scores from 0 (not present) to 4 (fully in place)"
    says = "; ".join(f"{score.name}: {words.number(score.value)}" for score in needs.scores)
    return svg.drawing(width, height, parts, name=name, says=says, kind="narrow" if narrow else "wide")


def _axis(scale: Scale, height: float) -> list[str]:
    drawn = []
    for score in range(_HIGHEST + 1):
        x = scale.at(score)
        drawn.append(svg.line(x, _TOP - 6, x, height - 2, stroke=svg.GRID))
        drawn.append(svg.text(x, _TOP - 12, str(score), text_anchor="middle", fill=svg.MUTED, font_size=11))
    return drawn
