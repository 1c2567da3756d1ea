"""Compile the tree of a filter to SQL over the `objects` table; every value is a bound parameter.

An attribute becomes the same json_extract expression that the store's indexes are made of, so that look-ups by name,
externalID or UUID use them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nuage_chain.vsp.vsd.behaviour import DEFAULTS, Behaviour
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.predicate import Comparison, Junction, Negation, Node, Value
from nuage_chain.vsp.vsd.refusal import bad_request

Sql = tuple[str, list[Value]]

_COLUMNS = {"ID": "id", "parentID": "parent_id"}
INDEXED = frozenset({"ID", "name", "externalID", "UUID"})
_MORE = {"LIKE", "MATCHES", "IN", "BETWEEN"}
_ORDERING = {">", "<", ">=", "<="}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def column(resource: Resource, attribute: str, header: str = "X-Nuage-Filter") -> str:
    """The SQL expression of an attribute.

    Raises Refusal (400) where the resource has no such attribute: only names of the model get into SQL text.
    """
    if resource.type_of(attribute) is None:
        raise bad_request(header, f"{resource.entity} has no attribute {attribute!r}.")
    return _COLUMNS.get(attribute) or f"json_extract(body, '$.{attribute}')"


def compile_predicate(node: Node, resource: Resource, behaviour: Behaviour = DEFAULTS) -> Sql:
    """SQL text and its parameters, in order.

    Raises Refusal (400) for what is not part of the language.
    """
    if isinstance(node, Comparison):
        if node.operator in _MORE and not behaviour.more_operators:
            raise bad_request("X-Nuage-Filter", f"{node.operator} is no operator here.")
        if behaviour.unknown_filter_attributes == "ignore" and resource.type_of(node.attribute) is None:
            return "1", []
        return _comparison(node, resource)
    if isinstance(node, Negation):
        text, parameters = compile_predicate(node.term, resource, behaviour)
        return f"NOT coalesce({text}, 0)", parameters
    return _junction(node, resource, behaviour)


def is_selective(node: Node) -> bool:
    """Whether an index finds the few objects that can match at all."""
    if isinstance(node, Junction):
        return node.word == "AND" and any(is_selective(term) for term in node.terms)
    return (
        isinstance(node, Comparison) and node.operator == "==" and node.attribute in INDEXED and node.values != (None,)
    )


def plain_text(text: str) -> Sql:
    """Objects any attribute of which contains the text, whatever its case."""
    inside = "SELECT 1 FROM json_each(body) WHERE instr(lower(json_each.value), lower(?)) > 0"
    return f"EXISTS ({inside})", [text]


def _junction(node: Junction, resource: Resource, behaviour: Behaviour) -> Sql:
    texts: list[str] = []
    parameters: list[Value] = []
    for term in node.terms:
        text, bound = compile_predicate(term, resource, behaviour)
        texts.append(f"({text})")
        parameters += bound
    return f" {node.word} ".join(texts), parameters


def _comparison(node: Comparison, resource: Resource) -> Sql:
    expression = column(resource, node.attribute)
    kind = resource.type_of(node.attribute) or "string"
    if node.operator in {"==", "!="}:
        return _equality(expression, node.operator, _as_stored(node.values[0], kind))
    if node.operator in _ORDERING:
        return _ordering(expression, node.operator, node.values[0])
    if node.operator == "IN":
        values: list[Value] = [_as_stored(value, kind) for value in node.values]
        return f"{expression} IN ({', '.join('?' * len(values))})", values
    if node.operator == "BETWEEN":
        (low, bound_low), (high, bound_high) = (
            _ordering(expression, operator, value) for operator, value in zip((">=", "<="), node.values, strict=True)
        )
        return f"{low} AND {high}", bound_low + bound_high
    return _matching(expression, node.operator, str(node.values[0]))


def _equality(expression: str, operator: str, value: Value) -> Sql:
    if value is None:
        return f"{expression} IS {'NOT ' if operator == '!=' else ''}NULL", []
    # IS NOT rather than <>: an object without the attribute does differ from the value.
    return f"{expression} {'IS NOT' if operator == '!=' else '='} ?", [value]


def _ordering(expression: str, operator: str, value: Value) -> Sql:
    if _NUMBER.fullmatch(str(value)):
        return f"CAST({expression} AS REAL) {operator} ?", [float(str(value))]
    return f"{expression} {operator} ?", [str(value)]


def _matching(expression: str, operator: str, text: str) -> Sql:
    if operator == "CONTAINS":
        return f"instr({expression}, ?) > 0", [text]
    if operator == "BEGINSWITH":
        return f"substr({expression}, 1, ?) = ?", [len(text), text]
    if operator == "ENDSWITH":
        # substr(x, -0) would be all of x: the empty text ends everything that is there.
        return (f"substr({expression}, ?) = ?", [-len(text), text]) if text else (f"{expression} IS NOT NULL", [])
    if operator == "LIKE":
        return f"{expression} GLOB ?", [text.replace("[", "[[]")]
    return f"{expression} REGEXP ?", [text]


def _as_stored(value: Value, kind: str) -> Value:
    """A literal as json_extract gives attributes of that type: booleans as 1 and 0, numbers as numbers."""
    if value is None:
        return None
    if kind == "boolean":
        return {"true": 1, "false": 0, "1": 1, "0": 0}.get(str(value).lower(), str(value))
    if kind in {"integer", "number"}:
        return float(str(value)) if _NUMBER.fullmatch(str(value)) else str(value)
    return str(value)


def order_by(header: str, resource: Resource) -> Sequence[tuple[str, bool]]:
    """(SQL expression, descending) for each part of an X-Nuage-OrderBy header such as `name DESC, ID`.

    Raises Refusal (400).
    """
    parts = []
    for part in header.split(","):
        words = part.split()
        if len(words) not in {1, 2} or (len(words) == 2 and words[1].upper() not in {"ASC", "DESC"}):
            raise bad_request("X-Nuage-OrderBy", f"Cannot read {part.strip()!r}: expected ATTRIBUTE [ASC|DESC].")
        descending = len(words) == 2 and words[1].upper() == "DESC"
        parts.append((column(resource, words[0], "X-Nuage-OrderBy"), descending))
    return parts
