"""How the relation works, each arm by its own answers: scores of domains only, never single statements."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.domain import functioning
from tpi_dhis2.domain.functioning import DOMAINS, EFFECT_MODULES, LOW, WIDE, Functioning
from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views.common import Reader


@dataclass(frozen=True)
class Domain:
    """A domain as both arms see it; None is no score, and a gap needs two."""

    name: str
    host: float | None
    partner: float | None
    gap: float | None

    @property
    def low(self) -> bool:
        """Whether an arm scores it so low that it should be worked on."""
        return any(score is not None and score < LOW for score in (self.host, self.partner))

    @property
    def wide(self) -> bool:
        """Whether the arms differ so much that they should talk about it."""
        return self.gap is not None and abs(self.gap) >= WIDE


@dataclass(frozen=True)
class Published:
    """A score of the EFFECt tool as each arm's record states it, a trailing zero kept."""

    name: str
    host: str | None
    partner: str | None


@dataclass(frozen=True)
class Relation:
    """One round; ``answered`` names the arms that answered, and only both together give a score."""

    round: str
    domains: tuple[Domain, ...]
    host_score: float | None
    partner_score: float | None
    score: float | None
    score_percent: str | None
    standing: str
    one_side: bool
    host_date: str | None
    partner_date: str | None
    wishes: tuple[str | None, str | None]
    published: tuple[Published, ...]


def relations(reader: Reader, cycle: Cycle) -> tuple[Relation, ...]:
    """The rounds in which at least one arm answered."""
    return tuple(_relation(reader, found) for found in functioning.rounds(cycle))


def _relation(reader: Reader, found: Functioning) -> Relation:
    host, partner = _answers(found.host), _answers(found.partner)
    score = found.score
    return Relation(
        round=reader.labels.show("evaluation_round", found.round or None) or f"round {words.NOT_RECORDED}",
        domains=_domains(reader, found) if host or partner else (),
        host_score=functioning.arm_score(found.host) if found.host else None,
        partner_score=functioning.arm_score(found.partner) if found.partner else None,
        score=score,
        score_percent=None if score is None else words.percent(functioning.as_percent(score)),
        standing=_standing(host=host, partner=partner, score=score, published=_published(reader, found)),
        one_side=host != partner,
        host_date=words.date(found.host.date) if found.host and host else None,
        partner_date=words.date(found.partner.date) if found.partner and partner else None,
        wishes=(reader.text(found.host, "pf_wish"), reader.text(found.partner, "pf_wish")),
        published=_published(reader, found),
    )


def _answers(record: Record | None) -> bool:
    return record is not None and bool(functioning.domain_scores(record))


def _standing(*, host: bool, partner: bool, score: float | None, published: tuple[Published, ...]) -> str:
    told = _answered(host=host, partner=partner, score=score)
    return f"{_effect(published[-1])} {told}" if published else told


def _effect(overall: Published) -> str:
    said = ", ".join(
        f"{arm} arm {value}" for arm, value in (("host", overall.host), ("partner", overall.partner)) if value
    )
    return f"EFFECt scores are recorded as published{f' (overall: {said})' if said else ''}."


def _answered(*, host: bool, partner: bool, score: float | None) -> str:
    if not host and not partner:
        return "No answers to this tool's own statements are recorded, so there is no partnership score."
    if host != partner:
        there, missing = ("host", "partner") if host else ("partner", "host")
        return (
            f"One side only: answers of the {there} arm are recorded, none of the {missing} arm. "
            "There is no partnership score."
        )
    if score is None:
        return (
            "Answers of both arms are recorded, but those of at least one cover fewer than six of eight domains: "
            "there is no partnership score."
        )
    return f"Answers of both arms are recorded. Partnership score {words.number(score)} of 4."


def _domains(reader: Reader, found: Functioning) -> tuple[Domain, ...]:
    return tuple(
        Domain(
            name=reader.labels.label(f"pf_{letter}").partition(" (")[0],
            host=functioning.domain_score(found.host, letter) if found.host else None,
            partner=functioning.domain_score(found.partner, letter) if found.partner else None,
            gap=found.gap(letter),
        )
        for letter in DOMAINS
    )


def _published(reader: Reader, found: Functioning) -> tuple[Published, ...]:
    rows = [
        Published(reader.labels.label(key), reader.number(found.host, key), reader.number(found.partner, key))
        for key in (*EFFECT_MODULES, "effect_overall")
    ]
    return tuple(rows) if any(row.host or row.partner for row in rows) else ()
