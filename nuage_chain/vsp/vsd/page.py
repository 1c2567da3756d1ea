"""The page at /: what is in VSD, live, in one file that asks the API for everything and the internet for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from nuage_chain.vsp.vsd.messages import Answer

_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


@cache
def page() -> Answer:
    """The page, and headers by which a browser runs this one script of it and talks to this server alone."""
    content = files("nuage_chain.vsp.vsd").joinpath("page.html").read_bytes()
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _SCRIPT.findall(content)]
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = (
        f"default-src 'none'; script-src {scripts};"
        " style-src 'unsafe-inline'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Answer(
        200,
        content,
        {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        },
    )
