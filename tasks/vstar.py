"""V* Bench
paper: arXiv 2312.14135
year: 2023
family: high_resolution
modality: image
size: 191
split: test
groups: general, spatial
aliases: vstar_bench, vstarbench
licence: MIT (the code; see the data set's card)
metric: accuracy over all questions; for direct attributes and relative positions too
official: penghao-wu/vstar@4ede664 vstar_bench_eval.py, which ranks options by likelihood; for replies
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/vstar_bench/utils.py
judge: optional
prompt: question, option lines, letter hint
differs: VLMEvalKit reads by its option rule. The authors take the likeliest of the option texts (the first is the
    right one in their files), which no reply can tell; lmms-eval looks for a letter at five places in turn, the first
    letter of any word at the start among them ("Based on the image, C" reads B, "I see red" reads D).
"""

import re
from dataclasses import replace

from sailbench.families import by_option_match, choice, rule
from sailbench.metrics.option_letters import labelled_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import of_reply, present, tabled

LABEL = re.compile(r"\s*\(([A-D])\) *")


def read(row: Row) -> Sample:
    own = tabled(row, target=row.text("answer", "label").strip(), group=present({"category": row.text("category")}))
    if own.choices:
        return own
    # "What colour is the glove?\n(A) red\n(B) blue\nAnswer with ...": the request after the options is the prompt's.
    question, *listed = LABEL.split(row.text("text", "question"))
    texts = [option.split("\n")[0].strip() for option in listed[1::2]]
    return replace(own, question=question.strip(), choices=dict(zip(listed[::2], texts, strict=True)))


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(of_reply(labelled_letter))},
    sources=(
        Hub(repo="lmms-lab-encoder/vstar-bench", split="test"),
        Tsv(
            url="https://huggingface.co/datasets/xjtupanda/VStar_Bench/resolve/main/VStarBench.tsv",
            md5="b18854d7075574be06b631cd5f7d2d6a",
        ),
    ),
    rubric="option",
)
