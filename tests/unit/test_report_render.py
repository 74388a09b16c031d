"""Pages: well formed, self-contained, safe with hostile text, and never an empty place for what is absent."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.report_samples import (
    HOSTILE,
    TODAY,
    YamlLabels,
    answers,
    cycle,
    labels,
    measured,
    partnership,
    record,
    rich,
)
from tpi_dhis2.domain.records import Partnership
from tpi_dhis2.errors import UsageError
from tpi_dhis2.report import documents
from tpi_dhis2.report.documents import View

VOID = {"meta", "br", "hr", "img", "link", "input"}
DOCUMENTS = {"plan": documents.action_plan, "evaluation": documents.evaluation}


def bare() -> Partnership:
    return partnership(cycle(measured(None, value=40)))


def hostile() -> Partnership:
    """Every text field that a person fills holds markup."""
    texts = {key for key, field in labels().fields.items() if field.get("type") in ("TEXT", "LONG_TEXT")}
    filled = dict.fromkeys(texts, HOSTILE)
    kinds = ("agreement", "needs", "priority", "plan", "target", "activity", "contact", "spread", "impact")
    records = [record(kind, "2017-01-01", **filled, activity_budget=3, score_ipc=2) for kind in kinds]
    records += [
        measured(f"2017-0{n}-01", **{**filled, "measure": "OTHER", "value": n, "change_stated": 4}) for n in (1, 2)
    ]
    records.append(answers("HOST", **filled))
    return Partnership("p0000000009", {**filled, "partner_country": "GB"}, host_name=HOSTILE, cycles=(cycle(*records),))


SAMPLES = {"rich": rich, "bare": bare, "hostile": hostile, "no cycle": partnership}


def view(document: str, sample: str) -> View:
    return DOCUMENTS[document](SAMPLES[sample](), labels(), TODAY)


every_page = pytest.mark.parametrize(
    ("document", "sample"), [(document, sample) for document in DOCUMENTS for sample in SAMPLES]
)


class Page(HTMLParser):
    """Checks that elements close in order, and collects what a test asks about."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"td": [], "dd": []}
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.words += data
        for tag, found in self.inside.items():
            if tag in self.open and found:
                found[-1] += data


@every_page
def test_html_is_well_formed_and_self_contained(document: str, sample: str) -> None:
    page = Page(documents.render(view(document, sample), "html"))
    assert page.faults == []
    assert page.open == []
    assert ("html", {"lang": "en"}) in page.tags
    assert not {"script", "link", "img", "iframe", "form", "object"} & {tag for tag, _ in page.tags}
    outside = [value for _, attrs in page.tags for key, value in attrs.items() if key in ("src", "href", "xlink:href")]
    assert outside == []
    handlers = [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert handlers == []


@every_page
def test_no_place_is_left_empty_and_no_none_leaks(document: str, sample: str) -> None:
    page = Page(documents.render(view(document, sample), "html"))
    for found in page.inside.values():
        assert [text for text in found if text.strip() in ("", "-", "\N{EN DASH}", "\N{EM DASH}", "None", "nan")] == []
    assert "None" not in page.words


def test_absent_facts_read_not_recorded_and_never_zero() -> None:
    facts = Page(documents.render(view("plan", "bare"), "html")).inside["dd"]
    assert facts.count("not recorded") >= 8
    assert "0" not in facts
    data = Page(documents.render(documents.evaluation(missing(), labels(), TODAY), "html")).inside
    assert "no data" in data["dd"]
    assert "0" not in data["dd"]


def missing() -> Partnership:
    return partnership(cycle(record("target", target_no=1, measure="HH_COMPL", baseline=20, long_target=60)))


@every_page
def test_markdown_tables_have_equal_columns(document: str, sample: str) -> None:
    text = documents.render(view(document, sample), "md")
    blocks = re.split(r"\n(?!\|)", text)
    tables = [rows for block in blocks if len(rows := [row for row in block.split("\n") if row.startswith("|")]) > 1]
    assert tables or sample in ("bare", "no cycle")
    assert not re.search(r"\bNone\b", text)
    for rows in tables:
        cells = [len(re.split(r"(?<!\\)\|", row.strip())) for row in rows]
        assert len(set(cells)) == 1, rows
        assert re.fullmatch(r"[|-]+", rows[1]), "the second row is the ruler"
        assert all(cell.strip() for row in rows for cell in re.split(r"(?<!\\)\|", row)[1:-1]), rows


@pytest.mark.parametrize("document", DOCUMENTS)
def test_hostile_text_is_shown_as_text(document: str) -> None:
    html, markdown = (documents.render(view(document, "hostile"), form) for form in ("html", "md"))
    assert "<script" not in html
    assert "<script>alert" in Page(html).words
    assert "<script" not in markdown
    assert "&lt;script&gt;" in markdown
    assert "\n# heading" not in markdown
    assert "\n| a | b |" not in markdown


@pytest.mark.parametrize("form", ["html", "md"])
@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_foot_names_the_method_and_no_endorsement(document: str, form: str) -> None:
    page = documents.render(view(document, "bare"), form)
    assert "Made with tpi-dhis2 from data tracked in DHIS2 on 1 September 2018." in page
    assert "The method is WHO's Twinning Partnerships for Improvement; this document is not a WHO document." in page


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_nearly_empty_partnership_gives_one_sentence_a_section(form: str) -> None:
    plan, told = (documents.render(view(document, "bare"), form) for document in DOCUMENTS)
    for sentence in (
        "No priority is recorded",
        "No target is recorded",
        "No activity is recorded",
        "No budget is recorded",
    ):
        assert sentence in plan
    for sentence in (
        "No contact between the arms",
        "No spread is recorded",
        "No answers about how the relation works are recorded",
    ):
        assert sentence in told
    assert "40\u202f%" in told


def test_measurements_become_cards_on_a_phone_and_stay_whole_on_paper() -> None:
    few = documents.render(view("evaluation", "bare"), "html")
    many = cycle(*(measured(f"2017-0{n}-01", value=n) for n in range(1, 10)))
    long = documents.render(documents.evaluation(partnership(many), labels(), TODAY), "html")
    assert '<table class="cards whole">' in few
    assert '<table class="cards long">' in long
    for page in (few, long):
        section = page.partition("<h2>Measurements</h2>")[2].partition("</section>")[0]
        assert 'class="scroll"' not in section
        assert 'data-label="Source"' in section
        printed = page.partition("@media print")[2]
        assert re.search(r"[^}]*\.keep[^}]*\.whole[^}]*break-inside: avoid", printed)
        assert "tr:last-child { break-before: avoid; }" in printed
    plan = documents.render(view("plan", "bare"), "html")
    assert '<section class="keep">\n<h2>Signatures</h2>' in plan


@pytest.mark.parametrize("form", ["html", "md"])
def test_an_unsigned_plan_is_no_draft_and_has_lines_to_sign(form: str) -> None:
    page = documents.render(view("plan", "bare"), form)
    assert page.lower().count("no signature recorded") == 2
    assert "Draft" not in page
    assert "signed yet" not in page


def test_signature_lines_only_where_no_signature_is() -> None:
    signed, unsigned = (documents.render(view("plan", sample), "html") for sample in ("rich", "bare"))
    assert signed.count('class="sign-line"') == 0
    assert unsigned.count('class="sign-line"') == 2


def test_zero_and_absent_money_differ_on_the_page() -> None:
    plans = [
        partnership(cycle(record("plan", currency="USD", **more), record("activity", activity_no=1, activity_budget=0)))
        for more in ({"budget_total": 0}, {})
    ]
    zero, absent = (documents.render(documents.action_plan(plan, labels(), TODAY), "md") for plan in plans)
    assert "**Budget in all:** USD\u202f0" in zero
    assert "**Budget in all:** not recorded" in absent


def test_a_site_may_replace_a_template_and_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "macros.md.j2").write_text("{% macro heading(view) %}SITE{% endmacro %}", "utf-8")
    (tmp_path / "action_plan.md.j2").write_text('{% import "macros.md.j2" as say %}{{ say.heading(view) }}', "utf-8")
    assert documents.render(view("plan", "bare"), "md", tmp_path) == "SITE\n"
    assert "<h1>" in documents.render(view("plan", "bare"), "html", tmp_path)


def test_a_template_that_names_an_unknown_value_fails_loudly(tmp_path: Path) -> None:
    (tmp_path / "action_plan.md.j2").write_text("{{ view.no_such_thing }}", "utf-8")
    with pytest.raises(UsageError, match="no_such_thing"):
        documents.render(view("plan", "bare"), "md", tmp_path)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="choose html or md"):
        documents.render(view("plan", "bare"), "pdf")


def test_the_tests_read_the_labels_of_the_package() -> None:
    assert YamlLabels().show("activity_status", "ON_TRACK") == "On track"
    assert YamlLabels().show("activity_title", "ON_TRACK") == "ON_TRACK"
