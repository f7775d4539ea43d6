"""CharXiv's questions as its authors ask them, and what its two parts share.

princeton-nlp/CharXiv@7ebe88f src/constants.py, src/descriptive_utils.py, src/reasoning_utils.py, src/score_utils.py.
A row is a figure on the hub (four descriptive questions, one reasoning question), a question in VLMEvalKit's TSV.
"""

from collections.abc import Mapping

from sailbench import judge
from sailbench.rows import Row
from sailbench.types import Reply, Sample, Score

CATEGORIES = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6, 7), "Information Extraction"),
    **dict.fromkeys((8, 9, 13, 14, 15), "Enumeration"),
    **dict.fromkeys((11, 16, 18), "Pattern Recognition"),
    **dict.fromkeys((10, 12, 19), "Counting"),
    17: "Compositionality",
}
# How the judge compares: by the question's template, or by the kind of answer a reasoning question has.
COMPARED = {
    1: "title",
    11: "yes or no",
    13: "list",
    16: "trend",
    18: "layout",
    **dict.fromkeys((2, 3, 4, 5, 6, 7), "text or number"),
    **dict.fromkeys((8, 9, 10, 12, 14, 15, 17, 19), "number"),
}
ANSWER_TYPES = {1: "Text-in-Chart", 2: "Text-in-General", 3: "Number-in-Chart", 4: "Number-in-General"}
QUESTION_SOURCES = {1: "GPT-Sourced", 2: "GPT-Inspired", 3: "Completely Human"}
SUBJECTS = {
    "cs": "Computer Science",
    "econ": "Economics",
    "eess": "Electrical Engineering and Systems Science",
    "math": "Mathematics",
    "physics": "Physics",
    "q-bio": "Quantitative Biology",
    "q-fin": "Quantitative Finance",
    "stat": "Statistics",
}

_X_SHARED = "including the case when x-axis is shared across multiple subplots. When the x-axis is present on both the "
_Y_SHARED = "including the case when y-axis is shared across multiple subplots. When the y-axis is present on both the "
_BOTTOM = _X_SHARED + "top and bottom of the plot, answer "
_LEFT = _Y_SHARED + "left and right of the plot, "
_WITHOUT_UNITS = (
    "Ignore units or scales that are written separately from the tick, such as units and scales from the axis label "
    "or the corner of the plot."
)
_X_TICK = f"Your final answer should be the tick value on the x-axis that is explicitly written, {_BOTTOM}"
_X_TICK += f"based on the axis at the bottom. {_WITHOUT_UNITS}"
_Y_TICK = f"Your final answer should be the tick value on the y-axis that is explicitly written, {_LEFT}"
_Y_TICK += f"based on the axis at the left. {_WITHOUT_UNITS}"
_STEP = "Your final answer should be the difference between consecutive numerical tick values of the"
_NO_STEP = (
    "axis tick value, or if the tick values are not numerical, or if the difference is not constant between all "
    'consecutive tick values, answer "Not Applicable".'
)
_NO_LINES = 'If the plot does not contain any lines or is not considered a line plot, answer "Not Applicable".'
_LABELS = "account for only labels relevant to the plot in the legend, even if the legend is located outside the plot."
_NO_LEGEND = (
    'If the plot does not have a legend or no legend is not considered relevant to this plot, answer "Not Applicable".'
)
_NO_COLORBAR = (
    "If the plot does not have an explicit colorbar-based continuous legend or the legend is not considered relevant "
    'to this subplot, answer "Not Applicable".'
)
_ALL_TICKS = "the total number of explicitly labeled ticks across all axes"
_MORE = "\n    * "
_END = "\n    "
# By number: the question, then what the answer must be like.
QUESTIONS: Mapping[int, tuple[str, ...]] = {
    1: (
        "what is its title?",
        "Your final answer should be the most relevant title of the plot that is explicitly written.",
        "If the plot does not have an explicit title or contains only a letter, answer 'Not Applicable'." + _END,
    ),
    2: (
        "what is the label of the x-axis?",
        f"Your final answer should be the label of the x-axis that is explicitly written, {_BOTTOM}"
        "the label of the x-axis at the bottom.",
        "If the plot does not have an explicit x-axis label, answer 'Not Applicable'." + _END,
    ),
    3: (
        "what is the label of the y-axis?",
        f"Your final answer should be the label of the y-axis that is explicitly written, {_LEFT}"
        "answer the label of the y-axis at the left.",
        "If the plot does not have an explicit y-axis label, answer 'Not Applicable'.",
    ),
    4: ("what is the leftmost labeled tick on the x-axis?", _X_TICK),
    5: ("what is the rightmost labeled tick on the x-axis?", _X_TICK),
    6: ("what is the spatially lowest labeled tick on the y-axis?", _Y_TICK),
    7: ("what is the spatially highest labeled tick on the y-axis?", _Y_TICK),
    8: (
        "what is difference between consecutive numerical tick values on the x-axis?",
        f"{_STEP} x-axis, {_BOTTOM}based on the axis at the bottom. {_WITHOUT_UNITS}",
        f"If the plot does not have an explicit x-{_NO_STEP}",
    ),
    9: (
        "what is difference between consecutive numerical tick values on the y-axis?",
        f"{_STEP} y-axis, {_LEFT}answer based on the axis at the left. {_WITHOUT_UNITS}",
        f"If the plot does not have an explicit y-{_NO_STEP}",
    ),
    10: (
        "how many lines are there?",
        "Your final answer should be the number of lines in the plot. Ignore grid lines, tick marks, and any vertical "
        "or horizontal auxiliary lines.",
        _NO_LINES,
    ),
    11: (
        "do any lines intersect?",
        'Your final answer should be "Yes" if any lines intersect, and "No" otherwise. Ignore grid lines, tick marks, '
        "and any vertical or horizontal auxiliary lines.",
        _NO_LINES,
    ),
    12: (
        "how many discrete labels are there in the legend?",
        f"Your final answer should {_LABELS} ",
        _NO_LEGEND,
    ),
    13: (
        "what are the names of the labels in the legend?",
        "You should write down the labels from top to bottom, then from left to right and separate the labels with "
        f"commas. Your final answer should {_LABELS}",
        _NO_LEGEND,
    ),
    14: (
        "what is the difference between the maximum and minimum values of the tick labels on the continuous legend "
        "(i.e., colorbar)?",
        "You should remove the percentage sign (if any) in your answer.",
        _NO_COLORBAR,
    ),
    15: (
        "what is the maximum value of the tick labels on the continuous legend (i.e., colorbar)?",
        "You should remove the percentage sign (if any) in your answer. ",
        _NO_COLORBAR,
    ),
    16: (
        "what is the general trend of data from left to right?",
        'Your final answer should be within a few words, such as "increases", "increases then stabilizes".',
    ),
    17: (
        f"What is {_ALL_TICKS}?",
        f"Your final answer should be {_ALL_TICKS}, including the case when any axis is shared across multiple "
        "subplots.",
    ),
    18: (
        "What is the layout of the subplots?",
        'Your final answer should follow "n by m" format, where n is the number of rows and m is the number of '
        "columns.",
        'If the plot does not contain subplots, answer "1 by 1".',
    ),
    19: (
        "What is the number of subplots?",
        "Your final answer should be the total number of subplots in the plot.",
        'If the plot does not contain subplots, answer "1".',
    ),
}
REASONING: Mapping[int, tuple[str, ...]] = {
    1: (
        "Your final answer must be grounded to some text that is explicitly written and relevant to the question in "
        "the chart.",
        "If you need to answer multiple terms, separate them with commas.",
        "Unless specified in the question (such as answering with a letter), you are required to answer the full names "
        "of subplots and/or labels by default." + _END,
    ),
    2: (
        "If there are options in the question, your final answer must conform to one of the options.",
        "If there are additional instructions in the question, follow them accordingly.",
        "If there are neither options nor additional instructions, you are allowed to respond with a short phrase "
        "only." + _END,
    ),
    3: (
        # "exlicitly" is the authors' spelling.
        "Your final answer must be grounded to a number that is exlicitly written and relevant to the question in the "
        "chart, even if it's an approximate value.",
        "You are allowed to extract numbers within some text when needed." + _END,
    ),
}


def descriptive_question(number: int, place: str) -> str:
    """The question of this number about a subplot ("the left subplot"); "" stands for the only one."""
    about = f"For {place or 'the current plot'}, " if number < 18 else ""
    return about + _MORE.join(QUESTIONS[number])


def reasoning_question(kind: int, question: str, answer: str) -> str:
    """The question with what its kind of answer must be like; the number of decimals is the gold answer's."""
    if kind != 4:
        return _MORE.join((question, *REASONING[kind]))
    _, point, decimals = answer.partition(".")
    whole = "Your final answer must be an exact integer."
    decimals = decimals.split(".")[0]
    return question + _MORE + (_decimals(len(decimals)) if point else whole) + _END


def _decimals(count: int) -> str:
    return f"Your final answer must be a number with {count} decimal places."


def place(row: Row) -> str:
    """Where the figure's subplot in question is."""
    if row.has("subplot_loc") and isinstance(row["subplot_loc"], str) and not row["subplot_loc"].startswith("["):
        return row.text("subplot_loc")
    where = row.list("subplot_loc") or [row.text("subplot_row", default="0"), row.text("subplot_col", default="0")]
    return "" if int(where[0]) == 0 else f"the subplot at row {int(where[0])} and column {int(where[1])}"


def figure_groups(row: Row) -> dict[str, str]:
    """The published groupings of figures, as far as the row tells them."""
    groups = {}
    if row.has("num_subplots"):
        many = int(float(row.text("num_subplots")))
        groups["subplots"] = "1 Subplot" if many == 1 else "2-4 Subplots" if many <= 4 else "5+ Subplots"
    if row.has("category"):
        groups["subject"] = SUBJECTS.get(row.text("category"), row.text("category"))
    if row.has("year"):
        groups["year"] = f"20{row.text('year')[-2:]}"
    return groups


def by_judge(sample: Sample, reply: Reply) -> Score:
    """The judge's 0 or 1. No reply at all is wrong without asking, as the judge is told to say."""
    said = reply.text.strip()
    if not said:
        return Score(0.0, None, "empty")
    if reply.verdict is None:
        return Score(None, None, "needs a judge: charxiv")
    value = judge.load("charxiv").read(reply.verdict)
    if not isinstance(value, float):
        return Score(None, None, "the judge's verdict cannot be read")
    return Score(value, said, "the judge's score")
