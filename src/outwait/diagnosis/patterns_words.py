"""What people and programs say in words of their own: plain phrases for a cause, which weigh less than a product's."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CONNECT,
    CONTEXT,
    DNS,
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
    PROXY,
    QUOTA,
    RATE,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
    UNREACHABLE,
    UPSTREAM_ERROR,
    WRITE,
)
from outwait.diagnosis.pattern import Pattern, rows

_PLAIN = ""  # plain words have no page to be looked up on

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
WORDS: Final[tuple[Pattern, ...]] = (
    *rows(_PLAIN, 62, FIRST_BYTE, r"""
        timed out (while )?(waiting|awaiting) (for|on) (a |the |an |any )?(response|reply|answer|headers|first)
        timed out (while )?(waiting|awaiting) (for|on) (a |the |an |any )?(server|model|llm|provider|completion)
        (timeout|time-out) (while )?(waiting|awaiting) (for|on) (a |the |an )?(response|reply|answer)
        (timeout|time-out) (while )?(waiting|awaiting) (for|on) (a |the |an )?(headers|first)
        (timeout|time-out) (while )?(waiting|awaiting) (for|on) (a |the |an )?(server|model|llm|provider)
        (waited|waiting) (too long|more than|over) .{0,40}(response|reply|answer|headers)
        no (response|reply) (was |were |has been )?(received )?(from .{1,40} )?(within|after|in) [0-9.]{1,12}
        no (answer|headers?) (was |were |has been )?(received )?(from .{1,40} )?(within|after|in) [0-9.]{1,12}
        did(n't| not) (respond|answer|reply|start responding) (within|in time|after|before)
        (failed|fails) to respond (within|in time)   (not|n't) respond(ing|ed)? (within|in time)
        took too long to (respond|reply|answer)   response (time-?out|timed out)   read(ing)? time-?out
        timeout.{0,12}read   socket time-?out   server time-?out
        (等待|读取).{0,8}(响应|回复|首字|模型|服务器).{0,6}超时   模型(响应|回复|请求)?超时
        长时间(未|没有)(响应|返回)   (响应|回复)时间过长   服务器(没有|未)响应
        response headers? (not received|timed? ?out)   headers? time-?out   model.{0,20}timed? ?-?out
    """),
    *rows(_PLAIN, 84, FIRST_BYTE, r"""
        (setup|stream open|stream start|streaming setup|initial response) time-?out
        no (response|reply|answer) (from|by) .{1,40} (after|within|in|for) [0-9.]{1,12} ?(s|ms|m|seconds?|minutes?)\b
        (timed? ?out|time-?out).{0,50}(first (token|byte|chunk)|(waiting for|awaiting) (the )?(response )?headers)
        i/o error on .{1,200}: (read timed out|timeout|request timed out)
    """),
    *rows(_PLAIN, 82, TOTAL, r"""
        timeout period of .{1,24} (has been|was) exceeded
        time-?out of [0-9.]{1,12} ?(s|ms|seconds|milliseconds|m|minutes) (was |has been )?(exceeded|reached|elapsed)
    """),
    *rows(_PLAIN, 58, BAD_RESPONSE, r"""
        keyerror: '(choices|content|message|candidates|usage|delta|data)'
        cannot read propert(y|ies) .{0,12}of (undefined|null) \(reading '(choices|0|message|content|delta)'
        cannot read propert(y|ies) .{0,12}of (undefined|null) \(reading '(text|candidates|parts|data|usage)'
        undefined is not an object .{0,60}choices   list index out of range.{0,200}choices
    """),
    *rows(_PLAIN, 80, BAD_RESPONSE, r"unexpected non-whitespace character after json"),
    *rows(_PLAIN, 62, BAD_RESPONSE, r"bad (response|reply)(?! status)   invalid [a-z0-9-]{2,20} response"),
    *rows(_PLAIN, 95, BAD_RESPONSE, r"too many empty messages"),
    *rows(_PLAIN, 76, UPSTREAM_ERROR, r"(system|server|service|model) encountered an (unexpected|internal) error"),
    *rows(_PLAIN, 84, NO_CHANNEL, r"failover exhausted   fallbacks? (are |were )?exhausted", side="gateway"),
    *rows(_PLAIN, 80, NO_CHANNEL, r"channel (is )?(not |un)available", side="gateway"),
    *rows(_PLAIN, 92, QUOTA, r"(hit|reached) your (usage |weekly |session |daily |monthly )?limit"),
    *rows(_PLAIN, 70, CONTEXT, r"output token maximum"),
    *rows(_PLAIN, 84, BAD_REQUEST, r"stopped after [0-9]{1,12} redirects   too many redirects"),
    *rows(_PLAIN, 80, RESET, r"(message|response) from (the )?remote is incomplete"),
    *rows(_PLAIN, 62, TRUNCATED, r"streamclosederror   http2: stream closed"),
    *rows(_PLAIN, 66, GAVE_UP, r"abort handler"),
    *rows(_PLAIN, 88, BAD_REQUEST, r"unsupported protocol scheme   missing protocol scheme"),
    *rows(_PLAIN, 94, PROXY, r"proxy connect aborted"),
    *rows(_PLAIN, 84, RATE, r"每(分钟|秒).{0,12}(上限|限制|次)   请求(数|次数|量)?(已)?(达到?)?(了)?上限   rpm 限制"),
    *rows(_PLAIN, 78, OVERLOADED, r"暂(时)?不可用   负载(已经|已)?(达到|到达).{0,4}上限"),
    *rows(_PLAIN, 40, NO_MODEL, r"\bnot found\b"),
    *rows(_PLAIN, 60, TOTAL, r"""
        took (longer|more) than [0-9.]{1,12} ?(s|ms|m|seconds|minutes)
        (maximum|max) (run ?time|response time|duration|execution time)
        exceeded (the |its )?(maximum|max) (run ?time|time|duration)
    """),
    *rows(_PLAIN, 96, PROXY, r"代理(服务器)?.{0,6}(拒绝|不可用|未响应)"),
    *rows(_PLAIN, 84, BAD_REQUEST, r"请求(体|内容|数据)过大   文件过大   图片过大"),
    *rows(_PLAIN, 88, EMPTY, r"""
        without (sending|returning|producing|yielding) any (chunks?|content|tokens?|events?|data|output)
    """),
    *rows(_PLAIN, 24, UNKNOWN, r"max(imum)? retries (exceeded|reached)", side="client"),
    *rows(_PLAIN, 86, IDLE, r"""
        stream (has |is )?(gone |went )?stale   stale (stream|timeout)   stale for [0-9]{1,12}   no chunks received
        0 chunks received
    """),
    *rows(_PLAIN, 93, CONTEXT, r"maximum (prompt|input|sequence) (length|limit|size) (is|of|exceeded)"),
    *rows(_PLAIN, 92, QUOTA, r"""
        (don't|doesn't|do not|does not) have (any |enough |sufficient )?(credits?|balance|quota|funds)   arrears
        (reached|hit|exceeded) the limit of your (plan|subscription|tier)
    """),
    *rows(_PLAIN, 90, BAD_REQUEST, r"request body is not valid json   (low|high) surrogate"),
    *rows(_PLAIN, 80, BAD_REQUEST, r"""
        does not work with the (specified|selected|requested) model   operationnotsupported
    """),
    *rows(_PLAIN, 72, PERMISSION, r"permissiondenied\b   lacks the required"),
    *rows(_PLAIN, 92, GAVE_UP, r"(is |was |has )?disconnected (from|by) (the )?client"),
    *rows(_PLAIN, 80, AUTH, r"log ?(in|on) fail(ed|ure)?"),
    *rows(_PLAIN, 60, UNKNOWN, r"due to (a )?(poor|unstable) (internet|network)( connection)?", side="client"),
    *rows(_PLAIN, 42, FIRST_BYTE, r"timed -?out   timed-?out   timeouterror   timeoutexception"),
    *rows(_PLAIN, 64, FIRST_BYTE, r"due to (a )?time-?out"),
    *rows(_PLAIN, 36, FIRST_BYTE, r"(?<![a-z_.])time-?out(?![=:_(,)]|[a-z])"),
    *rows(_PLAIN, 60, IDLE, r"""
        (idle|inactive|silent|stalled|no activity|inactivity) (for|too long|timeout|period)
        stream(ing)? (timed out|timeout)   stream (is )?(stalled|stuck|hung|idle)
        no (new )?(tokens?|chunks?|data) (for|in|within|received) .{0,20}(s|sec|seconds|ms|minutes?)\b
        no (new )?(events?|content) (for|in|within|received) .{0,20}(s|sec|seconds|ms|minutes?)\b
        (chunk|token|event|data|stream) (read )?time-?out
        time-?out .{0,20}(between chunks|next chunk|next token|mid-?stream|reading (the )?(stream|body|chunk))
        (timed out|timeout) (while )?(reading|receiving|streaming) (the )?(stream|body|response body|chunks?)
        (timed out|timeout) (while )?(reading|receiving|streaming) (the )?(data|sse|events?)   流式.{0,10}超时
    """),
    *rows(_PLAIN, 60, TOTAL, r"""
        (total|overall|maximum|global|hard) (time-?out|timed out) (of )?(was )?(exceeded|reached|after)
        (total|overall|maximum|global|hard) (time-?out|timed out) (of )?(was )?(expired|elapsed)
        (total|overall|maximum|global|hard) (time limit|deadline) (of )?(was )?(exceeded|reached|after)
        (total|overall|maximum|global|hard) (time limit|deadline) (of )?(was )?(expired|elapsed)
        (task|job|turn|run) (time-?out|timed out) (of )?(was )?(exceeded|reached|after|expired|elapsed)
        (task|job|turn|run) (time limit|deadline) (of )?(was )?(exceeded|reached|after|expired|elapsed)
        (agent|step|workflow|execution|command) (time-?out|timed out) (of )?(was )?(exceeded|reached|after)
        (agent|step|workflow|execution|command) (time-?out|timed out) (of )?(was )?(expired|elapsed)
        (agent|step|workflow|execution|command) (time limit|deadline) (of )?(was )?(exceeded|reached|after)
        (agent|step|workflow|execution|command) (time limit|deadline) (of )?(was )?(expired|elapsed)
        (query|operation|request|call) (time-?out|timed out) (of )?(was )?(exceeded|reached|after)
        (query|operation|request|call) (time-?out|timed out) (of )?(was )?(expired|elapsed)
        (query|operation|request|call) (time limit|deadline) (of )?(was )?(exceeded|reached|after)
        (query|operation|request|call) (time limit|deadline) (of )?(was )?(expired|elapsed)
        deadline (was )?(exceeded|expired|passed|reached)   exceeded (its |the )?(deadline|time limit|timeout)
        aborted (after|due to) (a )?.{0,20}(time-?out|[0-9.]{1,12} ?(s|ms|sec))
        cancell?ed (after|due to) .{0,20}(time-?out|[0-9.]{1,12} ?(s|ms|sec))   killed after [0-9.]{1,12} ?(s|ms|m)
        terminated after [0-9.]{1,12} ?(s|ms|m|seconds|minutes)   超过(了)?(最大|最长|总).{0,8}(时间|时长)   执行超时
        任务超时   总超时
    """),
    *rows(_PLAIN, 62, GATEWAY_TIMEOUT, r"""
        gateway timed out   gateway_timeout   网关(响应)?超时
        (proxy|load balancer|reverse proxy|gateway) (time-?out|timed out)   504 (error|gateway|time)
        origin (time-?out|timed out)
    """),
    *rows(_PLAIN, 60, CONNECT, r"""
        connect(ion|ing)? .{0,40}(timed out|timeout|time-out)   (timed out|timeout) .{0,20}connect
        connection attempt (failed|timed out)   (连接|链接).{0,16}超时
        error trying to connect: (operation )?timed out   connecttimeout
    """),
    *rows(_PLAIN, 92, CONNECT, r"""
        error trying to connect: (operation timed out|deadline has elapsed)
        error trying to connect: (tcp connect error: (operation|connection) timed out)
        tcp connect error: .{0,40}timed? ?out
    """),
    *rows(_PLAIN, 56, REFUSED, r"""
        (could not|couldn't|cannot|can't|unable to|failed to) (be )?(connect(ed)?|reach(ed)?|contact(ed)?)
        error (while )?(connecting|reaching|contacting)
        (connection|server|service|endpoint) (is )?(down|offline|not running|not reachable)
        (host|backend|upstream) (is )?(down|offline|not running|not reachable)
        (connection|server|service|endpoint) (is )?(unreachable|not available|not listening)
        (host|backend|upstream) (is )?(unreachable|not available|not listening)
        no (server|service|process) (is )?(running|listening)   is (the server|it) running
        (无法|不能|未能)(连接|链接|访问)(到|至)?   failed to (open|create|establish) (a )?(tcp |new )?connection
        (connection|connect) (could not be|was not) (established|made)
    """),
    *rows(_PLAIN, 60, RESET, r"""
        connection (was |is |has been )?(closed|lost|dropped|broken|interrupted|terminated)
        connection (was |is |has been )?(aborted|disconnected|ended|severed|cut)
        (server|peer|remote|upstream|host|other (side|end)) (has )?(closed|dropped|terminated|reset|hung up)
        (server|peer|remote|upstream|host|other (side|end)) (has )?(disconnected|ended|aborted|broke)
        closed the connection   (closed|reset|terminated) by (the )?(server|remote|peer|upstream|host|proxy)
        lost connection   connection error occurred   (连接|链接)(被|已|意外)?(断开|中断|关闭|终止|丢失)
        服务器(主动)?(关闭|断开)   远程(主机|服务器)(强迫)?关闭   disconnected (unexpectedly|by|from)   \beof\b
        unexpectedly closed   closed unexpectedly
    """),
    *rows(_PLAIN, 66, TRUNCATED, r"""
        (response|reply|answer|output|stream) (was |is |got |has been )?(cut off|cut short|truncated|incomplete)
        (body|message|content|generation) (was |is |got |has been )?(cut off|cut short|truncated|incomplete)
        (response|reply|answer|output|stream) (was |is |got |has been )?(interrupted|aborted|broken off)
        (body|message|content|generation) (was |is |got |has been )?(interrupted|aborted|broken off)
        (ended|stopped|finished|terminated) (prematurely|early|unexpectedly|abruptly)
        premature(ly)? (end|eof|close|terminat)   只(输出|返回)了一半   (输出|回答|回复)(不完整|被截断|中断)
    """),
    *rows(_PLAIN, 60, WRITE, r"""
        (timed out|timeout|time-out) (while )?(writing|sending|uploading)
        (write|send|upload|sending|uploading) .{0,30}(timed out|time-?out)   (上传|发送|写入).{0,6}超时
    """),
    *rows(_PLAIN, 64, DNS, r"""
        (resolve|resolving|resolution) .{0,30}(fail|error|timed out)
        host(name)? (could not be|not|was not) (found|resolved)
    """),
    *rows(_PLAIN, 62, UNREACHABLE, r"""
        network (is )?(down|unavailable|offline)   no (network|internet)   断网   网络不通   没有网络
    """),
    *rows(_PLAIN, 60, TLS, r"x509"),
    *rows(_PLAIN, 66, PROXY, r"""
        proxy (connection|server|settings?|configuration|authentication)
        proxy (config|refused|is (down|not))   (invalid|wrong|misconfigured) proxy
        via (the )?proxy .{0,40}(fail|refus|error)   代理(服务器)?(错误|失败|异常|拒绝|连接)   through (the )?proxy
    """),
    *rows(_PLAIN, 62, RATE, r"""
        rate[- _]?limit   too many (requests|calls|attempts)   slow down   throttled   cool(ing)? ?down
        请求(过多|太多)   quota.{0,20}per (minute|second)   requests? limit
    """),
    *rows(_PLAIN, 62, OVERLOADED, r"""
        overload   busy   (?<![a-z])unavailable   繁忙   过载   拥挤   under (heavy|high) load   warming up
    """),
    *rows(_PLAIN, 66, QUOTA, r"""
        quota   credits?\b.{0,30}(left|remain|exhaust|used|deplet|run out|ran out|low)   余额   额度
        subscription.{0,30}(expired|inactive|required|lapsed)   usage limit   (plan|tier) limit
        limit for (today|this (month|week|day))   daily limit   monthly limit
    """),
    *rows(_PLAIN, 62, AUTH, r"unauthori[sz]ed   log in again   (access|auth|bearer) token   鉴权"),
    *rows(_PLAIN, 58, PERMISSION, r"""
        forbidden   (?<!405 )(?<!method )not (allowed|permitted|authorized)   access (is )?(denied|restricted|blocked)
        banned   拒绝访问
        captcha
    """),
    *rows(_PLAIN, 60, NO_MODEL, r"""
        (model|deployment|engine) .{0,60}(not|n't|un)[ -]?(found|exist|available|supported|recogni|known|valid)
        (no|unknown|invalid|unsupported|wrong|missing) (model|deployment|engine)(?! (api )?(key|token))
        模型.{0,10}(不|未|没)
        no such model
    """),
    *rows(_PLAIN, 46, BAD_REQUEST, r"bad request   not supported   missing required   格式错误"),
    *rows(_PLAIN, 62, CONTEXT, r"""
        (?<!took )(?<!takes )(?<!for )too long
        token(s)? limit   max(imum)? tokens   过长   超长   exceeds? .{0,30}tokens   too many tokens
    """),
    *rows(_PLAIN, 64, FILTERED, r"""
        (content|safety|prompt|output|response) .{0,20}(filter|block|flag|moderat|violat|unsafe|refus)
        (blocked|flagged|filtered|refused) (?!by cors|the same.origin).{0,30}(content|safety|polic|prompt)
        finishreasonsafety
        finishreason(recitation|prohibited|blocklist)   审核   违规   敏感
    """),
    *rows(_PLAIN, 90, FILTERED, r"finishreason(safety|recitation|prohibitedcontent|blocklist|spii)"),
    *rows(_PLAIN, 64, EMPTY, r"""
        no (response|reply|answer)s? (was |were |is )?(returned|received|generated|produced)   no response from
        empty (response|reply|answer|completion|message|content|body|output|result|string)
        (response|reply|answer|completion|content|output|message|body) .{0,20}(empty|blank)
        contained no (message|content|text|output|tool)
        no (content|text|output|message|answer|response|tool call)s? (or|in|from|was|were|returned|received)
        nothing (was )?(returned|received)   空白
    """),
    *rows(_PLAIN, 62, BAD_RESPONSE, r"""
        (invalid|malformed|unexpected|unparsable) (http )?(response|reply|json|sse|chunk|event|format)
        (corrupt|garbled|non-json|unrecognized|unknown) (http )?(response|reply|json|sse|chunk|event|format)
        (invalid|malformed|unexpected|unparsable) (http )?(payload|data|content[- ]type|stream|output|body)
        (corrupt|garbled|non-json|unrecognized|unknown) (http )?(payload|data|content[- ]type)
        (corrupt|garbled|non-json|unrecognized|unknown) (http )?(stream|output|body)
        (parse|parsing|decode|decoding|deserializ|unmarshal).{0,40}(error|fail|response|json|chunk|stream)
        (error|failed|unable|could not|cannot) .{0,20}(parse|parsing|decode|decoding|deserializ|unmarshal)
        not (a )?(valid )?json   html instead of json   invalid character ?'.{1,6}' ?looking for
        (got|received|returned) html   解析(响应|数据|json)?(失败|错误)
        (响应|返回)(格式|内容|数据)(错误|异常|不正确)   protocol error
    """),
    *rows(_PLAIN, 62, GAVE_UP, r"""
        interrupted by user   user (cancel|abort|stop|interrupt|quit)   (取消|中止|中断)(了)?(请求|操作|任务|生成)
        已取消   client (cancel|abort|disconnect|clos)
    """),
    *rows(_PLAIN, 62, EXHAUSTED, r"""
        out of memory   \boom\b   memory (limit|exhausted|error)   file descriptors?   disk (is )?full
        no (free )?(disk )?space   too many (open|sockets|connections|threads|processes)
        pool (is )?(exhausted|full|timeout)   内存(不足|溢出)   显存   port.{0,10}(exhaust|in use)   ephemeral ports
        thread pool
    """),
    *rows(_PLAIN, 60, NO_CHANNEL, r"""
        no (available|healthy|eligible|suitable) .{0,20}(channel|provider|upstream|backend)s?
        no (available|healthy|eligible|suitable) .{0,20}(deployment|endpoint|route)s?
        no (matching|working|usable|active) .{0,20}(channel|provider|upstream|backend)s?
        no (matching|working|usable|active) .{0,20}(deployment|endpoint|route)s?
        no (available|healthy|eligible|suitable) .{0,20}(node|instance|target|server|account|key|model)s?
        no (matching|working|usable|active) .{0,20}(node|instance|target|server|account|key|model)s?
        no (route|upstream|backend|provider)s? (found|available|matched|configured)   无可用   没有可用
    """, side=GATEWAY),
    *rows(_PLAIN, 26, UPSTREAM_ERROR, r"5xx   服务器错误   内部错误"),
    *rows(_PLAIN, 42, UNKNOWN, r"""
        something went wrong   unexpected error   unknown[ _]error   (an )?unknown (api )?error   未知错误
        系统(未知)?错误   出错了
    """, side="client"),
    *rows(_PLAIN, 20, UNKNOWN, r"""
        connection   network   网络   request failed   api error   请求失败   unknown error
    """, side="client"),
    *rows(_PLAIN, 31, DNS, r"\bdns\b   域名"),
    *rows(_PLAIN, 31, UNREACHABLE, r"unreachable   offline\b"),
    *rows(_PLAIN, 31, TLS, r"certificate   \b(ssl|tls)\b   cert_   证书"),
    *rows(_PLAIN, 31, PROXY, r"socks"),
    *rows(_PLAIN, 31, RATE, r"\b429\b"),
    *rows(_PLAIN, 31, OVERLOADED, r"capacity   maintenance   not ready"),
    *rows(_PLAIN, 31, QUOTA, r"billing   (?<!load )(?<!load-)balance\b   budget"),
    *rows(_PLAIN, 31, AUTH, r"api[- _]?key   authenticat   credentials?\b   sign in   令牌   密钥   认证"),
    *rows(_PLAIN, 31, PERMISSION, r"permission   denied   blocked\b   suspended   challenge   权限   禁止"),
    *rows(_PLAIN, 31, BAD_REQUEST, r"invalid   malformed   unsupported   must be   schema   validation   参数"),
    *rows(_PLAIN, 31, CONTEXT, r"context   上下文"),
    *rows(_PLAIN, 31, GAVE_UP, r"cancell?ed   aborted"),
    *rows(_PLAIN, 31, EXHAUSTED, r"""
        ulimit   \bevicted\b   max(imum)? (number of )?(clients|connections|files|processes|threads|workers)
        (memory|disk|heap|threads?|sockets?|pool|workers?|storage).{0,40}(exhausted|full|exceeded|ran out|low|limit)
        (ran|running|run) out of (memory|space|threads|sockets|ports|connections|handles)
    """),
    *rows(_PLAIN, 23, RATE, r"""
        (request|call|message|token)s? (limit|quota)   limit (of|for) .{0,30}(requests?|calls|messages) per
        too (fast|frequent|often|quickly)   wait (a|an|[0-9]{1,12}|some|for) .{0,12}(second|minute|moment|while|before)
    """),
    *rows(_PLAIN, 23, QUOTA, r"""
        subscri(be|ption)   upgrade (your|to)   \bunpaid\b   \bpayment   \bcredits?\b   allowance   \bwallet\b   充值
        续费
    """),
    *rows(_PLAIN, 23, AUTH, r"""
        \blogin\b   \blog ?in\b   \bjwt\b   \boauth   access (code|token)   \bsecret\b   \bauth\b   登录   登陆   签名
    """),
    *rows(_PLAIN, 23, NO_MODEL, r"""
        model.{0,40}(deprecated|retired)   (does|do|did) not exist   doesn't exist
        no such (file|model|route|path|endpoint)
        model name   unknown (route|path|endpoint)   不存在
    """),
    *rows(_PLAIN, 23, FILTERED, r"""
        \bsafety\b   \bharmful\b   \binappropriate\b   \bpolicy\b   \bunsafe\b   \bcensor   unable to (assist|help with)
    """),
    *rows(_PLAIN, 23, CONTEXT, r"""
        (prompt|input|message|conversation|history|text) .{0,30}(too (big|large)|exceeds|limit)   max_?tokens   shorten
        token count   number of tokens   太长
    """),
    *rows(_PLAIN, 22, PROXY, r"(?<!reverse )\bproxy\b"),
    *rows(_PLAIN, 22, NO_CHANNEL, r"""
        none of the .{0,40}(provider|channel|backend|upstream|deployment|model|endpoint|key|account)s?
        \bno (route|channel|provider|upstream|backend|deployment|worker|node)s?\b
    """, side=GATEWAY),
    *rows(_PLAIN, 21, BAD_REQUEST, r"""
        not a valid   \bat most\b   (larger|smaller|bigger|greater|less|fewer) than   not permitted   \bargument\b
        \bparameter\b
    """),
    *rows(_PLAIN, 21, TOTAL, r"\bdeadline\b   \btime limit\b"),
    *rows(_PLAIN, 70, OVERLOADED, r"""
        temporarily (offline|down|disabled|out of service)   (under|for|scheduled|undergoing) maintenance
    """),
    *rows(_PLAIN, 80, PERMISSION, r"must be (a |an |the )?(member|owner|admin)"),
    *rows(_PLAIN, 23, CONNECT, r"establish (a |the )?(new )?connection"),
    *rows(_PLAIN, 22, WRITE, r"\b(upload|sending|writing)\b .{0,60}(not|n't|fail)"),
    *rows(_PLAIN, 23, CONTEXT, r"\btokens\b   sequence length   context size"),
    *rows(_PLAIN, 23, AUTH, r"[a-z]{3,12}_api_?key"),
    *rows(_PLAIN, 23, PERMISSION, r"include access   access to   (must be|be) (a )?(member|owner|admin)   \bplan\b"),
    *rows(_PLAIN, 23, EXHAUSTED, r"\bkilled\b   exit(ed)?( code| status)? 137\b"),
    *rows(_PLAIN, 22, EMPTY, r"\bempty\b   \bblank\b   \bno (content|output|text|answer|choices|candidates)\b   为空"),
    *rows(_PLAIN, 22, BAD_RESPONSE, r"""
        \bpars(e|er|ing)\b   \bdecod(e|er|ing)\b   deserializ   unexpected (character|token|type|format|field|response)
        \bnot json\b   undefined \(reading   malformed   解析   格式
    """),
    *rows(_PLAIN, 22, TRUNCATED, r"""
        incomplete   truncated   \bcut off\b   \bpartial(ly)?\b   before (it |the )?(finish|complet|end)
        stream.{0,30}(clos|end|stop|fail)
        截断   中断
    """),
    *rows(_PLAIN, 22, RESET, r"disconnect   \breset\b   hung up   connection.{0,30}(clos|lost|drop|brok|end)   断开"),
    *rows(_PLAIN, 22, REFUSED, r"\brefused\b   not (running|started|reachable|listening|responding)   拒绝"),
    *rows(_PLAIN, 21, FIRST_BYTE, r"""
        took too long   too slow   not? (respond|answer)(ed|ing)?\b   no response   没有响应   未响应
    """),
    *rows(_PLAIN, 21, UPSTREAM_ERROR, r"""
        \bcrash(ed|es)?\b   \binternal\b
        (server|provider|model|backend|upstream|inference|generation) (side )?(error|fail)
        error (from|in|by) (the )?(server|provider|model|backend|upstream)   服务(端|器)?.{0,4}(错误|异常)
    """),
    *rows(_PLAIN, 62, FILTERED, r"moderation   guardrail   usage polic(y|ies)   合规   nsfw   risk control"),
    *rows(_PLAIN, 62, AUTH, r"unauthorized   refresh token   user not found"),
    *rows(_PLAIN, 62, OVERLOADED, r"""
        temporarily unavailable   currently unavailable   service unavailable   currently experiencing
    """),
    *rows(_PLAIN, 62, RATE, r"\btpm\b   \brpm\b   qps"),
    *rows(_PLAIN, 62, QUOTA, r"account balance"),
    *rows(_PLAIN, 62, NO_MODEL, r"the requested model"),
    *rows(_PLAIN, 62, PERMISSION, r"access denied"),
    *rows(_PLAIN, 50, BAD_REQUEST, r"is required   (parameter|field|instruction|message|argument|value)s are required"),
    *rows(_PLAIN, 50, NO_MODEL, r"model: [a-z0-9.:_/-]{2,80}\W{0,6}$"),
    *rows(_PLAIN, 62, RATE, r"""
        please (retry|try again) (after|in) [0-9.]{1,12} ?m?s(econds?)?   try again in [0-9.]{1,12} ?m?s\b
        retry your request after
    """),
)
# fmt: on
