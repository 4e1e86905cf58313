// Makes calls with the anthropic SDK for Node.

import { functions, load, main, work } from "./telling.mjs";

const { Anthropic, AnthropicError } = await load("@anthropic-ai/sdk");
const MOST = 1000; // tokens; an answer has to say how long it may get

async function json(client, asked, row) {
  const reply = await client.messages.create(asked);
  row.text = reply.content?.filter(({ type }) => type === "text").map(({ text }) => text).join("") ?? null;
  row.finish = reply.stop_reason;
  return reply;
}

async function stream(client, asked, row) {
  const events = client.messages.stream(asked);
  for await (const event of events) {
    if (event.type !== "content_block_delta") continue;
    if (event.delta.type === "text_delta") row.text += event.delta.text;
    if (event.delta.type === "input_json_delta" && event.delta.partial_json) row.pieces = (row.pieces ?? 0) + 1;
  }
  const reply = await events.finalMessage();
  row.finish = reply.stop_reason;
  return reply;
}

await main(
  async (call, row) => {
    const client = new Anthropic({
      baseURL: call.root,
      apiKey: call.key,
      maxRetries: call.retries,
      timeout: call.timeout * 1000,
      defaultHeaders: call.headers,
    });
    const messages = [{ role: "user", content: call.name }];
    const asked = { model: call.model, max_tokens: MOST, messages };
    if (call.tools) asked.tools = functions("input_schema");
    const turn = call.stream ? stream : json;
    const reply = await turn(client, asked, row);
    if (!call.tools) return;
    const wanted = reply.content.filter(({ type }) => type === "tool_use");
    row.calls = wanted.map(({ name, input }) => ({ name, arguments: input }));
    const results = wanted.map(({ id, name, input }) => ({
      type: "tool_result",
      tool_use_id: id,
      content: work(name, input),
    }));
    messages.push({ role: "assistant", content: reply.content }, { role: "user", content: results });
    await turn(client, asked, row);
  },
  (error) => error instanceof AnthropicError,
);
