"""What the recorder did between its exchanges without recording it; the replay does the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tests.contract.player import Player
from tests.contract.recordings import Exchange
from tpi_dhis2.sandbox.server import Sandbox

ACCESS_GROUP, VIEWER = "Ojo4eC3Z6Nm", "M7u0GM3opFU"
JOB = re.compile(r"/api/(tracker/jobs|system/tasks/[A-Z_]+)/\w+")
EVERYTHING = ("softDeletedRelationshipRemoval", "softDeletedEventRemoval", "softDeletedEnrollmentRemoval",
              "softDeletedTrackedEntityRemoval")  # fmt: skip
#: Where the package was installed again before the first attempt to remove it, and the exchange that has it as sent.
PACKAGE = {"2.40": "reinstall-before-type-by-type", "2.42": "reinstall-before-type-by-type#1"}
#: Servers on which an action without a rule stayed where an exchange had left it.
ORPHAN_STAYED = ("2.41", "2.43")


class Recorder:
    """Does to a sandbox what the recorder did to its server."""

    def __init__(self, version: str, sandbox: Sandbox, player: Player, exchanges: Iterable[Exchange]):
        self.version, self.sandbox, self.player = version, sandbox, player
        self.exchanges = {each.name: each for each in exchanges}
        self.left: list[tuple[str, str]] = []
        self.doings: dict[str, Callable[[], None]] = {
            "metadata-import/package-validate-tet-without-shortname": self._leave_role,
            "metadata-import/reimport-mergemode-merge": self._assign_units,
            "metadata-import/reimport-skiptranslation": self._translate_again,
            "tracker-import/viewer-write": self._put_viewer_back,
            "delete-uninstall/uninstall-type-indicatortypes": self._remove_indicators,
            "delete-uninstall/uninstall-validate": self._prepare_uninstall,
            "final-data/final-bundle-0": self._send_final_data,
        }

    def before(self, exchange: Exchange) -> None:
        """Do what was done before an exchange."""
        self._keep_file(exchange)
        self.doings.get(exchange.name, lambda: None)()
        self.sandbox.state.looks_before_jobs = int(self._is_slow(exchange))
        self._look_at_job(exchange)

    def after(self, exchange: Exchange) -> None:
        """Do what was done after an exchange: remove what a commit-... exchange has left, once it was read."""
        body = exchange.request.get("body")
        posted = exchange.request["method"] == "POST"
        if exchange.slug.startswith("commit-") and isinstance(body, dict) and posted:
            self.left = [(kind, each["id"]) for kind, rows in body.items() for each in rows if "id" in each]
        elif exchange.slug.startswith("commit-") and exchange.slug.endswith("-read"):
            self._clean_up(exchange)

    def _clean_up(self, exchange: Exchange) -> None:
        stays = exchange.slug == "commit-action-only-backref-read" and self.version in ORPHAN_STAYED
        for kind, uid in [] if stays else self.left:
            self._delete(kind, uid)
        if exchange.slug == "commit-whitespace-name-read":
            found = self.player.as_admin("GET", "/api/dataElements?filter=shortName:eq:RC%20err").json()
            for each in found["dataElements"]:
                self._delete("dataElements", each["id"])

    def _delete(self, kind: str, uid: str) -> None:
        self.player.as_admin("DELETE", f"/api/{kind}/{uid}")

    def _leave_role(self) -> None:
        """Leave a role of an earlier run: no server lets go of one that has users."""
        sent = self.exchanges["metadata-import/package-validate-full"].request["body"]
        if self.version == "2.40":
            self.player.as_admin("POST", "/api/metadata", {"userRoles": sent["userRoles"]})

    def _assign_units(self) -> None:
        """Assign the units again that the exchanges before have taken from the program."""
        program = self.exchanges["metadata-import/program-bare-before-wipe-test"].response["body"]
        units = {"additions": program["organisationUnits"]}
        self.player.as_admin("POST", f"/api/programs/{program['id']}/organisationUnits", units)

    def _translate_again(self) -> None:
        """Give the data element the translations back that an exchange before has left out."""
        uid = self.exchanges["metadata-import/after-skiptranslation"].response["body"]["id"]
        package = self.exchanges["metadata-import/package-validate-full"].request["body"]
        sent = [each for each in package["dataElements"] if each["id"] == uid]
        self.player.as_admin("POST", "/api/metadata", {"dataElements": sent})

    def _remove_indicators(self) -> None:
        """Remove the indicators; of the servers 2.43 alone has no exchange that does."""
        for row in list(self.sandbox.state.table("indicators").values()):
            self._delete("indicators", row["id"])

    def _put_viewer_back(self) -> None:
        self.player.as_admin("POST", f"/api/userGroups/{ACCESS_GROUP}/users/{VIEWER}")

    def _prepare_uninstall(self) -> None:
        """Remove all data for good; where the package was to be whole again, install it."""
        tables = {"relationships": "relationship", "events": "event", "trackedEntities": "trackedEntity"}
        for table, name in tables.items():
            rows = [{name: uid} for uid, row in self.sandbox.state.table(table).items() if not row["deleted"]]
            self.player.as_admin("POST", "/api/tracker?async=false&importStrategy=DELETE", {table: rows})
        self.player.as_admin("POST", "/api/maintenance?" + "&".join(f"{name}=true" for name in EVERYTHING))
        if self.version in PACKAGE:
            self._send(f"delete-uninstall/{PACKAGE[self.version]}")

    def _send_final_data(self) -> None:
        """Send the final data a first time, as was done on all but 2.40."""
        for name in [] if self.version == "2.40" else list(self.exchanges):
            if name.startswith("final-data/") and self.exchanges[name].request["method"] == "POST":
                self._send(name)

    def _send(self, name: str) -> None:
        request = self.exchanges[name].request
        path = request["path"] + "?" + "&".join(f"{key}={value}" for key, value in request["query"])
        self.player.as_admin(request["method"], path, request["body"])

    @staticmethod
    def _is_slow(exchange: Exchange) -> bool:
        """Say whether an exchange started a job that had not begun when it was first looked at."""
        return exchange.slug in ("async-commit", "async-bad", "async-good", "sync-async")

    def _look_at_job(self, exchange: Exchange) -> None:
        """Let a job get as far as it was when it was looked at: it goes on by being looked at."""
        notes, path = exchange.response["body"], exchange.request["path"]
        if not JOB.fullmatch(path) or not isinstance(notes, list):
            return
        over = exchange.slug.endswith("-last") or bool(notes and notes[0]["completed"])
        for _ in range(3 if over else int(bool(notes))):
            self.player.as_admin("GET", self.player.renamed(path))

    def _keep_file(self, exchange: Exchange) -> None:
        """Let the sandbox know of a file that was uploaded; uploads are outside of its part of the API."""
        body = exchange.response["body"]
        uploaded = exchange.slug.startswith("file-upload") and isinstance(body, dict)
        if uploaded and "fileResource" in (body.get("response") or {}):
            self.sandbox.state.put("files", body["response"]["fileResource"]["id"], {})
