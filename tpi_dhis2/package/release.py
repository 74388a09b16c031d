"""The package as it is released: bundles from the sources, with every UID pinned."""

from __future__ import annotations

from pathlib import Path

from tpi_dhis2.atomic import write_text
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.build import DHIS2_VERSIONS, Builder, Bundle, dump
from tpi_dhis2.package.sources import load
from tpi_dhis2.package.stable import broken, write_promises
from tpi_dhis2.package.translate import load_languages
from tpi_dhis2.package.uids import Uids
from tpi_dhis2.resources import folder

BUNDLES = "bundles"


def bundle(dhis2_version: str = "2.42", metadata: Path | None = None, *, new_uids: bool = False) -> Bundle:
    """The bundle for a DHIS2 version; SourceError when an object has no pinned UID and none may be made."""
    where = metadata or folder("metadata")
    uids = Uids.read(where)
    built = Builder(load(metadata), uids, load_languages(where)).bundle(dhis2_version)
    if uids.new and not new_uids:
        kind, code = next(iter(uids.new))
        raise SourceError(
            f"{len(uids.new)} objects have no pinned UID, first {kind} {code}.", "Run 'tpi-dhis2 package build'."
        )
    return built


def findings(metadata: Path | None = None) -> list[str]:
    """What is wrong with the bundles of any DHIS2 version, and which promises of earlier versions they do not keep."""
    where = metadata or folder("metadata")
    return _findings({version: bundle(version, metadata, new_uids=True) for version in DHIS2_VERSIONS}, where)


def _findings(built: dict[str, Bundle], metadata: Path) -> list[str]:
    # Here, since whoever only wants a bundle does not need the checks: each plan would load a dozen modules more.
    from tpi_dhis2.package.lint import lint

    found = dict.fromkeys(finding for content in built.values() for finding in lint(content))
    # The bundle for the newest DHIS2 lacks nothing: 2.40 takes no maps.
    newest = built[DHIS2_VERSIONS[-1]]
    return [*found, *broken(metadata, newest["package"]["version"], newest)]


def bundle_path(metadata: Path, version: str, dhis2_version: str) -> Path:
    """Where the built bundle for a DHIS2 version lies."""
    return metadata / BUNDLES / f"TPI_COMPLETE_{version}_DHIS{dhis2_version}.json"


def build_all(metadata: Path | None = None) -> tuple[list[Path], int]:
    """Write the bundles for all versions and what they promise, and pin new UIDs; the bundles and the number pinned.

    SourceError with all findings when the package is not clean; then nothing is written.
    """
    where = metadata or folder("metadata")
    uids = Uids.read(where)
    builder = Builder(load(metadata), uids, load_languages(where))
    built = {version: builder.bundle(version) for version in DHIS2_VERSIONS}
    found = _findings(built, where)
    if found:
        raise SourceError(
            f"The package is not clean: {found[0]} ({len(found)} findings).",
            "Mend the sources; 'tpi-dhis2 package lint' lists all.",
            "\n".join(found),
        )
    pinned = uids.pin(where) if uids.new else 0
    written = []
    for version, content in built.items():
        path = bundle_path(where, builder.sources.package.version, version)
        path.parent.mkdir(exist_ok=True)
        write_text(path, dump(content))
        written.append(path)
    write_promises(where, builder.sources.package.version, built[DHIS2_VERSIONS[-1]])
    return written, pinned
