"""What is behind a failed request: errors wrap each other, and that of the socket is the innermost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def of(error: BaseException) -> Iterator[BaseException]:
    """The error and all it carries: some keep the cause in `reason`, some in `args`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]


def reason(chain: Sequence[BaseException]) -> str:
    """The words of the socket's own error, without a full stop; else those of the innermost."""
    for cause in chain:
        if isinstance(cause, OSError):
            text = getattr(cause, "reason", None) or cause.strerror
            if text:
                return str(text).rstrip(".")
    return str(chain[-1]).rstrip(".") or type(chain[-1]).__name__
