"""What the README says is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

from nuage_chain.attachment.keys import KEYS
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.steps import plan
from nuage_chain.cni.versions import SUPPORTED
from scripts.lib.keys import PLACE, table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_table_of_keys_is_that_of_the_code() -> None:
    found = PLACE.search(README)
    assert found is not None
    assert found.group() == table(), "run .venv/bin/python scripts/lib/keys.py"
    assert all(f"`{name}`" in found.group() for name in KEYS)


def test_the_table_of_steps_is_the_plan() -> None:
    about_add = README.split("**ADD**")[1].split("**Two activations.**")[0]
    steps = re.findall(r"^\| ([a-zA-Z ]+) \| ", about_add, re.MULTILINE)
    assert steps[1:] == [step.name for step in plan(Settings({"activation": "split"}, (), ""))]


def test_the_supported_versions_are_those_of_the_code() -> None:
    assert ", ".join(SUPPORTED) in README


def test_every_ready_list_is_in_its_table_and_loads() -> None:
    text = (ROOT / "conflists" / "README.md").read_text()
    files = [f for f in (ROOT / "conflists").iterdir() if f.suffix in (".conf", ".conflist")]
    assert files
    for file in files:
        assert f"| `{file.name}` |" in text
        assert json.loads(file.read_text())["cniVersion"] == "1.0.0"


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
