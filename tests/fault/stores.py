"""A process of its own that opens a store and fails as the command line does."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from tests.fault.servers import ROOT, Ran, environment

FAILED = 1
_RUN = """
import resource, sys
from tests.one_item import item
from tpi_dhis2.cli.common import fail
from tpi_dhis2.errors import TpiError
from tpi_dhis2.store import lock
from tpi_dhis2.store.store import Store
{before}
try:
    with Store.open(sys.argv[1]) as store:
        pass
{inside}
except TpiError as error:
    fail(str(error), error.advice, error.detail)
"""


def run_on(store_url: str, before: str = "", inside: str = "") -> Ran:
    """Open a store in another process; ``before`` and ``inside`` are lines of Python."""
    script = _RUN.format(before=before, inside=textwrap.indent(inside, " " * 8))
    command = [sys.executable, "-c", script, store_url]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    return Ran(done.returncode, done.stdout, done.stderr)
