"""What the elapsed time says: which limit on the way strikes just then, and what a bare failure was that came so late.

A connection that breaks after exactly a minute was cut by something that allows a minute. The limits are those of
`outwait.policy.limits`; the rules below say for which failures they count.
"""

from __future__ import annotations

import re
from typing import Final

from outwait.diagnosis.causes import (
    CLIENT,
    CONNECT,
    CUT,
    FIRST_BYTE,
    GAVE_UP,
    IDLE,
    MIDDLEBOX,
    REFUSED,
    RESET,
    TOTAL,
    UNKNOWN,
)
from outwait.diagnosis.sign import Sign
from outwait.policy.limits import ANSWER, Limit, limits, near

_NET: Final = "https://pkg.go.dev/net#pkg-variables"
_UNITS: Final = (("ms", 0.001), ("mil", 0.001), ("m", 60.0), ("s", 1.0))
"""How a unit of time begins, and its seconds; the first that fits."""
_SPANS: Final = re.compile(
    r"(?:after|within|elapsed|took|duration|timeout|timed out \(|waited"
    r"|in)[ =:(]{1,3}(?:of )?(?P<number>[0-9]{1,7}(?:\.[0-9]{1,6})?) ?"
    r"(?P<unit>ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?)\b"
    r"|elapsed_?ms[^0-9a-z]{1,4}(?P<thousandths>[0-9]{1,9})"
)
_SILENCE: Final = re.compile(
    r"(?:idle|stall|inactiv|silen|no[ _-]?data)[a-z_ -]{0,24}[^0-9a-z]{1,4}(?P<number>[0-9]{1,9}) ?"
    r"(?P<unit>ms|mil|s|m)?"
)
_QUIET: Final = 20.0  # seconds: what breaks sooner was not cut for its silence
_THOUSANDS: Final = 1000
_OURS: Final = "use of closed network connection"  # Go: who reads has closed it, net.ErrClosed
_PATIENT: Final = re.compile(r"\bwait|\bvery long|\blong time|\bthinking|\bgenerating|等(?:待|了)|很久|长时间")
_BROWSERS: Final = "network error"  # what pages show when a reply or its body breaks
_WORDS: Final = 66  # up to this weight, plain words name a cause
_OPEN: Final = (RESET, GAVE_UP, UNKNOWN)  # what a timer may have brought about
FAILING: Final = re.compile(
    r"error|fail|except|unable|cannot|can't|could ?n.t|denied|refus|reject|abort|invalid|exceed|exhaust|crash|unauthori"
    r"|unknown|unsupported|not (found|allowed|running|ready|available)|too (many|long|large)|lost"
    r"|\b[45]\d\d\b|time-?out|timed out|clos|reset|kill|terminat|hung|hang|cancel|cut off|disconnect"
    r"|错|失败|异常|无法|不能|超|拒绝|不(足|可用|存在|支持|正确)|中断|断开"
)
"""Words that say that something failed."""
_MUTE: Final = re.compile(
    r"\b(?:no|not|never|nothing|stuck|slow(?:ly)?|forever|stop(?:s|ped)?|dead|die[sd]?|gone|broken?|drop(?:s|ped)?|cuts?)\b"
    r"|n't\b|\bwait|\bspinn|\bfroze|没|沒|无|無|卡|慢|等|停|断|掉|转圈"
)
"""Words that say that nothing came, or no more."""
_CALL: Final = re.compile(
    r"connect|network|fetch|request|respon|\brepl(?:y|ies)\b|\banswer|time-?d? ?out|socket|stream|\bapis?\b|https?\b"
    r"|server|upstream|gateway|proxy|\bcall(?:s|ed)?\b|\bmodels?\b|completion|openai|anthropic|llm|retries"
    r"|连接|連接|网络|網絡|網路|请求|請求|响应|響應|回复|回覆|回答|接口|调用|模型|上游|服务"
)
"""Words that say that it was a call."""
_PROGRAM: Final = re.compile(
    r"\b(?:key|type|name|index|attribute|value|import|modulenotfound|syntax|indentation|reference|range|zerodivision"
    r"|assertion|recursion|notimplemented|unboundlocal)error\b|is not a function|command not found"
    r"|unsupported operand|nullpointerexception|nullreferenceexception|segmentation fault"
)
"""Words of a program that failed by itself."""
GUESS: Final = 12
"""The weight of what the time alone says: that something failed, and nothing of what."""
_WRAPPER: Final = 22  # from this weight on, words that name no cause are those of a client that called
_HOPS: Final = ((58.0, 62.0), (99.0, 126.0), (228.0, 232.0), (239.0, 241.0), (348.0, 352.0))
"""Seconds after which hops on the way give up: nginx and load balancers, Cloudflare, Azure, AWS (FACTS 4)."""
_CERTAIN: Final = 90
_AT_ONCE: Final = 1.0
_NODE: Final = (290.0, 312.0)  # undici's headersTimeout and bodyTimeout, FACTS 1.1
_NODE_CONNECT: Final = (9.5, 12.5)  # undici's connectTimeout
_AWS: Final = (348.0, 352.0)  # its NAT gateway and its network load balancer, FACTS 1.4; no client has that
_ROUND: Final = (10, 15, 20, 25, 30, 45, 50, 55, 60, 90, 100, 120, 180, 240, 300, 600, 900, 1200, 1800, 3600)

_OWN: Final = (
    # words that only these clients print, and their names in the table of limits
    (re.compile(r"\bopenai\.|langchain_openai"), ("openai-python", "langchain-openai")),
    (re.compile(r"\banthropic\."), ("anthropic-python",)),
    (re.compile(r"apiconnectiontimeouterror"), ("openai-node", "anthropic-node")),
    (re.compile(r"\blitellm\."), ("litellm",)),
    (re.compile(r"\bokhttp|\bokio\."), ("OkHttp",)),
    (re.compile(r"net::readtimeout"), ("Ruby Net::HTTP",)),
    (re.compile(r"nsurlerrordomain|nsurlerrortimedout"), ("URLSession",)),
    (re.compile(r"system\.net\.http|taskcanceledexception"), (".NET HttpClient",)),
    (re.compile(r"\baiohttp\b"), ("aiohttp",)),
    (re.compile(r"\bbotocore\b|\bboto3\b"), ("boto3",)),
    (re.compile(r"\bundici\b"), ("undici",)),
)


def spoken(read: str) -> float | None:
    """Seconds after which it failed, as a folded text says."""
    found = _SPANS.search(read)
    if found is None:
        return None
    if found["thousandths"]:
        return int(found["thousandths"]) * 0.001
    return float(found["number"]) * next(seconds for name, seconds in _UNITS if found["unit"].startswith(name))


def on_the_way(elapsed: float | None) -> tuple[Limit, ...]:
    """The limits of middleboxes and clouds that strike after `elapsed` seconds."""
    if elapsed is None or elapsed < _QUIET:
        return ()
    return tuple(limit for limit in near(elapsed) if limit.place in ("middlebox", "cloud"))


def timed(strongest: Sign, read: str, elapsed: float | None) -> Sign | None:
    """What the time adds to the `strongest` sign: a better one, or None."""
    if elapsed is None:
        return None
    said = f"{elapsed:g} s"
    if strongest.cause == UNKNOWN and not _failed(strongest, read):
        return None
    if strongest.cause in _OPEN and strongest.weight < _CERTAIN and _is_named(read, elapsed):
        return Sign(80, IDLE, None, said, "")
    return _limited(strongest, read, elapsed, said)


def _limited(strongest: Sign, read: str, elapsed: float, said: str) -> Sign | None:
    """What the known limits add, and the time by itself."""
    if strongest.cause == RESET and _OURS in read:
        return Sign(80, TOTAL, None, said, _NET) if elapsed >= _QUIET and _is_round(elapsed) else None
    if strongest.cause == RESET and strongest.weight < 90 and on_the_way(elapsed):
        return Sign(88, CUT, MIDDLEBOX, said, on_the_way(elapsed)[0].source)
    if strongest.cause == GAVE_UP and strongest.weight < 76 and _is_round(elapsed):
        return Sign(77, TOTAL, CLIENT, said, "")
    if on_the_way(elapsed) and _was_waited_for(strongest, read):
        return Sign(60, CUT, MIDDLEBOX, said, on_the_way(elapsed)[0].source)
    if strongest.cause != UNKNOWN:
        return None
    return _bare(read, elapsed, said) if _CALL.search(read) else _guessed(elapsed, said)


def _failed(strongest: Sign, read: str) -> bool:
    """Whether a text that names no cause may be that of a call that failed; an empty one denies nothing.

    The time tells nothing of a program that failed by itself, or of words in which nothing failed.
    """
    if _PROGRAM.search(read) and (strongest.weight == 0 or _PROGRAM.search(strongest.quote.lower())):
        return False
    known = strongest.weight >= _WRAPPER or not read.strip()
    return known or FAILING.search(read) is not None or (_MUTE.search(read) and _CALL.search(read)) is not None


def _guessed(elapsed: float, said: str) -> Sign | None:
    """What is likely to have ended a call after `elapsed` seconds where nothing but the time speaks."""
    if any(start <= elapsed <= end for start, end in _HOPS):
        limit = next(iter(on_the_way(elapsed)), None)
        return Sign(GUESS, CUT, MIDDLEBOX, said, "" if limit is None else limit.source)
    return Sign(GUESS, FIRST_BYTE, None, said, "") if elapsed >= _QUIET else None


def _was_waited_for(strongest: Sign, read: str) -> bool:
    """Whether words for no connection stand for one that was cut: a refusal keeps nobody waiting."""
    if strongest.cause == REFUSED:
        return strongest.weight <= _WORDS and _PATIENT.search(read) is not None
    return strongest.cause == UNKNOWN and _BROWSERS in read


def _bare(read: str, elapsed: float, said: str) -> Sign | None:
    """What a failure without a cause was that came after `elapsed` seconds."""
    if _AWS[0] <= elapsed <= _AWS[1]:
        return Sign(60, CUT, MIDDLEBOX, said, on_the_way(elapsed)[0].source)
    if "fetch failed" in read and _NODE[0] <= elapsed <= _NODE[1]:
        return Sign(72, FIRST_BYTE, CLIENT, said, "https://undici.nodejs.org/#/docs/api/Client")
    if "fetch failed" in read and _NODE_CONNECT[0] <= elapsed <= _NODE_CONNECT[1]:
        return Sign(62, CONNECT, None, said, "https://undici.nodejs.org/#/docs/api/Client")
    if elapsed <= _AT_ONCE:
        return Sign(50, REFUSED, None, said, "")
    return Sign(50, FIRST_BYTE, None, said, "") if elapsed >= _QUIET else None


def own_clock(read: str, elapsed: float) -> Limit | None:
    """The limit of the very client whose words a folded text is, where that strikes after `elapsed` seconds."""
    for words, products in _OWN:
        for product in products if words.search(read) else ():
            for limit in limits(product):
                if limit.kind in ANSWER and limit.seconds and abs(limit.seconds - elapsed) <= max(1.0, 0.02 * elapsed):
                    return limit
    return None


def _is_named(read: str, elapsed: float) -> bool:
    """Whether a text names a timer for silence that strikes after `elapsed` seconds. Bare thousands are ms."""
    for found in _SILENCE.finditer(read):
        number, unit = float(found["number"]), found["unit"] or ("ms" if int(found["number"]) >= _THOUSANDS else "s")
        seconds = number * next(seconds for name, seconds in _UNITS if unit.startswith(name))
        if abs(seconds - elapsed) <= max(1.0, 0.03 * elapsed):
            return True
    return False


def _is_round(elapsed: float) -> bool:
    return any(abs(elapsed - each) <= max(0.6, 0.02 * each) for each in _ROUND)
