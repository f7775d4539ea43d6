"""MMMU, validation split
paper: arXiv 2311.16502
year: 2023
family: math_science_reasoning
modality: multi_image
size: 900
split: validation
groups: opencompass, paper, reasoning
aliases: mmmu
licence: Apache-2.0
metric: accuracy over all questions
official: MMMU-Benchmark/MMMU@bb0b95a mmmu/utils/eval_utils.py
judge: optional
published: SAIL-VL2-2B 47.67, SAIL-VL2-AnyRes-2B 45.00, SAIL-VL2-8B 55.44, SAIL-VL2-A3B 60.56
prompt: question with its <image k> marks left as text, option lines, letter hint; the first image is enlarged twice
differs: VLMEvalKit turns an open question into A = the gold answer, B = "Other Answers", and reads the reply by its
    option rule; in its TSV, which does not say which questions are open, a gold answer that is itself one capital
    letter keeps that letter as the key (rows in the authors' columns are keyed A, as in verdicts on record).
    The authors match option text in longer replies and compare open answers by numbers and phrases; they toss a
    coin where nothing is read, which is wrong here. lmms-eval reads "B" and "B." without a left boundary.
"""

from sailbench.extract import Found, option_match
from sailbench.families import by_key_phrases, by_last_named_option, choice, rule, with_choices
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample, Sampling

SUBJECTS = {
    "Art and Design": "Art, Art_Theory, Design, Music",
    "Business": "Accounting, Economics, Finance, Manage, Marketing",
    "Science": "Biology, Chemistry, Geography, Math, Physics",
    "Health and Medicine": "Basic_Medical_Science, Clinical_Medicine, Diagnostics_and_Laboratory_Medicine, Pharmacy, "
    "Public_Health",
    "Humanities and Social Science": "History, Literature, Sociology, Psychology",
    "Tech and Engineering": "Agriculture, Architecture_and_Engineering, Computer_Science, Electronics, "
    "Energy_and_Power, Materials, Mechanical_Engineering",
}
DISCIPLINES = {subject: field for field, subjects in SUBJECTS.items() for subject in subjects.split(", ")}


def read(row: Row) -> Sample | None:
    id = row.text("id", "index")
    if row.text("split", default="validation") != "validation" or id.startswith("dev_"):
        return None
    choices, gold = row.choices(), row.text("answer")
    golds = tuple(map(str, row.list("answer"))) if gold.startswith("[") else (gold,)
    keyed = "options" not in row and len(gold) == 1 and gold.isascii() and gold.isupper()
    # "validation_Diagnostics_and_Laboratory_Medicine_3"
    subject = row.text("category", "subject") or "_".join(id.split("_")[1:-1])
    group = {"subject": subject, "discipline": DISCIPLINES.get(subject.replace(" ", "_"), "")}
    return Sample(
        id=id,
        question=row.text("question"),
        target=gold if choices or not gold else golds,
        media=row.images("image", *(f"image_{k}" for k in range(1, 8))),
        choices=choices,
        group={name: place for name, place in group.items() if place},
        extra={"hint": row.text("hint"), "open": {"A": gold, "B": "Other Answers"}, "key": gold if keyed else "A"},
    )


def option_or_gold(text: str, sample: Sample) -> Found | None:
    return option_match(text, sample.choices or sample.extra["open"])


def is_key(label: str, sample: Sample) -> float:
    return float(label == (sample.target if sample.choices else sample.extra["key"]))


TASK = choice(
    read,
    sampling=Sampling(detail="fine", enlarge=2),
    rules={
        "opencompass": rule(option_or_gold, is_key, verdict=option_or_gold),
        "official": with_choices(by_last_named_option, by_key_phrases),
    },
    sources=(
        Hub(repo="lmms-lab-encoder/MMMU", split="validation"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMMU_DEV_VAL.tsv",
            md5="585e8ad75e73f75dcad265dfd0417d64",
        ),
    ),
    rubric="option",
)
