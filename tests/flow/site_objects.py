"""What a site may have already: its own option sets, data elements and attributes that mean what the package's do."""

from __future__ import annotations

from tpi_dhis2.dhis2.metadata import Metadata

#: What is named in the mapping file: ours, and theirs by code or UID.
FILE = """
optionSets:
  TPI_MODEL: LOCAL_MODELS
trackedEntityAttributes:
  TPI_MODEL: SiteAttrib2
dataElements:
  TPI_BASELINE: LOCAL_BASELINE
  TPI_ACTIVITY_TITLE: SiteElem004
"""
#: The site's objects that are used then, by type and code of ours.
USED = {
    ("optionSets", "TPI_OBSTACLE"): "SiteOptSet1",
    ("optionSets", "TPI_MODEL"): "SiteOptSet2",
    ("trackedEntityAttributes", "TPI_NAME"): "SiteAttrib1",
    ("trackedEntityAttributes", "TPI_MODEL"): "SiteAttrib2",
    ("dataElements", "TPI_SPENT"): "SiteElem001",
    ("dataElements", "TPI_AREA"): "SiteElem002",
    ("dataElements", "TPI_BASELINE"): "SiteElem003",
    ("dataElements", "TPI_ACTIVITY_TITLE"): "SiteElem004",
}


def ours(built, kind, code):
    """An object of the package."""
    return next(item for item in built[kind] if item.get("code") == code)


def like(built, kind, code, uid, /, **changes):
    """An object of the site like one of ours, with a UID and names of its own."""
    kept = {key: value for key, value in ours(built, kind, code).items() if key not in ("sharing", "translations")}
    return {**kept, "id": uid, "name": f"Site {uid}", "shortName": f"Site {uid}", **changes}


def option_set(built, code, uid, /, *, lacking=(), more=("SITE_ONLY",), **changes):
    """An option set of the site with our codes and one more, and its options."""
    made = like(built, "optionSets", code, uid, **changes)
    del made["shortName"]
    known = [
        item["code"] for item in built["options"] if item["optionSet"]["id"] == ours(built, "optionSets", code)["id"]
    ]
    codes = [*more, *(each for each in reversed(known) if each not in lacking)]
    made["options"] = [{"id": f"{uid[-4:]}Opt{number:04}"} for number in range(len(codes))]
    options = [
        {**option, "code": each, "name": f"Site {each}", "sortOrder": number, "optionSet": {"id": uid}}
        for number, (option, each) in enumerate(zip(made["options"], codes, strict=True), 1)
    ]
    return {"optionSets": [made], "options": options}


def bundle_of(*parts):
    """Several parts as one bundle."""
    found = {}
    for part in parts:
        for kind, items in part.items():
            found.setdefault(kind, []).extend(items)
    return found


def site(built):
    """All that the site has; four of our codes among them, the rest has codes of its own."""
    sets = bundle_of(
        option_set(built, "TPI_OBSTACLE", "SiteOptSet1"),
        option_set(built, "TPI_MODEL", "SiteOptSet2", code="LOCAL_MODELS"),
        option_set(built, "TPI_AREA", "SiteOptSet3", code="LOCAL_AREAS"),
    )
    attributes = [
        like(built, "trackedEntityAttributes", "TPI_NAME", "SiteAttrib1"),
        like(built, "trackedEntityAttributes", "TPI_MODEL", "SiteAttrib2", code="LOCAL_MODEL",
             optionSet={"id": "SiteOptSet2"}),
    ]  # fmt: skip
    elements = [
        like(built, "dataElements", "TPI_SPENT", "SiteElem001"),
        like(built, "dataElements", "TPI_AREA", "SiteElem002", optionSet={"id": "SiteOptSet3"}),
        like(built, "dataElements", "TPI_BASELINE", "SiteElem003", code="LOCAL_BASELINE"),
        # It has our name, so that ours could not be created beside it.
        like(built, "dataElements", "TPI_ACTIVITY_TITLE", "SiteElem004", code="LOCAL_TITLE",
             name=ours(built, "dataElements", "TPI_ACTIVITY_TITLE")["name"]),
    ]  # fmt: skip
    return {**sets, "trackedEntityAttributes": attributes, "dataElements": elements}


def bring(client, part):
    """Create objects of the site."""
    Metadata(client).commit(part)
