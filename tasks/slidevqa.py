"""SlideVQA, test split
paper: arXiv 2301.04883
year: 2023
family: document_ocr_chart
modality: multi_image
size: 2215
split: test
groups: doc, multi_image
licence: NTT's own, see the repository
metric: F1 of words, mean over all questions (F1); exact match (EM); thresholded edit similarity (ANLS, VLMEvalKit only)
official: nttmdlab-nlp/SlideVQA@e1f0bd9 evaluate.py evaluate_f1_em_qa (evidence pages are not asked for here)
judge: required (for VLMEvalKit's rule, an extractor: gpt-4o; the authors' rule asks none)
prompt: up to twenty slides, question, phrase hint: what the official wrapper has for it, though VLMEvalKit lets no
    model but ten of its list run
differs: VLMEvalKit has an LLM shorten every reply and compares in lower case; repeated words count every time, so that
    its F1 may exceed 1 ("a a a" for "a" gives 1.5). The authors compare the whole reply after much rewriting: "and"
    goes even within words, as does the word after "how many" or "which" in the question, and a text that begins with
    "no" is cut to its first word. lmms-eval has the validation split, without an LLM, on grids of slides.
"""

from sailbench import judge, prompts
from sailbench.aggregate import part
from sailbench.families import asking, needs_target
from sailbench.metrics.document_answers import loose_overlap_f1, slide_overlap, strict_anls_score
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Reply, Sample, Sampling, Score

PAGES = tuple(f"page_{number}" for number in range(1, 21))


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", "qa_id", default=str(row.number)),
        question=row.text("question"),
        # The toolkit's reading of an empty cell.
        target=row.text("answer") or "Not answerable",
        media=row.images(*PAGES) or row.images("image") or row.images("image_path"),
        group={name: row.text(name) for name in ("reasoning_type", "answer_type") if row.has(name)},
    )


@needs_target
def by_extraction(sample: Sample, reply: Reply) -> Score:
    if not reply.text.strip():
        return Score(0.0, None, "empty")
    if reply.verdict is None:
        return Score(None, None, "needs a judge: document_answer")
    taken = judge.load("document_answer").read(reply.verdict)
    if not isinstance(taken, str):
        return Score(None, None, "the extractor's reply cannot be read")
    said, truth = taken.lower(), sample.target.replace("\n", "").lower()
    f1, exact = loose_overlap_f1(said, truth), float(said.strip() == truth.strip())
    parts = {"F1": f1, "EM": exact, "ANLS": strict_anls_score(said, truth)}
    return Score(f1, taken, "what the extractor took from the reply", parts)


@needs_target
def by_words(sample: Sample, reply: Reply) -> Score:
    said = reply.text.strip()
    overlap = slide_overlap(said, sample.target, sample.question)
    return Score(overlap.f1, said or None, "the words of the whole reply", {"F1": overlap.f1, "EM": overlap.exact})


TASK = Task(
    read=read,
    ask=asking(prompts.for_a_phrase, Sampling(detail="page")),
    rules={"opencompass": by_extraction, "official": by_words},
    metrics={name: part(name) for name in ("F1", "EM", "ANLS")},
    rubric="document_answer",
    sources=(
        Hub(repo="NTT-hil-insight/SlideVQA", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/SLIDEVQA.tsv",
            md5="5e822c2f800e94c1e23badfd478326b6",
        ),
    ),
)
