"""How long a run will take, on how many GPUs, and what it will cost: from measured rates, or from a model's roofline.

No figure without its basis: every line says what it rests on, what is assumed is listed with its value, and what
nothing is known of is named instead of counted.
"""

from sailbench.capacity.estimate import Estimate, Line, Question, estimate

__all__ = ["Estimate", "Line", "Question", "estimate"]
