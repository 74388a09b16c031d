"""DHIS2's own expression parser (npm ``@dhis2/expression-parser``), run by Node.js like the rule engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.rules.engine import ENVIRONMENT, installed

PARSER = "@dhis2/expression-parser@1.1.0"
RUNNER = Path(__file__).with_name("parse.mjs")
PROGRAM_INDICATOR, INDICATOR = "PROGRAM_INDICATOR_EXPRESSION", "INDICATOR_EXPRESSION"
CONDITION = "RULE_ENGINE_CONDITION"


def faults(expressions: list[tuple[str, str]]) -> list[str]:
    """What the parser says against each expression of (mode, text); empty where it takes it."""
    where = installed(PARSER)
    done = subprocess.run(  # noqa: S603
        [str(shutil.which("node")), str(RUNNER), str(where)],
        input=json.dumps(expressions), capture_output=True, text=True, timeout=120, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found
