"""What differs between two runs, sample by sample, and why: for two scores that should be equal and are not.

`runs` reads one side, be it a results folder, a prediction file of VLMEvalKit's or samples of lmms-eval's; `causes`
says of each sample why it differs; `show` puts it into words.
"""

from sailbench.explain.causes import Explanation, explain
from sailbench.explain.show import lines, record

__all__ = ["Explanation", "explain", "lines", "record"]
