"""Who tells of a failure: a gateway that called for somebody, or a proxy that signs its page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from outwait.diagnosis.fold import Folded


class Teller(NamedTuple):
    """`gateway`: words by which a gateway or relay is known to tell it, "" for none; `page`: it is an HTML page.

    `local`: it names an address of its own machine; `public`: a host of the internet that it called. `relayed`: it is
    the body of an error in OpenAI's form, with its empty `param`. `signer`: the product whose page it is, "" for none;
    `mark`: the words that give it away.
    """

    gateway: str
    page: bool
    local: bool
    public: bool
    relayed: bool
    signer: str
    mark: str


_GATEWAYS: Final = re.compile(
    r"channel ?#?\(?#|channel error \(|relay error|do request failed|do_request_failed|(?:one|new|shell|rix"
    r"|veloera)_?api_error"
    r"|\(request id: ?20[0-9]{12}|bad_response_status_code|channel:|upstream_error|relay|new-?api\b|one-?api\b"
    r"|litellm[ _-](?:proxy|router|params)|litellm\.proxy|message\W{1,6}litellm\.|(?:received|available) model group"
    r"|plugininvokeerror|plugindaemon|plugin_daemon|\[models\]|run failed: |bifrost|portkey|helicone|cliproxyapi"
    r"|cli-proxy|provider_response_error"
    r"|error from provider|gateway_error|gateway error|ai gateway|api gateway|llm[- ]gateway|one_hub|uni-?api"
    r"|\bproxy server\b(?! (?:is |was )?(?:refus|not respond|settings|address|requires))|backend server|上游|中转|网关"
    r"|渠道"
    r"|provider returned error|stream scanner|\bchannel(?: id)?[:= #]{1,3}[0-9]"
    r"|\bupstream[ _](?!prematurely|sent|timed out \()|server returned 5|via proxy|\bgateway (?:returned"
    r"|timeout after|log)|apisix|openrouter router|router\.py"
    # the log of a gateway or proxy itself: its logger's name, its tag, its event, a line of its access log
    r"|\b[a-z_]{2,40}\.(?:proxy|gateway|relay)(?:\.[a-z_]{1,30})? ?- ?(?:error|warning|critical)\b"
    r"|\b(?:error|warning|critical):(?:[a-z_]{1,40}\.){0,4}(?:proxy|gateway|relay)(?:\.[a-z_]{1,30})?:"
    r"|\[(?:proxy|gateway|relay)\][^\n]{0,80}\b(?:fail|error|err=|time-?out|timed out|stall)"
    r"|\bevent=\"?(?:proxy|gateway|relay|upstream)_[a-z]"
    r"|\bpath=\"?/(?:[a-z]{1,20}/){0,2}v1(?:beta)?/[^\n]{0,200}\bstatus=\"?[45][0-9][0-9]\b"
    r"|forwarding (?:the )?request|(?:failed to|could not|error|error while) (?:forward|proxy|relay)(?:ing)?\b"
)
_SIGNERS: Final[tuple[tuple[str, str], ...]] = (
    ("cloudflare", r"cloudflare|cf-ray|cf-error|error code:? (?:52\d|1\d\d\d)|\b52[0-9]: "),
    ("nginx", r"openresty|tengine|\bnginx\b|<center>|gateway time-out"),
    ("apache", r"apache/|apache server at|mod_proxy"),
    ("haproxy", r"haproxy|the server didn't respond in time|no server is available to handle"),
    ("envoy", r"\benvoy\b|upstream request timeout|upstream connect error|istio|response_flags"),
    ("kong", r"\bkong\b|upstream server is timing out"),
    ("traefik", r"traefik"),
    ("caddy", r"\bcaddy\b"),
    ("varnish", r"varnish|guru meditation|backend fetch failed"),
    ("squid", r"\bsquid\b|x-squid-error"),
    ("aws-alb", r"awselb|elasticloadbalanc"),
    ("aws-api-gateway", r"endpoint request timed|integration_timeout"),
    ("aws-cloudfront", r"cloudfront"),
    ("azure-front-door", r"azure front door|x-azure-ref"),
    ("azure-app-gateway", r"azure-application-gateway"),
    ("vercel", r"vercel|function_invocation"),
    ("heroku", r"heroku|code=h[12]\d"),
    ("google-front-end", r"that's an error|google frontend"),
    ("akamai", r"akamai"),
)
_COMPILED: Final = tuple((name, re.compile(expression)) for name, expression in _SIGNERS)
_PAGE: Final = re.compile(r"<!doctype|<html|<head|<title|<center|<h1")
_LOCAL: Final = re.compile(r"\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0|host\.docker\.internal)\b|\[?::1\]?:[0-9]")
_PUBLIC: Final = re.compile(
    r"(?:connect|reach|contact|access|连接|访问)[^\n]{0,80}?(?:https?://|\b(?:host|to|with|reach):? ?['\"(]?)"
    r"(?:[a-z0-9-]{1,63}\.){1,5}(?!(?:local|internal|lan|home|localdomain|svc|docker)\b)[a-z]{2,24}"
    r"(?![a-z0-9_(-]|\.[a-z0-9])"
)
_RELAYED: Final = re.compile(
    r"[\"']param[\"']: ?(?:null|none|[\"'](?:none|null)?[\"'])"
    r"|^\W{0,3}[\"']detail[\"']: ?[\[\"']"  # FastAPI's form: an application between
)
_GATEWAY_HEADERS: Final = ("x-outwait-", "x-oneapi-", "x-new-api-", "x-litellm-", "x-portkey-", "helicone-", "cf-aig-")
HEADERS: Final = (
    "server",
    "via",
    "cf-ray",
    "x-served-by",
    "x-azure-ref",
    "x-vercel-id",
    "x-amz-cf-id",
    "x-envoy-upstream-service-time",
)
"""The headers that say who stood in the way."""


def teller(folded: Folded, words: str, headers: Mapping[str, str]) -> Teller:
    """Who tells a text (`words`: it, folded, without hints), the reply's `headers` (names in lower case) considered."""
    gateway = _quote(folded, _GATEWAYS.search(words))
    if not gateway:
        gateway = next((name for name in headers if name.startswith(_GATEWAY_HEADERS)), "")
    signer = mark = ""
    for name, sign in _COMPILED:
        found = sign.search(words)
        if found is not None:
            signer, mark = name, _quote(folded, found)
            break
    else:
        line = next((f"{name}: {headers[name]}" for name in HEADERS if name in headers), "")
        signer = next((name for name, sign in _COMPILED if sign.search(line.lower())), "")
        mark = line if signer else ""
    page = _PAGE.search(words) is not None or "html" in headers.get("content-type", "").lower()
    local, public, relayed = (each.search(words) is not None for each in (_LOCAL, _PUBLIC, _RELAYED))
    return Teller(gateway, page, local, public, relayed, signer, mark)


def _quote(folded: Folded, found: re.Match[str] | None) -> str:
    return "" if found is None else folded.quote(found.start(), found.end())
