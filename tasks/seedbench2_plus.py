"""SEED-Bench-2-Plus, charts, maps and web pages
paper: arXiv 2404.16790
year: 2024
family: document_ocr_chart
modality: image
size: 2277
split: test
groups: chart, ocr
aliases: seed_bench_2_plus, seedbench_2_plus
licence: CC BY-NC 4.0
metric: accuracy over all questions; for charts, maps and web pages too
official: AILab-CVC/SEED-Bench@991e849 SEED-Bench-2/eval.py, which ranks options by likelihood; for replies
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/seedbench_2_plus/utils.py
judge: optional
prompt: question, option lines, letter hint
differs: VLMEvalKit reads by its option rule. The authors compare the likeliest option with the key, which no reply can
    tell; lmms-eval takes the first character of the reply, whatever the case: "(B)" is wrong, "Dog" reads D.
"""

from sailbench.families import by_option_match, choice, rule
from sailbench.metrics.option_letters import first_character
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import of_reply, present, tabled


def read(row: Row) -> Sample:
    letters = {letter: row.text(f"choice_{letter}") for letter in "ABCD"}
    kind = row.text("category", "question_image_type")
    return tabled(row, choices=row.choices() or present(letters), group=present({"category": kind.lower()}))


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(of_reply(first_character))},
    sources=(
        Hub(repo="doolayer/SEED-Bench-2-Plus", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/benchmarks/SEEDBench/SEEDBench2_Plus.tsv",
            md5="e32d3216dc4f452b0fe497a52015d1fd",
        ),
    ),
    rubric="option",
)
