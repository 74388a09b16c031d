"""Mapping files: each mistake is told with its place, and nothing is guessed."""

from __future__ import annotations

import pytest

from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.mapping_file import hint, read_mapping_file

SAID = {
    "dataElements": [{"id": "OurElement1", "code": "TPI_AREA"}, {"id": "OurElement2", "code": "TPI_SPENT"}],
    "optionSets": [{"id": "OurOptions1", "code": "TPI_AREA"}],
    "indicatorTypes": [{"id": "OurPercent1", "name": "TPI - Percentage"}],
}


def read(folder, text):
    path = folder / "mapping.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_mapping_file(path, SAID)


def test_ours_stand_by_code_or_uid_and_theirs_by_what_is_looked_for(tmp_path):
    text = """
    dataElements: {TPI_AREA: LOCAL_AREA, OurElement2: 00123}
    optionSets: {TPI_AREA: NO}
    indicatorTypes: {TPI - Percentage: hmSnCXmLYwt}
    """
    assert read(tmp_path, text) == {
        "OurElement1": "LOCAL_AREA", "OurElement2": "00123", "OurOptions1": "NO", "OurPercent1": "hmSnCXmLYwt",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "dataElements: {}"])
def test_an_empty_file_maps_nothing(tmp_path, text):
    assert read(tmp_path, text) == {}


MISTAKES = {
    "unknown type": ("dataElement: {TPI_AREA: X}", "mapping.yaml: dataElement: there is no such type here"),
    "unknown code": ("dataElements: {TPI_ARAE: X}", "mapping.yaml: dataElements: the package has no TPI_ARAE"),
    "of another type": ("trackedEntityAttributes: {TPI_AREA: X}", "Attributes: the package has no TPI_AREA"),
    "ours twice": ("dataElements: {TPI_AREA: X, OurElement1: Y}", "OurElement1 stands twice, by its code and"),
    "a name twice": ("dataElements: {TPI_AREA: X, TPI_AREA: Y}", "line 1: 'TPI_AREA' stands twice"),
    "two targets": ("dataElements: {TPI_AREA: [X, Y]}", "dataElements: TPI_AREA: a code or UID is to stand here"),
    "no target": ("dataElements: {TPI_AREA: }", "dataElements: TPI_AREA: a code or UID is to stand here"),
    "an empty target": ("dataElements: {TPI_AREA: ''}", "dataElements: TPI_AREA: a code or UID is to stand here"),
    "yes for a target": ("dataElements: {TPI_AREA: true}", "dataElements: TPI_AREA: a code or UID is to stand here"),
    "a list": ("dataElements: [TPI_AREA]", "dataElements: it is no list of 'ours: theirs'"),
    "words": ("just words", "its content: it is no list of 'ours: theirs'"),
    "no YAML": ("dataElements:\n  TPI_AREA: [", "mapping.yaml, line"),
    "a list for a name": ("? [a]\n: b", "mapping.yaml, line 1: found unhashable key"),
    "no name": ("dataElements: {~: X}", "mapping.yaml: dataElements"),
    "no JSON": ('{"dataElements": {"TPI_AREA": "X", "TPI_AREA": "Y"}}', "mapping.yaml: 'TPI_AREA' stands twice"),
    "no text": (b"\xff\xfe\x00", "is not a text file in UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path, name):
    text, words = MISTAKES[name]
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert caught.value.advice


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.yaml cannot be read"):
        read_mapping_file(tmp_path / "nowhere.yaml", SAID)


def test_every_field_of_the_package_can_be_named(tmp_path):
    built, path = bundle(), tmp_path / "all.yaml"
    kinds = ("optionSets", "dataElements", "trackedEntityAttributes")
    lines = [f"{kind}:\n" + "".join(f"  {item['code']}: L\n" for item in built[kind]) for kind in kinds]
    path.write_text("".join(lines))
    assert read_mapping_file(path, built).keys() == {item["id"] for kind in kinds for item in built[kind]}


def test_a_line_is_told_only_where_it_can_help():
    theirs = {"id": "SiteElem001", "name": "Area"}
    assert hint("dataElements", "name", SAID["dataElements"][0], theirs).endswith(
        "dataElements: {TPI_AREA: SiteElem001}"
    )
    assert hint("dataElements", "code", SAID["dataElements"][0], theirs) == ""
    assert hint("programs", "name", SAID["dataElements"][0], theirs) == ""
    assert hint("indicatorTypes", "name", SAID["indicatorTypes"][0], theirs) == ""
