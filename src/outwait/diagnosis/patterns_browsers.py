"""What a browser keeps from a page: answers of an origin that does not allow the page's, and plain HTTP from HTTPS."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import BAD_REQUEST, CLIENT, REFUSED
from outwait.diagnosis.pattern import Pattern, rows

CORS: Final = "https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors"
"""The source of what a browser says of an origin; an answer that failed seldom allows one, so its status says more."""
_NO_ANSWER = "https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors/CORSDidNotSucceed"
_CSP = "https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy/connect-src"
_MIXED = "https://developer.mozilla.org/docs/Web/Security/Mixed_content"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
BROWSERS: Final[tuple[Pattern, ...]] = (
    *rows(CORS, 97, BAD_REQUEST, r"""
        blocked by cors policy   access-control-allow-[a-z]   cors (error|policy|preflight|failure|rejected|header)
        cross-origin request blocked(?!.{0,300}did not succeed)   preflight (request|response).{0,60}access control
        origin .{1,120}is not allowed by access-control   \bdisallowed cors (origin|method|headers)
        \bcannot load .{1,300}due to access control checks   cors requests (must|are not)
        (跨域|cors).{0,12}(错误|失败|被?拦截|被?阻止|拒绝|限制|问题)
    """, side=CLIENT),
    *rows(_NO_ANSWER, 66, REFUSED, r"cors request did not succeed"),
    *rows(_CSP, 98, BAD_REQUEST, r"content security policy directive   content-security-policy:", side=CLIENT),
    *rows(_MIXED, 84, BAD_REQUEST, r"mixed content:", side=CLIENT),
)
# fmt: on
