from __future__ import annotations

import re

import yaml

from nuage_chain.attachment.keys import KEYS, flatten, validate
from nuage_chain.installation.settings_file import text


def test_as_it_is_written_it_sets_nothing() -> None:
    assert yaml.safe_load(text()) is None


def test_without_its_marks_it_has_every_key_with_its_default() -> None:
    lines = [line[1:] for line in text().splitlines() if re.match(r"#( {2})?\w", line)]
    whole = yaml.safe_load("\n".join(lines))
    names: set[str] = set()
    for name, value in whole.items():
        names |= {f"{name}.{key}" for key in value} if isinstance(value, dict) else {name}
    assert names == set(KEYS)
    defaults = {name: key.default for name, key in KEYS.items() if key.default not in (None, ())}
    assert validate(whole, "the file") == defaults == flatten(whole, "the file")
