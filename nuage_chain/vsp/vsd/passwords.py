"""Passwords: kept as scrypt hashes, and remembered in memory once verified so that a call does not pay for it again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

_COST = 2**14
_BLOCK = 8


def hash_password(password: str, salt: bytes | None = None) -> str:
    """`scrypt$<salt>$<hash>`, both in base64."""
    salt = os.urandom(16) if salt is None else salt
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=1)
    return "$".join(("scrypt", base64.b64encode(salt).decode(), base64.b64encode(digest).decode()))


class Verifier:
    """Compares passwords with hashes; a pair that once matched is recognised by a keyed digest of the password."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._verified: dict[str, bytes] = {}

    def matches(self, password: str, stored: str) -> bool:
        """Whether the password is the one that `stored` was made of."""
        digest = hmac.digest(self._key, password.encode(), "sha256")
        known = self._verified.get(stored)
        if known is not None and hmac.compare_digest(known, digest):
            return True
        salt = base64.b64decode(stored.split("$")[1])
        if not hmac.compare_digest(hash_password(password, salt), stored):
            return False
        self._verified[stored] = digest
        return True
