from __future__ import annotations

import hashlib

import pytest

from nuage_chain.vsp.vsd.passwords import Verifier, hash_password


def test_a_hash_tells_its_password_from_others_and_nothing_else() -> None:
    stored = hash_password("sécret")
    verifier = Verifier()
    assert "sécret" not in stored
    assert hash_password("sécret") != stored
    for _ in range(2):
        assert verifier.matches("sécret", stored)
        assert not verifier.matches("secret", stored)


def test_a_verified_password_is_not_hashed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = hash_password("secret")
    verifier = Verifier()
    assert verifier.matches("secret", stored)
    monkeypatch.delattr(hashlib, "scrypt")
    assert all(verifier.matches("secret", stored) for _ in range(3))
    with pytest.raises(AttributeError, match="scrypt"):
        verifier.matches("another", stored)
