"""What the tree looks like: modules by folder, their lines, and which import one another in a circle.

python -m tests.system.structure     prints what is against the rules of CONTRIBUTING.md
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("acquisition", "processing", "viewer")
MOST_MODULES, MOST_LINES = 24, 350


def modules() -> dict[str, Path]:
    """Return every module of the product by its dotted name."""
    found = {}
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules that a file imports, deferred imports too, those for type checkers not."""
    out: set[str] = set()
    for node in _nodes(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            out |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            out |= whole & known.keys() or {node.module}
    return out & known.keys()


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _nodes(node)


def circles() -> list[list[str]]:
    """Return the groups of modules each of which imports, in the end, itself."""
    known = modules()
    graph = {name: imported(path, known) - {name} for name, path in known.items()}
    reach = {name: _reached(name, graph) for name in graph}
    found = {frozenset(b for b in reach[a] if a in reach[b]) | {a} for a in graph if a in reach[a]}
    return sorted(sorted(group) for group in found)


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(graph[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += graph[name]
    return seen


def full_folders() -> list[str]:
    """Return the folders with more modules than a reader keeps in mind."""
    folders = {path.parent for path in modules().values()}
    counts = {folder: len(list(folder.glob("*.py"))) for folder in folders}
    return sorted(f"{f.relative_to(ROOT)}: {n} modules" for f, n in counts.items() if n > MOST_MODULES)


def long_modules() -> list[str]:
    """Return the modules with more lines than fit a reader's head."""
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in modules().values()}
    return sorted(f"{p.relative_to(ROOT)}: {n} lines" for p, n in lines.items() if n > MOST_LINES)


def rooms_without_a_name() -> list[str]:
    """Return the folders whose `__init__.py` does not say what they hold."""
    inits = [path for path in modules().values() if path.name == "__init__.py"]
    return sorted(str(p.relative_to(ROOT)) for p in inits if not ast.get_docstring(ast.parse(p.read_text())))


def faults() -> list[str]:
    """Return everything that is against the rules, a line each."""
    rings = [f"a circle of imports: {', '.join(group)}" for group in circles()]
    return [*rings, *full_folders(), *long_modules(), *rooms_without_a_name()]


if __name__ == "__main__":
    sys.exit("\n".join(faults()) or 0)
