"""How what these tests create is called, so that all can tell it: a prefix, and UIDs that follow from words."""

from __future__ import annotations

from tpi_dhis2.domain.uids import derive_uid

PREFIX = "ZZ live"
USERNAME = "zz_live_person"
#: Long, and with all kinds of letters, for servers that demand more than DHIS2 does by itself.
PASSWORD = "Live-Training-Person-2026"


def uid(*words: str) -> str:
    """The UID of something that these tests create."""
    return derive_uid("tpi-dhis2 live tests", *words)
