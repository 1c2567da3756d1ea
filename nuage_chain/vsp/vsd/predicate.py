"""The language of X-Nuage-Filter: read a predicate into a small tree (contract vsd-rest.md, section 1.5).

    expr  := and ('or' and)*          and := term ('and' term)*
    term  := ['not'] '(' expr ')' | ['not'] attribute operator value

Keywords and operators are case-insensitive; strings stand in single or double quotes and know no escape.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nuage_chain.vsp.vsd.refusal import Refusal, bad_request

MAX_LENGTH = 8192
MAX_DEPTH = 50

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Comparison:
    """attribute operator value(s); the operator in its one canonical spelling."""

    attribute: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Junction:
    """Terms joined by AND or by OR."""

    word: str
    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Negation:
    """Not the term."""

    term: Node


Node = Comparison | Junction | Negation

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"[^"]*"|'[^']*')
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.:/@-]))
      | (?P<symbol>==|!=|<>|<=|>=|<|>|=|[(){},])
      | (?P<word>[\w.:/@*-]+)
    )""",
    re.VERBOSE,
)
_SPELLINGS = {"=": "==", "<>": "!=", "IS": "=="}
_OPERATORS = {
    "==",
    "!=",
    ">",
    "<",
    ">=",
    "<=",
    "CONTAINS",
    "BEGINSWITH",
    "ENDSWITH",
    "LIKE",
    "MATCHES",
    "IN",
    "BETWEEN",
}
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None, "nil": None}
_PREDICATE = re.compile(
    r"\s*(?:\(|not\b|\s)*[A-Za-z_]\w*\s*(?:[=!<>]|(?:is|contains|beginswith|endswith|like|matches|in|between)\b)",
    re.IGNORECASE,
)


def looks_like_predicate(text: str) -> bool:
    """Whether the text is to be read as a predicate; if not it is plain text to be found in any attribute."""
    return _PREDICATE.match(text) is not None


def parse(text: str) -> Node:
    """The tree of a predicate.

    Raises Refusal (400) that says where the text stops making sense.
    """
    if len(text) > MAX_LENGTH:
        raise bad_request("X-Nuage-Filter", f"The filter is longer than {MAX_LENGTH} characters.")
    reader = _Reader(text)
    tree = reader.expression(0)
    if reader.peek() is not None:
        raise reader.refusal("the end")
    return tree


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0

    def peek(self, ahead: int = 0) -> _Token | None:
        where = self._next + ahead
        return self._tokens[where] if where < len(self._tokens) else None

    def take(self) -> _Token:
        token = self.peek()
        if token is None:
            raise self.refusal("more")
        self._next += 1
        return token

    def refusal(self, expected: str) -> Refusal:
        token = self.peek()
        found = f"{token.text!r} at character {token.at}" if token else "the end"
        return bad_request(
            "X-Nuage-Filter", f"Cannot read the filter {self._text!r}: expected {expected}, found {found}."
        )

    def accept(self, *texts: str) -> bool:
        token = self.peek()
        if token is None or token.kind == "string" or token.text.lower() not in texts:
            return False
        self._next += 1
        return True

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.refusal(repr(text))

    def expression(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise bad_request("X-Nuage-Filter", f"The filter nests deeper than {MAX_DEPTH} parentheses.")
        terms = [self._conjunction(depth)]
        while self.accept("or", "||"):
            terms.append(self._conjunction(depth))
        return terms[0] if len(terms) == 1 else Junction("OR", tuple(terms))

    def _conjunction(self, depth: int) -> Node:
        terms = [self._term(depth)]
        while self.accept("and", "&&"):
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else Junction("AND", tuple(terms))

    def _term(self, depth: int) -> Node:
        if self.accept("not"):
            return Negation(self._positive(depth))
        return self._positive(depth)

    def _positive(self, depth: int) -> Node:
        if self.accept("("):
            inside = self.expression(depth + 1)
            self.expect(")")
            return inside
        token = self.peek()
        if token is None or token.kind != "word":
            raise self.refusal("an attribute")
        self._next += 1
        operator = self._operator()
        return Comparison(token.text, operator, self._values(operator))

    def _operator(self) -> str:
        token = self.peek()
        spelled = token.text.upper() if token is not None and token.kind != "string" else ""
        operator = _SPELLINGS.get(spelled, spelled)
        if operator not in _OPERATORS:
            raise self.refusal("an operator")
        self._next += 1
        follower = self.peek(1)
        if spelled == "IS" and follower is not None and follower.text not in ")" and self.accept("not"):
            return "!="
        return operator

    def _values(self, operator: str) -> tuple[Value, ...]:
        if operator not in {"IN", "BETWEEN"}:
            return (self._value(),)
        self.expect("{")
        values = [self._value()]
        while self.accept(","):
            values.append(self._value())
        self.expect("}")
        if operator == "BETWEEN" and len(values) != 2:
            raise self.refusal("two values in the braces of BETWEEN, before")
        return tuple(values)

    def _value(self) -> Value:
        token = self.peek()
        if token is None or token.kind == "symbol":
            raise self.refusal("a value")
        self._next += 1
        if token.kind == "string":
            return token.text[1:-1]
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        return _WORDS.get(token.text.lower(), token.text)


def _tokens(text: str) -> Sequence[_Token]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise bad_request("X-Nuage-Filter", f"Cannot read the filter {text!r} from character {at} on.")
        kind = match.lastgroup
        tokens.append(_Token(kind, match.group(kind), match.start(kind)))
        at = match.end()
    return tokens
