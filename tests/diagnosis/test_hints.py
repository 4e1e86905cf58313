from __future__ import annotations

import pytest

from outwait.diagnosis.hints import blanked
from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom

SAFE = '"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"detected":false,"filtered":false}'


@pytest.mark.parametrize(
    "hint",
    [
        "please check your api key and the model",
        "this may be caused by a rate limit",
        "if the problem persists, sign in again",
        "possible causes: dns, proxy, certificate",
        "可能的原因：余额不足",
        "请检查网络连接",
    ],
)
def test_hints_are_blanked_where_they_stand(hint: str) -> None:
    text = f"connection refused. {hint}"
    found = blanked(text)
    assert len(found) == len(text)
    assert found.strip() == "connection refused."


def test_words_that_only_look_like_hints_are_kept() -> None:
    text = "please check your plan and billing details"
    assert blanked(text) == text


@pytest.mark.parametrize(
    "text, cause",
    [
        # a filter that found nothing, in each spelling, around the failure
        (f'{{"choices":[],"prompt_filter_results":[{{"content_filter_results":{{{SAFE}}}}}]}}', "empty_response"),
        (
            "Chunk(choices=[], prompt_filter_results=[{'hate': {'filtered': False}}]) list index out of range",
            "empty_response",
        ),
        ("{ choices: [], prompt_filter_results: [ { hate: { filtered: false } } ] } reading 'delta'", "empty_response"),
        (
            f'{{"content_filter_results":{{{SAFE}}},"finish_reason":"stop","message":{{"content":"","refusal":null}}}}',
            "empty_response",
        ),
        (
            '{"choices":[],"content_filter_result":{"error":{"code":"content_filter_error","message":"not filtered"}}}',
            "empty_response",
        ),
        (
            f'429 {{"error":{{"message":"exceeded call rate limit"}},"content_filter_results":{{{SAFE}}}}}',
            "rate_limited",
        ),
        ('{"candidates":[],"promptFeedback":{"safetyRatings":[{"blocked":false}]}}', "empty_response"),
        ('{"candidates":[],"promptFeedback":{"blockReason":null}}', "empty_response"),
        ('{"choices":null,"input_sensitive":false,"output_sensitive":false}', "empty_response"),
        ('{"choices":[],"content_filter":[{"level":3,"role":"user"}]}', "empty_response"),
        ('{"guardrailAction":"NONE","error":"ThrottlingException"}', "rate_limited"),
        ("504 Gateway Time-out; the content filter was disabled", "gateway_timeout_upstream"),
        # a filter that did
        (f'{{"content_filter_results":{{{SAFE},"sexual":{{"filtered":true,"severity":"high"}}}}}}', "content_filtered"),
        ("{'content_filter_result': {'violence': {'severity': 'medium', 'filtered': True}}}", "content_filtered"),
        (
            f'{{"choices":[{{"content_filter_results":{{{SAFE}}},"finish_reason":"content_filter"}}]}}',
            "content_filtered",
        ),
        (f'{{"error":{{"code":"content_filter","content_filter_result":{{{SAFE}}}}}}}', "content_filtered"),
        ('{"safetyRatings":[{"probability":"HIGH","blocked":true}]}', "content_filtered"),
        ('{"promptFeedback":{"blockReason":"OTHER"}}', "content_filtered"),
        ('{"guardrailAction":"INTERVENED"}', "content_filtered"),
        ("The request was blocked by the content filter", "content_filtered"),
    ],
)
def test_a_filters_field_is_no_filter(text: str, cause: str) -> None:
    assert read(Symptom(text)).best.cause == cause


def test_what_a_filter_only_saw_is_not_said_for_sure() -> None:
    assert read(Symptom('{"jailbreak":{"detected":true,"filtered":false}}')).confidence != "high"


@pytest.mark.parametrize(
    "text, cause",
    [
        # where it happened
        ("The request failed in a new context window", "unknown"),
        ("After compaction, in a brand-new context window: connection reset by peer", "connect_reset"),
        ("it hangs within another fresh context window", "unknown"),
        ("在新的上下文窗口中也报错", "unknown"),
        # what happened
        ("your prompt does not fit in a new context window", "context_too_long"),
        ("too many tokens for a new context window", "context_too_long"),
        ("in a new context window: prompt is too long", "context_too_long"),
        ("即使在新的上下文窗口中也提示超出上下文长度", "context_too_long"),
        ("exceeds the limit in a new context window of 8192 tokens", "context_too_long"),
    ],
)
def test_where_it_happened_is_no_length(text: str, cause: str) -> None:
    assert read(Symptom(text)).best.cause == cause


DUMPED = (
    "AIMessage(content='', response_metadata={'prompt_feedback': {'block_reason': 0, 'safety_ratings': []}, "
    "'finish_reason': 'MAX_TOKENS', 'safety_ratings': []}, usage_metadata={'output_tokens': 0, "
    "'output_token_details': {'reasoning': 1023}})"
)


@pytest.mark.parametrize(
    "text",
    [
        DUMPED,
        "{'finish_reason': 'MAX_TOKENS', 'block_reason': 0, 'output_tokens': 0, 'details': {'reasoning': 800}}",
        '{"content": "", "finish_reason": "length", "safety_ratings": [], "block_reason": 0}',
        '{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS","safetyRatings":[]}]}',
        "{'content': {'parts': [{'text': ''}], 'role': 'model'}, 'finish_reason': 'MAX_TOKENS', 'safety_ratings': []}",
        '{"candidates":[{"finishReason":"MAX_TOKENS","index":0}],"promptFeedback":{"blockReason":""}}',
        "ChatCompletionMessage(content='', refusal=None, role='assistant'), finish_reason='length'",
        '{"content_filtered": false, "refusal": {}, "moderation": null, "text": "", "finish_reason": "stop"}',
        "{'block_reason': <BlockReason.BLOCKED_REASON_UNSPECIFIED: 0>}, content='' finish_reason='MAX_TOKENS'",
    ],
)
def test_default_fields_of_an_empty_answer_are_no_filter(text: str) -> None:
    assert read(Symptom(text)).best.cause == "empty_response"


@pytest.mark.parametrize(
    "text",
    [
        DUMPED.replace("'block_reason': 0", "'block_reason': 2"),
        DUMPED.replace("MAX_TOKENS", "SAFETY"),
        "{'prompt_feedback': {'block_reason': 'OTHER', 'safety_ratings': []}}",
        "content_filter: triggered",
    ],
)
def test_a_field_that_says_something_is_a_filter(text: str) -> None:
    assert read(Symptom(text)).best.cause == "content_filtered"
