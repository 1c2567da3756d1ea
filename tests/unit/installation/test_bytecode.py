"""Byte code of what is installed."""

from __future__ import annotations

import marshal
import os
import py_compile
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType

import pytest

from nuage_chain.installation import bytecode

SHOWN = Path("/opt/x/module.py")
TEXT = "def speak():\n    return 'written'\n"
OTHER = "def speak():\n    return 'compiled before'\n"
MODES = (py_compile.PycInvalidationMode.TIMESTAMP, py_compile.PycInvalidationMode.UNCHECKED_HASH)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "from" / "module.py"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "to" / "module.py"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


def compiled_before(source: Path, mode: py_compile.PycInvalidationMode) -> Path:
    """Byte code that says of itself that it was there, with the marks of `source`."""
    path = Path(cache_from_source(str(source)))
    py_compile.compile(str(source), invalidation_mode=mode, doraise=True)
    code = compile(OTHER, str(source), "exec", dont_inherit=True)
    path.write_bytes(path.read_bytes()[:16] + marshal.dumps(code))
    return path


def spoken(target: Path) -> str:
    """What the module says to a Python that may use its byte code."""
    run = [sys.executable, "-S", "-c", "import module; print(module.speak())"]
    done = subprocess.run(run, cwd=target.parent, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def names(target: Path) -> str:
    """The file that is in the byte code itself; Python puts another in its place where that is not the module's."""
    code = marshal.loads(Path(cache_from_source(str(target))).read_bytes()[16:])  # noqa: S302 - we have made it
    [inner] = [one for one in code.co_consts if isinstance(one, CodeType)]
    assert inner.co_filename == code.co_filename
    return str(code.co_filename)


@pytest.mark.parametrize("mode", MODES)
def test_what_was_compiled_before_is_taken_over_and_names_its_place(
    source: Path, target: Path, mode: py_compile.PycInvalidationMode
) -> None:
    compiled_before(source, mode)
    bytecode.put(source, target, SHOWN)
    assert spoken(target) == "compiled before"
    assert names(target) == str(SHOWN)


@pytest.mark.parametrize("mode", MODES)
def test_byte_code_of_an_older_module_is_not(source: Path, target: Path, mode: py_compile.PycInvalidationMode) -> None:
    compiled_before(source, mode)
    source.write_text(TEXT + "\n")
    target.write_text(TEXT + "\n")
    bytecode.put(source, target, SHOWN)
    assert spoken(target) == "written"


@pytest.mark.parametrize("damage", [b"", b"x" * 16, b"x" * 200], ids=["empty", "short", "nonsense"])
def test_damaged_byte_code_is_made_anew(source: Path, target: Path, damage: bytes) -> None:
    path = compiled_before(source, MODES[0])
    path.write_bytes(path.read_bytes()[: 16 if damage else 0] + damage)
    bytecode.put(source, target, SHOWN)
    assert spoken(target) == "written"


def test_where_there_is_none_it_is_made(source: Path, target: Path) -> None:
    bytecode.put(source, target, SHOWN)
    assert spoken(target) == "written"
    assert names(target) == str(SHOWN)


def test_it_is_not_compared_with_its_module_again(source: Path, target: Path) -> None:
    bytecode.put(source, target, SHOWN)
    before = Path(cache_from_source(str(target))).read_bytes()
    os.utime(target, (0, 0))
    assert spoken(target) == "written"
    assert Path(cache_from_source(str(target))).read_bytes() == before
    assert int.from_bytes(before[4:8], "little") == 1


def test_what_is_no_python_gets_none(source: Path, target: Path) -> None:
    source.write_text("print 'of another age'\n")
    target.write_text("print 'of another age'\n")
    bytecode.put(source, target, SHOWN)
    assert not Path(cache_from_source(str(target))).exists()
