"""Replay recorded exchanges of real servers against the sandbox and compare what clients rely on.

Run it to see the figures: ``python tests/contract/replay.py [version] [-v]``.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tpi_dhis2.sandbox.server import Sandbox, serve  # noqa: E402 (the path is set above, for use as a program)

RECORDINGS = HERE.parents[2] / "shared" / "recordings"
VERSIONS = ("2.40", "2.41", "2.42", "2.43")
SCENARIOS = ("session", "metadata-read-empty", "metadata-import", "metadata-read", "tracker-import", "tracker-export",
             "tracker-export-old-names")  # fmt: skip
PASSWORD = "Training-2026"  # the recorded ones are scrubbed
REDACTED = "<redacted>"
# Which recorded token a request with a scrubbed key means.
TOKEN_OF = {
    "pat-use": "pat-create-empty",
    "pat-use-lowercase": "pat-create-empty",
    "pat-expired-use": "pat-expire-soon",
    "pat-restricted-ip": "pat-create-restricted",
    "pat-get-only-post": "pat-create-get-only",
    "pat-revoked-use": "pat-create-get-only",
}
UNKNOWN_TOKENS = {"pat-invalid-checksum", "pat-unknown", "pat-garbage"}
ACCESS_GROUP, VIEWER = "Ojo4eC3Z6Nm", "M7u0GM3opFU"
IDENTITIES = ("event", "enrollment", "trackedEntity", "relationship", "id", "attribute", "dataElement", "key", "name")


@dataclass(frozen=True)
class Exchange:
    """One recorded exchange."""

    scenario: str
    slug: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.scenario}/{self.slug}"


@dataclass(frozen=True)
class Outcome:
    """What the comparison of one exchange found; no difference means that it agrees."""

    name: str
    difference: str | None


def exchanges(version: str) -> list[Exchange]:
    """Return the exchanges of a version in the order of the recording; a repeated slug gets a number."""
    found, seen = [], {}
    for scenario in SCENARIOS:
        for file in sorted((RECORDINGS / version / scenario).glob("*.json")):
            slug = file.stem.partition("-")[2]
            count = seen[scenario, slug] = seen.get((scenario, slug), 0) + 1
            slug = slug if count == 1 else f"{slug}#{count - 1}"
            found.append(Exchange(scenario, slug, json.loads(file.read_text(encoding="utf-8"))))
    return found


def listed(name: str) -> dict[str, tuple[set[str], str]]:
    """Read a list of exchanges with reasons: ``scenario/slug [versions]  reason``."""
    found = {}
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            slug, _, rest = line.partition(" ")
            match = re.match(r"\s*\[([\d., ]+)\]\s*(.*)", rest)
            versions = set(match[1].replace(" ", "").split(",")) if match else set(VERSIONS)
            found[slug] = (versions, match[2] if match else rest.strip())
    return found


class Player:
    """Sends recorded requests to one sandbox and keeps what later ones refer to."""

    def __init__(self, url: str, version: str):
        self.url, self.version = url, version
        self.session = requests.Session()
        self.names: dict[str, str] = {}  # identifiers that the server made up: recorded -> played
        self.tokens: dict[str, str] = {}
        self.before_delete: str | None = None
        self.left: list[tuple[str, str]] = []

    def send(self, exchange: Exchange) -> requests.Response:
        request = exchange.content["request"]
        path = self._renamed(request["path"])
        after = self.before_delete if exchange.slug.startswith("moved-7") else None
        query = [(key, after or value if key == "updatedAfter" else value) for key, value in request["query"]]
        headers = {name: value for name, value in (request.get("headers") or {}).items() if name != "authorization"}
        headers |= self._authorization(exchange)
        if exchange.slug == "csv-events-import":
            headers["content-type"] = "application/json"
        body = self._body(exchange, request.get("body"))
        if exchange.slug == "moved-7-delete-event":
            self.before_delete = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        response = self.session.request(
            request["method"], self.url + path, params=query, headers=headers, data=body, allow_redirects=False,
            timeout=60,
        )  # fmt: skip
        self._remember(exchange, response)
        return response

    def _renamed(self, text: str) -> str:
        for recorded, played in self.names.items():
            text = text.replace(recorded, played)
        return text

    def expected(self, exchange: Exchange) -> Any:
        """Return the recorded body with the identifiers of the replay."""
        return json.loads(self._renamed(json.dumps(exchange.content["response"]["body"])))

    def clean_up(self, exchange: Exchange) -> None:
        """Do what the recorder did without recording it: remove what a commit-... exchange has left, after its read."""
        body = exchange.content["request"].get("body")
        posted = exchange.content["request"]["method"] == "POST"
        if exchange.slug.startswith("commit-") and isinstance(body, dict) and posted:
            self.left = [(kind, each["id"]) for kind, rows in body.items() for each in rows if "id" in each]
        elif exchange.slug.startswith("commit-") and exchange.slug.endswith("-read"):
            for kind, uid in self.left:
                self._delete(f"/api/{kind}/{uid}")
            if exchange.slug == "commit-whitespace-name-read":
                found = self._admin("GET", "/api/dataElements?filter=shortName:eq:RC%20err").json()
                for each in found["dataElements"]:
                    self._delete(f"/api/dataElements/{each['id']}")

    def prepare(self, exchange: Exchange) -> None:
        """Do what the recorder did without recording it, before an exchange."""
        if exchange.slug == "viewer-write":  # by now the recorder had put rec_viewer back into its group
            self._admin("POST", f"/api/userGroups/{ACCESS_GROUP}/users/{VIEWER}")

    def _delete(self, path: str) -> None:
        self._admin("DELETE", path)

    def _admin(self, method: str, path: str) -> requests.Response:
        return self.session.request(method, self.url + path, auth=("admin", "district"), timeout=60)

    def _body(self, exchange: Exchange, body: Any) -> bytes | None:
        if body is None:
            return None
        if isinstance(body, dict) and "$body" in body:
            body = json.loads((RECORDINGS / body["$body"]).read_text(encoding="utf-8"))
        text = body if isinstance(body, str) else json.dumps(body)
        if exchange.slug == "csv-events-import":
            text = json.dumps({"events": [self._event_of_csv(text)]})
        password = "weak" if exchange.slug == "user-weak-password" else PASSWORD
        data = text.replace(REDACTED, password).encode()
        if exchange.slug.startswith("gzip-"):
            return gzip.compress(data)
        return data

    @staticmethod
    def _event_of_csv(text: str) -> dict[str, Any]:
        """Return the event of a recorded CSV import, which the sandbox takes as JSON only."""
        row = next(csv.DictReader(io.StringIO(text)))
        names = ("event", "status", "program", "programStage", "enrollment", "orgUnit", "occurredAt")
        values = [{"dataElement": row["dataElement"], "value": row["value"]}]
        return {name: row[name] for name in names} | {"dataValues": values}

    def _authorization(self, exchange: Exchange) -> dict[str, str]:
        request = exchange.content["request"]
        scheme = (request.get("headers") or {}).get("authorization")
        key = self.tokens.get(TOKEN_OF.get(exchange.slug, ""), "")
        if exchange.slug in UNKNOWN_TOKENS:
            key = self.tokens.get("pat-create-empty", "d2p_")[:-1] + "!"
        if exchange.slug == "pat-use-lowercase":
            return {"Authorization": f"apitoken {key}"}
        if scheme == "ApiToken":
            return {"Authorization": f"ApiToken {key}"}
        if scheme == "Bearer":
            return {"Authorization": "Bearer nonsense"}
        if not scheme:
            return {}
        user = request["user"]
        password = {"admin": "district"}.get(user, PASSWORD) if exchange.slug != "bad-password" else "wrong"
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    def _remember(self, exchange: Exchange, response: requests.Response) -> None:
        recorded = exchange.content["response"]["body"]
        if not isinstance(recorded, dict) or not isinstance(recorded.get("response"), dict):
            return
        old, new = recorded["response"], _response_of(response)
        for name in ("id", "uid"):
            if old.get(name) and new.get(name):
                self.names[old[name]] = new[name]
        if new.get("key"):
            self.tokens[exchange.slug] = new["key"]
            if exchange.slug == "pat-expire-soon":
                time.sleep(0.01)


def _response_of(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    found = body.get("response") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def essence(body: Any) -> dict[str, Any]:
    """Return what clients rely on in a JSON body: statuses, counts, error codes, identifiers of lists."""
    if isinstance(body, list):
        return {"list": True}
    if not isinstance(body, dict):
        return {}
    report = body.get("response") if isinstance(body.get("response"), dict) else body
    found: dict[str, Any] = {"status": body.get("status"), "report": report.get("status")}
    found["code"] = body.get("errorCode")
    if isinstance(report.get("stats"), dict):
        found["stats"] = report["stats"]
    found["errors"] = sorted(_metadata_errors(report) + _tracker_errors(body))
    found |= _lists(body)
    return found


def _metadata_errors(report: dict[str, Any]) -> list[str]:
    objects = [each for kind in report.get("typeReports") or [] for each in kind.get("objectReports") or []]
    objects += [report] if report.get("errorReports") else []
    return [f"{error['errorCode']} {each.get('uid')}" for each in objects for error in each.get("errorReports") or []]


def _tracker_errors(body: dict[str, Any]) -> list[str]:
    report = body.get("validationReport") or {}
    found = [f"{each['errorCode']} {each['trackerType']} {each['uid']}" for each in report.get("errorReports") or []]
    return sorted(set(found))


def _lists(body: dict[str, Any]) -> dict[str, Any]:
    """Return the identifiers of each list of objects, and of a single object what tells it apart."""
    found: dict[str, Any] = {}
    for key, value in body.items():
        if isinstance(value, list) and value and isinstance(value[0], dict) and "completed" in value[0]:
            found[key] = "notifications"
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            found[key] = sorted(str(_identity(each)) for each in value)
        elif value == [] and key not in ("favorites", "translations"):
            found[key] = []
    pager = body.get("pager")
    if isinstance(pager, dict):
        found["pager"] = {name: pager.get(name) for name in ("page", "pageSize", "total", "pageCount")}
    for key in ("id", "trackedEntity", "enrollment", "event", "version", "code", "name"):
        if isinstance(body.get(key), str | int):
            found[key] = body[key]
    return found


def _identity(each: dict[str, Any]) -> Any:
    for key in IDENTITIES:
        if each.get(key) is not None:
            return each[key].get("id") if isinstance(each[key], dict) else each[key]
    return len(each)


def difference(recorded: dict[str, Any], expected: Any, response: requests.Response) -> str | None:
    """Return how a reply differs from the recorded one, or None."""
    if response.status_code != recorded["status"]:
        return f"status {response.status_code}, recorded {recorded['status']}: {response.text[:300]}"
    if not isinstance(recorded["body"], dict | list):
        return None
    try:
        played = response.json()
    except ValueError:
        return f"no JSON: {response.text[:100]}"
    old, new = essence(expected), essence(played)
    for key in sorted(set(old) | set(new)):
        if (old.get(key) or None) != (new.get(key) or None):
            return f"{key}: {new.get(key)!r}, recorded {old.get(key)!r}"[:400]
    return None


def keep_file(sandbox: Sandbox, exchange: Exchange) -> None:
    """Let the sandbox know of a file that the recorder uploaded; uploads are outside of its part of the API."""
    body = exchange.content["response"]["body"]
    uploaded = exchange.slug.startswith("file-upload") and isinstance(body, dict)
    if uploaded and "fileResource" in (body.get("response") or {}):
        sandbox.state.put("files", body["response"]["fileResource"]["id"], {})


def replay(version: str, outside: dict[str, tuple[set[str], str]]) -> list[Outcome]:
    """Replay a version and return the outcomes; an exchange outside is not sent."""
    found = []
    sandbox = Sandbox(version)
    with serve(sandbox) as url:
        player = Player(url, version)
        for exchange in exchanges(version):
            keep_file(sandbox, exchange)
            if version in outside.get(exchange.name, (set(), ""))[0]:
                continue
            player.prepare(exchange)
            response = player.send(exchange)
            recorded, expected = exchange.content["response"], player.expected(exchange)
            found.append(Outcome(exchange.name, difference(recorded, expected, response)))
            player.clean_up(exchange)
    return found


def main() -> None:
    """Print the figures, and with -v each difference."""
    versions = [each for each in sys.argv[1:] if each in VERSIONS] or list(VERSIONS)
    for version in versions:
        started = time.monotonic()
        outcomes = replay(version, listed("outside.txt"))
        agreeing = [each for each in outcomes if each.difference is None]
        print(f"{version}: {len(agreeing)} of {len(outcomes)} agree ({time.monotonic() - started:.1f} s)")  # noqa: T201
        for each in outcomes:
            if each.difference is not None and "-v" in sys.argv:
                print(f"  {each.name}  {each.difference}")  # noqa: T201


if __name__ == "__main__":
    main()
