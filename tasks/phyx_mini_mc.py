"""PhyX, mini split, multiple choice
paper: arXiv 2505.15929
year: 2025
family: math_science_reasoning
modality: image
size: 1000
split: phyx_mini_mc
groups: math
aliases: phyx, phyx_mini
licence: see the data set's card
metric: accuracy over all questions; in each of six domains too
official: NastyMarcus/PhyX@a651a00 vlmeval/dataset/utils/phyx.py, judged by a language model (valid_type LLM)
judge: optional (the authors' is DeepSeek-V3)
prompt: question, which holds its options, and the wrapper's single-word line
differs: one rule with two endings. It reads the first capital A to D behind "correct", "answer" or "option", within
    words too, else the last "X:". VLMEvalKit compares strings (valid_type STR; it runs with neither unless told): a
    letter alone is unread, and a gold letter with a colon or bold asterisks anywhere is right, so that "A: 1, B: 2"
    is right for A and for B. The authors, whose published numbers are the judge's, take a letter that was read as it
    is, then a letter alone, and ask the judge about all other replies; VLMEvalKit with a judge does the same. Both
    print fractions of 1.
"""

from sailbench import judge
from sailbench.families import asking, needs_target
from sailbench.metrics.exam_letters import is_marked, keyed_letter
from sailbench.prompts import for_a_phrase
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Reply, Sample, Sampling, Score

from ._choices import present, tabled


def read(row: Row) -> Sample:
    return tabled(row, choices={}, group=present({"domain": row.text("category")}))


@needs_target
def by_strings(sample: Sample, reply: Reply) -> Score:
    said, gold = reply.text.strip(), sample.target.strip()
    found = keyed_letter(said)
    if found and found.answer == gold:
        return Score(1.0, gold, found.how)
    if is_marked(said, gold):
        return Score(1.0, gold, "the gold letter has a colon or is bold")
    return Score(0.0, found.answer, found.how) if found else Score(0.0, None, "no answer found")


@needs_target
def by_judge(sample: Sample, reply: Reply) -> Score:
    said, gold = reply.text.strip(), sample.target.strip()
    found = keyed_letter(said)
    letter = found.answer if found else said
    if letter.lower() == gold.lower() or letter in tuple("ABCD"):
        return Score(float(letter.lower() == gold.lower()), letter, found.how if found else "the whole reply")
    if not said:
        return Score(0.0, None, "an empty reply")
    if reply.verdict is None:
        return Score(None, None, "needs a judge: phyx")
    value = judge.load("phyx").read(reply.verdict)
    if not isinstance(value, float):
        return Score(None, None, "the judge's verdict cannot be read")
    return Score(value, said, "the judge's verdict")


TASK = Task(
    read=read,
    ask=asking(for_a_phrase, Sampling()),
    rules={"opencompass": by_strings, "official": by_judge},
    rubric="phyx",
    sources=(
        Hub(repo="Cloudriver/PhyX", config="data_for_llms_eval", split="phyx_mini_mc"),
        Tsv(
            url="https://huggingface.co/datasets/Cloudriver/PhyX/resolve/main/data_tsv_vlmevalkit/PhyX_mini_MC.tsv",
            md5="3587d8804b66a8e7678f3496716fa84f",
        ),
    ),
)
