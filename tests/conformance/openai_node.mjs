// Makes calls with the openai SDK for Node, all at once, and tells what a program would see.
// argv: the folder that holds node_modules. Standard input: a list of calls as JSON; output: a line of JSON for each.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const OpenAI = createRequire(`${process.argv[2]}/package.json`)("openai");

async function answer(client, call) {
  const asked = { model: call.model, messages: [{ role: "user", content: call.name }] };
  if (!call.stream) {
    const reply = await client.chat.completions.create(asked);
    if (!reply.choices?.length) return { choices: reply.choices ?? null, text: null };
    return { text: reply.choices[0].message.content, finish: reply.choices[0].finish_reason };
  }
  let text = "";
  let finish = null;
  for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
    const choice = chunk.choices[0];
    text += choice.delta.content ?? "";
    finish = choice.finish_reason ?? finish;
  }
  return { text, finish };
}

async function play(call) {
  const client = new OpenAI({ baseURL: call.url, apiKey: call.key, maxRetries: call.retries, timeout: call.timeout * 1000 });
  const start = performance.now();
  let row;
  try {
    row = await answer(client, call);
  } catch (error) {
    row = {
      error: error.constructor.name,
      message: String(error.message).slice(0, 500),
      api: error instanceof OpenAI.OpenAIError,
      status: error.status ?? null,
      code: error.code ?? null,
    };
  }
  return { name: call.name, seconds: Math.round((performance.now() - start) / 100) / 10, ...row };
}

const told = await Promise.all(JSON.parse(readFileSync(0, "utf8")).map(play));
process.stdout.write(told.map((row) => JSON.stringify(row)).join("\n"));
