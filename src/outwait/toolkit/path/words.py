"""What is said of a path, in both languages. Times are put in as `90s`, names as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.path.advice import Verdict
from outwait.toolkit.path.beating import Result
from outwait.toolkit.path.judge import How
from outwait.toolkit.path.question import Form, Part

FORMS: Final[Mapping[Form, Said]] = {
    Form.STREAM: Said("stream", "流式"),
    Form.JSON: Said("JSON", "JSON"),
    Form.UPLOAD: Said("upload", "上传"),
}
PARTS: Final[Mapping[Part, Said]] = {
    Part.FIRST_BYTE: Said("before the first byte", "首字节之前"),
    Part.IDLE: Said("between two bytes", "两个字节之间"),
    Part.UPLOAD: Said("inside the request", "请求体中途"),
}
HOWS: Final[Mapping[How, Said]] = {
    How.PAGE: Said("error page {status}", "错误页 {status}"),
    How.RESET: Said("reset", "连接被重置（RST）"),
    How.FIN: Said("closed without an answer", "没有应答就关闭（FIN）"),
    How.TRUNCATED: Said("closed inside the body", "在响应体中途关闭"),
    How.ENDED: Said("ended as if it were whole", "当作完整应答结束"),
    How.NOTHING: Said("dropped without a word", "无声丢弃"),
}
VERDICTS: Final[Mapping[Verdict, Said]] = {
    Verdict.TROUBLE: Said(
        "Not everything could be found out: {why}",
        "有一部分没能查清：{why}",
    ),
    Verdict.HOPELESS: Said(
        "The path cuts after {limit} of silence. Heartbeats come no closer than one a second, which leaves no margin: "
        "only the middlebox can mend this.",
        "这条路径在静默 {limit} 后就切断。心跳最密每秒一次，没有余量：只能修改中间设备。",
    ),
    Verdict.TOTAL: Said(
        "The path cuts an answer {total} after its request, whatever comes: heartbeats arrived in time and did not "
        "help. What does: a longer limit at the middlebox; background responses; or calls that finish without their "
        "client (x-outwait-on-disconnect: finish) and are fetched afterwards.",
        "无论有没有数据，这条路径在请求发出 {total} 后都会切断应答：心跳按时到达也没有用。"
        "可行的办法：在中间设备上放宽总时限；使用后台响应；"
        "或让调用在客户端断开后继续完成（x-outwait-on-disconnect: finish），之后再取回结果。",
    ),
    Verdict.HELD: Said(
        "The path holds heartbeats back ({forms}): they arrive up to {late} late. Look for response buffering or "
        "compression at the middlebox and switch it off for this path; outwait asks for that with "
        "`X-Accel-Buffering: no` and `Cache-Control: no-transform`.",
        "这条路径扣住了心跳（{forms}）：最多晚到 {late}。请检查中间设备的响应缓冲或压缩，并对这条路径关闭；"
        "outwait 已用 `X-Accel-Buffering: no` 和 `Cache-Control: no-transform` 请求关闭。",
    ),
    Verdict.CUT: Said(
        "The path cuts after {limit} of silence, and no heartbeat that was tried survived.",
        "这条路径在静默 {limit} 后切断，试过的心跳都没能保住连接。",
    ),
    Verdict.BEATEN: Said(
        "The path cuts after {limit} of silence. Heartbeats survive it: {span} of silence came through.",
        "这条路径在静默 {limit} 后切断。心跳可以保住连接：{span} 的静默已通过。",
    ),
    Verdict.CLEAR: Said(
        "No cut up to {up_to}: silence passes this path.",
        "静默达到 {up_to} 也没有被切断：这条路径允许静默。",
    ),
}
RESULTS: Final[Mapping[Result, Said]] = {
    Result.SURVIVED: Said("survive {span} of silence", "在 {span} 的静默中存活"),
    Result.TOTAL: Said("arrive, and all is cut after {elapsed}", "心跳到达，但 {elapsed} 后仍被切断"),
    Result.HELD: Said("are held back, and all is cut after {elapsed}", "心跳被扣住，{elapsed} 后被切断"),
    Result.CUT: Said("do not help: cut after {elapsed}", "没有帮助：{elapsed} 后被切断"),
    Result.TROUBLE: Said("not known: {why}", "未知：{why}"),
    Result.HOPELESS: Said("not tried: the limit is too short", "未尝试：时限太短"),
}

HEADINGS: Final = tuple(
    Said(*pair)
    for pair in (
        ("form", "形式"),
        ("silence", "静默位置"),
        ("limit", "时限"),
        ("cut", "切断方式"),
        ("by", "由谁"),
    )
)
NO_CUT: Final = Said("none up to {up_to}", "{up_to} 以内没有")
BETWEEN: Final = Said("{low} to {high}", "{low} 到 {high}")
UNSTEADY: Final = Said("{limit}, not always", "{limit}，并非每次")
NOT_KNOWN: Final = Said("not known: {why}", "未知：{why}")
PASSED_BY: Final = Said("{product}?", "{product}？")
WALL: Final = Said("a firewall or NAT?", "防火墙或 NAT？")
UNKNOWN: Final = Said("unsigned", "无署名")
BEATS: Final = Said(
    "{form}: heartbeats after {after}, every {every}: {result}",
    "{form}：{after} 后首次、每 {every} 一次的心跳：{result}",
)
PROPOSED: Final = Said(
    "Set this in outwait.yaml, at the top or in one key (the gateway's present heartbeat is slower):",
    "把下面的设置写进 outwait.yaml，放在顶层或某个 key 里（网关现在的心跳更慢）：",
)
ENOUGH: Final = Said(
    "The gateway's present heartbeat is quick enough already. What was tried, as a setting:",
    "网关现在的心跳已经够快。试过的设置是：",
)
UNTIL: Final = Said(
    "Until then this keeps answers alive, in outwait.yaml, at the top or in one key:",
    "在那之前，下面的设置能保住应答，写进 outwait.yaml，放在顶层或某个 key 里：",
)
ONE_CALL: Final = Said("Or for one request, as a header:", "或者只对一个请求，用请求头：")
THIN: Final = Said(
    "The limit is short: heartbeats come once a second, and one that is lost is the end. Raise the limit if you can.",
    "时限很短：心跳每秒一次，丢一次就会断。能放宽时限就放宽。",
)
MARKED: Final = Said("Its answers bear the mark of {products}.", "它的应答带有 {products} 的标记。")
RAISE: Final = Said(
    "At {product}, the limit is set by: {setting} (default: {default})",
    "在 {product} 上，这个时限由此设置：{setting}（默认：{default}）",
)
NONE: Final = Said("none", "无")
UPLOAD_WAITED: Final = Said(
    "Uploads are passed on as they come: the gateway saw the request stand still for {waited}.",
    "上传随到随转发：网关看到请求停顿了 {waited}。",
)
UPLOAD_BUFFERED: Final = Said(
    "Uploads are taken whole before they are passed on: the gateway saw none of the {silence} that the request stood "
    "still.",
    "上传先被整体收下再转发：请求停顿 {silence}，网关完全没有看到。",
)
UPLOAD_CUT: Final = Said(
    "An upload that stands still for {limit} is cut; no heartbeat helps there. Clients must send without such gaps.",
    "上传停顿 {limit} 就会被切断；心跳帮不了请求。客户端发送时不能有这样的停顿。",
)
UPLOAD_OURS: Final = Said(
    "outwait itself ends an upload after {time} (server.limits.body_time), or one slower than {rate} bytes a second "
    "(server.limits.body_rate); it was asked for less.",
    "outwait 自己会在 {time} 后结束上传（server.limits.body_time），"
    "也会结束慢于每秒 {rate} 字节的上传（server.limits.body_rate）；这里只测到更短的停顿。",
)
UPLOAD_GUARD: Final = Said(
    "outwait itself cut the upload after {guarded} (server.limits.body_time, body_rate): that is no limit of the path.",
    "上传在 {guarded} 后被 outwait 自己切断（server.limits.body_time、body_rate）：这不是路径的时限。",
)
CAPPED: Final = Said(
    "The gateway allows silences up to {max_silence} (server.probe.max_silence); longer limits were not looked for.",
    "网关只允许最长 {max_silence} 的静默（server.probe.max_silence）；更长的时限没有查找。",
)
PROXY_UNUSED: Final = Said(
    "{named} is set and was not used; with --proxy the path goes through it.",
    "设置了 {named} 但没有使用；加上 --proxy 才会经过它。",
)
PROXY_USED: Final = Said("The path goes through the proxy {shown} ({named}).", "路径经过代理 {shown}（{named}）。")
NO_GATEWAY: Final[Mapping[str, Said]] = {
    "unreached": Said("The gateway cannot be reached: {why}.", "无法连接网关：{why}。"),
    "key": Said(
        "The gateway refuses the key, or the lack of one: {why} Give one with --key or OUTWAIT_API_KEY.",
        "网关不接受这个密钥，或没有收到密钥：{why} 请用 --key 或 OUTWAIT_API_KEY 给出。",
    ),
    "off": Said("The gateway offers no probes: {why}", "网关不提供探测：{why}"),
    "refused": Said("The gateway refuses: {why}", "网关拒绝：{why}"),
    "foreign": Said(
        "No outwait gateway answers at {url} ({why}{signed}). The path is measured against a server that is silent on "
        "request: run `outwait serve` behind it, and give the path's own URL.",
        "{url} 上没有 outwait 网关应答（{why}{signed}）。测量路径需要一个能按要求保持静默的服务器："
        "请在路径后面运行 `outwait serve`，并给出经过该路径的 URL。",
    ),
}
SIGNED: Final = Said(", signed {signer}", "，署名 {signer}")
ASKING: Final = Said("{form}, silent {part}: {silence}", "{form}，静默于{part}：{silence}")
BEATING: Final = Said("{form}, heartbeats every {beat}: {silence}", "{form}，每 {beat} 一次心跳：{silence}")
