"""Settings of Node clients: openai, @anthropic-ai/sdk, axios. Each is a small program that runs as it is.

Node's fetch is undici's, which gives up after 300 s without the response's head, and after 300 s of silence in its
body, whatever an SDK's own `timeout` says (FACTS 1.1, point 8). So the SDKs get undici's fetch with an Agent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.emit_clients_fill import fill, notes
from outwait.toolkit.timeouts.snippet import Emitter, Snippet

_AGENT = """\
const IDLE = @idle_ms@; // ms between two bytes of the answer, and until the first one; heartbeats are bytes
const TOTAL = @total_ms@; // for everything, retries too

// Node's own fetch gives up after 300 s of silence whatever the SDK's timeout says; this one waits for IDLE.
const dispatcher = new Agent({
  connect: { timeout: @connect_ms@ },
  headersTimeout: IDLE,
  bodyTimeout: IDLE,
});"""

_FAILED = """\
} catch (error) {
  const cause = error.cause?.cause ?? error.cause ?? "";
  console.error(`gave up: ${error.name}: ${error.message} ${cause}`.trimEnd());
  process.exitCode = 1;
}
"""

_OPENAI = f"""\
// openai for Node: npm install openai undici
import OpenAI from "openai";
import {{ Agent, fetch }} from "undici";

{_AGENT}

const client = new OpenAI({{
  baseURL: process.env.OPENAI_BASE_URL ?? @url@,
  apiKey: process.env.OPENAI_API_KEY ?? "any-key",
  timeout: TOTAL, // of a stream until its head, of a whole reply until its end
  maxRetries: @retries@,
  fetch: (url, init) => fetch(url, {{ ...init, dispatcher }}),
}});

const signal = AbortSignal.timeout(TOTAL);
try {{
  @ASK@
  console.log();
{_FAILED}"""

_OPENAI_STREAM = """\
const stream = await client.chat.completions.create(
    {
      model: process.env.MODEL ?? @model@,
      messages: [{ role: "user", content: process.argv.slice(2).join(" ") || @question@ }],
      stream: true,
    },
    { signal },
  );
  let finish = null;
  for await (const chunk of stream) {
    const [choice] = chunk.choices; // a chunk with the usage has none
    process.stdout.write(choice?.delta?.content ?? "");
    finish = choice?.finish_reason ?? finish;
  }
  signal.throwIfAborted(); // the SDK ends an aborted stream as if it were whole, and a cut one too
  if (finish === null) throw new Error("the answer was cut");"""

_OPENAI_WHOLE = """\
const reply = await client.chat.completions.create(
    {
      model: process.env.MODEL ?? @model@,
      messages: [{ role: "user", content: process.argv.slice(2).join(" ") || @question@ }],
    },
    { signal },
  );
  process.stdout.write(reply.choices[0].message.content);"""

_ANTHROPIC = f"""\
// @anthropic-ai/sdk for Node: npm install @anthropic-ai/sdk undici
import Anthropic from "@anthropic-ai/sdk";
import {{ Agent, fetch }} from "undici";

{_AGENT}

const client = new Anthropic({{
  baseURL: process.env.ANTHROPIC_BASE_URL ?? @root@,
  apiKey: process.env.ANTHROPIC_API_KEY ?? "any-key",
  timeout: TOTAL, // until the head; set, it also allows long whole calls
  maxRetries: @retries@,
  fetch: (url, init) => fetch(url, {{ ...init, dispatcher }}),
}});

const signal = AbortSignal.timeout(TOTAL);
try {{
  @ASK@
  console.log();
{_FAILED}"""

_ANTHROPIC_STREAM = """\
const stream = await client.messages.create(
    {
      model: process.env.MODEL ?? @model@,
      max_tokens: 1024,
      messages: [{ role: "user", content: process.argv.slice(2).join(" ") || @question@ }],
      stream: true,
    },
    { signal },
  );
  let whole = false;
  for await (const event of stream) { // `ping` events pass unseen
    if (event.type === "content_block_delta") process.stdout.write(event.delta.text ?? "");
    whole = event.type === "message_stop";
  }
  signal.throwIfAborted(); // the SDK ends an aborted stream as if it were whole, and a cut one too
  if (!whole) throw new Error("the answer was cut");"""

_ANTHROPIC_WHOLE = """\
const reply = await client.messages.create(
    {
      model: process.env.MODEL ?? @model@,
      max_tokens: 1024,
      messages: [{ role: "user", content: process.argv.slice(2).join(" ") || @question@ }],
    },
    { signal },
  );
  process.stdout.write(reply.content.map((part) => part.text ?? "").join(""));"""

_AXIOS = """\
// axios for Node: npm install axios
import axios from "axios";
import http from "node:http";
import https from "node:https";

const IDLE = @idle_ms@; // ms between two bytes of the answer, and until the first one; heartbeats are bytes
const TOTAL = @total_ms@; // for everything, retries too
const RETRIES = @retries@;

const kept = { keepAlive: true, keepAliveMsecs: 15_000 }; // TCP's own, which also finds a peer that is gone
const client = axios.create({
  baseURL: process.env.OPENAI_BASE_URL ?? @url@,
  headers: { authorization: `Bearer ${process.env.OPENAI_API_KEY ?? "any-key"}` },
  httpAgent: new http.Agent(kept),
  httpsAgent: new https.Agent(kept),
  responseType: "stream",
  maxContentLength: Infinity,
  validateStatus: () => true, // looked at below
});

// Silence is watched by a timer that each byte sets anew: axios' own `timeout` bounds whole calls, or the head alone.
const gone = new AbortController();
const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(TOTAL)]);
const silent = () => gone.abort(new Error(`silent for ${IDLE} ms`));
let watch = setTimeout(silent, IDLE);

async function ask(body) {
  for (let tries = 0; ; tries += 1) {
    const reply = await client.post("/chat/completions", body, { signal }).catch((error) => error);
    if (reply.status < 300) return reply;
    // Tried again is only what surely was not worked on. A timeout may have been paid.
    const safe = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", 429, 503].includes(reply.code ?? reply.status);
    if (!safe || tries >= RETRIES) {
      if (reply instanceof Error) throw reply;
      let told = "";
      for await (const piece of pieces(reply)) told += piece;
      throw new Error(`${reply.status}: ${told.slice(0, 500)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** tries * Math.random()));
  }
}

async function* pieces(reply) {
  const text = new TextDecoder();
  for await (const bytes of reply.data) {
    clearTimeout(watch);
    watch = setTimeout(silent, IDLE);
    yield text.decode(bytes, { stream: true });
  }
}

try {
  const reply = await ask({
    model: process.env.MODEL ?? @model@,
    messages: [{ role: "user", content: process.argv.slice(2).join(" ") || @question@ }],
    stream: @STREAM@,
  });
  let rest = "";
  @ASK@
  console.log();
} catch (error) {
  const reason = signal.aborted ? signal.reason : error;
  console.error(`gave up: ${reason.name}: ${reason.message}`);
  process.exitCode = 1;
} finally {
  clearTimeout(watch);
}
"""

_AXIOS_STREAM = """\
let finish = null;
  for await (const piece of pieces(reply)) {
    const lines = (rest + piece).split("\\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ") || line.startsWith("data: [DONE]")) continue; // a heartbeat is a comment: `: ping`
      const event = JSON.parse(line.slice(6));
      if (event.error) throw new Error(event.error.message); // told in the stream, since the status was out already
      process.stdout.write(event.choices[0]?.delta?.content ?? "");
      finish = event.choices[0]?.finish_reason ?? finish;
    }
  }
  if (finish === null) throw new Error("the answer was cut"); // the end of the stream is not yet that of the answer"""

_AXIOS_WHOLE = """\
for await (const piece of pieces(reply)) rest += piece; // line breaks before the JSON are heartbeats
  process.stdout.write(JSON.parse(rest).choices[0].message.content);"""

_UNDICI = Said(
    "On Node 20 install undici 7 (npm install undici@7): version 8 wants Node 22.",
    "Node 20 请安装 undici 7（npm install undici@7）：版本 8 需要 Node 22。",
)
_NO_CONNECT = Said(
    "axios has no limit for connecting alone: IDLE covers it.", "axios 没有单独的连接时限：由 IDLE 一并限制。"
)


def _program(
    target: str, title: Said, whole: str, bodies: tuple[str, str], *, more: Said, family: str = "openai"
) -> Emitter:
    """An emitter of `whole` with the first of `bodies` (stream, whole reply) that the advice asks for in it."""

    def emitter(advice: Advice) -> Snippet:
        stream = advice.facts.stream
        template = whole.replace("@ASK@", bodies[0] if stream else bodies[1])
        template = template.replace("@STREAM@", str(stream).lower())
        return Snippet(
            target,
            title,
            "javascript",
            f"ask_{target.replace('-', '_')}.mjs",
            fill(template, advice, family=family),
            "node --check {file}",
            notes(advice, more, retried=target != "axios"),
        )

    return emitter


def _said(what: str) -> Said:
    return Said(f"{what}: a client that waits long enough", f"{what}：等得够久的客户端")


NODE: Final[Mapping[str, Callable[[Advice], Snippet]]] = MappingProxyType(
    {
        "openai-node": _program(
            "openai-node", _said("openai (Node)"), _OPENAI, (_OPENAI_STREAM, _OPENAI_WHOLE), more=_UNDICI
        ),
        "anthropic-node": _program(
            "anthropic-node",
            _said("@anthropic-ai/sdk (Node)"),
            _ANTHROPIC,
            (_ANTHROPIC_STREAM, _ANTHROPIC_WHOLE),
            more=_UNDICI,
            family="anthropic",
        ),
        "axios": _program("axios", _said("axios"), _AXIOS, (_AXIOS_STREAM, _AXIOS_WHOLE), more=_NO_CONNECT),
    }
)
