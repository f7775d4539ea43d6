"""Write the README's table of benchmarks anew from the task files' cards."""

import re
from pathlib import Path

from sailbench import registry

README = Path(__file__).resolve().parents[1] / "README.md"
BETWEEN = re.compile(r"(<!-- benchmarks -->\n).*?(<!-- /benchmarks -->)", re.DOTALL)


def with_table(text: str) -> str:
    """The README's text with the table as the cards have it now."""
    return BETWEEN.sub(lambda found: found[1] + registry.markdown() + found[2], text)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
