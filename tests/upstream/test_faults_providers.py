"""Error replies as the providers document them: each with what it means."""

from __future__ import annotations

import json

import pytest

from outwait.core.fault import Fault
from outwait.upstream.faults import reply_fault

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}
QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []}
TOO_LONG, FILTERED, NO_MODEL = "context_too_long", "content_filtered", "model_not_found"
BAD, LIMITED, OVERLOADED, LATE = "bad_request", "rate_limited", "overloaded", "gateway_timeout_upstream"
AUTH, DENIED, BROKE, EMPTY = "auth_failed", "permission_denied", "quota_exhausted", "upstream_error"
CODES = {AUTH: "upstream_auth", DENIED: "upstream_auth", BROKE: "upstream_quota", NO_MODEL: NO_MODEL}


def told(status: int, body: object, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return reply_fault(status, {"content-type": "application/json", **named}, json.dumps(body).encode(), now=0.0)


def means(fault: Fault, status: int, cause: str) -> None:
    assert (fault.cause, fault.code) == (cause, CODES.get(cause, "upstream_error"))
    if fault.code == "upstream_error":
        assert fault.status == status


@pytest.mark.parametrize(
    "status, type_, message, cause",
    [
        (400, "invalid_request_error", "max_tokens: Field required", BAD),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", TOO_LONG),
        (400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 20000", TOO_LONG),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", BROKE),
        (400, "invalid_request_error", "You have reached your specified API usage limits.", BROKE),
        (400, "invalid_request_error", "Output blocked by content filtering policy", FILTERED),
        (400, "invalid_request_error", "This organization has been disabled.", AUTH),
        (401, "authentication_error", "invalid x-api-key", AUTH),
        (402, "billing_error", "There's an issue with your billing or payment information.", BROKE),
        (403, "permission_error", "Your API key does not have permission to use the specified resource.", DENIED),
        (404, "not_found_error", "model: claude-nope", NO_MODEL),
        (404, "not_found_error", "Not found", BAD),
        (413, "request_too_large", "Request exceeds the maximum allowed number of bytes.", BAD),
        (429, "rate_limit_error", "This request would exceed your organization's rate limit.", LIMITED),
        (500, "api_error", "Internal server error", EMPTY),
        (504, "timeout_error", "Request timed out", LATE),
        (529, "overloaded_error", "Overloaded", OVERLOADED),
    ],
)
def test_anthropic(status: int, type_: str, message: str, cause: str) -> None:
    body = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"}
    means(told(status, body), status, cause)


def test_anthropic_asks_to_wait_in_a_header() -> None:
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "no"}}
    assert told(429, body, retry_after="12").retry_after == 12


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    "status, word, message, cause",
    [
        (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", AUTH),
        (400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "x": Cannot find field.', BAD),
        (400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens.", TOO_LONG),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", DENIED),
        (403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers", AUTH),
        (403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key.", AUTH),
        (403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied", DENIED),
        (404, "NOT_FOUND", "models/gemini-nope is not found for API version v1beta", NO_MODEL),
        (404, "NOT_FOUND", "Publisher Model `projects/p/models/x` was not found or is not open to it", NO_MODEL),
        (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan.", LIMITED),
        (500, "INTERNAL", "An internal error has occurred.", EMPTY),
        (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", OVERLOADED),
        (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.", LATE),
    ],
)
def test_gemini_and_vertex(status: int, word: str, message: str, cause: str, wrapped: bool) -> None:
    body = {"error": {"code": status, "message": message, "status": word}}
    means(told(status, [body] if wrapped else body), status, cause)


@pytest.mark.parametrize(
    "details, seconds",
    [
        ([QUOTA, RETRY], 34.07),
        ([{"retryDelay": "5s"}], 5.0),
        ([{"retryDelay": "soon"}, {"retryDelay": 5}, "x"], None),
        ("x", None),
    ],
)
def test_gemini_asks_to_wait_in_its_details(details: object, seconds: float | None) -> None:
    body = {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": details}}
    assert told(429, body).retry_after == told(429, [body]).retry_after == seconds
    assert told(429, body, retry_after="1").retry_after == 1


def test_gemini_gives_its_reason_in_its_details() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    means(told(400, {"error": {"code": 400, "message": "no", "details": details}}), 400, AUTH)


@pytest.mark.parametrize(
    "status, body, cause",
    [
        (
            400,
            {"error": {"code": "content_filter", "message": "The response was filtered", "param": "prompt"}},
            FILTERED,
        ),
        (400, {"error": {"message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, FILTERED),
        (401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key"}}, AUTH),
        (401, {"statusCode": 401, "message": "Unauthorized. Access token is missing"}, AUTH),
        (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}, NO_MODEL),
        (404, {"error": {"code": "404", "message": "Resource not found"}}, NO_MODEL),
        (429, {"error": {"code": "429", "message": "have exceeded token rate limit. Please retry after 6 s"}}, LIMITED),
    ],
)
def test_azure(status: int, body: object, cause: str) -> None:
    means(told(status, body), status, cause)


@pytest.mark.parametrize(
    "status, name, message, cause",
    [
        (429, "ThrottlingException", "Too many requests, please wait before trying again.", LIMITED),
        (400, "ServiceQuotaExceededException", "Your request exceeds the service quota", LIMITED),
        (400, "ValidationException", "The provided model identifier is invalid.", NO_MODEL),
        (400, "ValidationException", "Invocation of model ID x with on-demand throughput isn't supported", NO_MODEL),
        (400, "ValidationException", "Malformed input request: #: required key [max_tokens] not found", BAD),
        (400, "ValidationException", "Input is too long for requested model.", TOO_LONG),
        (403, "AccessDeniedException", "You don't have access to the model with the specified model ID.", DENIED),
        (403, "UnrecognizedClientException", "The security token included in the request is invalid.", AUTH),
        (403, "InvalidSignatureException", "The request signature we calculated does not match", AUTH),
        (403, "ExpiredTokenException", "The security token included in the request is expired", AUTH),
        (404, "ResourceNotFoundException", "Could not resolve the foundation model from model identifier", NO_MODEL),
        (429, "ModelNotReadyException", "The model is not ready", OVERLOADED),
        (408, "ModelTimeoutException", "The model has timed out in processing the request.", LATE),
        (424, "ModelErrorException", "The system encountered an unexpected error during processing.", EMPTY),
        (503, "ServiceUnavailableException", "Bedrock is unable to process your request.", OVERLOADED),
        (500, "InternalServerException", "The system encountered an unexpected error", EMPTY),
    ],
)
def test_bedrock(status: int, name: str, message: str, cause: str) -> None:
    named = f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    fault = told(status, {"message": message}, x_amzn_errortype=named)
    means(fault, status, cause)
    assert fault.detail is not None
    assert f"HTTP {status}, {name}: " in fault.detail


@pytest.mark.parametrize(
    "status, body, cause",
    [
        # OpenAI, DeepSeek, Moonshot
        (404, {"error": {"message": "This model is only supported in v1/responses", "param": "model"}}, BAD),
        (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error"}}, BROKE),
        (429, {"error": {"message": "not active", "type": "exceeded_current_quota_error"}}, BROKE),
        (429, {"error": {"message": "slow down", "type": "engine_overloaded_error"}}, OVERLOADED),
        # Qwen
        (400, {"error": {"code": "Arrearage", "message": "Access denied"}}, BROKE),
        (400, {"error": {"code": "data_inspection_failed", "message": "Input data may contain ..."}}, FILTERED),
        # Mistral
        (422, {"object": "error", "message": {"detail": [{"msg": "Extra inputs"}]}, "type": "invalid_request"}, BAD),
        (429, {"object": "error", "message": "Service tier capacity exceeded for this model."}, LIMITED),
        # Groq
        (413, {"error": {"message": "Request too large on TPM", "code": "rate_limit_exceeded"}}, LIMITED),
        (498, {"error": {"message": "Flex tier capacity exceeded"}}, OVERLOADED),
        # vLLM, Ollama
        (404, {"error": {"message": "The model `x` does not exist.", "type": "NotFoundError", "code": 404}}, NO_MODEL),
        (404, {"error": {"message": "model 'x' not found", "type": "not_found_error"}}, NO_MODEL),
        # OpenRouter
        (402, {"error": {"code": 402, "message": "Insufficient credits."}}, BROKE),
        (403, {"error": {"code": 403, "message": 'Your input was flagged for "violence".'}}, FILTERED),
        (200, {"error": {"code": 502, "message": "Upstream error from Chutes"}}, EMPTY),
        # xAI, Zhipu
        (403, {"error": "Your team has used all available credits or reached its monthly spending limit."}, BROKE),
        (429, {"error": {"code": "1113", "message": "您的账户已欠费"}}, BROKE),
    ],
)
def test_compatible_ones(status: int, body: object, cause: str) -> None:
    fault = told(status, body)
    means(fault, 502 if status == 200 else status, cause)
