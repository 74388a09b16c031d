"""What the store keeps of each tracked object: what it should be, what the server last had, and how the two stand."""

from __future__ import annotations

from dataclasses import dataclass, field

from tpi_dhis2.domain.merge import Doc

PARTNERSHIP, CYCLE, RECORD = "partnership", "cycle", "record"

SYNCED = "synced"
TO_SEND = "to send"
ERROR = "error"
CONFLICT = "conflict"


@dataclass
class Item:
    """One partnership, cycle or record.

    ``doc`` is what it should be, ``base`` what the server had at the last look (None: never seen there). What they
    differ in is still to be sent: the rows of the store are the outbox. Keys with ``@`` are properties of the object
    (unit, date, status), keys with ``#`` are fields of the site that the package does not know, the others are fields
    of the package. ``said`` is what record files last said of its fields: the same file again says nothing new,
    whatever has become of the fields since.
    """

    uid: str
    type: str
    kind: str
    partnership: str
    cycle: str
    doc: Doc
    base: Doc | None = None
    state: str = TO_SEND
    problem: str = ""
    conflicts: dict[str, list[str | None]] = field(default_factory=dict)
    deleted: bool = False
    said: dict[str, str | None] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether the server lacks something of this."""
        return not self.deleted and self.doc != self.base

    def settle(self) -> None:
        """Set the state that follows from doc, base and conflicts."""
        self.problem = ""
        if self.conflicts:
            self.state = CONFLICT
        else:
            self.state = TO_SEND if self.differs else SYNCED
