"""Measurements that the tool took from the country's aggregate data (HMIS), told from those that people made."""

from __future__ import annotations

from tpi_dhis2.domain.records import Record

#: What the source of such a record begins with; the period and the data follow.
MARK = "HMIS, "


def is_pulled(record: Record) -> bool:
    """Whether nobody measured this for the partnership: it came from the country's data by itself."""
    return record.kind == "measurement" and (record.text("record_source") or "").startswith(MARK)
