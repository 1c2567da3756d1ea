from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.audit.audits import Audits
from tests.integration.lab import Lab


@pytest.fixture
def audits(lab: Lab, tmp_path: Path) -> Iterator[Audits]:
    yield Audits(lab, tmp_path)
    Path("/var/lib/nuage-chain/audit.json").unlink(missing_ok=True)
