"""The training of docs/training.md as a person would do it, and what its sandboxes are filled with."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.fault.servers import ROOT, tpi
from tests.unit.test_sandbox_kept import address, process

GUIDE = ROOT / "docs" / "training.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
#: These ask a person, who agrees.
ASKS = {"apply", "rollback", "uninstall", "assign"}
PASSWORD = "Training-2026"
VERSIONS = ["2.40", "2.41", "2.43"]


def lines() -> Iterator[tuple[str, str]]:
    """What the page tells to do, in its order: files to save with their text, and lines with what they should show."""
    for kind, block in _BLOCK.findall(GUIDE.read_text("utf-8")):
        if kind == "yaml":
            yield "save", block
        else:
            for line in block.splitlines():
                said, _, shown = line.partition(" #")
                yield said.strip(), shown.strip()


def one_line(text: str) -> str:
    return " ".join(text.split())


class Trainee:
    """A person with a terminal: an empty folder, an environment, sandboxes that are served elsewhere."""

    def __init__(self, opened: ExitStack):
        self.opened = opened
        self.env: dict[str, str] = {}
        self.served: dict[str, str] = {}
        self.done = 0

    def follow(self, said: str, shown: str) -> None:
        words = said.split()
        if said == "save":
            Path(shown.splitlines()[0].removeprefix("# ")).write_text(shown, encoding="utf-8")
        elif words[0] == "export":
            pairs = [word.split("=", 1) for word in words[1:]]
            self.env |= {name.removeprefix("TPI_DHIS2_").lower(): self.served.get(text, text) for name, text in pairs}
        elif words[:3] == ["tpi-dhis2", "sandbox", "serve"]:
            self.serve(words[3:], shown)
        else:
            self.run(words, shown)

    def serve(self, words: list[str], shown: str) -> None:
        if "--port" in words:
            del words[words.index("--port") : words.index("--port") + 2]
        _, heard = self.opened.enter_context(process(*words))
        self.served[shown] = address(heard)

    def run(self, words: list[str], shown: str) -> None:
        assert words[0] == "tpi-dhis2"
        ran = tpi(*words[1:], *(["--yes"] if ASKS & set(words) else []), **self.env)
        assert one_line(shown) in one_line(ran.out + ran.err), (words, ran)
        assert shown
        self.done += 1


@pytest.fixture
def at_home(tmp_path, monkeypatch) -> Path:
    """A folder of its own for what a person keeps."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_every_line_of_the_training_shows_what_it_says(at_home) -> None:
    with ExitStack() as opened:
        trainee = Trainee(opened)
        for said, shown in lines():
            trainee.follow(said, shown)
        assert trainee.done > 20
        assert len(trainee.served) == 2
        (first, _) = trainee.served.values()
        (uid,) = re.findall(r'/partnership/(\w+)">Ndaravi', requests.get(first, timeout=30).text)
        text = requests.get(f"{first}/partnership/{uid}", timeout=30).text
        assert "Agreed on the next visit." in text
        assert "2027-02-15" in text


def units(client: requests.Session, url: str) -> int:
    """How many partnerships an account sees."""
    (program,) = client.get(f"{url}/api/programs", params={"fields": "id"}, timeout=30).json()["programs"]
    params = {"program": program["id"], "orgUnitMode": "ACCESSIBLE", "fields": "trackedEntity", "pageSize": "100"}
    if client.get(f"{url}/api/system/info", timeout=30).json()["version"].startswith("2.40"):
        params = {**params, "ouMode": params.pop("orgUnitMode")}
    found = client.get(f"{url}/api/tracker/trackedEntities", params=params, timeout=30).json()
    return len(found.get("trackedEntities") or found.get("instances"))


def session(name: str) -> requests.Session:
    made = requests.Session()
    made.auth = (name, PASSWORD)
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sandbox_with_the_demo_has_accounts_of_three_kinds_and_keeps_what_it_has(at_home, version: str) -> None:
    given = ("--with-demo", "--as", version, "--file", "s.json")
    with process(*given) as (_, said):
        url = address(said)
        assert {name: units(session(name), url) for name in ("facility", "officer", "sync")} == {
            "facility": 1, "officer": 8, "sync": 17,
        }  # fmt: skip
        assert [line.split(",")[0] for line in said if line.startswith("user ")] == [
            "user admin", "user facility", "user officer", "user sync",
        ]  # fmt: skip
        assert sum(PASSWORD in line for line in said) == 3
        page = requests.get(url, timeout=30).text
        assert "enters data at Ndaravi Regional Hospital" in page
        assert "The package is installed" in page
        links = re.findall(r'href="(/partnership/\w+)"', page)
        pages = [requests.get(url + link, timeout=30) for link in links]
        assert [each.status_code for each in pages] == [200] * 17
        assert all("Cycle 1, from" in each.text for each in pages)
    with process(*given) as (_, said):
        assert "It holds something already" in said[0]
        assert units(session("sync"), address(said)) == 17


def test_a_demo_that_was_stopped_while_it_was_put_in_leaves_the_sandbox_empty(at_home) -> None:
    with process("--with-demo", "--file", "s.json", until="takes some seconds") as (served, _):
        served.send_signal(signal.SIGKILL)
        served.wait()
    with process("--with-demo", "--file", "s.json") as (_, said):
        assert units(session("officer"), address(said)) == 8
