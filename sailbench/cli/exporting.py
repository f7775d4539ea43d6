"""`sailbench export-llm` and `degrade`: the language model of a SAIL-VL2 by itself, and a coarser twin of it."""

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


def add_degrade(commands: "Commands") -> None:
    example = "sailbench degrade sailvl2-2b ./sailvl2-2b-4bit --bits 4"
    p = command(commands, "degrade", "write a twin with coarser weights, for trying a gate on", example)
    p.set_defaults(command=degrade)
    p.add_argument("model", metavar="MODEL", help="a name from `sailbench models`, a folder, or a hub id")
    p.add_argument("folder", type=Path, metavar="DIR", help="where to write it; must not be there yet")
    bits = "bits a weight, 2 to 8 (default 4), one scale a matrix; norms and biases stay"
    p.add_argument("--bits", type=int, choices=range(2, 9), default=4, metavar="N", help=bits)


def degrade(arguments: argparse.Namespace) -> int:
    from sailbench.models.twin import degrade as write

    rounded = write(arguments.model, arguments.folder, arguments.bits)
    print(f"{rounded} weight matrices at {arguments.bits} bits in {arguments.folder}")
    return DONE
