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
    r"|aborted|aborts|interrupted|collapses?|truncated|goes away|stops|stopped|end"
    r"|vanish(?:es|ed)?|disappear(?:s|ed)?)"
)

SPAN: Final = re.compile(
    r"(?<![0-9.a-z])(?:[0-9]{4,7}(?:\.[0-9]{1,3})?(?:-[0-9]{4,7})? ?(?:ms|milliseconds?|毫秒)"
    r"|(?:[5-9]|[1-9][0-9]{1,3})(?:\.[0-9]{1,3})?(?:-[0-9]{1,4})?[ -]?(?:s|secs?|seconds?|sekunden|secondes|segundos"
    r"|секунд[аеуы]?|сек|с)(?![a-zа-я])"
    r"|[1-9][0-9]{0,2}(?:\.[0-9])?(?:-[0-9]{1,3})?[ -]?(?:m|mins?|minutes?|minuten|minutos?|минут[аеуы]?"
    r"|мин)(?![a-zа-я])"
    r"|(?:[5-9]|[1-9][0-9]{1,3}) ?多?(?:秒|초)|[1-9][0-9]{0,2} ?多?(?:分钟|分鐘|分間?|분))"
    r"|\b(?:a|one|two|three|four|five|ten|fifteen|twenty|thirty|sixty|half a|couple of)[ -](?:full )?minutes?\b"
    r"|\b(?:thirty|sixty|ninety|hundred)[ -]seconds?\b"
    r"|[一两二三四五六七八九十几]{1,4}多?(?:分多?钟|十秒)|半分钟"
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
    r"|(?:status|code|error|http|a|with|cloudflare|then|was|showed|is) 520(?! ?(?:s|ms|sec|seconds|tok|mb|秒|[0-9]))"
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
    r"fail|\bdie[sd]?\b|\bdead\b|\blost\b|time-?out|timed out|times out|error|disconnect|\bstop|abort|kill|clos"
    r"|\bcuts?\b|drop|reset"
    r"|terminat|break|broke|\b50[0234]\b|interrupt|ends\b|limit"
    r"|断|挂|超时|报错|失败|错误|切|掐|タイムアウト|エラー|切|끊|오류|시간 ?초과|타임아웃|ошибк|таймаут|тайм-аут|обрыв"
    r"|рв[её]т"
    r"|fehler|abbr|bricht|brechen|arrête|erreur|coup|falla|corta|erro\b|falha"
)
"""Something went wrong at all."""

EACH_TIME: Final = re.compile(
    r"\b(?:always|exactly|precisely|reliably|consistently|invariably|deterministic(?:ally)?|every (?:single )?time"
    r"|each time|without fail|like clockwork|on the dot|to the second|second mark|minute mark|sharp|without exception"
    r"|automatic(?:ally)?|right at|no matter (?:what|how|which)|whatever (?:i|we|you) (?:do|try|set|change)"
    r"|all (?:[a-z]{1,12} ){0,2}(?:requests|streams|calls|responses)|every (?:[a-z-]{1,14} ){0,2}(?:request|stream"
    r"|call|completion|response|answer|job|run))\b"
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
    r"(?:(?<![a-z])(?:load[- ]?balancers?|[aen]lb|nginx|ingress|envoy|istio|haproxy|traefik|caddy|cloudflare|cloudfront"
    r"|cdn"
    r"|pro(?:xy|xies)|nat|firewalls?|vpn|gateways?|tunnel|hops?|intermediar(?:y|ies)|gorouter|app service|heroku"
    r"|middlebox(?:es)?|front door|fastly|apache|squid|zscaler|routers?|mesh)(?![a-z])"
    r"|(?<![a-z])[sc]lb(?![a-z])|云托管|运营商|宝塔|负载均衡|反向代理|反代|代理|网关|防火墙|隧道|ロードバランサ"
    r"|プロキシ|로드 ?밸런서|프록시|게이트웨이|прокси"
    r"|балансировщик|шлюз|passerelle|répartiteur|balanceador|balanceur|lastverteiler)"
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

_WAY: Final = rf"(?:{HOP.pattern}|balancers?\b|waf\b)"
NO_HOP: Final = re.compile(
    r"(?:\b(?:no|without|neither|nor|bypass(?:es|ed|ing)?|not (?:behind|through|using))\b|没有|不经过?|未经过?|无)"
    rf"(?: ?(?:any|an?|the|other|kind of|reverse|http|任何|其他)){{0,3}} ?{_WAY}"
    rf"(?:(?:,| or| and| nor|/|、|和|或|也){{1,2}} ?(?:(?:no|any|an?|the|reverse|没有) ?){{0,2}}{_WAY}){{0,4}}"
)
"""It is said that nothing of the kind is on the way."""

PLATFORM: Final = re.compile(
    r"(?<![a-z])(?:vercel|netlify|cloud ?run|lambda|serverless|(?:cloud|edge|azure) functions?|ngrok|render\.com"
    r"|railway|fly\.io|knative|kubernetes|k8s|openshift|api management|apim|akamai|edgeone|waf|service mesh"
    r"|workers?\.dev)(?![a-z])"
    r"|云函数|函数计算|云原生|边缘函数"
)
"""Somebody else's platform, which has clocks of its own, is named."""

REJECTED: Final = re.compile(r"\b(?:gives? up|rejects?|bails? out|quits?|i get nothing|we get nothing)\b|放弃|报错")
"""Who called stopped to wait."""

LOCAL: Final = re.compile(
    r"\blm ?studio\b|\bllama[ .-]?(?:cpp|server|file)\b|\bollama\b|\bkobold ?cpp\b|\blocalhost\b"
    r"|(?<![0-9.])127\.0\.0\.1(?![0-9])|\blocal (?:model|llm|inference|server|vllm)"
    r"|\b(?:runs?|running|served) locally\b"
    r"|\bon (?:my|the same|this) (?:own )?(?:machine|box|gpu|laptop|pc|desktop|computer|mac|host)\b"
    r"|本地|本机|本機|ローカル|로컬|локальн"
)
"""The model runs beside who calls it."""

NEVER: Final = re.compile(
    r"\b(?:nothing|none|no (?:[a-z-]{1,14} ){0,3}(?:calls?|requests?|quer(?:y|ies)|answers?|repl(?:y|ies)|responses?"
    r"|generations?|streams?|prompts?|connections?|runs?|jobs?))\b[^.;]{0,70}\b(?:works?|worked|succeed(?:s|ed)?"
    r"|surviv(?:es?|ed)|complet(?:es?|ed)|finish(?:es|ed)?|(?:gets?|got|goes|went) through|(?:comes?|came) back"
    r"|(?:makes?|made) it|lives?|ever returns?)\b"
    r"|(?:没有|无)(?:一个|任何)?[^。；]{0,16}(?:超过|大于|长于)[^。；]{0,20}(?:成功|能(?:返回|完成|跑完|用)|返回)"
)
"""No call that takes longer than the span beside it ever works."""

LOST: Final = re.compile(
    r"\bnever (?:come|return|work|succe|finish|complet|get|got|surviv|make|made|arriv|answer)[a-z]{0,6}"
    r"|\bhangs?\b|\bhung\b|\b(?:is|are|was|were) (?:gone|lost|dead)\b|\bgoes? (?:dead|missing|silent)\b"
    r"|没有?(?:了|下文|响应|回应|反应)|卡死|卡住"
)
"""A call never came to its end."""

BEYOND: Final = re.compile(
    r"\b(?:anything|everything|whatever|whichever|calls?|requests?|answers?|repl(?:y|ies)|responses?|generations?"
    r"|streams?|prompts?|runs?|jobs?|turns?|ones?|that|which|it)\b(?: [a-z-]{1,12}){0,4} (?:longer|slower|more|over"
    r"|above|beyond|past|exceeds?|exceeding)(?: than)? (?:about |around |roughly |some |~)?$"
    r"|(?:超过|超過|大于|长于|一旦到|只要过)(?:了)?(?:约|大约)?$"
)
"""Right before a span: what takes longer than it."""

AND_MORE: Final = re.compile(r"^ ?(?:(?:or|and) (?:longer|more|above|over|up)\b|\+|以上|及以上)")
"""Right after a span: the same."""

FAR: Final = re.compile(
    r"\b(?:would|could|will|does|did|had|has) (?:have |still |eventually |happily |gladly |surely |normally |only |be "
    r"|otherwise |in fact |actually |just ){0,3}(?:answer|respond|repl|finish|complet|deliver|return|done|ready"
    r"|come back)[a-z]{0,4}\b"
    r"|\b(?:server|backend|back end|model|upstream|provider|origin|far (?:side|end)|other (?:side|end)|vllm|ollama"
    r"|container|function|application|worker)\b(?:'s)?(?: (?!not |never )[a-z]{1,12}){0,4} (?:finish|complet|answer"
    r"|respond|repl|deliver|return|log|show|keep|generat)[a-z]{0,4}\b[^.;]{0,40}\b(?:later|afterwards?|at minute"
    r"|(?:in|after) [0-9a-z]|anyway|fine|normally|even though|200|for another)\b"
    r"|(?:上游|后端|服务端|模型|对端|服务器)[^。；]{0,16}(?:其实|仍|还在|才|后来|稍后|本来|照样|正常|早就|之后)"
    r"[^。；]{0,12}(?:返回|回复|响应|完成|生成|输出|算完)"
    r"|\b(?:direct(?:ly)?|locally|without the [a-z ]{3,20})\b[^.;]{0,40}\b(?:works?|fine|succeeds?|completes?)\b"
)
"""The far side was at work, and would have answered."""

OWN_CLOCK: Final = re.compile(
    r"\b(?:client|sdk|httpx|requests|axios|fetch|undici|okhttp|urllib3|aiohttp|langchain|openai|anthropic|curl|agent"
    r"|cli|browser|node|python|java|plugin|extension|script|caller|user)(?:'s)?"
    r"(?:[ -](?!gateway|proxy|balancer|nginx)[a-z]{1,12}){0,3}[ -](?:time-?outs?|tim(?:es|ed|ing) out)\b"
    r"|\btime-?out(?:_?ms|_?s|_?seconds)? ?[=:(] ?[0-9]|\b(?:read|request|total|socket|http|api)_time-?out\b"
    r"|(?:客户端|客戶端|sdk|httpx|axios|脚本|插件)[^。；]{0,8}超时"
)
"""The timer of a client is named."""

OWN_LENGTH: Final = re.compile(
    r"[ =:(]{1,3}(?:is |of |was |are |set |to |at |even |already ){0,3}(?P<number>[0-9]{2,6})(?![0-9])"
)
"""Right after the timer of a client: how long it is, in what unit ever."""

LEFT: Final = re.compile(
    r"context cancell?ed|\brequest (?:was |is |got )?cancell?ed|\bclient (?:has |had |is |was )?(?:disconnect(?:s|ed)?"
    r"|closed|gone|went away)|(?<![0-9.])499(?![0-9.])|broken pipe|客户端[^。；]{0,4}(?:断开|取消|关闭)"
    r"|上下文(?:被|已)?取消|请求被?取消"
)
"""What a server says when whoever asked it is gone."""

HOP_TIMER: Final = re.compile(
    r"(?<![a-z])(?:load[- ]?balancers?|[aenscg]lb|nginx|openresty|ingress|envoy|istio|haproxy|traefik|caddy|cloudflare"
    r"|cloudfront|fastly|akamai|edgeone|cdn|(?:reverse |http )?prox(?:y|ies)|apache|front door|heroku|vercel|tunnel"
    r"|firewall|nat)(?![a-z])(?:'s|s)?(?:[ :(-]{1,2}(?!error|client|caller|user|log|show|report)[a-z0-9.%]{1,16}){0,6}"
    r"[ (-]{0,2}(?:(?:read|send|response|idle|gateway|origin|upstream|request|default)[ _-]?)?"
    r"(?:time-?outs?|tim(?:es|ed|ing) out|time limit|cut-?off|g[ai]ves? up)"
    r"|\b(?:proxy|fastcgi|uwsgi|grpc|client_body)_(?:read|send)_timeout|\bproxytimeout\b"
    r"|(?:nginx|cdn|cloudflare|反向代理|反代|负载均衡|网关|代理层?|宝塔|[sc]lb|平台|边缘节点)[^。；]{0,20}"
    r"(?:超时|超時|时限|时间限制|timeout)|回源超时|源站超时"
)
"""The timer of a hop is named."""

TRIGGER: Final = re.compile(
    r"\b(?:because|since|so (?:our|the|my|we|that|all)|due to|caus(?:es?|ed|ing)|trigger(?:s|ed|ing)?|fir(?:es?|ed|ing)"
    r"|hits?|hitting|kicks? in|kicked in|whenever|when|once|as soon as|leads? to|led to|results? in|makes?|brings?"
    r"|expir(?:es?|ed|ing)|elaps(?:es?|ed)|reach(?:es|ed)?|strikes?|struck|thanks to|comes? from|is just|is only"
    r"|simply|first|after)\b"
    r"|导致|触发|引起|造成|引发|因为|由于|原因|所以|于是|就断|先断|先超时|先关|就会|一到|到点|后[，,]|时[，,]|到了"
    r"|->|=>|→"
)
"""One thing brings about the other."""

DENIED: Final = re.compile(
    r"\b(?:still|even|already|although|despite|ruled out|nonetheless|regardless|isn't|wasn't|no longer|raised|increased"
    r"|bumped|(?:is|was|it's|that's) not|not (?:the|a|by|because|due|caused|nginx|our))\b"
    r"|仍|还是|依然|不是|排除|无关|已经?(?:调|改|设|加|放)"
)
"""It is denied, or had been changed before."""

_LENGTH: Final = re.compile(
    r"(?P<number>[0-9]{1,7}(?:\.[0-9]{1,3})?)(?:-[0-9.]{1,8})?[ -]?多?(?P<unit>ms|mil|毫|m|м|分|분|.)"
)
_COUNTS: Final = (
    *((0.5, "half 半"), (1, "a one 一"), (2, "two couple 两 二"), (3, "three 三"), (4, "four 四"), (5, "five 五")),
    *((6, "六"), (7, "七"), (8, "八"), (9, "九"), (10, "ten 十"), (15, "fifteen"), (20, "twenty"), (30, "thirty")),
    *((60, "sixty"), (90, "ninety"), (100, "hundred")),
)
_SPELLED: Final = {word: count for count, words in _COUNTS for word in words.split(" ")}


def seconds(span: str) -> float:
    """How many seconds a `SPAN` is; 0 for "several"."""
    found = _LENGTH.match(span)
    if found is None:
        count = _SPELLED.get(re.split("[ -]", span, maxsplit=1)[0], _SPELLED.get(span[0], 0))
        return count * (10.0 if span.endswith("秒") else 1.0 if "second" in span else 60.0)
    unit = found["unit"]
    return float(found["number"]) * (0.001 if unit in ("ms", "mil", "毫") else 60.0 if unit in "mм分분" else 1.0)
