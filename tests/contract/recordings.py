"""The recorded exchanges with real servers, when they are at hand (``../shared/recordings`` beside the repository)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

VERSIONS = ("2.40", "2.41", "2.42", "2.43")
ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
needs_recordings = pytest.mark.skipif(not ROOT.is_dir(), reason="the recordings of real servers are not at hand")
#: All scenarios in the order in which they were recorded; each goes on from what the one before has left.
SCENARIOS = ("session", "metadata-read-empty", "metadata-import", "metadata-read", "tracker-import", "tracker-export",
             "tracker-export-old-names", "analytics", "delete-uninstall", "final-data", "analytics-final")  # fmt: skip


@dataclass(frozen=True)
class Exchange:
    """One recorded exchange."""

    scenario: str
    slug: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.scenario}/{self.slug}"

    @property
    def request(self) -> dict[str, Any]:
        return self.content["request"]

    @property
    def response(self) -> dict[str, Any]:
        return self.content["response"]


def every_exchange(version: str) -> list[Exchange]:
    """All exchanges of a version in the order of the recording; a slug that comes again gets a number."""
    found = []
    for scenario in SCENARIOS:
        seen: dict[str, int] = {}
        for each in exchanges(version, scenario):
            count = seen[each["slug"]] = seen.get(each["slug"], 0) + 1
            found.append(Exchange(scenario, each["slug"] if count == 1 else f"{each['slug']}#{count - 1}", each))
    return found


def exchanges(version: str, scenario: str, slug: str = "") -> list[dict[str, Any]]:
    """The exchanges of a scenario whose slug begins so, in order; request bodies read from where they are kept."""
    found = []
    for path in sorted((ROOT / version / scenario).glob("*.json")):
        if path.stem[4:].startswith(slug):
            exchange = json.loads(path.read_text(encoding="utf-8"))
            body = exchange["request"]["body"]
            if isinstance(body, dict) and "$body" in body:
                exchange["request"]["body"] = _body(body["$body"])
            found.append({**exchange, "slug": path.stem[4:]})
    return found


@cache
def _body(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))
