"""What one check found: its state, what is there, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report; `todo` is empty where nothing has to be done.

    `fail` means that something asked for cannot work, `skip` that a check was left out and why.
    """

    check: str
    state: State
    said: str
    todo: str = ""

    def line(self, width: int) -> str:
        return f"{self.state:<4}  {self.check:<{width}}  {self.said}" + (f"; {self.todo}" if self.todo else "")

    def record(self) -> dict[str, str]:
        return {"check": self.check, "state": self.state, "said": self.said, "todo": self.todo}
