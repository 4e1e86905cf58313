"""How Chinese front ends, gateways and platforms say it: requests too often, channels that are off, answers too long.

Chinese sets no blanks between words, and says one thing with many of them; each row takes the ways to say a part.
"""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    CUT,
    EMPTY,
    FIRST_BYTE,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    MIDDLEBOX,
    NO_CHANNEL,
    PERMISSION,
    QUOTA,
    RATE,
)
from outwait.diagnosis.pattern import Pattern, rows

_PLAIN = ""  # plain words have no page to be looked up on
_NEW_API = "https://docs.newapi.pro/en/docs"

# Pieces of rows: what `@name` in one of them stands for.
_PIECES: Final = (
    (
        "@asks",
        (
            r"(请求|請求|访问|訪問|存取|调用|調用|呼叫|操作|提问|提問|发送|發送|发言|对话|對話|使用|点击|點擊|接口"
            r"|(?<![a-z])api)"
        ),
    ),
    ("@much", r"(过于|過於|太过|太過|过|過|太)"),
    ("@pace", r"(速度|频率|頻率|频次|頻次|速率|次数|次數)"),
    ("@rate", r"(频率|頻率|频次|頻次|速率)"),
    ("@limit", r"(限制|受限|受到限制|超限|上限|限流|限速|限频|阈值|限定)"),
    ("@rules", r"(服务商|服務商|服务方|供应商|供應商|提供商|提供方|厂商|上游|官方|平台|接口方|对方)"),
    (
        "@nobody",  # what is limited is no account, no address and no region
        (
            r"(?<!账号)(?<!账户)(?<!帐号)(?<!地区)(?<!区域)(?<!账号已)(?<!账户已)(?<!帐号已)(?<!账号已经)"
            r"(?<!账户已经)(?<!ip)(?<!ip已)(?<!功能)(?<!权限)(?<!内容)"
        ),
    ),
    ("@channel", r"(?<!支付)(?<!充值)(?<!推送)(?<!通知)(?<!消息)(渠道|通道|channel)"),
    ("@itself", r"(?:(?!密钥|key|令牌|token|模型|余额|账号|账户)[^。，；,;{}])"),
    ("@who", r"(系统|自动|手动|临时|管理员|全部)"),
    ("@some", r"([0-9]{1,12}|[一二两三五十]{1,3}) ?(秒钟?|分钟|小时|s|min)"),
    ("@off", r"(禁用|停用|停止使用|关闭|關閉|下线|下架|冻结|封禁|熔断)"),
    ("@dead", r"(不可用|失效|无法使用|不可选|离线|未启用)"),
    ("@though", r".{0,3}(原因|因为|后|时|功能|的话|才|吗|会|自动恢复)"),
    ("@spared", r"(?<!跳过)(?<!忽略)(?<!过滤)(?<!排除)(?<!恢复)(?<!启用)(?<!删除)(?<!清理)(?<!重试)"),
    ("@phase", r"(响应|回應|返回|请求|請求|执行|執行|运行|超时|等待)"),
    (
        "@minute",
        (
            r"((?<![0-9])(?<!超过)(?<!超过 )(?<!超过了)(?<!未来)(每|单|單|单位|單位|一|1|同一|几|60|六十) ?个?(分钟"
            r"|分鐘|小时|小時|秒钟|秒|时间|時間)|分钟级|按分钟|(?<![a-z])(tpm|rpm|qpm|qps)(?![a-z]))"
        ),
    ),
    (
        "@spent",
        r"((?<!失败)(?<!剩余)(token|令牌|请求|請求|调用|調用|次数|次數|数量|數量|用量|流量|消耗|额度|額度|配额|配額))",
    ),
    ("@excess", r"(超(?!时|時)|上限|限制|限额|限額|用完|用尽|耗尽|已满|不足|受限|过[大多高快]|過[大多高快])"),
    ("@owner", r"(令牌|token|密钥|api ?key|分组|分組|用户组|用户|模型)"),
    ("@lacks", r"(没有|沒有|暂无|尚无|无|無|未|没|缺少|不存在)"),
    ("@gone", r"(broken ?pipe|epipe|connection ?reset|econnreset|连接(被)?(重置|断开)|管道(已)?(破裂|断开))"),
    ("@span", r"[0-9]{1,6} ?(s(?![a-z])|秒|分钟|分鐘|min|ms|毫秒)"),
    (
        "@platform",
        (
            r"(hobby|serverless|vercel|netlify|zeabur|cloudflare|railway|render|heroku|edge|无服务器|無伺服器|云函数"
            r"|边缘函数|函数|函數|平台|套餐|免费|免費|计划|托管|cdn|反代|反向代理|负载均衡|nginx|宝塔|网关层)"
        ),
    ),
)


def _rows(source: str, weight: int, cause: str, expressions: str, *, side: str | None = None) -> tuple[Pattern, ...]:
    for name, piece in _PIECES:
        expressions = expressions.replace(name, piece)
    return rows(source, weight, cause, expressions, side=side)


# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
CHINESE: Final[tuple[Pattern, ...]] = (
    # ------------------------------------------------------------------------------------------ too often, too fast
    *_rows(_PLAIN, 95, RATE, r"""
        @asks(?!失败|错误|超时|时间|长度)[^。，；,;0-9]{0,6}?@much(频繁|頻繁|密集|高频)
        (请求|請求|访问|訪問|调用|操作|发送|提问)频繁(?!出)
        @asks(的)?@pace?@much(快|高|频繁|頻繁)(?!效)   (您|你)(的)?(发送|發送|提问|操作)?@much(快|频繁)了
        @asks(的)?@pace(已经|已|被|受到?|遭到?|达到|達到|超过|超過|超出|超){0,2}了?@limit
        限制了?(您|你|我们|我|用户|本站|该|对|所有)?的?@asks的?@pace
        @rate(受限|受到限制|被限制?|超限|超出(了)?(限制|上限)|过高|過高|太高|过快)
        (您|你)的?(请求|請求|调用)(次数|数量)?(太多|过多|過多)了?
        (请求|請求|访问|調用|调用)(次数|次數|数量)?(太多|过多|過多)(?!了?参数)
        (接口|请求|模型|被|触发|上游)[^。，；]{0,4}限频
        (被|遭到?|受到?)(了)?@rules的?(限流|限速|限频|频控|流控|速率限制|频率限制)
        (触发|觸發|命中|超过|超出)了?[^。，；]{0,10}(限速|限频|频控|流控|频率限制|頻率限制|速率限制)
        (?<![0-9])(请|請)(您|你)?(放慢|降低|减缓|減慢)(一下|一点)?[^。，；]{0,6}@asks的?@pace
    """),
    *_rows(_PLAIN, 80, RATE, r"""
        @nobody被(了)?@rules限制(?!了?(登录|登陆|地区|区域|国家|ip|使用|地域|注册|访问(?!频|速)))
    """),
    *_rows(_PLAIN, 90, QUOTA, r"""
        (今天|今日|当天|当日|每天|每日|本日|本月|当月|每月|免费)[^。；]{0,10}(次数|次數|用量|条数|量)(已经|已|都)?(达到?|到|超过?|超出|用完|
        用尽|耗尽)了?(今日|每日|当日)?的?(上限|限制|限额|额度|了|$)
    """),
    *_rows(_PLAIN, 92, PERMISSION, r"""
        (账号|账户|帐号|帳號|地区|区域|ip)(已|已经|被|当前|所在)?被(了)?@rules(限制|屏蔽|拉黑|封)
    """),
    # -------------------------------------- a minute decides: what is used up in one is a rate, not what was paid for
    *_rows(_PLAIN, 98, RATE, r"""
        @minute(内|內|里|裡|之内)?((?!超时|超時)[^。；，,]){0,16}@spent((?!失败|失敗|超时|超時|没有|未)[^。；，,]){0,20}?@excess
        (超过|超過|超出|达到|達到|触发)了?.{0,6}每个?(分钟|分鐘|秒)[^。；，,]{0,16}(限制|限额|上限|额度|配额|限流)
        (超过|超過|超出)了?.{0,6}每个?(分钟|分鐘|秒)(所|最大|最多)?(允许|允許|可用|能用)[^。；，,]{0,8}(token|请求|調用|调用)
        (?<![a-z])(tpm|rpm|qpm|qps)(?![a-z])[^。；，,a-z]{0,8}@excess
    """),
    # ------------------------------------------------------------- a channel that is off; a reason beside it says more
    *_rows(_NEW_API, 96, NO_CHANNEL, r"""
        @channel@itself{0,40}?(已经|已|被|处于|目前|当前|均|都|全|状态(为|是|:|：)?|全部){1,3}@who{0,2}@off(?!@though)
        @channel@itself{0,40}?(已经|已|被|处于|目前|当前|暂时?|状态|均|都|全部|全){0,3}@dead(?!@though)
        @spared(已经?被?|(?<!已)(?<!已经)被)@off(了)?的?@channel
        无(有效|可用)的?(上游)?@channel   获取.{1,120}可用渠道失败   没有可用的?渠道
        (亲和性?|粘性|会话保持|绑定|指定)的?@channel[^。，；]{0,20}(不存在|失效|不属于|不支持所请求)   无效的渠道 ?id
    """),
    *_rows(_NEW_API, 97, NO_CHANNEL, r"""
        @owner[^。，；,]{0,24}?@lacks(任何|有|可用|绑定|绑|綁定|配置|分配|关联|设置|找到|匹配|对应|到|的|已|启用|开通|指定){0,5}@channel(?!的?权限|的?访问)
        @lacks(找到|匹配到?|查到|选到|可以|能够){1,2}(任何)?(可用|合适|匹配)?的?(上游)?@channel
    """),
    *_rows(_NEW_API, 60, NO_CHANNEL, r"@channel[^。；]{0,40}?(已经|已|被){1,2}(自动)?@off.{0,3}(原因|因为)"),
    # -------------------------------------------------- whoever asked has left; a network that takes silence for death
    *_rows(_PLAIN, 95, GAVE_UP, r"""
        (?<!上游)(?<!服务商)(?<!服务器)(?<!服务端)(回写|写回|写入?|发送|推送|输出|flush)(回|出|给客户端)?了?.{0,4}(响应|响应体|回应|应答|
        回复|sse|流式数据).{0,16}@gone
        向(客户端|调用方|浏览器|下游).{0,12}(写|发送|推送|返回|输出).{0,20}@gone
        @gone.{0,12}(写|发送|推送)(回|入)?(响应|回复|应答)
    """),
    *_rows(_PLAIN, 97, CUT, r"""
        网络(层|侧|设备)?(的)?(空闲|闲置|静默)超时
        (空闲|闲置|静默)(的)?(tcp|网络|长)?(连接|链接)[^。；]{0,8}被[^。；]{0,8}(断|关闭|回收|切|清理|掐|踢)
        工具[^。；]{0,40}(连接|网络)[^。；]{0,8}(空闲|闲置|静默)[^。；]{0,12}(断|超时|关闭|切)
    """, side=MIDDLEBOX),
    # --------------------------------------------------------------------------- platforms that allow an answer so long
    *_rows(_PLAIN, 80, GATEWAY_TIMEOUT, r"504.{0,4}(网关|網關)?(响应|請求|请求)?(超时|超時)   (超时|超時).{0,8}504"),
    *_rows(_PLAIN, 81, GATEWAY_TIMEOUT, r"""
        (超过|超過|超出|超了|大于|达到)(了)?[^。0-9]{0,8}@span[^。]{0,24}504
        504[^。]{0,40}(超过|超過|超出|大于)(了)?[^。0-9]{0,8}@span
        最(长|長|大|多)[^。，0-9]{0,12}@span[^。]{0,60}504   504[^。]{0,60}最(长|長|大|多)[^。，0-9]{0,12}@span
        @platform[^。]{0,40}(最(长|長|大|高)的?|限制|上限)[^。，0-9]{0,4}@phase(时间|時間|时长|時長|
        限制|上限)?[^。，0-9]{0,8}@span
        @platform[^。]{0,40}@phase(时间|時間|时长|時長)?(限制|上限|最长|最大)[^。，0-9]{0,8}@span
        没有?等到上游(服务器?|接口)?的?(回应|响应|返回)
    """, side=MIDDLEBOX),
    *_rows(_PLAIN, 72, FIRST_BYTE, r"""
        @some(内|之内|以来|后)?(仍然?|还|都|也|始终)?(没有?|未)能?收到(任何)?(响应|回复)
    """),
    *_rows(_PLAIN, 56, EMPTY, r"没有收到(任何)?(响应|回复|内容|结果)"),
)
# fmt: on
