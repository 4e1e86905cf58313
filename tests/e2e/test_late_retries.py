"""SDKs that ask again without saying so get the true error of a JSON call that failed late, and it is asked once.

Neither Vercel's AI SDK nor LiteLLM's `anthropic/` tells that it repeats itself: what outwait has cut is told to
the same request, also where another worker takes it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.conformance.voices import BY_NAME, NODE
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, environment

PYTHON = Path(__file__).parents[2] / ".tools" / "sdks" / "bin" / "python"
AI = """
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const require = createRequire(`${process.argv[2]}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { generateText } = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const model = createOpenAI({ apiKey: "any", baseURL: process.argv[3] }).chat(process.argv[4]);
try {
  await generateText({ model, prompt: process.argv[5] });
} catch (thrown) {
  const last = thrown.lastError ?? thrown;
  const told = { name: thrown.name, status: last.statusCode ?? null, message: last.message };
  console.log(JSON.stringify(told));
}
"""
LITELLM = """
import json, sys, litellm
try:
    litellm.completion(model="anthropic/" + sys.argv[2], api_base=sys.argv[1].removesuffix("/v1"),
                       api_key="any", num_retries=2, messages=[{"role": "user", "content": sys.argv[3]}])
except Exception as error:
    told = {"name": type(error).__name__, "status": getattr(error, "status_code", None), "message": str(error)}
    print(json.dumps(told))
"""


@pytest.fixture(scope="module", params=[1, 3], ids=["1 worker", "3 workers"])
def gateway(serve: Serve, provider: Provider, request: pytest.FixtureRequest) -> Gateway:
    channels = [{"name": "sim", "base_url": provider.url}]
    asked = {
        "channels": channels,
        "keys": [{"name": "any", "key": "any"}],
        "retry": {"attempts": 1},
        "server": {"workers": request.param},
    }
    return serve(asked, f"late{request.param}")


def run(*argv: str, program: str) -> dict[str, object]:
    done = subprocess.run(
        argv, input=program, capture_output=True, text=True, timeout=60, check=True, env=environment()
    )
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


def ai(gateway: Gateway, model: str, question: str) -> dict[str, object]:
    return run("node", "--input-type=module", "-", str(NODE), gateway.url, model, question, program=AI)


def litellm(gateway: Gateway, model: str, question: str) -> dict[str, object]:
    return run(str(PYTHON), "-", gateway.url, model, question, program=LITELLM)


@pytest.mark.parametrize("sdk", ["vercel-ai", "litellm"])
@pytest.mark.parametrize("status", [400, 500])
def test_the_true_error_and_one_upstream_call(gateway: Gateway, provider: Provider, sdk: str, status: int) -> None:
    if missing := BY_NAME[sdk].missing():
        pytest.skip(missing)
    question = f"{sdk} {status} {gateway.name}"
    asked = ai if sdk == "vercel-ai" else litellm
    told = asked(gateway, f"error-{status}-after-2s", question)
    assert told["status"] == status, told
    assert len(provider.calls(question)) == 1
