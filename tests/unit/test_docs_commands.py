"""The pages name only commands, options and places that there are; what the sync can be told stands on its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from tests.live.run import live
from tpi_dhis2.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SYNC = ROOT / "docs" / "sync.md"
TOOL = "tpi-dhis2"
#: Options of other programs that the pages name.
OTHERS = {"--basetemp", "--log"}
#: The script whose options are not those of a command.
LIVE = "scripts/live"
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_VERB = re.compile(r"[a-z][a-z-]*")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_TAKES = re.compile(r"([^.;:]*) take ([^.;:]*)")


def options(command: click.Command) -> set[str]:
    return {"--help", *(option for param in command.params for option in param.opts if option.startswith("--"))}


@cache
def commands() -> dict[tuple[str, ...], click.Command]:
    """Every command by its words."""
    context, found = click.Context(cli), {(): cli}
    for noun in cli.list_commands(context):
        command = found[(noun,)] = cli.get_command(context, noun) or cli
        if isinstance(command, click.Group):
            verbs = {verb: command.get_command(context, verb) for verb in command.list_commands(context)}
            found |= {(noun, verb): each for verb, each in verbs.items() if each}
    return found


def snippets(page: Path) -> Iterator[str]:
    """What a page shows as code: lines of blocks without their comments, and spans in its text."""
    text = page.read_text("utf-8")
    for block in _FENCED.findall(text):
        yield from (line.split(" #")[0].strip() for line in block.splitlines())
    yield from (" ".join(span.split()) for span in _SPAN.findall(_FENCED.sub("", text)))


def is_known(snippet: str) -> bool:
    """Whether what looks like one of our commands, or like options of one, is that."""
    words = snippet.removeprefix(f"{TOOL} ").split()
    given = set(_OPTION.findall(snippet)) - OTHERS
    if words[0] == LIVE or (words[0].startswith("--") and given <= options(live)):
        return given <= options(live)
    return any(given <= options(commands()[meant]) for meant in meanings(snippet, words))


def meanings(snippet: str, words: list[str]) -> list[tuple[str, ...]]:
    """The commands that a snippet may be of: by noun and verb, by a verb alone, or any when it names options only."""
    if (words[0],) in commands():
        is_group = isinstance(commands()[(words[0],)], click.Group)
        names_verb = is_group and len(words) > 1 and _VERB.fullmatch(words[1]) is not None
        meant = tuple(words[:2]) if names_verb else (words[0],)
        return [each for each in commands() if each == meant]
    if snippet.startswith(TOOL):
        return [()]
    return [each for each in commands() if words[0] in each] or list(commands())


def is_ours(snippet: str) -> bool:
    """Whether a snippet claims to be of our command line."""
    first = snippet.split(" ")[0]
    words = {word for each in commands() for word in each}
    return first in (*words, LIVE) or first.startswith("--") or snippet.startswith(f"{TOOL} ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_commands_and_options_that_there_are(page: Path) -> None:
    assert [snippet for snippet in snippets(page) if snippet and is_ours(snippet) and not is_known(snippet)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "tpi-dhis2 sync pusch",
        "tpi-dhis2 sync push --quick",
        "sync resolve UID --keep here",
        "--nothing",
        "scripts/live URL --take here",
        "--keep --nothing",
    ],
)
def test_what_there_is_not_is_found(wrong: str) -> None:
    assert is_ours(wrong)
    assert not is_known(wrong)


def of_sync() -> dict[str, set[str]]:
    """The options of each command of the sync, without those that every connection has."""
    shared = options(commands()[("doctor",)]) | {"--store", "--json"}
    return {words[1]: options(each) - shared for words, each in commands().items() if words[:1] == ("sync",) != words}


def test_every_option_of_the_live_suite_is_explained() -> None:
    told = set(_OPTION.findall((ROOT / "docs" / "live.md").read_text("utf-8")))
    assert options(live) - told - {"--help", "--verbose"} == set()


def test_every_command_and_option_of_the_sync_is_explained() -> None:
    text = SYNC.read_text("utf-8")
    assert [verb for verb in of_sync() if f"{TOOL} sync {verb}" not in text] == []
    told = set(_OPTION.findall(text + (ROOT / "docs" / "analysts.md").read_text("utf-8")))
    assert set().union(*of_sync().values()) - told == set()


def test_which_commands_of_the_sync_take_an_option_is_as_the_page_says() -> None:
    text = " ".join(_FENCED.sub("", SYNC.read_text("utf-8")).split())
    said: dict[str, set[str]] = {}
    for before, after in _TAKES.findall(text):
        takers = of_sync().keys() & set(_SPAN.findall(before))
        said |= dict.fromkeys(_OPTION.findall(after) if takers else [], takers)
    assert said.keys() >= {"--org-unit", "--partnership", "--dry-run", "--json", "--since", "--whole"}
    taken = {
        option: {verb for verb in ("pull", "push", "run") if option in options(commands()["sync", verb])}
        for option in said
    }
    assert taken == said


# Links --------------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The names by which headings of a page are linked to."""
    titles = _HEADING.findall(_FENCED.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def leads_nowhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name) if name else page
    return not target.exists() or (bool(anchor) and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(_FENCED.sub("", page.read_text("utf-8"))) if "://" not in link]
    assert [link for link in links if leads_nowhere(page, link)] == []


def test_every_page_is_named_in_the_readme() -> None:
    links = {link.partition("#")[0] for link in _LINK.findall(PAGES[0].read_text("utf-8"))}
    assert {f"docs/{page.name}" for page in PAGES[1:]} - links == set()
