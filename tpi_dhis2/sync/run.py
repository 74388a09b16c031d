"""A whole sync, as a schedule runs it: pull and merge, take values of the HMIS, push, calculate, push."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.hmis import HmisPulled, pull_hmis
from tpi_dhis2.sync.hmis_file import HmisMapping
from tpi_dhis2.sync.mirror import Taken
from tpi_dhis2.sync.outcome import Pushed
from tpi_dhis2.sync.pull import Wanted, pull
from tpi_dhis2.sync.push import How, push, rehearse


@dataclass
class Ran:
    """What a run did."""

    pulled: Taken
    hmis: HmisPulled | None
    pushed: Pushed

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left that a person has to see to."""
        return self.pushed.is_clean and not (self.hmis and self.hmis.problems)


def run(
    client: Client, store: Store, fields: Fields, wanted: Wanted, how: How, mapping: HmisMapping | None = None
) -> Ran:
    """Pull, then push; what is refused or in conflict waits and stops nothing."""
    pulled = pull(client, store, fields, wanted, how.told)
    hmis = _hmis(client, store, fields, how, mapping)
    return Ran(pulled, hmis, push(client, store, fields, (), how))


def rehearse_run(
    client: Client, store: Store, fields: Fields, wanted: Wanted, how: How, mapping: HmisMapping | None = None
) -> Ran:
    """What a run would do; neither the server nor the store keeps anything."""
    with store.rehearsal():
        pulled = pull(client, store, fields, wanted, how.told)
        hmis = _hmis(client, store, fields, how, mapping)
        return Ran(pulled, hmis, rehearse(client, store, fields, (), how))


def _hmis(client: Client, store: Store, fields: Fields, how: How, mapping: HmisMapping | None) -> HmisPulled | None:
    return pull_hmis(client, store, fields, mapping, how.day, how.within) if mapping else None
