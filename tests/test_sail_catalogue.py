"""Names of models: what each stands for, what has no weights, and what is not a name."""

import pytest

from sailbench.errors import ModelError
from sailbench.models import catalogue
from sailbench.models.sail import SailVL2, tiny


def test_the_whole_family_is_listed_with_its_defaults():
    found = {e["name"]: (e["thinking"], e["max_tokens"]) for e in catalogue.listing()}
    assert found["sailvl2-2b"] == found["sailvl2-random"] == (False, 1024)
    assert found["sailvl2-nano"] == (None, 1024)  # each task says whether it wants reasoning
    assert found["sailvl2-8b-thinking"] == found["sailvl2-30b-a3b-thinking"] == (True, 4096)
    assert len(found) == len(catalogue.lines()) == 10


@pytest.mark.parametrize("name", ["sailvl2-2b", "sailvl2-8b", "sailvl2-2b-thinking", "sailvl2-8b-thinking"])
def test_released_models_know_their_repository(name):
    wanted = "BytedanceDouyinContent/SAIL-VL2-" + name.removeprefix("sailvl2-")
    assert catalogue.ENTRIES[name].hub.lower() == wanted.lower()


@pytest.mark.parametrize("name", ["sailvl2-1b", "sailvl2-30b-a3b", "sailvl2-30b-a3b-thinking", "sailvl2-anyres-2b"])
def test_unreleased_models_say_so_and_ask_for_a_folder(name):
    with pytest.raises(ModelError, match="never released; pass a folder"):
        SailVL2.load(name)


def test_a_slip_in_a_name_is_met_with_the_nearest():
    with pytest.raises(ModelError, match="no model 'sailvl-2b'; did you mean sailvl2-2b"):
        catalogue.locate("sailvl-2b")


def test_a_hub_id_that_is_nowhere_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="nobody/nothing is not in the hub's cache") as caught:
        catalogue.locate("nobody/nothing", offline=True)
    assert "\n" not in str(caught.value)


def test_folders_and_hub_ids_are_called_by_their_last_part(tmp_path):
    (tmp_path / "mine").mkdir()
    assert catalogue.display_name(tmp_path / "mine") == "mine"
    assert catalogue.display_name(f"{tmp_path}/mine/") == "mine"
    assert catalogue.display_name("owner/Model-2B") == "Model-2B"
    assert catalogue.entry(str(tmp_path / "mine")) is None


def test_the_model_that_comes_with_the_package_is_found_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "BUNDLED", tmp_path)
    tiny.write(tmp_path / "nano")
    assert catalogue.locate("sailvl2-nano", offline=True) == tmp_path / "nano"
    assert SailVL2.load("sailvl2-nano").name == "sailvl2-nano"
    assert [e["name"] for e in catalogue.listing() if e["bundled"]] == ["sailvl2-nano"]


def test_a_package_without_its_model_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "BUNDLED", tmp_path)
    with pytest.raises(ModelError, match=r"nano has no config.json and no model.safetensors: install sailbench anew"):
        catalogue.check("sailvl2-nano")


def test_the_random_model_is_written_once_into_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SAILBENCH_CACHE", str(tmp_path))
    first = SailVL2.load("sailvl2-random")
    (folder,) = tmp_path.iterdir()
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert SailVL2.load("sailvl2-random").identity == first.identity
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    assert first.name == "sailvl2-random"


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAILBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"cannot be written.*set SAILBENCH_CACHE"):
        catalogue.locate("sailvl2-random")
