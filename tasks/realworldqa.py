"""RealWorldQA
paper: xAI, Grok-1.5 Vision Preview (x.ai/blog/grok-1.5v)
year: 2024
family: general
modality: image
size: 765
split: test
groups: paper, general, spatial
aliases: realworld_qa
licence: CC BY-ND 4.0
metric: accuracy over all questions
official: EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/realworldqa/utils.py (the authors published no script)
judge: optional
published: SAIL-VL2-2B 72.29, SAIL-VL2-AnyRes-2B 69.80, SAIL-VL2-8B 76.34, SAIL-VL2-A3B 73.59
prompt: question, option lines, letter hint; a question of the hub without options as its authors word it
differs: VLMEvalKit's TSV gives every question options and reads by its option rule. On the hub some
    questions ask for a word or a number; such a gold answer must be the whole reply, but for case and full stops at
    its end, under both protocols. lmms-eval reads letters by priority of places ("A man walks. C" reads A).
"""

from dataclasses import replace

from sailbench.families import by_option_match, choice, rule, whole_reply, with_choices
from sailbench.metrics.option_letters import surest_letter
from sailbench.prompts import for_a_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import of_reply, options_in, tabled


def read(row: Row) -> Sample:
    own = tabled(row)
    if own.choices:
        return own
    question, choices = options_in(own.question)
    return replace(own, question=question, choices=choices, target=own.target.strip())


def text(sample: Sample) -> str:
    return for_a_letter(sample) if sample.choices else sample.question


def is_gold(said: str, sample: Sample) -> float:
    return float(said.lower().rstrip(".") == sample.target.lower())


by_letter, by_gold = rule(of_reply(surest_letter)), rule(whole_reply, is_gold)

TASK = choice(
    read,
    text=text,
    rules={"opencompass": with_choices(by_option_match, by_gold), "official": with_choices(by_letter, by_gold)},
    sources=(
        Hub(repo="lmms-lab-encoder/RealWorldQA", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/RealWorldQA.tsv",
            md5="4de008f55dc4fd008ca9e15321dc44b7",
        ),
    ),
    rubric="option",
)
