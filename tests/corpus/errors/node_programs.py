"""What a user of each Node library would write: one call. Arguments: URL, model, seconds to wait, json or stream."""

from __future__ import annotations

from typing import Final

_ARGUMENTS: Final = """\
const [url, model, seconds, how] = process.argv.slice(2);
const wait = Number(seconds) * 1000;
const question = { model, messages: [{ role: 'user', content: 'Hello' }], stream: how === 'stream' };
"""
_FETCH: Final = """
import { Agent, fetch } from 'undici';

const dispatcher = new Agent({ connect: { timeout: wait }, headersTimeout: wait, bodyTimeout: wait });
const headers = { 'Content-Type': 'application/json' };
const init = { method: 'POST', headers, body: JSON.stringify(question), dispatcher };
const reply = await fetch(url + '/v1/chat/completions', init);
console.log((await reply.json()).choices[0].message.content);
"""
_SIGNAL: Final = """
const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(question) };
const reply = await fetch(url + '/v1/chat/completions', { ...init, signal: AbortSignal.timeout(wait) });
console.log((await reply.json()).choices[0].message.content);
"""
_PROXY: Final = """
import { ProxyAgent, fetch } from 'undici';

const dispatcher = new ProxyAgent(process.env.HTTPS_PROXY);
const headers = { 'Content-Type': 'application/json' };
const init = { method: 'POST', headers, body: JSON.stringify(question), dispatcher };
console.log(await (await fetch(url + '/v1/chat/completions', init)).json());
"""
_AXIOS: Final = """
import axios from 'axios';

try {
  const reply = await axios.post(url + '/v1/chat/completions', question, { timeout: wait });
  console.log(reply.data.choices[0].message.content);
} catch (error) {
  const { message, code, syscall, hostname, response } = error;
  const told = { message, code, syscall, hostname, status: response?.status, data: response?.data };
  console.error(error.stack.split('\\n').slice(0, 4).join('\\n'), JSON.stringify(told, null, 2));
}
"""
_OPENAI: Final = """
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: url + '/v1', apiKey: 'sk-none', maxRetries: 0, timeout: wait });
const reply = await client.chat.completions.create(question);
if (question.stream) for await (const chunk of reply) console.log(chunk.choices[0].delta.content);
else console.log(reply.choices[0].message.content);
"""
_ANTHROPIC: Final = """
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: url, apiKey: 'sk-ant-none', maxRetries: 0, timeout: wait });
const asked = { model, max_tokens: 100, messages: question.messages };
if (question.stream) for await (const event of client.messages.stream(asked)) console.log(event.type);
else console.log((await client.messages.create(asked)).content[0].text);
"""

# Program -> its source and the package whose version is told.
NODE: Final[dict[str, tuple[str, str]]] = {
    "undici-fetch": (_FETCH, "undici"),
    "undici-proxy": (_PROXY, "undici"),
    "fetch-signal": (_SIGNAL, ""),
    "axios": (_AXIOS, "axios"),
    "openai-node": (_OPENAI, "openai"),
    "anthropic-node": (_ANTHROPIC, "@anthropic-ai/sdk"),
}


def source(program: str) -> str:
    """The whole source of `program`; imports first, as modules have them."""
    own = NODE[program][0].strip().splitlines()
    imports = [line for line in own if line.startswith("import ")]
    return "\n".join([*imports, _ARGUMENTS, *[line for line in own if line not in imports], ""])
