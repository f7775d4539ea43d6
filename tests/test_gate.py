"""The gate as CI meets it: two results folders, an exit code, and what is written for people."""

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from sailbench.cli import main
from sailbench.gate import Terms, compare, show
from sailbench.gate.rounds import portions

ROOT = Path(__file__).resolve().parents[1]
TASK = '''"""A benchmark of the user's own.

family: mine
"""

from sailbench.families import choice
from sailbench.rows import Row
from sailbench.types import Sample


def read(row: Row) -> Sample:
    return Sample(id=row.text("id"), question=row.text("question"), target=row.text("answer"), choices=row.choices())


TASK = choice(read)
'''
FACTS = {"task_version": 1, "protocol": "opencompass", "scale": 100.0, "higher_is_better": True, "judge": None}


def results(folder, values, task="t", **more):
    """A model's folder with these values of samples; `more` goes into the summary or, as lists, into the lines."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {name: more.pop(name) for name in list(more) if isinstance(more[name], list)}
    known = [v for v in values if v is not None]
    record = {**FACTS, "task": task, "value": 100 * sum(known) / max(1, len(known)), "sampling": {"max_tokens": 8}}
    (folder / f"{task}.json").write_text(json.dumps(record | {"data": {"digest": "d"}} | more))
    lines = []
    for i, value in enumerate(values):
        line = {"id": str(i), "value": value, "answer": f"{value}", "why": "", "unit": str(i), "cluster": str(i)}
        lines.append(json.dumps(line | {name: column[i] for name, column in lists.items()}) + "\n")
    (folder / f"{task}.scores.jsonl").write_text("".join(lines))
    return folder


def journal(folder, texts, task="t"):
    lines = [json.dumps({"key": str(i), "id": str(i), "text": text}) + "\n" for i, text in enumerate(texts)]
    (folder / f"{task}.jsonl").write_text("".join(lines))


def flipped(values, *numbers):
    return [1 - v if i in numbers else v for i, v in enumerate(values)]


def gate(tmp_path, old, new, *more):
    old, new = (results(tmp_path / name, values) for name, values in (("old", old), ("new", new)))
    return main(["gate", "--baseline", str(old), "--candidate", str(new), *more])


def verdict(old, new, **terms):
    return compare(old, new, Terms(**terms))


GOOD = [1.0, 0.0, 1.0, 1.0] * 300


def test_identical_answers_pass_however_few_they_are(tmp_path):
    assert gate(tmp_path, GOOD, GOOD) == 0
    assert gate(tmp_path, GOOD[:3], GOOD[:3]) == 0


def test_the_same_grades_of_other_words_are_no_identical_answers(tmp_path):
    old, new = results(tmp_path / "old", GOOD[:40]), results(tmp_path / "new", GOOD[:40])
    journal(old, ["A"] * 40)
    journal(new, ["A"] * 39 + ["A."])
    assert verdict(old, new).verdict == "inconclusive"
    journal(new, ["A"] * 40)
    assert verdict(old, new).verdict == "pass"


def test_a_loss_beyond_the_margin_is_a_regression(tmp_path):
    assert gate(tmp_path, GOOD, flipped(GOOD, *range(0, 1200, 4))) == 1


def test_a_loss_that_is_tolerated_passes(tmp_path):
    assert gate(tmp_path, GOOD, flipped(GOOD, *range(0, 1200, 12)), "--margin", "12") == 0


def test_forty_samples_are_inconclusive_and_say_how_many_would_do(tmp_path, capsys):
    assert gate(tmp_path, GOOD[:40], flipped(GOOD[:40], 0)) == 2
    out = capsys.readouterr().out
    assert "40 samples do not decide" in out and "if nothing changed" in out


def test_an_improvement_passes(tmp_path):
    assert gate(tmp_path, GOOD, flipped(GOOD, *range(1, 1200, 4))) == 0


def test_where_lower_is_better_a_rise_is_a_regression(tmp_path):
    new = flipped(GOOD, *range(1, 1200, 4))
    old, new = (results(tmp_path / n, v, higher_is_better=False) for n, v in (("old", GOOD), ("new", new)))
    found = verdict(old, new)
    assert (found.verdict, found.findings[0].lost, found.findings[0].gained) == ("regression", 300, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task_version": 2}, "task_version is 1 in the baseline and 2 in the candidate"),
        ({"protocol": "official"}, "protocol is opencompass in the baseline and official"),
        ({"data": {"digest": "e"}}, "data digest is d in the baseline and e"),
        ({"sampling": {"max_tokens": 16}}, "sampling max_tokens is 8 in the baseline and 16"),
        ({"judge": {"name": "j", "model": "m"}}, "judge name is absent in the baseline and j"),
    ],
)
def test_what_was_asked_or_graded_otherwise_is_not_comparable_and_named(change, words, tmp_path, capsys):
    old, new = results(tmp_path / "old", GOOD), results(tmp_path / "new", GOOD, **change)
    assert main(["gate", "--baseline", str(old), "--candidate", str(new)]) == 3
    assert words in capsys.readouterr().out


def test_other_samples_are_not_comparable(tmp_path):
    old = results(tmp_path / "old", GOOD[:40])
    new = results(tmp_path / "new", GOOD[:40], id=[str(i) for i in range(10, 50)])
    found = verdict(old, new)
    assert found.verdict == "not comparable" and "only 30 samples of 40 and 40" in found.findings[0].note


def test_a_subset_of_the_samples_is_compared_on_what_is_shared(tmp_path):
    found = verdict(results(tmp_path / "old", GOOD), results(tmp_path / "new", GOOD[:100]))
    assert (found.verdict, found.findings[0].n) == ("pass", 100)


def test_too_little_graded_is_not_comparable(tmp_path, capsys):
    new = [None if i % 20 == 0 else v for i, v in enumerate(GOOD)]
    assert gate(tmp_path, GOOD, new) == 3
    assert "60 of 1200 samples (5.0 %) are not graded" in capsys.readouterr().out
    assert gate(tmp_path, GOOD, new, "--max-ungraded", "6") == 0


def test_a_task_that_the_candidate_lacks_is_not_comparable_unless_left_out(tmp_path):
    old, new = results(tmp_path / "old", GOOD), results(tmp_path / "new", GOOD)
    results(old, GOOD, task="u")
    assert main(["gate", "--baseline", str(old), "--candidate", str(new)]) == 3
    assert main(["gate", "--baseline", str(old), "--candidate", str(new), "--task", "t"]) == 0


def test_wrong_input_is_one_line_and_not_the_code_of_an_inconclusive_gate(tmp_path, capsys):
    old = results(tmp_path / "old", GOOD)
    for argv in (["--candidate", "/nonexistent"], [], ["--candidate", str(old), "--task", "T"]):
        assert main(["gate", "--baseline", str(old), *argv]) == 3
        assert capsys.readouterr().err.count("\n") == 1
    (old / "t.json").unlink()
    assert main(["gate", "--baseline", str(old), "--candidate", str(old)]) == 3


def test_a_root_with_one_model_stands_for_it_and_one_with_two_is_refused(tmp_path, capsys):
    results(tmp_path / "root" / "m", GOOD)
    root = str(tmp_path / "root")
    assert main(["gate", "--baseline", root, "--candidate", root]) == 0
    results(tmp_path / "root" / "n", GOOD)
    assert main(["gate", "--baseline", root, "--candidate", root]) == 3
    assert "holds 2 models (m, n)" in capsys.readouterr().err


def test_units_that_are_right_only_as_a_whole_are_compared_as_units(tmp_path):
    units = [str(i // 4) for i in range(1200)]
    old = results(tmp_path / "old", [1.0] * 1200, unit=units, value=100.0)
    new = results(tmp_path / "new", flipped([1.0] * 1200, *range(0, 1200, 8)), unit=units, value=50.0)
    own = verdict(old, new).findings[0]
    assert (own.n, own.baseline, own.candidate, own.lost) == (300, 1.0, 0.5, 150)


def test_a_headline_that_is_another_mean_is_tested_on_samples_and_says_so(tmp_path, capsys):
    old, new = (results(tmp_path / name, GOOD, value=61.0) for name in ("old", "new"))
    assert main(["gate", "--baseline", str(old), "--candidate", str(new)]) == 0
    assert "its headline is another mean of them" in capsys.readouterr().out


def yes_or_no(folder, said):
    """POPE's results of a model that says these words; every third question is answered by no."""
    golds = ["No" if i % 3 == 0 else "Yes" for i in range(len(said))]
    values = [float(word == gold) for word, gold in zip(said, golds, strict=True)]
    hits = sum(word == gold == "Yes" for word, gold in zip(said, golds, strict=True))
    f1 = 2 * hits / (said.count("Yes") + golds.count("Yes"))
    parts, extra = [{"said": word} for word in said], [{"categories": ["random"]}] * len(said)
    return results(folder, values, "pope", value=100 * f1, target=golds, parts=parts, extra=extra)


def test_f1_is_compared_as_f1_where_the_plain_mean_would_tell_another_story(tmp_path):
    """Saying yes always loses a third of the accuracy and little of F1."""
    right = ["No" if i % 3 == 0 else "Yes" for i in range(900)]
    found = verdict(yes_or_no(tmp_path / "old", right), yes_or_no(tmp_path / "new", ["Yes"] * 900), margin=0.25)
    own = found.findings[0]
    assert (own.measure, own.method) == ("the task's headline", "t, jackknife")
    assert (own.baseline, own.candidate) == (1.0, pytest.approx(0.8)) and own.lost == 300
    assert -0.25 < own.lower < own.difference == pytest.approx(-0.2) and found.verdict == "pass"


@pytest.fixture
def places(tmp_path):
    """A user's own task whose headline is the mean over two kinds, of which one is rare, and a run of it."""
    text = TASK.replace('question=row.text("question"),', 'question=row.text("question"), group={"k": row.text("k")},')
    text = text.replace("choice(read)", 'choice(read, headline=macro("k"))')
    (tmp_path / "mine.py").write_text(text.replace("from", "from sailbench.aggregate import macro\nfrom", 1))
    rows = [
        {"id": str(i), "question": f"q{i}", "answer": "AAB"[i % 3], "A": "1", "B": "2", "k": "rare" if i < 60 else "k"}
        for i in range(600)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, says in (("a", "A"), ("b", "B")):
        argv = ["run", "--model", f"fake:{says}", "--name", "m", "--tasks", f"{tmp_path}/mine.py"]
        assert main([*argv, "--data-dir", f"{tmp_path}/rows.jsonl", "--out", f"{tmp_path}/{name}"]) == 0
    return tmp_path


def test_a_run_stores_what_its_headline_is_made_of_and_which_answer_was_graded(places):
    lines = [json.loads(line) for line in (places / "a/m/mine.scores.jsonl").read_text().splitlines()]
    keys = [json.loads(line)["key"] for line in (places / "a/m/mine.jsonl").read_text().splitlines()]
    assert [line["key"] for line in lines] == keys and lines[0]["group"] == {"k": "rare"}


def test_a_task_of_ones_own_is_compared_by_its_headline_where_its_file_is_named(places, capsys):
    argv = ["gate", "--baseline", f"{places}/a", "--candidate", f"{places}/b", "--json"]
    found = []
    for more in ([], ["--task", f"{places}/mine.py"]):
        assert main([*argv, *more]) == 1
        found.append(json.loads(capsys.readouterr().out)["findings"][0])
    assert [own["measure"] for own in found][1] == "the task's headline" != found[0]["measure"]
    assert found[1]["difference"] == pytest.approx(-100 / 3)
    # A rare sample weighs ten times as much, so the mean over kinds is known less well than that over samples.
    assert found[1]["upper"] - found[1]["lower"] > 1.5 * (found[0]["upper"] - found[0]["lower"])


def test_scores_of_before_groups_were_stored_are_still_read_and_tested_on_samples(places, capsys):
    for name in "ab":
        path = places / name / "m/mine.scores.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        kept = [{k: v for k, v in own.items() if k not in ("group", "key", "target")} for own in lines]
        kept[0]["value"] = None
        path.write_text("".join(json.dumps(own) + "\n" for own in kept))
    argv = ["gate", "--baseline", f"{places}/a", "--candidate", f"{places}/b", "--task", f"{places}/mine.py"]
    assert main(argv) == 1
    assert "`sailbench run` writes older scores anew" in capsys.readouterr().out


def test_a_headline_that_is_no_mean_waits_for_the_fixed_size_test(places, capsys):
    argv = ["gate", "--sequential", "--baseline", f"{places}/a", "--model", "fake:B", "--name", "m"]
    more = ["--tasks", f"{places}/mine.py", "--data-dir", f"{places}/rows.jsonl", "--out", f"{places}/c"]
    assert main([*argv, *more]) == 1
    out = capsys.readouterr().out
    assert "not decided early, 600 of 600" in out and "it cannot stop early" in out


def test_samples_that_share_media_or_a_unit_are_one_cluster(tmp_path):
    cluster, unit = [str(i // 3) for i in range(1200)], [str(i // 2) for i in range(1200)]
    folder = results(tmp_path / "old", GOOD, cluster=cluster, unit=unit)
    own = verdict(folder, folder).findings[0]
    assert (own.n, own.clusters) == (1200, 200)


def test_one_bad_task_among_good_ones_is_a_regression_though_the_mean_is_fine(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for task in "abcdefgh":
        worse = task == "c"
        results(old, GOOD, task=task)
        results(new, flipped(GOOD, *(range(0, 1200, 20) if worse else range(1, 1200, 20))), task=task)
    found = verdict(old, new)
    assert found.pooled.verdict == "pass" and found.verdict == "regression"
    assert [own.task for own in found.findings if own.verdict == "regression"] == ["c"]


def test_many_tasks_together_prove_what_none_does_alone(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for number in range(12):
        results(old, GOOD[:200], task=f"t{number}")
        results(new, flipped(GOOD[:200], *range(0, 200, 24), 1, 5, 9, 13), task=f"t{number}")
    found = verdict(old, new)
    assert {own.verdict for own in found.findings} == {"inconclusive"}
    assert (found.pooled.verdict, found.verdict) == ("regression", "regression")


def test_noise_of_repeated_baseline_runs_makes_a_verdict_harder(tmp_path):
    old, new = results(tmp_path / "old", GOOD), results(tmp_path / "new", flipped(GOOD, *range(0, 600, 12)))
    again = results(tmp_path / "again", flipped(GOOD, *range(3, 600, 12)))
    assert compare(old, new, Terms()).verdict == "regression"
    found = compare(old, new, Terms(), noise=[again])
    assert found.verdict == "inconclusive" and found.findings[0].noise > 0.03


def test_noise_of_another_task_version_is_refused(tmp_path):
    old = results(tmp_path / "old", GOOD)
    again = results(tmp_path / "again", GOOD, task_version=2)
    found = compare(old, old, Terms(), noise=[again])
    assert found.verdict == "not comparable" and "repeats another run" in found.findings[0].note


def test_flips_are_listed_with_both_answers_the_losses_first(tmp_path):
    old, new = results(tmp_path / "old", GOOD), results(tmp_path / "new", flipped(GOOD, 1, 7))
    flips = verdict(old, new).flips
    assert [(f.id, f.baseline_answer, f.candidate_answer) for f in flips] == [("7", "1.0", "0.0"), ("1", "0.0", "1.0")]


def test_junit_and_markdown_hold_what_models_say_as_text(tmp_path):
    answers = ["<img src=x onerror=alert(1)> | `x` @you \x00\x1b"] * 1200
    old = results(tmp_path / "old", GOOD)
    new = results(tmp_path / "new", flipped(GOOD, *range(0, 1200, 4)), answer=answers)
    found = verdict(old, new)
    suite = ElementTree.fromstring(show.junit(found))
    assert (suite.get("failures"), suite.find("testcase/failure") is not None) == ("1", True)
    text = show.markdown(found)
    assert "<img" not in text and "@you" not in text and "\\| \\`x\\`" in text


def test_flips_say_what_models_said_as_text_and_that_the_data_is_not_at_hand(tmp_path):
    answers = ["<img src=x onerror=alert(1)> | `x` @you"] * 40
    about = {"model": "m", "n": 40, "ungraded": 0, "unparsed": 0, "truncated": 0, "metrics": {}, "groups": {}}
    old = results(tmp_path / "old", GOOD[:40], **about)
    new = results(tmp_path / "new", flipped(GOOD[:40], 0, 1), answer=answers, **about)
    for folder, said in ((old, "A"), (new, "</pre>\n\n<b>@you")):
        journal(folder, [said] * 40)
    argv = ["gate", "--baseline", str(old), "--candidate", str(new), "--flips", str(tmp_path / "flips")]
    assert main(argv) == 2
    text = (tmp_path / "flips/flips.md").read_text()
    assert text.count("## t ") == 2 and "<pre>&lt;/pre&gt;\n\n&lt;b&gt;@you</pre>" in text
    assert "<img" not in text and "<b>" not in text and "questions and images are not shown" in text


def test_flips_of_what_cannot_be_compared_say_so(tmp_path):
    about = {"model": "m", "n": 40, "ungraded": 0, "unparsed": 0, "truncated": 0, "metrics": {}, "groups": {}}
    old, new = (results(tmp_path / str(v), GOOD[:40], task_version=v, **about) for v in (1, 2))
    argv = ["gate", "--baseline", str(old), "--candidate", str(new), "--flips", str(tmp_path / "flips")]
    assert main(argv) == 3
    assert (tmp_path / "flips/flips.md").read_text().startswith("# Nothing was compared")


def test_inconclusive_is_skipped_in_junit_and_not_comparable_an_error(tmp_path):
    old, few = results(tmp_path / "old", GOOD[:40]), results(tmp_path / "few", flipped(GOOD[:40], 0))
    assert ElementTree.fromstring(show.junit(verdict(old, few))).get("skipped") == "1"
    other = results(tmp_path / "other", GOOD[:40], task_version=2)
    assert ElementTree.fromstring(show.junit(verdict(old, other))).get("errors") == "1"


def test_files_and_json_are_written(tmp_path, capsys):
    files = [tmp_path / "gate.xml", tmp_path / "gate.md"]
    more = ["--junit", str(files[0]), "--markdown", str(files[1]), "--json"]
    assert gate(tmp_path, GOOD, flipped(GOOD, *range(0, 1200, 4)), *more) == 1
    record = json.loads(capsys.readouterr().out)
    assert (record["verdict"], record["exit_code"], len(record["flips"])) == ("regression", 1, 300)
    assert record["findings"][0]["difference"] == pytest.approx(-25.0)
    assert all(file.stat().st_size for file in files)


def test_the_commands_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom sailbench.cli import main\ntry:\n    main(['gate', '--help'])\nexcept SystemExit:\n    pass\n"
    )
    code += "print([m for m in ('numpy', 'scipy', 'torch', 'pandas', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_round_is_spread_by_what_is_left_or_asked_mostly_of_the_task_that_looks_worst():
    left = {"long": 3000, "short": 1000}
    assert portions(left, 0, None) == {"long": 48, "short": 16}
    assert portions(left, 0, "short") == {"long": 12, "short": 4 + 48}
    assert sum(portions(left, 5000, "long").values()) == pytest.approx(500)


@pytest.fixture
def mine(tmp_path):
    """A user's own task of 600 rows, the answer mostly A, and the results of a model that says A."""
    (tmp_path / "mine.py").write_text(TASK)
    rows = [{"id": str(i), "question": f"q{i}", "answer": "AAAB"[i % 4], "A": "one", "B": "two"} for i in range(600)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    argv = ["run", "--model", "fake", "--tasks", f"{tmp_path}/mine.py", "--data-dir", f"{tmp_path}/rows.jsonl"]
    assert main([*argv, "--out", f"{tmp_path}/base"]) == 0
    return tmp_path


def sequential(folder, model, *more, out="candidate"):
    argv = ["gate", "--sequential", "--baseline", f"{folder}/base", "--model", model, "--tasks", f"{folder}/mine.py"]
    return main([*argv, "--data-dir", f"{folder}/rows.jsonl", "--out", f"{folder}/{out}", *more])


def asked(folder, out="candidate"):
    return len((folder / out / "fake" / "mine.jsonl").read_text().splitlines())


def test_a_plain_regression_stops_the_candidate_before_a_third_is_asked(mine, capsys):
    assert sequential(mine, "fake:B") == 1
    assert asked(mine) <= 200
    assert "decided early" in capsys.readouterr().out


def test_what_was_asked_is_a_results_folder_like_any_other(mine):
    sequential(mine, "fake:B")
    summary = json.loads((mine / "candidate" / "fake" / "mine.json").read_text())
    assert (summary["n"], summary["ungraded"]) == (asked(mine), 0)
    assert main(["gate", "--baseline", f"{mine}/base", "--candidate", f"{mine}/candidate"]) == 1


def test_the_same_model_again_passes_after_every_sample(mine, capsys):
    assert sequential(mine, "fake:A", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["asked"]["samples"] == asked(mine) == 600
    assert record["findings"][0]["method"] == "same answers"


def test_an_interrupted_sequential_gate_asks_nothing_twice(mine):
    sequential(mine, "fake:B")
    before = asked(mine)
    assert sequential(mine, "fake:B") == 1
    assert asked(mine) == before


def test_other_data_are_refused_before_anything_is_asked(mine, capsys):
    rows = (mine / "rows.jsonl").read_text().splitlines()[:300]
    (mine / "rows.jsonl").write_text("\n".join(rows) + "\n")
    assert sequential(mine, "fake:B") == 3
    assert not (mine / "candidate").exists()
    assert "300 of the baseline's samples are not in these rows" in capsys.readouterr().out


def test_the_baselines_folder_is_never_written(mine, capsys):
    assert sequential(mine, "fake:B", out="base") == 3
    assert "give another --out" in capsys.readouterr().err


def test_a_baseline_of_a_few_samples_asks_no_more_than_those(mine):
    shutil.rmtree(mine / "base")
    argv = ["run", "--model", "fake", "--tasks", f"{mine}/mine.py", "--data-dir", f"{mine}/rows.jsonl"]
    main([*argv, "--limit", "40", "--out", f"{mine}/base"])
    assert sequential(mine, "fake:A") == 0
    assert asked(mine) == 40


def test_rows_go_in_one_order_for_a_seed_and_another_for_another(mine):
    for seed, out in ((1, "x"), (1, "y"), (2, "z")):
        sequential(mine, "fake:B", "--seed", str(seed), out=out)
    journals = [(mine / out / "fake" / "mine.jsonl").read_text().splitlines() for out in "xyz"]
    ids = [{json.loads(line)["id"] for line in lines} for lines in journals]
    assert ids[0] == ids[1] != ids[2]
