"""Files that name units and people: as editors, Excel and exports write them, and what cannot be read."""

from __future__ import annotations

import pytest

from tpi_dhis2.errors import UsageError
from tpi_dhis2.provision.lists import Named, Wish, read_people, read_units

UNITS = [Named("A1", 2), Named("B2", 3)]
UID = "VM5O6Pvdhhr"

TABLES = {
    "comma": b"code,name\nA1,North\nB2,South\n",
    "semicolon": b"name;code\nNorth;A1\nSouth, old;B2\n",
    "tab": b"name\tcode\nNorth\tA1\nSouth\tB2\n",
    "CRLF and BOM": b"\xef\xbb\xbfCode,Name\r\nA1,North\r\nB2,South\r\n",
    "CR": b"code\rA1\rB2\r",
    "no end of line": b"code\nA1\nB2",
    "quotes": b'"code","name"\n"A1","North, ""old"""\n"B2",\n',
    "one column": b"unit\nA1\nB2\n",
    "spaces": b" CODE ; name\n A1 ;North\n\xc2\xa0B2;South\n",
    "empty columns behind": b"code;name;;\nA1;North;;\nB2;;;\n",
    "UTF-16 of Excel": "code\tname\r\nA1\tNorth\r\nB2\tSüd\r\n".encode("utf-16"),
    "a mere number as id": b"id,code\n1,A1\n2,B2\n",
    "another column that is not filled": b"uid,code\n,A1\n,B2\n",
}


def write(tmp_path, content):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", TABLES.values(), ids=list(TABLES))
def test_a_table_names_units_in_a_column(content, tmp_path):
    assert read_units(write(tmp_path, content)) == UNITS


def test_a_uid_counts_before_a_code_that_excel_may_have_changed(tmp_path):
    assert read_units(write(tmp_path, f"code,id\n123,{UID}\n".encode())) == [Named(UID, 2)]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_one_unit_a_line_with_remarks_and_empty_lines(end, tmp_path):
    lines = ['# all of the north, "as of" today, \'25', "", f"  {UID} ", "   # B3", "A 1/é", "A 1/é", ""]
    units = [Named(UID, 3), Named("A 1/é", 5), Named("A 1/é", 6)]
    assert read_units(write(tmp_path, end.join(lines).encode())) == units


def test_excels_own_first_line_and_remarks_in_a_table(tmp_path):
    assert read_units(write(tmp_path, b'sep=;\n# from "MFL"; 2026\ncode;name\nA1;North\n')) == [Named("A1", 4)]


def test_the_line_is_where_a_row_begins(tmp_path):
    content = b'code,name\nA1,"two\nlines"\n\nB2,South\n'
    assert read_units(write(tmp_path, content)) == [Named("A1", 2), Named("B2", 5)]


@pytest.mark.parametrize(
    ("line", "named"),
    [("Hospital, North,A1", "Hospital, North,A1"), ("Hospital,", "Hospital"), (",,,A1", "A1")],
    ids=["one comma too many", "no code", "the code too far right"],
)
def test_a_line_that_names_no_unit_is_not_lost(line, named, tmp_path):
    assert read_units(write(tmp_path, f"name,code\nSouth,B2\n{line}\n".encode())) == [Named("B2", 2), Named(named, 3)]


def test_people_and_their_groups(tmp_path):
    content = "﻿Username;Name;Group\r\nlead;É;access\r\n;x;admin\r\nnone;;\r\na;b;c;d\r\n".encode()
    assert read_people(write(tmp_path, content)) == [
        Wish("lead", "access", 2),
        Wish("", "admin", 3),
        Wish("none", "", 4),
        Wish("a;b;c;d", "", 5),
    ]


def test_ten_thousand_lines(tmp_path):
    units = read_units(write(tmp_path, b"code;name\n" + b"".join(b"C%d;Unit\n" % number for number in range(10_000))))
    assert len(units) == 10_000
    assert units[-1] == Named("C9999", 10_001)


UNUSABLE = {
    "empty": (b"", "is empty"),
    "only remarks": (b"# nothing\n\n;;\n", "is empty"),
    "only the head": (b"code;username;group\r\n;;\r\n", "is empty"),
    "not UTF-8": ("code,name\nA1,Hôpital\n".encode("latin-1"), "line 2: this is not UTF-8"),
    "a workbook": (b"PK\x03\x04\x14\x00\x06\x00code", "is no text"),
    "half of UTF-16": (b"\xff\xfeA", "not UTF-8"),
    "an open quotation mark": (b'code,name\nA1,"North\nB2,South\n', "quotation mark"),
    "no such column": (b"name;district\nNorth;A\n", "the columns are name, district"),
    "a huge cell": (b"code,name\nA1,%s\n" % (b"x" * 200_000), "is no table"),
}


@pytest.mark.parametrize(("content", "says"), UNUSABLE.values(), ids=list(UNUSABLE))
@pytest.mark.parametrize("read", [read_units, read_people])
def test_what_is_no_list_is_refused_with_a_reason(read, content, says, tmp_path):
    with pytest.raises(UsageError) as caught:
        read(write(tmp_path, content))
    assert says in f"{caught.value} {caught.value.advice}"
    assert "list.csv" in str(caught.value)


@pytest.mark.parametrize("name", ["", "nowhere.csv"], ids=["a folder", "no file"])
def test_what_cannot_be_opened_is_refused(name, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_units(tmp_path / name)


def test_people_want_both_columns(tmp_path):
    with pytest.raises(UsageError, match="username and group are wanted"):
        read_people(write(tmp_path, b"username\nlead\n"))
