"""`sailbench export-llm`: the language model of a SAIL-VL2 by itself."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli.frame import DONE, command

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands


def add_export(commands: "Commands") -> None:
    example = "sailbench export-llm sailvl2-2b ./sailvl2-2b-qwen3"
    p = command(commands, "export-llm", "write a SAIL-VL2's language model as a plain Qwen3 checkpoint", example)
    p.set_defaults(command=export_llm)
    p.add_argument("model", metavar="MODEL", help="a name from `sailbench models`, a folder, or a hub id")
    p.add_argument("folder", type=Path, metavar="DIR", help="where to write it; must not be there yet")
    p.add_argument("--tokenizer", type=Path, metavar="DIR", help="tokenizer files (default: the checkpoint's)")


def export_llm(arguments: argparse.Namespace) -> int:
    from sailbench.models.export import export

    export(arguments.model, arguments.folder, tokenizer=arguments.tokenizer)
    print(f"language model in {arguments.folder}")
    return DONE
