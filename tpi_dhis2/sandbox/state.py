"""The data of a sandbox: tables of objects that are replaced, never changed, so that a failed request can be undone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tpi_dhis2.sandbox.ids import timestamp
from tpi_dhis2.sandbox.indexes import Index, Keys, listed_in
from tpi_dhis2.sandbox.kept import PASSING, Change, read_all, write_all
from tpi_dhis2.sandbox.values import restore_pairs
from tpi_dhis2.sandbox.web import Json

FULL_VERSION = {40: "2.40.12", 41: "2.41.5.1", 42: "2.42.4.1", 43: "2.43.1"}
NOTHING = object()
Made = TypeVar("Made")


class State:
    """Tables of objects by key, with a journal of what the request under way has replaced."""

    def __init__(self, minor: int, *, is_kept: bool = False):
        self.minor = minor
        #: Whether a file keeps the data.
        self.is_kept = is_kept
        self.tables: dict[str, Json] = {}
        #: How often a job is looked at before it begins; 0 for one that has ended when it is answered.
        self.looks_before_jobs = 0
        #: Jobs that wait: the looks that are left, and their steps. In memory only: a restart forgets them.
        self.waiting: dict[str, tuple[int, Iterator[None]]] = {}
        self._journal: list[tuple[str, str, Any]] = []
        self._indexes: dict[str, dict[Keys, Index]] = {}
        #: How often each table has changed, and what was made of tables, with how often they had changed by then.
        self._changes: dict[str, int] = {}
        self._made: dict[Hashable, tuple[list[int | None], Any]] = {}
        #: How far the server's clock is off; a test may move it at any time, back as well.
        self.shift = self._shifted = timedelta()
        self._time = datetime(2000, 1, 1)  # noqa: DTZ001 (DHIS2 writes times without a zone)
        self._tick()

    def table(self, name: str) -> Json:
        """Return a table; read only."""
        return self.tables.setdefault(name, {})

    def get(self, table: str, key: Any) -> Any:
        """Return an object, or None."""
        return self.tables.get(table, {}).get(key)

    def index(self, table: str, keys: Keys) -> Index:
        """Return an index of a table: made when it is first asked for, kept right from then on."""
        made = self._indexes.setdefault(table, {})
        if keys not in made:
            made[keys] = Index(keys, self.table(table))
        return made[keys]

    def found(self, table: str, keys: Keys, key: Hashable) -> list[Json]:
        """Return the objects of a table that are found under a key."""
        rows = self.table(table)
        return [rows[uid] for uid in self.index(table, keys).under(key)]

    def holders(self, table: str, listing: str, uid: str) -> list[str]:
        """Return which objects of a table list an identifier."""
        return list(self.index(table, listed_in(listing)).under(uid))

    def kept(self, key: Hashable, tables: Sequence[str], make: Callable[[], Made]) -> Made:
        """Return what is made of some tables: made when first asked for, and anew once one of them has changed."""
        changes = [self._changes.get(table) for table in tables]
        if key not in self._made or self._made[key][0] != changes:
            self._made[key] = (changes, make())
        found: Made = self._made[key][1]
        return found

    def put(self, table: str, key: Any, value: Any) -> None:
        """Store an object in place of the one before."""
        self._journal.append((table, key, self._set(table, key, value)))

    def drop(self, table: str, key: str) -> None:
        """Remove an object."""
        if key in self.table(table):
            self._journal.append((table, key, self._set(table, key, NOTHING)))

    def _set(self, table: str, key: Any, value: Any) -> Any:
        """Store an object, or NOTHING, in the table and its indexes; return what was there."""
        rows = self.table(table)
        before = rows.pop(key, NOTHING) if value is NOTHING else rows.get(key, NOTHING)
        if value is not NOTHING:
            rows[key] = value
        self._changes[table] = self._changes.get(table, 0) + 1
        for index in self._indexes.get(table, {}).values():
            index.move(key, None if before is NOTHING else before, None if value is NOTHING else value)
        return before

    def change(self, table: str, key: Any, **properties: Any) -> Json:
        """Store a copy of an object with some properties set, and return it."""
        new: Json = {**self.table(table)[key], **properties}
        self.put(table, key, new)
        return new

    def next_number(self) -> int:
        """Return the next internal id, as a database's sequence gives it."""
        number: int = (self.get("sequence", "last") or 0) + 1
        self.put("sequence", "last", number)
        return number

    @property
    def changed(self) -> bool:
        """Say whether the request under way has changed something."""
        return bool(self._journal)

    def changes(self) -> list[Change]:
        """Return what the request under way has stored and removed, as it stands now."""
        touched = dict.fromkeys((table, key) for table, key, _ in self._journal)
        return [
            [table, key, *([self.tables[table][key]] if key in self.tables[table] else [])] for table, key in touched
        ]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep what is done inside, or nothing of it when it raises."""
        self._journal = []
        self._tick()
        with self.nested():
            yield

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Undo what is done inside when it raises; the refusals that say so keep it."""
        mark = len(self._journal)
        try:
            yield
        except BaseException as error:
            if not getattr(error, "keep", False):
                self.undo(mark)
            raise

    def undo(self, mark: int = 0) -> None:
        """Put back what was replaced since a mark in the journal."""
        while len(self._journal) > mark:
            self._set(*self._journal.pop())

    def now(self) -> str:
        """Return the time of the request under way."""
        return self._now

    def moment(self) -> datetime:
        """Return the time of the request under way as a moment (UTC, no zone)."""
        return self._time

    def milliseconds(self) -> int:
        """Return the time of the request under way as milliseconds since 1970."""
        return int(self._time.replace(tzinfo=UTC).timestamp() * 1000)

    def _tick(self) -> None:
        """Take the time for a request: later than the one before, unless the clock was set anew."""
        moment = datetime.now(UTC).replace(tzinfo=None) + self.shift
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        as_before = self.shift == self._shifted
        self._time = max(moment, self._time + timedelta(milliseconds=1)) if as_before else moment
        self._shifted, self._now = self.shift, timestamp(self._time)

    def snapshot(self) -> dict[str, Json]:
        """Return a copy of all tables; the objects in them are shared, for none is ever changed."""
        return {name: dict(rows) for name, rows in self.tables.items()}

    def restore(self, tables: dict[str, Json]) -> None:
        """Put all tables back to what a copy holds, as a server does from a backup: no job goes on."""
        self.tables = {name: dict(rows) for name, rows in tables.items()}
        self._indexes, self._made, self._journal = {}, {}, []
        self.waiting.clear()

    def save(self, file: Path) -> None:
        """Write the data beside the file and put it in its place."""
        write_all(file, self.minor, self.tables)

    def load(self, file: Path) -> bool:
        """Read the data of an earlier run; what jobs have said is forgotten.

        ValueError when the file is damaged, or holds the data of another version: no server of one takes the other's
        database as it is.
        """
        if not file.exists():
            return False
        minor, tables = read_all(file)
        if minor != self.minor:
            raise ValueError(f"it holds the data of a DHIS2 2.{minor}, not of a 2.{self.minor}")
        restore_pairs(tables)
        self.restore({**tables, PASSING: {}})
        return True
