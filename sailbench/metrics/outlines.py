"""Documents in Markdown compared by their outline: which headings have how many lines beneath them.

Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts/TEDS_metric.py doc_parsing_evaluation
"""

import re

from sailbench.metrics.teds import TangledError, TreeNode, is_comparable, tree_distance

# In this order, on each line.
_CLEANING = (
    *((re.compile("<bos>|<eos>|<pad>|<unk>"), ""), (re.compile(r"\s##(\S)"), r"\1"), (re.compile(r"\\\s"), r"\\")),
    *(
        (re.compile(r"\s\*\s\*\s"), "**"),
        (re.compile(r"{\s"), "{"),
        (re.compile(r"\s}"), "}"),
        (re.compile(r"\s}"), "}"),
    ),
    *((re.compile(r"\\begin\s"), r"\\begin"), (re.compile(r"\\end\s"), r"\\end")),
    *((re.compile(r"\\end{table}"), r"\\end{table}   "), (re.compile(r"[*_]"), " ")),
)


def outline_score(prediction: str, truth: str) -> float:
    """1 less the edits between two outlines over the lines of the longer one. What the lines say does not count.

    A line with words can stand for any other; one without words is a difference even to its own like, so that outlines
    of nothing but those may be below 0.

    >>> outline_score("# A\\nb\\nc", "# X\\ny"), outline_score("a\\n\\nb", "a\\n\\nb")
    (0.8, 0.8)
    """
    said, wanted = _outline(prediction), _outline(truth)
    if not is_comparable(said, wanted):
        return 0.0
    try:
        return 1 - tree_distance(said, wanted, _change) / max(said.size(), wanted.size())
    except TangledError:
        return 0.0


def _change(one: TreeNode, other: TreeNode) -> float:
    return float(not one.label.split() or not other.label.split())


def _outline(text: str) -> TreeNode:
    """Headings below the root, lines below the first place where their heading's text stands, be it a line."""
    title = TreeNode("TITLE")
    root = TreeNode("ROOT", [title])
    under = title
    for line in map(_cleaned, text.split("\n")):
        if not line.startswith("#"):
            under.children.append(TreeNode(line))
            continue
        heading = line.replace("#", "")
        root.children.append(TreeNode(heading))
        under = _first(root, heading) if heading else title
    return root


def _first(root: TreeNode, label: str) -> TreeNode:
    """The first node of this label, reading from the top; there is one."""
    waiting = [root]
    while (node := waiting.pop()).label != label:
        waiting.extend(reversed(node.children))
    return node


def _cleaned(line: str) -> str:
    for pattern, replacement in _CLEANING:
        line = pattern.sub(replacement, line)
    return line
