"""What each fault is (cause, side, what else is right to say), and what is made of it by which program.

Labels are those of what was done, not of what the text says best. Where a library hides what happened, the answers that
its words leave open are right as well: `LEFT_OPEN` says where.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Label(NamedTuple):
    """`also_ok`, `also_side`: further right answers, separated by spaces. `done`: what was done, in words."""

    cause: str
    side: str
    also_ok: str = ""
    also_side: str = ""
    done: str = ""


_CUT = "network middlebox"
FAULTS: Final[dict[str, Label]] = {
    "refused": Label("connect_refused", "upstream", "", "client network", "nobody listens on the port"),
    "dns": Label("dns_failure", "client", "", "network gateway", "a host name under .invalid"),
    "blackhole": Label("connect_timeout", "network", "", "client upstream", "SYNs are dropped"),
    "unreachable": Label("network_unreachable", "client", "", "network", "a network namespace without a route"),
    "reset-before": Label("connect_reset", "network", "", "upstream middlebox", "RST after the request"),
    "close-before": Label(
        "connect_reset", "upstream", "empty_response middlebox_idle_cut", _CUT, "FIN after the request, no byte sent"
    ),
    "silent": Label("first_byte_timeout", "client", "", "", "nothing after the request"),
    "stall": Label("idle_timeout", "client", "", "", "head and one event, then nothing"),
    "drip": Label("total_timeout", "client", "", "", "an event every 0.2 s, longer than the client's total limit"),
    "truncated-chunked": Label(
        "stream_truncated", "upstream", "connect_reset", _CUT, "FIN in the middle of a chunked body"
    ),
    "truncated-length": Label("stream_truncated", "upstream", "", _CUT, "FIN before Content-Length is reached"),
    "reset-mid": Label("stream_truncated", "upstream", "connect_reset", _CUT, "RST in the middle of a chunked body"),
    "empty": Label("empty_response", "upstream", "bad_response", "gateway middlebox", "200 with an empty body"),
    "garbage": Label("bad_response", "upstream", "", "gateway middlebox client", "200 with a body that is not JSON"),
    "html": Label("bad_response", "upstream", "", "gateway middlebox client", "200 with an HTML page"),
    "banner": Label("bad_response", "upstream", "", "gateway middlebox client network", "an SSH banner as the answer"),
    "stuck": Label("write_timeout", "client", "", "network upstream", "64 MB sent to a server that does not read"),
    "tls-expired": Label("tls_failure", "upstream", "", "client network middlebox", "an expired certificate"),
    "tls-self-signed": Label("tls_failure", "client", "", "upstream network middlebox", "a self-signed certificate"),
    "tls-other-host": Label("tls_failure", "upstream", "", "client network middlebox", "another host's certificate"),
    "tls-plain": Label(
        "tls_failure", "client", "proxy_misconfigured", "upstream network middlebox", "https:// to a plain HTTP port"
    ),
    "tls-hangup": Label(
        "tls_failure", "network", "connect_reset", "client upstream middlebox", "FIN after the TLS hello"
    ),
    "proxy-refused": Label(
        "proxy_misconfigured", "client", "connect_refused", "network middlebox", "HTTPS_PROXY names a port nobody is on"
    ),
    "proxy-407": Label(
        "proxy_misconfigured", "client", "auth_failed", "network middlebox", "HTTPS_PROXY wants credentials"
    ),
    "full": Label("resource_exhausted_local", "client", "", "gateway", "no descriptor left in the process"),
    "pool": Label("resource_exhausted_local", "client", "", "gateway", "the only connection of the pool is taken"),
    "sim:error-400": Label("bad_request", "client", "", "upstream gateway", "400"),
    "says-context": Label("context_too_long", "upstream", "", "client", "400 context_length_exceeded"),
    "says-filtered": Label("content_filtered", "upstream", "", "client", "400 content_filter"),
    "says-region": Label("permission_denied", "upstream", "", "client", "403 unsupported_country_region_territory"),
    "says-model": Label("model_not_found", "client", "", "upstream", "404 model_not_found"),
    "says-pull": Label("model_not_found", "upstream", "", "client", "404 of Ollama"),
    "says-quota": Label("quota_exhausted", "upstream", "", "", "429 insufficient_quota"),
    "says-balance": Label("quota_exhausted", "upstream", "", "", "402"),
    "says-credit": Label("quota_exhausted", "upstream", "", "", "400, credit balance too low"),
    "says-no-channel": Label("gateway_no_channel", "gateway", "", "", "503 of a gateway without a channel"),
    "sim:error-401": Label("auth_failed", "client", "", "upstream", "401"),
    "sim:error-403": Label("permission_denied", "upstream", "", "client", "403"),
    "sim:error-404": Label("model_not_found", "client", "bad_request", "upstream", "404"),
    "sim:error-413": Label("bad_request", "client", "", "middlebox gateway upstream", "413"),
    "sim:error-429": Label("rate_limited", "upstream", "", "", "429"),
    "sim:error-500": Label("upstream_error", "upstream", "", "gateway", "500"),
    "sim:error-503": Label("overloaded", "upstream", "upstream_error", "", "503"),
    "sim:error-529": Label("overloaded", "upstream", "", "", "529"),
    "sim:error-504": Label("gateway_timeout_upstream", "upstream", "", "middlebox gateway", "504 in JSON"),
    "sim:error-in-stream-after-2": Label(
        "upstream_error", "upstream", "stream_truncated", "gateway", "an error object inside a stream"
    ),
    "sim:html-502": Label(
        "upstream_error",
        "upstream",
        "bad_response connect_refused connect_reset",
        "middlebox gateway",
        "502, an HTML page",
    ),
    "sim:html-504": Label("gateway_timeout_upstream", "middlebox", "", "upstream gateway", "504, an HTML page"),
}

# Program -> what is made with it: `fault[/how][=seconds]`, and with `!` the last line alone.
MADE: Final[dict[str, str]] = {
    "httpx2": "refused dns blackhole unreachable reset-before close-before silent stall truncated-chunked reset-mid"
    " empty banner tls-self-signed tls-other-host tls-plain tls-hangup proxy-refused proxy-407 sim:html-502 silent!",
    "httpx2-big": "stuck",
    "httpx2-full": "full",
    "httpx2-pool": "pool",
    "requests": "refused dns blackhole reset-before close-before silent stall truncated-chunked reset-mid html banner"
    " tls-expired tls-self-signed tls-plain proxy-refused proxy-407 sim:error-429 sim:html-504",
    "requests-big": "stuck",
    "requests-full": "full",
    "urllib": "refused silent sim:error-503",
    "asyncio": "refused reset-before truncated-length",
    "aiohttp": "refused dns reset-before close-before silent silent/stream stall/stream truncated-chunked"
    " truncated-length html tls-self-signed proxy-refused drip",
    "aiohttp-connect": "blackhole",
    "openai-python": "refused dns blackhole silent stall/stream truncated-chunked/stream html tls-self-signed refused!"
    " silent! sim:error-400 sim:error-401! sim:error-413! sim:error-429! sim:error-500! sim:error-503"
    " sim:error-in-stream-after-2/stream says-context says-filtered says-region! says-model! says-quota says-balance!"
    " says-no-channel!",
    "openai-python-old": "truncated-chunked/stream sim:error-429! says-context! says-quota! says-pull!"
    " says-no-channel!",
    "anthropic-python": "refused silent sim:error-401 sim:error-404! sim:error-429"
    " sim:error-529! says-credit! sim:error-in-stream-after-2/stream",
    "google-genai": "sim:error-400 sim:error-403! sim:error-404 sim:error-429 sim:error-503!",
    "litellm": "refused! silent! sim:error-401! sim:error-429! says-context! says-filtered! sim:error-503!"
    " stall/stream! says-model!",
    "langchain-openai": "refused silent! sim:error-429! truncated-chunked/stream!",
    "undici-fetch": "refused dns blackhole reset-before close-before silent stall truncated-chunked reset-mid html"
    " banner tls-expired tls-self-signed tls-plain unreachable",
    "undici-proxy": "proxy-refused proxy-407",
    "fetch-signal": "refused silent drip",
    "axios": "refused dns blackhole reset-before close-before silent truncated-chunked tls-self-signed sim:error-429"
    " sim:html-504 says-context",
    "openai-node": "refused silent reset-mid/stream sim:error-401 says-quota html",
    "anthropic-node": "refused silent reset-mid/stream sim:error-529 says-credit",
    "go": "refused dns blackhole/head unreachable reset-before close-before silent/total silent/head stall/total"
    " drip/total truncated-chunked reset-mid html banner tls-expired tls-self-signed tls-other-host tls-plain"
    " tls-hangup proxy-refused proxy-407 sim:error-429 sim:error-504 says-no-channel",
    "java": "refused dns blackhole reset-before silent truncated-chunked tls-self-signed tls-plain blackhole/url"
    " silent/url",
    "ruby": "refused dns blackhole reset-before close-before silent tls-self-signed sim:error-429",
    "php": "refused blackhole silent drip close-before tls-self-signed garbage refused/stream",
    "curl": "refused dns blackhole unreachable/verbose reset-before close-before silent drip truncated-chunked"
    " truncated-length banner tls-expired tls-self-signed tls-other-host tls-plain tls-hangup proxy-refused/verbose"
    " proxy-407",
    "wget": "refused dns silent close-before tls-self-signed",
}

_HIDDEN = "connect_refused connect_reset connect_timeout dns_failure network_unreachable tls_failure unknown"
_WAITED = "total_timeout connect_timeout idle_timeout unknown"
# (program, fault, how) -> what else its words leave open: causes, sides. "" as `how` stands for any.
LEFT_OPEN: Final[dict[tuple[str, str, str], tuple[str, str]]] = {
    ("openai-python", "refused", "last"): (_HIDDEN, "network upstream"),
    ("openai-python", "silent", "last"): (_WAITED, "network upstream"),
    ("httpx2", "silent", "last"): ("idle_timeout", ""),
    ("litellm", "silent", "last"): (_WAITED, "network upstream gateway"),
    ("litellm", "refused", "last"): (_HIDDEN, "network gateway"),
    ("litellm", "stall", "last"): (_WAITED + " first_byte_timeout", "network upstream gateway"),
    ("langchain-openai", "silent", "last"): (_WAITED, "network upstream"),
    ("requests", "stall", ""): ("first_byte_timeout", ""),
    ("requests", "truncated-chunked", ""): ("bad_response", ""),
    ("aiohttp", "silent", "json"): ("total_timeout unknown", ""),
    ("aiohttp", "silent", "stream"): ("idle_timeout", ""),
    ("aiohttp", "stall", ""): ("first_byte_timeout", ""),
    ("aiohttp", "drip", ""): ("unknown first_byte_timeout idle_timeout", ""),
    ("fetch-signal", "silent", ""): ("total_timeout client_gave_up", ""),
    ("fetch-signal", "drip", ""): ("client_gave_up first_byte_timeout", ""),
    ("axios", "blackhole", ""): ("total_timeout first_byte_timeout", ""),
    ("axios", "silent", ""): ("total_timeout", ""),
    ("axios", "close-before", ""): ("", "client"),
    ("openai-node", "silent", ""): (_WAITED, "network upstream"),
    ("anthropic-node", "silent", ""): (_WAITED, "network upstream"),
    ("go", "silent", "total"): ("total_timeout", ""),
    ("go", "stall", "total"): ("total_timeout", ""),
    ("java", "silent", "json"): ("total_timeout", ""),
    ("java", "refused", ""): ("network_unreachable connect_timeout unknown", ""),
    ("httpx2", "proxy-refused", ""): ("", "upstream"),
    ("openai-node", "html", ""): ("empty_response unknown", ""),
    ("httpx2", "banner", ""): ("connect_reset empty_response middlebox_idle_cut", ""),
    ("requests", "html", ""): ("empty_response", ""),
    ("go", "tls-hangup", ""): ("connect_reset empty_response middlebox_idle_cut", ""),
    ("undici-proxy", "proxy-refused", ""): ("connect_refused", "upstream"),
    ("php", "garbage", ""): ("empty_response unknown", ""),
    ("openai-python", "sim:error-401", "last"): ("", "gateway"),
    ("php", "silent", ""): ("total_timeout", ""),
    ("php", "refused", "stream"): ("", "network"),
    ("curl", "silent", ""): ("total_timeout", ""),
    ("wget", "silent", ""): ("idle_timeout", ""),
}


def label(program: str, fault: str, how: str) -> Label:
    """The label of what `program` says of `fault`."""
    known = FAULTS[fault]
    more = LEFT_OPEN.get((program, fault, how)) or LEFT_OPEN.get((program, fault, "")) or ("", "")
    causes = [each for each in f"{known.also_ok} {more[0]}".split() if each != known.cause]
    sides = [each for each in f"{known.also_side} {more[1]}".split() if each != known.side]
    return known._replace(also_ok=" ".join(dict.fromkeys(causes)), also_side=" ".join(dict.fromkeys(sides)))


def told(known: Label) -> dict[str, Any]:
    """A label as fields."""
    fields: dict[str, Any] = {"cause": known.cause, "side": known.side}
    if known.also_ok:
        fields["also_ok"] = known.also_ok.split()
    if known.also_side:
        fields["also_side"] = known.also_side.split()
    return fields
