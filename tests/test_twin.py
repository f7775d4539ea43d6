"""A coarser twin of a checkpoint: few values a matrix, everything else as it was, and a model that still loads."""

import json

import pytest
import torch

from sailbench.cli import main
from sailbench.models.sail import SailVL2, tiny
from sailbench.models.sail.weights import stored
from sailbench.models.twin import degrade, rounded

pytestmark = pytest.mark.usefixtures("one_thread")


def tensors(folder):
    from safetensors import safe_open

    held = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            held |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (the reader is no mapping)
    return held


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    root = tmp_path_factory.mktemp("twins")
    tiny.write(root / "whole", shards=2)
    assert main(["degrade", f"{root}/whole", f"{root}/twin", "--bits", "4"]) == 0
    return root


def test_every_matrix_has_at_most_fifteen_values_and_the_rest_is_as_it_was(twins):
    old, new = tensors(twins / "whole"), tensors(twins / "twin")
    assert old.keys() == new.keys() and all(old[name].dtype == new[name].dtype for name in old)
    matrices = [name for name in old if old[name].ndim > 1]
    assert all(len(new[name].unique()) <= 15 for name in matrices) and matrices
    assert all(torch.equal(old[name], new[name]) for name in old if name not in matrices)
    assert any(not torch.equal(old[name], new[name]) for name in matrices)


def test_files_and_names_are_those_of_the_source(twins):
    files = [{path.name for path in (twins / name).iterdir()} for name in ("whole", "twin")]
    assert files[0] == files[1]
    for name in files[0] - {path.name for path in (twins / "twin").glob("*.safetensors")}:
        assert (twins / "whole" / name).read_bytes() == (twins / "twin" / name).read_bytes()
    places = [{name: own.file.name for name, own in stored(twins / side).items()} for side in ("whole", "twin")]
    assert places[0] == places[1]


def test_a_value_is_off_by_half_a_step_at_most_and_the_largest_stays():
    tensor = torch.linspace(-1.0, 0.7, 500).reshape(20, 25)
    found = rounded(tensor, 4)
    assert (found - tensor).abs().max() <= 0.5 / 7 + 1e-6 and found.min() == -1.0
    assert torch.equal(rounded(torch.zeros(2, 2), 4), torch.zeros(2, 2))


def test_it_is_the_same_each_time_and_another_model_for_the_journal(twins, tmp_path):
    degrade(twins / "whole", tmp_path / "again", 4)
    old, new = tensors(twins / "twin"), tensors(tmp_path / "again")
    assert all(torch.equal(old[name], new[name]) for name in old)
    whole, twin = (SailVL2.load(twins / name) for name in ("whole", "twin"))
    ids = whole.prompt_ids("Which?", [])
    assert not torch.allclose(whole.next_token_logits(ids, None), twin.next_token_logits(ids, None), atol=1e-3)


def test_the_twin_has_results_of_its_own(twins, tmp_path):
    for name in ("whole", "twin"):
        argv = ["run", "--model", f"{twins}/{name}", "--name", name, "--tasks", "demo_shapes", "--limit", "1"]
        assert main([*argv, "--out", str(tmp_path)]) == 0
    records = [json.loads((tmp_path / name / "demo_shapes.json").read_text()) for name in ("whole", "twin")]
    assert records[0]["model_fingerprint"] != records[1]["model_fingerprint"]


def test_a_folder_that_is_there_and_bits_that_are_none_are_refused(twins, capsys):
    assert main(["degrade", f"{twins}/whole", f"{twins}/twin"]) == 2
    assert "exists already" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["degrade", f"{twins}/whole", f"{twins}/x", "--bits", "1"])
