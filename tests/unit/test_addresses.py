"""Long lists of names are asked in several addresses: each name once, none too long, odd names alone."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from tpi_dhis2.dhis2.addresses import batches

NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=300)


@given(NAMES, st.integers(0, 100))
def test_each_name_is_asked_once_and_no_address_is_too_long(names, around):
    asked = list(batches(names, around))
    assert sorted(name for some in asked for name in some) == sorted({*names} - {""})
    for some in asked:
        assert len(urlencode({"filter": f"code:in:[{','.join(some)}]"})) + around * len(some) < 8000
        assert len(some) == 1 or not any(sign in name for name in some for sign in ",[]")


def test_ten_thousand_uids_take_some_25_addresses():
    assert len(list(batches(f"Unit{number:07}" for number in range(10_000)))) <= 25
