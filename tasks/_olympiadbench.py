"""OlympiadBench's rows: what its prompts say, what its gold answers are, and which rows our small subset has.

Wording: open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/image_vqa.py OlympiadBench and utils/olympiadbench.py, which
have it from OpenBMB/OlympiadBench@ba5b26a inference/code/evaluators/evaluator.py.
"""

import hashlib
import re

from sailbench.errors import TaskError
from sailbench.rows import Row

# The open-ended questions with pictures, in this order: 150 + 1910 + 56 + 456 + 1483 rows.
PARTS = (
    "OE_MM_maths_en_COMP",
    "OE_MM_maths_zh_CEE",
    "OE_MM_maths_zh_COMP",
    "OE_MM_physics_en_COMP",
    "OE_MM_physics_zh_CEE",
)
ROWS, DRAWN, SEED = 4055, 305, 305

KINDS = {
    "Numerical": ("a numerical value", "数值"),
    "Expression": ("an expression", "表达式"),
    "Equation": ("an equation", "方程"),
    "Interval": ("an interval", "区间"),
}
ENGLISH = (
    "The following is an open-ended problem from an International {subject} competition. {kind}Please calculate the "
    "answer according to the given requirements and the information provided. Please use LaTeX format to represent the "
    'variables and formulas used in the solution process and results. Please end your solution with "So the final '
    'answer is {box}." and give the result explicitly{unit}.'
)
CHINESE = (
    "以下是中国{subject}竞赛中的解答题{kind}。请根据题目的要求和所提供的信息计算得出答案。解答过程和结果中使用的变量和公式请使用LaTeX格式表示。"
    '请在最后以"所以最终答案是{box}。"显式给出结果{unit}。'
)


def drawn(row: Row) -> bool:
    """Whether the row, of the hub's parts one after the other, is in the subset; rows from elsewhere all are."""
    return not row.part or row.number in _NUMBERS


def _rank(number: int) -> bytes:
    return hashlib.sha256(f"{SEED}:{number}".encode()).digest()


_NUMBERS = frozenset(sorted(range(ROWS), key=_rank)[:DRAWN])


def source_of(row: Row) -> str:
    """Type, modality, subject, language and difficulty: "OE_MM_maths_en_COMP"."""
    if row.has("source") or row.part:
        return row.text("source") or row.part
    return "_".join(
        (
            "TP" if row.text("question_type").startswith("Theorem") else "OE",
            "TO" if row.text("modality").startswith("Text") else "MM",
            "physics" if row.text("subject") == "Physics" else "maths",
            "zh" if row.text("language") == "Chinese" else "en",
            "CEE" if row.text("difficulty") == "CEE" else "COMP",
        )
    )


def preamble(row: Row, source: str) -> str:
    chinese, several = "zh" in source, row.text("is_multiple_answer").lower() == "true"
    subject = ("Math", "数学") if "maths" in source else ("Physics", "物理")
    box = ("multiple answers connected with commas", "用英文逗号连接的多个答案") if several else ("answer", "答案")
    unit = (
        ", note that the unit of the answer should not be included in \\boxed{}",
        "，注意答案的单位不要放在\\boxed{}中",
    )
    return (CHINESE if chinese else ENGLISH).format(
        subject=subject[chinese],
        kind=_kind(row.text("answer_type"), chinese, several),
        box=f"\\boxed{{{box[chinese]}}}" + ("(unit)", "(单位)")[chinese] * row.has("unit"),
        unit=unit[chinese] * row.has("unit"),
    )


def _kind(stated: str, chinese: bool, several: bool) -> str:
    """Nothing of tuples, whose form would tell too much, and of what people have to judge."""
    if "Need_human_evaluate" in stated or "Tuple" in stated or not stated:
        return ""
    kinds = [_one_kind(own, chinese) for own in (stated.split(",") if several else [stated])]
    if not several:
        return f"，答案类型为{kinds[0]}" if chinese else f"The answer of The problem should be {kinds[0]}. "
    if len(set(kinds)) == 1:
        both = ("The problem has multiple answers, each of them should be {}. ", "，题目有多个答案，答案类型均为{}")
        return both[chinese].format(kinds[0])
    both = (
        "The problem has multiple answers, with the answers in order being {}. ",
        "，题目有多个答案，答案类型分别为{}",
    )
    return both[chinese].format(("、" if chinese else ", ").join(kinds))


def _one_kind(stated: str, chinese: bool) -> str:
    for name, words in KINDS.items():
        if name in stated.partition("-")[0]:
            return words[chinese]
    raise TaskError(f"unknown answer type {stated!r}")


def golds(row: Row) -> tuple[str, str]:
    """The gold answer, and what VLMEvalKit takes for it: the printed list without its ends, quotes between and all."""
    cell = row.columns.get("final_answer")
    if not isinstance(cell, str):
        answers = [str(own) for own in cell or ()]
        return (answers or [""])[0], "', '".join(answers)
    printed = cell[2:-2] if cell.startswith("[") else cell
    if re.fullmatch(r"(?:[^\\]|\\\\)*", printed):  # Python printed it and doubled the backslashes
        printed = printed.replace("\\\\", "\\")
    return re.split(r"""['"], ['"]""", printed)[0], printed


def tolerances(row: Row) -> tuple[float, ...]:
    """One, or one for each answer, where an error is stated; tuples have none."""
    stated = "" if "Tuple" in row.text("answer_type") else row.text("error")
    try:
        return tuple(float(own) if own.strip() else 1e-8 for own in stated.split(",")) if stated else ()
    except ValueError as error:
        raise TaskError(f"row {row.number} states an error that is no number: {stated!r}") from error
