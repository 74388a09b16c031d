"""GET /api/schemas and /api/schemas/{type}: what a server says of its types, without their properties."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.derived import DATA_SHARED
from tpi_dhis2.sandbox.fields import parse_fields
from tpi_dhis2.sandbox.rights import IMPLICIT, KNOWN, authorities
from tpi_dhis2.sandbox.schema import TYPES
from tpi_dhis2.sandbox.web import Json, Reply, Request, refuse, wrong_method


def schemas(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET /api/schemas[/{type}]; only the types that the sandbox knows the authorities of."""
    if request.method != "GET":
        raise wrong_method(request.method)
    minor = account.state.minor
    found = [_schema(plural, minor) for plural in TYPES if plural in KNOWN]
    wanted = [field.name for field in parse_fields(",".join(request.many("fields")) or "*")]
    if not parts:
        return Reply(200, {"schemas": [_chosen(each, wanted) for each in found]})
    for each in found:
        if parts[0] in (each["name"], each["singular"], each["plural"]):
            return Reply(200, _chosen(each, wanted))
    old, text = minor == 40, f"Type {parts[0]} does not exist."
    raise refuse(404, f"404 {text}" if old else text, None if old else "E1005")


def _schema(plural: str, minor: int) -> Json:
    singular = f"{plural[:-3]}y" if plural.endswith("ies") else plural[:-1]
    simple = TYPES[plural].simple
    return {
        "klass": TYPES[plural].klass, "name": simple[0].lower() + simple[1:], "singular": singular, "plural": plural,
        "relativeApiEndpoint": f"/{plural}", "metadata": True, "identifiableObject": True, "translatable": True,
        "shareable": TYPES[plural].shared, "dataShareable": plural in DATA_SHARED,
        "implicitPrivateAuthority": plural in IMPLICIT,
        "authorities": [{"type": kind, "authorities": names} for kind, names in authorities(plural, minor).items()],
    }  # fmt: skip


def _chosen(schema: Json, wanted: list[str]) -> Json:
    return schema if "*" in wanted else {name: schema[name] for name in wanted if name in schema}
