"""How long the platforms that run other people's programs wait by default: rows of `policy.limits`."""

from __future__ import annotations

from typing import Final

from outwait.policy.limit import Limit

_HEROKU = "https://devcenter.heroku.com/articles/request-timeout"
_FLY = "https://fly.io/docs/reference/configuration/#services-ports-http_options"
_VERCEL = "https://vercel.com/docs/"
_NETLIFY = "https://docs.netlify.com/"

# fmt: off
PLATFORMS: Final[tuple[Limit, ...]] = (
    Limit("heroku.first", "Heroku", "cloud", "first_byte", 30, "",
          '503 Application error page; code=H12 desc="Request timeout" in its log', _HEROKU),
    Limit("heroku.idle", "Heroku", "cloud", "idle", 55, "",
          "the connection is closed; code=H15 or H28 in its log", _HEROKU + "#long-polling-and-streaming-responses"),
    Limit("fly.idle", "Fly.io", "cloud", "idle", 60, "http_options.idle_timeout",
          "the connection is closed, or 502", _FLY),
    Limit("railway.total", "Railway", "cloud", "total", 900, "", "504 or 502 Application failed to respond",
          "https://docs.railway.com/reference/public-networking#technical-specifications"),
    Limit("render.total", "Render", "cloud", "total", 6000, "", "502 page",
          "https://render.com/docs/render-vs-heroku-comparison"),
    Limit("vercel.function", "Vercel", "cloud", "total", 300, "maxDuration (Pro: up to 800)",
          "504 FUNCTION_INVOCATION_TIMEOUT; a stream is cut", _VERCEL + "functions/limitations#max-duration"),
    Limit("vercel.edge", "Vercel", "cloud", "first_byte", 25, "", "504 EDGE_FUNCTION_INVOCATION_TIMEOUT",
          _VERCEL + "functions/runtimes/edge"),
    Limit("vercel.rewrite", "Vercel", "cloud", "idle", 120, "", "504 ROUTER_EXTERNAL_TARGET_ERROR",
          _VERCEL + "limits#proxied-request-timeout"),
    Limit("netlify.function", "Netlify", "cloud", "total", 60, "",
          "502 with TimeoutError: Task timed out", _NETLIFY + "build/functions/overview/#default-deployment-options"),
    Limit("netlify.edge", "Netlify", "cloud", "first_byte", 40, "", "504 page",
          _NETLIFY + "edge-functions/limits/"),
    Limit("netlify.rewrite", "Netlify", "cloud", "idle", 26, "", "504 Inactivity Timeout",
          _NETLIFY + "manage/routing/redirects/rewrites-proxies/"),
    Limit("digitalocean.lb", "DigitalOcean Load Balancer", "cloud", "idle", 60, "http_idle_timeout_seconds, 30-600",
          "504 page", "https://docs.digitalocean.com/products/networking/load-balancers/how-to/manage/"),
    Limit("digitalocean.apps.upload", "DigitalOcean App Platform", "cloud", "write", 100, "",
          "504 while the request comes in",
          "https://docs.digitalocean.com/products/app-platform/details/limits/"),
    Limit("oracle.lb", "Oracle Cloud Load Balancer", "cloud", "idle", 60,
          "Idle timeout of the HTTP listener, up to 7200",
          "504 page, or a closed connection",
          "https://docs.oracle.com/en-us/iaas/Content/Balance/Reference/connectionreuse.htm"),
    Limit("supabase.edge", "Supabase Edge Functions", "cloud", "first_byte", 150, "",
          "504 Gateway Timeout", "https://supabase.com/docs/guides/functions/limits"),
    Limit("supabase.edge_total", "Supabase Edge Functions", "cloud", "total", 400, "",
          "546 or a cut stream: wall clock limit (free plan: 150 s)",
          "https://supabase.com/docs/guides/functions/limits"),
    Limit("firebase.hosting", "Firebase Hosting", "cloud", "total", 60, "call the function's own address",
          "504 page: Timed out", "https://firebase.google.com/docs/hosting/functions"),
    Limit("gcore.read", "Gcore CDN", "cloud", "idle", 30, "custom read timeout", "504 page",
          "https://gcore.com/docs/cdn/getting-started/cdn-timeouts"),
)
