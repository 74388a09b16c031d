"""The dumbbell chart: how each arm sees the domains of the relation, and how far apart they are."""

from __future__ import annotations

from tpi_dhis2.domain.functioning import LOW
from tpi_dhis2.report import words
from tpi_dhis2.report.charts import svg
from tpi_dhis2.report.charts.axes import Scale
from tpi_dhis2.report.charts.svg import Svg
from tpi_dhis2.report.views.relation import Domain, Relation

_TOP = 44


def dumbbell(relation: Relation) -> Svg:
    """The chart for a wide page and for a phone; on the phone the names stand above their rows."""
    return Svg(_drawn(relation, 680, narrow=False) + _drawn(relation, 330, narrow=True))


def _drawn(relation: Relation, width: float, *, narrow: bool) -> str:
    row = 46.0 if narrow else 34.0
    scale = Scale(1, 4, 14 if narrow else 230, width - (130 if narrow else 150))
    height = _TOP + row * len(relation.domains) + 6
    parts = _axis(scale, height)
    for place, domain in enumerate(relation.domains):
        y = _TOP + row * place + (30 if narrow else 17)
        parts.extend(_row(domain, scale, y, narrow=narrow))
    name = f"Functioning of the relation, {relation.round}"
    return svg.drawing(width, height, parts, name=name, says=told(relation), kind="narrow" if narrow else "wide")


def told(relation: Relation) -> str:
    """The chart in words."""
    return "; ".join(
        f"{domain.name}: host {_score(domain.host)}, partner {_score(domain.partner)}{_flag(domain)}"
        for domain in relation.domains
    )


def _score(score: float | None) -> str:
    return words.number(score) or "no score"


def _flag(domain: Domain) -> str:
    flags = [name for name, on in (("low", domain.low), ("wide", domain.wide)) if on]
    return f" ({', '.join(flags)})" if flags else ""


def _axis(scale: Scale, height: float) -> list[str]:
    drawn = []
    for score in (1, 2, 3, 4):
        x = scale.at(score)
        drawn.append(svg.line(x, _TOP - 8, x, height - 4, stroke=svg.GRID))
        drawn.append(svg.text(x, _TOP - 14, str(score), text_anchor="middle", fill=svg.MUTED, font_size=11))
    x = scale.at(LOW)
    drawn.append(svg.line(x, _TOP - 8, x, height - 4, stroke=svg.MUTED, stroke_dasharray="3 4"))
    label = f"low: under {words.number(LOW)}"
    drawn.append(svg.text(x, 12, label, text_anchor="middle", fill=svg.MUTED, font_size=11))
    return drawn


def _row(domain: Domain, scale: Scale, y: float, *, narrow: bool) -> list[str]:
    drawn = [svg.text(0, y - 13 if narrow else y + 4, domain.name, **svg.HALO)]
    places = [scale.at(score) for score in (domain.host, domain.partner) if score is not None]
    if len(places) == 2:
        drawn.append(svg.line(places[0], y, places[1], y, stroke=svg.MUTED, stroke_width=4 if domain.wide else 2))
    if domain.host is not None:
        drawn.append(svg.circle(scale.at(domain.host), y))
    if domain.partner is not None:
        drawn.append(svg.diamond(scale.at(domain.partner), y))
    drawn.append(svg.text(scale.end + 16, y + 4, _beside(domain), font_size=11, **_weight(domain)))
    return drawn


def _beside(domain: Domain) -> str:
    if not [score for score in (domain.host, domain.partner) if score is not None]:
        return "no score"
    gap = "one side only" if domain.gap is None else f"{words.signed(domain.gap)}"
    return gap + _flag(domain)


def _weight(domain: Domain) -> dict[str, str | float]:
    return {"font_weight": "600"} if domain.low or domain.wide else {"fill": svg.MUTED}
