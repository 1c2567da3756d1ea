"""YAML that somebody has written: whatever PyYAML raises about it is one error, which repeats nothing of it."""

from __future__ import annotations

import yaml

# Beside its own, PyYAML lets out what Python's conversions raise: an impossible date, `!!int ''`, a number too large.
_RAISED = (yaml.YAMLError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


class NotYaml(Exception):
    """The text cannot be read. Its message is empty, or says where, as `: line 3, column 1`.

    words: PyYAML's own, which may quote the line or the value, and that may be a password.
    """

    def __init__(self, error: Exception) -> None:
        mark = getattr(error, "problem_mark", None)
        super().__init__(f": line {mark.line + 1}, column {mark.column + 1}" if mark else "")
        self.words = " ".join(str(error).split())


def parse(content: bytes) -> object:
    """What is in it: mappings, lists, texts, numbers, dates. Raises NotYaml."""
    try:
        return yaml.safe_load(content)
    except _RAISED as e:
        raise NotYaml(e) from None
