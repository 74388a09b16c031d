"""What the sandbox says of program rules on import is what the recorded servers said: codes, objects and words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.recordings import VERSIONS, needs_recordings
from tests.contract.replay import answers

pytestmark = needs_recordings

OF_RULES = {"E1300", "E1301", "E1306", "E1307", "E1308", "E1309", "E1310", "E1314", "E1317"}
Said = set[tuple[str, str, str, str]]


def said(body: Any) -> Said:
    """What a report says of rules: whether error or warning, code, object, words."""
    report = body.get("validationReport") if isinstance(body, dict) else None
    found = [("error", each["errorCode"], each) for each in (report or {}).get("errorReports") or []]
    found += [("warning", each["warningCode"], each) for each in (report or {}).get("warningReports") or []]
    return {(kind, code, each["uid"], each["message"]) for kind, code, each in found if code in OF_RULES}


@pytest.mark.parametrize("version", VERSIONS)
def test_rules_say_what_the_recorded_servers_said(version: str) -> None:
    codes: set[str] = set()
    for exchange, expected, response in answers(version, {}):
        if exchange.content["request"]["path"].endswith("/tracker"):
            recorded = said(expected)
            assert said(response.json()) == recorded, exchange.name
            codes |= {code for _, code, *_ in recorded}
    assert codes == OF_RULES - {"E1317"}, "which no server was asked for"
