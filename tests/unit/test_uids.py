"""UIDs: derived from keys, the same for ever."""

from __future__ import annotations

import string

import pytest

from tpi_dhis2.domain.uids import derive_uid, is_uid, next_generation

#: These stand on servers already. A change of any of them doubles every record there.
FOR_EVER = {
    ("tpi-dhis2", "programs", "TPI"): "P7HWfyBG6wv",
    ("tpi-dhis2", "trackedEntityTypes", "TPI_PARTNERSHIP"): "wOfa4jvHjBh",
    ("tpi-dhis2", "dataElements", "TPI_MEASURE"): "yjvtdlgKyyd",
    ("partnership", "a"): "ScJmIUFrPIQ",
    ("cycle", "a", "1"): "YKfpZiO5Jkv",
    ("record", "a", "1", "activity", "3"): "RkuLNcERZwU",
    ("record", "a", "1", "agreement", ""): "sVLNmhFfUjK",
    ("partnership", "Bouaké 日本"): "jdjJ7i0Rn1W",
}


@pytest.mark.parametrize(("key", "uid"), FOR_EVER.items(), ids=["/".join(key) for key in FOR_EVER])
def test_the_uid_of_a_key_never_changes(key: tuple[str, ...], uid: str) -> None:
    assert derive_uid(*key) == uid


def test_the_next_generation_has_a_uid_of_its_own_that_never_changes() -> None:
    first = FOR_EVER["record", "a", "1", "activity", "3"]
    assert next_generation(first) == "DbJatKLMj4m"
    assert next_generation(next_generation(first)) == "JLVNVlMJ2y0"


def test_where_a_key_is_divided_makes_a_difference() -> None:
    assert derive_uid("ab", "c") != derive_uid("a", "bc") != derive_uid("abc")


@pytest.mark.parametrize("uid", ["ImspTQPwCqd", "a0000000000", "Zzzzzzzzzzz", *FOR_EVER.values()])
def test_a_letter_and_ten_letters_or_digits_are_a_uid(uid: str) -> None:
    assert is_uid(uid)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ImspTQPwCq",
        "ImspTQPwCqdd",
        "0mspTQPwCqd",
        "Imsp-QPwCqd",
        "Imsp QPwCqd",
        "ÍmspTQPwCqd",
        " ImspTQPwCqd",
        "٣" * 11,
    ],
)
def test_anything_else_is_no_uid(text: str) -> None:
    assert not is_uid(text)


@pytest.mark.parametrize("space", string.whitespace)
def test_a_uid_with_space_after_it_is_no_uid(space: str) -> None:
    assert not is_uid(f"ImspTQPwCqd{space}")
