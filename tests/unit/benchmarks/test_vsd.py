from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
# In place of minutes with apt-get and pip.
SETUP = 'setup() { echo "set up: $*"; mkdir -p "$VENV/bin"; ln -s "$(type -P echo)" "$VENV/bin/python"; }\n'


def test_a_clean_clone_is_set_up_once(tmp_path: Path) -> None:
    for name in ("benchmarks/vsd", "scripts/lib/setup.sh"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    with (tmp_path / "scripts/lib/setup.sh").open("a") as more:
        more.write(SETUP)
    run: list[str | Path] = [tmp_path / "benchmarks/vsd", "--vports", "9"]
    first, second = (subprocess.run(run, capture_output=True, text=True, timeout=20, check=True) for _ in range(2))
    assert first.stdout.startswith("set up: python3 ")
    assert second.stdout == "-m benchmarks.vsd_scale --vports 9\n"
    assert first.stdout.endswith(second.stdout)
