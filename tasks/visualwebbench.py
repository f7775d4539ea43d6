"""VisualWebBench, seven tasks
paper: arXiv 2404.05955
year: 2024
family: gui
modality: image
size: 1536
split: test
groups: gui, ocr
licence: Apache-2.0
metric: mean over the seven tasks: ROUGE-L F1 of captions, headings and element texts, ROUGE-1 F1 of answers (webqa),
    accuracy of the three choices
official: VisualWebBench/VisualWebBench@ec8feda utils/eval_utils.py, utils/prompts.py, model_adapters/llava_adapter.py
judge: none
prompt: each task's own
differs: not in VLMEvalKit. As in the authors' adapters, a caption is taken out of the <meta> line that is asked for,
    and an element's text from behind the first colon; lmms-eval scores the raw reply. A one-letter element text is
    nothing, a perfect text scores 1e-8 less than 1, a letter is read at the start ("B."), in brackets or between
    spaces ("Answer:B" is not read, "A button B" is B). An answer without a word (".") stops the authors' script or is
    left out; here it is wrong. ROUGE is that of the package rouge 1.0.1.
"""

import re
import string

from sailbench import prompts
from sailbench.aggregate import macro, part
from sailbench.extract import Found
from sailbench.families import NORMAL, asking, needs_target, rule
from sailbench.metrics.rouge import rouge_l_score, rouge_n_score
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import Reply, Sample, Score

_LETTER = (
    "You should directly tell me your choice in a single uppercase letter, and do not output any explanation or any "
    "other contents.\n"
)
_BOX = (
    "You are given a screenshot of a webpage with a red rectangle bounding box. The [x1, y1, x2, y2] coordinates of "
    "the bounding box is {bbox}.\n"
)
_CANDIDATES = "In this website screenshot, I have labeled IDs for some HTML elements as candicates. Tell me which one "
PROMPTS = {
    "web_caption": "You are given a screenshot of a webpage. Please generate the meta web description information of "
    'this webpage, i.e., content attribute in <meta name="description" content=""> HTML element.\n\n'
    "You should use the following format, and do not output any explanation or any other contents:\n"
    '<meta name="description" content="YOUR ANSWER">\n',
    "heading_ocr": "You are given a screenshot of a webpage. Please generate the main text within the screenshot, "
    "which can be regarded as the heading of the webpage.\n\n"
    "You should directly tell me the main content, and do not output any explanation or any other contents.\n",
    "webqa": "{question}\nYou should directly tell me your answer in the fewest words possible, and do not output any "
    "explanation or any other contents.\n",
    "element_ocr": f"{_BOX}Please perform OCR in the bounding box and recognize the text content within the red "
    "bounding box.\n\nYou should use the following format:\n"
    "The text content within the red bounding box is: <YOUR ANSWER>\n",
    "element_ground": f"{_CANDIDATES}best matches the description: {{elem_desc}}\n\n{_LETTER}",
    "action_prediction": f"{_BOX}Please select the best webpage description that matches the new webpage after "
    f"clicking the selected element in the bounding box:\n{{options}}\n\n{_LETTER}",
    "action_ground": f"{_CANDIDATES}I should click to complete the following task: {{instruction}}\n\n{_LETTER}",
}
CHOICES = ("element_ground", "action_prediction", "action_ground")
LETTERS = string.ascii_uppercase[:8]


def read(row: Row) -> Sample:
    kind = row.text("task_type", default=row.part)
    told = {name: row.text(name) for name in ("question", "elem_desc", "options", "instruction")}
    told["bbox"] = str([float(x) for x in row.list("bbox")])
    target = [row.text("answer")]
    if kind == "webqa":
        target = [str(one) for one in row.list("answer")]
    elif kind in CHOICES and row.has("answer"):
        target = [string.ascii_uppercase[int(row.text("answer"))]]
    return Sample(
        id=f"{kind}/{row.text('id', default=str(row.number))}",
        question=re.sub(r"\{(\w+)\}", lambda slot: told[slot[1]], PROMPTS[kind]),
        target=tuple(one for one in target if one),
        media=row.images("image"),
        group={"task": kind},
    )


def letter(text: str, sample: Sample) -> Found | None:
    text = text.strip()
    if len(text) == 1:
        return Found(text.upper(), "the only letter") if text.upper() in string.ascii_uppercase else None
    if re.match(r"[A-Z]\.", text):
        return Found(text[0], "letter at the start")
    for sign in ",.!?;:'\"":
        text = text.replace(sign, "")
    text = f" {text} "
    for marks in ("({})", " {} "):
        places = {one: text.rfind(marks.format(one)) for one in LETTERS}
        last = max(places, key=places.__getitem__)
        if places[last] >= 0:
            return Found(last, "last letter in brackets or between spaces")
    return None


def shown(text: str, kind: str) -> str:
    """What the authors' adapters take out of a reply."""
    text = text.strip()
    if kind == "web_caption":
        meta = re.search(r'<meta name="description" content="(.*)">', text)
        return meta[1] if meta else text
    if kind == "element_ocr":
        text = text.partition(":")[2].strip().strip('"').strip("'") if ":" in text else text
        return text if len(text) > 1 else ""
    return text


by_letter = rule(letter, lambda answer, sample: float(answer in sample.target))


@needs_target
def by_kind(sample: Sample, reply: Reply) -> Score:
    kind = sample.group["task"]
    if kind in CHOICES:
        return by_letter(sample, reply)
    said = shown(reply.text, kind)
    if not said.replace(".", "").strip():
        return Score(0.0, None, "no word")
    if kind == "webqa":
        return Score(max(rouge_n_score(said, one, 1) for one in sample.target), said, "ROUGE-1")
    parts = {f"rouge_{n}": rouge_n_score(said, sample.target[0], n) for n in (1, 2)}
    return Score(rouge_l_score(said, sample.target[0]), said, "ROUGE-L", parts)


TASK = Task(
    read=read,
    ask=asking(prompts.as_it_is, NORMAL),
    rules={"official": by_kind},
    headline=macro("task"),
    metrics={"rouge_1": part("rouge_1"), "rouge_2": part("rouge_2")},
    sources=tuple(Hub(repo="lmms-lab-encoder/VisualWebBench", config=kind, split="test") for kind in PROMPTS),
)
