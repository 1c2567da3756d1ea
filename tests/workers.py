"""How scripts/test shares out the tests: each worker of pytest-xdist runs whole folders, in namespaces of its own."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling


class ByFolder(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Integration tests go by folder, since those of one share a machine or a runtime; unit tests by file."""

    def _split_scope(self, nodeid: str) -> str:
        parts = PurePosixPath(nodeid.partition("::")[0]).parts
        return "/".join(parts[:3] if parts[1] == "integration" else parts)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFolder:
    # In the order of the tree: the folders that take long come first, and the unit tests' files fill what is left.
    config.option.loadscopereorder = False
    return ByFolder(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        # This is the worker's own, and a socket's path has to be short.
        config.option.basetemp = "/mnt/pytest"
