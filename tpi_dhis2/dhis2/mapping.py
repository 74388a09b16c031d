"""The site's fields that stand for ours: named in the server's record of the package, exchanged where records pass.

The store, record files and documents know the package's UIDs only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import DataStore
from tpi_dhis2.errors import StateChanged

#: Where in the server's dataStore the record of the package is kept.
NAMESPACE, KEY = "tpi-dhis2", "package"
#: What names a field in tracker data.
_NAMES = ("attribute", "dataElement")


def read_mapping(client: Client) -> dict[str, str]:
    """The UIDs of the site's objects by those of ours, as the record has them; empty without a record.

    StateChanged when it cannot be read as a mapping: to go on without it would be to write into other fields.
    """
    found = (DataStore(client, NAMESPACE).get(KEY) or {}).get("mapping", {})
    if not isinstance(found, dict) or not all(isinstance(uid, str) for uid in found.values()):
        raise StateChanged(
            f"The server's record of the package (dataStore {NAMESPACE}/{KEY}) is damaged.",
            "Run 'tpi-dhis2 provision apply', with the mapping file if there is one.",
            str(found),
        )
    return found


def exchanged(data: Any, uids: Mapping[str, str]) -> Any:
    """Tracker data with the UIDs of attributes and data elements exchanged; what is not in the mapping stays."""
    if not uids:
        return data
    if isinstance(data, list):
        return [exchanged(each, uids) for each in data]
    if isinstance(data, dict):
        return {
            name: uids.get(value, value) if name in _NAMES else exchanged(value, uids) for name, value in data.items()
        }
    return data
