"""What the store keeps of each tracked object: what it should be, what the server last had, and how the two stand.

The states of an object, and what leads from one to the next:

    to post, to update, to delete   something waits here       -> uploading
    uploading                       a request is under way     -> synced, warning, error; a look when its end is unknown
    synced                          both sides have the same
    warning                         the same, and the server had something to say
    error                           the server refused it; tried again by each push
    conflict                        fields changed on both sides; these wait for a person, others are sent
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.domain.merge import Doc

PARTNERSHIP, CYCLE, RECORD = "partnership", "cycle", "record"

TO_POST, TO_UPDATE, TO_DELETE = "to post", "to update", "to delete"
UPLOADING = "uploading"
SYNCED, WARNING = "synced", "warning"
ERROR = "error"
CONFLICT = "conflict"
STATES = (TO_POST, TO_UPDATE, TO_DELETE, UPLOADING, SYNCED, WARNING, ERROR, CONFLICT)
#: States in which something may have to be sent.
WAITING = (TO_POST, TO_UPDATE, TO_DELETE, UPLOADING, ERROR, CONFLICT)

#: The conflict of an object that one side deleted and the other changed.
DELETED = "@deleted"


@dataclass(frozen=True)
class Clash:
    """A field that changed on both sides: our value and theirs (None: empty), and when and by whom theirs was set."""

    here: str | None
    server: str | None
    at: str = ""
    by: str = ""


@dataclass
class Item:
    """One partnership, cycle or record.

    ``doc`` is what it should be, ``base`` what the server had at the last look (None: never seen there). What they
    differ in is still to be sent: the rows of the store are the outbox. Keys with ``@`` are properties of the object
    (unit, date, status), keys with ``#`` are fields of the site that the package does not know, the others are fields
    of the package. ``deleted`` says that the server has deleted it, ``removed`` that it is to be deleted there.
    ``said`` is what record files last said of its fields: the same file again says nothing new, whatever has become
    of the fields since. ``changed_at`` (UTC) and ``changed_by`` tell of the last change made here. ``report`` is what
    the server last said of it, ``upload`` the request that it is under way in.
    """

    uid: str
    type: str
    kind: str
    partnership: str
    cycle: str
    doc: Doc
    base: Doc | None = None
    state: str = TO_POST
    problem: str = ""
    conflicts: dict[str, Clash] = field(default_factory=dict)
    deleted: bool = False
    removed: bool = False
    said: dict[str, str | None] = field(default_factory=dict)
    changed_at: str = ""
    changed_by: str = ""
    report: dict[str, Any] | None = None
    upload: int | None = None

    @property
    def outgoing(self) -> Doc:
        """What the server should have now: a field in conflict stays there as it is until a person decides."""
        if not self.conflicts:
            return self.doc
        kept = {key: value for key, value in (self.base or {}).items() if key in self.conflicts}
        return {key: value for key, value in self.doc.items() if key not in self.conflicts} | kept

    @property
    def differs(self) -> bool:
        """Whether the server lacks something of this."""
        if self.deleted or DELETED in self.conflicts:
            return False
        return self.base is not None if self.removed else self.outgoing != self.base

    @property
    def _is_opened_again(self) -> bool:
        """Whether what is completed on the server is to be so no more."""
        was, now = (self.base or {}).get("@status"), self.doc.get("@status")
        return was == "COMPLETED" != now and "@status" not in self.conflicts

    def settle(self) -> None:
        """Set the state that follows from doc, base and conflicts."""
        self.problem = ""
        self.upload = None
        if self._is_opened_again:
            # It takes its completion along, as it does on the server; else the two would not be the same afterwards.
            self.doc.pop("@completed", None)
            self.conflicts.pop("@completed", None)
        if self.conflicts:
            self.state = CONFLICT
        elif not self.differs:
            self.state = SYNCED
        elif self.removed:
            self.state = TO_DELETE
        else:
            self.state = TO_POST if self.base is None else TO_UPDATE
