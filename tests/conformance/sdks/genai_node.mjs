// Makes calls with the @google/genai SDK for Node.

import { TOOLS, load, main, work } from "./telling.mjs";

const { ApiError, GoogleGenAI } = await load("@google/genai");
const SCHEMA = {
  type: "OBJECT",
  properties: { city: { type: "STRING" }, days: { type: "INTEGER" } },
  required: ["city"],
};

function take(reply, row) {
  const [candidate] = reply.candidates ?? [];
  row.finish = candidate?.finishReason ?? row.finish;
  const parts = candidate?.content?.parts ?? [];
  for (const part of parts) if (part.text && !part.thought) row.text += part.text;
  return parts.filter((part) => part.text || part.functionCall);
}

async function turn(client, asked, call, row) {
  if (!call.stream) return take(await client.models.generateContent(asked), row);
  const parts = [];
  for await (const chunk of await client.models.generateContentStream(asked)) parts.push(...take(chunk, row));
  return parts;
}

await main(
  async (call, row) => {
    const retryOptions = { attempts: call.retries + 1, initialDelay: 0.5 };
    const client = new GoogleGenAI({
      apiKey: call.key,
      httpOptions: { baseUrl: call.root, timeout: call.timeout * 1000, headers: call.headers, retryOptions },
    });
    const contents = [{ role: "user", parts: [{ text: call.name }] }];
    const asked = { model: call.model, contents };
    if (call.tools) {
      const functionDeclarations = Object.entries(TOOLS).map(([name, description]) => ({
        name,
        description,
        parameters: SCHEMA,
      }));
      asked.config = { tools: [{ functionDeclarations }] };
    }
    const parts = await turn(client, asked, call, row);
    if (!call.tools) return;
    const wanted = parts.filter((part) => part.functionCall).map((part) => part.functionCall);
    row.calls = wanted.map(({ name, args }) => ({ name, arguments: args }));
    const results = wanted.map(({ id, name, args }) => ({
      functionResponse: { id, name, response: { result: work(name, args) } },
    }));
    contents.push({ role: "model", parts }, { role: "user", parts: results });
    await turn(client, asked, call, row);
  },
  (error) => error instanceof ApiError,
);
