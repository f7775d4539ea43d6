"""OCRBench v2's kinds of questions: which ability each tests, and how its replies are compared.

Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts/eval.py, get_score.py
"""

import json
from collections.abc import Callable
from typing import Any

from sailbench.metrics import ocr_answers, ocr_spotting, records, teds
from sailbench.metrics.literals import NotLiteralError, python_literal
from sailbench.metrics.outlines import outline_score
from sailbench.metrics.page_texts import can_divide, page_text_score
from sailbench.types import Sample

Comparison = Callable[[str, Sample], float]


class UngradableError(Exception):
    """The row, or this installation, does not allow a grade."""


_KINDS = {
    "en_text_recognition": ("text recognition", "fine-grained text recognition", "full-page OCR"),
    "en_text_detection": ("text grounding", "VQA with position"),
    "en_text_spotting": ("text spotting",),
    "en_relationship_extraction": ("key information extraction", "key information mapping"),
    "en_element_parsing": ("document parsing", "chart parsing", "table parsing", "formula recognition"),
    "en_mathematical_calculation": ("math QA", "text counting"),
    "en_visual_text_understanding": ("document classification", "cognition VQA", "diagram QA"),
    "en_knowledge_reasoning": ("reasoning VQA", "science QA", "APP agent", "ASCII art classification"),
    "cn_text_recognition": ("full-page OCR",),
    "cn_relationship_extraction": ("key information extraction", "handwritten answer extraction"),
    "cn_element_parsing": ("document parsing", "table parsing", "formula recognition"),
    "cn_visual_text_understanding": ("cognition VQA",),
    "cn_knowledge_reasoning": ("reasoning VQA", "text translation"),
}
ABILITIES = {f"{kind} {ability[:2]}": ability for ability, kinds in _KINDS.items() for kind in kinds}


def texts(sample: Sample) -> list[str]:
    return [str(one) for one in sample.target]


def english(said: str, sample: Sample) -> float:
    if sample.extra["way"] == "multiple choice":
        return ocr_answers.letters_score(said, texts(sample)[0])
    return ocr_answers.ocr_answer_score(said, texts(sample), case=sample.extra["way"] == "case sensitive")


def chinese(said: str, sample: Sample) -> float:
    return english(said, sample) if sample.extra["way"] else ocr_answers.chinese_answer_score(said, texts(sample))


def page_text(said: str, sample: Sample) -> float:
    truth = texts(sample)[0]
    if not truth:
        raise UngradableError("the row's answer is empty; the authors leave it out")
    if not can_divide(said, truth):
        raise UngradableError("needs the package jieba to divide Chinese into words")
    return page_text_score(said, truth)


def handwritten(said: str, sample: Sample) -> float:
    # The word that marks questions with longer answers.
    if "简答" in sample.question:
        return page_text(said, sample)
    return ocr_answers.joined_answer_score(said, texts(sample)[0])


def count(said: str, sample: Sample) -> float:
    if sample.extra["way"] == "regression":
        return ocr_answers.count_score(said, texts(sample), contained=False)
    return ocr_answers.count_score(said, texts(sample), contained=True) if sample.extra["way"] == "exact match" else 0.0


def formula(said: str, sample: Sample) -> float:
    return ocr_answers.contained_formula_score(said, texts(sample))


def chinese_formula(said: str, sample: Sample) -> float:
    # A reply of "nan" is an empty cell to the scripts.
    if said.lower() == "nan":
        return 0.0
    return ocr_answers.contained_formula_score(said, texts(sample), text_tags=False)


def html_table(said: str, sample: Sample) -> float:
    said = said.replace("\n", "")
    start = said.find("<body") if "<body" in said else said.find("<table")
    if start < 0:
        return 0.0
    return teds.table_similarity_score(teds.as_full_page(said[start:]), teds.as_full_page(texts(sample)[0]))


def table(said: str, sample: Sample) -> float:
    asked = sample.question.lower()
    if "html" in asked:
        return html_table(said, sample)
    if "markdown" not in asked:
        raise UngradableError("the question asks for a table in neither HTML nor Markdown")
    return teds.table_similarity_score(teds.markdown_page(said), teds.markdown_page(texts(sample)[0]))


def chart(said: str, sample: Sample) -> float:
    found = records.read_chart(said)
    if not found:
        return 0.0
    return teds.table_similarity_score(records.chart_page(found), records.chart_page(_record(sample.target[0])))


def document(said: str, sample: Sample) -> float:
    return outline_score(said, texts(sample)[0])


def fields(said: str, sample: Sample) -> float:
    return records.equal_fields_score(records.read_record(said), _record(sample.target[0]))


def _record(truth: Any) -> dict[str, Any]:
    """A true record, which may be written as JSON or Python, even within quotation marks."""
    for _ in range(2):
        if isinstance(truth, dict):
            return truth
        truth = _parsed(str(truth).strip('"'))
    if not isinstance(truth, dict):
        raise UngradableError("the row's answer is no record")
    return truth


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        try:
            return python_literal(text)
        except NotLiteralError:
            return None


def grounding(said: str, sample: Sample) -> float:
    box = ocr_spotting.last_quadruple(said)
    return ocr_spotting.whole_iou_score(box, sample.target) if box else 0.0


def placed_answer(said: str, sample: Sample) -> float:
    found = records.read_record(said)
    content = ocr_answers.ocr_answer_score(found["answer"], texts(sample)) if "answer" in found else 0.0
    try:
        box = python_literal(found.get("bbox", ""))
    except NotLiteralError:
        box = None
    return 0.5 * content + 0.5 * ocr_spotting.whole_iou_score(box, sample.extra["bbox"])


def spotting(said: str, sample: Sample) -> float:
    boxes = ([int(number) for number in box] for box in sample.extra["bbox"])
    corners = [(min(box[0::2]), min(box[1::2]), max(box[0::2]), max(box[1::2])) for box in boxes]
    truths = [ocr_spotting.Spotted(*one) for one in zip(corners, map(str, sample.extra["content"]), strict=False)]
    return ocr_spotting.spotting_score(ocr_spotting.spotted_texts(said), truths)


COMPARISONS: dict[str, Comparison] = {
    **dict.fromkeys((kind for kind in ABILITIES if kind.endswith(" en")), english),
    **dict.fromkeys(("cognition VQA cn", "reasoning VQA cn"), chinese),
    **dict.fromkeys(("fine-grained text recognition en", "full-page OCR en", "full-page OCR cn"), page_text),
    **dict.fromkeys((f"key information {what} en" for what in ("extraction", "mapping")), fields),
    **dict.fromkeys(("document parsing en", "document parsing cn"), document),
    "text translation cn": page_text,
    "handwritten answer extraction cn": handwritten,
    "key information extraction cn": fields,
    "text counting en": count,
    "formula recognition en": formula,
    "formula recognition cn": chinese_formula,
    "table parsing en": table,
    "table parsing cn": html_table,
    "chart parsing en": chart,
    "text grounding en": grounding,
    "VQA with position en": placed_answer,
    "text spotting en": spotting,
}
