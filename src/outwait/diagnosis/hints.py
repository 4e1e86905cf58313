"""Words that name causes without meaning them: hints, guesses and examples that programs print with every error.

They are blanked before anything is read. `If it persists, check your API key` is no sign of a bad key, and the name of
a filter's field, which stands in every answer of some providers, is no sign of a filter.
"""

from __future__ import annotations

import re
from typing import Final

_HINTS: Final = re.compile(
    r"api_timeout_ms=[0-9]{1,12} ?ms, try increasing it"
    r"|(?:this|it|which|that) (?:can|may|might|could)(?: also)? (?:happen|occur|be (?:due|caused|because|related"
    r"|a))[^.\n]{0,200}"
    r"|(?:the )?[a-z]{1,20} ?(?:endpoint|server|service|api) may be [^.\n]{0,80}"
    r"|(?:possible|potential|common|likely) (?:causes?|reasons?)[ :]{1,3}[^\n]{0,400}"
    r"|(?<!to )(?:please )?\b(?:check|verify|make sure|ensure)(?: that)? (?:your|the|that|you)\b[^.;\n]{0,120}"
    r"|if (?:it|this|that|the (?:problem|issue|error)) (?:persists?|continues?|keeps?)[^.\n]{0,160}"
    r"|(?:usually|typically|often|normally) (?:means|caused|happens|temporary|indicates)[^.\n]{0,160}"
    r"|(?:for help|for more (?:information|details)|to learn more|read more|see also)[^\n]{0,10}"
    r"|either (?:the|your) [^.\n]{1,80} or (?:there|the|your)\b[^.\n]{1,80}"
    r"|if you (?:think|believe|suspect)[^.\n]{0,120}|have you (?:tried|checked)[^.\n]{0,80}"
    r"|more information about this error may be available[^.\n]{0,60}"
    r"|<empty message>"
    r"|default is [0-9]{1,12} (?:seconds|s|ms)"
    r"|(?:可能(?:是|的原因|原因|由于|因为))[^。\n]{0,100}|请检查[^。，\n]{0,60}"
    # where it happened: a conversation that had just begun has no length to complain of
    r"|(?<!fit )\b(?:in|into|within|with|inside|from|using|for) (?:(?:a|an|the|another|each|every|my|our|its)"
    r" ){0,2}(?:brand[- ])?(?:new|fresh|clean|empty|separate|different|second|next|other|isolated|another)"
    r" context windows?\b(?! (?:limit|size|length|of [0-9]|exceed|is|was))"
    r"|在?(?:一个|另一个|另外的?|每个)?(?:全新|崭新|新开?|干净|空白?)的?(?:上下文窗口|上下文)(?:中|里|内|下)"
    # what an answer says of its own filters when they found nothing: names of fields, flags that are false
    r"|\bcontent_?filter_?results?[\"']?\W{1,5}error\b[^}]{0,200}"
    r"|\b(?:prompt|content|completion|asynchronous)_?filters?_?(?:results?|details|offsets|raw)\b"
    r"|\b(?:is_?)?(?:filtered|detected|blocked|flagged|(?:in|out)put_sensitive(?:_type)?)[\"']? ?[:=] ?[\"']?(?:false"
    r"|0|null"
    r"|none)\b"
    r"|\bblock(?:ed)?_?reason[\"']?\W{1,4}(?:null|none|undefined|block(?:ed)?_?reason_?unspecified|[\"'][\"'])"
    r"|\brefusal[\"']?\W{1,3}(?:null|none|undefined|[\"'][\"'])|\bmoderation_hit_type[\"']?\W{1,3}(?:[\"'][\"']|null"
    r"|none)"
    r"|\bguardrail_?action[\"']?\W{1,4}none\b"
    r"|\b(?:block(?:ed)?_?reason|safety[_ ]?ratings?|safety_?(?:attributes|results?|feedback|filters?)|refusal"
    r"|moderation|guardrails?|content[_ ]?filter(?:s|ed|ing)?)(?:_?(?:message|results?|details?|trace))?[\"']?"
    r" ?[:=] ?(?:(?:null|none|undefined|nil|false)\b|0(?![0-9.a-z])|[\"']{2}|\[ ?\]|\{ ?\}|\( ?\)"
    r"|<?blockreason\.block(?:ed)?_?reason_?unspecified)"
    r"|\bcontent_?filters?[\"']?\W{1,3}(?:\[ ?\]|\{ ?\}|null|none|false)"
    r"|\bcontent_filter[\"']?\W{1,6}(?:role\W{1,5}[a-z]{4,9}\W{1,5})?level\W{1,4}[1-3]\b"
    r"|\b(?:no|without (?:a|any)|not (?:by )?(?:a|the|any)|nothing to do with (?:a|the)) content[ _]filter(?:s|ing)?\b"
    r"|\bcontent filter(?:s|ing)?\b (?:(?:is|are|was|were|has been) )?(?:disabled|off\b|switched off|not )"
)
_KEPT: Final = re.compile(
    r"plan and billing|good standing|default_request|internet connection|base_?url|api key (?:is|was)"
)


def blanked(folded: str) -> str:
    """`folded` with its hints as blanks, every other character where it was."""
    return _HINTS.sub(lambda hint: hint[0] if _KEPT.search(hint[0]) else " " * len(hint[0]), folded)
