"""What ``provision plan`` and ``status`` say of objects of the site that are used instead of ours."""

from __future__ import annotations

from tpi_dhis2.cli.provision import _as_json, _show
from tpi_dhis2.provision.plan import ADOPT, CREATE, UNCHANGED, Plan, Step
from tpi_dhis2.provision.state import state

REASON = "indicatorTypes: the site's own 'Per cent' (SitePercent) is used"
ADOPTED = Step("indicatorTypes", "OurPercent1", "TPI - Percentage", ADOPT, reason=REASON)


def plan(*actions):
    steps = [Step("indicators", f"Indicator{number:02}", "TPI - Met", action) for number, action in enumerate(actions)]
    return Plan("https://dhis2.example.org", "2.42.4.1", "1.0.0", "digest", [ADOPTED, *steps], None)


def test_what_is_adopted_is_shown_with_the_reason_and_counted(capsys):
    _show(plan(CREATE), show_all=False)
    shown = capsys.readouterr().out
    assert f"= indicatorTypes TPI - Percentage\n    {REASON}\n" in shown
    assert "adopted" in shown


def test_what_is_adopted_stands_in_the_json():
    told = _as_json(plan(CREATE))
    assert told["counts"] == {"adopted": 1, "create": 1}
    assert told["steps"][0] == {
        "type": "indicatorTypes", "id": "OurPercent1", "name": "TPI - Percentage", "action": "adopted", "changes": [],
        "reason": REASON,
    }  # fmt: skip


def test_a_server_that_has_only_what_is_adopted_has_no_package():
    assert state(plan(CREATE, CREATE)).word == "not installed"
    assert state(plan(CREATE, UNCHANGED)).word == "damaged"


def test_nothing_is_to_be_done_for_what_is_adopted():
    assert "it is complete, and no record says so" in state(plan(UNCHANGED)).why
    assert plan(UNCHANGED).bundle() == {}
