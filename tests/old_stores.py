"""Stores of release 0.2.0, from a dump of one that its own code wrote."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine

from tpi_dhis2.store.address import file_of, parsed

DUMP = Path(__file__).parent / "data" / "store_0.2.0.sql"


def write_old_store(url: str) -> None:
    """Write such a store at an address."""
    text = DUMP.read_text("utf-8")
    address = parsed(url)
    if file_of(address) is None:
        text = re.sub(r",([01]),'", lambda found: f",{'true' if found[1] == '1' else 'false'},'", text)
    engine = create_engine(address)
    if file_of(address) is not None:
        text = f"PRAGMA journal_mode=WAL;\n{text}"  # as that release did
    with closing(engine.raw_connection()) as connection:
        for statement in re.split(r";\n", text):
            if statement.split() and not re.match(r"(--.*\n)?(BEGIN|COMMIT)", statement):
                connection.cursor().execute(re.sub(r"^--.*\n", "", statement))
        connection.commit()
    engine.dispose()
