"""HTTP statuses: which ones a text names, and what one says when nothing better does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    CONNECT,
    DNS,
    EXHAUSTED,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    NO_MODEL,
    OVERLOADED,
    PERMISSION,
    PROXY,
    QUOTA,
    RATE,
    REFUSED,
    RESET,
    TLS,
    UNREACHABLE,
    UPSTREAM,
    UPSTREAM_ERROR,
)

REGISTRY: Final = "https://www.iana.org/assignments/http-status-codes/"

STATUSES: Final[dict[int, tuple[int, str, str | None]]] = {
    # status: weight, cause, side (None: where such a cause usually is)
    400: (36, BAD_REQUEST, None),
    401: (66, AUTH, None),
    402: (76, QUOTA, None),
    403: (54, PERMISSION, None),
    404: (44, NO_MODEL, None),
    405: (44, BAD_REQUEST, None),
    406: (44, BAD_REQUEST, None),
    407: (90, PROXY, None),
    408: (48, GATEWAY_TIMEOUT, UPSTREAM),
    409: (40, BAD_REQUEST, None),
    410: (50, NO_MODEL, None),
    411: (50, BAD_REQUEST, None),
    413: (60, BAD_REQUEST, None),
    414: (60, BAD_REQUEST, None),
    415: (52, BAD_REQUEST, None),
    421: (44, BAD_REQUEST, None),
    422: (52, BAD_REQUEST, None),
    424: (44, UPSTREAM_ERROR, None),
    426: (44, BAD_REQUEST, None),
    429: (67, RATE, None),
    431: (60, BAD_REQUEST, None),
    444: (60, RESET, None),
    451: (60, PERMISSION, None),
    460: (80, GAVE_UP, None),
    498: (56, OVERLOADED, None),
    499: (88, GAVE_UP, None),
    500: (30, UPSTREAM_ERROR, None),
    501: (36, BAD_REQUEST, None),
    502: (34, UPSTREAM_ERROR, None),
    503: (46, OVERLOADED, None),
    504: (63, GATEWAY_TIMEOUT, None),
    507: (60, EXHAUSTED, None),
    509: (56, RATE, None),
    520: (60, UPSTREAM_ERROR, UPSTREAM),
    521: (78, REFUSED, UPSTREAM),
    522: (78, CONNECT, UPSTREAM),
    523: (78, UNREACHABLE, UPSTREAM),
    524: (91, GATEWAY_TIMEOUT, None),
    525: (80, TLS, UPSTREAM),
    526: (80, TLS, UPSTREAM),
    529: (82, OVERLOADED, None),
    530: (60, DNS, UPSTREAM),
    598: (80, GATEWAY_TIMEOUT, None),
    599: (60, GATEWAY_TIMEOUT, None),
}

_PHRASES: Final = (
    "bad request|unauthorized|payment required|forbidden|not found|method not allowed|request time-?out|conflict|gone|"
    "payload too large|request entity too large|content too large|unprocessable|too many requests|client closed|"
    "internal server error|not implemented|bad gateway|service (temporarily )?unavailable|gateway time-?out|"
    "client error|server error|status code|unavailable|deadline|resource exhausted|resource_exhausted|invalid_argument|"
    "permission_denied|unauthenticated|not_found|internal|\\{|<|error"
)
_COUNTED: Final = (
    "条|條|个|個|元|块|塊|字|次|秒|毫秒|分|行|名|人|页(?!面)|万|千|多|份|张|倍|积|额|点|token|ms\\b|s\\b|[kmg]b\\b"
)
"""What is counted, not a status, when it stands right after a number: 500 rows, 500 characters."""

_NAMED: Final = (
    re.compile(
        r"(?:status|code|http|error|response|returned|return|answered|replied|got|received|with|failed|param"
        r"|http/[0-9.]{1,3}|got status)(?:[ _-]?(?:code|status|error))?(?: of)?[^a-z0-9一-鿿]{1,6}"
        r"(?P<status>[45]\d\d)(?![0-9a-z_])(?![.,]?\d|%| ?(?:ms|s|sec|tokens|bytes|mb|kb)\b)"
    ),
    re.compile(rf"(?<![\d.:#-])(?!59[89]: )(?P<status>[45]\d\d)[\])]?[ :,'-]{{1,4}}(?:{_PHRASES})"),
    re.compile(r"(?<![a-z0-9_])[\[(](?P<status>[45]\d\d) ?[\])]"),
    re.compile(r"^ ?(?!59[89]:)(?P<status>[45]\d\d)(?= |$|:)"),  # 598 and 599 are codes of applications, too
    re.compile(r"\| ?(?P<status>[45]\d\d) \|"),
    re.compile(r"\bhttp(?P<status>[45]\d\d)\b"),
    re.compile(
        rf"(?:状态码|错误码|错误|返回)[^a-z0-9]{{0,6}}(?P<status>[45]\d\d)(?![0-9a-z_])(?!\.?\d)(?! ?(?:{_COUNTED}))"
    ),
    re.compile(
        r"\b(?:answers?|gives?|gets?|getting|got|returns|returning|sends?|throws?|shows?|sees?|seeing|an?|the|random|always"
        r"|constant|consistently|constantly|often|just|then|still) (?:an? |http |status )?"
        r"(?P<status>401|403|429|50[0-4]|52[0-9])"
        r"(?=[.,;:)!]|$| (?:from|after|when|if|because|and|errors?|status|pages?|at|once|with|by|every|instead"
        r"|responses?|back|though|while|whenever|gateway|timeouts?)\b)"
    ),
    # letters of Chinese stand beside a number without a blank
    re.compile(
        r"(?:报错?|報錯?|状态|狀態|返|回传|回傳|抛出?|拋出?|出现|出現|收到|得到|显示|顯示|提示|遇到|变成|變成|响应|響應|直接"
        r"|老是|总是|總是|一直|全是|都是|就是?|会|會)(?:的?是|为|為|了|出|一个|一個|http|[ :：=(\"'，,]){0,4}"
        rf"(?P<status>[45]\d\d)(?![0-9a-z_%])(?!\.?\d)(?! ?(?:{_COUNTED}))"
    ),
    re.compile(
        r"(?<![0-9a-z_.])(?P<status>[45]\d\d)[ )）]?(?:的)?(?:错误|錯誤|超时|超時|网关|網關|報錯|报错|状态码?|狀態碼?"
        r"|エラー|오류|에러|ошибк"
        r"|异常|異常|了(?=[ ，。,.!！]|$))"
    ),
)


def named(folded: str) -> Iterator[re.Match[str]]:
    """Where `folded` names a status that is in the table; each status once."""
    seen: set[str] = set()
    for expression in _NAMED:
        for found in expression.finditer(folded):
            status = found["status"]
            if status not in seen and int(status) in STATUSES:
                seen.add(status)
                yield found
