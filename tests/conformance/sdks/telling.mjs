// What the Node programs of this folder share: all calls at once, and a line of JSON for what each of them was told.
// argv: the folder that holds node_modules. Standard input: a list of calls, as `telling.py` describes them.

import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.argv[2]}/package.json`);
const running = new AsyncLocalStorage();
const send = globalThis.fetch;
globalThis.fetch = (...asked) => {
  const row = running.getStore();
  if (row) row.tries += 1;
  return send(...asked);
};

export const load = (name) => import(pathToFileURL(require.resolve(name)).href);

export const PARAMETERS = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city"],
};
export const TOOLS = { get_weather: "The weather of a city.", get_time: "The local time of a city." };
export const work = (name, given) => `${name} of ${given.city} says fine`;
export const functions = (kind = "parameters", more = {}) =>
  Object.entries(TOOLS).map(([name, description]) => ({ ...more, name, description, [kind]: PARAMETERS }));

// `answer(call, row)` writes what it is told into its row as it comes. `own`: the class of the SDK's errors.
export async function main(answer, own) {
  const play = async (call) => {
    const row = { name: call.name, text: "", tries: 0 };
    const start = performance.now();
    try {
      await running.run(row, () => answer(call, row));
    } catch (thrown) {
      // A wrapper that gave up retrying tells less than what it wraps.
      const error = thrown.lastError ?? thrown;
      Object.assign(row, {
        error: thrown.name === "Error" ? thrown.constructor.name : thrown.name,
        message: String(error.message).slice(0, 500),
        typed: own(thrown),
        status: error.status ?? error.statusCode ?? null,
        code: typeof error.code === "string" ? error.code : null,
      });
    }
    row.seconds = Math.round((performance.now() - start) / 100) / 10;
    return row;
  };
  const told = await Promise.all(JSON.parse(readFileSync(0, "utf8")).map(play));
  process.stdout.write(told.map((row) => JSON.stringify(row)).join("\n"));
}
