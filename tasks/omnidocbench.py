"""OmniDocBench
paper: arXiv 2412.07626
year: 2024
family: document_ocr_chart
modality: image
size: 981
split: version 1.0, one page each, English, Chinese, or both
groups: ocr, doc, multilingual
aliases: omnidocbench_v1
licence: research use (pages keep their own), Apache-2.0 (evaluation)
metric: mean of two distances, overall_EN and overall_CH, which the authors print apart, 0 to 1, lower is better; each
    is the mean of four edit distances (text, displayed formulae, tables, reading order), each of those the mean over
    the pages of that language that have such elements
official: opendatalab/OmniDocBench (not read); open-compass/VLMEvalKit@e8e78f05 has its end-to-end evaluation
judge: none
prompt: VLMEvalKit's data set sends it, the page's image first. The official wrapper would send the row's question alone
differs: VLMEvalKit pairs replies and rows by their places in two files and drops rows that are no JSON; here a reply
    belongs to its row. TEDS is printed by the hundred. Pages in both languages count in neither overall. Headers,
    footers, page numbers, captions and footnotes are paired with the reply's text but do not count; text that is in no
    true block does. Tables in LaTeX never count, and inline formulae are paired with the displayed ones. After an empty
    line, an element's place in the reading order is another's. BLEU and METEOR of the text (no part of the overall),
    CDM of formulae (needs TeX) and TEDS by attributes of tables are left out. VLMEvalKit stops where a page's texts
    hold no letter or digit, and pairs blocks more simply after half a minute; here that is done for very many or long
    blocks. Later versions (1.5, 1.6) and lmms-eval print an accuracy of other pages or elements, higher is better.
"""

import json
from collections.abc import Sequence
from typing import Any

from sailbench import prompts
from sailbench.aggregate import mean_of, part, within
from sailbench.families import asking, needs_target
from sailbench.metrics.page_scores import page_scores
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Graded, Reply, Sample, Sampling, Score

PROMPT = r"""You are an AI assistant specialized in converting PDF images to Markdown format. Please follow these instructions for the conversion:

    1. Text Processing:
    - Accurately recognize all text content in the PDF image without guessing or inferring.
    - Convert the recognized text into Markdown format.
    - Maintain the original document structure, including headings, paragraphs, lists, etc.

    2. Mathematical Formula Processing:
    - Convert all mathematical formulas to LaTeX format.
    # - Enclose inline formulas with \( \). For example: This is an inline formula \( E = mc^2 \)
    - Enclose block formulas with \\[ \\]. For example: \[ \frac{-b \pm \sqrt{b^2 - 4ac}}{2a} \]

    3. Table Processing:
    - Convert tables to HTML format.
    - Wrap the entire table with <table> and </table>.

    4. Figure Handling:
    - Ignore figures content in the PDF image. Do not attempt to describe or convert images.

    5. Output Format:
    - Ensure the output Markdown document has a clear structure with appropriate line breaks between elements.
    - For complex layouts, try to maintain the original document's structure and format as closely as possible.

    Please strictly follow these guidelines to ensure accuracy and consistency in the conversion. Your task is to accurately convert the content of the PDF image into Markdown format without adding any extra explanations or comments.
    """  # noqa: E501
LANGUAGES = {"EN": "english", "CH": "simplified_chinese"}
DISTANCES = ("text", "formula", "table", "order")


def read(row: Row) -> Sample:
    attributes = (page_of(row.text("answer")).get("page_info") or {}).get("page_attribute") or {}
    shown = ("language", "data_source", "layout")
    return Sample(
        id=row.text("index", default=str(row.number)),
        question=PROMPT,
        target=row.text("answer"),
        media=row.images("image", "image_path"),
        group={name: str(attributes[name]) for name in shown if name in attributes},
    )


def page_of(answer: str) -> dict[str, Any]:
    try:
        page = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return page if isinstance(page, dict) else {}


@needs_target
def grade(sample: Sample, reply: Reply) -> Score:
    scores = page_scores(reply.text, page_of(sample.target))
    value = scores.distance()
    if value is None:
        return Score(None, None, "the page has no element that is compared")
    parts = {name: own for name, own in scores._asdict().items() if own is not None}
    return Score(value, reply.text.strip() or None, "edits, averaged over the kinds of elements on the page", parts)


def teds(graded: Sequence[Graded]) -> float | None:
    value = part("teds")(graded)
    return None if value is None else 100 * value


PAGE = mean_of(*map(part, DISTANCES))
overall = {f"overall_{code}": within("language", name, PAGE) for code, name in LANGUAGES.items()}
TASK = Task(
    read=read,
    ask=asking(prompts.as_it_is, Sampling(detail="dense", max_tokens=4096)),
    rules={"opencompass": grade},
    headline=mean_of(*overall.values()),
    metrics={
        **overall,
        **{
            f"{kind}_{code}": within("language", name, part(kind))
            for kind in DISTANCES
            for code, name in LANGUAGES.items()
        },
        **{f"TEDS_{code}": within("language", name, teds) for code, name in LANGUAGES.items()},
    },
    scale=1.0,
    higher_is_better=False,
    sources=(
        Tsv(
            url="https://huggingface.co/datasets/ouyanglinke/OmniDocBench_tsv/resolve/main/OmniDocBench.tsv",
            md5="0fa5ccf31e682e219cb9ca83da741a59",
        ),
        Hub(repo="ouyanglinke/OmniDocBench_tsv", split="train"),
    ),
)
