// Makes calls with Vercel's AI SDK: generateText and streamText over its OpenAI, Anthropic and Google providers.

import { PARAMETERS, TOOLS, load, main, work } from "./telling.mjs";

const { AISDKError, generateText, jsonSchema, stepCountIs, streamText, tool } = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createAnthropic } = await load("@ai-sdk/anthropic");
const { createGoogleGenerativeAI } = await load("@ai-sdk/google");

globalThis.AI_SDK_LOG_WARNINGS = false;

function provider(call) {
  const about = { apiKey: call.key, headers: call.headers };
  if (call.api === "anthropic") {
    return createAnthropic({ ...about, baseURL: `${call.root}/v1` })(call.model);
  }
  if (call.api === "google") {
    return createGoogleGenerativeAI({ ...about, baseURL: `${call.root}/v1beta` })(call.model);
  }
  const openai = createOpenAI({ ...about, baseURL: `${call.root}/v1` });
  return call.api === "responses" ? openai.responses(call.model) : openai.chat(call.model);
}

function tools(row) {
  row.calls = [];
  const made = ([name, description]) => {
    const execute = async (given) => {
      row.calls.push({ name, arguments: given });
      return work(name, given);
    };
    return [name, tool({ description, inputSchema: jsonSchema(PARAMETERS), execute })];
  };
  return Object.fromEntries(Object.entries(TOOLS).map(made));
}

await main(
  async (call, row) => {
    const asked = {
      model: provider(call),
      prompt: call.name,
      maxRetries: call.retries,
      abortSignal: AbortSignal.timeout(call.timeout * 1000),
    };
    if (call.tools) Object.assign(asked, { tools: tools(row), stopWhen: stepCountIs(2) });
    if (!call.stream) {
      const reply = await generateText(asked);
      Object.assign(row, { text: reply.text, finish: reply.finishReason });
      return;
    }
    const reply = streamText({ ...asked, onError: () => {} }); // errors come as parts of the stream, too
    for await (const part of reply.fullStream) {
      if (part.type === "error") throw part.error;
      if (part.type === "text-delta") row.text += part.text;
      if (part.type === "tool-input-delta") row.pieces = (row.pieces ?? 0) + 1;
      if (part.type === "finish") row.finish = part.finishReason;
    }
  },
  (error) => AISDKError.isInstance(error),
);
