"""Metadata of a server: read by type, imported as one bundle, collections changed without touching the rest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tpi_dhis2.dhis2.addresses import batches, export_params
from tpi_dhis2.dhis2.client import Answer, Client, message_of
from tpi_dhis2.dhis2.jobs import LOOK, Clock, Told, import_as_job, tell_nobody
from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.errors import Forbidden, NotFound, OutcomeUnknown, ServerFailed, ServerRefused, TpiError

Json = dict[str, Any]

#: Objects of a bundle that is sent as a job when it has more. Proxies end a request after 60 seconds, and a recorded
#: 2.43.1 took 18 for 148 objects: 60 are full with about 490, and a slower server has fewer.
LARGE = 250
#: Members of a collection in one request.
_MEMBERS = 1000
#: What is asked of a unit.
UNIT_FIELDS = "id,name,code,level"
#: How bundles are imported: created or updated, all of it or nothing, and a report of what was refused.
_WHOLE = {"importStrategy": "CREATE_AND_UPDATE", "atomicMode": "ALL", "importReportMode": "ERRORS"}


@dataclass(frozen=True)
class Refusal:
    """One reason of the server for refusing an object."""

    kind: str
    uid: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}: {self.message} ({self.code})"


class Metadata:
    """The metadata side of the Web API."""

    def __init__(self, client: Client, clock: Clock | None = None) -> None:
        self.client = client
        self.clock = clock or Clock()

    def export(self, conditions: Iterable[tuple[str, str]]) -> dict[str, list[Json]]:
        """Objects of several types in the form that can be sent back (``:owner``), each type by its conditions.

        One request, or some when the address would grow too long. A type's conditions are alternatives; an empty one
        means all of the type.
        """
        found: dict[str, dict[str, Json]] = {}
        for params in export_params(conditions):
            body = self.client.get_object("metadata", params)
            # A type without objects is left out of the answer.
            for kind in {name.split(":")[0] for name, _ in params}:
                found.setdefault(kind, {}).update({item["id"]: item for item in body.get(kind, [])})
        return {kind: list(items.values()) for kind, items in found.items()}

    def all_of(self, kind: str, params: Mapping[str, str]) -> list[Json]:
        """All objects of a type that match."""
        body = self.client.get_object(kind, {**params, "paging": "false"})
        return list(body.get(kind, []))

    def units(self, names: Iterable[str], fields: str = UNIT_FIELDS) -> list[Json]:
        """The units with these UIDs or codes; those that are not there, or not for this account, are left out."""
        wanted = set(names)
        found = {unit["id"]: unit for unit in self.named("organisationUnits", "id", filter(is_uid, wanted), fields)}
        coded = self.named("organisationUnits", "code", wanted - found.keys(), fields)
        return list((found | {unit["id"]: unit for unit in coded}).values())

    def named(self, kind: str, prop: str, names: Iterable[str], fields: str) -> list[Json]:
        """The objects of a type with these UIDs, codes or names, in as few requests as addresses have room for."""
        found: list[Json] = []
        for some in batches(names):
            condition = f"in:[{','.join(some)}]" if len(some) > 1 else f"eq:{some[0]}"
            found += self.all_of(kind, {"filter": f"{prop}:{condition}", "fields": fields})
        return found

    def alike(self, kind: str, prop: str, names: Iterable[str], fields: str) -> dict[str, list[Json]]:
        """The objects whose property is one of these names but for small and capital letters, by name."""
        found: dict[str, list[Json]] = {}
        for some in batches(names, len(f"filter={prop}%3Ailike%3A")):
            params = [("filter", f"{prop}:ilike:{name}") for name in some]
            params += [("rootJunction", "OR"), ("fields", fields), ("paging", "false")]
            objects = self.client.get_object(kind, params).get(kind, [])
            for name in some:
                found[name] = [one for one in objects if str(one.get(prop)).casefold() == name.casefold()]
        return found

    def validate(self, bundle: Json, told: Told = tell_nobody) -> None:
        """Let the server check a bundle and write nothing; ServerRefused with its reasons."""
        try:
            self._import(bundle, "VALIDATE", told)
        except OutcomeUnknown as error:
            raise ServerFailed(
                "The server did not say what it thinks of the metadata; nothing was written.",
                "Try again later.",
                f"{error}\n{error.detail}",
            ) from error

    def commit(self, bundle: Json, told: Told = tell_nobody) -> Json:
        """Import a bundle whole or not at all; the counts of the server, or ServerRefused with its reasons.

        OutcomeUnknown when the server may or may not have taken it: look what is there.
        """
        try:
            return self._import(bundle, "COMMIT", told)
        except TpiError as error:
            if isinstance(error, OutcomeUnknown) or not error.taken:
                raise
            text = f"Whether the server took the metadata is not known. {error}"
            raise OutcomeUnknown(text, LOOK, error.detail) from error

    def _import(self, bundle: Json, mode: str, told: Told) -> Json:
        answer = self._send(bundle, {**_WHOLE, "importMode": mode}, told)
        report = answer.body.get("response") if isinstance(answer.body, dict) else None
        report = report if isinstance(report, dict) else {}
        # Not the status alone: a report with a refused object is a refusal, whatever else it says.
        if answer.status >= 300 or report.get("status", "OK") != "OK" or report.get("stats", {}).get("ignored"):
            raise _refused(answer, report)
        if not report.get("stats"):
            raise OutcomeUnknown("The server took the metadata and gave no report.", LOOK, str(answer.body)[:2000])
        return dict(report["stats"])

    def _send(self, bundle: Json, params: dict[str, str], told: Told) -> Answer:
        if sum(len(items) for items in bundle.values() if isinstance(items, list)) > LARGE:
            return import_as_job(self.client, params, bundle, told, self.clock)
        return self.client.ask("POST", "metadata", params={**params, "async": "false"}, body=bundle, expect=(409,))

    def delete(self, bundle: Json) -> list[Refusal]:
        """Delete objects; the server's reasons for those it did not delete.

        One that is gone already (E5001) or that a foreign key holds keeps all the others; a veto (E4030) only its own.
        ServerFailed for a 5xx, which may have deleted all the same: read back.
        """
        params = {"importStrategy": "DELETE", "importReportMode": "FULL"}
        answer = self.client.ask("POST", "metadata", params=params, body=bundle, expect=(409,))
        found = list(refusals((answer.body or {}).get("response") or {}))
        if answer.status >= 300 and not found:
            found = [Refusal("", "", str(answer.status), message_of(answer.body))]
        return found

    def delete_one(self, kind: str, uid: str) -> list[Refusal]:
        """Delete an object at its own address; the server's reasons when it did not. One that is gone is no fault."""
        try:
            answer = self.client.ask("DELETE", f"{kind}/{uid}", expect=(409,))
        except NotFound:
            return []
        if answer.status < 300:
            return []
        report = (answer.body or {}).get("response") or {}
        found = list(refusals({"typeReports": [{"objectReports": [report]}]}))
        return found or [Refusal(kind, uid, str(answer.status), message_of(answer.body))]

    def add_to_collection(self, kind: str, uid: str, collection: str, members: list[str]) -> None:
        """Add members to a collection and leave the others alone, in requests that may be repeated.

        The server drops unknown members in silence: read back.
        """
        for start in range(0, len(members), _MEMBERS):
            some = [{"id": member} for member in members[start : start + _MEMBERS]]
            try:
                self.client.ask("POST", f"{kind}/{uid}/{collection}", body={"additions": some, "deletions": []})
            except TpiError as error:
                if start:
                    error.args = (f"{start} of {len(members)} are in; the same command sends the rest. {error}",)
                raise

    def patch(self, kind: str, uid: str, operations: list[Json]) -> None:
        """Change single properties of an object (JSON Patch)."""
        self.client.ask("PATCH", f"{kind}/{uid}", body=operations)

    def me(self, fields: str) -> Json:
        """The account itself."""
        return self.client.get_object("me", {"fields": fields})


class DataStore:
    """The server's key-value store, one namespace."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    def _path(self, key: str) -> str:
        return f"dataStore/{quote(self.namespace, safe='')}/{quote(key, safe='')}"

    def get(self, key: str) -> Json | None:
        """The value of a key; None when there is none."""
        try:
            return self.client.get_object(self._path(key))
        except NotFound:
            return None

    def delete(self, key: str) -> None:
        """Delete a key; one that is not there is no fault."""
        with contextlib.suppress(NotFound):
            self.client.ask("DELETE", self._path(key))

    def put(self, key: str, value: Json) -> None:
        """Write the value of a key, whether it is there or not."""
        self.client.ask("PUT", self._path(key), body=value)


#: The importer's codes for a missing right to create, update or share.
_NO_RIGHT = {f"E{number}" for number in range(3000, 3020)}


def _refused(answer: Answer, report: Json) -> TpiError:
    reasons = list(refusals(report))
    if any(reason.code in _NO_RIGHT for reason in reasons):
        return Forbidden(
            "This account may not write the metadata of the package; the server wrote nothing.",
            "Use an account that may (a superuser, or one with the authorities that --verbose names).",
            "\n".join(map(str, reasons)),
        )
    lines = [str(reason) for reason in reasons] or [message_of(answer.body) or f"HTTP {answer.status}"]
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    return ServerRefused(
        f"The server refused the metadata and wrote nothing: {lines[0]}{more}.",
        "Mend what it names, or ask for help with the lines that --verbose shows.",
        "\n".join(lines),
        answer.status,
        answer.body,
    )


def refusals(report: Json) -> Iterator[Refusal]:
    """The reasons in an import report."""
    for of_type in report.get("typeReports", []):
        for item in of_type.get("objectReports", []):
            for error in item.get("errorReports", []):
                kind = str(item.get("klass", "")).rsplit(".", 1)[-1]
                yield Refusal(kind, str(item.get("uid", "")), str(error.get("errorCode")), str(error.get("message")))
