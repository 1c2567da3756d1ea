"""The code to copy: our own, and that of the packages it needs, from the environment that runs us."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

import nuage_chain
from nuage_chain.errors import NotAvailable

Files = dict[PurePosixPath, Path]
"""What to copy: where it goes below the folder of libraries, and where it is now."""

_OURS = "nuage-chain"
# A requirement as in METADATA (PEP 508): its name, and what follows the semicolon.
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)[^;]*(?:;(.*))?")


def collect() -> Files:
    """Everything that `lib` has to hold. Raises NotAvailable for a package that pip did not put there."""
    package = Path(nuage_chain.__file__).parent
    found = {PurePosixPath(package.name) / name: package / name for name in _files_below(package)}
    for one in _needed():
        found.update(_of(one))
    return found


def _files_below(folder: Path) -> Iterator[PurePosixPath]:
    # The lists and units are links in a clone, and files in a wheel.
    for top, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            yield PurePosixPath(Path(top, name).relative_to(folder))


def _needed() -> list[Distribution]:
    """Ours first, then what it needs, and what that needs."""
    found: dict[str, Distribution] = {}
    wanted = [(_OURS, "")]
    while wanted:
        name, marker = wanted.pop(0)
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found or "extra" in marker:
            continue
        try:
            found[key] = distribution(name)
        except PackageNotFoundError:
            if marker:
                # For another system or Python than this one, or pip would have installed it.
                continue
            raise NotAvailable(
                f"The Python package {name} is not installed.", hint="Install nuage-chain anew."
            ) from None
        for requirement in found[key].requires or ():
            parts = _REQUIREMENT.match(requirement)
            if parts:
                wanted.append((parts[1], parts[2] or ""))
    return list(found.values())


def _of(one: Distribution) -> Files:
    name = one.metadata["Name"]
    recorded = one.files
    if name == _OURS:
        # Of a clone, it is the only one that is not about the clone.
        metadata = PurePosixPath(f"nuage_chain-{one.version}.dist-info/METADATA")
        return {metadata: Path(str(one.locate_file(metadata)))}
    if recorded is None:
        raise NotAvailable(
            f"The Python package {name} was not installed by pip, so that nobody knows its files.",
            hint="Install nuage-chain into a virtual environment of its own: python3 -m venv.",
        )
    return {
        PurePosixPath(file): Path(str(one.locate_file(file)))
        for file in recorded
        # Programs of the environment, which lie above, are not needed.
        if ".." not in file.parts and not file.is_absolute() and "__pycache__" not in file.parts
    }
