"""What differs between two runs, told by cause; from results folders and from other harnesses' files."""

import json
import zipfile
from xml.sax.saxutils import escape

import pytest

from sailbench.cli import main
from sailbench.errors import DataError, UsageError
from sailbench.explain import explain, lines, record
from sailbench.explain.causes import asked_otherwise, cause
from sailbench.explain.runs import Answer
from sailbench.explain.spreadsheet import read_sheet

FACTS = {"task": "t", "task_version": 1, "protocol": "opencompass", "scale": 100.0, "value": 50.0}


def said(text="B", answer="B", value=1.0, **more):
    return Answer(text=text, read=True, answer=answer, value=value, **more)


def results(folder, answers, **facts):
    """A model's folder; answers are (text, read, value, tokens in)."""
    folder.mkdir(parents=True)
    (folder / "t.json").write_text(json.dumps({**FACTS, "sampling": {"max_tokens": 8}, **facts}))
    scores, journal = [], []
    for i, (text, answer, value, tokens) in enumerate(answers):
        scores.append({"id": f"s{i}", "value": value, "answer": answer, "why": "letter"})
        journal.append({"key": f"{tokens}{i}", "id": f"s{i}", "text": text, "finish": "stop", "tokens_in": tokens})
    for name, own in (("t.scores.jsonl", scores), ("t.jsonl", journal)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in own))
    return folder


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (said(), said(), "the same"),
        (said(), said(text="It is B"), "other words, the same answer"),
        (said(), said(text="C", answer="C", value=0.0), "another answer"),
        (said(text="A", answer="A", value=0.0), said(text="C", answer="C", value=0.0), "another answer, graded alike"),
        (said(), said(text="hm", answer=None, value=0.0), "nothing could be read in B"),
        (said(text="so", answer=None, value=0.0, finish="length"), said(), "cut off in A"),
        (said(), said(value=0.0), "the same words, graded otherwise"),
        (said(), said(answer="C", value=0.0), "the same words, read otherwise"),
        (said(), said(text="", answer=None, value=None), "not graded in B"),
        (said(text="1"), said(text="2", value=0.0), "the same answer, graded otherwise"),
        (said(), Answer(text="It is C", value=0.0), "other words, graded otherwise"),
        (said(), Answer(text="It is C"), "other words"),
    ],
)
def test_each_sample_gets_the_first_cause_that_fits(a, b, expected):
    assert cause(a, b) == expected


def test_two_folders_are_told_by_cause_with_what_their_summaries_say(tmp_path, capsys):
    a = results(tmp_path / "a", [("A", "A", 1.0, 9), ("B", "B", 0.0, 9)], engine="torch")
    b = results(tmp_path / "b", [("A", "A", 1.0, 9), ("C", "C", 1.0, 9)], engine="vllm", sampling={"max_tokens": 16})
    assert main(["explain", str(a), str(b)]) == 0
    out = capsys.readouterr().out
    for words in ("engine: A 'torch', B 'vllm'", "sampling.max_tokens: A 8, B 16", "1  another answer (value up 1"):
        assert words in out


def test_one_model_asked_otherwise_is_told_by_the_requests_key(tmp_path):
    a = results(tmp_path / "a", [("A", "A", 1.0, 9)] * 2, model_fingerprint="f")
    b = results(tmp_path / "b", [("A", "A", 1.0, 900)] * 2, model_fingerprint="f")
    (told,) = explain(a, b)
    assert {pair.asked_otherwise for pair in told.pairs} == {"another prompt, other pixels or other sampling"}
    assert any("asked otherwise" in line for line in lines([told], 5))


@pytest.mark.parametrize(
    ("prompts", "pixels", "one_model", "expected"),
    [
        ("pq", "xx", False, "another prompt"),
        ("pp", "xy", False, "other pixels"),
        ("pq", "xy", True, "another prompt and other pixels"),
        ("pp", "xx", True, "other sampling"),
        ("pp", "xx", False, ""),
    ],
)
def test_what_was_asked_otherwise_is_told_by_digests(prompts, pixels, one_model, expected):
    a, b = (said(asked=key, prompt=p, pixels=x) for key, p, x in zip("kl", prompts, pixels, strict=True))
    assert asked_otherwise(a, b, one_model) == expected


@pytest.mark.parametrize(("change", "words"), [("prompt", "another prompt"), ("image", "other pixels")])
def test_a_real_run_tells_whether_the_prompt_or_the_image_was_another(tmp_path, capsys, change, words):
    task = (
        '"""Mine."""\n\nfrom sailbench.families import choice\nfrom sailbench.rows import Drawn\n'
        "from sailbench.types import Media, Sample\n\n\ndef read(row):\n"
        '    return Sample(id="7", question="PROMPT", target="A", choices={"A": "y", "B": "n"},'
        ' media=(Media.image(b"IMAGE"),))\n\n\nTASK = choice(read, sources=(Drawn(rows=lambda: [{}]),))\n'
    )
    for name, edited in (("a", task), ("b", task.replace(change.upper(), "other"))):
        (tmp_path / "mine.py").write_text(edited)
        argv = ["run", "--model", "fake", "--tasks", f"{tmp_path}/mine.py", "--out", f"{tmp_path}/{name}"]
        assert main([*argv, "--allow-ungraded"]) == 0
    capsys.readouterr()
    assert main(["explain", f"{tmp_path}/a/fake", f"{tmp_path}/b/fake"]) == 0
    assert f"1 were asked otherwise: {words}\n" in capsys.readouterr().out


def test_json_holds_both_sides_of_every_sample_that_differs(tmp_path, capsys):
    a, b = (results(tmp_path / n, [("A", "A", 1.0, 9), (w, w, 0.0, 9)]) for n, w in (("a", "B"), ("b", "C")))
    assert main(["explain", str(a), str(b), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["causes"] == {"another answer, graded alike": 1, "the same": 1}
    assert [(s["id"], s["a"]["text"], s["b"]["text"]) for s in told["samples"]] == [("s1", "B", "C")]


def test_vlmevalkits_table_stands_in_for_a_folder(tmp_path):
    own = results(tmp_path / "own", [("A", "A", 1.0, 9), ("B", "B", 0.0, 9)])
    table = tmp_path / "model_T.tsv"
    table.write_text('"index"\t"question"\t"prediction"\t"hit"\n"s0"\t"q"\t"A"\t"1"\n"s1"\t"q"\t"C, I think"\t"1"\n')
    (told,) = explain(own, table)
    assert told.causes() == {"other words, graded otherwise": 1, "the same": 1}


def test_vlmevalkits_json_is_read_too(tmp_path):
    own = results(tmp_path / "own", [("A", "A", 1.0, 9)])
    (tmp_path / "p.json").write_text(json.dumps([{"index": "s0", "prediction": "A"}], indent=4))
    assert explain(own, tmp_path / "p.json")[0].causes() == {"the same": 1}


def test_lmms_evals_samples_are_matched_by_row_number(tmp_path):
    own = results(tmp_path / "own", [("A", "A", 1.0, 9), ("B", "B", 0.0, 9)])
    samples = [
        {"doc_id": 1, "filtered_resps": ["B"], "resps": [["B."]], "target": "C", "acc": 0.0, "input": "q"},
        {"doc_id": 0, "filtered_resps": ["A"], "target": "A", "acc": {"score": 1.0}, "token_counts": [None]},
    ]
    path = tmp_path / "20260101_samples_t.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in samples))
    (told,) = explain(own, path)
    assert [pair.b.text for pair in told.pairs] == ["A", "B."]
    assert told.causes() == {"other words, the same answer": 1, "the same": 1}


def test_row_numbers_of_another_number_of_rows_are_refused(tmp_path):
    own = results(tmp_path / "own", [("A", "A", 1.0, 9)] * 3)
    (tmp_path / "s.jsonl").write_text(json.dumps({"doc_id": 0, "filtered_resps": ["A"]}) + "\n")
    with pytest.raises(DataError, match="both sides must hold all rows"):
        explain(own, tmp_path / "s.jsonl")


def test_a_table_of_neither_is_refused_with_what_it_has(tmp_path):
    own = results(tmp_path / "own", [("A", "A", 1.0, 9)])
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(DataError, match=r"neither VLMEvalKit's .* has a"):
        explain(own, tmp_path / "x.jsonl")


def test_a_task_that_both_do_not_have_is_named(tmp_path):
    a, b = (results(tmp_path / n, [("A", "A", 1.0, 9)]) for n in "ab")
    with pytest.raises(UsageError, match=r"do not share u .*shared: t"):
        explain(a, b, ["u"])


def test_samples_that_only_one_side_has_are_counted(tmp_path):
    a, b = results(tmp_path / "a", [("A", "A", 1.0, 9)] * 3), results(tmp_path / "b", [("A", "A", 1.0, 9)])
    (told,) = record(explain(a, b))
    assert (told["shared"], told["alone_a"], told["alone_b"]) == (1, ["s1", "s2"], [])


def sheet(path, *rows):
    """A real .xlsx: numbers as numbers, texts in the table of texts, the last of a row in its cell; no empty cell."""
    texts, lines = [], []
    for y, row in enumerate(rows, 1):
        cells = []
        for x, held in enumerate(row):
            place = f'r="{"ABCDEFG"[x]}{y}"'
            if isinstance(held, int | float):
                cells.append(f"<c {place}><v>{held}</v></c>")
            elif x == len(row) - 1:
                cells.append(f'<c {place} t="inlineStr"><is><t>{escape(held)}</t></is></c>')
            elif held:
                cells.append(f'<c {place} t="s"><v>{len(texts)}</v></c>')
                texts.append(f"<si><r><t>{escape(held[:1])}</t></r><r><t>{escape(held[1:])}</t></r></si>")
        lines.append(f'<row r="{y}">{"".join(cells)}</row>')
    main_ns, office = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
    rel = f"{office}/officeDocument/2006/relationships"
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{main_ns}" xmlns:r="{rel}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId7"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{office}/package/2006/relationships">'
        '<Relationship Id="rId7" Type="w" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main_ns}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main_ns}">{"".join(texts)}</sst>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def test_vlmevalkits_spreadsheet_is_read_with_nothing_but_its_xml(tmp_path):
    own = results(tmp_path / "own", [("A", "A", 1.0, 9), ("B <&> b", "B", 0.0, 9), ("x\ry", "x", 0.5, 9)])
    said = [("s0", "A", 1, "q"), ("s1", "B <&> b", 0.0, "q"), ("s2", "x_x000D_y", 0.5, "")]
    path = sheet(tmp_path / "model_T.xlsx", ("index", "prediction", "hit", "question"), *said)
    (told,) = explain(own, path)
    assert told.causes() == {"the same": 3}
    assert [(pair.b.text, pair.b.value) for pair in told.pairs] == [("A", 1.0), ("B <&> b", 0.0), ("x\ry", 0.5)]


def test_numbers_in_a_spreadsheet_are_ids_without_a_point(tmp_path):
    rows = read_sheet(sheet(tmp_path / "t.xlsx", ("index", "a", "prediction"), (7, "", "yes"), (12.0, 0.25, "no")))
    assert rows == [{"index": 7, "a": "", "prediction": "yes"}, {"index": 12, "a": 0.25, "prediction": "no"}]


def test_what_is_no_spreadsheet_is_said_in_one_line(tmp_path, capsys):
    own = results(tmp_path / "own", [("A", "A", 1.0, 9)])
    (tmp_path / "p.xlsx").write_bytes(b"no spreadsheet")
    assert main(["explain", str(own), str(tmp_path / "p.xlsx")]) == 2
    assert "cannot be read as a spreadsheet" in (told := capsys.readouterr().err) and told.count("\n") == 1
