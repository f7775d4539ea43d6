"""A judge beside labels: published figures come out, intervals cover what they should, mistakes get one line."""

import json
import math
import random
import re
import statistics

import pytest
from servers import said, served

from sailbench.audit import Questions, Verdicts, audit, read_labels, read_verdicts
from sailbench.audit.agreement import Pair, kappa, quadratic_kappa, share, wilson
from sailbench.audit.correction import Parts, Pulls, corrected
from sailbench.audit.verdicts import Verdict
from sailbench.cli import main


def grades(values, name="judge"):
    """Verdicts or labels by place."""
    return Verdicts(name, "grades", {str(k): Verdict(v, str(k)) for k, v in values.items()})


def compared(said, labels, against=None, **more):
    given = None if against is None else grades(dict(enumerate(against)), "again")
    return audit(grades(dict(enumerate(said))), grades(dict(enumerate(labels)), "labels"), given, Questions(**more))


def table(both, only_judge, only_label, neither):
    """A two-by-two table as (verdicts, labels)."""
    cells = ((1.0, 1.0, both), (1.0, 0.0, only_judge), (0.0, 1.0, only_label), (0.0, 0.0, neither))
    rows = [(said, label) for said, label, n in cells for _ in range(n)]
    return [said for said, _ in rows], [label for _, label in rows]


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


# Newcombe 1998, "Two-sided confidence intervals for the single proportion" (Statistics in Medicine 17:857-872).
@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_intervals_are_the_published_ones(hits, n, low, high):
    assert wilson(hits / n, n) == pytest.approx((low, high), abs=5e-5)
    assert share([i < hits for i in range(n)], range(n)).interval == pytest.approx((low, high), abs=5e-5)


def test_copies_of_a_sample_make_no_interval_shorter():
    hits = [i % 3 > 0 for i in range(60)]
    once = share(hits, range(60))
    thrice = share([hit for hit in hits for _ in range(3)], [i for i in range(60) for _ in range(3)])
    assert thrice.interval == pytest.approx(once.interval, abs=2e-3)
    assert share([True] * 60, [i // 3 for i in range(60)]).interval == share([True] * 20, range(20)).interval


def test_kappa_of_a_table_is_what_cohen_defines():
    made = compared(*table(20, 5, 10, 15))
    assert (made.agreement.value, made.kappa.value) == (0.7, pytest.approx(0.4))
    # The large-sample standard error of Fleiss, Cohen & Everitt 1969 for this table is 0.1270.
    low, high = made.kappa.interval
    assert (high - low) / 2 == pytest.approx(2.0096 * 0.127, rel=0.05)


def test_two_grades_have_one_kappa_and_several_have_two():
    assert compared(*table(20, 5, 10, 15)).quadratic_kappa is None
    said, labels = [0.0, 0.5, 1.0, 0.5, 1.0, 0.0], [0.0, 0.5, 0.5, 1.0, 1.0, 0.5]
    made = compared(said, labels)
    assert made.kappa.value < made.quadratic_kappa.value


def test_quadratic_kappa_weighs_the_table_by_squares():
    rng = random.Random(3)
    both = [Pair(rng.randrange(5) / 4, rng.randrange(5) / 4, str(i)) for i in range(40)]
    off = sum((p.said - p.label) ** 2 for p in both) / 40
    chance = sum((a.said - b.label) ** 2 for a in both for b in both) / 1600
    assert quadratic_kappa(both).value == pytest.approx(1 - off / chance)


def test_one_category_on_both_sides_has_no_kappa():
    assert kappa([Pair(1.0, 1.0, "a"), Pair(1.0, 1.0, "b")]) is None


def test_sensitivity_and_specificity_are_of_what_the_labels_say():
    made = compared(*table(20, 5, 10, 15))
    assert (made.sensitivity["right"].value, made.specificity["right"].value) == (20 / 30, 15 / 20)
    assert made.sensitivity["right"].interval == wilson(20 / 30, 30)


def test_the_grade_from_which_an_answer_is_right_can_be_chosen():
    said, labels = [0.6, 0.6, 1.0, 0.0], [1.0, 0.6, 1.0, 0.6]
    assert compared(said, labels).sensitivity["right"].value == 0.75
    assert compared(said, labels, right=1.0).sensitivity["right"].value == 0.5


def test_words_are_compared_by_category(tmp_path):
    labels = read_labels(write(tmp_path / "l", [{"id": i, "label": own} for i, own in enumerate("AABBBC")]))
    own = read_verdicts(
        write(tmp_path / "v", [{"id": i, "value": own} for i, own in enumerate("ABBBBC")]), "t", "grades"
    )
    made = audit(own, labels, None, Questions())
    assert {word: e.value for word, e in made.sensitivity.items()} == {"B": 1.0, "A": 0.5, "C": 1.0}
    assert (made.specificity["B"].value, made.scores) == (2 / 3, None)


def test_a_judge_asked_again_flips_where_it_says_another_thing():
    said, labels = table(20, 5, 10, 15)
    again = [1 - v if i < 4 else v for i, v in enumerate(said)]
    assert compared(said, labels, again[:40]).flips.value == 4 / 40
    assert compared(said, labels, said).flips.interval == wilson(0.0, 50)


def simulated(rng, n, labelled, truth, errors=(0.2, 0.1)):
    """A judge that misses right answers and invents some; the labels of a random part."""
    miss, invent = errors
    right = {i: float(rng.random() < truth) for i in range(n)}
    said = {i: 1 - y if rng.random() < (miss if y else invent) else y for i, y in right.items()}
    return grades(said), grades({i: right[i] for i in rng.sample(range(n), labelled)}, "labels")


def test_the_corrected_mean_is_the_papers():
    verdicts, labels = simulated(random.Random(5), 300, 60, 0.6)
    seen = [(verdicts.by_id[own].value, label.value) for own, label in labels.by_id.items()]
    others = [v.value for own, v in verdicts.by_id.items() if own not in labels.by_id]
    for power in (0.0, 0.4, 1.0):
        expected = power * statistics.mean(others) + statistics.mean(y - power * f for f, y in seen)
        assert Parts.of(verdicts, labels).mean(power) == pytest.approx(expected)


def test_with_many_labels_power_and_width_are_the_papers():
    verdicts, labels = simulated(random.Random(6), 12_000, 4_000, 0.6)
    seen = [(verdicts.by_id[own].value, label.value) for own, label in labels.by_id.items()]
    said, known = zip(*seen, strict=True)
    others = [v.value for own, v in verdicts.by_id.items() if own not in labels.by_id]
    scores = corrected(verdicts, labels, 1.0)
    power = statistics.covariance(known, said) / (1.5 * statistics.variance([*said, *others]))
    assert scores.power == pytest.approx(power, rel=0.01)
    variance = statistics.variance(y - f for f, y in seen) / 4_000 + statistics.variance(others) / 8_000
    low, high = scores.ppi.interval
    assert (high - low) / 2 == pytest.approx(1.9606 * math.sqrt(variance), rel=0.002)


@pytest.mark.parametrize(
    ("n", "labelled", "truth", "errors"),
    [(300, 50, 0.6, (0.2, 0.05)), (300, 25, 0.6, (0.0, 0.05)), (200, 60, 0.5, (0.5, 0.5)), (300, 40, 0.9, (0.05, 0.3))],
)
def test_corrected_intervals_cover_the_truth_and_are_no_wider_than_labels_alone(n, labelled, truth, errors):
    rng, covered = random.Random(7), 0
    for _ in range(200):
        verdicts, labels = simulated(rng, n, labelled, truth, errors)
        low, high = corrected(verdicts, labels, 1.0).ppi_tuned.interval
        covered += low <= truth <= high
        pulls = Pulls.of(Parts.of(verdicts, labels))
        assert pulls.stderr(pulls.power) <= min(pulls.stderr(0.0), pulls.stderr(1.0)) + 1e-12
    assert covered >= 184  # 95 % of 200, less two standard errors


def test_a_lenient_judge_alone_misses_the_truth_that_the_correction_finds():
    rng, alone, mended = random.Random(8), 0, 0
    for _ in range(100):
        own = corrected(*simulated(rng, 300, 50, 0.5, (0.02, 0.3)), 1.0)
        alone += own.judge_alone.interval[0] <= 0.5 <= own.judge_alone.interval[1]
        mended += own.ppi_tuned.interval[0] <= 0.5 <= own.ppi_tuned.interval[1]
    assert alone <= 10 and mended >= 90


def shared_images(rng, images, labelled, by_rules=0.0):
    """Three samples an image, as hard as each other; the judge errs on whole images; labels go by image."""
    said, labels, picked = {}, {}, set(rng.sample(range(images), labelled))
    for image in range(images):
        truth, errs, ruled = rng.choice((0.3, 0.9)), rng.random() < 0.2, rng.random() < by_rules
        for k in range(3):
            right = float(rng.random() < truth)
            said[f"{image}.{k}"] = Verdict(1 - right if errs and not ruled else right, str(image), not ruled)
            if image in picked:
                labels[f"{image}.{k}"] = Verdict(right, "")
    return Verdicts("judge", "grades", said), Verdicts("labels", "grades", labels)


@pytest.mark.parametrize("by_rules", [0.0, 0.5])
def test_corrected_intervals_cover_where_samples_share_images(by_rules):
    rng, covered, apart = random.Random(9), 0, 0
    for _ in range(200):
        verdicts, labels = shared_images(rng, 100, 30, by_rules)
        low, high = corrected(verdicts, labels, 1.0).ppi_tuned.interval
        covered += low <= 0.6 <= high
        alone = {own: Verdict(v.value, own, v.judged) for own, v in verdicts.by_id.items()}
        low, high = corrected(Verdicts("judge", "grades", alone), labels, 1.0).ppi_tuned.interval
        apart += low <= 0.6 <= high
    assert covered >= 184 and apart < covered


def test_where_everything_has_a_label_labels_decide():
    said, labels = table(20, 5, 10, 15)
    scores = compared(said, labels, scale=100.0).scores
    assert (scores.power, scores.ppi.value, scores.ppi_tuned.value) == (0.0, 60.0, 60.0)
    assert scores.judge_alone.value == 50.0


def test_labels_that_were_not_drawn_at_random_are_noticed():
    rng = random.Random(10)
    verdicts, labels = simulated(rng, 400, 100, 0.5)
    assert abs(corrected(verdicts, labels, 1.0).apart) < 3
    right = [own for own, v in verdicts.by_id.items() if v.value == 1][:100]
    chosen = Verdicts("labels", "grades", {own: Verdict(1.0, own) for own in right})
    assert corrected(verdicts, chosen, 1.0).apart > 3


def test_a_judge_without_a_seen_error_is_not_taken_for_perfect():
    verdicts = grades({i: float(i % 2) for i in range(1000)})
    labels = grades({i: float(i % 2) for i in range(20)}, "labels")
    low, high = corrected(verdicts, labels, 1.0).ppi.interval
    assert high - low > 0.2


JUDGED = '''"""Graded by a judge, where the rule does not know better.

family: mine
"""

from sailbench.families import choice
from sailbench.prompts import as_it_is
from sailbench.rules.mathematics import judged
from sailbench.types import Sample, Score


def read(row):
    return Sample(id=row.text("id"), question=row.text("question"), target="T", group={"kind": "one"})


def first(sample, text):
    return Score(1.0, text, "the rule") if sample.question == "easy" else None


TASK = choice(read, text=as_it_is, rules={"official": judged("mmvet", first=first)}, rubric="mmvet")
'''


@pytest.fixture
def ran(tmp_path):
    """A results folder: of ten samples the rule grades four, and two verdicts cannot be read."""
    (tmp_path / "mine.py").write_text(JUDGED)
    rows = [{"id": str(i), "question": "easy" if i < 4 else f"q{i}"} for i in range(10)]
    write(tmp_path / "rows.jsonl", rows)

    def reply(body, _):
        text = json.dumps(body)
        return said("unreadable" if "q4" in text or "q5" in text else "1.0" if "q6" in text else "0.0")

    with served(reply) as (url, _):
        argv = ["run", "--model", "fake", "--tasks", f"{tmp_path}/mine.py", "--data-dir", f"{tmp_path}/rows.jsonl"]
        main([*argv, "--out", f"{tmp_path}/out", "--judge", "openai:j", "--judge-url", url, "--allow-ungraded"])
    return tmp_path


def command(folder, labels, *more):
    path = write(folder / "labels.jsonl", [{"id": own, "label": label} for own, label in labels.items()])
    return main(["judges", "audit", f"{folder}/mine.py", "--labels", str(path), *more])


def test_a_results_folder_tells_the_judges_grades_from_the_rules(ran, capsys):
    capsys.readouterr()
    assert command(ran, {str(i): int(i in (6, 7)) for i in range(1, 9)}, "--verdicts", f"{ran}/out", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["judge"], made["judged"], made["labelled"], made["by_rules"], made["unread"]) == ("j", 4, 3, 3, 2)
    assert made["agreement"]["value"] == pytest.approx(2 / 3)
    # Half of the eight graded are the rule's, all right; the labels of the judge's half say two of three.
    assert made["scores"]["labels_alone"]["value"] == pytest.approx(100 * (0.5 + 0.5 * 2 / 3))


def test_words_are_held_against_the_answers_that_were_read(ran, capsys):
    capsys.readouterr()
    assert command(ran, {"6": "1", "7": "0", "8": "1"}, "--verdicts", f"{ran}/out/fake", "--json") == 0
    assert json.loads(capsys.readouterr().out)["agreement"]["value"] == pytest.approx(2 / 3)


def test_a_torn_line_and_a_separator_within_an_answer_do_no_harm(ran, capsys):
    capsys.readouterr()
    scores = ran / "out/fake/mine.scores.jsonl"
    scores.write_text(scores.read_text().replace('"answer": "1"', '"answer": "1\u2028"'), encoding="utf-8")
    with (ran / "out/fake/mine.j.jsonl").open("a") as file:
        file.write('{"key": "0')
    assert command(ran, {"6": 1, "7": 0}, "--verdicts", f"{ran}/out", "--json") == 0
    assert json.loads(capsys.readouterr().out)["agreement"]["value"] == 1.0


def test_the_table_says_everything(ran, capsys):
    capsys.readouterr()
    again = write(ran / "again.jsonl", [{"id": str(i), "value": 0} for i in range(6, 10)])
    labels = {str(i): int(i in (6, 7)) for i in range(1, 9)}
    assert command(ran, labels, "--verdicts", f"{ran}/out", "--against", str(again)) == 0
    out = capsys.readouterr().out
    assert out.startswith("mine: j judged 4 samples, 3 of them with a label")
    for name in ("agreement", "Cohen's kappa", "sensitivity, right", "specificity, right", "flips", "PPI++ ("):
        assert re.search(rf"^.*{re.escape(name)}.* +\d+\.\d+ ", out, re.MULTILINE), name
    assert "3 labels are of samples that rules graded" in out and "drawn at random" in out


def refused(capsys, argv):
    """The one line on which a command line is turned down."""
    capsys.readouterr()
    assert main(argv) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "Traceback" not in line
    return line


@pytest.mark.parametrize(
    ("labels", "verdicts", "says"),
    [
        ('{"id": "x", "label": 1}', '{"id": "1", "value": 1}', "1 of 1 ids in l.jsonl are not in v.jsonl, such as 'x'"),
        ('{"id": "1", "label": 1}', '{"id": "1", "value": null}', "none has a verdict of v.jsonl to compare"),
        ('{"id": "1", "label": 7}', '{"id": "1", "value": 1}', "l.jsonl:1: 7 is no grade in [0, 1]"),
        ('{"id": "1", "label": NaN}', '{"id": "1", "value": 1}', "NaN is no grade"),
        ('{"id": "1", "label": 1}\n{"id": 1, "label": 0}', '{"id": "1", "value": 1}', "l.jsonl:2: id '1' occurs twice"),
        ('{"id": "1", "label": 1}\n{"id": "2", "label": "A"}', '{"id": "1", "value": 1}', "mixes grades and words"),
        ('{"id": "1", "label": "A"}', '{"id": "1", "value": 1}', "l.jsonl holds categories, v.jsonl holds grades"),
        ('{"id": "1", "label": "A"}', '{"id": "1", "value": "B"}', "share no word"),
        ('{"id": "1", "value": 1}', '{"id": "1", "value": 1}', "l.jsonl:1: a line must be like"),
        ('{"id": "1", "label"', '{"id": "1", "value": 1}', "l.jsonl:1: not JSON"),
        ('{"id": "1", "label": null}', '{"id": "1", "value": 1}', "l.jsonl holds no labels"),
        ("", '{"id": "1", "value": 1}', "l.jsonl is empty"),
    ],
)
def test_what_does_not_fit_gets_one_line(tmp_path, capsys, labels, verdicts, says):
    (tmp_path / "l.jsonl").write_text(labels)
    (tmp_path / "v.jsonl").write_text(verdicts)
    argv = ["judges", "audit", "mmvet", "--labels", f"{tmp_path}/l.jsonl", "--verdicts", f"{tmp_path}/v.jsonl"]
    assert says in refused(capsys, argv)


def test_places_without_verdicts_get_one_line(tmp_path, capsys):
    labels = write(tmp_path / "l.jsonl", [{"id": "1", "label": 1}])
    argv = ["judges", "audit", "mmvet", "--labels", str(labels), "--verdicts"]
    assert "no mmvet.scores.jsonl" in refused(capsys, [*argv, str(tmp_path)])
    assert "cannot read" in refused(capsys, [*argv, f"{tmp_path}/nothing.jsonl"])
    line = {"id": "1", "value": 1, "answer": "x", "cluster": "1"}
    for model in ("a", "b"):
        (tmp_path / model).mkdir()
        write(tmp_path / model / "mmvet.scores.jsonl", [line])
    assert "mmvet of several models" in refused(capsys, [*argv, str(tmp_path)])
    assert "holds no verdicts of a judge" in refused(capsys, [*argv, f"{tmp_path}/a"])


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["audit"], "needs a task and labels"),
        (["audit", "mmvett", "--labels", "x"], "did you mean mmvet"),
        (["mmvet", "mmvp"], "one rubric at a time"),
        (["mmvet", "--labels", "x"], "--labels goes with an audit"),
        (["audit", "mmvet", "--labels", "x", "--right", "2"], "no grade from which"),
        (["mmvett"], "no rubric 'mmvett'; did you mean mmvet"),
    ],
)
def test_command_lines_that_do_not_fit_together_get_one_line(capsys, argv, says):
    assert says in refused(capsys, ["judges", *argv])


def test_rubrics_are_listed_and_shown_as_before(capsys):
    assert (main(["judges"]), main(["judges", "mmvet"])) == (0, 0)
    assert "official_judge: gpt-4" in capsys.readouterr().out
    assert (main(["judges", "--json"]), main(["judges", "mmvet", "--json"])) == (0, 0)
    listed, _, shown = capsys.readouterr().out.partition("\n]\n")
    assert "option" in {own["name"] for own in json.loads(listed + "]")} and json.loads(shown)["name"] == "mmvet"
