"""The page in a real browser: what a click, a key and an address do, and that nothing leaves it or runs in it."""

import json
import re

import pytest
from browser import Browser, executable
from stored import HOSTILE, summary, write, write_samples

from sailbench.cli import main
from sailbench.data import Places
from sailbench.report.page.inputs import read_inputs
from sailbench.report.page.samples import stored
from sailbench.report.page.thumbnails import thumbnails
from sailbench.report.runs import read_runs
from sailbench.types import Media

MANY = 10_000


def page(folder, *more):
    out = folder / "page.html"
    assert main(["report", str(folder), "--format", "html", "--groups", "--out", str(out), *more]) == 0
    return out


def block(html, name):
    text = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(text)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Two runs of a demonstration, whose pictures are drawn, with a hostile answer; and a third of something else."""
    root = tmp_path_factory.mktemp("demo")
    assert main(["run", "--model", "fake", "--tasks", "demo_shapes", "--out", str(root)]) == 0
    record = json.loads((root / "fake" / "demo_shapes.json").read_text())
    write(root, record | {"model": "other", "value": 75.0, "stderr": 1.0}, folder="other")
    write_samples(root / "other", "demo_shapes", [(str(i), float(i % 4 > 0), HOSTILE) for i in range(24)])
    groups = {"category": {"one": {"value": 1.0, "n": 2, "stderr": None}}}
    write(root, summary("mmstar", 20.0, model="other", ungraded=2, groups=groups), folder="other")
    write(root, summary("ocrbench", 90.0, model="other"), summary("video_mme", None, n=0, ungraded=3), folder="other")
    write_samples(root / "other", "mmstar", [("a/b #1", 0.5, "half"), ("none", None, "no grade")])
    return root


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if executable() is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    own = Browser(tmp_path_factory.mktemp("profile"))
    yield own
    own.close()


@pytest.fixture
def opened(browser, demo):
    """Opens the demonstration's page at an address; afterwards nothing may have been asked for or complained about."""
    file = demo / "page.html"
    if not file.exists():
        page(demo)

    def at(address=""):
        browser.open(f"file://{file}{address}")
        return browser

    yield at
    browser.listen()
    assert [url for url in browser.requests if not url.startswith(("data:", f"file://{file}"))] == []
    assert browser.complaints == []


def names(browser):
    return browser.run("[...document.querySelectorAll('#rows td:first-child')].map((cell) => cell.textContent)")


def test_the_overview_draws_a_bar_a_run_with_its_interval(opened):
    browser = opened()
    assert browser.run("document.querySelectorAll('#runs tbody tr').length") == 2
    assert browser.run("document.querySelectorAll('svg rect').length") >= 4
    assert browser.run("document.querySelectorAll('svg .bound').length") == 1


def test_the_difference_of_two_runs_is_drawn_and_can_be_turned(opened):
    browser = opened("#overview")
    chart = "[...document.querySelectorAll('.chart')][1]"
    first = browser.run(f"{chart}.querySelector('circle').parentNode.textContent")
    browser.run(
        f"(() => {{ const s = {chart}.querySelectorAll('select'); s[0].value = 0; s[1].value = 1;"
        " for (const one of s) one.dispatchEvent(new Event('change')); })()"
    )
    turned = browser.run(f"{chart}.querySelector('circle').parentNode.textContent")
    by, low, high = re.fullmatch(r"demo_shapes: (\S+) points \(95 %: (\S+) to (\S+)\), paired", first).groups()
    assert by == "+50.00" and low.startswith("+")

    def minus(number):
        return number.translate(str.maketrans("+\u2212", "\u2212+"))

    assert turned == f"demo_shapes: {minus(by)} points (95 %: {minus(high)} to {minus(low)}), paired"
    assert browser.run("document.querySelectorAll('svg circle.unpaired').length") == 0


def test_runs_of_other_samples_are_not_paired_and_their_dot_is_hollow(browser, tmp_path):
    for name, first in (("one", 0), ("two", 5)):
        write(tmp_path, summary("mmstar", 50.0 + first, model=name), folder=name)
        write_samples(tmp_path / name, "mmstar", [(str(first + i), float(i % 2), "said") for i in range(20)])
    browser.open(f"file://{page(tmp_path)}")
    dot = "document.querySelector('svg circle.unpaired')"
    assert browser.run(f"{dot}.parentNode.textContent").startswith("mmstar: +5.00 points (95 %: −0.54 to +10.54)")
    assert browser.run(f"getComputedStyle({dot}).fill") != browser.run(f"getComputedStyle({dot}).stroke")


def test_runs_of_the_same_samples_are_paired_by_the_tasks_own_headline(tmp_path):
    """BLINK's headline is the mean over samples where nothing else is told; the paired interval is the narrower one."""
    for name, wrong in (("one", 40), ("two", 44)):
        values = [(str(i), float(i >= wrong), "said") for i in range(200)]
        write(tmp_path, summary("blink", (200 - wrong) / 2, model=name, stderr=2.8), folder=name)
        write_samples(tmp_path / name, "blink", values)
    by, low, high = block(page(tmp_path).read_text(), "data")["pairs"]["blink"]["0,1"]
    assert by == -2.0 and -6 < low < by < high < 1


def test_the_table_sorts_both_ways_by_a_column_and_missing_numbers_come_last(opened):
    browser = opened("#table")
    column = browser.run("[...document.querySelectorAll('thead button')].findIndex((b) => b.textContent === 'other')")
    click = f"document.querySelectorAll('thead button')[{column}].click()"
    browser.run(click)
    assert names(browser) == ["ocrbench", "demo_shapes", "mmstar", "video_mme"]
    browser.run(click)
    assert names(browser) == ["mmstar", "demo_shapes", "ocrbench", "video_mme"]
    assert browser.run(f"document.querySelectorAll('th')[{column}].getAttribute('aria-sort')") == "ascending"


def test_the_table_filters_by_words_and_shows_categories_below_their_benchmark(opened):
    browser = opened("#table")
    browser.run("document.getElementById('table-places').click()")
    browser.run("document.getElementById('table-words').focus()")
    browser.send("Input.insertText", text="MMSTAR")
    assert names(browser) == ["mmstar", "category: one"]


def test_a_row_says_dash_bounds_and_n(opened):
    browser = opened("#table")
    rows = browser.run("[...document.querySelectorAll('#rows tr')].map((row) => row.textContent)")
    assert any("20.00 ± 3.9 within 15.0 to 25.0" in row and "100 of 102" in row for row in rows)
    assert any(row.startswith("video_mmeVideo0 of 3--") for row in rows)


def test_a_deep_link_opens_its_sample_with_picture_question_and_every_answer(opened):
    browser = opened("#demo_shapes/3")
    assert browser.run("document.querySelector('#detail h2').textContent") == "demo_shapes / 3"
    assert browser.run("document.querySelector('#detail img').decode().then(() => true)")
    assert browser.run("document.querySelector('.question').textContent") == "Which shape is drawn?"
    assert browser.run("document.querySelectorAll('.answer').length") == 2
    assert browser.run("document.querySelector('[role=option][aria-selected=true] .id').textContent") == "demo_shapes/3"


def test_a_link_to_any_id_and_to_none_that_is_there(opened):
    browser = opened("#mmstar/" + "a%2Fb%20%231")
    assert browser.run("document.querySelector('#detail h2').textContent") == "mmstar / a/b #1"
    assert browser.run("document.querySelector('.verdict').textContent") == "◐ partly right (0.50)"
    browser.run("location.hash = '#mmstar/never'")
    browser.wait("document.getElementById('detail').textContent === 'mmstar has no sample never here.'")


def test_samples_filter_by_verdict_task_flips_and_words(opened):
    browser = opened("#samples")

    def left(**chosen):
        for name, value in chosen.items():
            event = "input" if name == "words" else "change"
            browser.run(
                f"(() => {{ const c = document.getElementById('sample-{name}'); c.value = {json.dumps(value)};"
                f" c.dispatchEvent(new Event('{event}')); }})()"
            )
        browser.run("new Promise((done) => setTimeout(done, 200))")
        return browser.run("document.getElementById('sample-count').textContent").split(" of ")[0]

    assert left() == "26"
    assert left(run=1, verdict="ungraded") == "1" and left(verdict="partly") == "1"
    assert left(run=0, verdict="all", task="demo_shapes") == "24"
    flipped = int(left(verdict="flipped"))
    assert flipped == int(left(verdict="gained")) + int(left(verdict="lost")) > 0
    assert left(verdict="all", words="onerror") == "24" and left(words="no such thing") == "0"


@pytest.fixture(scope="module")
def flips(tmp_path_factory):
    """Two runs that say A and B to drawn shapes: what the gate writes of their flips, and a report of both."""
    root = tmp_path_factory.mktemp("flips")
    for says in "AB":
        assert main(["run", "--model", f"fake:{says}", "--tasks", "demo_shapes", "--out", f"{root}/{says}"]) == 0
    argv = ["gate", "--baseline", f"{root}/A", "--candidate", f"{root}/B", "--markdown", f"{root}/gate.md"]
    assert main([*argv, "--flips", f"{root}/flips"]) == 2
    assert main(["report", f"{root}/A", f"{root}/B", "--format", "html", "--out", f"{root}/page.html"]) == 0
    return root


@pytest.mark.parametrize("name", ["flips/index.html", "page.html"])
def test_what_flipped_between_two_runs_is_found_and_shown_with_its_image(browser, flips, name):
    browser.open(f"file://{flips}/{name}#samples")
    browser.run(
        "(() => { const c = document.getElementById('sample-verdict'); c.value = 'flipped';"
        " c.dispatchEvent(new Event('change')); })()"
    )
    whole = 15 if name.startswith("flips") else 24
    assert browser.run("document.getElementById('sample-count').textContent") == f"15 of {whole} samples"
    browser.run("document.querySelector('.item').click()")
    assert browser.run("document.querySelector('#detail img').decode().then(() => true)")
    verdicts = browser.run("[...document.querySelectorAll('.answer .verdict')].map((own) => own.textContent.slice(2))")
    assert sorted(verdicts) == ["right", "wrong"]


def test_flips_are_a_folder_that_needs_nothing_else(flips):
    text = (flips / "flips" / "flips.md").read_text()
    images = re.findall(r"!\[image 1\]\((media/\w+\.webp)\)", text)
    assert len(images) == 15 and all((flips / "flips" / name).stat().st_size for name in images)
    assert text.index("1 → 0") < text.index("0 → 1") and "Target: <code>" in text
    assert f"{flips}/flips/flips.md" in (flips / "gate.md").read_text().replace("\\", "")


def test_where_no_sample_fits_one_button_shows_them_all_again(opened):
    browser = opened("#samples")
    browser.run("document.getElementById('sample-words').focus()")
    browser.send("Input.insertText", text="no such thing")
    browser.wait("!!document.querySelector('.nothing button')")
    browser.run("document.querySelector('.nothing button').click()")
    assert browser.run("document.getElementById('sample-count').textContent") == "26 of 26 samples"


def test_options_carry_the_colours_of_the_runs_that_were_read_so(opened):
    browser = opened("#demo_shapes/0")
    chosen = "[...document.querySelectorAll('.choices li')].filter((own) => own.querySelector('.swatch.fill-0'))"
    assert browser.run(f"{chosen}.map((own) => own.textContent[0])") == ["A"]


def test_scrolling_keeps_the_items_that_stay_in_sight(browser, many):
    browser.open(f"file://{many}#samples")
    browser.run("window.own = document.getElementById('item-12')")
    browser.run("document.getElementById('list').scrollTop = 500")
    browser.wait("!document.getElementById('item-0')")
    assert browser.run("document.getElementById('item-12') === window.own")
    numbers = browser.run("[...document.querySelectorAll('.item')].map((own) => Number(own.id.slice(5)))")
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.fixture
def window(browser):
    """Sets the size of the window, or what it is shown for; afterwards it is as it was."""
    yield lambda **wish: browser.send("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, mobile=False, **wish)
    browser.send("Emulation.clearDeviceMetricsOverride")
    browser.send("Emulation.setEmulatedMedia", media="", features=[])


def seen(browser, selector):
    return browser.run(f"document.querySelector('{selector}').checkVisibility()")


def test_in_a_narrow_window_the_list_and_the_sample_take_turns_and_nothing_sticks_out(opened, window):
    window(width=400, height=800)
    browser = opened("#samples")
    browser.run("document.getElementById('list').focus()")
    browser.press("ArrowDown", 40)
    assert (seen(browser, ".side"), seen(browser, "#detail")) == (False, True)
    browser.run("document.querySelector('.narrow').click()")
    assert (seen(browser, ".side"), seen(browser, "#detail")) == (True, False)
    for view in ("overview", "table", "samples", "demo_shapes/0"):
        browser.run(f"location.hash = '#{view}'")
        browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert browser.run(
            "[...document.querySelectorAll('main, main > section')].every((own) => own.scrollWidth <= 400)"
        ), view


def test_letters_in_charts_keep_their_size_however_narrow_the_window(opened, window):
    window(width=400, height=800)
    browser = opened("#overview")
    browser.wait("Math.abs(document.querySelector('svg').getScreenCTM().a - 1) < 0.1")


def test_on_paper_a_view_is_whole_and_dark_on_light(opened, window):
    browser = opened("#overview")
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.send("Emulation.setEmulatedMedia", media="print", features=dark)
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    main = "document.querySelector('main').scrollHeight - document.querySelector('main').clientHeight"
    assert browser.run(main) == 0 and not seen(browser, "nav")


def test_a_picture_is_shown_larger_by_a_key(opened):
    browser = opened("#demo_shapes/3")
    browser.run("document.querySelector('.picture').focus()")
    before = browser.run("document.querySelector('#detail img').getBoundingClientRect().width")
    browser.press(" ", 32)
    assert browser.run("document.querySelector('#detail img').getBoundingClientRect().width") > before


def test_costs_are_in_a_chart_with_names_and_in_the_table(opened):
    browser = opened("#overview")
    assert "demo_shapes" in browser.run("[...document.querySelectorAll('.chart')].at(-1).textContent")
    browser.run("location.hash = '#table'")
    browser.run("document.getElementById('table-costs').click()")
    heads = browser.run("[...document.querySelectorAll('#benchmarks thead button')].map((own) => own.textContent)")
    assert heads.count("tokens") == heads.count("seconds") == 2


def test_a_click_opens_a_sample_and_keys_go_on_from_it(opened):
    browser = opened("#samples")
    browser.run("document.querySelector('.item').click()")
    browser.press("j")
    assert browser.run("location.hash") == "#mmstar/none"
    browser.run("document.getElementById('list').focus()")
    browser.press("End", 35)
    assert browser.run("document.querySelector('#detail h2').textContent") == "demo_shapes / 23"
    browser.press("ArrowUp", 38)
    assert browser.run("document.querySelector('#detail h2').textContent") == "demo_shapes / 22"


def test_keys_change_views_and_find_the_search(opened):
    browser = opened()
    browser.press("2")
    browser.wait("document.getElementById('tab-table').getAttribute('aria-selected') === 'true'")
    browser.press("/")
    browser.wait("document.activeElement.id === 'table-words'")


def test_what_a_model_says_is_text_and_nothing_else(opened):
    browser = opened("#demo_shapes/0")
    answers = browser.run("[...document.querySelectorAll('.answer .said')].map((own) => own.textContent)")
    assert any("<img src=x onerror=alert(1)> ␛[31mred␛[0m \\u202eturned" in text for text in answers)
    assert browser.run("document.querySelectorAll('.answer img, .list img').length") == 0


def test_markup_from_data_would_be_refused_even_if_the_script_let_it_in(browser, demo):
    browser.open(f"file://{page(demo)}")
    assert "TrustedHTML" in browser.run(
        "(() => { try { document.body.innerHTML = '<b>'; } catch (error) { return error.message; } return ''; })()"
    )


def test_light_and_dark_follow_the_system_and_the_button(opened):
    browser = opened()
    paper = "getComputedStyle(document.body).backgroundColor"
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert browser.run(paper) == "rgb(18, 22, 27)"
    browser.run("document.getElementById('theme').click()")
    assert browser.run(paper) == "rgb(255, 255, 255)"
    browser.send("Emulation.setEmulatedMedia", features=[])


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Ten thousand samples of two runs, with an answer of some length each."""
    root = tmp_path_factory.mktemp("many")
    for name in ("one", "two"):
        write(root, summary("mmstar", n=MANY, model=name), folder=name)
        samples = [(str(i), float((i * 7 + len(name)) % 3 > 0), f"Answer {i}: " + "because " * 40) for i in range(MANY)]
        write_samples(root / name, "mmstar", samples)
    return page(root)


def busy(browser):
    """Seconds that the tab's main thread has been computing."""
    metrics = browser.send("Performance.getMetrics")["metrics"]
    return next(own["value"] for own in metrics if own["name"] == "TaskDuration")


def test_ten_thousand_samples_open_in_two_seconds_and_only_those_in_sight_are_drawn(browser, many):
    # The page's own time, whatever else the machine does; on one that is idle it is what a reader waits.
    browser.send("Performance.enable", timeDomain="threadTicks")
    before = busy(browser)
    browser.open(f"file://{many}#mmstar/9000")
    assert 0.02 < busy(browser) - before < 2
    browser.send("Performance.disable")
    assert browser.run("document.querySelector('#detail h2').textContent") == "mmstar / 9000"
    browser.run("document.getElementById('list').scrollTop = 200000")
    browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert browser.run("document.querySelectorAll('.item').length") < 60
    shown = browser.run("[...document.querySelectorAll('.item .id')].map((own) => own.textContent)")
    assert "mmstar/4550" in shown


def test_without_data_the_page_says_so_and_shows_answers(demo):
    html = page(demo).read_text()
    assert any("mmstar: questions and images are not shown" in note for note in block(html, "data")["missing"])
    order = [task["task"] for task in block(html, "data")["tasks"]].index("mmstar")
    texts = block(html, f"task-{order}")
    assert texts["inputs"] == [None, None] and texts["answers"][1][0]["text"] == ["half"]


def test_no_room_for_images_leaves_their_digests(demo):
    html = page(demo, "--thumbnails", "0").read_text()
    assert block(html, "media") == {}
    asked = block(html, f"task-{[t['task'] for t in block(html, 'data')['tasks']].index('demo_shapes')}")["inputs"][0]
    assert re.fullmatch("[0-9a-f]{64}", asked["media"][0][1])


def test_a_task_of_the_users_own_is_shown_where_its_file_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(
        '"""Mine."""\n\nfrom sailbench.families import choice\nfrom sailbench.rows import Drawn\n'
        "from sailbench.types import Sample\n\n\ndef read(row):\n"
        '    return Sample(id="7", question="Mine?", target="A", choices={"A": "yes", "B": "no"})\n\n\n'
        "TASK = choice(read, sources=(Drawn(rows=lambda: [{}]),))\n"
    )
    argv = ["run", "--model", "fake", "--tasks", f"{tmp_path}/mine.py", "--out", f"{tmp_path}/out"]
    assert main(argv) == 0
    html = page(tmp_path / "out", "--tasks", f"{tmp_path}/mine.py").read_text()
    assert block(html, "task-0")["inputs"][0]["question"] == "Mine?"


def test_the_answer_that_was_graded_is_shown_whichever_came_last(demo, tmp_path):
    """A run with thinking after one without leaves both answers; the summary says whose the grades are."""
    write(tmp_path, json.loads((demo / "fake" / "demo_shapes.json").read_text()), folder="fake")
    for kind in ("jsonl", "scores.jsonl"):
        (tmp_path / "fake" / f"demo_shapes.{kind}").write_text((demo / "fake" / f"demo_shapes.{kind}").read_text())
    later = json.loads((demo / "fake" / "demo_shapes.jsonl").read_text().splitlines()[0])
    with (tmp_path / "fake" / "demo_shapes.jsonl").open("a") as journal:
        journal.write(json.dumps(later | {"key": "of another request", "text": "later"}) + "\n")

    def shown(task):
        """What a page says of the sample, with the data of this task at hand."""
        runs = read_runs([tmp_path])
        own = stored("demo_shapes", runs, read_inputs(task, runs, Places(offline=True), ()))
        answer = own.texts()["answers"][0][own.ids.index(later["id"])]
        return answer["text"], answer["several"]

    assert shown("demo_shapes") == shown("never") == (["A"], 0)
    scores = tmp_path / "fake" / "demo_shapes.scores.jsonl"
    scores.write_text(scores.read_text().replace('"key"', '"of old"'))
    assert shown("demo_shapes") == (["A"], 0) and shown("never") == (["later"], 1)


def test_judges_replies_and_thinking_are_shown_apart_from_the_answer(tmp_path):
    write(tmp_path, summary("mmstar"))
    write_samples(tmp_path / "model", "mmstar", [("1", 1.0, "<think>\nhm\n</think>\n B ")])
    verdict = {"key": "v", "id": "1", "text": "Score: 1", "judge": "gpt", "inquiry": "quality"}
    (tmp_path / "model" / "mmstar.gpt.jsonl").write_text(json.dumps(verdict) + '\n{"torn')
    runs = read_runs([tmp_path])
    (answer,) = stored("mmstar", runs, read_inputs("never", runs, Places(offline=True), ())).texts()["answers"][0]
    assert (answer["thinking"], answer["text"]) == (["<think>\nhm\n</think>\n "], ["B"])
    assert answer["verdicts"] == [["gpt", "quality", "Score: 1"]]


def test_a_very_long_answer_is_shortened_and_that_is_said(tmp_path):
    write(tmp_path, summary("mmstar"))
    write_samples(tmp_path / "model", "mmstar", [("1", 1.0, "x" * 50_000)])
    runs = read_runs([tmp_path])
    (answer,) = stored("mmstar", runs, read_inputs("never", runs, Places(offline=True), ())).texts()["answers"][0]
    assert len(answer["text"][0]) < 21_000 and "30000 characters are left out" in answer["text"][0]


def png(size, colour):
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return Media.image(out.getvalue())


def test_thumbnails_keep_to_their_room_each_image_once():
    found = [png((900, 600), (i, 0, 0)) for i in range(40)]
    made = thumbnails(found * 2, 50_000)
    assert 0 < len(made) <= 40 and sum(map(len, made.values())) <= 50_000
    assert list(made) == [medium.digest for medium in found][: len(made)]


def test_a_broken_image_is_passed_over():
    assert thumbnails([Media.image(b"no image"), png((8, 8), "red")], 100_000).keys() == {png((8, 8), "red").digest}
