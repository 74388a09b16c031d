"""UIDs that follow from record keys, so that sending a record twice can never make two of it.

A DHIS2 UID is a letter and ten letters or digits. It is derived here from the SHA-256 of the key, read as a number in
base 62. A UID that was deleted on a server cannot be used again there (E1082, E1113, E1114): the same record, entered
anew, takes the UID of its next generation, which follows from the one before, whatever that came from.
"""

from __future__ import annotations

import hashlib
import re
import string

_LETTERS = string.ascii_letters
_ALPHABET = string.ascii_letters + string.digits
_FORM = re.compile(r"^[A-Za-z][A-Za-z0-9]{10}$")


def next_generation(uid: str) -> str:
    """The UID that a record takes in place of one that is burnt."""
    return derive_uid("generation", uid)


def derive_uid(*key: str) -> str:
    """The UID of a key such as ``("record", "alpha-beta", "1", "activity", "3")``."""
    text = "\x1f".join(key)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    number, first = divmod(number, len(_LETTERS))
    rest = []
    for _ in range(10):
        number, digit = divmod(number, len(_ALPHABET))
        rest.append(_ALPHABET[digit])
    return _LETTERS[first] + "".join(rest)


def is_uid(text: str) -> bool:
    """Whether the text has the form of a DHIS2 UID."""
    return bool(_FORM.fullmatch(text))
