"""How proxies on the way say it, in pages and logs: nginx, Apache, HAProxy, Envoy, Traefik, Caddy, Varnish, Kong."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CLIENT,
    CONNECT,
    CUT,
    DNS,
    EXHAUSTED,
    GATEWAY,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    MIDDLEBOX,
    NO_CHANNEL,
    OVERLOADED,
    PERMISSION,
    PROXY,
    RATE,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    TRUNCATED,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_NGINX = "https://nginx.org/en/docs/http/ngx_http_proxy_module.html"
_NGINX_CORE = "https://nginx.org/en/docs/http/ngx_http_core_module.html"
_APACHE = "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html"
_HAPROXY = "https://docs.haproxy.org/3.0/configuration.html#8.5"
_ENVOY = "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#config-access-log-format-response-flags"
_ENVOY_TIMEOUTS = "https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts"
_TRAEFIK = "https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/"
_CADDY = "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy"
_VARNISH = "https://varnish-cache.org/docs/trunk/users-guide/troubleshooting.html"
_SQUID = "https://wiki.squid-cache.org/SquidFaq/TroubleShooting"
_KONG = "https://developer.konghq.com/gateway/entities/service/"
_APISIX = "https://apisix.apache.org/docs/apisix/admin-api/#upstream"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
MIDDLEBOXES: Final[tuple[Pattern, ...]] = (
    # ----------------------------------------------------------------------------------------------------------- nginx
    *rows(_NGINX, 96, GATEWAY_TIMEOUT, r"upstream timed out.{0,60}while (reading response header|sending request to)"),
    *rows(_NGINX, 97, CONNECT, r"upstream timed out.{0,60}while connecting to upstream"),
    *rows(_NGINX, 96, CUT, r"upstream timed out.{0,60}while reading upstream"),
    *rows(_NGINX, 97, TLS, r"""
        upstream timed out.{0,60}while ssl handshaking
        ssl_do_handshake\(\) failed.{0,200}while ssl handshaking to upstream
    """, side=UPSTREAM),
    *rows(_NGINX, 94, REFUSED, r"connect\(\) failed \(111   connect\(\) to [^ ]{1,200} failed \((111|2):"),
    *rows(_NGINX, 95, "network_unreachable", r"connect\(\) (to [^ ]{1,200} )?failed \((101|113):", side=MIDDLEBOX),
    *rows(_NGINX, 94, CONNECT, r"connect\(\) (to [^ ]{1,200} )?failed \(110:"),
    *rows(_NGINX, 93, RESET, r"""
        recv\(\) failed \(104   upstream prematurely closed connection while reading response header
        upstream prematurely closed connection while sending
    """, side=UPSTREAM),
    *rows(_NGINX, 95, TRUNCATED, r"""
        upstream prematurely closed connection while reading upstream
        recv\(\) failed \(104.{0,80}while reading upstream
    """, side=UPSTREAM),
    *rows(_NGINX, 95, NO_CHANNEL, r"no live upstreams", side=MIDDLEBOX),
    *rows(_NGINX, 96, DNS, r"""
        could not be resolved \([0-9]{1,12}:   host not found in upstream   no resolver defined
    """, side=MIDDLEBOX),
    *rows(_NGINX, 94, BAD_RESPONSE, r"""
        upstream sent (too big header|invalid header|no valid http|unsupported|duplicate header)
    """, side=MIDDLEBOX),
    *rows(_NGINX, 95, EXHAUSTED, r"worker_connections are not enough   [0-9]{1,12} worker_connections", side=MIDDLEBOX),
    *rows(_NGINX_CORE, 95, GAVE_UP, r"""
        client (prematurely )?closed connection   client timed out   client closed keepalive
        recv\(\) failed.{0,80}while (reading client|sending to client)   client closed request
    """),
    *rows(_NGINX_CORE, 94, BAD_REQUEST, r"""
        request entity too large   payload too large   content too large   request body (is )?too large
        body size limit   length limit exceeded   entity too large   maximum request body size
    """),
    *rows(_NGINX_CORE, 96, BAD_REQUEST, r"client intended to send too large body", side=MIDDLEBOX),
    *rows(_NGINX_CORE, 90, BAD_REQUEST, r"""
        request header or cookie too large   request header fields too large   request-uri too (large|long)
        header (line|field)s? too (long|large)   header overflow
    """, side=CLIENT),
    *rows(_NGINX_CORE, 90, BAD_REQUEST, r"""
        plain http request was sent to https port   client sent an http request to an https server
    """, side=CLIENT),
    *rows("https://nginx.org/en/docs/http/ngx_http_limit_req_module.html", 94, RATE, r"""
        limiting requests, excess   limiting connections by zone
    """, side=MIDDLEBOX),
    # ---------------------------------------------------------------------------------------------------------- Apache
    *rows(_APACHE, 93, GATEWAY_TIMEOUT, r"""
        timeout specified has expired   gateway timeout the gateway did not receive
        did not receive a timely response from the upstream
    """),
    *rows(_APACHE, 84, RESET, r"""
        error reading from remote server   ah01102   end of file found   proxy server could not handle the request
        ah01097
    """, side=UPSTREAM),
    *rows(_APACHE, 72, UPSTREAM_ERROR, r"""
        received an invalid response from an? upstream   invalid response from an upstream
    """),
    *rows(_APACHE, 88, REFUSED, r"""
        attempt to connect to .{1,80} failed   failed to make connection to backend   ah00957   ah01114
        http: disabled connection for
    """),
    *rows(_APACHE, 84, OVERLOADED, r"""
        server is temporarily unable to service your request due to maintenance downtime or capacity
    """, side=MIDDLEBOX),
    *rows(_APACHE, 95, EXHAUSTED, r"server reached maxrequestworkers   ah00484   ah00161", side=MIDDLEBOX),
    # --------------------------------------------------------------------------------------------------------- HAProxy
    *rows(_HAPROXY, 96, GATEWAY_TIMEOUT, r"the server didn't respond in time   server-timeout-h"),
    *rows(_HAPROXY, 94, CUT, r"server-timeout-[dl]   client-timeout-[dl]"),
    *rows(_HAPROXY, 94, CONNECT, r"server-timeout-c", side=UPSTREAM),
    *rows(_HAPROXY, 92, REFUSED, r"server-abort-c", side=UPSTREAM),
    *rows(_HAPROXY, 92, RESET, r"server-abort-h", side=UPSTREAM),
    *rows(_HAPROXY, 93, TRUNCATED, r"server-abort-[dl]", side=UPSTREAM),
    *rows(_HAPROXY, 90, OVERLOADED, r"server-timeout-q", side=MIDDLEBOX),
    *rows(_HAPROXY, 92, GAVE_UP, r"client-abort-[a-z]   client-timeout-[rhcq]"),
    *rows(_HAPROXY, 95, NO_CHANNEL, r"""
        no server is available to handle this request   has no server available   <nosrv>
    """, side=MIDDLEBOX),
    *rows(_HAPROXY, 88, BAD_RESPONSE, r"the server returned an invalid or incomplete response   \bph--"),
    # ----------------------------------------------------------------------------------------------------------- Envoy
    *rows(_ENVOY_TIMEOUTS, 96, GATEWAY_TIMEOUT, r"""
        upstream request timeout   upstream_response_timeout   upstream_per_try_timeout   response_timeout
        response_flags\W{1,4}ut\b
    """),
    *rows(_ENVOY_TIMEOUTS, 94, CUT, r"""
        \bstream timeout(?!s|:|,| \(| (no|after|of|exceed|error|reached|for|while|in|waiting|[0-9]))
        response_flags\W{1,4}si\b   (details|envoy|via_upstream).{0,60}stream_idle_timeout
    """),
    *rows(_ENVOY_TIMEOUTS, 94, TOTAL, r"""
        max_duration_timeout   upstream_max_stream_duration   response_flags\W{1,4}(umsdr|dt)\b   duration_timeout
    """, side=MIDDLEBOX),
    *rows(_ENVOY, 88, REFUSED, r"""
        upstream connect error or disconnect/reset before headers   response_flags\W{1,4}uf\b
        reset reason: (remote )?connection failure
    """),
    *rows(_ENVOY, 96, CONNECT, r"""
        reset reason: connection timeout   delayed connect error: 110   \{connection_timeout
    """, side=UPSTREAM),
    *rows(_ENVOY, 95, RESET, r"""
        reset reason: (connection termination|remote reset|local reset)
        upstream_reset_before_response_started\{(connection_termination|remote_reset)   response_flags\W{1,4}(uc|ur)\b
        upstream_reset_after_response_started
    """, side=UPSTREAM),
    *rows(_ENVOY, 96, OVERLOADED, r"""
        reset reason: overflow   response_flags\W{1,4}uo\b   upstream_overflow   \{overflow\}
    """, side=MIDDLEBOX),
    *rows(_ENVOY, 96, NO_CHANNEL, r"""
        no healthy upstream   no_healthy_upstream   response_flags\W{1,4}uh\b   no_route_found
        response_flags\W{1,4}nr\b   route_not_found   cluster_not_found   response_flags\W{1,4}nc\b
    """, side=MIDDLEBOX),
    *rows(_ENVOY, 95, GAVE_UP, r"response_flags\W{1,4}dc\b   downstream_remote_disconnect   downstream disconnect"),
    *rows(_ENVOY, 95, RATE, r"response_flags\W{1,4}rl\b   local_rate_limited   request_rate_limited", side=MIDDLEBOX),
    *rows(_ENVOY, 95, BAD_RESPONSE, r"""
        reset reason: protocol error   response_flags\W{1,4}upe\b   upstream_protocol_error
        protocol error in upstream
    """),
    *rows(_ENVOY, 90, PERMISSION, r"rbac: access denied   response_flags\W{1,4}uaex\b", side=MIDDLEBOX),
    *rows(_ENVOY, 90, AUTH, r"jwt is (missing|expired|not in the form)   jwt verification fails", side=CLIENT),
    *rows(_ENVOY, 92, BAD_REQUEST, r"""
        response_payload_too_large   request_payload_too_large   exceeded request buffer limit
    """, side=MIDDLEBOX),
    *rows(_ENVOY, 90, RESET, r"upstream_reset_before_response_started   \b50[23] (uc|ur|lr)\b", side=UPSTREAM),
    *rows(_ENVOY, 96, REFUSED, r"upstream_reset_before_response_started\{[a-z_]{0,7}connection_failure   \b503 uf\b"),
    *rows(_ENVOY, 95, GATEWAY_TIMEOUT, r"\b50[34] ut\b"),
    *rows(_ENVOY, 95, OVERLOADED, r"\b503 uo\b", side=MIDDLEBOX),
    *rows(_ENVOY, 95, NO_CHANNEL, r"\b503 (uh|nc)\b   \b404 nr\b", side=MIDDLEBOX),
    *rows(_ENVOY, 95, GAVE_UP, r"\b0 (dc|dpe)\b"),
    # ----------------------------------------------------------------------------------------------- Traefik and Caddy
    *rows(_TRAEFIK, 97, GAVE_UP, r"'?499 client closed request'? caused by"),
    *rows(_TRAEFIK, 88, REFUSED, r"'?502 bad gateway'? caused by.{0,200}connection refused"),
    *rows(_TRAEFIK, 97, GATEWAY_TIMEOUT, r"'?504 gateway timeout'? caused by"),
    *rows(_TRAEFIK, 80, NO_CHANNEL, r"no available server", side=MIDDLEBOX),
    *rows(_CADDY, 90, NO_CHANNEL, r"no upstreams available", side=MIDDLEBOX),
    *rows(_CADDY, 97, GATEWAY_TIMEOUT, r"http\.log\.error.{0,200}timeout awaiting response headers"),
    *rows(_CADDY, 92, GAVE_UP, r"aborting with incomplete response.{0,80}context canceled"),
    *rows(_CADDY, 76, REFUSED, r"""
        unreachable backend   backend (is )?(unreachable|down)   upstream (is )?(unreachable|down)
    """, side=UPSTREAM),
    # ----------------------------------------------------------------------------------------------- Varnish and Squid
    *rows(_VARNISH, 88, GATEWAY_TIMEOUT, r"first byte timeout   between bytes timeout"),
    *rows(_VARNISH, 80, GATEWAY_TIMEOUT, r"guru meditation   backend fetch failed"),
    *rows(_SQUID, 92, CONNECT, r"err_connect_fail   the system returned: .{0,10}\(110\)", side=MIDDLEBOX),
    *rows(_SQUID, 93, GATEWAY_TIMEOUT, r"err_read_timeout   a timeout occurred while waiting to read data"),
    *rows(_SQUID, 94, DNS, r"err_dns_fail", side=MIDDLEBOX),
    *rows(_SQUID, 90, PERMISSION, r"""
        err_access_denied   access control configuration prevents your request
    """, side=MIDDLEBOX),
    *rows(_SQUID, 90, RESET, r"err_zero_size_object", side=UPSTREAM),
    *rows(_SQUID, 96, PROXY, r"""
        err_cache_access_denied   cache access denied   407 proxy authentication   proxy-authenticate
    """),
    # -------------------------------------------------------------------------------------------------- Kong and APISIX
    *rows(_KONG, 96, GATEWAY_TIMEOUT, r"upstream server is timing out"),
    *rows(_KONG, 84, UPSTREAM_ERROR, r"invalid response was received from the upstream server", side=MIDDLEBOX),
    *rows(_KONG, 94, DNS, r"name resolution failed", side=MIDDLEBOX),
    *rows(_KONG, 94, NO_CHANNEL, r"""
        no route matched with those values   failure to get a peer from the ring-balancer
    """, side=MIDDLEBOX),
    *rows(_KONG, 94, AUTH, r"no api key found in request   invalid authentication credentials", side=CLIENT),
    *rows(_KONG, 94, RATE, r"api rate limit exceeded", side=MIDDLEBOX),
    *rows(_APISIX, 92, NO_CHANNEL, r"""
        no valid upstream node   failed to pick server   404 route not found
    """, side=MIDDLEBOX),
    *rows(_APISIX, 92, AUTH, r"missing api key (found )?in request   invalid api key in request", side=CLIENT),
    # --------------------------------------------------------------------------------- filters that ask who is there
    *rows("https://developers.cloudflare.com/cloudflare-challenges/", 90, PERMISSION, r"""
        just a moment\.\.\.   attention required! \| cloudflare   cf-chl   challenge-platform
        enable javascript and cookies to continue   sorry, you have been blocked   checking your browser
    """, side=MIDDLEBOX),
    *rows("https://docs.fortinet.com/document/fortigate/", 88, PERMISSION, r"""
        web page blocked   access to this (site|page|website) (is|has been) blocked
        blocked by (your )?(firewall|network|administrator|organization|zscaler|netskope)   fortiguard
        (?<!cross-origin )request blocked
    """, side=MIDDLEBOX),
    *rows(_NGINX, 60, GATEWAY_TIMEOUT, r"gateway time-?out"),
    *rows(_NGINX, 46, UPSTREAM_ERROR, r"bad gateway"),
    *rows(_NGINX, 92, TOTAL, r"gateway internal timeout   relay timeout", side=GATEWAY),
)
# fmt: on
