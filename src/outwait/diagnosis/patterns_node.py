"""How JavaScript says it: Node and libuv, undici (Node's fetch), axios, node-fetch, browsers, Electron, the AI SDK."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CLIENT,
    CONNECT,
    DNS,
    EMPTY,
    EXHAUSTED,
    FIRST_BYTE,
    GAVE_UP,
    IDLE,
    NETWORK,
    NO_MODEL,
    PROXY,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
    UNREACHABLE,
    UPSTREAM,
)
from outwait.diagnosis.pattern import Pattern, rows

_NODE = "https://nodejs.org/api/errors.html#common-system-errors"
_LIBUV = "https://docs.libuv.org/en/v1.x/errors.html"
_BUN = "https://bun.sh/docs/api/fetch"
_UNDICI = "https://undici.nodejs.org/#/docs/api/Errors"
_AXIOS = "https://github.com/axios/axios#error-types"
_FIREFOX = "https://searchfox.org/mozilla-central/source/xpcom/base/ErrorList.py"
_NODE_FETCH = "https://github.com/node-fetch/node-fetch/blob/main/docs/ERROR-HANDLING.md"
_CHROMIUM = "https://source.chromium.org/chromium/chromium/src/+/main:net/base/net_error_list.h"
_FETCH = "https://fetch.spec.whatwg.org/#dom-global-fetch"
_AI_SDK = "https://ai-sdk.dev/docs/reference/ai-sdk-errors"
_TLS = "https://nodejs.org/api/tls.html#x509-certificate-error-codes"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
NODE: Final[tuple[Pattern, ...]] = (
    # ----------------------------------------------------------------------------------------------- Node and libuv
    *rows(_LIBUV, 95, DNS, r"""
        \benotfound\b   \beai_[a-z]{1,40}   query[a-z0-9]{0,8} (etimeout|enodata|eservfail|erefused)   \besservfail\b
        \beservfail\b
    """),
    *rows(_LIBUV, 92, REFUSED, r"""
        \beconnrefused\b   unable to connect\. is the computer able to access the url   connectionrefused
    """),
    *rows(_LIBUV, 86, RESET, r"\beconnreset\b   (read|write) econnaborted"),
    *rows(_NODE, 78, RESET, r"""
        socket hang up   the socket connection was closed unexpectedly   connection closed unexpectedly
    """),
    *rows(_LIBUV, 82, RESET, r"\bwrite epipe\b   \bepipe\b"),
    *rows(_LIBUV, 94, CONNECT, r"""
        connect etimedout   err_socket_connection_timeout   socket connection timeout   internalconnectmultipletimeout
    """),
    *rows(_LIBUV, 72, CONNECT, r"\betimedout\b"),
    *rows(_LIBUV, 84, FIRST_BYTE, r"read etimedout   \besockettimedout\b"),
    *rows(_LIBUV, 94, UNREACHABLE, r"\benetunreach\b   \behostunreach\b   \benetdown\b   \behostdown\b"),
    *rows(_LIBUV, 95, EXHAUSTED, r"""
        \bemfile\b   \benfile\b   \benospc\b   \benomem\b   \beaddrnotavail\b   \beaddrinuse\b   \bedquot\b
        \benobufs\b
    """),
    *rows(_TLS, 95, TLS, r"""
        depth_zero_self_signed   unable_to_verify_leaf   unable_to_get_issuer   cert_untrusted
        cert_signature_failure
    """),
    *rows(_TLS, 95, TLS, r"cert_has_expired   cert_not_yet_valid", side=UPSTREAM),
    *rows(_TLS, 95, TLS, r"err_tls_cert_altname_invalid   certificate's altnames"),
    *rows(_NODE, 92, TLS, r"before secure tls connection was established", side=NETWORK),
    *rows(_LIBUV, 84, TLS, r"\beproto\b   err_ssl_   err_tls_"),
    *rows(_NODE, 87, TRUNCATED, r"premature close   err_stream_premature_close   premature end of (stream|input)"),
    *rows(_NODE, 74, TRUNCATED, r"error: aborted\b.{0,300}econnreset"),
    *rows(_NODE, 88, BAD_REQUEST, r"""
        err_invalid_url   only absolute urls are supported   only https?\(?s?\)? protocols are supported
        failed to parse url
    """, side=CLIENT),
    *rows(_NODE, 78, BAD_REQUEST, r"""
        err_invalid_char   invalid character in header content   cannot convert argument to a bytestring
        headers.append:
    """, side=CLIENT),
    *rows(_NODE, 80, BAD_RESPONSE, r"""
        \bhpe_[a-z_]{1,40}   parse error: expected http   parse error: (invalid|data after|missing)
        unexpected token .{1,4}(in json|,)   is not valid json
    """),
    *rows(_NODE, 72, BAD_RESPONSE, r"""
        unexpected end of json input   unterminated string in json   unexpected token '?<   invalid json response body
    """),
    *rows(_FIREFOX, 80, BAD_RESPONSE, r"json\.parse: (unexpected|unterminated|expected|bad)"),
    *rows(_NODE, 97, PROXY, r"tunneling socket could not be established"),
    *rows(_FIREFOX, 84, TRUNCATED, r"error in input stream"),
    *rows(_BUN, 64, UNKNOWN, r"failedtoopensocket   was there a typo in the url or port", side=CLIENT),
    *rows(_BUN, 80, RESET, r"\bconnectionclosed\b"),
    # ---------------------------------------------------------------------------------------------------------- undici
    *rows(_UNDICI, 96, CONNECT, r"und_err_connect_timeout   connecttimeouterror   connect timeout error"),
    *rows(_UNDICI, 96, FIRST_BYTE, r"und_err_headers_timeout   headerstimeouterror   headers timeout error"),
    *rows(_UNDICI, 96, IDLE, r"und_err_body_timeout   bodytimeouterror   body timeout error"),
    *rows(_UNDICI, 84, RESET, r"und_err_socket   other side closed", side=UPSTREAM),
    *rows(_UNDICI, 88, TRUNCATED, r"""
        terminated.{0,400}(other side closed|und_err_socket)   und_err_res_content_length_mismatch
    """, side=UPSTREAM),
    *rows(_UNDICI, 66, TRUNCATED, r"""
        typeerror: terminated   ^ ?terminated ?$   error: terminated\b   : terminated ?$   ['\"]terminated['\"]
    """),
    *rows(_UNDICI, 76, GAVE_UP, r"und_err_aborted   requestabortederror"),
    *rows(_UNDICI, 97, PROXY, r"proxy response \(?[0-9]{0,3}\)? ?!== 200   when http tunneling   und_err_prx_tls"),
    *rows(_UNDICI, 84, BAD_RESPONSE, r"und_err_headers_overflow   headers overflow"),
    # ----------------------------------------------------------------------------------------------------- axios, fetch
    *rows(_AXIOS, 84, TOTAL, r"""
        timeout of [0-9]{1,12} ?ms exceeded   econnaborted.{0,80}timeout   timeout.{0,80}econnaborted   \beconnaborted\b
    """),
    *rows(_NODE_FETCH, 82, FIRST_BYTE, r"network timeout at:"),
    *rows(_NODE_FETCH, 84, IDLE, r"response timeout while trying to fetch   body timeout"),
    *rows(_NODE_FETCH, 76, GAVE_UP, r"the user aborted a request   err_canceled   cancelederror"),
    *rows(_FETCH, 88, TOTAL, r"""
        aborted due to timeout   \btimeouterror\b: the operation   domexception \[timeouterror\]   signal timed out
    """),
    *rows(_FETCH, 70, GAVE_UP, r"""
        \baborterror   operation was aborted   signal is aborted   request was aborted   request aborted
        aborted by (the )?user   user abort
    """),
    *rows(_FETCH, 24, UNKNOWN, r"""
        fetch failed   failed to fetch   load failed   networkerror when attempting to fetch   network error
        network request failed
    """, side=CLIENT),
    # ---------------------------------------------------------------------------------------------- Chromium, Electron
    *rows(_CHROMIUM, 96, DNS, r"err_name_not_resolved   err_name_resolution_failed   dns_probe_finished   err_dns_"),
    *rows(_CHROMIUM, 94, REFUSED, r"err_connection_refused"),
    *rows(_CHROMIUM, 90, RESET, r"""
        err_connection_reset   err_connection_closed   err_connection_aborted   err_socket_not_connected
    """),
    *rows(_CHROMIUM, 95, RESET, r"err_empty_response", side=UPSTREAM),
    *rows(_CHROMIUM, 94, CONNECT, r"err_connection_timed_out"),
    *rows(_FIREFOX, 94, DNS, r"ns_error_unknown_host"),
    *rows(_FIREFOX, 94, REFUSED, r"ns_error_connection_refused"),
    *rows(_FIREFOX, 90, CONNECT, r"ns_error_net_timeout"),
    *rows(_FIREFOX, 90, RESET, r"ns_error_net_(reset|interrupt|partial_transfer)"),
    *rows(_FIREFOX, 96, PROXY, r"ns_error_(unknown_)?proxy"),
    *rows(_CHROMIUM, 78, FIRST_BYTE, r"err_timed_out"),
    *rows(_CHROMIUM, 94, UNREACHABLE, r"""
        err_internet_disconnected   err_address_unreachable   err_network_access_denied
    """),
    *rows(_CHROMIUM, 97, PROXY, r"""
        err_proxy_   err_tunnel_connection_failed   err_no_supported_proxies   err_socks_connection
        err_unexpected_proxy_auth
    """),
    *rows(_CHROMIUM, 94, TLS, r"err_cert_   err_bad_ssl   err_ssl_client"),
    *rows(_CHROMIUM, 95, TLS, r"err_cert_date_invalid", side=UPSTREAM),
    *rows(_CHROMIUM, 92, TRUNCATED, r"""
        err_incomplete_chunked_encoding   err_content_length_mismatch   err_http2_protocol_error   err_http2_[a-z_]{1,9}
        err_quic_protocol_error   err_content_decoding_failed
    """),
    *rows(_CHROMIUM, 95, TRUNCATED, r"err_network_changed   err_network_io_suspended", side=CLIENT),
    *rows(_CHROMIUM, 76, GAVE_UP, r"err_aborted"),
    *rows(_CHROMIUM, 95, EXHAUSTED, r"err_insufficient_resources   err_out_of_memory   err_file_no_space"),
    # ----------------------------------------------------------------------------------------------------------- AI SDK
    *rows(_AI_SDK, 94, AUTH, r"ai_loadapikeyerror   api key is missing   missing api key"),
    *rows(_AI_SDK, 86, NO_MODEL, r"ai_nosuchmodelerror"),
    *rows(_AI_SDK, 88, EMPTY, r"""
        ai_emptyresponsebodyerror   ai_nocontentgeneratederror   ai_nooutputgenerated   no output generated
        empty response body
    """),
    *rows(_AI_SDK, 84, BAD_RESPONSE, r"""
        ai_jsonparseerror   ai_typevalidationerror   type validation failed   ai_invalidresponsedataerror
        ai_noobjectgenerated   json parsing failed
    """),
    *rows(_AI_SDK, 86, BAD_REQUEST, r"""
        ai_unsupportedfunctionality   ai_invalidprompt   ai_invalidargument   ai_loadsettingerror
    """),
)
# fmt: on
