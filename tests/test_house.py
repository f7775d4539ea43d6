"""The house rules, enforced on the source: floors, no cycles, sizes, late imports, no forbidden shapes."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sailbench"
# From the ground up; a floor of the house may be several steps, and a room stands on the steps below its own.
STEPS = [
    ["errors"],
    ["types"],
    ["rows", "prompts", "aggregate", "stats", "video"],  # floor 1
    ["extract", "decoder"],
    ["metrics", "media"],
    ["task", "judge", "data", "store", "models"],  # floor 2
    ["families", "vlmeval", "layouts"],  # floor 3
    ["rules", "registry", "executors", "clerk"],
    ["run", "contrast"],  # floor 4
    ["predictions", "plan", "judging", "report", "serve"],
    ["gate", "capacity"],
    ["explain", "audit", "doctor"],
    ["cli"],  # floor 5
]
FLOOR = {room: floor for floor, rooms in enumerate(STEPS) for room in rooms}
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "transformers", "pandas", "PIL", "datasets", "sympy", "av", "pyarrow")


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree):
    """(module, line) of each absolute import in the tree, `from sailbench import x` as sailbench.x."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{a.name}" for a in node.names] if node.module == "sailbench" else [node.module]
            yield from ((name, node.lineno) for name in names)


def functions(tree):
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_modules_import_only_from_floors_below(path):
    own = room(path)
    if own == "__init__":
        return
    for module, line in imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = module.split(".")
        if parts[0] != "sailbench" or parts[1] in ("__version__", own):
            continue
        assert FLOOR[parts[1]] < FLOOR[own], f"{name_of(path)}:{line} imports {module}, which is not below {own}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_keep_their_size(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, f"{name_of(path)} has {text.count(chr(10))} lines"
    long = [f.name for f in functions(ast.parse(text)) if f.end_lineno - f.lineno + 1 > 50]
    assert long == []


@pytest.mark.parametrize("path", [*SOURCES, *sorted((ROOT / "tasks").glob("*.py"))], ids=name_of)
def test_every_module_opens_with_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_code_tests_a_benchmarks_name():
    for path in SOURCES:
        assert "task.name ==" not in path.read_text(encoding="utf-8"), name_of(path)


def test_nothing_runs_foreign_code():
    for path in [*SOURCES, *(ROOT / "tasks").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert called not in ("eval", "exec"), name_of(path)
            imported = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert not {"pickle", "marshal", "shelve"} & set(imported), name_of(path)


def test_unspecific_excepts_do_not_occur():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{name_of(path)}:{node.lineno}"


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["run", "--help"], ["tasks"], ["tasks", "--json"], ["models"], ["show", "mmmu"], ["plan", "--help"]],
)
def test_light_commands_import_nothing_heavy(argv):
    code = f"""
import sys
from sailbench.cli import main
try:
    main({argv!r})
except SystemExit:
    pass
print([m for m in {HEAVY!r} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
