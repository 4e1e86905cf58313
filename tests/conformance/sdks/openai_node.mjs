// Makes calls with the openai SDK for Node: chat completions and responses.

import { functions, load, main, work } from "./telling.mjs";

const { OpenAI, OpenAIError } = await load("openai");

async function chatJson(client, asked, row) {
  const reply = await client.chat.completions.create(asked);
  if (!reply.choices?.length) {
    row.text = null; // what programs trip over
    return [];
  }
  const [choice] = reply.choices;
  Object.assign(row, { text: choice.message.content, finish: choice.finish_reason });
  return choice.message.tool_calls ?? [];
}

async function chatStream(client, asked, row) {
  const calls = [];
  for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
    const choice = chunk.choices[0];
    row.text += choice.delta.content ?? "";
    row.finish = choice.finish_reason ?? row.finish;
    for (const one of choice.delta.tool_calls ?? []) {
      calls[one.index] ??= { id: one.id, type: "function", function: { name: one.function.name, arguments: "" } };
      calls[one.index].function.arguments += one.function.arguments ?? "";
      if (one.function.arguments) row.pieces = (row.pieces ?? 0) + 1;
    }
  }
  return calls;
}

async function chat(client, call, row) {
  const messages = [{ role: "user", content: call.name }];
  const asked = { model: call.model, messages };
  if (call.tools) asked.tools = functions().map((each) => ({ type: "function", function: each }));
  const turn = call.stream ? chatStream : chatJson;
  const wanted = await turn(client, asked, row);
  if (!call.tools) return;
  messages.push({ role: "assistant", content: null, tool_calls: wanted });
  row.calls = wanted.map((one) => ({ name: one.function.name, arguments: JSON.parse(one.function.arguments) }));
  wanted.forEach((one, at) => {
    const content = work(one.function.name, row.calls[at].arguments);
    messages.push({ role: "tool", tool_call_id: one.id, content });
  });
  await turn(client, asked, row);
}

async function responsesJson(client, asked, row) {
  const reply = await client.responses.create(asked);
  Object.assign(row, { text: reply.output_text, finish: reply.status });
  return reply.output;
}

async function responsesStream(client, asked, row) {
  let output = [];
  for await (const event of await client.responses.create({ ...asked, stream: true })) {
    if (event.type === "response.output_text.delta") row.text += event.delta;
    else if (event.type === "response.function_call_arguments.delta") row.pieces = (row.pieces ?? 0) + 1;
    else if (event.type === "response.completed") {
      row.finish = event.response.status;
      output = event.response.output;
    } else if (["error", "response.failed", "response.incomplete"].includes(event.type)) {
      row.finish = event.type;
      row.message = JSON.stringify(event).slice(0, 300);
    }
  }
  return output;
}

async function responses(client, call, row) {
  const input = [{ role: "user", content: call.name }];
  const asked = { model: call.model, input };
  if (call.tools) asked.tools = functions("parameters", { type: "function", strict: false });
  const turn = call.stream ? responsesStream : responsesJson;
  const output = await turn(client, asked, row);
  if (!call.tools) return;
  input.push(...output);
  row.calls = [];
  for (const item of output.filter(({ type }) => type === "function_call")) {
    const given = JSON.parse(item.arguments);
    row.calls.push({ name: item.name, arguments: given });
    input.push({ type: "function_call_output", call_id: item.call_id, output: work(item.name, given) });
  }
  await turn(client, asked, row);
}

await main(
  async (call, row) => {
    const client = new OpenAI({
      baseURL: `${call.root}/v1`,
      apiKey: call.key,
      maxRetries: call.retries,
      timeout: call.timeout * 1000,
      defaultHeaders: call.headers,
    });
    await (call.api === "responses" ? responses : chat)(client, call, row);
  },
  (error) => error instanceof OpenAIError,
);
