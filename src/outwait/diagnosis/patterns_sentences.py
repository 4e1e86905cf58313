"""Sentences that say a cause by how their words stand to each other: a length and a limit, a verb and its timeout.

The same words in another order, or of another subject, say something else; so each row needs both ends of a sentence.
"""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    CLIENT,
    CONNECT,
    CONTEXT,
    DNS,
    EXHAUSTED,
    FIRST_BYTE,
    GATEWAY,
    GAVE_UP,
    IDLE,
    NO_CHANNEL,
    PERMISSION,
    PROXY,
    QUOTA,
    RESET,
    TOTAL,
    TRUNCATED,
    UPSTREAM,
    UPSTREAM_ERROR,
    WRITE,
)
from outwait.diagnosis.pattern import Pattern, rows

_PLAIN = ""  # plain words have no page to be looked up on
_FRAMES = "https://docs.python.org/3/library/traceback.html"
_RUBY_POOL = "https://github.com/mperham/connection_pool"
_FINCH = "https://hexdocs.pm/finch/Finch.html"
_KNEX = "https://knexjs.org/guide/#pool"
_NETTY = "https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/http-configuration-netty.html"
_NODE_SERVER = "https://nodejs.org/api/http.html#event-close_1"
_RAW_BODY = "https://github.com/stream-utils/raw-body#requestaborted"
_KESTREL = "https://learn.microsoft.com/en-us/aspnet/core/fundamentals/servers/kestrel/http2"
_PYTHON_SERVER = "https://docs.python.org/3/library/socketserver.html"
_C_ARES = "https://c-ares.org/docs/ares_strerror.html"
_REQWEST = "https://docs.rs/reqwest/latest/reqwest/struct.Proxy.html"
_CONNECT = "https://www.rfc-editor.org/rfc/rfc9110#name-connect"
_RAY = "https://docs.ray.io/en/latest/ray-core/fault-tolerance.html"
_NEW_API = "https://docs.newapi.pro/en/docs"
_LOGIN = "https://cloud.google.com/docs/authentication/provide-credentials-adc"

# Pieces of rows: what `@name` in one of them stands for.
_PIECES: Final = (
    (
        "@length",
        (
            r"\b(prompt|input|context|sequence|seq|conversation|total|requested|tokens?)[a-z]{0,2}(\b|_)"
            r"(?!.{0,80}\b(images?|files?|body|payload|bytes|[kmg]i?b|pixels?|batch|dimensions?|characters?)\b)"
        ),
    ),
    (
        "@window",
        (
            r"((max[a-z]{0,40}[_ -])(allowed )?(input|model|context|sequence|seq|prompt|position|total|length)"
            r"|seq[a-z]{0,5}[_ -]len"
            r"|n_ctx|num_ctx|ctx[_ -]?(len|size)|model_?(max_?)?len|context[_ ](size|length|window|limit)"
            r"|position_embeddings|(model|attention|token)('s)? window)"
        ),
    ),
    ("@failed", r"\b(fail(ed|ure|s)?|unable|error|could( not|n't)|cannot|can't) (to |while |when |in )?"),
    (
        "@late",
        (
            r"[:(,;-] ?(the |an? )?(operation |i/o |io |read |tcp |connect(ion)? )?(time-?out|timed[ -]out)\b"
            r"(?! ?[=:]? ?[0-9])"
        ),
    ),
    (
        "@wrong",
        r"(invalid|incorrect|wrong|bad|unknown|unrecogni[sz]ed|malformed|expired|revoked|inactive|disabled|missing)",
    ),
    ("@adjective", r"(?!(for|in|on|with|to|of|and|or|at|by|model|is|was) )[a-z_'-]{1,16} "),
    ("@key", r"(key|token|credential|secret)s?\b"),
    (
        "@channel",
        (
            r"(?<!slack )(?<!discord )(?<!telegram )(?<!release )(?<!update )(?<!notification )(?<!alert )(?<!grpc )"
            r"(?<!voice )(?<!event )(?<!beta )(?<!stable )(?<!youtube )(?<!payment )(?<!feedback )\bchannel\b"
        ),
    ),
    (
        "@off",
        (
            r"(disabled|deactivated|suspended|unavailable|offline|inactive|turned off|switched off"
            r"|not (currently )?(available|enabled|active))\b"
        ),
    ),
    ("@account", r"\b(account|organi[sz]ation|project|workspace|team|user|tenant|api key|subscription)\b"),
    ("@rate", r"(\brate|minute|second|concurren|\brpm\b|\btpm\b|\bqps\b|hour|attempt|login)"),
    ("@spending", r"(spend|usage|budget|billing|consumption|inference|monthly|daily|credit|payment)[a-z]{0,4}"),
)


def _rows(source: str, weight: int, cause: str, expressions: str, *, side: str | None = None) -> tuple[Pattern, ...]:
    for name, piece in _PIECES:
        expressions = expressions.replace(name, piece)
    return rows(source, weight, cause, expressions, side=side)


# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
SENTENCES: Final[tuple[Pattern, ...]] = (
    # --------------------------------------------------------------------------- a length that is set against a window
    *_rows(_PLAIN, 94, CONTEXT, r"""
        @length.{0,80}\b(must|should|shall|has to|have to|needs? to|can|may)( ?not|n't)? (be )?(less|small|short|low|
        few|
        under|below|within|exceed|at most|no (more|longer|greater)|more|greater|larger|longer|<).{0,40}@window
        @length.{0,80} (too )?(large|long|great|high|big|more|bigger|over|above|>)(r|er)? .{0,24}@window
        @length.{0,60}\b(exceed|surpass|overflow|overrun|goes beyond|fit)[a-z]{0,3} .{0,24}@window
        @window[a-z_ -]{0,24}\W{1,4}(is |of |= ?|set to |\()?[0-9*]{1,9}\)?.{0,24}(but|<|yet|while|however|smaller|less|
        exceeded|and) .{0,40}@length
        @length.{0,40}(\+|plus) .{0,40}(<|>|exceed|must).{0,24}@window
        \b(prompt|input|context)[ _](length|tokens?|size)\b.{0,16}[0-9] ?(≥|>=?|exceeds|over) .{0,16}(limit|max|[0-9])
        @length.{0,60}[= ][0-9]{2,9}[^.]{0,24} but .{0,40}@window
        \b(prompt|input|tokens?|context|sequence)[a-z_]{0,8} length .{0,16}\b(in|between|within) ?[(\[]?[0-9]
        \b(prompt|input|context|total)[_ ]?tokens?\b.{0,16}[0-9] ?.{0,8}(exceed|>|over)[a-z]{0,3} ?.{0,16}(limit|max)
        \bposition(al)? (ids?|embeddings?|index)?.{0,24}(out of range|exceed|greater|larger|beyond).{0,40}(max|n_ctx|
        [0-9])
        (?<!max_)(?<!max )(输入|提示词?|prompt|上下文|对话|消息|总).{0,16}(长度|tokens?|字数).{0,20}(小于|少于|低于|
        不大于|
        不能大于|大于|超过|超出|多于|高于).{0,16}(最大|上限|长度|窗口|限制|max|[0-9*])
    """),
    *_rows(_PLAIN, 80, CONTEXT, r"""
        \b(at most|up to|max(imum)?|limit|only) ((of|is|to) )?[0-9*,]{2,9} (input |prompt )?tokens\b.{0,60}\b(but|
        got|given|received|requested|provided|has|were)\b
        \b(max|maximum|limit|allowed)\W{1,3}[0-9*,]{2,9}\W{1,3}(but )?(got|given|received|have|has) [0-9*,]{2,9} tokens
    """),
    # ------------------------------------------------------------------- keys and logins, in any order of their words
    *_rows(_PLAIN, 95, AUTH, r"""
        \b401\b.{0,80}\b@wrong ([a-z_'-]{1,20} ){0,3}@key
        \b401\b.{0,80}\b@key.{0,40}(@wrong|not (valid|correct|recogni|accepted|found)|mismatch)
        \b@key.{0,30}(@wrong|not (valid|correct|recogni|accepted)).{0,80}\b401\b
        \b@wrong ([a-z_'-]{1,20} ){0,3}@key.{0,80}\b401\b
    """),
    *_rows(_PLAIN, 93, AUTH, r"""
        (@wrong|unauthori[sz]ed)_([a-z]{1,14}_){0,2}(api_?key|access_?key|(access|auth|bearer|user)_token|credentials?|
        secret)\b
        (api_?key|access_?key|auth_?token|access_?token|credentials?)_([a-z]{1,14}_){0,2}(@wrong|mismatch|not_found)\b
        \b@wrong (@adjective){1,3}api[- _]?keys?\b   not_(logged_in|authenticated|signed_in)\b
        \b@wrong (auth|access|authorization|subscription|app|license|client|service|provider|account)[_ -]key\b
        unauthori[sz]ed\W{1,3}(@adjective){0,3}(api[- _]?keys?|credentials?)\b
    """),
    *_rows(_PLAIN, 80, AUTH, r"\b(key|token) (has been|was|is) (disabled|revoked|deactivated|deleted|rejected)\b"),
    *_rows(_PLAIN, 80, PERMISSION, r"""
        \b(no|without|lacks?|lacking|missing) (the )?(permission|right|privilege)s? to (use|access|call|invoke|run)
    """),
    *_rows(_LOGIN, 93, AUTH, r"""
        \bre-?(authenticat|authori[sz]at|log ?in)[a-z]{0,3} (is |was )?(needed|required|necessary|requested)
        (must|need to|needs to|have to|has to|required to|please|prompted to) re-?(authenticat|authori[sz]|log ?in)
        (session|login|sign-?in|sso|credentials?|cookie) ((has|have|is|are|was|were|token) ){0,2}(expired|
        no longer valid|invalidated|timed out).{0,80}(log ?in|sign ?in|authenticat)
    """, side=CLIENT),
    *_rows(_LOGIN, 80, AUTH, r"""
        \b(run|running|execute|use|try|type) [:'"$ ]{0,3}[a-z][a-z0-9_./-]{0,24} ([a-z0-9_-]{1,24} ){0,3}log-?in\b
        to re-?authenticate
    """, side=CLIENT),
    # ------------------------------------------------------------- a verb that failed, and a timeout as all its reason
    *_rows(_PLAIN, 90, CONNECT, r"""
        @failed(be )?(connect(ing|ed)?|dial(ing)?|establish(ing)?|open(ing)? (a |the )?(connection|
        socket))\b.{0,80}@late
        \b(dial|connect|connecting) ((to|tcp|with) ){1,2}.{3,80}@late
    """),
    *_rows(_PLAIN, 86, FIRST_BYTE, r"""
        @failed(read|receiv|get|fetch)[a-z]{0,3} (a |the |any )?(response |reply )?(headers?|status( line)?|response|
        reply|
        answer)\b.{0,60}@late
    """),
    *_rows(_PLAIN, 87, IDLE, r"""
        @failed(read|receiv)[a-z]{0,3} (from )?(a |the |any |next )?(next |response |sse |stream(ed)? )?(body|
        chunks?|stream|events?|tokens?|deltas?)\b.{0,60}@late
    """),
    *_rows(_PLAIN, 80, IDLE, r"\b(idle|silent|inactive) for [0-9]"),
    *_rows(_PLAIN, 90, WRITE, r"""
        @failed(writ(e|ing)|upload(ing)?|send(ing)? (the |a )?(http )?(request )?(body|payload|data))\b.{0,60}@late
    """),
    *_rows(_PLAIN, 80, TOTAL, r"""
        \b(not|never|n't) (complete|finish|end|done)(ed)? .{0,24}\b(in|within) (the )?(configured|allotted|allowed|
        given|permitted) time\b
    """),
    *_rows(_PLAIN, 66, FIRST_BYTE, r"@failedsend(ing)? (a |the |any )?(http |api )?request\b.{0,80}@late"),
    # --------------------------------------------------- frames: a pool whose connections are all taken, in a traceback
    *_rows(_FRAMES, 94, EXHAUSTED, r"""
        \bin _wait_for_available_connection .{0,4000}(cancel|timeout)
        connector\.py\W{1,3}line [0-9]{1,5}, in connect (await (fut|waiter)|yield from fut)\b
        connection_pool\.py.{0,40}\bin wait_for_connection .{0,4000}(cancel|timeout)
        \bin _get_conn .{0,1500}(queue\.empty|emptypool)
    """),
    *_rows(_RUBY_POOL, 94, EXHAUSTED, r"waited [0-9.]{1,8} sec, [0-9]{1,5}/[0-9]{1,5} available"),
    *_rows(_FINCH, 94, EXHAUSTED, r"excess queuing for connections"),
    *_rows(_KNEX, 94, EXHAUSTED, r"timeout acquiring a connection   resourcerequest timed out"),
    *_rows(_NETTY, 94, EXHAUSTED, r"""
        acquire operation took longer than
        @failed(acquire|obtain|get|lease|borrow)[a-z]{0,3} .{0,16}connection from .{0,12}pool\b
        \b(no|0) ((idle|free|available) )?connections? ((is|are|left|available|free) ){0,2}(in|from) .{0,16}pool\b
        (timeout|timed[ -]out|time-out|elapsed) .{0,12}(waiting (for|on)|acquiring|obtaining|getting|leasing|
        borrowing) .{0,16}connection (from|in|out of) .{0,16}pool\b
    """),
    # ----------------------------------------------------------------------- a server's frames: its own caller has left
    *_rows(_NODE_SERVER, 93, GAVE_UP, r"""
        aborted\b.{0,400}(\babortincoming\b|socketonclose \(node:_http_server)
        (econnreset|socket hang up).{0,400}\babortincoming\b
        \bresponseaborted\b   remote peer closed connection before all data could be read
    """),
    *_rows(_NODE_SERVER, 88, TRUNCATED, r"aborted\b.{0,300}(\bsocketcloselistener\b|_http_client)"),  # headers had come
    *_rows(_RAW_BODY, 93, GAVE_UP, r"incomingmessage\.onaborted   type\W{1,4}request\.aborted"),
    *_rows(_KESTREL, 93, GAVE_UP, r"""
        client reset the request stream   unexpected end of request content   kestrel.{0,400}connectionresetexception
    """),
    *_rows(_PYTHON_SERVER, 92, GAVE_UP, r"""
        (wfile\.write|wfile\.flush|self\._sock\.sendall\(b\)|serving\.py.{0,40}\bin write\b).{0,300}(brokenpipe|
        connectionreset|connectionaborted)error
    """),
    # ----------------------------------------------------------------------------- forward proxies, names and resolvers
    *_rows(_CONNECT, 97, PROXY, r"""
        \bconnect[a-z_ -]{0,16} proxy (received|returned|replied|answered|responded|sent|refused|rejected|failed|
        aborted)
        \bproxy\b.{0,60} (replied|answered|returned|responded|sent|gave) .{0,30}\b(to|for) connect\b
        \bsocks[45]?h? proxy .{0,30}(reject|denied|clos)
        proxy connect (abort|fail|error|refus|reject|returned|received)
        proxy (refused|rejected|denied|aborted|failed|closed|dropped) (the )?(connect|tunnel)\b
        @failed(be )?(open|establish|creat|set up|setting up)[a-z]{0,4} .{0,16}tunnel .{0,8}(through|with|via|to|over|
        using) .{0,24}proxy
        tunnel(l?ing)? ((connection|request|setup) )?(failed|refused|rejected|denied|error).{0,40}(\b[45][0-9][0-9]\b|
        proxy)
        proxy tunnel(l?ing)? ((request|connection|setup) )?(failed|refused|rejected|error)
        unexpected response code for connect   (before|without|while) receiving (the |a )?connect response
        \bconnect (via|through) proxy (status|failed|error)
        (response|status|reply|code|answer) .{0,24}\b(for|to|from|after) (the )?(proxy |http )?connect (request|method)
        \bconnect (method|request) .{0,40}(refused|denied|not allowed|rejected) .{0,16}proxy
        communicating with the (secure )?web proxy
    """),
    *_rows(_REQWEST, 97, PROXY, r"unsuccessful tunnel   tunnel error: (unsuccessful|io|proxy|missing|unexpected)"),
    *_rows(_C_ARES, 95, DNS, r"""
        (contact|contacting|reach|query|querying|connect to|response from|answer from) ((the|any|a|configured|
        local) ){0,2}(dns|name) ?servers?\b
        \b(dns|name) ?servers? ((is|are|was|were) )?(not |un|did(n't| not) |does(n't| not) |cannot be )(respond|reach|
        avail)
        no servers could be reached   dns server returned general failure
        \bdns (query|request|resolver|resolve) ((has|was|is) )?(failed|failure|error|timed|refused)
    """),
    *_rows(_PLAIN, 93, DNS, r"""
        @failed(be )?resolv(e|ing|ed):? [('"]{0,2}(https?://)?([a-z0-9_-]{1,63}\.){1,6}(?!(js|ts|tsx|jsx|py|json|css|
        vue|
        mjs|cjs|svg|png)\b)[a-z]{2,24}(?![a-z0-9/]|:[a-z]|\.[a-z0-9])
        @failed(be )?resolv(e|ing) (the )?(ip|ipv4|ipv6|remote|server|api|upstream|origin|endpoint)('s)? ?(host|name|
        address|
        domain)
    """),
    # ----------------------------------------------------------------- a server of models that has lost its own process
    *_rows(_RAY, 86, UPSTREAM_ERROR, r"""
        @failedload(ing)? (the |a )?(llm |language )?(model|backend)\b(?! (list|info|config|catalog|card|setting))
        \bserverclosed\b
        remote server .{1,80} (closed|lost|gone|disconnected): [0-9]
        (actor|replica) is dead
        \b(grpc|backend|runner|llama) (process|service) (is )?(not (found|ready|running|alive)|dead|gone)
    """, side=UPSTREAM),
    *_rows(_RAY, 80, UPSTREAM_ERROR, r"""
        \b(worker|runner|engine|scheduler|detokenizer|inference|model|backend|llama)[ -](process(es)?|proc|worker|
        runner|
        core|subprocess) ((has|have|was|were|is|are|had) )?(died|crashed|exited|gone|dead|killed|terminated|lost|
        not alive|
        no longer (running|alive)|unexpectedly (exit|stop)[a-z]{0,4})\b
        \b(worker|runner|engine|model backend) ((is|was|has been) )?(gone|lost|dead|killed)\b   \bworker died\b
        \bengine_?core(_[0-9]{1,3})? (died|crashed|exited)   \bdied unexpectedly\b
        received (sigquit|sigchld|sigterm) from (a |the |its )?child
        \bchild( process)? (failed|died|crashed|was killed)\b
    """, side=UPSTREAM),
    *_rows(_PLAIN, 66, UPSTREAM_ERROR, r"\bqueue ((is|was|has been) )?(closed|shut down|destroyed)\b", side=GATEWAY),
    *_rows(_PLAIN, 76, UPSTREAM_ERROR, r"""
        模型(加载|启动)失败   (进程|引擎|后端)(已|异常|意外)?(退出|崩溃|终止|挂掉)
    """, side=UPSTREAM),
    *_rows(_PLAIN, 90, EXHAUSTED, r"\bout of memory (while|when|during|at|trying)\b"),
    *_rows(_PLAIN, 88, RESET, r"clos[a-z]{1,3} .{0,24}before (returning|sending) the first .{0,12}byte", side=UPSTREAM),
    *_rows(_PLAIN, 72, RESET, r"""
        @failed(read|receiv)[a-z]{0,3} (a |the |any )?(response|reply|answer)\b.{0,60}[:(,;-] ?(unexpected )?(closed|
        eof)\b
    """),
    *_rows(_PLAIN, 80, NO_CHANNEL, r"""
        \b(all|every|none of) (the |our |your )?(configured |available )?(accounts?|keys?|channels?|providers?|
        credentials?) (is|are|was|were) (currently )?(paused|busy|suspended|rate-?limited|exhausted|blocked|expired)
    """, side=GATEWAY),
    # ----------------- a channel of a gateway that is off: a status around it says less, a reason beside it says more
    *_rows(_NEW_API, 96, NO_CHANNEL, r"""
        @channel[^.;,{}]{0,60} (is|was|has been|had been|got)( ([a-z]{3,13}ly|now|already|
        been)){0,2} @off(?!.{0,8}(reason|because|due to))
        @channel (disabled|deactivated|suspended)\b(?!.{0,8}(reason|because|due to))
        \bchannel_?(is_?)?(disabled|unavailable|inactive|suspended)\b
        \b(this|the|selected|requested|configured) (upstream |model )?(provider|route|upstream) (is|was|
        has been)( ([a-z]{3,13}ly|now|already))? (disabled|deactivated|suspended|
        turned off)\b(?!.{0,8}(reason|because|due to))
        \b(disabled|inactive|suspended|deactivated) (upstream )?channel\b(?!s? (was |is |are |has been )?(skip|remov|
        enabl|recover|retr))
        \bchannel\b.{0,40}\baffinity\b.{0,60}(not found|gone|missing|removed|deleted|failed|no longer|@off)
        \baffinity\b.{0,60}\bchannel\b.{0,60}(not found|gone|missing|removed|deleted|failed|no longer|@off)
    """, side=GATEWAY),
    *_rows(_NEW_API, 60, NO_CHANNEL, r"""
        @channel[^.;]{0,60} (disabled|deactivated|suspended)\b.{0,8}(reason|because|due to)
    """, side=GATEWAY),
    # ------------------------------------------------------------------------- a limit that an account set, and reached
    *_rows(_PLAIN, 95, QUOTA, r"""
        @account.{0,60}\b(reach|hit|exceed|exhaust|pass)[a-z]{0,3} (?!.{0,80}@rate).{0,60}\b(limit|cap|quota|allowance|
        ceiling|threshold)\b.{0,160}\b(paus|stopp|suspend|halt|disabl|block|deactivat)ed
        \b(paus|stopp|suspend|halt|disabl|block|deactivat|lock)ed.{0,40}(because|due to|since|as|after|
        owing to).{0,60}(@spending (limit|
        cap|quota|threshold)|insufficient (balance|funds|credit)|overdue|unpaid|arrears|fail[a-z]{1,4} to pay)
        (达到|超过|超出|触发)了?.{0,6}(设置|设定|配置|预设|自定义)的?.{0,12}(限额|上限|额度|限制|阈值)
        (限额|上限|额度).{0,12}(服务|模型|调用).{0,6}(暂停|停止|停用|关停)
        (限额|上限|额度|用量).{0,30}(暂停|停止|停用|关停)了?.{0,6}(服务|推理|调用|使用|访问)
    """),
    *_rows(_PLAIN, 88, QUOTA, r"""
        \b(your|the|this) @account.{0,40}(has|have) (reached|hit|exceeded|exhausted|passed|used up) (its|the|your|
        their|a) (?!.{0,40}@rate)([a-z-]{1,16} ){0,4}(limit|cap|quota|
        allowance)\b
    """),
)
# fmt: on
