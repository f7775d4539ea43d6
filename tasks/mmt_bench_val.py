"""MMT-Bench, validation split
paper: arXiv 2404.16006
year: 2024
family: general
modality: image
size: 3127
split: val
groups: general
aliases: mmt_bench, mmt_val
licence: see the data set's card
metric: accuracy over all questions; of each of 32 meta-tasks the mean of its sub-tasks' accuracies
official: OpenGVLab/MMT-Bench@84012c9 VLMEvalKit-main/vlmeval (the authors' copy of the toolkit of April 2024)
judge: optional
prompt: hint line if there is one, question, option lines (up to I), letter hint; several images are pasted into one
differs: VLMEvalKit reads by its option rule; the authors' copy has the rule of its time: a lone letter anywhere,
    replies of any length. A sub-task is known by its name alone, as in both. lmms-eval uses MMMU's parser with a coin
    toss. VLMEvalKit's file with separate images (_MI) is another variant.
"""

from collections.abc import Sequence

from sailbench.aggregate import Aggregate, macro
from sailbench.extract import option_match_of_2024
from sailbench.families import by_option_match, choice, options_read_by, rule
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Graded, Sample

from ._choices import tabled

META_TASKS = {
    "visual_recognition": "VR",
    "localization": "Loc",
    "ocr": "OCR",
    "counting": "Count",
    "hallucination": "HLN",
    "image_retrieval": "IR",
    "threed": "3D",
    "visual_captioning": "VC",
    "visual_grounding": "VG",
    "doc_understanding": "DU",
    "action_recognition": "AR",
    "pixel_level_perception": "PLP",
    "image-to-image_translation": "I2IT",
    "relation_reasoning": "RR",
    "intelligence_quotient_test": "IQT",
    "emotion": "Emo",
    "visual_illusion": "VI",
    "meme_understanding": "MemU",
    "visual_prompt_understanding": "VPU",
    "anomaly_detection": "AND",
    "keypoint_detection": "KD",
    "visual_commonsense_reasoning": "VCR",
    "image_evaluation_judgement": "IEJ",
    "multiple_image_analysis": "MIA",
    "cross_image_matching": "CIM",
    "temporal_understanding": "TU",
    "visual_code": "VP",
    "medical_understanding": "MedU",
    "autonomous_driving": "AUD",
    "discipline_knowledge_reasoning": "DKR",
    "embodied_ai": "EA",
    "gui_navigation": "GN",
}


def read(row: Row) -> Sample | None:
    return None if row.text("split").lower() == "test" else tabled(row)


def meta_task(name: str) -> Aggregate:
    """The mean over the sub-tasks that occur in a meta-task, each over all rows of its name."""

    def aggregate(graded: Sequence[Graded]) -> float | None:
        own = {g.sample.group.get("category") for g in graded if g.sample.group.get("l2-category") == name}
        return macro("category")([g for g in graded if g.sample.group.get("category") in own])

    return aggregate


older = options_read_by(option_match_of_2024)

TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(older, verdict=older)},
    metrics={short: meta_task(name) for name, short in META_TASKS.items()},
    sources=(
        Hub(repo="lmms-lab-encoder/MMT-Benchmark", split="val"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/benchmarks/MMT-Bench/MMT-Bench_VAL.tsv",
            md5="8dd4b730f53dbf9c3aed90ca31c928e0",
        ),
    ),
    rubric="option",
)
