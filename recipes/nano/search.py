"""A search for the learning rate within a stage: AdaLRS over the workers, and the copy that a trial may go back to."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from recipes.nano.adalrs import AdaLRS


class Search:
    """Takes every step's loss, with the same outcome on all workers; a window of 0 steps leaves the rate as it is."""

    def __init__(self, rate: float, window: int, student: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self._rate, self._held = rate, (student, optimizer)
        self._rule = AdaLRS(rate=rate, window=window) if window else None
        self._copy: list[Mapping[str, Any]] | None = None

    @property
    def rate(self) -> float:
        """Of the next step, before warm-up and fall."""
        return self._rule.rate if self._rule else self._rate

    def take(self, loss: Tensor) -> None:
        """What AdaLRS makes of a step that had this loss here: nothing, a trial, or the way back from one."""
        if self._rule is None:
            return
        advice = self._rule.take(_mean(loss))
        if advice == "try":
            self._copy = [deepcopy(each.state_dict()) for each in self._held]
        elif advice == "back" and self._copy is not None:
            for each, copy in zip(self._held, self._copy, strict=True):
                each.load_state_dict(copy)
        if self._rule.settled is None:
            self._copy = None

    def state_dict(self) -> dict[str, Any]:
        return {"rule": json.dumps(asdict(self._rule)) if self._rule else "", "copy": self._copy}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if self._rule and state["rule"]:
            self._rule, self._copy = AdaLRS(**json.loads(state["rule"])), state["copy"]


def _mean(loss: Tensor) -> float:
    """Over the workers."""
    total = loss.detach().double()
    if dist.is_initialized():
        dist.all_reduce(total)
        total /= dist.get_world_size()
    return float(total)
