"""Other engines: our calls against their own signatures, and the real thing where it is installed.

SAILBENCH_PEERS names a folder with an environment each: `vllm`, `lmdeploy`. Signatures are read from the
packages' sources, so that no GPU and none of their libraries are needed; without a package its tests are skipped.
"""

import ast
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from sailbench.models import lmdeploy, vllm
from sailbench.models.sail import SailVL2, tiny
from sailbench.models.splice import How, Prompt
from sailbench.models.waves import Talk
from sailbench.types import Request, Sampling

ROOT = Path(__file__).resolve().parents[1]
PEERS = os.environ.get("SAILBENCH_PEERS", "")
GREEDY = How(max_tokens=5, end=1, temperature=0.0, top_p=1.0, seed=3)
DRAWN = How(max_tokens=5, end=1, temperature=0.7, top_p=0.9, seed=3)
# Heads of 64, the smallest that vLLM computes on a CPU; 128 is what TurboMind and GPUs are made for.
SMALL = {"head_dim": 64}
LARGE = {"head_dim": 128, "hidden_size": 256, "intermediate_size": 512, "vocab_size": 512}


def talk(temperature):
    return Talk(Request(turns=("q",), sampling=Sampling(temperature=temperature, top_p=0.9)), [], [])


def source(package, file):
    """The syntax tree of a file of a package, here or in the environment that is its own."""
    spec = find_spec(package)
    places = [Path(spec.origin).parent] if spec and spec.origin else []
    places += [*Path(PEERS).glob(f"{package}/{package}"), *Path(PEERS).glob(f"{package}/lib/*/site-packages/{package}")]
    if not places or not (PEERS or spec):
        pytest.skip(f"{package} is not installed")
    return ast.parse((places[0] / file).read_text(encoding="utf-8"))


def found(tree, name):
    return next(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == name)


def fields(tree, name):
    """The annotated fields of a class, or an enumeration's members."""
    body = found(tree, name).body
    named = {n.target.id for n in body if isinstance(n, ast.AnnAssign)}
    return named | {t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}


def parameters(tree, owner, name):
    body = found(tree, owner).body if owner else tree.body
    function = next(n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name)
    return [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]


def python(name):
    executable = Path(PEERS) / name / "bin" / "python"
    if not PEERS or not executable.exists():
        pytest.skip(f"SAILBENCH_PEERS names no folder with {name}/bin/python")
    return str(executable)


def test_turbomind_takes_what_we_ask():
    tree = source("lmdeploy", "turbomind/turbomind.py")
    names = parameters(tree, "TurboMindInstance", "async_stream_infer")
    prompt = Prompt([1, 2], (_features(),), (0,))
    assert names[:2] == ["self", "session_id"] and "gen_config" in names
    assert {"input_ids", "input_embeddings", "input_embedding_ranges", "stream_output"} <= {*names} & {
        *lmdeploy.asked(prompt)
    }
    assert "engine_config" in parameters(tree, "TurboMind", "from_pretrained")
    assert parameters(tree, "TurboMind", "create_instance")[0] == "self"


def _features():
    import torch

    return torch.zeros(1, 4)


def test_lmdeploys_settings_are_those_we_set():
    tree = source("lmdeploy", "messages.py")
    settings = {**lmdeploy.generation(GREEDY), **lmdeploy.generation(DRAWN)}
    settings |= {**lmdeploy.chat_generation(talk(0.0)), **lmdeploy.chat_generation(talk(0.7))}
    assert settings.keys() <= fields(tree, "GenerationConfig")
    assert {*lmdeploy.options("bfloat16"), "session_len"} <= fields(tree, "TurbomindEngineConfig")
    assert {*lmdeploy.FINE} <= fields(tree, "ResponseType")
    assert {"status", "token_ids"} <= fields(tree, "EngineOutput")
    assert {"text", "input_token_len", "generate_token_len", "finish_reason"} <= fields(tree, "Response")


def test_lmdeploys_pipeline_takes_what_we_ask():
    assert "backend_config" in parameters(source("lmdeploy", "api.py"), None, "pipeline")
    assert parameters(source("lmdeploy", "pipeline.py"), "Pipeline", "__call__")[:3] == [
        "self",
        "prompts",
        "gen_config",
    ]


def test_vllms_settings_are_those_we_set():
    settings = (
        vllm.sampling(GREEDY) | vllm.sampling(DRAWN) | vllm.chat_sampling(talk(0.0)) | vllm.chat_sampling(talk(0.7))
    )
    assert settings.keys() <= fields(source("vllm", "sampling_params.py"), "SamplingParams")
    own = {*vllm.options("float32"), "enable_prompt_embeds", "max_model_len", "limit_mm_per_prompt"}
    assert own <= fields(source("vllm", "engine/arg_utils.py"), "EngineArgs") | {"disable_log_stats"}


def test_vllms_engine_takes_what_we_ask():
    tree = source("vllm", "v1/engine/llm_engine.py")
    assert parameters(tree, "LLMEngine", "add_request")[:4] == ["self", "request_id", "prompt", "params"]
    assert parameters(tree, "LLMEngine", "step") == ["self"]
    assert parameters(source("vllm", "entrypoints/llm.py"), "LLM", "chat")[1:3] == ["messages", "sampling_params"]
    assert {"token_ids", "finish_reason", "text"} <= fields(source("vllm", "outputs.py"), "CompletionOutput")


def test_vllms_client_tells_whether_its_engine_lives_and_raises_what_stands_in_its_queue():
    tree = source("vllm", "v1/engine/core_client.py")
    assert parameters(tree, "MPClient", "ensure_alive") == ["self"]
    waits = ast.unparse(next(n for n in found(tree, "SyncMPClient").body if getattr(n, "name", "") == "get_output"))
    assert "self.outputs_queue.get()" in waits and "isinstance(outputs, Exception)" in waits


def assert_answers_are_ours(engine, folder, device, dtype):
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}",
        "SAILBENCH_CACHE": f"{folder}-cache",
        "VLLM_CPU_KVCACHE_SPACE": "1",
    }
    interpreter = sys.executable if find_spec(engine) else python(engine)
    command = [interpreter, str(ROOT / "tests" / "peer_answers.py"), engine, str(folder), device, dtype]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWERS")]
    assert lines, done.stderr[-3000:]
    from peer_answers import answers

    theirs, ours = json.loads(lines[0].removeprefix("ANSWERS")), answers(SailVL2.load(folder, device, dtype))
    if dtype == "float32":
        assert theirs == ours
    else:  # sums of rounded numbers depend on their order: lengths, endings and errors are the same, not every token
        assert [their[1:] for their in theirs] == [our[1:] for our in ours]
        assert [their[0][0][:1] for their in theirs if their[0]] == [our[0][0][:1] for our in ours if our[0]]


@pytest.mark.peers
@pytest.mark.slow
@pytest.mark.parametrize("moe", [False, True], ids=["dense", "moe"])
def test_vllm_on_a_cpu_gives_the_bundled_engines_greedy_answers(tmp_path, one_thread, moe):
    python("vllm")
    tiny.write(tmp_path / "tiny", seed=3, moe=moe, changes={"llm_config": SMALL})
    assert_answers_are_ours("vllm", tmp_path / "tiny", "cpu", "float32")


@pytest.mark.gpu
@pytest.mark.parametrize("engine", ["lmdeploy", "vllm"])
def test_on_a_gpu_other_engines_answer_as_the_bundled_one(tmp_path, engine):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    if not find_spec(engine):
        python(engine)
    tiny.write(tmp_path / "tiny", seed=3, changes={"llm_config": LARGE})
    assert_answers_are_ours(engine, tmp_path / "tiny", "cuda", "bfloat16")
