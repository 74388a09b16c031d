"""The sandbox answers as the recorded servers did, but for what the two lists beside this file name."""

from __future__ import annotations

import pytest

from tests.contract import replay

pytestmark = pytest.mark.skipif(
    not replay.RECORDINGS.exists(), reason=f"the recordings of real servers are not at {replay.RECORDINGS}"
)


@pytest.mark.parametrize("version", replay.VERSIONS)
def test_the_sandbox_agrees_with_the_recorded_server(version: str) -> None:
    differs = {name for name, (versions, _reason) in replay.listed("differs.txt").items() if version in versions}
    outcomes = replay.replay(version, replay.listed("outside.txt"))
    differing = {each.name: each.difference for each in outcomes if each.difference is not None}
    unexpected = {name: text for name, text in differing.items() if name not in differs}
    healed = sorted(differs - set(differing))
    assert unexpected == {}, "differ from the recordings and are not on differs.txt"
    assert healed == [], "agree by now: take them off differs.txt"


def test_every_exchange_on_the_lists_is_recorded_and_has_a_reason() -> None:
    known = {exchange.name for version in replay.VERSIONS for exchange in replay.exchanges(version)}
    for name in ("outside.txt", "differs.txt"):
        listed = replay.listed(name)
        assert sorted(set(listed) - known) == []
        assert all(reason for _versions, reason in listed.values())
