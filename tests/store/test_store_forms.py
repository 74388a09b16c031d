"""Stores of older and newer releases: they are brought to today's form, or left alone, and nothing is lost."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, delete, event, inspect, update

from tests.old_stores import write_old_store
from tests.one_item import item
from tests.store.test_store import in_another_process
from tpi_dhis2.errors import StoreNotReady, StoreProblem
from tpi_dhis2.store import connect, form, migrations, tables
from tpi_dhis2.store.address import parsed
from tpi_dhis2.store.items import CONFLICT, ERROR, SYNCED, TO_POST, TO_UPDATE, Clash, Item
from tpi_dhis2.store.store import Store

PAIR, OTHER, CYCLE = "aPair000001", "aPair000002", "aCycle00001"


def raw(store_url: str) -> Engine:
    return create_engine(parsed(store_url))


def columns(store_url: str) -> dict[str, set[str]]:
    """The tables and columns of a database."""
    engine = raw(store_url)
    found = inspect(engine)
    told = {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}
    engine.dispose()
    return told


def differences(store_url: str) -> list[object]:
    """What Alembic would still change."""
    engine = raw(store_url)
    with engine.connect() as connection:
        options = {"compare_type": True, "version_table": form.VERSION.name}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)
    engine.dispose()
    return list(found)


def is_brought_over(store_url: str) -> None:
    """All that the old store held is there, in the words of today."""
    with Store.open(store_url) as store:
        found = {each.uid: each for each in store.items()}
        assert {uid: each.state for uid, each in found.items()} == {
            PAIR: SYNCED, OTHER: TO_POST, CYCLE: TO_UPDATE, "aEvent00001": CONFLICT, "aEvent00002": ERROR,
            "aEvent00003": SYNCED, "aEvent00004": TO_UPDATE,
        }  # fmt: skip
        assert found["aEvent00001"].conflicts == {
            "decisions": Clash("mine", "theirs"),
            "contact_type": Clash("CALL", None),
        }
        refused = Item("aEvent00002", "record", "contact", PAIR, CYCLE, {"decisions": "x"}, None, ERROR)
        refused.problem, refused.said = "E1076: it's refused", {"decisions": "x", "contact_type": None}
        assert found["aEvent00002"] == refused
        assert found["aEvent00003"].deleted
        assert (found[OTHER].doc["name"], found[OTHER].base) == ("Beta 日本", None)
        assert (store.setting("server"), store.cursor()) == ("https://one.example/dhis", "2026-11-23T10:00:00.000")
        assert (store.setting("pulled"), store.setting("schema")) == (None, form.NEWEST)
        assert store.stamps() == {PAIR: "", OTHER: ""}
        assert store.not_calculated("2026-11-23") == [PAIR, OTHER]
        assert store.unit_names()["ImspTQPwCqd"] == "Hôpital d'Alpha"
        store.save_units([{"id": "ImspTQPwCqd", "name": "Hospital", "path": "/ImspTQPwCqd"}])
        store.save([item(9, changed_by="me")], stamps={PAIR: "now"})


# The forms agree


def test_the_newest_form_is_the_last_migration() -> None:
    script = ScriptDirectory(str(migrations.FOLDER))
    assert [each.revision for each in script.walk_revisions()] == list(reversed(form.FORMS))


def test_a_new_store_has_the_tables_that_the_code_knows(store_url: str) -> None:
    with Store.open(store_url):
        pass
    assert differences(store_url) == []


def test_a_migrated_store_has_the_same(new_store: Callable[[], str]) -> None:
    old, new = new_store(), new_store()
    write_old_store(old)
    assert differences(old), "the comparison sees nothing"
    for address in (old, new):
        with Store.open(address):
            pass
    assert differences(old) == []
    assert columns(old) == columns(new)


def test_all_migrations_from_nothing_give_the_same(store_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    engine, config = raw(store_url), Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    assert differences(store_url) == []


# Older releases


def test_a_store_of_release_0_2_0_is_brought_over_whole(store_url: str) -> None:
    write_old_store(store_url)
    is_brought_over(store_url)


def test_the_old_file_is_kept_beside(tmp_path: Path) -> None:
    write_old_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    is_brought_over(f"sqlite:///{tmp_path / 'store.sqlite'}")
    kept = tmp_path / "store.sqlite.before-0002"
    kept.rename(tmp_path / "again.sqlite")
    is_brought_over(f"sqlite:///{tmp_path / 'again.sqlite'}")
    assert not list(tmp_path.glob("*.part*"))


def test_readers_do_not_change_an_old_store(store_url: str) -> None:
    write_old_store(store_url)
    before = columns(store_url)
    with pytest.raises(StoreNotReady, match="older release") as raised, Store.open(store_url, reading=True):
        pytest.fail("opened")
    assert "sync pull" in raised.value.advice
    assert columns(store_url) == before
    is_brought_over(store_url)


def statements(store_url: str, stop: int) -> int:
    """Migrate a store, failing before a statement; how many there were."""
    seen = 0

    def counted(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == stop:
            raise ZeroDivisionError

    engine = connect.files.writable(parsed(store_url)) if "sqlite" in store_url else connect._server(parsed(store_url))
    with contextlib.suppress(ZeroDivisionError), engine.begin() as connection:
        event.listen(connection, "before_cursor_execute", counted)
        migrations.upgrade(connection)
    engine.dispose()
    return seen


def test_a_migration_that_fails_anywhere_leaves_the_store_as_it_was(store_url: str) -> None:
    write_old_store(store_url)
    before, stop = columns(store_url), 1
    while statements(store_url, stop) == stop:
        assert columns(store_url) == before, f"after {stop} statements"
        stop += 2
    assert stop > 15
    is_brought_over(store_url)


@pytest.mark.parametrize("stop", [3, 12, 22])
def test_a_migration_that_is_killed_is_finished_by_the_next_opening(store_url: str, stop: int) -> None:
    write_old_store(store_url)
    before = columns(store_url)
    script = f"""
from sqlalchemy import Engine, event
from tpi_dhis2.store import migrations
whole, count = migrations.upgrade, []
def dying(*_):
    count.append(1)
    if len(count) == {stop}:
        os._exit(9)
def watched(connection):
    event.listen(connection, "before_cursor_execute", dying)
    whole(connection)
migrations.upgrade = watched
with Store.open(url): pass
"""
    told = in_another_process(script, store_url)
    assert told.returncode == 9, told.stderr
    assert columns(store_url) == before
    is_brought_over(store_url)


# Newer releases


def test_a_store_of_a_newer_release_is_refused_and_left_alone(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([item()])
    engine = raw(store_url)
    with engine.begin() as connection:
        connection.execute(update(form.VERSION).values(version_num="0099"))
    for reading in (False, True):
        opened = Store.open(store_url, reading=reading)
        with pytest.raises(StoreProblem, match="form 0099; this release knows forms up to") as raised, opened:
            pytest.fail("opened")
        assert "Use the release that wrote it" in raised.value.advice
    with engine.begin() as connection:
        connection.execute(update(form.VERSION).values(version_num=form.NEWEST))
        connection.execute(delete(tables.upload))
    engine.dispose()
    with Store.open(store_url) as store:
        assert store.items() == [item()]


def test_release_0_2_0_does_not_take_a_store_of_today_for_its_own(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}"):
        pass
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        assert connection.execute("select value from setting where name='schema'").fetchone() != ("1",)
    connection.close()


def test_alembic_is_loaded_only_to_migrate(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    script = "import sys\nfor _ in range(2):\n    with Store.open(url): print('alembic' in sys.modules)"
    assert in_another_process(script, url).stdout == "False\nFalse\n"
    assert "alembic" in sys.modules
