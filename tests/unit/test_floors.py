"""The house: four floors and the command line as its roof.

Nobody imports upwards, neighbours on the ground do not know each other, and there are no circles.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import nuage_chain

PACKAGE = Path(nuage_chain.__file__).parent
FLOORS = (
    ("foundation",),
    ("cni", "link", "vrs", "vsd", "orchestrators"),
    ("attachment", "audit", "vsp"),
    ("relay", "direct", "launcher", "agent", "libnetwork", "installation"),
    ("cli",),
)
# The audit removes by the same code as a DEL, and never the other way round.
SAME_FLOOR = ("audit", "attachment")
FOUNDATION = ("", "bounded", "causes", "exchange", "errors", "deadline", "tracing", "whole_file", "yaml_text")
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(module: str) -> str:
    """`nuage_chain.vsd.session` -> `vsd`."""
    part = module.split(".")[1] if "." in module else ""
    return "foundation" if part in FOUNDATION else part


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            base = node.module or ""
            submodules = {f"{base}.{alias.name}" for alias in node.names}
            found |= {m for m in submodules if is_module(m)} or {base}
    return {name for name in found if name.split(".")[0] == "nuage_chain"}


def is_module(name: str) -> bool:
    path = PACKAGE.parent / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_its_own_part_and_from_below(path: Path) -> None:
    here = part_of(name_of(path))
    for imported in imports_of(path):
        there = part_of(imported)
        below = FLOOR[there] < FLOOR[here] or (here, there) == SAME_FLOOR
        assert here == there or below, f"{name_of(path)} may not import {imported}"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {name_of(path): imports_of(path) for path in MODULES}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"a circle: {' -> '.join((*way, name))}"
        if name in done:
            return
        for imported in graph.get(name, set()):
            visit(imported, (*way, name))
        done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_holds_one_idea_in_under_three_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
