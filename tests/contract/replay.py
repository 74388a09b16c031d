"""The replay of all exchanges of a version against a sandbox of that version, and what it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from tests.contract import lists
from tests.contract.comparison import difference
from tests.contract.player import Player
from tests.contract.recorder import Recorder
from tests.contract.recordings import Exchange, every_exchange
from tests.contract.shape import Rules
from tpi_dhis2.sandbox.server import Sandbox, serve


@dataclass(frozen=True)
class Outcome:
    """What the comparison of one exchange found; no difference means that it agrees."""

    name: str
    difference: str | None


@dataclass(frozen=True)
class Result:
    """What a replay found: an outcome for each exchange that was sent, for each other one the line that says why not.

    ``used`` holds the exceptions that were needed.
    """

    outcomes: list[Outcome]
    outside: dict[str, lists.Line]
    used: set[lists.Line]

    @property
    def differing(self) -> dict[str, str]:
        """The differences by the name of the exchange."""
        return {each.name: each.difference for each in self.outcomes if each.difference is not None}


def replay(version: str) -> Result:
    """Replay a version; an exchange that is outside is not sent."""
    rules = Rules(lists.read("except.txt"), version)
    result = Result([], {}, rules.used)
    for exchange, expected, response in answers(version, result.outside):
        result.outcomes.append(Outcome(exchange.name, difference(exchange, expected, response, rules)))
    return result


def answers(version: str, outside: dict[str, lists.Line]) -> Iterator[tuple[Exchange, Any, requests.Response]]:
    """Each exchange that is replayed, with the body that is expected and what the sandbox answers; the others go into
    ``outside``, with the line that says why.
    """
    listed, sandbox, exchanges = lists.read("outside.txt"), Sandbox(version), every_exchange(version)
    with serve(sandbox) as url:
        player = Player(url)
        recorder = Recorder(version, sandbox, player, exchanges)
        for exchange in exchanges:
            recorder.before(exchange)
            line = lists.line_for(listed, exchange.name, version)
            if line is None:
                response = player.send(exchange)
                yield exchange, player.expected(exchange), response
            else:
                outside[exchange.name] = line
            recorder.after(exchange)
