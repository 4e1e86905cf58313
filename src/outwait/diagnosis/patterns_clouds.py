"""How clouds in front of a server say it: Cloudflare, AWS, Azure, Google, Heroku, Vercel, Netlify, Fly and others."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    CONNECT,
    CUT,
    DNS,
    EXHAUSTED,
    FILTERED,
    FIRST_BYTE,
    GATEWAY,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    MIDDLEBOX,
    NETWORK,
    NO_CHANNEL,
    OVERLOADED,
    PERMISSION,
    QUOTA,
    RATE,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    UNREACHABLE,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_CLOUDFLARE = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/"
_CLOUDFLARE_1XXX = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/"
_WORKERS = "https://developers.cloudflare.com/workers/observability/errors/"
_ALB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html"
_API_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"
_CLOUDFRONT = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/troubleshooting-response-errors.html"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"
_BOTOCORE = "https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html"
_AZURE = "https://learn.microsoft.com/en-us/troubleshoot/azure/app-service/web-apps-performance-faqs"
_AZURE_FILTER = "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/concepts/content-filter"
_APIM = "https://learn.microsoft.com/en-us/azure/api-management/forward-request-policy"
_FRONT_DOOR = "https://learn.microsoft.com/en-us/azure/frontdoor/front-door-troubleshoot-issues"
_GCP = "https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring#statusdetails"
_CLOUD_RUN = "https://cloud.google.com/run/docs/troubleshooting"
_HEROKU = "https://devcenter.heroku.com/articles/error-codes"
_VERCEL = "https://vercel.com/docs/errors"
_NETLIFY = "https://docs.netlify.com/functions/overview/"
_FLY = "https://fly.io/docs/networking/services/"
_RAILWAY = "https://docs.railway.com/reference/errors/application-failed-to-respond"
_SUPABASE = "https://supabase.com/docs/guides/functions/limits"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
CLOUDS: Final[tuple[Pattern, ...]] = (
    # ------------------------------------------------------------------------------------------------------ Cloudflare
    *rows(_CLOUDFLARE, 96, GATEWAY_TIMEOUT, r"""
        524: a timeout occurred   error code:? 524   \b524\b.{0,60}timeout occurred
        a timeout occurred.{0,200}cloudflare   param\W{1,4}524
    """),
    *rows(_CLOUDFLARE, 84, UPSTREAM_ERROR, r"""
        520: web server is returning   returning an unknown error   error code:? 520
    """, side=UPSTREAM),
    *rows(_CLOUDFLARE, 95, REFUSED, r"521: web server is down   web server is down   error code:? 521", side=UPSTREAM),
    *rows(_CLOUDFLARE, 95, CONNECT, r"522: connection timed out   error code:? 522", side=UPSTREAM),
    *rows(_CLOUDFLARE, 95, UNREACHABLE, r"""
        523: origin is unreachable   origin is unreachable   error code:? 523
    """, side=UPSTREAM),
    *rows(_CLOUDFLARE, 96, TLS, r"""
        52[56]: (ssl handshake failed|invalid ssl certificate)   error code:? 52[56]
    """, side=UPSTREAM),
    *rows(_CLOUDFLARE_1XXX, 95, DNS, r"""
        (error|code)[ :]{1,3}(1001|1016)\b   origin dns error   dns points to prohibited ip
    """, side=UPSTREAM),
    *rows(_CLOUDFLARE_1XXX, 93, PERMISSION, r"""
        (?<!with )(?<!close )(?<!closed )(?<!closure )(error|code)[ :]{1,3}(10(0[6-9]|1[0-2]|20)|1106)\b
        access denied \| .{1,200}used cloudflare   banned your access
    """, side=MIDDLEBOX),
    *rows(_CLOUDFLARE_1XXX, 93, RATE, r"(error|code)[ :]{1,3}1015\b   you are being rate limited", side=MIDDLEBOX),
    *rows(_CLOUDFLARE_1XXX, 92, NO_CHANNEL, r"""
        (error|code)[ :]{1,3}1033\b   argo tunnel error   cloudflare tunnel error
    """, side=MIDDLEBOX),
    *rows(_WORKERS, 93, EXHAUSTED, r"""
        worker exceeded (resource|cpu|memory) limits?   exceededcpu   exceeded cpu   too many subrequests
        error code: 1102   error 1102
    """, side=GATEWAY),
    *rows(_WORKERS, 88, UPSTREAM_ERROR, r"worker threw exception   error 1101   error code: 1101", side=GATEWAY),
    *rows(_WORKERS, 80, RESET, r"network connection lost   error 1042", side=NETWORK),
    *rows(_WORKERS, 84, GATEWAY_TIMEOUT, r"code had hung   worker's code had hung", side=GATEWAY),
    # ------------------------------------------------------------------------------------------------------------- AWS
    *rows(_API_GATEWAY, 96, GATEWAY_TIMEOUT, r"""
        endpoint request timed-? ?out   integration_timeout   execution failed due to a timeout
    """),
    *rows(_API_GATEWAY, 78, UPSTREAM_ERROR, r"""
        internal server error.{0,80}x-amzn   malformed lambda proxy response
    """, side=GATEWAY),
    *rows(_API_GATEWAY, 90, AUTH, r"""
        missing authentication token   security token included in the request is (invalid|expired)
        unrecognizedclientexception   invalidsignatureexception   signaturedoesnotmatch   expiredtokenexception
        expiredtoken\b   unable to locate credentials   nocredentialserror   could not load credentials
        credentialsprovidererror   the sso session .{0,60}expired
    """),
    *rows(_ALB, 90, GAVE_UP, r"460 -"),
    *rows(_CLOUDFRONT, 93, GATEWAY_TIMEOUT, r"""
        504 .{0,40}cloudfront.{0,40}(wasn't able to connect|attempted to establish)
        cloudfront (attempted|wasn't able|could ?n.t)
    """),
    *rows(_CLOUDFRONT, 88, PERMISSION, r"""
        the amazon cloudfront distribution is configured to block   generated by cloudfront.{0,80}request blocked
    """, side=MIDDLEBOX),
    *rows(_LAMBDA, 93, TOTAL, r"""
        task timed out after [0-9.]{1,12} seconds   sandbox\.timedout   function\.timedout
    """, side=GATEWAY),
    *rows(_LAMBDA, 92, TOTAL, r"billed duration.{0,300}status: timeout", side=GATEWAY),
    *rows(_LAMBDA, 94, EXHAUSTED, r"runtime exited with error: signal: killed   runtime\.outofmemory", side=GATEWAY),
    *rows(_BOTOCORE, 92, FIRST_BYTE, r"read timeout on endpoint url   readtimeouterror: read timeout"),
    *rows(_BOTOCORE, 95, CONNECT, r"connect timeout on endpoint url"),
    *rows(_BOTOCORE, 80, REFUSED, r"could not connect to the endpoint url"),
    *rows(_BOTOCORE, 86, RESET, r"""
        connection was closed before we received a valid response from endpoint
    """, side=UPSTREAM),
    # ----------------------------------------------------------------------------------------------------------- Azure
    *rows(_AZURE, 92, GATEWAY_TIMEOUT, r"""
        500\.121   request timed out.{0,40}the web server failed to respond within
        the web server failed to respond within the specified time
    """),
    *rows(_AZURE, 88, GATEWAY_TIMEOUT, r"the request timed out\..{0,60}web server"),
    *rows(_AZURE_FILTER, 96, FILTERED, r"""
        \b(hate|sexual|violence|self_?harm|jailbreak|indirect_attack|profanity|protected_material[a-z_]{0,5}|
        custom_blocklists?)\b[^}]{0,120}\bfiltered[\"']? ?[:=] ?[\"']?true\b
        \bprobability\b[^}]{0,60}\bblocked[\"']? ?[:=] ?[\"']?true\b   \b(in|out)put_sensitive[\"']? ?[:=] ?true\b
    """),
    *rows(_AZURE_FILTER, 66, FILTERED, r"""
        \b(jailbreak|indirect_attack|profanity|protected_material[a-z_]{0,5})\b[^}]{0,120}\bdetected[\"']? ?[:=] ?true\b
        \bflagged[\"']? ?[:=] ?[\"']?true\b
    """),
    *rows(_APIM, 93, GATEWAY_TIMEOUT, r"""
        backendconnectionfailure.{0,200}tim(ed|e) ?out   clientconnectionfailure.{0,60}timeout
        request to backend timed out   no response was received within the specified time
    """),
    *rows(_APIM, 90, GAVE_UP, r"clientconnectionfailure"),
    *rows(_APIM, 88, REFUSED, r"backendconnectionfailure", side=UPSTREAM),
    *rows(_APIM, 97, AUTH, r"access denied due to (missing|invalid) subscription key   subscription key"),
    *rows(_APIM, 93, RATE, r"rate limit is exceeded\. try again in"),
    *rows(_APIM, 93, QUOTA, r"out of call volume quota"),
    *rows(_FRONT_DOOR, 93, GATEWAY_TIMEOUT, r"""
        origintimeout   azure front door.{0,200}time   our services aren't available right now
    """),
    *rows(_FRONT_DOOR, 90, REFUSED, r"originconnectionrefused   originconnectionerror", side=UPSTREAM),
    *rows("https://learn.microsoft.com/en-us/azure/application-gateway/http-response-codes", 80, GATEWAY_TIMEOUT, r"""
        504.{0,80}application-gateway
    """),
    # ---------------------------------------------------------------------------------------------------------- Google
    *rows(_GCP, 94, GATEWAY_TIMEOUT, r"backend_timeout   response_sent_by_backend.{0,20}504"),
    *rows(_GCP, 93, RESET, r"""
        backend_connection_closed_before_data_sent_to_client   failed_to_connect_to_backend   backend_early_response
    """, side=UPSTREAM),
    *rows(_GCP, 95, NO_CHANNEL, r"failed_to_pick_backend", side=MIDDLEBOX),
    *rows(_GCP, 94, GAVE_UP, r"client_disconnected_before_any_response   client_timed_out"),
    *rows(_GCP, 84, UPSTREAM_ERROR, r"the server encountered a temporary error and could not complete your request"),
    *rows(_CLOUD_RUN, 94, TOTAL, r"""
        request has been terminated because it has reached the maximum request timeout
        upstream request timeout.{0,40}cloud run
    """, side=MIDDLEBOX),
    *rows(_CLOUD_RUN, 94, OVERLOADED, r"no available instance   rate exceeded\.", side=MIDDLEBOX),
    *rows(_CLOUD_RUN, 90, EXHAUSTED, r"memory limit of [0-9]{1,12} ?mi?b exceeded", side=GATEWAY),
    # ---------------------------------------------------------------------------------------------------------- Heroku
    *rows(_HEROKU, 96, GATEWAY_TIMEOUT, r"code=h12   error h12   \bh12\b.{0,20}request timeout"),
    *rows(_HEROKU, 96, CUT, r"code=h15   error h15   idle connection"),
    *rows(_HEROKU, 95, CUT, r"code=h28   client connection idle"),
    *rows(_HEROKU, 95, GAVE_UP, r"code=h27   client request interrupted   code=h18"),
    *rows(_HEROKU, 94, RESET, r"code=h13   connection closed without response", side=UPSTREAM),
    *rows(_HEROKU, 90, UPSTREAM_ERROR, r"""
        code=h10   app crashed   code=h14   no web processes running   code=h20
    """, side=UPSTREAM),
    *rows(_HEROKU, 93, OVERLOADED, r"code=h11   backlog too deep", side=MIDDLEBOX),
    *rows(_HEROKU, 93, CONNECT, r"code=h19   backend connection timeout", side=UPSTREAM),
    *rows(_HEROKU, 93, REFUSED, r"code=h21   backend connection refused", side=UPSTREAM),
    *rows(_HEROKU, 95, EXHAUSTED, r"error r1[45]   memory quota (vastly )?exceeded", side=GATEWAY),
    *rows(_HEROKU, 60, UPSTREAM_ERROR, r"an error occurred in the application and your page could not be served"),
    # --------------------------------------------------------------------------------------- Vercel, Netlify and others
    *rows(_VERCEL, 96, GATEWAY_TIMEOUT, r"""
        (edge_)?function_invocation_timeout   edge_function_invocation_timeout   middleware_invocation_timeout
        task timed out after .{0,20}vercel   vercel runtime timeout
        function .{0,60}timed out after [0-9]{1,12} ?s(econds)?
    """, side=MIDDLEBOX),
    *rows(_VERCEL, 88, UPSTREAM_ERROR, r"""
        (edge_)?function_invocation_failed   serverless function has crashed   internal_function_invocation_failed
    """, side=GATEWAY),
    *rows(_VERCEL, 93, OVERLOADED, r"function_throttled   internal_function_service_unavailable", side=MIDDLEBOX),
    *rows(_VERCEL, 92, BAD_REQUEST, r"""
        function_payload_too_large   request_header_too_large   url_too_long
    """, side=MIDDLEBOX),
    *rows(_VERCEL, 93, GATEWAY_TIMEOUT, r"""
        router_external_target_(error|handshake_error|timeout)   router_external_target_connection_error
    """),
    *rows(_VERCEL, 92, NO_CHANNEL, r"deployment_not_found   no_response_from_function", side=MIDDLEBOX),
    *rows(_NETLIFY, 96, GATEWAY_TIMEOUT, r"""
        inactivity timeout   too much time has passed without sending any data   errormessage.{0,60}task timed out
        timed out after [0-9.]{1,12} seconds\b.{0,60}lambda
    """),
    *rows(_FLY, 80, REFUSED, r"could not find a good candidate within   instance refused connection", side=UPSTREAM),
    *rows(_RAILWAY, 84, UPSTREAM_ERROR, r"application failed to respond", side=UPSTREAM),
    *rows(_SUPABASE, 94, EXHAUSTED, r"""
        worker_limit   wall clock time limit reached   cpu time soft limit
    """, side=GATEWAY),
    *rows(_SUPABASE, 93, GATEWAY_TIMEOUT, r"""
        idle_timeout\b.{0,60}edge function   request idle timeout limit \([0-9]{1,12}s\) reached
    """),
    *rows("https://ngrok.com/docs/errors/", 92, REFUSED, r"""
        err_ngrok_8012   err_ngrok_3200   err_ngrok_3004   endpoint .{1,200} is offline
    """, side=UPSTREAM),
    *rows("https://docs.runpod.io/serverless/endpoints/send-requests", 84, TOTAL, r"""
        job timed out after   executiontimeout exceeded
    """, side=UPSTREAM),
    *rows("https://modal.com/docs/guide/timeouts", 88, TOTAL, r"functiontimeouterror", side=UPSTREAM),
)
# fmt: on
