"""Key information extraction: fields in JSON against the true ones, by equality and by the edits between trees."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sailbench.metrics.edit_distance import edit_distance
from sailbench.metrics.teds import TangledError, TreeNode, is_comparable, tree_distance

LONGEST = 200_000  # characters of JSON


class FieldCounts(NamedTuple):
    """Fields that are right, and fields that one side has and the other has not."""

    right: int
    other: int

    @property
    def f1(self) -> float:
        return self.right / (self.right + self.other / 2 + 1e-6)


def read_json(text: str) -> Any:
    """The JSON in the first ```json block, else the whole text as JSON; {} for anything else, an unclosed block too.

    AlibabaResearch/AdvancedLiterateMachinery@fb6187e CC-OCR kie_evaluator.py post_process_to_json

    >>> read_json('Here: ```json {"a": "1"} ```'), read_json("a: 1")
    ({'a': '1'}, {})
    """
    if "```json" in text:
        _, _, text = text.partition("```json")
        text, closed, _ = text.partition("```")
        text = text if closed else ""
    if len(text) > LONGEST:
        return {}
    try:
        found = json.loads(text.strip().replace("\n", ""))
    except (ValueError, RecursionError):
        return {}
    return {} if found is None else found


def field_counts(prediction: Any, truth: Any) -> FieldCounts:
    """How many fields, of nested records by their path, are the same on both sides.

    Donut's counting (2022) as in AlibabaResearch/AdvancedLiterateMachinery@fb6187e CC-OCR kie_evaluator.py cal_f1_all

    >>> field_counts({"a": "1", "b": "x"}, {"a": "1", "b": "y"})
    FieldCounts(right=1, other=2)
    """
    said, wanted = (Counter(_fields(_sorted(_respelled(one)))) for one in (prediction, truth))
    right = sum((said & wanted).values())
    return FieldCounts(right, sum(said.values()) + sum(wanted.values()) - 2 * right)


def field_tree_score(prediction: Any, truth: Any) -> float:
    """1 less the edits between both records as trees, over those that build the truth's from nothing; at least 0.

    Donut's accuracy (2022), same source as `field_counts`: cal_acc. A leaf costs its signs, any other node 1.

    >>> field_tree_score({"a": "1999"}, {"a": "1998"}), field_tree_score({}, {"a": "1"})
    (0.8, 0.0)
    """
    said, wanted = (_tree(_sorted(_respelled(one)), "<root>") for one in (prediction, truth))
    whole = sum(map(_size, _nodes(wanted))) - 1
    if not whole or not is_comparable(said, wanted):
        return 0.0
    if said == wanted:
        return 1.0
    try:
        return max(0.0, 1.0 - tree_distance(said, wanted, _change, _size) / whole)
    except TangledError:
        return 0.0


def _respelled(record: Any) -> Any:
    """Texts in half width with evened spaces, except where they stand in a list."""
    if isinstance(record, dict):
        return {key: _respelled(value) for key, value in record.items()}
    if isinstance(record, list):
        return [_respelled(value) if isinstance(value, dict) else value for value in record]
    return _evened(_half_width(record)) if isinstance(record, str) else record


_HALF_WIDTH = {0x3000: " ", **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}}


def _half_width(text: str) -> str:
    return text.translate(_HALF_WIDTH).replace("、", ",")


def _evened(text: str) -> str:
    """Spaces around Chinese and before signs go, digits and letters are parted."""
    text = re.sub(r"\s{3,}", "  ", text)  # the patterns below take long over many spaces
    text = re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])", "", text)
    text = re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[a-zA-Z0-9])", "", text)
    text = re.sub(r"(?<=[a-zA-Z0-9])\s+(?=[\u4e00-\u9fff])", "", text)
    text = re.sub(r"(?<![0-9])\s*([,.!?:;])\s*", r"\1 ", text)
    text = re.sub(r"(?<=[0-9])(?=[a-zA-Z])", " ", text)
    text = re.sub(r"(?<=[a-zA-Z])(?=[0-9])", " ", text)
    return re.sub(r"\s+", " ", text)


def _sorted(record: Any) -> Any:
    """Keys by length and alphabet, every value a list, empty ones left out."""
    if isinstance(record, dict):
        values = {key: _sorted(record[key]) for key in sorted(record, key=lambda key: (len(key), key))}
        return {key: value if isinstance(value, list) else [value] for key, value in values.items() if value}
    if not isinstance(record, list):
        return [str(record).strip()]
    if all(isinstance(value, dict) for value in record):
        return [value for value in map(_sorted, record) if value]
    texts = (str(value).strip() for value in record if type(value) in (str, int, float))
    return [text for text in texts if text]


def _fields(record: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(record, dict):
        for key, value in record.items():
            yield from _fields(value, f"{path}.{key}" if path else key)
    elif isinstance(record, list):
        for value in record:
            yield from _fields(value, path)
    else:
        yield path, record


def _tree(record: Any, name: str) -> TreeNode:
    if isinstance(record, Mapping):
        return TreeNode(name, [_tree(value, key) for key, value in record.items()])
    if all(isinstance(value, dict) for value in record):
        return TreeNode(name, [_tree(value, "<subtree>") for value in record])
    return TreeNode(name, [TreeNode(f"<leaf>{value}") for value in record])


def _nodes(tree: TreeNode) -> Iterator[TreeNode]:
    yield tree
    for child in tree.children:
        yield from _nodes(child)


def _size(node: TreeNode) -> float:
    return float(len(node.label.replace("<leaf>", ""))) if "<leaf>" in node.label else 1.0


def _change(one: TreeNode, other: TreeNode) -> float:
    leaves = [own.label.replace("<leaf>", "") if "<leaf>" in own.label else None for own in (one, other)]
    if leaves[0] is not None and leaves[1] is not None:
        return float(edit_distance(leaves[0], leaves[1]))
    if leaves[0] is None and leaves[1] is None:
        return float(one.label != other.label)
    return 1.0 + len(leaves[0] or leaves[1] or "")
