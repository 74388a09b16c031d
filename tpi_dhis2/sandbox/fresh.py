"""What a fresh DHIS2 holds: the user admin with role Superuser, and the default category."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import hash_password
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json

ADMIN = "M5zQapPyTZI"
SUPERUSER = "yrB6vc5Ip3r"
OPTION, CATEGORY, COMBO, OPTION_COMBO = "xYerKDKCefk", "GLevLNI9wkl", "bjDvmb4bfuf", "HllvX50cXC0"
AUTHORITIES = (
    "ALL F_METADATA_IMPORT F_METADATA_EXPORT F_PERFORM_MAINTENANCE F_SYSTEM_SETTING F_EXPORT_DATA F_EDIT_EXPIRED "
    "F_UNCOMPLETE_EVENT F_VIEW_EVENT_ANALYTICS F_TEI_CASCADE_DELETE F_ENROLLMENT_CASCADE_DELETE F_USER_VIEW "
    "F_TRACKED_ENTITY_INSTANCE_SEARCH_IN_ALL_ORGUNITS F_LEGEND_SET_PUBLIC_ADD F_TRACKED_ENTITY_MERGE"
)
PUBLIC: Json = {"external": False, "users": {}, "userGroups": {}, "public": "rw------"}


def fill(state: State) -> None:
    """Put the objects of a fresh server into an empty state."""
    now = state.now()
    public = {"owner": ADMIN, **PUBLIC} if state.minor == 41 else PUBLIC

    def add(table: str, uid: str, **properties: object) -> None:
        common: Json = {"id": uid, "created": now, "lastUpdated": now, "translations": [], "attributeValues": []}
        state.put(table, uid, {**common, **properties})

    add(
        "userRoles",
        SUPERUSER,
        name="Superuser",
        code="Superuser",
        description="Superuser",
        sharing=public,
        authorities=AUTHORITIES.split(),
    )
    add(
        "users",
        ADMIN,
        username="admin",
        firstName="admin",
        surname="admin",
        code="admin",
        userRoles=[{"id": SUPERUSER}],
        organisationUnits=[],
        dataViewOrganisationUnits=[],
        teiSearchOrganisationUnits=[],
        disabled=False,
    )
    state.put("passwords", "admin", hash_password("district"))
    add("categoryOptions", OPTION, name="default", code="default", shortName="default", sharing=public)
    add(
        "categories",
        CATEGORY,
        name="default",
        code="default",
        shortName="default",
        sharing=public,
        dataDimensionType="DISAGGREGATION",
        categoryOptions=[{"id": OPTION}],
    )
    add(
        "categoryCombos",
        COMBO,
        name="default",
        code="default",
        sharing=public,
        dataDimensionType="DISAGGREGATION",
        skipTotal=False,
        categories=[{"id": CATEGORY}],
    )
    add(
        "categoryOptionCombos",
        OPTION_COMBO,
        name="default",
        code="default",
        categoryCombo={"id": COMBO},
        categoryOptions=[{"id": OPTION}],
        ignoreApproval=False,
    )
