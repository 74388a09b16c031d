"""The pages of the sandbox: each says what it is, shows what is stored in words, and runs nothing that is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
import requests

from tests.unit.test_sandbox import ACCOUNT, KIND, NAME, UNIT, partnership, post
from tpi_dhis2.sandbox.server import Sandbox, serve

NASTY = "<script>alert('x')</script> & \"Lyon\""
PROGRAM, SET, ELEMENT, YES, OTHER_UNIT = "proPartner1", "opsChoice01", "deChoice001", "deYesNo0001", "deUnit00001"
OPTION = {"id": "optFirst001", "code": "FIRST", "name": "The <first> one", "sortOrder": 1, "optionSet": {"id": SET}}
FIELDS = {
    ELEMENT: {"name": "TPI - Choice", "formName": "What was chosen", "valueType": "TEXT", "optionSet": {"id": SET}},
    YES: {"name": "Is it so", "valueType": "BOOLEAN"},
    OTHER_UNIT: {"name": "Where else", "valueType": "ORGANISATION_UNIT"},
}


def stage(uid: str, name: str, order: int) -> dict[str, object]:
    elements = [{"dataElement": {"id": each}, "sortOrder": place} for place, each in enumerate(FIELDS, 1)]
    return {"id": uid, "name": name, "program": {"id": PROGRAM}, "sortOrder": order, "repeatable": True,
            "programStageDataElements": elements}  # fmt: skip


def element(uid: str, properties: dict[str, object]) -> dict[str, object]:
    fixed = {"shortName": properties["name"], "domainType": "TRACKER", "aggregationType": "NONE"}
    return {"id": uid, **fixed, **properties}


PACKAGE = {
    "organisationUnits": [
        {"id": UNIT, "name": "Host <unit>", "shortName": "Unit", "openingDate": "2020-01-01"},
        {"id": "ouUnit00002", "name": "Second unit", "shortName": "Second", "openingDate": "2020-01-01"},
    ],
    "optionSets": [{"id": SET, "name": "Choices", "valueType": "TEXT", "options": [{"id": OPTION["id"]}]}],
    "options": [OPTION],
    "dataElements": [element(uid, properties) for uid, properties in FIELDS.items()],
    "trackedEntityAttributes": [
        {"id": NAME, "name": "Partnership name", "shortName": "Name", "valueType": "TEXT", "aggregationType": "NONE"},
        {"id": "teaCode0001", "code": "TPI_CODE", "name": "Code", "shortName": "Code", "valueType": "TEXT",
         "aggregationType": "NONE"},
    ],
    "trackedEntityTypes": [{"id": KIND, "name": "Partnership", "shortName": "Partnership"}],
    "programs": [{
        "id": PROGRAM, "name": "Pairs", "shortName": "Pairs", "programType": "WITH_REGISTRATION",
        "trackedEntityType": {"id": KIND}, "organisationUnits": [{"id": UNIT}],
        "programStages": [{"id": "proStage002"}, {"id": "proStage001"}],
        "programTrackedEntityAttributes": [{"trackedEntityAttribute": {"id": uid}} for uid in (NAME, "teaCode0001")],
    }],
    "programStages": [stage("proStage002", "2 Needs", 2), stage("proStage001", "1 Start", 1)],
}  # fmt: skip


def event(uid: str, at: str, day: str, **values: str) -> dict[str, object]:
    found = [{"dataElement": each, "value": value} for each, value in values.items()]
    return {"event": uid, "program": PROGRAM, "programStage": at, "orgUnit": UNIT, "occurredAt": day,
            "status": "ACTIVE", "dataValues": found}  # fmt: skip


def cycle(uid: str, day: str, *events: dict[str, object]) -> dict[str, object]:
    return {"enrollment": uid, "program": PROGRAM, "orgUnit": UNIT, "enrolledAt": day, "occurredAt": day,
            "status": "ACTIVE", "events": list(events)}  # fmt: skip


WHOLE = {
    **partnership("tePartner01", NASTY),
    "attributes": [{"attribute": NAME, "value": NASTY}, {"attribute": "teaCode0001", "value": "P <1>"}],
    "enrollments": [
        cycle(
            "enPartner01", "2026-01-01",
            event("evLater0001", "proStage002", "2026-02-01", **{YES: "true", OTHER_UNIT: "ouUnit00002"}),
            event("evSecond001", "proStage001", "2026-01-09", **{ELEMENT: "FIRST"}),
            event("evFirst0001", "proStage001", "2026-01-05"),
        )
    ],
}  # fmt: skip


class Outline(HTMLParser):
    """What a browser would make of a page: its elements, and the text in it."""

    def __init__(self, page: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(url: str, **given: object) -> Outline:
    """A page, which every time says what it is, has a language, and brings nothing from elsewhere."""
    answer = requests.get(url, timeout=10, **given)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=utf-8")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = Outline(answer.text)
    assert ("html", {"lang": "en"}) in page.elements
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.elements}
    assert all(attrs.get("href", "/").startswith("/") for _, attrs in page.elements)
    assert "This is the training sandbox of tpi-dhis2, not a DHIS2" in page.text
    return page


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(Sandbox("2.42")) as found:
        assert post(found, "/api/metadata", PACKAGE).status_code == 200
        answer = post(found, "/api/tracker?async=false", {"trackedEntities": [WHOLE]})
        assert answer.json()["status"] == "OK", answer.text
        yield found


@pytest.mark.parametrize("version", ["2.40", "2.43"])
def test_the_page_of_an_empty_sandbox_says_what_to_do(version: str) -> None:
    with serve(Sandbox(version)) as found:
        text = outline(found).text
    assert f"as DHIS2\n{version}" in text
    assert "The package is not installed" in text
    assert f"TPI_DHIS2_URL={found} TPI_DHIS2_USERNAME=admin TPI_DHIS2_PASSWORD=district" in text
    assert "tpi-dhis2 provision apply" in text
    assert "None yet." in text
    assert "memory only" in text


def test_the_page_says_that_a_file_keeps_the_data(tmp_path) -> None:
    with serve(Sandbox("2.42", tmp_path / "s.json")) as found:
        assert "kept in a file" in outline(found).text


def test_a_password_that_was_changed_is_not_shown() -> None:
    with serve(Sandbox("2.42")) as found:
        uid = requests.get(f"{found}/api/me", auth=ACCOUNT, timeout=10).json()["id"]
        patch = [{"op": "add", "path": "/password", "value": "Own-Password-1"}]
        kind = {"Content-Type": "application/json-patch+json"}
        changed = requests.patch(f"{found}/api/users/{uid}", json=patch, headers=kind, auth=ACCOUNT, timeout=10)
        assert changed.ok, changed.text
        text = outline(found).text
    assert "district" not in text
    assert "Own-Password-1" not in text


def test_the_start_page_lists_a_partnership_in_words(url: str) -> None:
    page = outline(url)
    row = page.text[page.text.index("Partnerships (1)") :]
    for words in (NASTY, "P <1>", "Host <unit>", "active", "1 Start: 2", "2 Needs: 1"):
        assert words in row
    assert row.index("1 Start") < row.index("2 Needs")
    assert ("a", {"href": "/partnership/tePartner01"}) in page.elements


def test_a_partnership_shows_its_records_in_reading_order_and_in_words(url: str) -> None:
    text = outline(f"{url}/partnership/tePartner01").text
    heads = ["Cycle 1, from 2026-01-01", "1 Start, 2026-01-05", "1 Start, 2026-01-09", "2 Needs, 2026-02-01"]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    first, second, third = text[places[1] : places[2]], text[places[2] : places[3]], text[places[3] :]
    assert "Nothing is filled in" in first
    assert re.search(r"What was chosen\s*The <first> one", second)
    assert re.search(r"Is it so\s*Yes\s*Where else\s*Second unit", third)
    assert "FIRST" not in text


@pytest.mark.parametrize("path", ["partnership/tePartner99", "partnership", "partnership/tePartner01/more", "nothing"])
def test_other_paths_are_not_found(url: str, path: str) -> None:
    assert requests.get(f"{url}/{path}", timeout=10).status_code == 404
    assert requests.post(url, timeout=10).status_code == 404


def test_what_is_deleted_is_not_shown(url: str) -> None:
    gone = partnership("tePartner02", "Gone")
    post(url, "/api/tracker?async=false", {"trackedEntities": [gone]})
    post(url, "/api/tracker?async=false&importStrategy=DELETE", {"trackedEntities": [{"trackedEntity": "tePartner02"}]})
    assert "Gone" not in outline(url).text
    assert requests.get(f"{url}/partnership/tePartner02", timeout=10).status_code == 404


def test_three_hundred_partnerships_come_in_pages_and_each_once() -> None:
    with serve(Sandbox("2.42")) as found:
        post(found, "/api/metadata", PACKAGE)
        many = [
            partnership(f"tePartner{n:02}"[:11] if n < 100 else f"tePartn{n:04}", f"Pair {n:03}") for n in range(300)
        ]
        assert post(found, "/api/tracker?async=false", {"trackedEntities": many}).ok
        pages = [outline(f"{found}/?page={number}") for number in range(1, 7)]
        links = [
            attrs["href"].removesuffix("#partnerships") for page in pages for tag, attrs in page.elements if tag == "a"
        ]
        assert sum(link.startswith("/partnership/") for link in links) == 300
        assert len({link for link in links if link.startswith("/partnership/")}) == 300
        assert [link for link in links if "page" in link] == [
            "/?page=2", *[f"/?page={to}" for here in (2, 3, 4, 5) for to in (here - 1, here + 1)], "/?page=5",
        ]  # fmt: skip
        for odd in ("0", "-1", "x", "99", "9" * 30, "²"):
            assert re.search(r"Page [16] of 6", outline(f"{found}/?page={odd}").text)
