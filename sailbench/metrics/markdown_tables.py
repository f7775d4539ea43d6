"""Tables in Markdown within a page, turned into HTML as OmniDocBench does it, row by row.

opendatalab/OmniDocBench as open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/OmniDocBench/utils.py has it, which took
it from intsig-textin/markdown_tester.
"""

import re

from sailbench.metrics.stretches import stretches

_RULE = re.compile(r"-*?:|---|:-*?")


def table_rows(text: str) -> list[str]:
    r"""Stretches from a bar to the next bar at the end of a line: the rows of tables, if they begin and end with bars.

    >>> table_rows("x\n| a | b |\n| c |\n")
    ['| a | b |\n', '| c |\n']
    """
    rows, start = [], text.find("|")
    while start >= 0 and (end := text.find("|\n", start + 1)) >= 0:
        rows.append(text[start : end + 2])
        start = text.find("|", end + 2)
    return rows


def tables_as_html(text: str) -> str:
    """The page with its Markdown tables as HTML. Each row becomes a table first; neighbouring ones are then joined."""
    text = text.replace("\r", "") + "\n"
    pieces, end = [], 0
    for row in table_rows(text):
        start = text.index(row, end)
        pieces += [text[end:start], _row_as_table(row)]
        end = start + len(row)
    return (
        _joined("".join(pieces) + text[end:])
        .replace("<table>", '<table border="1" >')
        .replace("<td>", '<td colspan="1" rowspan="1">')
    )


def _row_as_table(row: str) -> str:
    lines = [line.strip() for line in row.strip().split("\n")]
    head = "".join(f"      <th>{cell}</th>\n" for cell in _cells(lines[0]))
    body = ""
    for line in lines[2:]:
        body += "    <tr>\n" + "".join(f"      <td>{cell}</td>\n" for cell in _cells(line)) + "    </tr>\n"
    return f"<table>\n  <thead>\n    <tr>\n{head}    </tr>\n  </thead>\n  <tbody>\n{body}  </tbody>\n</table>\n"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def _joined(text: str) -> str:
    """Tables with nothing between them as one; lines that look like the rule below a heading go with them."""
    lines: list[str] = []
    block, last, within = "", "", False
    for line in text.split("\n"):
        if "<table>" in line:
            within = True
            block += last
        elif within:
            if not _RULE.search(last) and "</thead>" not in last:
                block += "\n" + last
            if "</table>" in last:
                within = False
                lines.append(_one_table(block))
                block = ""
        else:
            lines.append(last)
        last = line
    if last:
        lines.append(_one_table(f"{block}\n{last}") if within or "</table>" in last else last)
    return "\n".join(lines)


def _one_table(block: str) -> str:
    """The rows of all tables in a block of lines, as one table."""
    kept, end = [], 0
    for start, stop in stretches(block, "<!--", "-->"):
        kept.append(block[end:start])
        end = stop
    block = "".join(kept) + block[end:]
    rows: list[str] = []
    for table in (block[start:stop] for start, stop in stretches(block, "<table>", "</table>")):
        lines = [
            line.replace("<th>", "<td>").replace("</th>", "</td>") if "<th>" in line else line
            for line in table.split("\n")
        ]
        own = [line for line in lines if not re.search(r"</?t(able|head|body)>", line)]
        rows += own if len(own) > 2 else []
    return "\n\n<table>\n{}\n</table>\n\n".format("\n".join(rows))
