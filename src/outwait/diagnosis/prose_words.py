"""The kinds of words that `outwait.diagnosis.prose` looks for, in the languages in which people tell of failures."""

# ruff: noqa: RUF001 - words of languages with letters of their own

from __future__ import annotations

import re
from typing import Final

_LINKS: Final = (
    r"(?:connections?|sockets?|streams?|streaming|requests?|responses?|sessions?|websockets?|tunnels?|flows?|sse"
    r"|generations?|answers?|calls?|turns?|chats?|repl(?:y|ies)|runs?|it|they|tcp)"
)
_ENDS: Final = (
    r"(?:clos(?:es?|ed)|di(?:es?|ed)|dying|drop(?:s|ped)?|kill(?:s|ed)?|resets?|sever(?:s|ed)?|cuts?|terminate[sd]?"
    r"|disconnect(?:s|ed)?|broken|breaks?|broke|lost|torn down|tears down|tear down|reap(?:s|ed)?|ended|ends"
    r"|aborted|aborts|interrupted|collapses?|truncated|goes away|stops|stopped|end)"
)

SPAN: Final = re.compile(
    r"(?<![0-9.a-z])(?:[0-9]{4,7}(?:\.[0-9]{1,3})?(?:-[0-9]{4,7})? ?(?:ms|milliseconds?|毫秒)"
    r"|(?:[5-9]|[1-9][0-9]{1,3})(?:\.[0-9]{1,3})?(?:-[0-9]{1,4})?[ -]?(?:s|secs?|seconds?|sekunden|secondes|segundos"
    r"|секунд|сек|с)(?![a-zа-я])"
    r"|[1-9][0-9]{0,2}(?:\.[0-9])?(?:-[0-9]{1,3})?[ -]?(?:m|mins?|minutes?|minuten|minutos?|минут[аы]?|мин)(?![a-zа-я])"
    r"|(?:[5-9]|[1-9][0-9]{1,3}) ?多?(?:秒|초)|[1-9][0-9]{0,2} ?多?(?:分钟|分鐘|分間?|분))"
    r"|\b(?:a|one|two|three|four|five|ten|fifteen|twenty|thirty|sixty|half a|couple of)[ -](?:full )?minutes?\b"
    r"|\b(?:thirty|sixty|ninety|hundred)[ -]seconds?\b"
    r"|[一两二三四五六七八九十几]+多?(?:分多?钟|十秒)|半分钟"
)
"""A length of time, five seconds or more."""

QUIET: Final = re.compile(
    r"\bwithout (?:(?:any|a|an|new|further|sending|receiving|emitting|producing|getting|seeing|the) ){0,3}(?:output"
    r"|data"
    r"|bytes?|traffic|events?|chunks?|tokens?|activity|frames?|text|anything|packets?|streaming)\b"
    r"|\b(?:no|zero|0) (?:(?:new|actual|visible|outgoing|incoming|model|sse|stream(?:ing)?|response|upstream) ){0,2}"
    r"(?:output|data|bytes?|traffic|events?|chunks?|tokens?|activity|frames?|packets?|keep-?alives?|heartbeats?)\b"
    r"|\b(?:emit|send|sent|sends|writ|produc|stream|return|output)[a-z]{0,4} (?:no|nothing|zero)\b"
    r"|\b(?:quiet|silent(?:ly)?(?! (?:drop|clos|kill|cut|tear|fail))|silence|paus(?:es?|ed|ing)|idl(?:e|es|ing)"
    r"|inactiv[a-z]{1,4}|stalls?|gaps? between)\b"
    r"|\bnothing (?:is |was |goes |being )?(?:on|over|across|through|sent|written|flowing)\b"
    r"|静默|沉默|空闲|无(?:数据|输出|响应|活动|流量|内容)|(?:没有?|未|不)(?:任何|再|有|新的?|收到|返回|产生|吐|出"
    r"|接收到?){0,3}"
    r"(?:数据|输出|内容|字|token|chunk|流量|消息|心跳|包)|停顿"
    r"|沈黙|無(?:通信|応答)|アイドル|データが?(?:来な|流れな|送られな|届かな|な)|出力が?(?:な|無)"
    r"|무응답|응답 ?없이|유휴|침묵|데이터(?:가|를)? ?(?:없|오지|일시)|출력 ?없이|데이터가 .{0,8}끊"
    r"|молч|без (?:данных|ответа|активности|вывода)|просто[яей]|тишин|бездейств"
    r"|\bohne (?:daten|ausgabe|aktivität|antwort)|leerlauf|untätig|inaktiv|schweig"
    r"|\bsans (?:données|activité|réponse|sortie)|\bsin (?:datos|actividad|respuesta|salida)|\bsem (?:dados|atividade"
    r"|resposta|saída)|\binactiv|\binativ|\bsilenc|\bsilênc"
)
"""Nothing was sent."""

ENDED: Final = re.compile(
    rf"\b{_LINKS}\b(?: [a-z'~0-9-]{{1,16}}){{0,4}} {_ENDS}\b"
    rf"|\b{_ENDS} (?:off )?(?:(?:the|its|a|an|any|our|my|every|all|silent|idle|streaming|http|https|long|upstream"
    rf"|client"
    rf"|live|inactive|quiet|existing|such|healthy|tcp|sse|model) ){{0,4}}{_LINKS}\b"
    r"|\bdisconnect(?:ed|ions?)\b|\btears? (?:it|them) down\b|\binterruptions?\b|\blos(?:e|es|t|ing) (?:the |our "
    r"|my )?(?:connection|stream)\b|\bcut off\b|\bgets? (?:a |an "
    r"|its )?(?:[a-z]{1,12} ){0,2}(?:rst|reset|killed|closed|dropped)\b"
    r"|econnreset|connection reset|network error|remoteprotocolerror|err_incomplete_chunked|err_connection_(?:reset"
    r"|closed)"
    r"|断开|断掉|断连|断线|断流|中断|切断|掐|截断|掉线|断(?:了|连接|流)|(?:就|会|必|直接|自动)断|(?:被"
    r"|就).{0,12}回收|被(?:动)?(?:关闭|关掉|杀|重置|踢)"
    r"|关闭连接|连接关闭"
    r"|切断|切れ|切られ|途切れ|落ち(?:る|て|ま)|閉じられ|リセットされ"
    r"|끊어|끊김|끊긴|끊깁|끊기|종료|닫히|닫힘"
    r"|рв[её]т|обрыв|разрыв|разорв|закрыва|закры[лт]|сбрасыва|отвалива|отключ"
    r"|verbindung .{0,40}(?:getrennt|abgebrochen|geschlossen|unterbrochen|gekappt|beendet|bricht)"
    r"|\b(?:connexion|flux) .{0,24}(?:coupée?|fermée?|interrompue?)|\b(?:coupe|ferme) la connexion"
    r"|\b(?:conexión|flujo) .{0,16}(?:corta|cierra|cae|interrumpe|cortad|cerrad)"
    r"|\b(?:conexão|fluxo) .{0,16}(?:cai|fecha|cortad|encerrad|derrubad|interrompid|cortou)"
)
"""A connection or a stream was ended, and somebody saw it."""

FAILED: Final = re.compile(
    r"fail|\bdie[sd]?\b|\bdead\b|time-?out|timed out|times out|error|disconnect|\bstop|abort|kill|clos|\bcuts?\b|drop"
    r"|reset"
    r"|terminat|break|broke|\b50[0234]\b|interrupt|ends\b|limit"
    r"|断|挂|超时|报错|失败|错误|切|掐|タイムアウト|エラー|切|끊|오류|시간 ?초과|타임아웃|ошибк|таймаут|тайм-аут|обрыв"
    r"|рв[её]т"
    r"|fehler|abbr|bricht|arrête|erreur|coup|falla|corta|erro\b|falha"
)
"""Something went wrong at all."""

EACH_TIME: Final = re.compile(
    r"\b(?:always|exactly|precisely|reliably|consistently|invariably|deterministic(?:ally)?|every (?:single )?time"
    r"|each time|without fail|like clockwork|on the dot|to the second|second mark|minute mark|sharp|without exception"
    r"|automatic(?:ally)?"
    r"|all (?:[a-z]{1,12} ){0,2}(?:requests|streams|calls|responses)|every (?:[a-z]{1,12} ){0,2}(?:request|stream"
    r"|call))\b"
    r"|准时|自动|每次|总是|固定|刚好|正好|恰好|必(?:断|现|定|然|超)|一到|(?:秒|分钟|分鐘)整"
    r"|ちょうど|必ず|毎回|きっかり|정확히|항상|매번|ровно|всегда|каждый раз"
    r"|\b(?:genau|immer|exactement|toujours|exactamente|siempre|exatamente|sempre)\b"
)
"""It is the same span each time."""

FLOWING: Final = re.compile(
    r"\b(?:actively|still|keeps?|continuously) (?:stream|generat|receiv|send|com|arriv|produc|flow|deliver)[a-z]{0,4}"
    r"|\bnot (?:an? )?(?:[a-z]{1,10} )?idle\b|\bwhile (?:tokens|chunks|data|events|bytes|deltas|it|text) (?:is|are"
    r"|was|were) "
    r"(?:still |actively |being |happily ){0,2}(?:stream|com|arriv|flow|generat|sent|produc|deliver)[a-z]{0,4}"
    r"|\b(?:regardless of|even with|despite) (?:constant |continuous |active )?(?:activity|stream|data|tokens|output"
    r"|heartbeats?"
    r"|keep-?alives?)|\bof (?:continuous|steady|active|uninterrupted) (?:stream|output|generat)[a-z]{0,4}"
    r"|(?:仍|还|依然|正|一直)(?:在)?(?:正常)?(?:流式)?(?:传输|输出|生成|返回)|在流式传输过程"
    r"|ещ[её] (?:ид[уё]т|приход)|outra vez enviando"
)
"""The answer was flowing when it ended, so it was no silence."""

PARTIAL: Final = re.compile(
    r"\b(?:delet|remov|discard|los)[a-z]{1,4} (?:its|the|your|my) (?:answer|reply|response|text|output)"
    r"|\bhalf (?:of )?(?:an?|the|its|way)|\bmid-?(?:stream|answer|sentence|response|way|generation|turn)|\bpartial"
    r"|(?:回答|输出|写|说|生成)(?:到)?一半|半截"
)
"""Part of the answer had been shown."""

HOP: Final = re.compile(
    r"(?<![a-z])(?:load[- ]?balancers?|[aen]lb|nginx|ingress|envoy|istio|haproxy|traefik|caddy|cloudflare|cloudfront"
    r"|cdn"
    r"|pro(?:xy|xies)|nat|firewalls?|vpn|gateways?|tunnel|hops?|intermediar(?:y|ies)|gorouter|app service|heroku"
    r"|middlebox(?:es)?|front door|fastly|apache|squid|zscaler|routers?|mesh)(?![a-z])"
    r"|(?<![a-z])[sc]lb(?![a-z])|云托管|运营商|宝塔|负载均衡|反向代理|反代|代理|网关|防火墙|隧道|ロードバランサ"
    r"|プロキシ|로드 ?밸런서|프록시|게이트웨이|прокси"
    r"|балансировщик|шлюз|passerelle|répartiteur|balanceador|balanceur|lastverteiler"
)
"""Something on the way is named."""

OWN_TIMER: Final = re.compile(
    r"watchdog|\bstall(?:ed)? (?:detected|for|after)\b|\baborting\b|\bclosing (?:the )?(?:connection|stream)"
    r"|\bcancell?ing\b|\bgiving up\b|\bgave up\b"
    r"|\b(?:undici|node|fetch|httpx|aiohttp|okhttp|the sdk|our client|the client) (?:then )?(?:aborts|closes|kills"
    r"|cancels)\b|主动(?:断开|关闭|终止)|已停止|остановлен|timeout(?:error|exception)\b|[a-z]timeout(?:ms|_ms)\b"
    r"|\b(?:by|its|our|own) (?:own )?(?:idle )?timer\b"
)
"""A program tells of a timer of its own: it ended the call itself."""

LIMIT: Final = re.compile(
    r"^[^.。]{0,24}?(?:\btime-? ?out|\blimit|限制|超时|タイムアウト|制限|타임아웃|제한|таймаут|лимит)"
)
"""Right after a span: it is the length of a timer."""

LIMITED: Final = re.compile(
    r"(?:\btime-? ?out|\blimit|限制|超时|上限|タイムアウト|제한|таймаут|лимит)(?:s|ed)?(?: of| to| at| is|为|是"
    r"|到)? ?\(?$"
)
"""Right before a span: the same."""
