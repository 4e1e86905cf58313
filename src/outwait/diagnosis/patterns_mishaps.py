"""Mishaps around a reply: the first of nothing taken, records that no key opens, balances behind a login's words.

Each is told in words that alone mean something else: an index is out of range in any program, a 403 asks for a login,
a provider is named by whoever called it. What stands near them decides, so these rows look at both.
"""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    BAD_RESPONSE,
    CLIENT,
    CONTEXT,
    CUT,
    EMPTY,
    FIRST_BYTE,
    GATEWAY,
    MIDDLEBOX,
    NETWORK,
    NO_CHANNEL,
    QUOTA,
    RATE,
    TLS,
    TRUNCATED,
)
from outwait.diagnosis.pattern import Pattern, rows

_PLAIN = ""  # plain words have no page to be looked up on
_CHOICES = "https://platform.openai.com/docs/api-reference/chat/object"
_TLS = "https://www.rfc-editor.org/rfc/rfc8446#section-6.2"
_UNDICI = "https://undici.nodejs.org/#/docs/api/Client"
_LOGIN = "https://docs.anthropic.com/en/docs/claude-code/troubleshooting"

# Pieces of rows: what `@name` in one of them stands for.
_PIECES: Final = (
    (
        "@first",  # a program that takes the first choice of a reply, in many languages
        (
            r"(\b(get)?(choices|candidates|generations)\b.{0,8}(\[0\]|\(0\)|\bfirst|\bgetfirst)"
            r"|\b(resp(onse)?|reply|answer|completion|result|message|msg|res|chunk|event|output|body|data|payload|r)\b"
            r"['\")\]]{0,3}"
            r"(\.|->|\?\.|\[)['\"]?(content|outputs?|parts|message\.content)\b.{0,4}(\[0\]|\(0\))"
            r"|\b(content|outputs?)\[0\](\.|\[['\"]?)(text|content|type|message|thinking)\b)"
        ),
    ),
    ("@list", r"\b(choices|candidates|generations|content|outputs?|parts)"),
    (
        "@broke",
        (
            r"(insufficient[_ ]((account|user|wallet|token|credit|your)[_ ]?){0,2}(balance|funds|credits?)\b"
            r"|\b(balance|credits?|funds)[_ ]((is|are|was|has been) ){0,2}(insufficient|too low|exhausted|used up"
            r"|depleted|not enough)|\bnot enough ((account|user) )?(balance|credits?|funds)"
            r"|\b(out of|no|no more) (balance|credits?|funds)\b|\b(in arrears|arrearage|overdue)\b"
            r"|(余额|餘額|残高|点数|积分)(已经?|が)?(不足|不够|用完|用尽|耗尽|[为是:：] ?0(?![.0-9]))"
            r"|欠[费費]|잔액 ?(이 )?부족|saldo insuficiente|solde insuffisant|недостаточно средств"
            r"|guthaben .{0,16}(ausreich|aufgebraucht))"
        ),
    ),
    (
        "@holder",
        (
            r"(?<!slack )(?<!discord )(?<!telegram )(?<!youtube )(?<!bot )\b@owner"
            r"( ['\"]?[a-z0-9_.-]{1,40}['\"]?){0,2}"
        ),
    ),
    (
        "@nohop",  # nothing on the way is named, and no timer for what is at rest
        (
            r"(?<!gateway )(?<!proxy )(?<!nginx )(?<!504 )(?<!balancer )(?<!envoy )(?<!cloudflare )(?<!lb )"
            r"(?<!alive )(?<!idle )"
        ),
    ),
    ("@owner", r"(token|key|group|model|user|account)s?\b"),
    ("@fit", r"((available|usable|valid|active|enabled|matching|configured|assigned|upstream|suitable) ){0,2}"),
    (
        "@altered",
        (
            r"(bad[ _]record[ _]mac|decryption[ _]failed[ _]or|cannot decrypt peer's message|aeadbadtag|tag mismatch"
            r"|sec_e_(decrypt_failure|message_altered))"
        ),
    ),
    (
        "@body",
        (
            r"(?<!request[ _])\b(body|bodies|stream(?!(\.start_tls| =))(ed|ing)?|chunks?|sse|deltas?|download(ed|ing)?"
            r"|mid-?stream|tokens)\b"
        ),
    ),
)


def _rows(source: str, weight: int, cause: str, expressions: str, *, side: str | None = None) -> tuple[Pattern, ...]:
    for name, piece in _PIECES:
        expressions = expressions.replace(name, piece)
    return rows(source, weight, cause, expressions, side=side)


# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
MISHAPS: Final[tuple[Pattern, ...]] = (
    # ------------------------------------------------------------ a list of choices that was there, and held nothing
    *_rows(_CHOICES, 78, EMPTY, r"""
        @first.{0,300}index out of (range|bounds)   index out of (range|bounds).{0,300}@first
        @first.{0,300}index was out of (range|bounds)   index was out of (range|bounds).{0,300}@first
        @first.{0,300}out of bounds for length 0   out of bounds for length 0.{0,300}@first
        @first.{0,300}indexoutofbounds   indexoutofbounds.{0,300}@first
        @first.{0,300}undefined (array key|offset|index):? 0\b   undefined (array key|offset|index):? 0\b.{0,300}@first
        @first.{0,300}range ?error \(index\)   range ?error \(index\).{0,300}@first
        @first.{0,300}nosuchelementexception   nosuchelementexception.{0,300}@first
        \b(_?create_chat_result|stream_chunk_builder)\b.{0,300}list index out of range
        @first.{0,300}sequence contains no elements   sequence contains no elements.{0,300}@first
        @list\b['")\]]{0,3}\[0\].{0,300}of undefined \(reading '(message|delta|text|content|finish_?reason)'
        of undefined \(reading '(message|delta|text|content|finish_?reason)'.{0,300}@list\b['")\]]{0,3}\[0\]
    """),
    *_rows(_CHOICES, 76, BAD_RESPONSE, r"""
        undefined (array key|index):? ['"]?(choices|candidates|content|message|delta|usage)\b
        undefined method '(\[\]|dig|first|message|content)' for nil.{0,300}@first
        @first.{0,300}undefined method '(\[\]|dig|first|message|content)' for nil
    """),
    *_rows(_CHOICES, 58, BAD_RESPONSE, r"""
        cannot read property '(choices|0|message|content|delta|text|candidates|parts)' of (undefined|null)
    """),
    # --------------------------------------------- no money, told with the status of a login
    *_rows(_LOGIN, 97, QUOTA, r"""
        (/login|failed to authenticate)\b[^0-9]{0,80}40[123]\b.{0,160}@broke
        (?<![0-9.])40[13]\b.{0,100}@broke.{0,120}(run|use) /login\b
        (/login|failed to authenticate)\b[^0-9]{0,80}40[13]\b.{0,160}(insufficient[_ ](user[_ ]|token[_ ])?quota|
        \bquota (has been |is |was )?(exceeded|exhausted|used up|not enough)|
        (额度|額度|配额)(已经?)?(不足|不够|用完|用尽|耗尽))
        (?<![0-9.])40[13]\b((?!无效|失效|过期|错误的).){0,100}(额度|額度)(已经?)?(不足|不够|用完|用尽|耗尽)
    """, side=GATEWAY),
    *_rows(_PLAIN, 96, QUOTA, r"""
        (?<![0-9.])40[13]\b((?!invalid|incorrect|expired|无效|失效|过期|错误的).){0,100}@broke
        @broke.{0,40}(?<![0-9.])40[13](?![0-9])
    """),
    # ------------------------------------------------------- a key or a group that no channel of a gateway serves
    *_rows(_PLAIN, 97, NO_CHANNEL, r"""
        @holder (has|have|had|with|got) (no|zero|0) @fitchannels?\b(?! access)
        @holder (do|does|did)( not|n't) have (any|an?) @fitchannels?\b(?! access)
        \bno @fitchannels? ((is|are|was|were) )?(bound|assigned|attached|linked|configured|available|
        enabled)( (to|with|for|in|under|on))? ((this|the|your|current|that|any) ){0,2}@owner
        \bno @fitchannels? (for|in|under|on|behind|of) ((this|the|your|current|that|any) ){0,2}@owner
        \bno_channels?(_available|_found)?\b
    """, side=GATEWAY),
    # ------------------------------------------------------------ how much in a minute, in other orders and languages
    *_rows(_PLAIN, 97, RATE, r"""
        \b(tokens?|requests?|calls?) ([a-z]{3,12} ){0,3}(in|within) (one|a single|1|any|each) (minute|
        second)\b.{0,24}(exceed|over the|above|limit|too many)
        (分間?|秒間?)(の|当たり|あたり|ごと)[^。、]{0,12}(トークン|リクエスト)[^。、]{0,10}(上限|制限|超)
        (분당|초당) ?(최대 )?(토큰|요청)[^.,]{0,12}(초과|한도|제한)
    """),
    # --------------------------------------- a span that is a client's, or one second more as seen by who stood outside
    *_rows(_UNDICI, 79, FIRST_BYTE, r"""
        @nohop\b(time-?outs|times out|timing out)( (errors?|always|consistently|exactly|occur(ring)?|happen(ing)?|
        every time)){0,2} (after|at|around|near) ((exactly|about|around|roughly|almost|~) ?)?(30[01]|
        60[01])(\.[0-9]{1,3})? ?(s|secs?|seconds)\b
        (?<![0-9.])(30[01]|60[01])[ -]?(s|secs?|seconds?)[ -]((provider|upstream|request|client|api|model|
        response) ){0,2}time-?outs\b
    """, side=CLIENT),
    # ------------------------------------------------- records that were altered on the way: neither end did wrong
    *_rows(_TLS, 97, TLS, r"""
        bad[ _]record[ _]mac\b   \bdecryption[ _]failed[ _]or   cannot decrypt peer's message
        (tls|ssl|rustls)\b.{0,60}fail(ed|ure)? to decrypt   aeadbadtagexception   sslexception: tag mismatch
        sec_e_decrypt_failure   sec_e_message_altered
    """, side=NETWORK),
    *_rows(_TLS, 98, TRUNCATED, r"@body.{0,160}@altered   @altered.{0,160}@body", side=NETWORK),
    *_rows(_TLS, 94, TRUNCATED, r"""
        @body.{0,160}unexpected[ _]eof[ _]while[ _]reading\b
        unexpected[ _]eof[ _]while[ _]reading\b.{0,120}(response|reply) body
    """, side=NETWORK),
    # ------------------------------------- a window by itself only says where it happened; one that is too small, what
    *_rows(_PLAIN, 62, CONTEXT, r"""
        context window\b.{0,24}(full|overflow|exhaust|reached|small|short|used up|limit|exceed|[0-9]{3})
        \b(full|overflow|exhaust|ran out|run out|running out|reach|exceed|limit|fit|beyond|too (large|big|long|many|
        much)|(larger|bigger|longer|more|greater) than|max).{0,40}context window
    """),
    # ------------------------------------------- nothing flowed while a tool ran, and the network took it for dead
    *_rows(_PLAIN, 97, CUT, r"""
        (?<!for )\b(network|vpn|nat|firewall|router|carrier|isp|wi-?fi)('?s|[- ](level|layer|side))?[- ](idle|
        inactivity)[- ]time-?outs?\b(?!.{0,120}(puppeteer|
        playwright|\bpage\b|navigation|networkidle))
        \b(idle|inactivity) network time-?outs?\b
        \b(idle|inactivity) time-?outs? (on|of|in|by|from) ((the|our|a|my|some) )?(network|vpn|nat|firewall|router)\b
        ネットワークの?(アイドル|無通信)タイムアウト   네트워크 ?(유휴|아이들) ?(시간 ?초과|타임아웃)
        \bconnections? ((is|are|was|were|gets?|got|being) ){1,2}(dropped|closed|reaped|killed|cut|reset|terminated) (as|
        for being|for going) (idle|inactive)\b
        \bidle (tcp |http |https |network |client |keep-?alive ){0,2}(connections?|sockets?|flows?) ((is|are|was|were|
        gets?|got|being|been|has|have) ){0,3}(dropped|closed|reaped|killed|cut|torn down|severed|reset|
        terminated).{0,40}\b(while|during|when|because)\b.{0,40}\b(tools?|function|mcp|
        commands?|think|reason|prefill|generat|long)
    """, side=MIDDLEBOX),
)
# fmt: on
