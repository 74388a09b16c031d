"""What the tests tell of a server, step by step: for the report, and for whoever watches.

A story is a test whose steps are functions in the order in which they are called; what a step demands stands in its
docstring. A step that skips (``pytest.skip``) is left out with its reason, and the story goes on; one
that fails ends it, and those behind it were not reached.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.live.exchanges import EXCHANGES, Exchange, masked, now
from tpi_dhis2.errors import TpiError

PASSED, FAILED, SKIPPED, STOPPED, NOT_REACHED = "passed", "failed", "skipped", "stopped", "not reached"
#: All stories of a run, in their order.
STORIES: list[Story] = []
_TESTS = Path(__file__).parents[1]


@dataclass
class Step:
    """One step: what it demands, when it began, what came of it in how many seconds, and why.

    Of one that failed, the exchanges of its story are kept.
    """

    name: str
    demands: str = ""
    outcome: str = NOT_REACHED
    seconds: float = 0.0
    said: str = ""
    began: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    @classmethod
    def of(cls, act: Callable[..., Any]) -> Step:
        """The step that a function takes."""
        return cls(in_words(act.__name__), _demands(act))

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take the step, and note how it ended; what it skips is over, what fails goes on up."""
        self.began, began = now(), time.monotonic()
        try:
            yield
            self.outcome = PASSED
        except pytest.skip.Exception as reason:
            self.outcome, self.said = SKIPPED, str(reason)
        except BaseException as error:
            self.fail(why(error), STOPPED if isinstance(error, KeyboardInterrupt) else FAILED)
            raise
        finally:
            self.seconds = time.monotonic() - began
            print(self)  # noqa: T201 - for whoever watches

    def fail(self, said: str, outcome: str = FAILED) -> None:
        """Note that it did not come to its end, and what the server said last."""
        self.outcome, self.said, self.exchanges = outcome, masked(said), list(EXCHANGES.kept)

    def __str__(self) -> str:
        reason = f" ({self.said})" if self.outcome == SKIPPED else ""
        return f"  {self.outcome:8} {self.seconds:7.1f} s  {self.name}{reason}"


@dataclass
class Story:
    """A test, what it demands and its steps; ``measured`` is what it found out of times and numbers."""

    name: str
    demands: str = ""
    steps: list[Step] = field(default_factory=list)
    measured: dict[str, str] = field(default_factory=dict)

    def tell(self, *acts: Callable[..., Any], to: Any) -> None:
        """Take the steps in their order, each with ``to``; all of them are known before the first is taken."""
        steps = [self.begin(act) for act in acts]
        for step, act in zip(steps, acts, strict=True):
            with step.taken():
                act(to)

    def begin(self, act: Callable[..., Any]) -> Step:
        """A new step at the end."""
        return self._add(Step.of(act))

    def _add(self, step: Step) -> Step:
        if not self.steps:
            print(f"\n{self.name}")  # noqa: T201 - for whoever watches
        self.steps.append(step)
        return step

    @property
    def has_failed(self) -> bool:
        """Whether a step failed."""
        return any(step.outcome == FAILED for step in self.steps)

    def hear(self, phase: str, outcome: str, seconds: float, said: str) -> None:
        """What pytest says of the test: what no step has told yet becomes one."""
        if (phase == "call" and not self.steps) or (outcome != PASSED and not self._is_told(outcome)):
            step = self.whole if phase == "call" else Step(phase)
            step.outcome, step.seconds, step.said = outcome, seconds, masked(said)
            step.exchanges = list(EXCHANGES.kept) if outcome == FAILED else []
            print(self._add(step))  # noqa: T201 - for whoever watches

    @property
    def whole(self) -> Step:
        """All of it as one step, of which nothing is known yet."""
        return Step(self.name, self.demands)

    def _is_told(self, outcome: str) -> bool:
        return any(step.outcome in (outcome, STOPPED) for step in self.steps)


def story_of(item: pytest.Item) -> Story:
    """The story that a test tells."""
    if _OF not in item.stash:
        function = getattr(item, "function", None)
        item.stash[_OF] = Story(in_words(item.name), _demands(function))
        STORIES.append(item.stash[_OF])
    return item.stash[_OF]


_OF = pytest.StashKey[Story]()


def _demands(act: Any) -> str:
    return " ".join((act.__doc__ or "").split())


def in_words(name: str) -> str:
    """A function's name as words."""
    return name.removeprefix("test_").partition("[")[0].replace("_", " ")


def why(error: BaseException) -> str:
    """What went wrong, what to do, what the server said, and where in the tests it came up."""
    more = [error.advice, error.detail] if isinstance(error, TpiError) else []
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_TESTS)
    ]
    places = [f"at tests/{Path(frame.filename).relative_to(_TESTS)}:{frame.lineno}: {frame.line}" for frame in frames]
    return "\n".join(filter(None, [f"{type(error).__name__}: {error}", *more, *reversed(places)]))
