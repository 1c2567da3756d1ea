"""Which resource, object and collection a URL names (contract vsd-rest.md, section 1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from nuage_chain.vsp.vsd.model import Model, Resource
from nuage_chain.vsp.vsd.refusal import no_resource

_PREFIX = re.compile(r"/nuage/api/(?:v5_0|v6)(?=/|$)")


@dataclass(frozen=True)
class Route:
    """collection[/ID[/collection]]; `special` is `me` or `events`, which are neither."""

    path: str
    special: str | None = None
    resource: Resource | None = None
    object_id: str | None = None
    children: Resource | None = None


def route(model: Model, path: str) -> Route:
    """The route of a path; a slash at its end does not matter.

    Raises Refusal (404).
    """
    prefix = _PREFIX.match(path)
    parts = [unquote(part) for part in path[prefix.end() :].split("/") if part] if prefix else []
    if not 1 <= len(parts) <= 3:
        raise no_resource(path)
    if parts in (["me"], ["events"]):
        return Route(path, special=parts[0])
    resource = model.by_collection.get(parts[0])
    children = model.by_collection.get(parts[2]) if len(parts) == 3 else None
    if resource is None or resource.name == "me" or (len(parts) == 3 and children is None):
        raise no_resource(path)
    if children is not None and not children.relation(resource.name):
        raise no_resource(path)
    return Route(path, None, resource, parts[1] if len(parts) > 1 else None, children)
