"""How long proxies, ingresses and servers wait by default: rows of `policy.limits`.

What `sign` says of those that can be installed is what tests/e2e/test_middleboxes.py sees of them.
"""

from __future__ import annotations

from typing import Final

from outwait.policy.limit import Limit

_NGINX = "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#"
_NGINX_CORE = "https://nginx.org/en/docs/http/ngx_http_core_module.html#"
_NGINX_UP = "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_timeout"
_HAPROXY = "https://docs.haproxy.org/2.8/configuration.html#4.2-timeout%20"
_APACHE = "https://httpd.apache.org/docs/2.4/mod/core.html#timeout"
_APACHE_PROXY = "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxytimeout"
_CADDY = "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#http-transport"
_CADDY_OPTIONS = "https://caddyserver.com/docs/caddyfile/options#timeouts"
_TRAEFIK = "https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/"
_TRAEFIK_OUT = "https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/serverstransport/"
_ENVOY = "https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts"
_INGRESS = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#custom-timeouts"
_VARNISH = "https://varnish-cache.org/docs/7.1/reference/varnishd.html#"
_SQUID = "http://www.squid-cache.org/Doc/config/"
_LIGHTTPD = "https://redmine.lighttpd.net/projects/lighttpd/wiki/Docs_ConfigurationOptions"
_KONG = "https://developer.konghq.com/gateway/entities/service/"
_APISIX = "https://apisix.apache.org/docs/apisix/admin-api/#upstream"
_NODE = "https://nodejs.org/api/http.html#"
_IPVS = "https://docs.kernel.org/networking/ipvs-sysctl.html"

# fmt: off
MIDDLEBOXES: Final[tuple[Limit, ...]] = (
    # ------------------------------------------------------------------------------------------------- nginx
    Limit("nginx.proxy_read_timeout", "nginx", "middlebox", "idle", 60, "proxy_read_timeout",
          "504 page signed nginx before the head, a cut chunked body after it", _NGINX + "proxy_read_timeout"),
    Limit("nginx.proxy_send_timeout", "nginx", "middlebox", "write", 60, "proxy_send_timeout", "504 page signed nginx",
          _NGINX + "proxy_send_timeout"),
    Limit("nginx.proxy_connect_timeout", "nginx", "middlebox", "connect", 60, "proxy_connect_timeout",
          "504 page signed nginx (502 when refused)", _NGINX + "proxy_connect_timeout"),
    Limit("nginx.send_timeout", "nginx", "middlebox", "write", 60, "send_timeout",
          "the answer stops: the client read nothing for so long", _NGINX_CORE + "send_timeout"),
    Limit("nginx.client_body_timeout", "nginx", "middlebox", "write", 60, "client_body_timeout",
          "408, or a closed connection", _NGINX_CORE + "client_body_timeout"),
    Limit("nginx.keepalive_timeout", "nginx", "middlebox", "keepalive", 75, "keepalive_timeout",
          "a kept connection is closed: a reset in the next request", _NGINX_CORE + "keepalive_timeout"),
    Limit("nginx.upstream_keepalive", "nginx", "middlebox", "keepalive", 60, "keepalive_timeout in upstream",
          "none, nginx closes first; 502 when the upstream does", _NGINX_UP),
    # ------------------------------------------------------------------------------------------------- HAProxy
    Limit("haproxy.server", "HAProxy", "middlebox", "idle", None, "timeout server",
          "504 page: The server didn't respond in time.; after the head a cut chunked body", _HAPROXY + "server"),
    Limit("haproxy.client", "HAProxy", "middlebox", "write", None, "timeout client",
          "408 while the request is read", _HAPROXY + "client"),
    Limit("haproxy.connect", "HAProxy", "middlebox", "connect", None, "timeout connect", "503 page of HAProxy",
          _HAPROXY + "connect"),
    Limit("haproxy.http-request", "HAProxy", "middlebox", "write", None, "timeout http-request", "408 page of HAProxy",
          _HAPROXY + "http-request"),
    Limit("haproxy.debian", "HAProxy as Debian has it", "middlebox", "idle", 50, "timeout server",
          "504 page of HAProxy before the head, a cut chunked body after it",
          "haproxy.cfg of Debian's package haproxy"),
    # ------------------------------------------------------------------------------------------------- Apache
    Limit("apache.timeout", "Apache httpd", "middlebox", "idle", 60, "ProxyTimeout, or timeout= of the worker",
          "502 page of Apache before the head: Error reading from remote server; a cut chunked body after it",
          _APACHE_PROXY),
    Limit("apache.core", "Apache httpd", "middlebox", "write", 60, "Timeout", "a closed connection", _APACHE),
    Limit("apache.keepalive", "Apache httpd", "middlebox", "keepalive", 5, "KeepAliveTimeout",
          "a kept connection is closed: a reset in the next request",
          "https://httpd.apache.org/docs/2.4/mod/core.html#keepalivetimeout"),
    # ------------------------------------------------------------------------------------------------- Caddy, Traefik
    Limit("caddy.response_header_timeout", "Caddy", "middlebox", "first_byte", None,
          "transport http response_header_timeout",
          "504 with an empty body", _CADDY),
    Limit("caddy.read_timeout", "Caddy", "middlebox", "idle", None, "transport http read_timeout",
          "the body ends too early, in Caddy 2.6 as if it were whole", _CADDY),
    Limit("caddy.write", "Caddy", "middlebox", "total", None, "servers { timeouts { write } }",
          "the connection is cut at the next write after it, heartbeats or not", _CADDY_OPTIONS),
    Limit("caddy.dial_timeout", "Caddy", "middlebox", "connect", 3, "transport http dial_timeout",
          "502 with an empty body", _CADDY),
    Limit("caddy.idle", "Caddy", "middlebox", "keepalive", 300, "servers { timeouts { idle } }",
          "a kept connection is closed", _CADDY_OPTIONS),
    Limit("traefik.readTimeout", "Traefik", "middlebox", "write", 60,
          "entryPoints.NAME.transport.respondingTimeouts.readTimeout",
          "the connection is closed while the request comes in", _TRAEFIK),
    Limit("traefik.writeTimeout", "Traefik", "middlebox", "total", None,
          "entryPoints.NAME.transport.respondingTimeouts.writeTimeout",
          "the connection is cut at the next write after it, heartbeats or not", _TRAEFIK),
    Limit("traefik.responseHeaderTimeout", "Traefik", "middlebox", "first_byte", None,
          "serversTransport.forwardingTimeouts.responseHeaderTimeout", "504 Gateway Timeout", _TRAEFIK_OUT),
    Limit("traefik.dialTimeout", "Traefik", "middlebox", "connect", 30,
          "serversTransport.forwardingTimeouts.dialTimeout", "502 Bad Gateway", _TRAEFIK_OUT),
    Limit("traefik.idleTimeout", "Traefik", "middlebox", "keepalive", 180,
          "entryPoints.NAME.transport.respondingTimeouts.idleTimeout", "a kept connection is closed", _TRAEFIK),
    # ------------------------------------------------------------------------------------------------- Envoy and kin
    Limit("envoy.route", "Envoy", "middlebox", "total", 15, "route.timeout, 0s for none",
          "504 upstream request timeout; after the head the stream is cut", _ENVOY),
    Limit("envoy.stream_idle", "Envoy", "middlebox", "idle", 300, "stream_idle_timeout, 0s for none",
          "504 stream timeout (408 while the request comes in); after the head the stream is cut", _ENVOY),
    Limit("envoy.connect", "Envoy", "middlebox", "connect", 5, "cluster.connect_timeout",
          "503 upstream connect error or disconnect/reset before headers", _ENVOY),
    Limit("envoy.idle", "Envoy", "middlebox", "keepalive", 3600, "common_http_protocol_options.idle_timeout",
          "a kept connection is closed", _ENVOY),
    Limit("istio.route", "Istio", "middlebox", "total", None, "VirtualService http.timeout",
          "504 upstream request timeout", "https://istio.io/latest/docs/reference/config/networking/virtual-service/"),
    Limit("envoy-gateway.request", "Envoy Gateway", "middlebox", "total", 15,
          "HTTPRoute rules.timeouts.request, BackendTrafficPolicy timeout.http.requestTimeout",
          "504 upstream request timeout", "https://gateway.envoyproxy.io/docs/tasks/traffic/http-timeouts/"),
    # ------------------------------------------------------------------------------------------------- gateways
    Limit("ingress-nginx.read", "ingress-nginx", "middlebox", "idle", 60,
          "nginx.ingress.kubernetes.io/proxy-read-timeout",
          "504 page signed nginx before the head, a cut body after it", _INGRESS),
    Limit("ingress-nginx.connect", "ingress-nginx", "middlebox", "connect", 5,
          "nginx.ingress.kubernetes.io/proxy-connect-timeout", "504 page signed nginx", _INGRESS),
    Limit("ingress-nginx.send", "ingress-nginx", "middlebox", "write", 60,
          "nginx.ingress.kubernetes.io/proxy-send-timeout", "504 page signed nginx", _INGRESS),
    Limit("kong.read_timeout", "Kong", "middlebox", "idle", 60, "read_timeout of the service, milliseconds",
          "504 The upstream server is timing out", _KONG),
    Limit("apisix.read", "APISIX", "middlebox", "idle", 60, "timeout.read of the route or upstream",
          "504 page signed openresty", _APISIX),
    # ------------------------------------------------------------------------------------------------- caches
    Limit("varnish.first_byte_timeout", "Varnish", "middlebox", "first_byte", 60,
          "first_byte_timeout, .first_byte_timeout of the backend", "503 Backend fetch failed",
          _VARNISH + "first-byte-timeout"),
    Limit("varnish.between_bytes_timeout", "Varnish", "middlebox", "idle", 60,
          "between_bytes_timeout, .between_bytes_timeout of the backend", "the body is cut",
          _VARNISH + "between-bytes-timeout"),
    Limit("varnish.send_timeout", "Varnish", "middlebox", "total", 600, "send_timeout",
          "the connection is cut while the answer flows", _VARNISH + "send-timeout"),
    Limit("varnish.connect_timeout", "Varnish", "middlebox", "connect", 3.5, "connect_timeout",
          "503 Backend fetch failed", _VARNISH + "connect-timeout"),
    Limit("squid.read_timeout", "Squid", "middlebox", "idle", 900, "read_timeout", "504 page, ERR_READ_TIMEOUT",
          _SQUID + "read_timeout/"),
    Limit("squid.connect_timeout", "Squid", "middlebox", "connect", 60, "connect_timeout", "503 page, ERR_CONNECT_FAIL",
          _SQUID + "connect_timeout/"),
    Limit("lighttpd.read", "lighttpd", "middlebox", "idle", None, '"read-timeout" of the proxy host (1.4.65 and later)',
          "504, or a cut body", _LIGHTTPD),
    Limit("lighttpd.write-idle", "lighttpd", "middlebox", "write", 360, "server.max-write-idle",
          "the connection is closed: the client read nothing for so long", _LIGHTTPD),
    # ------------------------------------------------------------------------------------------------- servers
    Limit("gunicorn.timeout", "gunicorn", "middlebox", "total", 30, "--timeout",
          "502 of the proxy in front; [CRITICAL] WORKER TIMEOUT in its log (sync workers)",
          "https://docs.gunicorn.org/en/stable/settings.html#timeout"),
    Limit("uvicorn.keep-alive", "uvicorn", "middlebox", "keepalive", 5, "--timeout-keep-alive",
          "a kept connection is closed: 502 of the proxy in front now and then",
          "https://uvicorn.dev/settings/#timeouts"),
    Limit("node-http.requestTimeout", "Node http server", "middlebox", "write", 300, "server.requestTimeout",
          "408 while the request comes in", _NODE + "serverrequesttimeout"),
    Limit("node-http.keepAliveTimeout", "Node http server", "middlebox", "keepalive", 5, "server.keepAliveTimeout",
          "a kept connection is closed: 502 of the proxy in front now and then", _NODE + "serverkeepalivetimeout"),
    Limit("php-fpm.max_execution_time", "PHP", "middlebox", "total", 30, "max_execution_time",
          "500, Maximum execution time of 30 seconds exceeded (waiting for the network is not counted on Linux)",
          "https://www.php.net/manual/en/info.configuration.php#ini.max-execution-time"),
    # ------------------------------------------------------------------------------------------------- layer 4
    Limit("ipvs.tcp", "Linux IPVS", "middlebox", "idle", 900,
          "ipvsadm --set, --ipvs-tcp-timeout",
          "a reset at the next packet, or nothing at all (kube-proxy in IPVS mode, Docker Swarm)", _IPVS),
    Limit("conntrack.established", "Linux conntrack", "middlebox", "idle", 432000,
          "net.netfilter.nf_conntrack_tcp_timeout_established", "packets vanish, or a reset",
          "https://docs.kernel.org/networking/nf_conntrack-sysctl.html"),
    Limit("rfc5382.nat", "NAT as RFC 5382 wants it", "middlebox", "idle", 7440, "", "packets vanish, or a reset",
          "https://www.rfc-editor.org/rfc/rfc5382#section-5"),
)
