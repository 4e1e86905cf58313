"""What providers and applications say in codes of their own: numbers and names that their documentation lists."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CONTEXT,
    EMPTY,
    FILTERED,
    GATEWAY_TIMEOUT,
    NO_MODEL,
    OVERLOADED,
    PERMISSION,
    QUOTA,
    RATE,
    REFUSED,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_MINIMAX = "https://platform.minimaxi.com/docs/api-reference/errorcode"
_ZHIPU = "https://docs.bigmodel.cn/cn/api/api-code"
_QIANFAN = "https://cloud.baidu.com/doc/WENXINWORKSHOP/s/tlmyncueh"
_SPARK = "https://www.xfyun.cn/doc/spark/Web.html"
_HUNYUAN = "https://cloud.tencent.com/document/product/1729/97732"
_DASHSCOPE = "https://help.aliyun.com/zh/model-studio/error-code"
_ARK = "https://www.volcengine.com/docs/82379/1299023"
_LOBE = "https://lobehub.com/docs/self-hosting/faq"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
CODES: Final[tuple[Pattern, ...]] = (
    *rows(_MINIMAX, 90, GATEWAY_TIMEOUT, r"base_resp.{0,40}status_code\W{1,4}1001\b", side=UPSTREAM),
    *rows(_MINIMAX, 90, RATE, r"base_resp.{0,40}status_code\W{1,4}(1002|1039|1041)\b"),
    *rows(_MINIMAX, 90, AUTH, r"base_resp.{0,40}status_code\W{1,4}(1004|2049)\b"),
    *rows(_MINIMAX, 90, QUOTA, r"base_resp.{0,40}status_code\W{1,4}(1008|2056)\b"),
    *rows(_MINIMAX, 84, UPSTREAM_ERROR, r"base_resp.{0,40}status_code\W{1,4}(1000|1013|1024|1033)\b"),
    *rows(_MINIMAX, 90, FILTERED, r"base_resp.{0,40}status_code\W{1,4}(1026|1027)\b"),
    *rows(_MINIMAX, 84, BAD_REQUEST, r"base_resp.{0,40}status_code\W{1,4}(1042|2013)\b"),
    *rows(_ZHIPU, 86, AUTH, r"code\W{3,5}100[0-4](\"|')"),
    *rows(_ZHIPU, 86, PERMISSION, r"code\W{3,5}(1110|1112|1220|1311)(\"|')"),
    *rows(_ZHIPU, 86, QUOTA, r"code\W{3,5}(1113|1304|1308|1309|1310)(\"|')"),
    *rows(_ZHIPU, 86, BAD_REQUEST, r"code\W{3,5}(1210|1212|1213|1214|1215)(\"|')"),
    *rows(_ZHIPU, 86, NO_MODEL, r"code\W{3,5}(1211|1221|1222)(\"|')"),
    *rows(_ZHIPU, 90, CONTEXT, r"code\W{3,5}1261(\"|')"),
    *rows(_ZHIPU, 90, FILTERED, r"code\W{3,5}1301(\"|')"),
    *rows(_ZHIPU, 86, RATE, r"code\W{3,5}(1302|1303)(\"|')"),
    *rows(_ZHIPU, 86, OVERLOADED, r"code\W{3,5}(1305|1312)(\"|')"),
    *rows(_ZHIPU, 76, UPSTREAM_ERROR, r"code\W{3,5}(1120|1230|1234)(\"|')"),
    *rows(_QIANFAN, 88, RATE, r"error_code\W{2,4}(4|18|336501|336502|336503)\b"),
    *rows(_QIANFAN, 88, QUOTA, r"error_code\W{2,4}(17|19)\b"),
    *rows(_QIANFAN, 88, AUTH, r"error_code\W{2,4}(13|14|15|100|110|111)\b"),
    *rows(_QIANFAN, 88, PERMISSION, r"error_code\W{2,4}6\b"),
    *rows(_QIANFAN, 88, OVERLOADED, r"error_code\W{2,4}(2|336100)\b"),
    *rows(_QIANFAN, 80, UPSTREAM_ERROR, r"error_code\W{2,4}(1|336000)\b"),
    *rows(_QIANFAN, 84, BAD_REQUEST, r"error_code\W{2,4}(3|336001|336002|336003|336004|336005|336006)\b"),
    *rows(_QIANFAN, 90, CONTEXT, r"error_code\W{2,4}(336007|336103|336104)\b   max length of current question"),
    *rows(_SPARK, 90, FILTERED, r"code\W{2,4}(10013|10014|10019)\b"),
    *rows(_SPARK, 90, CONTEXT, r"code\W{2,4}10907\b"),
    *rows(_SPARK, 88, RATE, r"code\W{2,4}(10007|11202|11203)\b"),
    *rows(_SPARK, 88, QUOTA, r"code\W{2,4}(11200|11201)\b"),
    *rows(_SPARK, 88, OVERLOADED, r"code\W{2,4}(10008|10110|10012)\b"),
    *rows(_SPARK, 84, BAD_REQUEST, r"code\W{2,4}(10003|10004|10163)\b"),
    *rows(_SPARK, 88, AUTH, r"hmac signature (does not match|cannot be verified)   apikey not found"),
    *rows(_HUNYUAN, 92, RATE, r"engineserverlimitexceeded   limitexceeded\.?uin"),
    *rows(_HUNYUAN, 93, QUOTA, r"""
        chargeresourceexhaust   freeresourcepackexhausted   resourcepackexhausted   userunauthorized
    """),
    *rows(_HUNYUAN, 93, PERMISSION, r"servicenotactivated   servicestopped(arrears)?"),
    *rows(_HUNYUAN, 93, FILTERED, r"operationdenied\.?(text|image)illegal   illegaldetected"),
    *rows(_HUNYUAN, 92, GATEWAY_TIMEOUT, r"enginerequesttimeout", side=UPSTREAM),
    *rows(_HUNYUAN, 92, AUTH, r"authfailure\.[a-z]   authfailure\b"),
    *rows(_DASHSCOPE, 96, QUOTA, r"""
        freetieronly   (prepaid|postpaid)billoverdue   commoditynotpurchased   accessdenied\.unpurchased
    """),
    *rows(_DASHSCOPE, 94, RATE, r"throttling\.(ratequota|burstrate|allocationquota|user)   limitburst   burstrate"),
    *rows(_DASHSCOPE, 92, FILTERED, r"datainspectionfailed"),
    *rows(_DASHSCOPE, 93, GATEWAY_TIMEOUT, r"internalerror\.timeout   code\W{3,5}requesttimeout", side=UPSTREAM),
    *rows(_DASHSCOPE, 78, UPSTREAM_ERROR, r"""
        internalerror\.algo(?!\.)   modelservingerror   rewritefailed   retrivalfailed
    """),
    *rows(_DASHSCOPE, 90, OVERLOADED, r"code\W{3,5}modelunavailable"),
    *rows(_DASHSCOPE, 90, NO_MODEL, r"model\.?notexist   unsupportedmodel\b"),
    *rows(_ARK, 95, QUOTA, r"accountoverdue   invalidaccountstatus   code\W{3,5}quotaexceeded   invalidsubscription"),
    *rows(_ARK, 94, RATE, r"""
        (account|endpoint)(rpm|tpm|ipm)?ratelimitexceeded   ratelimitexceeded   requestbursttoofast
        inflightbatchsizeexceeded
    """),
    *rows(_ARK, 94, OVERLOADED, r"serveroverloaded   serverbusy\b"),
    *rows(_ARK, 95, FILTERED, r"sensitivecontentdetected   riskdetection"),
    *rows(_ARK, 84, UPSTREAM_ERROR, r"internalserviceerror"),
    *rows(_ARK, 84, BAD_REQUEST, r"code\W{3,5}(missingparameter|invalidparameter|outofcontexterror)"),
    *rows(_LOBE, 92, AUTH, r"""
        invalid(access_?code|provider_?api_?key|[a-z]{2,12}(credentials|apikey|token))   no(openai)?apikey\b
        (访问)?(密码|口令)(不正确|错误|为空|无效)   access code (is )?(invalid|incorrect|wrong|required|missing)
        (invalid|incorrect|wrong|missing) access code
    """),
    *rows(_LOBE, 93, CONTEXT, r"exceededcontextwindow"),
    *rows(_LOBE, 86, RATE, r"quotalimitreached"),
    *rows(_LOBE, 92, QUOTA, r"insufficientquota"),
    *rows(_LOBE, 92, PERMISSION, r"locationnotsupport   accountdeactivated"),
    *rows(_LOBE, 80, BAD_RESPONSE, r"streamchunkerror"),
    *rows(_LOBE, 80, REFUSED, r"ollamaserviceunavailable"),
    *rows(_LOBE, 40, UPSTREAM_ERROR, r"bizerror"),
    *rows(_BEDROCK, 84, NO_MODEL, r"resourcenotfoundexception"),
    *rows(_BEDROCK, 96, PERMISSION, r"""
        access to (this|the requested|the) model is not (available|allowed|permitted|enabled)
        use case details (have not|must|form)   (have not|haven't|must|not yet) (agree|accept)(ed)? .{0,40}terms
        requires? terms acceptance   model access is denied   not (subscribed|eligible) .{0,30}(model|marketplace)
    """),
    *rows("https://docs.claude.com/en/api/errors", 96, PERMISSION, r"""
        not (currently )?allowed for (this|your|the) (organization|account|project|workspace|user|team)
    """),
    *rows("https://python.langchain.com/docs/concepts/messages/", 84, EMPTY, r"""
        content=(''|"")[ ,].{0,200}finish_reason\W{1,5}(stop|length|max_tokens)
        output_tokens\W{1,4}0\b.{0,160}\breasoning(_tokens)?\W{1,4}[1-9]
    """),
    *rows("https://ai.google.dev/api/generate-content#FinishReason", 84, EMPTY, r"""
        content\W{1,6}role\W{1,5}model\W{1,6}finish_?reason\W{1,5}(max_tokens|stop)\b
        parts\W{1,8}text\W{6,14}role\W{1,5}model\W{1,6}finish_?reason\W{1,5}(max_tokens|stop)\b
        candidates\W{1,6}finish_?reason\W{1,5}(max_tokens|stop)\b
    """),
    *rows("https://docs.github.com/en/copilot/concepts/completions/code-referencing", 92, FILTERED, r"""
        matched public code   matching public code
    """),
)
# fmt: on
