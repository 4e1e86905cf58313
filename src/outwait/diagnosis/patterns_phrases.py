"""Turns of phrase, in any order and from any teller: when bytes came, how a stream ended, whose clock cancelled.

Plain words with their neighbours, so they weigh more than the single words of `patterns_words`.
"""

# ruff: noqa: RUF001 - words of languages with letters of their own

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
    FIRST_BYTE,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    IDLE,
    MIDDLEBOX,
    NO_CHANNEL,
    NO_MODEL,
    OVERLOADED,
    PERMISSION,
    PROXY,
    QUOTA,
    RATE,
    REFUSED,
    RESET,
    TOTAL,
    TRUNCATED,
    UNREACHABLE,
    UPSTREAM_ERROR,
    WRITE,
)
from outwait.diagnosis.pattern import Pattern, rows

_PLAIN = ""  # plain words have no page to be looked up on
_DOTNET = "https://learn.microsoft.com/en-us/dotnet/api/system.threading.tasks.taskcanceledexception"
_WINSOCK = "https://learn.microsoft.com/en-us/windows/win32/winsock/windows-sockets-error-codes-2"
_GO = "https://pkg.go.dev/net#pkg-variables"
_OKHTTP = "https://square.github.io/okhttp/features/calls/"
_KOTLIN = "https://kotlinlang.org/docs/cancellation-and-timeouts.html"
_DIO = "https://pub.dev/documentation/dio/latest/dio/DioExceptionType.html"
_HTTPCORE = "https://www.encode.io/httpcore/proxies/"
_SGLANG = "https://docs.sglang.ai/advanced_features/server_arguments.html"
_LLAMA_CPP = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
_STARLETTE = "https://www.starlette.io/requests/"
_LIMITS = "https://platform.openai.com/docs/guides/rate-limits"
_GEMINI_CLI = "https://github.com/google-gemini/gemini-cli/blob/main/docs/troubleshooting.md"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
PHRASES: Final[tuple[Pattern, ...]] = (
    # ------------------------------------------------------------------------------------------ whole turns of phrase
    *rows(_PLAIN, 90, IDLE, r"""
        \bno (activity|progress|output|updates?|movement) (for|in|within|since|after) .{0,12}[0-9]
        (?<!tls )(?<!ssl )(agent|worker|task|session|turn|run|generation|stream) (has |is |was |got )?(stalled|stuck|
        hung|frozen)\b
        (stall|stalled|inactivity|silence) (detected|watchdog)   stream watchdog
    """),
    *rows(_PLAIN, 91, CONNECT, r"""
        \bconnect(ing|ion)?: (deadline|time-?out|timed out|operation timed)
        \bconnect(ing|ion)? (deadline|time-?out) (has |was )?(elapsed|exceeded|expired|reached)
    """),
    *rows(_PLAIN, 90, TOTAL, r"""
        (ran|running|went|gone) (past|over|beyond|out of) (its|the|our|a) (time|execution) (budget|limit|allowance)
        (time|execution) (budget|allowance) (exceeded|exhausted|used up|is over|ran out|expired|without)
    """),
    *rows(_PLAIN, 96, BAD_REQUEST, r"""
        (contains?|has|have|with|uses?) (an? )?(invalid|unknown|malformed) [a-z _-]{2,32}(policy|schema|config|setting)
        please (provide|specify|use|supply|pass) an? valid (?!.{0,20}(key|token|credential))
    """),
    *rows(_PLAIN, 86, OVERLOADED, r"""
        no (servers?|instances?|workers?) (is|are) (currently )?available to (service|serve|process|take|answer)
    """),
    *rows(_PLAIN, 90, PERMISSION, r"""
        (unapproved|unauthorised|unauthorized|unlicensed|illegal) (channel|app|application|source|caller|invocation)
        (illegal|forbidden|disallowed) (api )?(invocation|call|caller)
    """),
    *rows(_PLAIN, 90, NO_MODEL, r"""
        provider\([^)]{1,80}: ?404\)
    """),
    *rows(_PLAIN, 91, GATEWAY_TIMEOUT, r"""
        (cdn|cloudflare|负载均衡|反向代理).{0,16}超时(限制|时间)?
        (cdn|proxy|load balancer)('s)? (time-?out|time limit)
    """, side=MIDDLEBOX),
    # ------------------------------------------------------------------------------------------- bytes came, then none
    *rows(_PLAIN, 90, IDLE, r"""
        (produced|sent|emitted|received|returned) nothing (new|more|else|further)
        heartbeats? (was |were )?(missed|missing|lost|timed) .{0,20}[0-9]
        no (new |more |further )?(?!first|initial|response)[a-z]{2,12} (activity|progress|updates?) .{0,30}(for|in|
        within|over|since) .{0,12}[0-9]
        no (new |more |further )?(?!first|initial|response)[a-z]{2,12} (chunks?|tokens?|events?|frames?|
        deltas?) .{0,30}(for|in|within|over|since) .{0,12}[0-9]
        no (more|further|additional|subsequent) (data|bytes|output|chunks?|tokens?|events?|activity)
        (time-?out|timed out|deadline exceeded|idle|stalled|no [a-z ]{2,20}|silen(t|ce)|
        inactiv).{0,80}after (receiving |only )?[1-9][0-9]{0,6} (chunk|event|token|byte|delta|frame|line)
        after (receiving |only )?[1-9][0-9]{0,6} (chunk|event|token|byte|delta|frame|line)s?\b.{0,40}(time-?out|
        timed out|stall|silen|went quiet|no (more|further|data|new))
        (stopped|ceased) (sending|producing|streaming|emitting|receiving) (any )?(data|tokens|events|chunks|output|
        bytes)
        (last|previous) (chunk|event|token|byte|activity|data|frame|delta) .{0,24}[0-9.]{1,12} ?(s|sec|seconds|ms|m|min|
        minutes) ago
        since (the )?last (chunk|event|token|byte|activity|data|frame|delta)
        (stream|model) went (quiet|silent|idle)
        (stream|generation) (appears?|seems?|looks?) (to (be|have) )?(stuck|hung|dead|stalled|frozen|idle)
        (no|missed) heartbeats? .{0,30}[0-9]   (gap|pause|silence) between (chunks|tokens|events)
        (chunk|token|event|inter-?token|inter-?chunk|stream) (gap|interval|inactivity) .{0,20}(exceed|time|too long)
        (stream|streaming|sse) (inactive|silent|quiet|no activity) .{0,12}(for|after|too)
        [0-9]{1,12} ?(秒|毫秒|分钟|s|ms)(内|之内|以来)?.{0,6}(没有|未|无)(再)?(收到|接收到?)?(任何|新的?)?(数据|内容|
        活动|事件|token|chunk)
        流(式)?(响应|输出|传输)?(停滞|卡住|卡死|无活动|空闲|静默)
    """),
    *rows(_PLAIN, 87, IDLE, r"""
        (received|got|sent|produced) [1-9][0-9]{0,6} (chunk|event|token|byte|delta|frame|line)s?,? .{0,12}(then|
        and) (nothing|silence|no more|stalled)
        (exceed|over|longer than|maximum|max).{0,24}(pause|silence|gap|idle time|interval).{0,16}(between|of [0-9])
        no (data|bytes) (on|from|over) (the )?(socket|connection|wire|stream) (for|in|within) [0-9]
        (stream|connection|sse|socket) (has been |was |is |stayed )(silent|idle|quiet|inactive) (for |too )
        [0-9]{1,12} ?(s|sec|seconds|ms|min|minutes?)\b (have passed )?(without|with no|since) (a |any |an |the )?(new |
        last |previous )?(chunk|token|event|byte|frame|delta|data)
        no (new )?(activity|events?|chunks?|tokens?|progress) on (the |this )?(sse |model |http |response )?(stream|
        connection|socket)
        (output|stream|generation|response) (has |was |is )?(stalled|frozen|hung|stuck)
    """),
    # ------------------------------------------------------------------------------------------------ how streams end
    *rows(_PLAIN, 87, TRUNCATED, r"""
        (clos|drop|ended|terminat|disconnect|reset|abort|broke|lost|cut off|eof|died|
        interrupt).{0,60}after (receiving |only )?[1-9][0-9]{0,6} (chunk|event|token|byte|delta|frame|line)
        after (receiving |only )?[1-9][0-9]{0,6} (chunk|event|token|byte|delta|frame|line)s?\b.{0,40}(clos|drop|
        ended|terminat|disconnect|reset|abort|broke|eof|died|interrupt)
        (without|missing|lacks?|lacking|no|never (received|got|saw|sent)) (a |an |the |any |its |valid |proper |
        expected ){0,3}(finish[_ ]?reason|stop[_ ]?reason|message_stop|response\.(completed|done)|eos (token|
        marker))
        (without|missing|lacks?|lacking|no|never (received|got|saw|sent)) (a |an |the |any |its |valid |proper |
        expected ){0,3}(done|end|final|last|terminal|completion|closing|finish|stop) (marker|event|signal|message|
        chunk|flag|frame|delta|sentinel|status)
        (without|missing|lacks?|lacking|no|never (received|got|saw|sent)) (a |an |the |any |its |valid |proper |
        expected ){0,3}(\[done\]|end[- ]of[- ](stream|message)|terminat(or|ion|ing) (chunk|event|marker|message|
        frame))
        \b(stream|body|generation|transfer|sse|streaming|response body) .{0,24}(ended|closed|finished|stopped|
        terminated|cut|broke|dropped|died|aborted) .{0,12}(before|without|prior to|too early|half-?way|part-?way|
        mid-?(way|response|stream|sentence))
        (stopped|ended|broke off|cut off|died|terminated) (half-?way|part-?way|mid-?way|mid-?(sentence|response|
        answer|generation|word)|in the middle)
        (only )?(received|got|read) (only )?[0-9]{1,12} (of|out of|/) ?[0-9]{1,12} bytes   content-length mismatch
        (response|reply|answer|output|generation|message) (was )?(ended|finished|stopped|closed|
        complete) before (the |a |any |its )?(final|last|done|usage|finish|end|terminal|stop)
        expected [0-9]{1,12} (more )?bytes,? (but )?(got|received|read)
        (stream|response) (was |is )?(never )?(not )?(properly|cleanly) (closed|terminated|finished)
        (never|not) (reached|received) (the )?(end|completion) of (the )?(stream|response|message)
        interrompu .{0,12}avant   unterbrochen,? bevor   vorzeitig (beendet|geschlossen|abgebrochen)
        (interrumpid|interrompid)[ao] antes
        (未|没有)收到.{0,8}(结束|完成|\[done\]|终止)(标记|标志|事件|信号|消息)?
        流.{0,8}(未|没有)(正常|完整)?(完成|结束)
    """),
    *rows(_PLAIN, 33, TRUNCATED, r"\bstream error"),
    # ---------------------------------------------------------------------------------------------------- empty replies
    *rows(_GEMINI_CLI, 92, EMPTY, r"""
        (completed|ended|finished|closed) without (any )?(valid |usable |visible )?(content|text|output|candidates|
        message)
        (stream|response) (was )?(invalid|empty) or completed without
    """),
    *rows(_PLAIN, 86, EMPTY, r"""
        without (any )?(valid|usable|visible|actual|meaningful) (content|text|output)
        ^\W{0,8}(text|content|response|message|answer|output|result|completion|reply|output_text|
        generated_text)\W{2,4}\"\"\W{0,6}$
        (text|generated_text|answer|response|output_text|completion)\W{2,5}\"\",.{0,200}(finish_?reason|done|
        stop_?reason|done_reason)\W{1,5}(stop|true|end_turn|length)
        (finish_?reason|done|stop_?reason|done_reason)\W{1,5}(stop|true|end_turn|length).{0,60}(text|generated_text|
        answer|response|content)\W{2,5}\"\"
        ^\W{0,4}(content|candidates|choices|output|outputs|generations|predictions|data)\W{2,4}\[ ?\]\W{0,6}$
        (model|llm|provider|api|assistant|server|backend|bot) (has )?(returned|sent|gave|produced|generated|
        replied with|responded with|answered with) (an? |only )?(empty|blank|nothing|whitespace|zero (tokens|
        content))
        (model|llm|provider|api|assistant|server|backend|bot) (has )?(returned|sent|gave|produced|generated|
        replied with|responded with|answered with) no (text|content|output|message|answer|reply|response|data|
        choices|tokens)
        (leere|keine) (antwort|ausgabe|inhalte?)   réponse vide   (respuesta|resposta) (vacía|vazia)
        пуст(ой|ая|ое) (ответ|сообщение)   空の(応答|レスポンス)   빈 응답
        neither (text|content) nor (an? )?(tool|finish)   (zero|no) (content|text) (deltas?|parts?|blocks?|chunks?)
        (zero|\b0) (completion|output|generated) tokens
        (got|received|returned) (back )?(an? )?(empty|blank) (string|content|text|answer|completion|message|output|
        reply|response|assistant)
        \b(reply|answer|completion|output|content|text)( text| body| content| field)? (is|was|came back|were|being|
        remains) (empty|blank|null|none|an empty string)
        (contains?|contained|containing|with|had|has) (only whitespace|no (text|candidates|parts|content|output|
        usable))
    """),
    # ------------------------------------------------------------------------------------- whose clock, who cancelled
    *rows(_DOTNET, 89, TOTAL, r"""
        taskcanceledexception.{0,1500}(socketexception \(?(995|125|89)\b|unable to read data from the transport)
        unable to read data from the transport connection: (operation cancell?ed|the i/o operation has been aborted)
        unable to read data from the transport connection.{0,400}socketexception \(?(995|125|89)\b
    """),
    *rows(_WINSOCK, 84, TOTAL, r"""
        socketexception \((995|125|89)\)   \bi/o operation has been aborted because of either a thread exit
        wsa_?operation_?aborted   error_operation_aborted
    """),
    *rows(_GO, 88, GAVE_UP, r"operation was cancell?ed"),
    *rows(_OKHTTP, 88, GAVE_UP, r"""
        ioexception: cancell?ed   streamresetexception: stream was reset: cancel.{0,400}realcall\.cancel
    """),
    *rows(_KOTLIN, 74, GAVE_UP, r"jobcancellationexception   cancellationexception: "),
    *rows(_SGLANG, 93, GAVE_UP, r"""
        disconnected (from|by|on|at) (the )?client
        (abort|cancel)[a-z]{0,6} (the )?(request|generation|task|inference|slot|sequence|completion|
        stream).{0,60}(client|disconnect|caller)
        (client|caller|downstream|browser|user agent|consumer)('s)? .{0,20}(disconnect|hung up|went away|gone away|
        dropped|vanished).{0,60}(abort|cancel|stop|halt)
    """),
    *rows(_PLAIN, 90, GAVE_UP, r"""
        (client|caller|browser|consumer|downstream) (side )?(has |was |is |already |itself ){0,2}(disconnect(ed|s|
        ion)|hung up|went away|gone away|vanished|dropped the)
        (request|generation|stream|response|inference|job) (was |is |has been |got )?(aborted|cancell?ed|dropped|
        abandoned|terminated) (by|from) (the )?(client|caller|user|browser|consumer)
        (?<!http2: )(?<!http2 )client connection (was |is )?(closed|lost|dropped|reset|gone)
        connection (to|with) (the )?(client|caller|browser) (was |is )?(closed|lost|dropped|broken|gone)
        lost (the )?connection (to|with) (the )?(client|caller|browser)   no longer connected.{0,20}client
        client (is )?no longer (connected|there)
        (user|operator) (has )?(pressed|clicked|hit|chose) (stop|cancel|escape|esc|ctrl)
        (client|caller|browser) (side )?(closed|dropped|aborted|cancell?ed|terminated|left) (the |its )?(connection|
        request|stream|socket|early|before|while)
    """),
    *rows(_LLAMA_CPP, 92, GAVE_UP, r"cancel_tasks?: cancel task   srv .{0,30}request cancell?ed"),
    *rows(_STARLETTE, 93, GAVE_UP, r"\bclientdisconnect(ed)?(error)?\b"),
    # ------------------------------------------------------------------------------------------ the phase of connecting
    *rows(_PLAIN, 87, CONNECT, r"""
        connect(ion|ing)?( attempt| request| phase| setup| establishment)?( to .{1,60})? (exceeded (its|the)|
        took (longer|more) than|took too long|takes too long)
        connect(ion|ing)?( attempt| request| phase| setup)? (did(n't| not) (complete|succeed|finish)|(was|
        could) not (be )?(established|completed|opened)) .{0,20}(within|in|after) .{0,12}[0-9]
        (could not|couldn't|cannot|can't|failed to|unable to) (connect|establish|open|reach)\b.{0,80} (within|
        in) (the |the allotted |the configured |a )?[0-9.:]{1,12} ?(s|ms|m|sec|seconds?|min|milliseconds?)\b
        (handshake|connection attempt|connecting|connect) (took|takes|lasted|ran) (too long|longer than|more than)
        did(n't| not) accept (the |a |our )?connection.{0,20}(within|in|after) .{0,8}[0-9]
        no connection .{0,30}(within|after|in) [0-9]   g(ave|iving) up connecting
        (tcp|socket) connect(ion)? (deadline|time limit)
        (timed? ?out|time-?out|gave up|deadline).{0,20}(while |when |trying to |during |in |
        on ){1,3}(the )?(connect|
        establish|tcp connect|opening (a |the )?(connection|socket))
        [0-9]{1,12} ?(秒|毫秒|s|ms)(内|之内)?.{0,6}(未|没有|无法|不能)(能)?(建立)?(连接|连上)   建立连接.{0,8}超时
        verbindungs?(aufbau)?.{0,30}(zeitüberschreitung|timeout)   zeitüberschreitung .{0,30}verbindung
        (délai|tiempo|tempo|czas) .{0,40}(connexion|conexi|conexão|connessione|połączeni)
    """),
    # --------------------------------------------------------------------------------------------- receiving, sending
    *rows(_DIO, 89, FIRST_BYTE, r"""
        \[receive ?time-?out\]   dio(error|exception)type\.receivetimeout
        took (longer|more) than .{1,24} to (receive|respond|answer|reply|return|start)
    """),
    *rows(_PLAIN, 87, FIRST_BYTE, r"""
        (did(n't| not)|has(n't| not)|have(n't| not)|does(n't| not)) (send|sent|return(ed)?|produced?|
        start(ed)?) (any |a |the |an )?(response |reply )?(headers?|response|reply|answer|bytes?|
        first).{0,20}(within|in|after|for) .{0,8}[0-9]
        did(n't| not) (start|begin) (generating|responding|answering|replying|streaming|producing).{0,20}(within|in|
        after|for) .{0,8}[0-9]
        (still )?waiting (for|on) (the )?(headers|response|reply|answer|first [a-z]{4,6}) (after|for) [0-9]
        (has|have|had)(n't| not) (answered|responded|replied|started) (within|in|after|for) .{0,8}[0-9]
        (sent|produced|returned|answered|received) nothing (back |at all )?(for|in|within|after) .{0,8}[0-9]
    """),
    *rows(_PLAIN, 83, TOTAL, r"""
        (exceeded|over|used up|ran out of) (its|the|a) .{0,16}time budget   lasted (longer|more) than .{0,6}[0-9]
        (stopped|aborted|killed|cancell?ed|terminated) (because|since|as) (it|the [a-z]{2,12}) (took|lasted|ran|
        was running) .{0,12}(long|over|more)
        (ran into|hit|reached|past|over) (its|the|a) (hard |total |overall |
        max(imum)? )?(time )?limit of [0-9.]{1,12} ?(s|sec|seconds|m|min|minutes|ms)\b
    """),
    *rows(_DIO, 92, WRITE, r"""
        \[send ?time-?out\]   dio(error|exception)type\.sendtimeout
        took (longer|more) than .{1,24} to (send|upload|write)
    """),
    *rows(_DIO, 93, CONNECT, r"\[connect(ion)? ?time-?out\]   dio(error|exception)type\.connect(ion)?timeout"),
    *rows(_PLAIN, 84, WRITE, r"""
        (upload|request body|sending|transmission)( of .{1,40})? (took too long|(is |was )?too slow|stalled|
        did( not|n't) (finish|complete)|exceeded .{0,12}time)
        (time-?out|timed out|deadline exceeded) (while |when |on |during |in )?(the )?(uploading|upload|sending|
        writing|transmitting|send|write)\b
        (uploading|sending|writing|transmitting) (of |the |a |your |our ){0,2}[a-z ]{0,40}(timed? ?out|time-?out)
        (could|can|did)( not|n't) (be )?(sent|send|written|upload(ed)?|transmit(ted)?) (in time|within|
        before .{0,20}time)
        timed? ?out,? (while |when |as )?.{0,24}(uploading|sending|writing|transmitting)\b
        (写入|发送|上传).{0,12}(超时|过慢)
    """),
    # ------------------------------------------------------------------------------------------------------------ rates
    *rows(_LIMITS, 97, RATE, r"""
        (limit|exceed|quota|too many|throttl|maximum|max|reached|used|allowed).{0,60}(tokens?|requests?|quer(y|ies)|
        calls?|messages?|images?|prompts?)[ _]?(per|/|a|each|every)[ _]?(1 )?(minute|min|second|sec|hour)\b
        (tokens?|requests?|quer(y|ies)|calls?|messages?|images?|prompts?)[ _]?(per|/|a|each|every)[ _]?(1 )?(minute|
        min|second|sec|hour)\b.{0,60}(limit|exceed|quota|too many|throttl|maximum|reached|used|allowed)
        too many .{0,40}(in|within) (the |a |an )?(last |past |short |given |current )?(minute|second|hour|
        [0-9]{1,12} ?(s|sec|seconds|min|minutes?)|time window|window)\b
        (tokens?|requests?|calls?) .{0,24}(in|within|over) the (last|past|current) (minute|second|hour|[0-9]{1,12} ?(s|
        sec|seconds|min|minutes?))\b
        (limit|exceed|over|reached).{0,40}\b(tpm|rpm|rps|qps|ipm)\b
        \b(tpm|rpm|rps|qps|ipm)\b.{0,40}(limit|exceed|reached|quota)
        per-(minute|second|hour) .{0,20}(limit|allowance|quota|cap|budget)
        (limit|cap|exceed|hit|reached).{0,30}[0-9] ?(req|requests?|calls?|tokens?|msgs?|messages?) ?(/|per) ?(s|sec|
        second|m|min|minute|h|hour)\b
        [0-9] ?(req|requests?|calls?|tokens?|msgs?|messages?) ?(/|per) ?(s|sec|second|m|min|minute|h|
        hour)\b.{0,30}(limit|cap\b|exceed|reached)
        more than [0-9]{1,12} (requests?|calls?|messages?|tokens?) (in|within|per|every) (one|an?|1|the|each|
        [0-9]{1,12}) ?(minute|second|sec|hour|s\b)
        (limit|límite|grenze|лимит).{0,40}(par minute|por minuto|pro minute|в минуту|al minuto)
        每(分钟|秒|小时).{0,16}(token|请求|调用|次数?).{0,16}(上限|限制|超)
    """),
    *rows(_LIMITS, 90, QUOTA, r"""
        (used|reached|exhausted|exceeded) .{0,30}(requests|messages|calls|queries|generations|tokens) (for|
        of) (today|the day|this (week|month)|the (week|month))
    """),
    *rows(_PLAIN, 84, REFUSED, r"not accepting (new |any )?connections   nothing (is )?(listening|running) (at|on)"),
    *rows(_PLAIN, 76, UPSTREAM_ERROR, r"""
        (process|runner|worker|engine) (has |was )?(exited|quit|crashed|died|terminated) (unexpectedly|
        with (an? )?(code|status|exit|signal))
    """),
    *rows(_PLAIN, 84, BAD_RESPONSE, r"""
        (received|got|returned) (an? )?(invalid|malformed|broken|garbled) json
        (invalid|malformed) json (from|received|returned)
    """),
    # --------------------------------------------------------------------------------------------- other plain words
    *rows(_PLAIN, 76, DNS, r"""
        (host ?name|name|domain|host|address) .{1,80}(could|can|did)( not|n't) (be )?resolved?
        (host ?name|domain( name)?) .{0,80}(not|n't) (found|exist|known)   unknown host(name)?\b
    """),
    *rows(_PLAIN, 80, UNREACHABLE, r"no route to \W{0,3}[0-9]{1,3}\.   no route to (the )?host"),
    *rows(_PLAIN, 76, OVERLOADED, r"""
        queue (for .{1,40} )?is (already )?full   cold[- ]start(ing)?\b   loading (the )?(model )?weights
    """),
    *rows(_PLAIN, 84, AUTH, r"""
        (token|key|credentials?|session) .{0,30}(no longer valid|not (be )?recogni[sz]ed|has lapsed|
        could not be verified)
        (missing|no|absent|empty) (the )?(http )?(request )?header authorization
    """),
    *rows(_PLAIN, 76, PERMISSION, r"""
        (key|token|account|user|project|team) (may|can|must)( ?not|n't) (use|access|call|see) .{0,20}(model|
        endpoint|deployment)
    """),
    *rows(_PLAIN, 64, BAD_REQUEST, r"""
        must (contain|have|include) at least (one|1)   (can|may)( ?not|n't) be (empty|null|blank)
        (field|parameter|property|argument|key) .{1,40} (is |was )?(missing|required|unknown|not recogni[sz]ed)
        (tool_choice|tools?|temperature|top_p|response_format|stream|functions?|seed|logprobs|stop) (is |
        are )?not (allowed|permitted|available) (with|for|by|on) (this|the) model
    """),
    *rows(_PLAIN, 84, NO_CHANNEL, r"""
        (every|each) (provider|channel|upstream|deployment|account|key|endpoint)\b.{0,40}(cooling|cooldown|fail|
        unavailable|disabled|down\b)
    """),
    # ---------------------------------------------------------------------------------------------------------- proxies
    *rows(_HTTPCORE, 92, PROXY, r"""
        http_proxy\.py.{0,60}handle_(async_)?request.{0,160}(proxy_request|
        connect_request)\b.{0,3000}(disconnected without|connecterror|connecttimeout|readerror|refused)
        socks_proxy\.py.{0,3000}(proxyerror|connecterror|connecttimeout|readerror|refused)
    """),
    # ------------------------------------------------------------------------------------------------- other languages
    *rows(_WINSOCK, 88, RESET, r"""
        vom remotehost geschlossen   fermée par l'hôte distant   existente por el host remoto   przez zdalnego hosta
        принудительно разорвал   リモート ホストに強制的に切断   foi forçad[ao] o cancelamento de uma conexão
        현재 연결은 원격 호스트에 의해
        verbindung wurde (vom|durch) .{0,40}(zurückgesetzt|geschlossen|abgebrochen)
    """),
    *rows(_WINSOCK, 90, REFUSED, r"""
        (zielcomputer|zielhost) die verbindung verweigert   verbindung(saufbau)? (wurde )?(verweigert|abgelehnt)
        (connexion|connection) refusée   l'a expressément refusée   conexión (denegada|rechazada|rehusada)
        denegó expresamente dicha conexión
        conexão recusada   recusou ativamente   odmówi(ł|ono).{0,20}połączeni   połączenie odrzucone
        в соединении отказано
        отверг запрос на подключение   接続を拒否   接続が拒否   연결이 거부   대상 컴퓨터에서 연결을 거부
    """),
    *rows(_WINSOCK, 64, FIRST_BYTE, r"""
        zeitüberschreitung   délai d'attente (est )?(dépassé|expiré|écoulé)   délai (dépassé|expiré)
        tiempo de espera
        se agotó el tiempo   tempo (limite )?(esgotado|excedido)   limite de tempo   tiempo (agotado|límite)
        przekroczono (limit czasu|czas)   upłynął limit czasu   время ожидания
        превышен(о|ие)? .{0,12}(время|ожидани)   тайм-?аут
        タイムアウト   시간 ?(이 )?초과   zaman aşımı   tempo scaduto
    """),
    *rows(_PLAIN, 66, GAVE_UP, r"""
        abgebrochen (vom|durch den) (benutzer|client)   annulée? par (le client|l'utilisateur)
        cancelad[ao] por (el|o) (usuario|cliente|usuário)
        キャンセルされました   취소(됨|되었)   отменен[ао]? (пользователем|клиентом)
    """, side=CLIENT),
)
# fmt: on
