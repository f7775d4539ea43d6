"""Rows from files, folders, the cache, a web server and a hub: all real, on this machine, in temporary folders."""

import base64
import csv
import hashlib
import http.server
import io
import json
import os
import pickle
import random
import socket
import subprocess
import sys
import tracemalloc
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import pandas
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from servers import listening, publishing

from sailbench import data, media, run
from sailbench.data import columnar, delimited, download
from sailbench.data.folders import find
from sailbench.data.shelf import Shelf
from sailbench.errors import DataError, MediaError
from sailbench.rows import Drawn, Hub, Row, Tsv

SHARED = Path(__file__).resolve().parents[2] / "shared"


def picture(seed, size=(9, 7)):
    """The bytes of a small PNG that differs by seed."""
    held = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3)).save(held, "PNG")
    return held.getvalue()


def coded(seed, size=(9, 7)):
    return base64.b64encode(picture(seed, size)).decode()


def write_tsv(path, rows):
    """As pandas writes them, which is how the published files are made."""
    pandas.DataFrame(rows).to_csv(path, sep="\t", index=False)
    return path


def read(path):
    return list(data.read_table(path))


def held(row, *columns):
    return [
        medium.source if isinstance(medium.source, bytes) else medium.source.read() for medium in row.images(*columns)
    ]


def task(*sources, name="demo"):
    return SimpleNamespace(name=name, sources=sources)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


# TSV and CSV


@pytest.mark.parametrize("text", ["None", "N/A", "nan", "007", "1e5", "", "-inf", "NULL", "TRUE", " 1 ", "'", "#"])
def test_a_tsv_cell_is_the_text_that_it_shows(tmp_path, text):
    (tmp_path / "t.tsv").write_text(f"index\tA\tB\n1\t{text}\tx\n")
    assert dict(read(tmp_path / "t.tsv")[0]) == {"index": "1", "A": text, "B": "x"}


def test_an_option_named_none_stays_an_option(tmp_path):
    path = write_tsv(tmp_path / "t.tsv", [{"index": 1, "A": "None", "B": "N/A", "C": "", "D": "null"}])
    assert read(path)[0].choices() == {"A": "None", "B": "N/A", "D": "null"}


def test_quoted_cells_keep_their_tabs_quotes_and_line_breaks(tmp_path):
    cells = ['a\tb\n"c"\r\nd', '"', "\n", 'say "no"']
    path = write_tsv(tmp_path / "t.tsv", [{"index": n, "q": cell, "end": "."} for n, cell in enumerate(cells)])
    assert cells == [row["q"] for row in read(path)]


def test_byte_order_mark_and_crlf_are_not_part_of_the_text(tmp_path):
    (tmp_path / "t.csv").write_bytes(b'\xef\xbb\xbfindex,q\r\n1,"a,b"\r\n\r\n2,c')
    assert [(row["index"], row["q"]) for row in read(tmp_path / "t.csv")] == [("1", "a,b"), ("2", "c")]


def test_a_cell_beyond_the_csv_modules_limit_is_read_whole(tmp_path):
    long = "word " * 100_000
    path = write_tsv(tmp_path / "t.tsv", [{"index": 1, "q": long}])
    assert read(path)[0]["q"] == long


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12) | st.text('a"\t\n,', max_size=9)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=6)),
    st.sampled_from(
        [("\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL), ("\r", csv.QUOTE_ALL)]
    ),
    st.integers(1, 40),
)
def test_random_tables_are_read_as_the_csv_module_reads_them(table, style, piece):
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator=style[0], quoting=style[1]).writerows(table)
    assert split(text.getvalue(), piece) == reference(text.getvalue()) == table


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", '"', "\t", "\n", "\r\n"]), max_size=30) | st.lists(st.sampled_from('a"\t\r')),
    st.integers(1, 12),
)
def test_any_text_at_all_is_split_as_the_csv_module_splits_it(tokens, piece):
    text = "".join(tokens)
    try:
        found = split(text, piece)
    except DataError:
        assume(False)
    assert found == reference(text)


def test_a_carriage_return_that_pandas_left_unquoted_is_text(tmp_path):
    path = write_tsv(tmp_path / "t.tsv", [{"index": 1, "q": "a\rb", "end": "c"}, {"index": 2, "q": '"\r"', "end": "d"}])
    assert b"\ta\rb\t" in path.read_bytes()
    assert [(row["q"], row["end"]) for row in read(path)] == [("a\rb", "c"), ('"\r"', "d")]


def split(text, piece):
    """The records of a text, read in pieces of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "PIECE", piece)
        found = delimited.records(io.BytesIO(text.encode()), b"\t")
        return [[delimited.unquoted(r.piece[a:b]).decode() for a, b in r.cells] for r in found]


def reference(text):
    """What Python's csv module makes of it; blank lines are no rows."""
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter="\t") if row]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'a\tb\n1\t"never ends\n2\t3\n', "row 1: a quoted cell does not end"),
        (b"a\tb\n1\t2\n1\t2\t3\n", "row 2: 3 cells under 2 columns"),
        (b"a\ta\n1\t2\n", "two columns are named 'a'"),
        (b"a\tb\n1\t\xff\xfe\n", "row 1: not UTF-8"),
        (b"", "the file is empty"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path, content, said):
    (tmp_path / "t.tsv").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read(tmp_path / "t.tsv")


def test_images_are_read_from_the_file_when_asked_for(tmp_path):
    rows = [{"index": n, "image": coded(n), "question": 'a "b"\nc', "A": "x"} for n in range(3)]
    found = read(write_tsv(tmp_path / "t.tsv", rows))
    assert [[picture(n)] for n in range(3)] == [held(row, "image") for row in found]
    assert found[2].images("image")[0].digest == hashlib.sha256(picture(2)).hexdigest()


@pytest.mark.parametrize("written", [str, json.dumps])
def test_a_list_of_images_may_be_python_or_json(tmp_path, written):
    path = write_tsv(tmp_path / "t.tsv", [{"index": 1, "image": written([coded(1), coded(2), coded(3)])}])
    assert held(read(path)[0], "image") == [picture(1), picture(2), picture(3)]


def test_base64_with_line_breaks_or_a_data_prefix_is_read(tmp_path):
    broken = base64.encodebytes(picture(1, (40, 40))).decode()
    rows = [{"index": 1, "image": broken}, {"index": 2, "image": f"data:image/png;base64,{coded(2)}"}]
    assert [[picture(1, (40, 40))], [picture(2)]] == [
        held(r, "image") for r in read(write_tsv(tmp_path / "t.tsv", rows))
    ]


def test_a_short_image_cell_means_the_image_of_the_row_it_names(tmp_path):
    cells = {"7": coded(7), "8": "7", "9": "10", "10": coded(10), "11": "9", "12": "nowhere"}
    path = write_tsv(tmp_path / "t.tsv", [{"index": i, "image": cell} for i, cell in cells.items()])
    found = {row["index"]: row for row in read(path)}
    assert [picture(n) for n in (7, 7, 10, 10)] == [held(found[i], "image")[0] for i in ("7", "8", "9", "11")]
    assert found["12"].images("image")[0].digest == ""


def test_a_row_without_an_image_has_none(tmp_path):
    path = write_tsv(tmp_path / "t.tsv", [{"index": 1, "image": coded(1)}, {"index": 2, "image": None}])
    assert [len(row.images("image")) for row in read(path)] == [1, 0]


def test_image_paths_start_at_the_file_and_may_be_a_list(tmp_path):
    (tmp_path / "pics").mkdir()
    for n in (1, 2):
        (tmp_path / f"pics/{n}.png").write_bytes(picture(n))
    rows = [{"index": 1, "image_path": "pics/1.png"}, {"index": 2, "image_path": "['pics/1.png', 'pics/2.png']"}]
    found = [row.images("image_path") for row in read(write_tsv(tmp_path / "t.tsv", rows))]
    assert [[int(Path(m.source).stem) for m in several] for several in found] == [[1], [1, 2]]
    assert all(m.digest for several in found for m in several)


def test_an_image_column_may_hold_paths_of_any_length(tmp_path):
    long = "a-folder-with-a-long-name" * 4
    (tmp_path / long).mkdir()
    (tmp_path / long / "1.png").write_bytes(picture(1))
    (row,) = read(write_tsv(tmp_path / "t.tsv", [{"index": 1, "image": f"{long}/1.png"}]))
    assert media.image_size(row.images("image")[0]) == (9, 7)


def test_a_broken_image_cell_is_one_requests_error(tmp_path):
    (row,) = read(write_tsv(tmp_path / "t.tsv", [{"index": 1, "image": coded(1) + "A"}]))
    (medium,) = row.images("image")
    assert medium.digest == ""
    with pytest.raises(MediaError, match="not base64"):
        media.open_image(medium)


def test_reading_a_tsv_holds_no_images(tmp_path):
    noise = base64.b64encode(b"\xff\xd8\xff" + random.Random(0).randbytes(600_000)).decode()
    with (tmp_path / "t.tsv").open("w") as file:
        file.write("index\timage\n")
        file.writelines(f"{n}\t{noise}\n" for n in range(25))
    tracemalloc.start()
    sizes = [len(row.images("image")[0].digest) for row in data.read_table(tmp_path / "t.tsv")]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == [64] * 25
    assert peak < 8e6, f"{peak:,} bytes held while reading 20 MB"


# JSON


def test_json_lines_keep_types_and_leave_pictures_in_the_file(tmp_path):
    rows = [
        {"id": n, "v": [1.5, None, "007"], "img": {"bytes": coded(n), "path": None}, "s": [coded(9)]} for n in (1, 2)
    ]
    (tmp_path / "t.jsonl").write_bytes(b"\xef\xbb\xbf" + "\n\n".join(map(json.dumps, rows)).encode())
    found = read(tmp_path / "t.jsonl")
    assert [(row["id"], row["v"]) for row in found] == [(1, [1.5, None, "007"]), (2, [1.5, None, "007"])]
    assert held(found[1], "img", "s") == [picture(2), picture(9)]
    assert len(pickle.dumps(found[1]["s"][0])) < 500


@pytest.mark.parametrize(
    "document",
    [[{"id": "a"}, {"id": "b"}], {"version": 1, "data": [{"id": "a"}, {"id": "b"}]}, {"a": {"q": 1}, "b": {"q": 2}}],
)
def test_rows_are_found_in_a_json_document(tmp_path, document):
    (tmp_path / "t.json").write_text(json.dumps(document, indent=1))
    assert [row["id"] for row in read(tmp_path / "t.json")] == ["a", "b"]


def test_a_bad_json_row_names_its_line_once(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"q": 1}\n{"q": }\n')
    with pytest.raises(DataError, match=r"t.jsonl, line 2: not JSON: Expecting value at character 7$"):
        list(data.read_table(tmp_path / "t.jsonl"))


@pytest.mark.parametrize(("name", "frame"), [("t.jsonl", '{"q": %s}'), ("t.json", '[{"q": %s}]')])
@pytest.mark.parametrize("depth", [200, 1000, 100_000])
def test_rows_nested_without_end_are_one_line(tmp_path, name, frame, depth):
    (tmp_path / name).write_text(frame % ("[" * depth + "]" * depth) + "\n")
    with pytest.raises(DataError, match="cannot be read: nested too deeply"):
        list(data.read_table(tmp_path / name))


def test_one_broken_picture_in_a_document_is_one_requests_error(tmp_path):
    rows = [{"q": n, "image": text} for n, text in enumerate((coded(1), coded(2)[:-8] + "A"))]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    whole, broken = (row.images("image")[0] for row in data.read_table(tmp_path / "t.json"))
    assert media.open_image(whole)
    with pytest.raises(MediaError, match="cannot be opened as an image"):
        media.open_image(broken)


def test_a_json_file_of_lines_is_read_as_lines(tmp_path):
    (tmp_path / "t.json").write_text('{"id": "a"}\n{"id": "b"}\n')
    assert [row["id"] for row in read(tmp_path / "t.json")] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "text"), [("t.jsonl", '{"a": 1}\n{"a": \n'), ("t.jsonl", "{}\n[1]\n"), ("t.json", "7")]
)
def test_json_that_holds_no_rows_is_an_error(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=r"line 2|no list of rows"):
        read(tmp_path / name)


# Parquet

IMAGE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])


def write_mmmu(path, count=10, rows_a_group=4):
    """The columns of MMMU on the hub: image_1 to image_7 as {bytes, path} records, mostly null."""
    columns = {"id": [f"validation_{n}" for n in range(count)], "options": ["['a', 'b']"] * count, "n": range(count)}
    table = pyarrow.table(columns)
    for k in range(1, 8):
        cells = [{"bytes": picture(100 * n + k), "path": f"{n}_{k}.png"} if n % k == 0 else None for n in range(count)]
        table = table.append_column(f"image_{k}", pyarrow.array(cells, IMAGE))
    pyarrow.parquet.write_table(table, path, row_group_size=rows_a_group)
    return path


def test_parquet_rows_have_their_images_in_order(tmp_path):
    names = [f"image_{k}" for k in range(1, 8)]
    for n, row in enumerate(data.read_table(write_mmmu(tmp_path / "t.parquet"))):
        assert row.text("id") == f"validation_{n}"
        assert row.choices() == {"A": "a", "B": "b"}
        assert held(row, *names) == [picture(100 * n + k) for k in range(1, 8) if n % k == 0]


@pytest.mark.parametrize("window", [1, 500, 64 << 20])
def test_parquet_images_are_read_again_in_any_order(tmp_path, monkeypatch, window):
    monkeypatch.setattr(columnar, "WINDOW_BYTES", window)
    found = [row.images("image_1")[0] for row in read(write_mmmu(tmp_path / "t.parquet", 20, 8))]
    for n in random.Random(0).sample(range(20), 20):
        assert found[n].source.read() == picture(100 * n + 1)


def test_reading_the_text_of_parquet_reads_no_images(tmp_path):
    table = columnar.Parquet(write_mmmu(tmp_path / "t.parquet"))
    assert len([row["id"] for row in table]) == len(table) == 10
    assert table.windows._kept == []


def test_parquet_takes_lists_bytes_base64_and_paths(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(5))
    records = [{"bytes": picture(1), "path": None}, {"bytes": picture(2), "path": None}]
    columns = {
        "list": pyarrow.array([records, [], None], pyarrow.list_(IMAGE)),
        "raw": [picture(3), None, picture(3)],
        "text": [coded(4), None, "a.png"],
        "path": pyarrow.array([{"bytes": None, "path": "a.png"}] * 3, IMAGE),
        "score": [1.5, float("nan"), 2.0],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    first, second, third = read(tmp_path / "t.parquet")
    assert held(first, "list", "raw", "text") == [picture(n) for n in (1, 2, 3, 4)]
    assert second.images("list", "raw", "text") == ()
    assert [Path(m.source).name for m in third.images("text", "path")] == ["a.png", "a.png"]
    assert (first.text("score"), second.text("score")) == ("1.5", "")


def test_parquet_cells_can_be_sent_to_another_process(tmp_path):
    (row, *_) = read(write_mmmu(tmp_path / "t.parquet"))
    source = row.images("image_1")[0].source
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(type(source).read, source).result() == picture(1)


@pytest.mark.parametrize("name", ["t.parquet", "t.xlsx"])
def test_what_is_no_table_is_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(b"no table")
    with pytest.raises(DataError, match=r"not a Parquet file|are read from"):
        read(tmp_path / name)


# Folders

MMMU = Hub(repo="MMMU/MMMU", split="validation")
MMMU_TSV = Tsv(url="https://host/utils/MMMU_DEV_VAL.tsv?download=true", md5="0" * 32)
FULL = Hub(repo="MMMU/MMMU_Pro", config="vision", split="test")


def lay(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"id": "1"}\n')
    return folder


@pytest.mark.parametrize(
    ("sources", "there", "taken"),
    [
        # the task's name, then the TSV's, then the repository's, then the folder itself
        ([MMMU, MMMU_TSV], ["demo.jsonl", "MMMU_DEV_VAL.tsv", "validation.jsonl"], ["demo.jsonl"]),
        ([MMMU, MMMU_TSV], ["demo/a.jsonl", "MMMU_DEV_VAL.tsv"], ["demo/a.jsonl"]),
        ([MMMU, MMMU_TSV], ["MMMU_DEV_VAL.tsv", "MMMU/MMMU/validation.jsonl"], ["MMMU_DEV_VAL.tsv"]),
        ([MMMU], ["MMMU/MMMU/validation.jsonl", "x.jsonl"], ["MMMU/MMMU/validation.jsonl"]),
        ([MMMU], ["MMMU___MMMU/validation.jsonl", "x.jsonl"], ["MMMU___MMMU/validation.jsonl"]),
        ([MMMU], ["datasets--MMMU--MMMU/snapshots/abc/validation.jsonl"], None),
        ([MMMU], ["rows.jsonl", "images/1.png"], ["rows.jsonl"]),
        ([], ["rows.csv", ".hidden.csv", "dataset_infos.json"], ["rows.csv"]),
        # the split, most exactly named first
        ([MMMU], ["validation.jsonl", "validation-extra.jsonl"], ["validation.jsonl"]),
        ([MMMU], ["data/validation-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"], [0]),
        ([MMMU], ["validation/0000.parquet", "validation/0001.parquet", "test/0000.parquet"], [0, 1]),
        ([MMMU], ["val.json", "test.json"], ["val.json"]),
        ([MMMU], ["MMMU_validation_v2.tsv", "MMMU_test_v2.tsv"], [0]),
        ([Hub(repo="a/b", split="test")], ["testmini.jsonl", "verdicts_x.jsonl"], ["testmini.jsonl"]),
        # the config, as a folder or in front of the name
        ([FULL], ["vision/test-00000-of-00001.parquet", "standard/test-00000-of-00001.parquet"], [0]),
        ([FULL], ["vision-test.jsonl", "standard-test.jsonl"], ["vision-test.jsonl"]),
        ([FULL], ["data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"], [0, 1]),
    ],
)
def test_rows_are_found_in_a_folder_of_downloads(tmp_path, sources, there, taken):
    lay(tmp_path, *there)
    expected = there if taken is None else [there[one] if isinstance(one, int) else one for one in taken]
    found = find("demo", sources, tmp_path)
    assert [tmp_path / one for one in expected] == [file for part in found for file in part.files]


@pytest.mark.parametrize(
    ("sources", "there", "said"),
    [
        ([MMMU], [], "holds no table of split validation"),
        ([MMMU], ["test.jsonl"], "holds no table of split validation"),
        ([MMMU], ["a.jsonl", "b.jsonl"], r"holds 2 tables of split validation \(a.jsonl, b.jsonl\)"),
        ([FULL], ["standard/test.jsonl"], "holds no table of split test of vision"),
        ([MMMU], ["validation-00000-of-00003.parquet", "validation-00002-of-00003.parquet"], "2 of 3 shards"),
        ([Tsv(url="https://h/A.tsv"), Tsv(url="https://h/B.tsv")], ["A.tsv"], "holds A.tsv but not B.tsv"),
        ([MMMU], ["demo.jsonl", "demo.tsv"], "holds 2 tables called demo"),
    ],
)
def test_what_is_missing_or_ambiguous_in_a_folder_is_told(tmp_path, sources, there, said):
    with pytest.raises(DataError, match=said):
        find("demo", sources, lay(tmp_path, *there))


def test_parts_come_in_the_order_of_the_sources_and_are_named(tmp_path):
    for config in ("count", "move"):
        lay(tmp_path, f"json/{config}.jsonl")
    parts = [Hub(repo="a/MVBench", config=config, split="train") for config in ("move", "count")]
    found = data.open_rows(task(*parts), data.Places(location=tmp_path))
    assert [(row.part, row.number) for row in found] == [("move", 0), ("count", 1)]


def test_a_split_that_is_named_for_each_question_of_its_rows_gives_each_its_part(tmp_path):
    lay(tmp_path, "json/val.jsonl")
    parts = [Hub(repo="a/CharXiv", split="val", part=part) for part in ("first", "second")]
    found = data.open_rows(task(*parts), data.Places(location=tmp_path))
    assert [(row.part, row.number) for row in found] == [("first", 0), ("second", 1)]


def test_the_real_folder_of_mathvision_gives_its_rows_and_images():
    folder = SHARED / "real" / "MathVision"
    if not folder.is_dir():
        pytest.skip("needs the project's shared data")
    sources = Hub(repo="MathLLMs/MathVision", split="test"), Tsv(url="https://host/MathVision.tsv")
    found = data.open_rows(task(*sources, name="mathvision"), data.Places(location=folder))
    rows = list(found.rows)
    assert found.source == str(folder / "testmini.jsonl")
    assert found.facts()["n"] == len(rows) > 50
    there = [medium for row in rows for medium in row.images("image") if medium.digest]
    assert len(there) == len(list((folder / "images").iterdir()))
    assert {media.open_image(medium).mode for medium in there} == {"RGB"}


def test_a_place_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(DataError, match="there is no file or folder"):
        data.open_rows(task(MMMU), data.Places(location=tmp_path / "nowhere"))


def test_an_explicit_place_wins_over_the_environment(tmp_path):
    environ = {"SAILBENCH_DATA": "/elsewhere", "SAILBENCH_CACHE": str(tmp_path)}
    assert data.Places.of(environ, tmp_path / "here").location == tmp_path / "here"
    assert data.Places.of(environ, None, True) == data.Places(location=Path("/elsewhere"), cache=tmp_path, offline=True)


def test_the_digest_is_of_the_content_wherever_it_lies(tmp_path):
    for name in ("a", "b"):
        write_tsv(lay(tmp_path, f"{name}/x").joinpath(name, "demo.tsv"), [{"index": 1, "q": "same"}])
    first, second = (data.open_rows(task(), data.Places(location=tmp_path / name)).facts() for name in ("a", "b"))
    assert first["digest"] == second["digest"] == hashlib.sha256(b"index\tq\n1\tsame\n").hexdigest()
    assert list(first) == ["source", "revision", "digest", "n"]


def test_rows_drawn_in_code_need_no_data(no_network):
    found = data.open_rows(task(Drawn(rows=lambda: [{"id": "1", "image": picture(1)}])))
    assert [("1", [picture(1)])] == [(row["id"], held(row, "image")) for row in found]
    assert found.facts()["n"] == 1


# Media beside the rows


def test_media_not_at_their_path_are_found_in_zip_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "clips.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mp4", b"A" * 5000)
        archive.writestr("deep/b.mp4", b"B")
    row = next(iter(data.read_table(lay(tmp_path, "rows.jsonl") / "rows.jsonl")))
    assert [row.video(path)[0].source.read() for path in ("clips/a.mp4", "a.mp4", "deep/b.mp4")] == [
        b"A" * 5000,
        b"A" * 5000,
        b"B",
    ]
    assert row.video("c.mp4")[0].digest == ""


def test_a_file_deeper_in_the_folder_is_found_unless_there_are_two(tmp_path):
    lay(tmp_path, "x/images/1.png", "y/images/2.png", "z/images/2.png")
    assert Shelf(tmp_path).find("images/1.png") == tmp_path / "x/images/1.png"
    assert Shelf(tmp_path).find("images/2.png") is None


def test_a_damaged_zip_member_is_one_requests_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a.png", picture(1))
    content = bytearray((tmp_path / "z.zip").read_bytes())
    content[60] ^= 255
    (tmp_path / "z.zip").write_bytes(content)
    with pytest.raises(MediaError, match="damaged"):
        Shelf(tmp_path).find("a.png").read()


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a/../../secret.png"])
def test_a_row_cannot_name_media_outside_its_folder(tmp_path, path):
    (medium,) = Row({"image": path}, tmp_path / "data").images("image")
    assert (medium.digest, str(medium.source)) == ("", f"row 0 names media outside its data folder: {path!r}")
    with pytest.raises(MediaError, match="outside its data folder"):
        media.open_image(medium)


@pytest.mark.parametrize("url", ["https://host/a.png", "file:///etc/passwd", "s3://bucket/a.png"])
def test_an_address_in_a_row_is_not_fetched(tmp_path, no_network, url):
    (medium,) = Row({"image": url}, tmp_path).images("image")
    assert medium.digest == ""
    assert (
        run.missing_media([medium])
        == f"image cannot be read: row 0 names an address, which is not fetched unless allowed: {url}"
    )


def test_links_that_the_owner_of_the_folder_made_are_followed(tmp_path):
    (tmp_path / "store.png").write_bytes(picture(1))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.png").symlink_to(tmp_path / "store.png")
    (medium,) = Row({"image": "a.png"}, tmp_path / "data").images("image")
    assert media.image_size(medium) == (9, 7)


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


# Downloads


class Publisher:
    """A server of one table, `content`, that misbehaves as `files` says; `asked` are the ranges asked for."""

    def __init__(self, url, files):
        self.url, self.files = f"{url}/t.tsv", files

    @property
    def content(self):
        return self.files.files["/t.tsv"]

    @property
    def asked(self):
        return [span for _, _, span, _ in self.files.asked]


@pytest.fixture
def publisher(tmp_path):
    content = write_tsv(tmp_path / "t.tsv", [{"index": n, "image": coded(n)} for n in range(50)]).read_bytes()
    with publishing({"/t.tsv": content}) as (url, files):
        yield Publisher(url, files)


@pytest.fixture
def places(tmp_path):
    return data.Places(cache=tmp_path / "cache")


def published(server, md5=None):
    return task(Tsv(url=server.url, md5=md5 or hashlib.md5(server.content).hexdigest()))


def test_a_tsv_is_downloaded_once_and_verified(publisher, places):
    first, second = (data.open_rows(published(publisher), places) for _ in range(2))
    assert [picture(n) for n in range(50)] == [held(row, "image")[0] for row in second]
    assert publisher.asked == [None]
    assert (
        first.facts()
        == second.facts()
        == {
            "source": publisher.url,
            "revision": None,
            "digest": hashlib.sha256(publisher.content).hexdigest(),
            "n": 50,
        }
    )
    assert {"t.tsv", "t.tsv.lock", ".t.tsv.busy"} == {one.name for one in (places.cache / "tsv").iterdir()}


def test_progress_is_told_to_the_end(publisher, tmp_path):
    told = []
    places = data.Places(cache=tmp_path / "cache", progress=lambda *step: told.append(step))
    data.open_rows(published(publisher), places)
    assert told[-1] == ("t.tsv", len(publisher.content), len(publisher.content))


def test_a_cut_download_goes_on_from_where_it_was_cut(publisher, places):
    publisher.files.cuts = 1
    assert len(data.open_rows(published(publisher), places)) == 50
    assert publisher.asked == [None, f"bytes={len(publisher.content) // 2}-"]


def test_a_download_cut_for_good_is_taken_up_by_the_next_run(publisher, places, monkeypatch):
    monkeypatch.setattr(download, "TRIES", 1)
    publisher.files.cuts = 1
    with pytest.raises(DataError, match=r"cut off 1 times .* goes on from there"):
        data.open_rows(published(publisher), places)
    assert len(data.open_rows(published(publisher), places)) == 50
    assert publisher.asked[1] == f"bytes={len(publisher.content) // 2}-"


def test_a_file_that_changes_between_two_tries_is_not_pieced_together(publisher, places, monkeypatch):
    monkeypatch.setattr(download, "TRIES", 1)
    publisher.files.cuts = 1
    with pytest.raises(DataError, match="cut off"):
        data.open_rows(published(publisher), places)
    publisher.files.files["/t.tsv"] = publisher.content.replace(b"index", b"INDEX")
    assert "INDEX" in next(iter(data.open_rows(published(publisher), places)))


def test_a_wrong_md5_shows_both_and_is_never_downloaded_again(publisher, places):
    right = hashlib.md5(publisher.content).hexdigest()
    for _ in range(2):
        with pytest.raises(DataError, match=f"has the MD5 {right}, but {'0' * 32} is what .* was published as"):
            data.open_rows(published(publisher, "0" * 32), places)
    assert publisher.asked == [None]
    assert len(read(places.cache / "tsv/refused/t.tsv")) == 50


def test_a_file_that_was_refused_can_be_used_by_name(publisher, places):
    with pytest.raises(DataError) as told:
        data.open_rows(published(publisher, "0" * 32), places)
    named = Path(str(told.value).split("--data-dir ")[1].split(" ")[0])
    assert len(data.open_rows(published(publisher, "0" * 32), data.Places(location=named))) == 50


def test_a_cached_file_that_changed_shows_both_digests(publisher, places):
    data.open_rows(published(publisher), places)
    (places.cache / "tsv/t.tsv").write_text("index\tq\n1\tother\n")
    with pytest.raises(DataError, match=r"changed since it was first used: its sha256 was \w{64}, now it is \w{64}"):
        data.open_rows(published(publisher), places)


@pytest.mark.parametrize(("page", "said"), [(False, "HTTP 404"), (True, "a web page instead of a file")])
def test_a_page_instead_of_the_file_is_told_with_the_way_out(publisher, places, page, said):
    publisher.files.page = b"<html>please sign in</html>" if page else None
    url = publisher.url if page else publisher.url.replace("t.tsv", "gone.tsv")
    with pytest.raises(DataError, match=f"{said}.*put .*tsv into .*, or pass --data-dir"):
        data.open_rows(task(Tsv(url=url)), places)
    assert not list((places.cache / "tsv").glob("*.tsv"))


def test_the_second_address_of_a_file_is_a_mirror(publisher, places):
    broken = Tsv(url=publisher.url.replace("/t.tsv", "/gone/t.tsv"))
    found = data.open_rows(task(broken, Tsv(url=publisher.url)), places)
    assert len(found) == 50


def test_tsv_files_of_several_names_are_parts(publisher, places):
    (places.cache / "tsv").mkdir(parents=True)
    write_tsv(places.cache / "tsv/other.tsv", [{"index": "first", "image": coded(99)}])
    found = data.open_rows(task(Tsv(url="http://nowhere.invalid/other.tsv"), Tsv(url=publisher.url)), places)
    assert [(row.part, row["index"]) for row in found][:2] == [("other", "first"), ("t", "0")]
    assert len(found) == 51


def test_offline_never_opens_a_socket_and_says_what_to_do(tmp_path, no_network):
    places = data.Places(cache=tmp_path, offline=True)
    with pytest.raises(DataError, match=r"offline forbids.*put MMMU_DEV_VAL.tsv into .*tsv, or pass --data-dir"):
        data.open_rows(task(MMMU, MMMU_TSV), places)
    with pytest.raises(DataError, match=r"no rows are in the cache"):
        data.open_rows(task(MMMU_TSV), places)


def test_offline_takes_what_is_in_the_cache(tmp_path, no_network):
    (tmp_path / "tsv").mkdir()
    write_tsv(tmp_path / "tsv/MMMU_DEV_VAL.tsv", [{"index": 1, "image": coded(1)}])
    found = data.open_rows(task(MMMU, Tsv(url=MMMU_TSV.url)), data.Places(cache=tmp_path, offline=True))
    assert len(list(data.rows(task(), tmp_path / "tsv"))) == len(found) == 1


# The hub


class PretendHub(http.server.BaseHTTPRequestHandler):
    """What the hub's libraries ask of the hub for one repository: `server.files`, and its older commits."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        files, path = self.server.files, self.path.split("?")[0]
        if files is None:
            return self.answer(401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "ask first"})
        kind, _, rest = path.removeprefix("/api").removeprefix("/datasets/owner/Name").strip("/").partition("/")
        commit, _, name = rest.partition("/")
        files = self.server.older.get(commit, files)
        if kind in ("revision", ""):
            sha = commit if commit in self.server.older else self.server.commit
            return self.answer(200, json.dumps({"id": "owner/Name", "sha": sha}).encode())
        if kind == "tree":
            recursive = "recursive=true" in self.path
            return self.answer(200, json.dumps(list(listing(files, name, recursive))).encode())
        if name in files:
            return self.answer(200, files[name])
        return self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    def answer(self, status, body, headers=()):
        self.send_response(status)
        etag = f'"{hashlib.sha1(body).hexdigest()}"'
        own = {
            "X-Repo-Commit": self.server.commit,
            "ETag": etag,
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
        }
        for key, value in (own | dict(headers)).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


COMMIT = "a1" * 20


def listing(files, folder, recursive):
    start = f"{folder}/" if folder else ""
    below = {name: content for name, content in files.items() if name.startswith(start)}
    for inner in sorted({start + name.removeprefix(start).split("/")[0] for name in below} - below.keys()):
        yield {"type": "directory", "path": inner, "oid": "0" * 40, "size": 0}
    for name, content in below.items():
        if recursive or "/" not in name.removeprefix(start):
            yield {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


ON_THE_HUB = """
import json, socket, sys
from pathlib import Path
from types import SimpleNamespace
from sailbench import data
from sailbench.rows import Hub

task = SimpleNamespace(name="demo", sources=(Hub(repo="owner/Name", media=("clips*.zip",)),))
def told(offline):
    found = data.open_rows(task, data.Places(cache=Path(sys.argv[1]), offline=offline))
    rows = [[r["q"], r.images("image")[0].digest, r.video(r["clip"])[0].digest] for r in found]
    print(json.dumps([found.facts(), rows]))
told(False)
def refuse(*_): raise AssertionError("a socket was opened")
socket.socket = socket.create_connection = refuse
told(True)
told(False)
"""


def on_the_hub(files, folder, script=ON_THE_HUB, commit=COMMIT, older=()):
    """What a fresh process sees of a hub with these files: online, then twice without sockets."""
    with listening(PretendHub) as server:
        server.files, server.commit, server.older = files, commit, dict(older)
        own = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HOME": str(folder / "hf")}
        command = [sys.executable, "-c", script, str(folder / "cache")]
        root = Path(__file__).resolve().parents[1]
        return subprocess.run(command, capture_output=True, text=True, cwd=root, env=os.environ | own, check=False)


def test_a_split_of_the_hub_is_loaded_once_then_needs_no_network(tmp_path):
    table = {
        "q": ["None", "007"],
        "clip": ["clips/a.mp4", "clips/b.mp4"],
        "image": pyarrow.array([{"bytes": picture(n), "path": None} for n in (1, 2)], IMAGE),
    }
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "t.parquet")
    zipped(tmp_path / "clips.zip", {"clips/a.mp4": b"A", "clips/b.mp4": b"B"})
    files = {
        "README.md": b"# demo\n",
    } | {f"data/{split}-00000-of-00001.parquet": (tmp_path / "t.parquet").read_bytes() for split in ("test", "train")}
    done = on_the_hub(files | {"clips_1.zip": (tmp_path / "clips.zip").read_bytes()}, tmp_path)
    digests = [[hashlib.sha256(one).hexdigest() for one in (picture(n), clip)] for n, clip in ((1, b"A"), (2, b"B"))]
    rows = [["None", *digests[0]], ["007", *digests[1]]]
    facts = {"source": "owner/Name, split test", "revision": COMMIT, "digest": f"git:{COMMIT}", "n": 2}
    assert [[facts, rows]] * 3 == [json.loads(line) for line in done.stdout.splitlines()], done.stderr
    assert not list(tmp_path.rglob("train*"))
    assert not list(tmp_path.rglob("*.arrow"))


ASKED_AGAIN = """
import sys
from pathlib import Path
from sailbench.cli import main

cache = Path(sys.argv[1])
task = str(cache.parent / "demo.py")
def data(*argv): print([argv[0], main(["data", argv[0], task, *argv[1:]])])
data("verify", "--upstream")
for one in [*cache.rglob("*.parquet"), *cache.rglob("a.mp4")]: one.unlink()
data("verify")
data("pull")
data("verify")
data("pull", "--accept")
data("verify", "--upstream")
"""
HUB_TASK = '''"""A benchmark of the user's own.

family: mine
"""

from sailbench.families import choice
from sailbench.rows import Hub
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("q"), question=row.text("q"), target="A", media=row.video(row.text("clip")))


TASK = choice(read, sources=(Hub(repo="owner/Name", media=("clips*.zip",)),))
'''


def test_a_newer_commit_is_told_when_asked_for_and_taken_only_when_accepted(tmp_path, monkeypatch):
    monkeypatch.setenv("SAILBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "demo.py").write_text(HUB_TASK)
    zipped(tmp_path / "clips.zip", {"clips/a.mp4": b"A"})
    rows, clips = "data/test-00000-of-00001.parquet", "clips_1.zip"
    files = {rows: hub_rows(tmp_path, "x"), clips: (tmp_path / "clips.zip").read_bytes(), "a.md": b"a"}
    pulled = on_the_hub(files, tmp_path, ASKED_AGAIN.split('data("verify')[0] + 'data("pull")')
    assert "['pull', 0]" in pulled.stdout, pulled.stderr
    later = {rows: hub_rows(tmp_path, "y"), clips: files[clips], "a.md": b"b"}
    told = on_the_hub(later, tmp_path, ASKED_AGAIN, "b2" * 20, {COMMIT: files})
    codes = [json.loads(line.replace("'", '"'))[1] for line in told.stdout.splitlines() if line.startswith("[")]
    assert codes == [2, 2, 0, 0, 0, 0], told.stdout + told.stderr
    changed = [line for line in told.stderr.splitlines() if "owner/Name: " in line]
    was, now = (sha1(one[rows]) for one in (files, later))
    assert len(changed) == 1 and f"{rows} changed since commit {COMMIT}: it was git blob {was}, now" in changed[0]
    assert changed[0].endswith(f"it is git blob {now}")


def hub_rows(folder, question):
    pyarrow.parquet.write_table(pyarrow.table({"q": [question], "clip": ["clips/a.mp4"]}), folder / "t.parquet")
    return (folder / "t.parquet").read_bytes()


def sha1(content):
    return hashlib.sha1(content).hexdigest()


def test_a_gated_data_set_says_where_to_ask_for_access(tmp_path):
    line = on_the_hub(None, tmp_path).stderr.splitlines()[-1]
    assert "owner/Name is gated: ask for access at http://127.0.0.1:" in line
    assert "/datasets/owner/Name, then log in with `hf auth login` or set HF_TOKEN" in line


def test_other_formats_are_prepared_of_the_split_alone_and_pinned(tmp_path):
    files = {f"{split}.txt": f"{split} 1\n{split} 2\n".encode() for split in ("test", "train")} | {"README.md": b"x\n"}
    script = ON_THE_HUB.replace('[r["q"], r.images("image")[0].digest, r.video(r["clip"])[0].digest]', 'r["text"]')
    done = on_the_hub(files, tmp_path, script.replace('media=("clips*.zip",)', ""))
    assert json.loads(done.stdout.splitlines()[-1])[1] == ["test 1", "test 2"], done.stderr
    assert len(list(tmp_path.rglob("*.arrow"))) == 1
    (record,) = (tmp_path / "cache/hub/owner___Name").glob("*.json")
    assert len(json.loads(record.read_text())["digests"]) == 1


def test_a_split_that_the_hub_does_not_have_is_one_line(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"q": ["x"]}), tmp_path / "t.parquet")
    files = {"README.md": b"# demo\n", "data/train-00000-of-00001.parquet": (tmp_path / "t.parquet").read_bytes()}
    done = on_the_hub(files, tmp_path)
    line = done.stderr.splitlines()[-1]
    assert "owner/Name, split test: there is no such split, only train" in line
    assert line.endswith("pass --data-dir a file or folder that holds the rows of demo")
