"""A gate for changes: two results folders on the same samples, and a verdict with an exit code.

`sides` reads a folder, `pairing` says whether two can be compared and puts their samples side by side, `verdict`
decides, `rounds` asks a candidate only as long as it takes, `show` puts it into words, Markdown and JUnit.
"""

from sailbench.gate.verdict import Terms, Verdict, compare

__all__ = ["Terms", "Verdict", "compare"]
