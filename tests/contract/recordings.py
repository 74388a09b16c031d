"""The recorded exchanges with real servers, when they are at hand (``../shared/recordings`` beside the repository)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

VERSIONS = ("2.40", "2.41", "2.42", "2.43")
ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
needs_recordings = pytest.mark.skipif(not ROOT.is_dir(), reason="the recordings of real servers are not at hand")


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
