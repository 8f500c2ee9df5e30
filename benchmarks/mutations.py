"""Whether tests would notice: change one operator or constant of a module at a time and run its tests.

python -m benchmarks.mutations MODULE.py --tests FOLDER [--most 20] [--seed 0]

A change that no test notices is printed with its line: a stated rule without an expected number. Work is done
in a copy of the tree; a change that makes the tests hang counts as noticed. Not every survivor is a fault: a
constant of rounding, or two ways of writing one thing.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "median": "mean"}


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield what can be changed, and what the change is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            yield node, "comparison"
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            yield node, "operator"
        elif isinstance(node, ast.BoolOp):
            yield node, "and/or"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, "sign"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node, "constant"
        elif isinstance(node, ast.Call) and _name(node) in NAMES:
            yield node, "choice"


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def change(node: ast.AST) -> None:
    """Change a node in place."""
    match node:
        case ast.Compare():
            node.ops[0] = COMPARISONS[type(node.ops[0])]()
        case ast.BinOp():
            node.op = ARITHMETIC[type(node.op)]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.op = ast.UAdd()
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            node.value = value + 1 if isinstance(value, int) else value * 1.2 + (value == 0)
        case ast.Call(func=ast.Attribute() as func):
            func.attr = NAMES[func.attr]
        case ast.Call(func=ast.Name() as func):
            func.id = NAMES[func.id]


def survivors(module: Path, tests: list[str], most: int, seed: int, timeout: float) -> Iterator[str]:
    """Yield the changes that no test notices."""
    source = (ROOT / module).read_text("utf-8")
    n = len(list(places(ast.parse(source))))
    chosen = sorted(random.Random(seed).sample(range(n), min(most, n)))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".git", ".venv", ".*_cache", "recordings")
        shutil.copytree(ROOT, copy, ignore=ignored)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        environment = os.environ | {
            "PYTHONPATH": str(copy),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(Path(folder) / "h"),
        }
        for k in chosen:
            tree = ast.parse(source)
            node, kind = list(places(tree))[k]
            line = getattr(node, "lineno", 0)
            before = ast.unparse(node)
            change(node)
            (copy / module).write_text(ast.unparse(tree), "utf-8")
            try:
                done = subprocess.run(
                    command, cwd=copy, env=environment, capture_output=True, timeout=timeout, check=False
                )
            except subprocess.TimeoutExpired:
                continue
            if done.returncode == 0:
                yield f"{module}:{line}: {kind}: {before}  →  {ast.unparse(node)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("module", type=Path)
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--most", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=300.0)
    arguments = parser.parse_args()
    found = survivors(arguments.module, arguments.tests, arguments.most, arguments.seed, arguments.timeout)
    for text in found:
        print(text, flush=True)
