from __future__ import annotations

import time

from nuage_chain.vsp.vsd.passwords import Verifier, hash_password


def test_a_hash_tells_its_password_from_others_and_nothing_else() -> None:
    stored = hash_password("sécret")
    verifier = Verifier()
    assert "sécret" not in stored
    assert hash_password("sécret") != stored
    for _ in range(2):
        assert verifier.matches("sécret", stored)
        assert not verifier.matches("secret", stored)


def test_a_verified_password_is_not_hashed_again() -> None:
    stored = hash_password("secret")
    verifier = Verifier()
    assert verifier.matches("secret", stored)
    begun = time.perf_counter()
    assert all(verifier.matches("secret", stored) for _ in range(100))
    # One hash takes tens of milliseconds.
    assert time.perf_counter() - begun < 0.02
