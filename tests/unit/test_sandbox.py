"""The sandbox as others use it: over real HTTP, with its data kept between runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tpi_dhis2.sandbox.kept import read_all
from tpi_dhis2.sandbox.server import Sandbox, serve

ACCOUNT = ("admin", "district")
UNIT, KIND, NAME = "ouUnit00001", "tetPartner1", "teaName0001"
PACKAGE = {
    "organisationUnits": [{"id": UNIT, "name": "Unit", "shortName": "Unit", "openingDate": "2020-01-01"}],
    "trackedEntityAttributes": [
        {"id": NAME, "name": "Partnership name", "shortName": "Name", "valueType": "TEXT", "aggregationType": "NONE"}
    ],
    "trackedEntityTypes": [
        {
            "id": KIND,
            "name": "Partnership",
            "shortName": "Partnership",
            "trackedEntityTypeAttributes": [{"trackedEntityAttribute": {"id": NAME}, "mandatory": True}],
        }
    ],
}
VERSIONS = ("2.40", "2.41", "2.42", "2.43")


def constant(uid: str, name: str) -> dict[str, object]:
    return {"id": uid, "name": name, "shortName": name, "value": 1}


def partnership(uid: str, name: str) -> dict[str, object]:
    values = [{"attribute": NAME, "value": name}]
    return {"trackedEntity": uid, "trackedEntityType": KIND, "orgUnit": UNIT, "attributes": values}


def post(url: str, path: str, body: object) -> requests.Response:
    return requests.post(url + path, json=body, auth=ACCOUNT, timeout=10)


def get(url: str, path: str) -> requests.Response:
    return requests.get(url + path, auth=ACCOUNT, timeout=10)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fresh_sandbox_is_a_fresh_server_of_its_version(version: str) -> None:
    with serve(Sandbox(version)) as url:
        info = get(url, "/api/system/info.json")
        assert info.json()["version"].startswith(version)
        assert info.headers["X-TPI-Sandbox"] == "true"
        assert get(url, "/api/organisationUnits").json()["organisationUnits"] == []
        assert "ALL" in get(url, "/api/me?fields=authorities").json()["authorities"]


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2\.39"):
        Sandbox("2.39")


def test_what_is_written_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    with serve(Sandbox("2.42", file)) as url:
        assert post(url, "/api/metadata", PACKAGE).status_code == 200
        assert post(url, "/api/tracker?async=false", {"trackedEntities": [partnership("tePartner01", "Twin")]}).ok
    with serve(Sandbox("2.42", file)) as url:
        found = get(url, "/api/tracker/trackedEntities/tePartner01").json()
        assert found["attributes"][0]["value"] == "Twin"
    assert list(tmp_path.iterdir()) == [file]


def test_reset_gives_a_fresh_server(tmp_path: Path) -> None:
    sandbox = Sandbox("2.42", tmp_path / "sandbox.json")
    with serve(sandbox) as url:
        post(url, "/api/metadata", PACKAGE)
        sandbox.reset()
        assert get(url, "/api/trackedEntityTypes").json()["trackedEntityTypes"] == []
    assert "tetPartner1" not in (tmp_path / "sandbox.json").read_text()


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    with serve(Sandbox("2.42", file)) as url:
        post(url, "/api/metadata", PACKAGE)
    with pytest.raises(ValueError, match=r"2\.42"):
        Sandbox("2.43", file)


def test_a_failed_import_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    with serve(Sandbox("2.42", file)) as url:
        post(url, "/api/metadata", {"constants": [constant("conGood0001", "Good")]})
        before = read_all(file)
        bad = {"constants": [constant("conNew00001", "New"), constant("conBad00001", "x" * 231)]}
        answer = post(url, "/api/metadata", bad)
        assert answer.status_code == 409
        assert answer.json()["response"]["stats"]["ignored"] == 2
        assert get(url, "/api/constants/conNew00001").status_code == 404
        assert read_all(file) == before


def test_a_refused_tracker_object_takes_the_bundle_with_it_or_only_itself() -> None:
    bundle = {"trackedEntities": [partnership("tePartner01", "Twin"), partnership("tePartner02", "x" * 1201)]}
    with serve(Sandbox("2.42")) as url:
        post(url, "/api/metadata", PACKAGE)
        whole = post(url, "/api/tracker?async=false", bundle)
        assert (whole.status_code, whole.json()["stats"]["ignored"]) == (409, 2)
        single = post(url, "/api/tracker?async=false&atomicMode=OBJECT", bundle)
        assert (single.status_code, single.json()["status"]) == (200, "OK")
        assert single.json()["stats"] == {"created": 1, "updated": 0, "deleted": 0, "ignored": 1, "total": 2}
        assert [each["errorCode"] for each in single.json()["validationReport"]["errorReports"]] == ["E1077"]


def test_two_threads_at_once_lose_nothing() -> None:
    sandbox = Sandbox("2.42")
    with serve(sandbox) as url, ThreadPoolExecutor(4) as pool:
        bodies = [{"constants": [constant(f"conThread{n:02}", f"Constant {n}")]} for n in range(40)]
        statuses = list(pool.map(lambda body: post(url, "/api/metadata", body).status_code, bodies))
        assert statuses == [200] * 40
        assert len(get(url, "/api/constants?paging=false").json()["constants"]) == 40
    assert sandbox.requests.count(("POST", "/api/metadata")) == 40


def test_without_credentials_it_sends_to_the_login_page() -> None:
    with serve(Sandbox("2.42")) as url:
        answer = requests.get(f"{url}/api/me", allow_redirects=False, timeout=10)
        assert answer.status_code == 302
        assert requests.get(f"{url}/api/me", auth=("admin", "wrong"), timeout=10).status_code == 401
        key = post(url, "/api/apiToken", {}).json()["response"]["key"]
        mine = requests.get(f"{url}/api/me", headers={"Authorization": f"ApiToken {key}"}, timeout=10)
        assert mine.json()["username"] == "admin"


def test_a_program_with_data_cannot_be_deleted() -> None:
    program = {"id": "proPartner1", "name": "P", "shortName": "P", "programType": "WITH_REGISTRATION"}
    program |= {"trackedEntityType": {"id": KIND}, "organisationUnits": [{"id": UNIT}]}
    enrollment = {"enrollment": "enPartner01", "program": "proPartner1", "orgUnit": UNIT, "enrolledAt": "2026-01-02"}
    with serve(Sandbox("2.42")) as url:
        assert post(url, "/api/metadata", PACKAGE | {"programs": [program]}).ok
        bundle = {"trackedEntities": [partnership("tePartner01", "Twin") | {"enrollments": [enrollment]}]}
        assert post(url, "/api/tracker?async=false", bundle).json()["stats"]["created"] == 2
        answer = post(url, "/api/metadata?importStrategy=DELETE", {"programs": [{"id": "proPartner1"}]})
        assert answer.status_code == 409
        reports = answer.json()["response"]["typeReports"][0]["objectReports"]
        assert reports[0]["errorReports"][0]["errorCode"] == "E4030"
