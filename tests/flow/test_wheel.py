"""The wheel carries what the commands need at run time: sources, pins, translations, templates, migrations."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "tpi_dhis2/_data/metadata/stages.yaml",
    "tpi_dhis2/_data/metadata/rules.yaml",
    "tpi_dhis2/_data/metadata/uids.csv",
    "tpi_dhis2/_data/metadata/translations/fr.csv",
    "tpi_dhis2/_data/templates/evaluation.html.j2",
    "tpi_dhis2/demo/published.yaml",
    "tpi_dhis2/py.typed",
    "tpi_dhis2/store/migrations/env.py",
    "tpi_dhis2/store/migrations/versions/0001_release_0_2_0.py",
    "tpi_dhis2/store/migrations/versions/0002_outbox.py",
)


def test_the_wheel_carries_what_is_read_at_run_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own checkout
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("the package registry cannot be reached, so the wheel was not built")
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(NEEDED) <= names
    assert not [name for name in names if name.startswith("tests/")]
