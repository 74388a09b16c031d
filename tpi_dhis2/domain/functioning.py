"""The strength and functioning of the relation, from each arm's own answers (reference: domain page 4.2, own design).

A domain's score is the mean of its answered statements when at least two of three are answered; an arm's score is the
mean of its domains when at least six of eight have one. There is no score of the partnership while one arm has not
answered: one side's view is never shown as both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tpi_dhis2.domain.records import Cycle, Record

DOMAINS = {
    letter: tuple(f"pf{number:02d}" for number in range(first, first + 3))
    for letter, first in zip("abcdefgh", range(1, 25, 3), strict=True)
}
#: The modules of the published EFFECt tool, kept beside our own statements on the same scale from 1 to 4.
EFFECT_MODULES = ("effect_1", "effect_2a", "effect_2b", "effect_2c", "effect_2d", "effect_3")
ROUNDS = ("MID_TERM", "END_OF_CYCLE", "TWELVE_MONTHS_AFTER")
LOW = 2.5
WIDE = 0.5


def mean(numbers: list[float]) -> float:
    """The arithmetic mean of at least one number."""
    return sum(numbers) / len(numbers)


def domain_score(answers: Record, letter: str) -> float | None:
    """The score of a domain (1 to 4), None when fewer than two of its three statements are answered."""
    answered = [number for key in DOMAINS[letter] if (number := answers.number(key)) is not None]
    return mean(answered) if len(answered) >= 2 else None


def domain_scores(answers: Record) -> dict[str, float]:
    """The scores of the domains that have one, by letter."""
    scores = {letter: domain_score(answers, letter) for letter in DOMAINS}
    return {letter: score for letter, score in scores.items() if score is not None}


def arm_score(answers: Record) -> float | None:
    """The score of one arm (1 to 4), None when fewer than six of eight domains have one.

    A mean of two or three whole answers is a whole number of sixths: counted in those, no third is rounded on the way.
    """
    return of_domains(domain_scores(answers))


def of_domains(scores: Mapping[str, float]) -> float | None:
    """The score of an arm from those of its domains by letter; None when there are fewer than six."""
    sixths = [round(score * 6) for score in scores.values()]
    return sum(sixths) / (len(sixths) * 6) if len(sixths) >= 6 else None


def has_answered(record: Record | None) -> bool:
    """Whether a record holds an answer of its arm: to our statements, or as the published tool has them."""
    keys = (*sum(DOMAINS.values(), ()), *EFFECT_MODULES, "effect_overall")
    return record is not None and any(record.text(key) for key in keys)


@dataclass(frozen=True)
class Functioning:
    """One round of the evaluation of the relation: what each arm answered, and what follows from both."""

    round: str
    host: Record | None = None
    partner: Record | None = None

    @property
    def both(self) -> bool:
        """Whether both arms have answered."""
        return self.host is not None and self.partner is not None

    @cached_property
    def _scores(self) -> list[dict[str, float]]:
        """The domain scores of each arm that has answered, host first: much is asked of them."""
        return [domain_scores(arm) for arm in (self.host, self.partner) if arm is not None]

    @property
    def score(self) -> float | None:
        """The mean of both arms' scores; None when one is missing."""
        return _of_both([of_domains(scores) for scores in self._scores])

    @property
    def arms(self) -> int:
        """How many arms have answered (0 to 2)."""
        return has_answered(self.host) + has_answered(self.partner)

    def domain(self, letter: str) -> float | None:
        """The mean of both arms in a domain; None when one is missing."""
        return _of_both([scores.get(letter) for scores in self._scores])

    @property
    def mean_gap(self) -> float | None:
        """How far the arms are apart on average, over the domains that both have; None when there is none."""
        gaps = [abs(gap) for letter in DOMAINS if (gap := self.gap(letter)) is not None]
        return mean(gaps) if gaps else None

    def gap(self, letter: str) -> float | None:
        """Host minus partner in a domain; None when one is missing."""
        if not self.both:
            return None
        host, partner = (scores.get(letter) for scores in self._scores)
        return None if host is None or partner is None else host - partner


def _of_both(scores: list[float | None]) -> float | None:
    """The mean of what both arms have; None when one has nothing."""
    known = [score for score in scores if score is not None]
    return mean(known) if len(known) == 2 else None


def as_percent(score: float) -> float:
    """A score from 1 to 4 as a percentage of the way from the lowest to the highest."""
    return (score - 1) / 3 * 100


def rounds(cycle: Cycle) -> list[Functioning]:
    """The rounds that at least one arm has answered, in their order."""
    found: dict[str, dict[str, Record]] = {}
    for record in cycle.of("functioning"):
        arm = {"HOST": "host", "PARTNER": "partner"}.get(record.text("one_arm") or "")
        if arm:
            found.setdefault(record.text("evaluation_round") or "", {})[arm] = record
    order: Mapping[str, int] = {name: place for place, name in enumerate(ROUNDS)}
    return [Functioning(name, **found[name]) for name in sorted(found, key=lambda name: order.get(name, -1))]
