"""How gateways and relays say it: One API and New API, LiteLLM, OpenRouter, Portkey, Bifrost and others."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CLIENT,
    CONTEXT,
    EMPTY,
    EXHAUSTED,
    FILTERED,
    FIRST_BYTE,
    GATEWAY,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    IDLE,
    NO_CHANNEL,
    NO_MODEL,
    OVERLOADED,
    PERMISSION,
    QUOTA,
    RATE,
    REFUSED,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_ONE_API = "https://github.com/songquanpeng/one-api"
_NEW_API = "https://docs.newapi.pro/en/docs"
_LITELLM = "https://docs.litellm.ai/docs/exception_mapping"
_LITELLM_ROUTING = "https://docs.litellm.ai/docs/routing"
_LITELLM_BUDGET = "https://docs.litellm.ai/docs/proxy/users"
_OPENROUTER = "https://openrouter.ai/docs/api-reference/errors"
_PORTKEY = "https://portkey.ai/docs/api-reference/inference-api/error-codes"
_BIFROST = "https://docs.getbifrost.ai"
_CLIPROXY = "https://help.router-for.me"
_AI_GATEWAY = "https://developers.cloudflare.com/ai-gateway/"
_OUTWAIT = "https://github.com/outwait/outwait/blob/main/docs/errors.md"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
GATEWAYS: Final[tuple[Pattern, ...]] = (
    *rows(_NEW_API, 96, NO_CHANNEL, r"""
        无可用渠道   没有可用(的)?(渠道|通道|账号|节点|密钥)   无可用(的)?(账号|账户|节点|密钥|供应商|服务)
        渠道不存在   (渠道|通道)(已|被)?(禁用|停用|关闭)(?!.{0,3}(原因|因为|后|时|功能|的话|才|吗|会))
        no available (channel|account|deployment|provider|upstream|key|endpoint|server|backend|credential)s?
        no available_key   channel:no_available_key   no_available_key   no_available_channel   get_channel_failed
        获取渠道失败   no channels? (is |are )?(available|found|configured|for|can)
        no (healthy|active|enabled|valid) (channel|deployment|provider|upstream|account)s?
        no (usable|matching|eligible) (channel|deployment|provider|upstream|account)s?
        no (healthy|active|enabled|valid|usable|matching|eligible) (endpoint|backend|credential|key)s?
        all (channels|accounts|providers)( have| are| were)? (failed|unavailable|exhausted|down|unhealthy)
        all (upstreams|credentials|endpoints)( have| are| were)? (failed|unavailable|exhausted|down|unhealthy)
        all (channels|accounts|providers)( have| are| were)? (cool|in cooldown|disabled|rate limited|dead)
        all (upstreams|credentials|endpoints)( have| are| were)? (cool|in cooldown|disabled|rate limited|dead)
        all (deployments|backends|keys|models|fallbacks)( have| are| were)? (failed|unavailable|exhausted)
        all (deployments|backends|keys|models|fallbacks)( have| are| were)? (down|unhealthy)
        all (deployments|backends|keys|models|fallbacks)( have| are| were)? (cool|in cooldown|disabled)
        all (deployments|backends|keys|models|fallbacks)( have| are| were)? (rate limited|dead)
        分组.{0,20}(无|没有)(可用)?(渠道|权限)?   数据库一致性已被破坏   auth_not_found   no auth available
        \ball ([a-z0-9-]{1,20} ){0,3}accounts( have been| are| were)?( currently| temporarily| all){0,2} (unavailable|
        not available|in use|exhausted|disabled|down)
        model_cooldown   all .{0,40}(are )?(cooling down|in cooldown)   no_healthy_channel
        no valid upstream channel   invalid channel id\b
    """),
    *rows(_LITELLM_ROUTING, 96, NO_CHANNEL, r"""
        no deployments available   no healthy deployments?   no_default_models   there are no healthy deployments
        cooldown_list
    """),
    *rows(_OPENROUTER, 95, NO_CHANNEL, r"""
        no endpoints found   no allowed providers   all providers have been ignored
        no (available )?providers? (available|found|for|support)   no available model provider   no provider available
    """),
    *rows(_NEW_API, 95, QUOTA, r"""
        user quota is not enough   user quota   token quota   insufficient_user_quota   pre_?consumed?_?(token_)?quota
        preconsume   quota is not enough   quota not enough   quota ?\[-?[0-9]{1,20}\]   额度不足
        额度已(用尽|用完|耗尽)
        令牌额度   用户额度   用户剩余额度   预扣费   token.{0,10}额度   用户余额   quota_not_enough   剩余额度
        remain_?quota
    """, side=GATEWAY),
    *rows(_ONE_API, 93, QUOTA, r"""
        账户余额不足   账号余额不足   余额不足   欠费   余额不足或无可用资源包   请充值   账户(已)?欠费   资源包
        免费额度(已)?(用完|耗尽)   套餐(已)?(过期|到期|用完)   insufficient balance or no resource
    """, side=UPSTREAM),
    *rows(_NEW_API, 94, RATE, r"""
        上游负载已饱和   负载已饱和   请求(过于|太|次数过于)频繁   请求速率   速率限制   触发(了)?限流   限流
        请求次数(超|达到|过多)   频率(过高|限制|超限)   并发(数|请求)?(超|过高|限制|达到)   您已达到(总)?请求数限制
        访问频率   (rpm|tpm|qps)(限制|超限|已达)   请求过快   达到.{0,12}速率
    """),
    *rows(_NEW_API, 90, OVERLOADED, r"""
        访问量过大   服务(器)?(繁忙|忙|过载|负载)   系统繁忙
        (当前|模型|服务|引擎).{0,14}(繁忙|过载|拥挤|负载(过高|较高))   服务(暂时)?不可用   资源(不足|紧张)
        稍后再试.{0,6}繁忙   高峰期   排队人数
    """),
    *rows(_NEW_API, 60, FIRST_BYTE, r"""
        请求超时   响应超时   超时   等待.{0,12}超时   超过.{0,10}(秒|分钟).{0,10}(未|没有)(响应|返回)
    """),
    *rows(_NEW_API, 93, IDLE, r"""
        streaming timeout   stream(ing)? (idle|read|scanner) time-?out   upstream (response |stream )?idle time-?out
        idle time-?out   (?<!作)(流|空闲).{0,6}超时   stall timeout
        no (data|tokens?) (was |were )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (was |were )?(received|produced) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (has been )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (has been )?(received|produced) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (was |were )?(seen) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (has been )?(seen) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (was |were )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (was |were )?(received|produced) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (has been )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (has been )?(received|produced) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (was |were )?(seen) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (has been )?(seen) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (was |were )?(arrived|for) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (was |were )?(arrived|for) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (has been )?(arrived|for) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (was |were )?(from .{0,30}) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (was |were )?(from .{0,30}) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (has been )?(from .{0,30}) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (data|tokens?) (has been )?(from .{0,30}) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (was |were )?(arrived|for) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (was |were )?(arrived|for) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (has been )?(arrived|for) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (has been )?(arrived|for) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (was |were )?(from .{0,30}) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (was |were )?(from .{0,30}) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (has been )?(from .{0,30}) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (bytes?|chunks?) (has been )?(from .{0,30}) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (was |were )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (was |were )?(received|produced) .{0,20}(within|after) [0-9.]{1,9} ?m?s?(econds?|inutes?)?
        no (events?|activity) (has been )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (has been )?(received|produced) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (was |were )?(seen) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (has been )?(seen) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (was |were )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (was |were )?(received|produced) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (has been )?(received|produced) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (has been )?(received|produced) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (was |were |has been )?(seen) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (was |were )?(arrived|for) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (was |were )?(arrived|for) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (has been )?(arrived|for) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (has been )?(arrived|for) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (was |were )?(from .{0,30}) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (was |were )?(from .{0,30}) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (has been )?(from .{0,30}) .{0,20}(in|for) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (events?|activity) (has been )?(from .{0,30}) .{0,20}(within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (was |were )?(arrived|for) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (has been )?(arrived|for) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (was |were )?(from .{0,30}) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        no (progress) (has been )?(from .{0,30}) .{0,20}(in|for|within|after) [0-9.]{1,12} ?m?s?(econds?|inutes?)?
        stream (has )?(stalled|hung|went silent|is idle|was idle|idled)   inactivity time-?out
        (timed out|timeout) (while )?(waiting for|between) (the )?(next )?(chunk|token|sse|event|more data)
        idle timeout waiting for sse   chunk timeout   inter-?chunk
    """),
    *rows(_NEW_API, 88, AUTH, r"""
        无效的令牌   令牌(已过期|状态不可用|不可用|无效|验证失败)   该令牌   未提供令牌
        token (status|expired|exhausted)
    """),
    *rows(_NEW_API, 96, PERMISSION, r"""
        该令牌无权   无权访问.{0,20}(模型|分组)   this token has no access to model
        token .{0,40}not allowed to (use|access)   令牌.{0,10}(无权|不允许)
    """, side=GATEWAY),
    *rows(_NEW_API, 46, UPSTREAM_ERROR, r"""
        bad_response_status_code   upstream_error   upstream error   bad response status code   上游返回错误
        上游(服务|接口|渠道)(错误|异常|报错)   openai_error
    """),
    *rows(_NEW_API, 48, UNKNOWN, r"""
        do request failed   do_request_failed   请求上游(地址)?失败   upstream request failed
    """, side=GATEWAY),
    *rows(_NEW_API, 36, UPSTREAM_ERROR, r"relay error"),
    *rows(_NEW_API, 82, BAD_RESPONSE, r"""
        bad_response_body   read_response_body_failed   invalid response body   解析.{0,10}(失败|错误)
        非(标准|法|预期).{0,6}(响应|返回|格式)   响应(格式|体|数据)?(错误|异常|无效|解析)   convert_response_failed
        json (解析|反序列化)
    """),
    *rows(_LITELLM, 93, NO_MODEL, r"""
        invalid model name passed in   key not allowed to access model   team not allowed to access model
    """, side=GATEWAY),
    *rows(_LITELLM, 94, NO_MODEL, r"""
        message\W{1,6}litellm\..{0,200}llm provider not provided   litellm[. _-](proxy|router).{0,3000}llm provider not
    """, side=GATEWAY),
    *rows(_LITELLM, 93, NO_MODEL, r"""
        llm provider not provided   model .{0,80}isn't mapped yet   you passed in model=
    """, side=CLIENT),
    *rows(_LITELLM_BUDGET, 95, QUOTA, r"""
        budget has been exceeded   exceededbudget   budgetexceedederror   crossed (its |their |soft )?budget
        over budget   max budget
    """, side=GATEWAY),
    *rows(_LITELLM_BUDGET, 93, RATE, r"""
        max parallel request limit   crossed tpm / rpm   limit type: (requests|tokens)
        deployment over user-defined ratelimit   litellm rate limit handler
    """, side=GATEWAY),
    *rows(_LITELLM, 94, AUTH, r"""
        invalid proxy server token   malformed api key passed in   token_not_found_in_db   expected to start with 'sk-
        no api key passed in   key .{0,40}(not found in|expired).{0,20}(db|database|token|cache)
    """, side=CLIENT),
    *rows(_LITELLM, 66, FIRST_BYTE, r"""
        litellm\.timeout   litellm\.exceptions\.timeout   timeout passed=
        connection timed out after [0-9.]{1,12} seconds
    """),
    *rows(_LITELLM, 95, FIRST_BYTE, r"""
        connection timed out(\. timeout passed=|\.? after) ?[0-9.]{1,12}   timeouterror: .{0,60}timeout passed
    """),
    *rows(_LITELLM, 70, CONTEXT, r"contextwindowexceedederror"),
    *rows(_LITELLM, 84, IDLE, r"midstreamfallbackerror.{0,400}timed out"),
    *rows(_LITELLM, 72, TRUNCATED, r"midstreamfallbackerror.{0,400}(disconnect|closed|incomplete|reset)"),
    *rows(_LITELLM, 30, UPSTREAM_ERROR, r"midstreamfallbackerror   litellm\.apierror   litellm\.internalservererror"),
    *rows(_LITELLM, 62, OVERLOADED, r"litellm\.serviceunavailableerror"),
    *rows(_LITELLM, 92, EXHAUSTED, r"""
        no connected db   (can't|cannot|unable to) (reach|connect to) database
        prisma.{0,60}(pool|timed out fetching)   timed out fetching a new connection from the connection pool
    """, side=GATEWAY),
    *rows(_OPENROUTER, 96, PERMISSION, r"""
        no endpoints found matching your data policy   data policy   guardrail restrictions and data policy
    """),
    *rows(_OPENROUTER, 95, QUOTA, r"""
        requires more credits, or fewer max_tokens   insufficient credits   key limit exceeded
        never purchased credits   can only afford
    """, side=UPSTREAM),
    *rows(_OPENROUTER, 96, BAD_REQUEST, r"""
        no endpoints found that support (tool|image|parameter|input|cache)
    """),
    *rows(_OPENROUTER, 92, AUTH, r"no cookie auth credentials found"),
    *rows(_OPENROUTER, 86, RATE, r"""
        is temporarily rate-limited upstream   add your own key to accumulate   free-models-per-min
    """),
    *rows(_OPENROUTER, 94, QUOTA, r"free-models-per-day"),
    *rows(_PORTKEY, 93, BAD_REQUEST, r"""
        x-portkey-(config|provider|[a-z-]{1,40}) (header )?(is )?(required|missing|invalid)   either x-portkey
    """),
    *rows(_PORTKEY, 90, TOTAL, r"""
        request exceeded the timeout sent in the request   exceeded the timeout sent in the request
    """, side=GATEWAY),
    *rows(_BIFROST, 94, TOTAL, r"""
        default_request_timeout_in_seconds   request timed out \(default is [0-9]{1,12}
    """, side=GATEWAY),
    *rows(_BIFROST, 93, NO_CHANNEL, r"""
        no keys found (for|that)   no valid keys   no keys support
        provider .{0,40}not (configured|found|initialized)
        unsupported provider   unknown provider   no provider (configured|specified)
    """),
    *rows(_CLIPROXY, 88, FIRST_BYTE, r"""
        upstream timed out   stream_open
        timed? ?out (waiting for|awaiting) (the )?(upstream|provider|model|backend|first)
    """, side=GATEWAY),
    *rows(_CLIPROXY, 88, FIRST_BYTE, r"""
        time to first (byte|token|chunk) (exceeded|timeout)   first[ _-]?(byte|token|chunk|response)[ _-]?time-?out
        no first (byte|token|chunk)   首(字|字节|包|token).{0,6}超时   ttft (timeout|exceeded)
    """),
    *rows(_CLIPROXY, 88, TRUNCATED, r"""
        stream (closed|disconnected) before response\.completed
        upstream (stream )?(closed|ended)( the)?( connection)?( early| prematurely| unexpectedly)?
        upstream (stream )?(disconnected|terminated)( the)?( connection)?( early| prematurely| unexpectedly)?
        upstream (stream )?(closed|ended|disconnected|terminated)( the)?( connection)?( mid| before)?
        upstream (stream )?(aborted|dropped|interrupted)( the)?( connection)?( early| prematurely)?
        upstream (stream )?(aborted|dropped|interrupted)( the)?( connection)?( unexpectedly)?
        upstream (stream )?(aborted|dropped|interrupted)( the)?( connection)?( mid| before)?
    """),
    *rows(_CLIPROXY, 66, TRUNCATED, r"stream_(read|scan|scanner)_error"),
    *rows(_CLIPROXY, 74, GATEWAY_TIMEOUT, r"""
        upstream (request )?time-?out   upstream (request )?timed out   backend (request )?timed? ?-?out
        provider (request )?(timed out|timeout)   upstream_timeout   上游(服务|接口|请求)?(响应)?超时   网关超时
    """, side=GATEWAY),
    *rows(_CLIPROXY, 94, GAVE_UP, r"""
        client (has )?(disconnected|closed|hung up|gone|aborted|went away|cancell?ed|left|dropped)
        client_disconnected   client closed (the )?(connection|request)   downstream (has )?(closed|disconnected)
        (the )?caller (has )?(disconnected|gone|hung up|cancell?ed)   客户端(主动|已|提前)?(断开|关闭|取消)
        用户(主动)?(取消|中断|中止|停止)   请求(已|被)?(取消|中止)   request (was )?cancell?ed(?! due)
        connection closed by (the )?client   cancell?ed by (the )?(client|user|caller)
    """),
    *rows(_AI_GATEWAY, 90, TOTAL, r"cf-aig-request-timeout   gateway request timeout exceeded", side=GATEWAY),
    *rows(_AI_GATEWAY, 90, AUTH, r"ai gateway.{0,40}unauthorized", side=CLIENT),
    *rows(_OUTWAIT, 96, FIRST_BYTE, r"first_byte_timeout   first_token_timeout", side=UPSTREAM),
    *rows(_OUTWAIT, 96, IDLE, r"idle_timeout.{0,200}upstream fell silent", side=UPSTREAM),
    *rows(_OUTWAIT, 96, TRUNCATED, r"upstream_truncated"),
    *rows(_OUTWAIT, 96, EMPTY, r"upstream_empty"),
    *rows(_OUTWAIT, 94, OVERLOADED, r"gateway_overloaded   gateway_draining", side=GATEWAY),
    *rows(_OUTWAIT, 95, REFUSED, r"upstream_connect\b"),
    *rows(_OUTWAIT, 90, FILTERED, r"contentpolicyviolationerror   content_policy_fallback"),
    *rows(_AI_GATEWAY, 92, FILTERED, r"guardrails?.{0,40}(block|violat|trigger|intervene)", side=UPSTREAM),
    *rows(_NEW_API, 60, TOTAL, r"""
        timed? ?out after [0-9.]{1,12} ?(s|ms|sec|min|m)\b
        exceeded (the )?(maximum |overall |total |request )?(time|timeout|deadline|duration)( limit)?( of)?
        request (time-?out|timed out)? ?(exceeded|limit)   maximum (request|execution|processing) (time|duration)
        total time-?out   overall time-?out   time limit exceeded   hard time-?out   wall[- ]clock
    """),
)
# fmt: on
