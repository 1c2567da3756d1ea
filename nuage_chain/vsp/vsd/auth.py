"""Who is calling: password, API key or client certificate (contract vsd-rest.md, sections 1.2 and 1.3)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nuage_chain.vsp.vsd.behaviour import DEFAULTS, Behaviour
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.passwords import Verifier
from nuage_chain.vsp.vsd.refusal import Refusal, expired, forbidden, not_found, unauthorized

CSPROOT = "csproot"
_ROLES = ("CSPROOT", "CMS", "ORGADMIN", "ORGNETWORKDESIGNER", "ORGUSER")
_RETRY_SECONDS = 60.0
_REMEMBERED = 3600.0
"""Seconds after which an expired API key is no longer told from one that never was."""
_EVERYBODY = "parent_id = ? AND kind = 'group' AND json_extract(body, '$.name') = 'Everybody'"
_ENTERPRISE = "kind = 'enterprise' AND json_extract(body, '$.name') = ? COLLATE NOCASE"
_USER = "parent_id = ? AND kind = 'user' AND json_extract(body, '$.userName') = ?"


@dataclass(frozen=True)
class Caller:
    """A user and what it may do: `groups` are the IDs of those it is in; `proxied` when someone else acts for it."""

    user: Entity
    enterprise: Entity
    role: str
    proxied: bool = False
    groups: frozenset[str] = frozenset()

    @property
    def is_csp(self) -> bool:
        """Whether it belongs to the operator and so sees every enterprise."""
        return bool(self.enterprise.get("enterpriseType") == "CSP")

    @property
    def is_csproot(self) -> bool:
        """Whether it is the operator's own root, in its own name."""
        return self.is_csp and self.user.get("userName") == CSPROOT and not self.proxied

    def may_touch(self, entity: Entity) -> bool:
        """Tenants stay within their own enterprise; what belongs to none is everybody's."""
        return self.is_csp or entity.enterprise_id in {None, self.enterprise.id}

    def require(self, entity: Entity) -> Entity:
        """The entity, if the caller may touch it.

        Raises Refusal (404): a tenant does not learn what others have.
        """
        if not self.may_touch(entity):
            raise not_found(entity.kind, entity.id)
        return entity

    def name(self) -> str:
        """user@enterprise, for the log."""
        return f"{self.user.get('userName')}@{self.enterprise.get('name')}"


SYSTEM = Caller(Entity("user", {"ID": "system"}), Entity("enterprise", {"enterpriseType": "CSP"}), "CSPROOT")
"""VSD itself, where nobody called."""


class Authenticator:
    """Finds the caller of a request.

    clock: seconds since the epoch; key_life: seconds that an API key lives.
    """

    def __init__(
        self, entities: Entities, clock: Callable[[], float], key_life: float, behaviour: Behaviour = DEFAULTS
    ) -> None:
        self._entities = entities
        self._behaviour = behaviour
        self._clock = clock
        self._key_life = key_life
        self._verifier = Verifier()

    def caller(self, headers: Mapping[str, str], certificate: Mapping[str, str] | None) -> Caller:
        """Who sent these headers (names in lower case).

        certificate: the subject of a verified client certificate; then no header is needed.
        Raises Refusal: 401 when it is nobody, 403 when it may not act for whom it says.
        """
        if certificate is not None:
            user, enterprise = self._behaviour.certificate_user, self._behaviour.certificate_enterprise
            caller = self._by_certificate(certificate.get(user, ""), certificate.get(enterprise, ""))
        else:
            caller = self._by_header(headers.get("authorization", ""), headers.get("x-nuage-organization", ""))
        proxy = headers.get("x-nuage-proxyuser")
        return caller if not proxy else self._proxied(caller, proxy)

    def issue_key(self, user: Entity) -> tuple[str, float]:
        """A fresh API key and its expiry in seconds since the epoch."""
        key = secrets.token_hex(20)
        expiry = self._clock() + self._key_life
        store = self._entities.store
        with store.transaction():
            store.run("DELETE FROM keys WHERE expiry <= ?", (self._clock() - _REMEMBERED,))
            store.run("INSERT INTO keys VALUES (?, ?, ?)", (_key_hash(key), user.id, expiry))
        return key, expiry

    def expire_keys(self) -> None:
        """Make every API key expire now: the next call with one is refused."""
        with self._entities.store.transaction():
            self._entities.store.run("UPDATE keys SET expiry = min(expiry, ?)", (self._clock(),))

    def _by_certificate(self, user_name: str, enterprise_name: str) -> Caller:
        user, enterprise = self._find(user_name, enterprise_name)
        if user.get("disableCertificateAuth"):
            raise unauthorized()
        return self._as_caller(user, enterprise)

    def _by_header(self, authorization: str, organization: str) -> Caller:
        user_name, secret = _credentials(authorization)
        user, enterprise = self._find(user_name, organization)
        if not self._has_key(user, secret) and not self._has_password(user, secret):
            raise unauthorized()
        return self._as_caller(user, enterprise)

    def _has_key(self, user: Entity, key: str) -> bool:
        store = self._entities.store
        with store.reading():
            row = store.row("SELECT user_id, expiry FROM keys WHERE hash = ?", (_key_hash(key),))
            if row is None or row[0] != user.id:
                return False
            if row[1] > self._clock() or self._behaviour.expired_key != 419:
                return bool(row[1] > self._clock())
            # bambou logs in and then repeats its request with the old key: that once it has to do.
            newest = store.row("SELECT max(expiry) FROM keys WHERE user_id = ?", (user.id,))
        issued = (newest[0] if newest else 0.0) - self._key_life
        if issued < row[1] or self._clock() - issued > _RETRY_SECONDS:
            raise expired()
        return True

    def _has_password(self, user: Entity, password: str) -> bool:
        with self._entities.store.reading():
            row = self._entities.store.row("SELECT hash FROM secrets WHERE user_id = ?", (user.id,))
        if row is None or not password or user.get("disablePasswordAuth"):
            return False
        return self._verifier.matches(password, row[0])

    def _find(self, user_name: str, enterprise_name: str) -> tuple[Entity, Entity]:
        with self._entities.store.reading():
            for enterprise in self._entities.select(_ENTERPRISE, (enterprise_name,)):
                for user in self._entities.select(_USER, (enterprise.id, user_name)):
                    if not user.get("disabled"):
                        return user, enterprise
                raise unauthorized()
        raise unauthorized() if self._behaviour.wrong_organization == 401 else forbidden("There is no such enterprise.")

    def _as_caller(self, user: Entity, enterprise: Entity, proxied: bool = False) -> Caller:
        with self._entities.store.reading():
            groups = self._entities.linked(user.id, "group")
            # Everybody is in it, whether they were put there or not.
            everybody = self._entities.select(_EVERYBODY, (enterprise.id,))
        roles = {group.get("role") for group in groups}
        role = next((role for role in _ROLES if role in roles), "ORGUSER")
        return Caller(user, enterprise, role, proxied, frozenset(group.id for group in [*groups, *everybody]))

    def _proxied(self, caller: Caller, proxy: str) -> Caller:
        """`user@enterprise`, or the external ID of a user."""
        if caller.role not in {"CSPROOT", "CMS"}:
            raise forbidden(f"{caller.name()} is neither csproot nor in the CMS group: it may not act for {proxy}.")
        user_name, _, enterprise_name = proxy.rpartition("@")
        if self._behaviour.proxy_order == "enterprise":
            enterprise_name, _, user_name = proxy.partition("@")
        try:
            return self._as_caller(*self._find(user_name, enterprise_name), proxied=True)
        except Refusal:
            return self._by_external_id(proxy)

    def _by_external_id(self, proxy: str) -> Caller:
        with self._entities.store.reading():
            for user in self._entities.select("kind = 'user' AND json_extract(body, '$.externalID') = ?", (proxy,)):
                enterprise = self._entities.get(user.parent_id)
                if enterprise is not None and not user.get("disabled"):
                    return self._as_caller(user, enterprise, proxied=True)
        raise forbidden(f"There is no user {proxy!r} to act for; expected user@enterprise.")


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() not in {"xrest", "basic"}:
        raise unauthorized()
    try:
        user_name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise unauthorized() from None
    if not colon:
        raise unauthorized()
    return user_name, secret


def _key_hash(key: str) -> str:
    # A key is 160 random bits: a plain digest cannot be guessed backwards, and is found by an index.
    return hashlib.sha256(key.encode()).hexdigest()
