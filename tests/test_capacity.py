"""Plans rest on what was measured or is known, and say so; the simulator keeps the laws of queues."""

import json
import math
from random import Random

import pytest

from sailbench.capacity import estimate, gpus, requests
from sailbench.capacity.estimate import Question
from sailbench.capacity.requests import Sources
from sailbench.capacity.roofline import Engine, Network
from sailbench.capacity.simulation import Workers, simulate
from sailbench.cli import main
from sailbench.errors import UsageError
from sailbench.models import catalogue
from sailbench.models.sail.config import SailConfig
from sailbench.store import Results
from sailbench.types import Response

NAMED = [entry for entry in catalogue.ENTRIES.values() if entry.config]


def spread(n, seed=0):
    chance = Random(seed)
    return [chance.lognormvariate(0, 0.8) for _ in range(n)]


# The simulator.


@pytest.mark.parametrize(("n", "count"), [(12, 1), (12, 4), (13, 4), (1, 8)])
def test_equal_requests_take_as_many_rounds_as_there_must_be(n, count):
    outcome = simulate([2.0] * n, Workers(count=count, start=5.0))
    assert outcome.makespan == pytest.approx(5.0 + 2.0 * math.ceil(n / count))


def test_one_worker_takes_the_sum():
    costs = spread(50)
    assert simulate(costs, Workers(count=1)).makespan == pytest.approx(sum(costs))


def test_a_batch_answers_as_many_at_once_each_as_many_times_slower():
    assert simulate([1.0] * 8, Workers(count=1, rows=4)).makespan == pytest.approx(8.0)
    assert simulate([1.0], Workers(count=1, rows=4)).makespan == pytest.approx(4.0)


@pytest.mark.parametrize("count", [1, 3, 16])
def test_work_is_conserved_and_ends_within_grahams_bound(count):
    costs = spread(300)
    outcome = simulate(costs, Workers(count=count, held=1))
    assert outcome.useful == pytest.approx(sum(costs))
    assert (outcome.wasted, outcome.redone) == (0.0, 0)
    assert sum(costs) / count - 1e-9 <= outcome.makespan <= sum(costs) / count + max(costs)


def test_more_workers_are_never_slower():
    costs = spread(2000)
    ends = [simulate(costs, Workers(count=2**k, held=1)).makespan for k in range(11)]
    assert ends == sorted(ends, reverse=True)


def test_speed_up_is_near_the_number_of_workers_while_there_is_much_to_do():
    costs = spread(20_000)
    one, many = (simulate(costs, Workers(count=count, rows=4)) for count in (1, 64))
    assert 55 < one.makespan / many.makespan <= 64


def test_what_a_dead_worker_held_is_done_again_and_everything_ends():
    costs = [60.0] * 400
    outcome = simulate(costs, Workers(count=8, hours_between_failures=0.5, replaced_after=10.0), seed=1)
    assert outcome.deaths > 0 and outcome.redone > 0 and outcome.wasted > 0
    assert outcome.useful == pytest.approx(sum(costs))
    assert outcome.makespan > simulate(costs, Workers(count=8)).makespan


def test_the_last_worker_dies_and_another_finishes():
    outcome = simulate([3600.0] * 3, Workers(count=1, hours_between_failures=2.0, replaced_after=60.0), seed=3)
    assert outcome.deaths > 0
    assert outcome.useful == pytest.approx(3 * 3600.0)


def test_slow_workers_cost_what_they_are_slower():
    assert simulate([1.0] * 40, Workers(count=4, slow=1.0, slowness=3.0)).makespan == pytest.approx(30.0)


def test_a_seed_gives_one_outcome():
    workers = Workers(count=16, hours_between_failures=1.0, slow=0.2)
    costs = [30.0 * cost for cost in spread(500)]
    assert simulate(costs, workers, 7) == simulate(costs, workers, 7) != simulate(costs, workers, 8)


# The roofline.


@pytest.mark.parametrize("entry", NAMED, ids=lambda entry: entry.name)
def test_parameters_are_those_of_the_network_as_it_is_built(entry):
    from sailbench.models.sail.network import Network as Built

    config = SailConfig.parse(entry.config)
    built, counted = Built.empty(config), Network.of(config)
    modules = (built.vision_model, built.mlp1, built.language_model)
    own = [sum(p.numel() for p in module.parameters()) for module in modules]
    assert own == [counted.tower, counted.adapter, counted.language]


def test_a_mixture_computes_with_few_of_its_parameters():
    network = Network.of(SailConfig.parse(catalogue.ENTRIES["sailvl2-30b-a3b"].config))
    assert network.language > 30e9 and 2.5e9 < network.active < 3.5e9


def test_a_dense_prompt_takes_twice_its_parameters_a_token():
    network = Network.of(SailConfig.parse(catalogue.ENTRIES["sailvl2-8b"].config))
    engine = Engine(network, gpus.find("h100"))
    least = 2 * network.active * 1000 / (989e12 * 0.4)
    assert least < engine.reading(1000, tiles=0) < 1.1 * least


def test_a_single_answer_is_bound_by_the_weights_bandwidth():
    network = Network.of(SailConfig.parse(catalogue.ENTRIES["sailvl2-30b-a3b"].config))
    engine = Engine(network, gpus.find("h100"))
    rows = engine.rows(1100)
    assert engine.writing(1000, 100) * rows >= 100 * network.weight_bytes / (3.35e12 * 0.6)


def test_weights_that_do_not_fit_are_refused_with_the_way_out():
    network = Network.of(SailConfig.parse(catalogue.ENTRIES["sailvl2-30b-a3b"].config))
    with pytest.raises(UsageError, match="--gpus-per-worker 3"):
        Engine(network, gpus.find("a10"), 1)


def test_a_gpu_without_a_data_sheet_is_refused():
    with pytest.raises(UsageError, match="did you mean h100"):
        gpus.find("h10")


# The estimate.


def question(**more):
    sources = more.pop("sources", Sources(model="sailvl2-8b"))
    usual = {"tasks": ["mmstar"], "model": "sailvl2-8b", "gpu": gpus.find("h100"), "gpus": 8}
    return Question(**usual | {"workers": 8, "gpus_a_worker": 1.0, "sources": sources} | more)


def finished(folder, hardware="NVIDIA H100 80GB HBM3", n=40):
    """A run's journal and summary: forty answers of two seconds, 900 tokens in and 10 out."""
    results = Results(folder, "sailvl2-8b")
    for i in range(n):
        response = Response(texts=("A",), tokens_in=900, tokens_out=10, seconds=2.0)
        results.journal("mmstar").append(f"k{i}", str(i), response)
    zeros = dict.fromkeys(("ungraded", "unparsed", "truncated"), 0)
    record = {"task": "mmstar", "model": "sailvl2-8b", "value": 50.0, "n": n, **zeros, "metrics": {}, "groups": {}}
    results.write_summary("mmstar", record | {"protocol": "opencompass", "hardware": hardware, "task_version": 1})
    results.close()
    return folder


def test_measured_seconds_are_used_on_the_hardware_they_were_measured_on(tmp_path):
    sources = Sources(model="sailvl2-8b", hardware="h100 80gb", runs=[finished(tmp_path)], in_flight=20)
    (line,) = estimate(question(sources=sources)).lines
    assert (line.seconds, line.latency, line.requests) == (0.1, 2.0, 1500)
    assert "40 answers" in line.rate.basis and "20 at a time" in line.rate.basis


def test_of_other_hardware_only_the_tokens_are_used(tmp_path):
    sources = Sources(model="sailvl2-8b", hardware="h100 80gb", runs=[finished(tmp_path, "NVIDIA L4")])
    (line,) = estimate(question(sources=sources)).lines
    assert (line.rate.tokens_in, line.rate.tokens_out, line.rate.seconds) == (900, 10, None)
    assert line.rate.basis.startswith("tokens of 40 answers")


def test_hours_are_work_over_workers_and_the_start(tmp_path):
    sources = Sources(model="sailvl2-8b", hardware="h100 80gb", runs=[finished(tmp_path)])
    made = estimate(question(sources=sources))
    assert made.gpu_hours == pytest.approx(1500 * 2 / 3600)
    assert made.hours == pytest.approx((120 + 1500 * 2 / 8) / 3600)


def test_what_is_not_known_is_named_and_not_counted():
    made = estimate(question(tasks=["mmstar", "vlms_are_blind"]))
    assert [line.task for line in made.lines] == ["mmstar"]
    assert made.left_out == {"vlms_are_blind": "its size is not known"}


def test_without_rates_or_configuration_there_is_no_figure():
    with pytest.raises(UsageError, match="nothing can be estimated: neither measured rates nor a configuration"):
        estimate(question(model="someone/else"))


def test_a_rates_file_is_believed_and_named(tmp_path):
    file = tmp_path / "rates.toml"
    file.write_text('[default]\ntokens_in = 2000\ntokens_out = 50\nseconds = 0.5\nsource = "8 x L4, May"\n')
    (line,) = estimate(question(model="someone/else", sources=Sources(model="else", file=file))).lines
    assert (line.seconds, line.rate.basis) == (0.5, "8 x L4, May")


def test_simulated_costs_have_the_estimates_mean():
    made = estimate(question(tasks=["mmstar", "mathvision"]))
    assert sum(made.costs(seed=0)) == pytest.approx(made.work)


def test_no_assumed_answer_is_longer_than_allowed():
    made = estimate(question(model="sailvl2-8b-thinking"))
    assert max(made.costs(seed=0)) < 1.4 * made.lines[0].seconds * 4096 / made.lines[0].rate.tokens_out


def test_reasoning_takes_longer_than_answering():
    one, other = (estimate(question(model=name)).work for name in ("sailvl2-8b", "sailvl2-8b-thinking"))
    assert other > 2 * one


def test_pictures_are_cut_as_the_model_cuts_them():
    config = SailConfig.parse(catalogue.ENTRIES["sailvl2-8b"].config)
    assert requests.tiles_of("video", config) == 16
    assert requests.tiles_of("image", config) > 4


def test_the_command_prints_totals_basis_and_scaling(capsys):
    argv = ["plan", "--tasks", "mmvet", "--model", "sailvl2-8b", "--gpus", "8", "--simulate", "8,64"]
    assert main(argv) == 0
    out = capsys.readouterr().out
    for said in ("GPU-hours", "3.35 TB/s", "assumed", "no price", "not known before they are pulled", "asked again"):
        assert said in out


def test_a_judges_price_is_used_where_it_is_known_and_missed_where_not(tmp_path, capsys):
    (tmp_path / "p.toml").write_text('["gpt-x"]\nin = 1.0\nout = 2.0\n')
    argv = ["plan", "--tasks", "mmvet", "--model", "sailvl2-8b", "--gpus", "8", "--json"]
    argv += ["--judge-prices", f"{tmp_path}/p.toml", "--judge"]
    assert main([*argv, "openai:gpt-x"]) == 0
    known = json.loads(capsys.readouterr().out)["judge"]
    assert main([*argv, "openai:gpt-y"]) == 0
    unknown = json.loads(capsys.readouterr().out)["judge"]
    assert known["calls"] == unknown["calls"] == 218
    assert known["dollars"] > 0 and unknown["dollars"] is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--gpu", "h10"], "did you mean h100"),
        (["--workers", "9"], "more than 8 GPUs"),
        (["--simulate", "x"], "no list of numbers"),
        (["--gpus-per-worker", "9"], "does not fit 8 GPUs"),
        (["--rates", "/nonexistent"], "no file of rates"),
    ],
)
def test_what_is_wrong_is_one_line(more, said, capsys):
    assert main(["plan", "--tasks", "mmvet", "--model", "sailvl2-8b", "--gpus", "8", *more]) == 2
    err = capsys.readouterr().err.strip().splitlines()
    assert len(err) == 1 and said in err[0]
