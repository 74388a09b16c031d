"""What the sandbox says of its types is what the recorded servers say: authorities, sharing, names."""

from __future__ import annotations

import pytest
import requests

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tpi_dhis2.sandbox.server import Sandbox, serve

#: Not the Java class, which 2.40 called otherwise for one type.
FIELDS = ("singular", "plural", "relativeApiEndpoint", "shareable", "dataShareable", "authorities")


def comparable(schema):
    """A schema without what the sandbox does not hold, its lists in one order."""
    lists = {each["type"]: sorted(each["authorities"]) for each in schema["authorities"]}
    return {**{name: schema[name] for name in FIELDS}, "authorities": lists}


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_authorities_of_each_recorded_type_are_those_of_the_server(version):
    recorded = [
        each["response"]["body"] for each in exchanges(version, "metadata-read", "schema-") if "klass" in str(each)
    ]
    recorded = [body for body in recorded if "authorities" in body]
    assert len(recorded) == 22
    with serve(Sandbox(version)) as url:
        for body in recorded:
            params = {"fields": ",".join(FIELDS)}
            answer = requests.get(
                f"{url}/api/schemas/{body['singular']}", params, auth=("admin", "district"), timeout=10
            )
            assert comparable(answer.json()) == comparable(body)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_shared_is_what_the_list_of_all_types_says(version):
    listed = exchanges(version, "metadata-read", "schemas-list")[0]
    params = dict(listed["request"]["query"])
    recorded = {each["plural"]: each for each in listed["response"]["body"]["schemas"] if each.get("metadata")}
    with serve(Sandbox(version)) as url:
        found = requests.get(f"{url}/api/schemas", params, auth=("admin", "district"), timeout=10).json()["schemas"]
    assert len(found) > 25
    for schema in found:
        del schema["name"]
        assert schema == {name: recorded[schema["plural"]].get(name) for name in schema}
