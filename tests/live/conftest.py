"""The server of the life: a sandbox of each version, or with TPI_LIVE=1 the one that the environment names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import requests

from tests.flow.conftest import VERSIONS
from tests.live.exchanges import EXCHANGES
from tests.live.life import Life, sandboxed, taken_over
from tests.live.server import ASKED
from tests.live.story import Story, story_of


@pytest.fixture(autouse=True)
def _exchanges() -> Iterator[None]:
    EXCHANGES.clear()
    with mock.patch.object(requests.Session, "request", lambda *args, **given: EXCHANGES.request(*args, **given)):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    story_of(item).hear(report.when, report.outcome, report.duration, said)
    if report.when == "call":
        report.user_properties.extend(story_of(item).measured.items())
    if report.failed and EXCHANGES.kept:
        report.sections.append(("last exchanges with the server", EXCHANGES.told()))
    return report


def pytest_terminal_summary(terminalreporter):
    """Tell what tests measured."""
    for report in terminalreporter.getreports("passed"):
        for name, measured in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name}: {measured}")


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Story:
    """What the test tells."""
    return story_of(request.node)


@pytest.fixture(params=["server"] if ASKED else VERSIONS)
def life(request: pytest.FixtureRequest, tmp_path: Path, _exchanges: None, story: Story) -> Iterator[Life]:
    """A server without the package, which is left as it was found."""
    if request.param == "server":
        yield from taken_over(tmp_path, story)
    else:
        yield from sandboxed(request.param, tmp_path, story)
