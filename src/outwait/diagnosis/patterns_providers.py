"""How providers say it: OpenAI and those that speak like it, Azure, Anthropic, Google, Bedrock and others."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CLIENT,
    CONTEXT,
    EMPTY,
    FILTERED,
    GATEWAY_TIMEOUT,
    NO_MODEL,
    OVERLOADED,
    PERMISSION,
    QUOTA,
    RATE,
    TRUNCATED,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_AZURE = "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/content-filters"
_AZURE_QUOTA = "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/quota"
_ANTHROPIC = "https://docs.claude.com/en/api/errors"
_GEMINI = "https://ai.google.dev/gemini-api/docs/troubleshooting"
_GEMINI_STOP = "https://ai.google.dev/api/generate-content#FinishReason"
_VERTEX = "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"
_MISTRAL = "https://docs.mistral.ai/api/"
_COHERE = "https://docs.cohere.com/reference/errors"
_XAI = "https://docs.x.ai/docs/key-information/debugging"
_GROQ = "https://console.groq.com/docs/errors"
_TOGETHER = "https://docs.together.ai/docs/error-codes"
_HF = "https://huggingface.co/docs/inference-providers/index"
_GITHUB = "https://docs.github.com/en/github-models/use-github-models/prototyping-with-ai-models#rate-limits"
_COPILOT = "https://docs.github.com/en/copilot/how-tos/troubleshoot-copilot"
_PERPLEXITY = "https://docs.perplexity.ai/guides/usage-tiers"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
PROVIDERS: Final[tuple[Pattern, ...]] = (
    # ------------------------------------------------------------------------------------------- money: nothing is left
    *rows(_OPENAI, 93, QUOTA, r"""
        insufficient_quota   exceeded your current quota   check your plan and billing   billing_hard_limit
        billing hard limit   billing_not_active   account is not active   access_terminated_due_to_billing
        quota_exceeded   usage limit has been reached   you've hit your usage limit   you have hit your usage limit
        monthly (usage|spend|spending|budget) limit
        (used|reached) (all|up|your) .{0,40}(available )?(credits|spending|usage).{0,20}(limit|quota)?
        (used|reached) (all|up|your) .{0,40}(available )?(credits|spending|usage).{0,20}(credits|used)?
        (exceeded|hit) (all|up|your) .{0,40}(available )?(credits|spending|usage).{0,20}(limit|quota)?
        (exceeded|hit) (all|up|your) .{0,40}(available )?(credits|spending|usage).{0,20}(credits|used)?
        (used|reached) (all|up|your) .{0,40}(available )?(monthly|weekly).{0,20}(limit|quota|credits|used)?
        (exceeded|hit) (all|up|your) .{0,40}(available )?(monthly|weekly).{0,20}(limit|quota|credits|used)?
        (used|reached) (all|up|your) .{0,40}(available )?(daily|plan|quota|budget).{0,20}(limit|quota)?
        (used|reached) (all|up|your) .{0,40}(available )?(daily|plan|quota|budget).{0,20}(credits|used)?
        (exceeded|hit) (all|up|your) .{0,40}(available )?(daily|plan|quota|budget).{0,20}(limit|quota)?
        (exceeded|hit) (all|up|your) .{0,40}(available )?(daily|plan|quota|budget).{0,20}(credits|used)?
        out of credits   no credits   insufficient (credit|balance|fund)   insufficient[_ ](balance|credits?|funds)
        insufficient account balance   balance is (too low|insufficient|not enough)
        not enough (credit|balance|money|fund)   negative (credit )?balance   payment required
        overdue (payment|balance|bill)   budget (has been )?exceeded
        free (tier|quota|trial|credits?|plan|usage).{0,40}(exhausted|expired|used up|exceeded|ended|over)
        trial (has )?(ended|expired)   credit(s)? (has |have )?(run out|expired|been exhausted|exhausted)
        top up your|recharge your (account|balance)   requires more credits   you (need|require) more credits
        spending limit   spend limit   purchase (more )?credits   add (more )?credits
    """),
    *rows(_ANTHROPIC, 96, QUOTA, r"""
        credit balance is too low   reached your specified api usage limits   usage limit reached
        you will regain access on   5-hour limit reached   weekly limit reached   limit reached .{0,6}resets
        out of extra usage
    """),
    *rows(_BEDROCK, 91, QUOTA, r"""
        too many tokens per day   servicequotaexceeded   daily (token|request) (limit|quota)   tokens per day
        \btpd\b   requests per day   \brpd\b   per ?day.{0,40}free ?tier
    """),
    *rows(_GEMINI, 84, QUOTA, r"""
        perday(per|\b)   requests ?perday   quota exceeded for quota metric.{0,200}per day   limit: 0\b
    """),
    *rows("https://platform.moonshot.ai/docs/api/chat#error-codes", 97, QUOTA, r"exceeded_current_quota"),
    *rows("https://help.aliyun.com/zh/model-studio/error-code", 97, QUOTA, r"""
        arrearage   account is in good standing   setlimitexceeded
    """),
    *rows(_COPILOT, 92, QUOTA, r"""
        no (remaining|more) ([a-z]{1,12} ){0,2}(requests?|credits?|quota|usage|messages)
        premium requests?.{0,60}(exceeded|exhausted|limit|allowance)   quota for .{0,40}premium
        exhausted your .{0,40}(quota|capacity|allowance)
    """),
    # ------------------------------------------------------------------------------------------------ rate and tokens
    *rows(_OPENAI, 88, RATE, r"""
        rate limit reached for   tokens per min   requests per min   \(tpm\)   \(rpm\)   max rpm   max tpm
        too many requests   rate[_ -]?limit[_ -]?exceeded   rate limit(ed)? (reached|exceeded|hit|for|error)
        exceeded .{0,40}rate limit   request was (rejected|throttled|denied) .{0,40}(rate|limit)
        would exceed (your|the) .{0,60}rate limit   requests? (have|has) exceeded .{0,60}rate
        concurren(t|cy) (requests? )?limit   too many concurrent   max(imum)? concurren   requests per second
        hit (the|a|your) rate limit   throttl   slow_down   rate limited   request rate (is )?(increased|too)
        too_many_requests   number of concurrent connections   maximum usage size   acceleration limit
        temporarily rate-limited upstream   rate-limited upstream   quota exceeded for quota metric
        quota exceeded for metric   quota will reset after
    """),
    *rows(_AZURE_QUOTA, 93, RATE, r"""
        exceeded (call|token) rate limit of your current   exceeded the call rate limit   exceeded token rate limit
    """),
    *rows(_VERTEX, 88, RATE, r"""
        resource exhausted   resource has been exhausted   error-code-429   online prediction request quota exceeded
    """),
    *rows(_BEDROCK, 90, RATE, r"""
        throttlingexception   too many tokens, please wait   requestlimitexceeded   too many requests, please wait
        limitexceededexception
    """),
    # ---------------------------------------------------------------------------------------------------------- load
    *rows(_ANTHROPIC, 94, OVERLOADED, r"""
        overloaded_error   overloadederror   \"overloaded\"   : overloaded   \b529\b.{0,40}overload
    """),
    *rows(_OPENAI, 92, OVERLOADED, r"""
        (model|engine|server) (is |are )?(currently |temporarily |too ){0,3}(overloaded|busy|at capacity)
        (service|system) (is |are )?(currently |temporarily |too ){0,3}(overloaded|busy|at capacity)
        (model|engine|server) (is |are )?(currently |temporarily |too ){0,3}(over capacity|under heavy)
        (service|system) (is |are )?(currently |temporarily |too ){0,3}(over capacity|under heavy)
        (provider|api) (is |are )?(currently |temporarily |too ){0,3}(overloaded|busy|at capacity)
        (instance|cluster) (is |are )?(currently |temporarily |too ){0,3}(overloaded|busy|at capacity)
        (provider|api) (is |are )?(currently |temporarily |too ){0,3}(over capacity|under heavy)
        (instance|cluster) (is |are )?(currently |temporarily |too ){0,3}(over capacity|under heavy)
        engine_overloaded   server_overloaded   overloaded with other requests   that model is currently
        currently overloaded   (is|are) overloaded   high demand   heavy load   high load
        (no|insufficient|not enough|limited|out of) (available )?capacity
        capacity (constraints?|exceeded|limit|is exhausted|available)   capacity exhausted   at (full |max )?capacity
        too busy   server busy   server is busy   model_capacity   no capacity   over capacity   server_busy
        serviceunavailableexception   modelnotready   model not ready
        model is (still |currently )?(loading|warming|starting|unavailable)   overloaded
        experiencing (high|heavy|unusually|increased|exceptionally)   no instances? available   no_capacity
        queue (is )?full   queue is too long   backpressure   server_error.{0,40}overload   is at capacity
    """),
    *rows(_BEDROCK, 90, OVERLOADED, r"""
        modelnotreadyexception   serviceunavailable: bedrock   bedrock is unable to process your request
    """),
    # ------------------------------------------------------------------------------------------------------ the window
    *rows(_OPENAI, 95, CONTEXT, r"""
        context_length_exceeded   maximum context length   max(imum)? context (length|window|size)
        context (length|window|size) (is |was |has been )?(exceeded|too|limit|of|error)
        exceeds? (the )?(model'?s? )?(max(imum)? )?(available )?context
        exceeded (the |model )?(max(imum)? )?(token limit|token count|context)   prompt is too long
        input is too long   input (length|tokens?) .{0,60}exceed   input token count.{0,60}exceeds
        exceeds the maximum number of tokens   too many (input |prompt )?tokens(?! per|, please wait)
        too long to fit in(to)? (the )?(model|context|window)   reduce the length of (the|your)   max_model_len
        longer than the (model|maximum|specified)
        prompt (is |was )?(too (long|large|big)|exceeds)   request too large for model context
        string_above_max_length   string too long   number of (input )?tokens .{0,40}(exceed|greater|larger)
        token(s)? (limit )?(was |is |has been )?exceed   input_too_long   range of input length should be
        exceed_context_size   available context size   model_context_window_exceeded
        total (message )?token length exceed   prompt_too_long   context_too_large   context_window_exceeded
        contextwindowexceeded   must have less than [0-9]{1,12} tokens   `?'?inputs'? tokens \+ 'max_new_tokens'
        tokens \+ .{0,20}max_new_tokens.{0,20}must be
        exceeds? (the )?(maximum )?(allowed )?(input|prompt|token) (length|limit|size|count)
        conversation (is )?too long   上下文(长度|窗口)?(超|过长|超过|溢出)
        (输入|内容|文本|提示词|prompt|对话|消息)(内容)?(长度)?(过长|超长|太长|超出|超过)
        超(过|出)(了)?(模型)?(的)?(最大|上下文|token)   最大上下文   tokens?.{0,6}(超|过多)
    """),
    *rows(_OPENAI, 93, RATE, r"""
        request too large for .{1,120}(tokens per min|tpm|organization|input tokens)
        request too large for (gpt|model|o[0-9]).{0,200}limit [0-9]{1,12}, requested
    """),
    *rows(_ANTHROPIC, 90, BAD_REQUEST, r"""
        request_too_large   request exceeds the maximum (size|allowed)   prompt contains too many images
        image exceeds
    """, side=CLIENT),
    # ------------------------------------------------------------------------------------------------ filters, refusals
    *rows(_AZURE, 96, FILTERED, r"""
        content[_ ]filter   content management policy   responsibleaipolicyviolation   responsible ai
        contentpolicyviolation   content_policy_violation   content polic(y|ies)   content filtering policy
        jailbreak.{0,20}detected\b(?![\"']? ?[:=])   rejected as a result of our safety system   safety system
        moderation_blocked
        violat(e|es|ed|ing|ion)s?\b(?!.{0,20}content security).{0,60}(policy|policies|terms|guidelines)
        flagged (as|by|for)   was flagged
        content (was |is |has been )?(flagged|blocked|filtered|moderated)   output blocked   input blocked
        content_blocked   data_inspection_failed   inappropriate content
        blocked (by|due to|because of) (?!cors).{0,60}(safety|recitation|policy|filter)
        blocked (by|due to|because of) .{0,60}(moderation|guard|prohibited|content)   prohibited_content
        prohibited content   promptfeedback.{0,80}block   block_?reason   blockreason
        finish_?reason\W{1,40}(safety|recitation|blocklist|spii|prohibited_content)
        finish_?reason\W{1,40}(image_safety|language|content_filter|refusal|sensitive)   stop_reason\W{1,6}refusal
        blockedpromptexception   stopcandidateexception   responsevalidationerror
        safety (ratings|settings|filter|reasons|concerns)   sensitive (content|information|words?)   unsafe content
        new_sensitive   invalid_prompt   finish_reason(`|'|\")? (is|was|of)? ?(3|4|safety|recitation)\b
        内容(安全|审核|违规|过滤|审查)   敏感(内容|信息|词)   违规内容   不安全(的)?内容   风险(内容|控制)   涉及敏感
        触发.{0,10}(审核|安全|敏感|风控)   sensitive_words_detected   limited access to this content for safety
    """),
    *rows(_GEMINI_STOP, 95, FILTERED, r"finish_reason is [34]\b   finish_reason\W{1,3}[34]\b.{0,40}candidate"),
    # ---------------------------------------------------------------------------------------------------- keys, rights
    *rows(_OPENAI, 94, AUTH, r"""
        incorrect api key   invalid_api_key   invalid api[- ]?key   api[- _]?key[- _]?invalid
        api key (is )?(not valid|invalid|expired|missing|incorrect|wrong)
        api key (is )?(disabled|revoked|required|not found|not set|has been)   api key not valid   invalid x-api-key
        invalid bearer token   bad api key   wrong api key   invalid authentication
        authentication (failed|failure|error|required|fails)   authentication_error
        invalid (access |auth |api |jwt |id )?token   token (has |is )?(expired|invalid|revoked|not valid)
        token_expired   expired[_ ]token   invalid credentials?
        credentials? (are|is|were) (invalid|missing|expired|not)   account_deactivated   oauth token has expired
        oauth authentication   please run /login   not logged in   login required   no auth credentials found
        invalid_grant   missing (authorization|authentication|bearer|x-api-key|api key|apikey)
        no (authorization|authentication) (header|credentials|token)   invalid_token   api_key_invalid
        acces{1,2}_?token.{0,12}(expired|invalid)   unauthenticated   you must be (logged in|authenticated)
        invalid username or password   bad credentials   invalid signature
        signature (does not match|mismatch|verification failed)   invalid subscription key   incorrect organization
        no such organization   (the )?api key you provided   your authentication token
        api[- ]?key format is incorrect   invalidapikey   accountexpired   身份验证(失败|未通过)
        (密钥|令牌|api[- ]?key|apikey|token|鉴权|认证|授权)(无效|错误|失败|过期|已过期|不正确|不合法)
        (密钥|令牌|api[- ]?key|apikey|token|鉴权|认证|授权)(不存在|未通过|信息错误|为空|缺失|已失效)
        无效(的)? ?(令牌|api|密钥|key|token)   (鉴权|认证|签名)(失败|错误)   未(提供|授权|登录)(令牌)?   该令牌(已|状态)
    """),
    *rows(_OPENAI, 94, PERMISSION, r"""
        unsupported_country_region_territory   country, region, or territory not supported
        user location is not supported   location is not supported
        not (available|supported|accessible) in your (country|region|location|area)
        region.{0,30}not (supported|available|allowed)   unsupported (country|region|location)
        from (an )?unsupported   organization must be verified   must be verified to   verify (your )?organization
        organization has been disabled
        account (has been |is |was )?(suspended|disabled|banned|deactivated|blocked|restricted|locked)
        does not have (access|permission)   do not have (access|permission)   don't have (access|permission)
        not (authorized|allowed|permitted) to (access|use|perform|invoke|call)   accessdeniedexception
        access to .{0,80}(?<!may be )(denied|forbidden|restricted|not allowed)   permission[_ ]denied
        insufficient (permission|privilege|scope|access)   missing scopes
        lacks? (the )?(required )?(permission|access)   not allowed to (access|use|sample)   request_forbidden
        service_disabled   has not been used in project   api .{0,40}is not enabled   api_key_service_blocked
        consumer_invalid   ip (address )?(is )?not (allowed|in (the )?(white|allow)list|whitelisted)   not whitelisted
        ip[_ ]?(blocked|restricted|whitelist)   (is )?only (authorized|allowed|available) for use with
        this credential is only authorized   not enabled for (this|your)   operation not allowed
        authorizationerror.{0,60}permission   restricted (to|from)   reported as leaked   gated repo
        tier .{0,20}(required|not allowed)   (没有|无)(权限|访问权)   无权(访问|限|使用)   权限不足
        (ip|地区|区域|国家).{0,12}(不支持|限制|受限|不允许|白名单)   账(号|户)(已)?(被)?(封禁|禁用|停用|冻结|异常)
        用户(已)?(被)?(封禁|禁用|停用|冻结)   禁止访问   不支持.{0,6}(地区|区域|国家)
    """),
    *rows(_OPENAI, 97, NO_MODEL, r"""
        does not exist or (you|your (team|organization|account|project)) (do|does) not have access
        not exist or .{0,30}not have access   not found or .{0,30}(do|does)(n't| not) have access
    """),
    *rows(_GEMINI, 92, PERMISSION, r"requests from (this )?(referer|ios client|android client|ip).{0,80}blocked"),
    *rows(_OPENAI, 90, NO_MODEL, r"""
        model disabled   modelnotopen   not activated the model   model (is )?not activated
    """),
    *rows("https://help.aliyun.com/zh/model-studio/error-code", 92, RATE, r"""
        exceeded your current requests? list   limit_requests
    """),
    *rows("https://api-docs.deepseek.com/quick_start/error_codes", 94, FILTERED, r"content exists risk"),
    *rows("https://docs.cohere.com/docs/rate-limits", 92, RATE, r"""
        limited to [0-9]{1,12} (api )?(calls?|requests?|tokens?) ?(/|per|a|every) ?(second|minute|min\b|hour|month)
    """),
    *rows("https://learn.microsoft.com/en-us/dotnet/azure/sdk/authentication/", 92, AUTH, r"""
        credentialunavailable   defaultazurecredential   clientauthenticationerror
    """),
    *rows(_OPENAI, 84, AUTH, r"""
        failed to (log ?in|sign ?in|authenticate|authorize)   (login|sign-in) (was )?(rejected|denied)
    """),
    *rows(_OPENAI, 90, AUTH, r"iam certification failed   iam authentication failed"),
    *rows(_COPILOT, 84, OVERLOADED, r"language model unavailable"),
    *rows(_BEDROCK, 95, NO_MODEL, r"""
        on-demand throughput isn.t supported   inference profile   provided model identifier is invalid
        could not resolve the foundation model   reached the end of its life
        model id .{0,80}(not supported|isn't supported)
    """),
    # ---------------------------------------------------------------------------------------------------------- models
    *rows(_OPENAI, 93, NO_MODEL, r"""
        model_?not_?found   modelnotfound   deploymentnotfound   deployment (for this resource )?does not exist
        model\b.{0,160}(does not exist|doesn't exist|do not exist|not exist)   model\b.{0,160}(not found|is not found)
        model .{0,160}(could not be found|has been (deprecated|retired|removed|decommissioned|discontinued|shut down))
        model .{0,160}(is (deprecated|retired|decommissioned|no longer)|was (deprecated|retired))
        model .{0,160}(not supported|is not supported)
        model .{0,160}(not available|is not available|is unavailable|not recognized)   does not have access to model
        (unknown|invalid|no such|unsupported|unrecognized|nonexistent) model(?! (api )?(key|token|credential))
        invalid_model   model_not_supported
        model_not_available   model_deprecated   model_decommissioned   not a valid model
        is not a (valid|chat|known) model   not_found_error   models/[^ ]{1,100} is not (found|supported)
        try pulling it first   model .{0,100} not found, try   no model (named|found|with)
        model name .{0,60}(invalid|incorrect|wrong)   not found for api version   publisher model
        model_name.{0,40}(invalid|not)   the api deployment   unknown_model   cannot find (the )?model
        could not find (the )?model   model is not (loaded|available|found|supported)   no deployment(s)? found
        模型(不存在|未找到|不可用|已下线|未开通|不支持|未上线)   (不存在|未知|无效)的?模型
        (找不到|没有|不存在|不支持|未开通).{0,10}模型   请求的模型   模型.{0,40}(不存在|未找到|不支持|下线)
        invalidendpointormodel   model_invalid
    """),
    *rows(_OPENAI, 79, NO_MODEL, r"""
        resource not found   no such deployment   unknown endpoint   not_found\b.{0,40}model
        invalid url \(post   unrecognized request url   cannot (post|get) /   page not found   no route found
        unknown url   method not allowed   not found for url   route .{0,60}not found   \"detail\": ?\"not found\"
        error: not found
    """),
    *rows("https://pkg.go.dev/net/http#NotFound", 86, NO_MODEL, r"404 page not found"),
    # ----------------------------------------------------------------------------------------------- the answer itself
    *rows(_GEMINI_STOP, 66, EMPTY, r"""
        \b(response|reply|answer|output)\W{1,4}(text|content)\W{1,4}(none|null|undefined)\b
    """),
    *rows(_GEMINI_STOP, 84, EMPTY, r"""
        ^(?!.{0,4000}candidates\W{1,6}content\b).{0,4000}prompt_?token_?count\W{1,4}([0-9]{1,9})\b.{0,200}(total_|
        total)token_?count\W{1,4}\1\b
        choices\W{1,6}(index\W{1,4}0\W{1,4})?message\W{1,6}role\W{1,4}assistant\W{1,4}content\W{1,4}(null|none|
        \"\")\W{0,3}\}
        (content|text)\W{1,14}stop_reason\W{1,4}(end_turn|max_tokens)\b
    """),
    *rows(_GEMINI_STOP, 92, BAD_RESPONSE, r"""
        malformed_function_call   malformed function call   unexpected_tool_call   malformed_response
    """),
    *rows(_GEMINI_STOP, 92, EMPTY, r"""
        finish_reason is [12]\b   contents are required   candidate .{0,40}(no|without) (content|parts)
        neither .{0,20}content nor   model output must contain   must contain either output text or tool calls
        none were returned   no candidates   (?<![a-z_])candidates\W{1,4}\[\]
        finish_reason=<?finishreason\.(stop|max_tokens)
        (?<!<)empty (response|reply|answer|completion|message|output|content|choices|text)
        (response|reply|answer) (was|is|came back|returned|are|had) (completely )?(empty|null|none|blank)
        (completion|output) (was|is|came back|returned|are|had) (completely )?(empty|null|none|blank)
        \b(content|message|text) (was|is|came back|returned|are|had) (completely )?(empty|null|none|blank)
        (no|without) (text|content|output|message)s? (was |were |is )?(returned|received|generated|produced)
        (no|without) (choices|completion|assistant message)s? (was |were |is )?(returned|received)
        (no|without) (choices|completion|assistant message)s? (was |were |is )?(generated|produced)
        (no|without) (text|content|output|message)s? (was |were |is )?(found|available|in (the )?response|from)
        (no|without) (choices|completion|assistant message)s? (was |were |is )?(found|available)
        (no|without) (choices|completion|assistant message)s? (was |were |is )?(in (the )?response|from)
        returned (an |a |no )?(empty|blank|nothing)
        returned (an |a |no )?(null|no (content|output|text|response|message|choices|answer))
        received (an |no )?(empty|blank) (response|reply|message)
        did(n't| not) (return|produce|generate|provide) (any|a|an)\b.{0,30}(content|text|output|response)
        did(n't| not) (return|produce|generate|provide) (any|a|an)\b.{0,30}(message|answer|assistant)
        (?<![a-z_])choices\W{1,4}(\[\]|null|none)   completion_tokens\W{1,4}0\b
        content\W{1,4}(null|none|\"\"|\[\])\W.{0,60}finish_reason   空(响应|回复|内容|消息|结果|返回)
        (返回|回复|响应|内容|结果|输出)(内容)?(为|是)?空   没有(返回|生成)(任何)?(内容|响应|回复|结果)
        未返回(任何)?(内容|结果|数据)   empty_response   no_output   模型未返回
    """),
    *rows(_OPENAI, 40, UPSTREAM_ERROR, r"""
        internal server error   internal_server_error   server_error   the server had an error
        an error occurred while processing your request   internal error   api_error   internalservererror
        provider returned error   model_error   server error   internal service error   internal_failure
        internalfailure   服务器(内部)?错误   内部(服务)?错误   系统(错误|异常|繁忙)   服务异常
        上游(服务)?(错误|异常|返回)
    """),
    *rows(_OPENAI, 74, UPSTREAM_ERROR, r"""
        the server had an error (while )?processing   an internal error has occurred   internal error encountered
        unable to process .{0,60}internal   server had an error while processing   internal server error during
        modelerrorexception   modelstreamerrorexception   internalserverexception   cuda error
        engine(core)? ?(dead|died)   triton   runner process (has )?terminated   provider_response_error
        provider_error
    """),
    *rows(_BEDROCK, 92, GATEWAY_TIMEOUT, r"""
        modeltimeoutexception   model timeout   processing time exceeded
    """, side=UPSTREAM),
    *rows(_AZURE, 88, GATEWAY_TIMEOUT, r"""
        the operation was timeout   \"code\": ?\"(request)?timeout\"
    """, side=UPSTREAM),
    *rows(_OPENAI, 80, GATEWAY_TIMEOUT, r"""
        request timed out\W{0,6}type\W{1,6}(timeout|server)   timeout_error   \"type\": ?\"timeout
    """, side=UPSTREAM),
    *rows(_ANTHROPIC, 94, BAD_REQUEST, r"streaming is (strongly )?(required|recommended) for operations that may"),
    *rows(_OPENAI, 80, BAD_REQUEST, r"""
        unsupported parameter   unsupported_parameter   unsupported value   unsupported_value   unknown parameter
        unknown_parameter   invalid parameter   invalid_parameter   invalidparameter   missing required parameter
        missing_required_parameter   unrecognized request argument   unexpected keyword argument
        extra inputs are not permitted   field required   invalid_value   invalid value (for|:)   invalid schema for
        invalid type for   is not of type   invalid 'messages   'messages' must contain   messages with role 'tool'
        tool_calls' must be followed   tool_use ids were found without   tool_result   tool_call_id
        unexpected `?'?tool_use_id   roles must alternate   must alternate between   first message must
        each tool_use   thinking block   `?'?max_tokens'? (is |must|: )   max_tokens: [0-9]{1,12}
        max_tokens.{0,30}(too large|must be|exceed)
        temperature.{0,30}(must|not supported|may only|range|deprecated|does not)
        does not support (tools|functions?|tool|streaming|images?|image input|system|parameters?|this|the)
        does not support (temperature|vision|assistant|reasoning|file|audio|json|developer|prefill)
        not support(ed)? .{0,40}(tools|tool use|tool choice|image|vision)
        not support(ed)? .{0,40}(stream|parameter|response_format|function)   tool use.{0,40}not supported
        support(s)? tool use   could not process image   invalid image   invalid base64
        could not parse (the )?json body   unable to parse request   invalid json(?! (response|output|reply))
        malformed (request|json)   invalid request   invalid_request   invalidrequest   (?<!err_)bad_request
        validation error
        validationexception   validation_error   unprocessable
        must be (a (string|number|list|boolean|dict|json|valid|positive)|an (array|object|integer|int))
        must be (one of|less than|greater than|between)
        must be (at (least|most)|provided|non-empty|string|set|specified)   required (field|parameter|property)
        required header   header is required   should be in \[   json_validate_failed   failed_generation
        参数(错误|无效|非法|不合法|有误|格式错误|校验失败|异常)   请求(无效|非法|不合法|格式错误|参数)   非法参数
        缺少(必要)?参数   invalid argument   invalid_argument   a maximum of [0-9]{1,12}   this model only supports
        only available in v1/responses   this is not a chat model   unsupported content type   unsupported media type
        api version not supported   unsupported api version
    """),
    *rows(_AZURE, 80, NO_MODEL, r"unavailable_model"),
    *rows(_HF, 86, OVERLOADED, r"""
        is currently loading   model .{0,120} is (currently )?loading   estimated_time   loading model
    """, side=UPSTREAM),
    *rows(_OPENAI, 85, UPSTREAM_ERROR, r"server_error.{0,80}retry your request"),
    *rows(_OPENAI, 49, UPSTREAM_ERROR, r"response\.failed"),  # an event's name: what failed stands beside it
    *rows(_ANTHROPIC, 78, TRUNCATED, r"message_stop.{0,20}(missing|never)   stop_reason\W{1,4}null"),
    *rows(_OPENAI, 50, BAD_RESPONSE, r"""
        (invalid|malformed|unparsable|unparseable) (api )?(response|reply|json|output)
        (unexpected|garbled|non-json) (api )?(response|reply|json|output)
    """),
)
# fmt: on
