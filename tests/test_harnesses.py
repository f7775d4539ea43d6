"""Other harnesses' and clients' own code against a served model, each in an environment of its own.

SAILBENCH_PEERS names a folder with them: `openai`, `vlmeval` (ms-vlmeval), `lmms_eval`; without one its tests are
skipped.
"""

import ast
import os
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest
from test_peers import ROOT, python
from test_serve import png
from test_serve_streams import wait_for

from sailbench.models.remote import Endpoint, Remote
from sailbench.types import Media, Request, Sampling

OPENAI = """
import base64, sys
from concurrent.futures import ThreadPoolExecutor
from openai import APIStatusError, AuthenticationError, OpenAI

client = OpenAI(base_url=sys.argv[1], api_key="sk-1", max_retries=0)
picture = base64.b64encode(open(sys.argv[2], "rb").read()).decode()
shown = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a"}]
talk += [{"role": "assistant", "content": "b"}, {"role": "user", "content": [shown, {"type": "text", "text": "?"}]}]
create = client.chat.completions.create
asked = {"model": "m", "messages": talk, "max_tokens": 24, "temperature": 1, "seed": 3}
print([model.id for model in client.models.list()])
whole = create(**asked)
print([whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage.total_tokens])
chunks = list(create(**asked, stream=True, stream_options={"include_usage": True}))
pieces = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
print(["".join(pieces), chunks[-1].usage.total_tokens, len(pieces) > 1])
for failing in ({"n": 2}, {"model": "other"}):
    try:
        create(**(asked | failing))
    except APIStatusError as error:
        print([type(error).__name__, error.body["message"]])
try:
    OpenAI(base_url=sys.argv[1], api_key="sk-2", max_retries=0).models.list()
except AuthenticationError as error:
    print([type(error).__name__])
with ThreadPoolExecutor(32) as pool:
    print({text == whole.choices[0].message.content for text in pool.map(
        lambda i: create(**asked).choices[0].message.content if i % 2 else
        "".join(c.choices[0].delta.content or "" for c in create(**asked, stream=True)), range(64))})
with create(**(asked | {"max_tokens": 30000}), stream=True) as left:
    for chunk in left:
        if chunk.choices[0].delta.content:
            break
"""
VLMEVAL = """
import sys
from vlmeval.api import GPT4V, LMDeployAPI

url, one, two = sys.argv[1:4]
asked = [{"type": "image", "value": one}, {"type": "text", "value": "or"}, {"type": "image", "value": two}]
asked.append({"type": "text", "value": "?"})
common = {"model": "m", "key": "sk-1", "max_tokens": 6, "temperature": 0, "retry": 1, "wait": 0, "timeout": 60}
for model in (LMDeployAPI(api_base=f"{url}/chat/completions", **common),
              GPT4V(api_base=f"{url}/chat/completions", img_detail="low", **common)):
    print([model.generate(asked), model.generate([{"type": "text", "value": "Hello?"}])])
"""
LMMS_EVAL = """
import sys
from types import SimpleNamespace
from PIL import Image
from lmms_eval.models.chat.openai import OpenAICompatible

url, one, two = sys.argv[1:4]
model = OpenAICompatible(model="m", base_url=url, api_key="sk-1", max_retries=1, num_concurrent=4, batch_size=1)
shown = [{"type": "image", "url": Image.open(one)}, {"type": "text", "text": "or"}]
shown += [{"type": "image", "url": Image.open(two)}, {"type": "text", "text": "?"}]
model.task_dict = {"t": {"s": [shown, [{"type": "text", "text": "Hello?"}]]}}
how = {"max_new_tokens": 6, "temperature": 0, "top_p": None, "num_beams": 1}
asked = [SimpleNamespace(args=("", lambda doc: [{"role": "user", "content": doc}], how, i, "t", "s")) for i in (0, 1)]
print([answer.text for answer in model.generate_until(asked)])
"""


@contextmanager
def served(cache):
    """The random checkpoint, served by the command in a process of its own."""
    command = [sys.executable, "-m", "sailbench.cli", "serve", "--model", "sailvl2-random", "--name", "m"]
    command += ["--port", "0", "--api-key-env", "KEY"]
    environment = os.environ | {"KEY": "sk-1", "SAILBENCH_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as server:
        try:
            yield server, server.stdout.readline().split("served at ")[1].split(";")[0]
        finally:
            server.terminate()


def said(interpreter, code, *arguments):
    """The lines that are lists or sets, among whatever else a harness prints."""
    command = [interpreter, "-c", code, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False, env=environment)
    lines = [line for line in done.stdout.splitlines() if line[:1] in ("[", "{") and line[-1:] in ("]", "}")]
    assert lines, done.stderr[-3000:]
    return [ast.literal_eval(line) for line in lines]


@pytest.fixture
def pictures(tmp_path):
    places = [tmp_path / "one.png", tmp_path / "two.png"]
    for place, colour in zip(places, ("red", "blue"), strict=True):
        place.write_bytes(png(colour, size=(300, 200)))
    return places


def expected(url, pictures):
    """What our own client is told: pictures where they stand in the text, and a text alone."""
    own = Sampling(max_tokens=6)
    asked = [
        Request(turns=("\ufffcor\ufffc?",), media=tuple(map(Media.image, pictures)), sampling=own),
        Request(turns=("Hello?",), sampling=own),
    ]
    found = {
        request.turns: response.text
        for request, response in Remote(Endpoint(url=url, model="m", key="sk-1")).answer(asked)
    }
    return [found[request.turns] for request in asked]


@pytest.mark.peers
def test_the_official_client_works_against_a_served_model(tmp_path, pictures):
    interpreter = python("openai")
    with served(tmp_path) as (server, url):
        names, whole, streamed, *refused, together = said(interpreter, OPENAI, url, pictures[0])
        # The last stream was left long before its end.
        wait_for(lambda: httpx.get(url.removesuffix("v1") + "health").json() == {"status": "ok", "waiting": 0})
    assert (names, whole[1], streamed) == (["m"], "length", [whole[0], whole[2], True])
    assert refused == [
        ["BadRequestError", "n is not supported: ask once for each answer"],
        ["NotFoundError", "the model 'other' is not served here; 'm' is"],
        ["AuthenticationError"],
    ]
    assert (together, server.returncode) == ({True}, 0)


@pytest.mark.peers
@pytest.mark.slow
def test_vlmevalkits_api_models_work_against_a_served_model(tmp_path, pictures):
    interpreter = python("vlmeval")
    with served(tmp_path) as (_, url):
        lmdeploy, gpt = said(interpreter, VLMEVAL, url, *pictures)
        assert lmdeploy[1] == gpt[1] == expected(url, pictures)[1]
    assert all(isinstance(text, str) and "Failed" not in text for text in (lmdeploy[0], gpt[0]))


@pytest.mark.peers
@pytest.mark.slow
def test_lmms_evals_openai_model_works_against_a_served_model(tmp_path, pictures):
    interpreter = python("lmms_eval")
    with served(tmp_path) as (_, url):
        (found,) = said(interpreter, LMMS_EVAL, url, *pictures)
        assert found == expected(url, pictures)
