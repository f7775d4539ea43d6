"""What spatial, multilingual and many-image benchmarks need beyond their golden cases: where images stand, how units
and means are formed, what stays ungraded without a judge."""

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.types import MEDIA_MARK, Graded, Reply


def pictures(count):
    return [{"bytes": f"picture {k}".encode(), "path": None} for k in range(1, count + 1)]


def request(task, columns):
    own = registry.load(task)
    return own.ask(own.read(Row(columns)))


def shown(request):
    return [medium.source.decode() for medium in request.media]


def summary(task, rows, replies, protocol):
    own = registry.load(task)
    samples = [own.read(Row(columns, number=number)) for number, columns in enumerate(rows)]
    scores = [own.score(sample, Reply(text), protocol) for sample, text in zip(samples, replies, strict=True)]
    return own.summarize([Graded(sample, score) for sample, score in zip(samples, scores, strict=True)])


def test_mmmu_pro_shows_images_in_the_order_in_which_the_text_names_them():
    row = {"question": "<image 2> or <image 1>?", "options": "['<image 2>', '<image 9>']", "image": pictures(2)}
    asked = request("mmmu_pro_standard", row)
    assert asked.turns[0].startswith(
        f"Question: {MEDIA_MARK} or {MEDIA_MARK}?\nOptions:\nA. {MEDIA_MARK}\nB. <image 9>\n"
    )
    assert shown(asked) == ["picture 2", "picture 1", "picture 2"]
    assert asked.sampling.enlarge == 2


def test_mmmu_pro_vision_never_tells_the_question():
    asked = request("mmmu_pro_vision", {"question": "secret", "options": "['x']", "image": pictures(1)[0]})
    assert "secret" not in asked.turns[0] and shown(asked) == ["picture 1"]


def test_erqa_puts_images_where_the_question_has_them():
    marked = request("erqa", {"question": "<image> and <image> or <image>", "image": pictures(2)})
    assert marked.turns[0].startswith(f"{MEDIA_MARK} and {MEDIA_MARK} or <image>\n")
    placed = request("erqa", {"question": "first, then", "visual_indices": "[5, 0]", "images": pictures(2)})
    assert placed.turns[0].startswith(f"{MEDIA_MARK}first{MEDIA_MARK}, then\n")
    assert shown(placed) == ["picture 2", "picture 1"]
    for places in ([0, 0], [3], []):
        front = request("erqa", {"question": "where?", "visual_indices": places, "images": pictures(2)})
        assert MEDIA_MARK not in front.turns[0] and shown(front) == ["picture 1", "picture 2"]


def test_mindcube_and_mantis_show_every_image_once():
    cube = request("mindcube_tiny", {"id": "among_1", "question": "<image><image> which?", "images": pictures(3)})
    assert cube.turns[0].count(MEDIA_MARK) == 2 and len(cube.media) == 3
    columns = {"question_type": "short-answer", "question": "<image>: what?", "images": pictures(3)}
    assert request("mantis_eval", columns).turns[0].count(MEDIA_MARK) == 3


@pytest.mark.parametrize(("part", "language"), [("mmbench_dev_ar", "ar"), ("mmbench_dev_tr", "tr"), ("", "unknown")])
def test_multilingual_mmbench_knows_the_language_by_the_file(part, language):
    row = Row({"index": 2_000_017, "question": "?", "A": "x", "B": "y", "answer": "A"})
    row.part = part
    sample = registry.load("mtl_mmbench_dev").read(row)
    assert (f"{language}_2000017", f"{language}_17") == (sample.id, sample.unit)


def test_cv_bench_tells_its_two_files_apart():
    task = registry.load("cv_bench")
    rows = [Row({"index": 0, "split": kind, "question": "?", "A": "x", "answer": "A"}) for kind in ("2D", "3D")]
    assert [task.read(row).id for row in rows] == ["2D_0", "3D_0"]


def test_mmsi_bench_keeps_a_question_whose_options_it_cannot_tell():
    for text in ("Where?", "Where? Options: none", "Options: B: x, A: y"):
        assert request("mmsi_bench", {"question": text}).turns[0].startswith(f"{text}\n")


@pytest.mark.parametrize(("task", "text"), [("visulogic", "the second one"), ("phyx_mini_mc", "2 N")])
def test_what_only_a_judge_can_read_stays_ungraded_under_the_authors_rule(task, text):
    rows = [{"index": 1, "question": "?", "answer": "B"}, {"index": 2, "question": "?", "answer": "B"}]
    made = summary(task, rows, ["Answer: B", text], "official")
    assert (made.value, made.ungraded, made.bounds) == (100.0, 1, (50.0, 100.0))
    assert summary(task, rows, ["The answer is B.", text], "opencompass").value == 50.0


def test_cmmmu_leaves_a_row_without_an_answer_ungraded_and_out_of_the_count():
    rows = [{"id": 1, "type": "填空", "answer": ""}, {"id": 2, "type": "填空", "answer": "黄山"}]
    assert summary("cmmmu_val", rows, ["黄山", "答案是黄山\n结果是黄山景区"], "opencompass").value == 200.0
    assert summary("cmmmu_val", rows, ["黄山", "答案是黄山\n结果是黄山景区"], "official").value == 100.0


def test_mirb_averages_the_dimensions_that_are_there():
    rows = [{"subset": "food", "answers": "A"}, {"subset": "count", "answers": "2"}, {"subset": "count", "answers": 3}]
    made = summary("mirb", rows, ["A", "2", "two"], "official")
    assert (made.value, made.metrics["perception"], made.metrics["reasoning"]) == (75.0, 50.0, None)
