"""What ``provision plan`` and ``status`` say, as text, JSON and Markdown."""

from __future__ import annotations

import pytest

from tpi_dhis2.cli.plan_text import show
from tpi_dhis2.provision.compare import Change
from tpi_dhis2.provision.installed import Installed
from tpi_dhis2.provision.page import markdown
from tpi_dhis2.provision.saved import as_json
from tpi_dhis2.provision.state import state
from tpi_dhis2.provision.steps import ADOPT, CLASH, CREATE, KEEP, REMOVE, SITE, UNCHANGED, UPDATE, Plan, Step

REASON = "indicatorTypes: the site's own 'Per cent' (SitePercent) is used"
ADOPTED = Step("indicatorTypes", "OurPercent1", "TPI - Percentage", ADOPT, reason=REASON)


def recorded(version="1.0.0", digest="digest", dhis2="2.42.4.1"):
    return Installed(version, digest, dhis2, "2026-11-25T10:00:00+00:00", "admin")


def plan(*actions, installed=None):
    steps = [Step("indicators", f"Indicator{number:02}", "TPI - Met", action) for number, action in enumerate(actions)]
    return Plan("https://dhis2.example.org", "system", "2.42.4.1", "1.0.0", "digest", [ADOPTED, *steps], installed)


def test_what_is_adopted_is_shown_with_the_reason_and_counted(capsys):
    show(plan(CREATE), show_all=False)
    shown = capsys.readouterr().out
    assert f"= indicatorTypes TPI - Percentage\n    {REASON}\n" in shown
    assert "adopted" in shown


def test_what_is_adopted_stands_in_the_json():
    told = as_json(plan(CREATE))
    assert told["counts"] == {"adopted": 1, "create": 1}
    assert told["steps"][0] == {
        "type": "indicatorTypes", "id": "OurPercent1", "name": "TPI - Percentage", "action": "adopted", "changes": [],
        "reason": REASON,
    }  # fmt: skip


def test_what_stands_in_the_way_is_shown_whole_before_the_first_of_the_rest(capsys):
    show(plan(CREATE, CREATE, CREATE, CREATE, CLASH, CLASH, CLASH, CLASH), show_all=False)
    lines = [line[0] for line in capsys.readouterr().out.splitlines() if "indicators TPI - Met" in line]
    assert lines == ["!"] * 4 + ["+"] * 3


@pytest.mark.parametrize(
    ("actions", "installed", "word", "why"),
    [
        ((CREATE, CREATE), None, "not installed", "nothing of the package"),
        ((CREATE, UNCHANGED), None, "damaged", "1 objects differ, and no record"),
        ((UNCHANGED,), None, "damaged", "no record says so"),
        ((UNCHANGED,), recorded(), "up to date", "as the package says"),
        ((UNCHANGED, UPDATE, CREATE), recorded(), "damaged", "2 objects differ"),
        ((CREATE,), recorded(), "damaged", "none of its objects is there"),
        ((UNCHANGED, UPDATE), recorded("0.9.9"), "older", "0.9.9 is recorded"),
        ((UNCHANGED, UPDATE), recorded("0.10.0"), "older", "0.10.0 is recorded"),
        ((UNCHANGED, UPDATE), recorded("1.0.1"), "newer", "1.0.1 is recorded"),
        ((UNCHANGED, UPDATE), recorded("10.0.0"), "newer", "10.0.0 is recorded"),
        (
            (UNCHANGED, UPDATE),
            recorded(digest="other", dhis2="2.41.5"),
            "older",
            "for DHIS2 2.41, and the server",
        ),
        ((UNCHANGED, UPDATE), recorded(digest="other"), "older", "another build of version 1.0.0"),
    ],
)
def test_the_state_is_one_of_five_words_with_the_reason(actions, installed, word, why):
    found = state(plan(*actions, installed=installed))
    assert found.word == word
    assert why in found.why


def test_nothing_is_to_be_sent_for_what_is_adopted():
    assert plan(UNCHANGED).bundle() == {}


def test_a_page_for_a_board_says_what_happens_to_each_object_and_nothing_breaks_its_marks():
    steps = [
        Step("dataElements", "Element0001", "TPI - *Area* | <b>", UPDATE, [Change("name", "Old `x`\nname", "New")]),
        Step("maps", "MapMapMap01", "TPI - Map", REMOVE, reason="maps: 'TPI - Map' is no longer part of the package"),
        Step("options", "Option00001", "Late", KEEP, reason="options: kept"),
        Step("programRules", "SiteRule001", "Ours", SITE),
    ]
    page = markdown(Plan("https://x.org", "s", "2.42.4.1", "1.0.0", "digest", steps, recorded("0.9.0")))
    assert "- TPI - \\*Area\\* \\| \\<b\\> (`Element0001`)" in page
    assert "  - `name`: `Old 'x' name` → `New`" in page
    heads = [line for line in page.splitlines() if line.startswith("## ")]
    assert [head.split(" (")[0] for head in heads] == [
        "## Changed", "## Removed", "## Given up by the package and kept on the server",
        "## The site's own in or beside the program: not touched", "## Not touched",
    ]  # fmt: skip
    assert "version 0.9.0" in page
