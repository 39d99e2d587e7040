"""Generate the sync facade of the store (`store/_sync.py`) from the async classes.

python .ci/sync_facade.py            writes the file
python .ci/sync_facade.py --check    changes nothing; ends with 1 if the file is out of date

Every public verb of `AsyncServiceContext` and `AsyncMCPStore` becomes a verb that waits: the same name, signature and
docstring, and a body that runs the async verb through the portal. Only what differs is written here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

STORE: Final = Path(__file__).parents[1] / "core/mcpstore/store"
TARGET: Final = STORE / "_sync.py"

HEADER: Final = '''"""The store, for programs without an event loop: the async verbs, run in a background thread.

Generated from `context.py` and `_async.py` by `python .ci/sync_facade.py`; change those, and run it again.
Longer than 400 lines because it holds every verb with its documentation.
"""

from __future__ import annotations
'''

CONTEXT: Final = '''
class ServiceContext:
    """{docstring}

    Every verb may be called from any thread. While a call waits, other threads continue, and Ctrl-C interrupts it.
    """

    def __init__(self, portal: Portal, wrapped: AsyncServiceContext) -> None:
        self._portal = portal
        self._wrapped = wrapped
'''

STORE_SUMMARY: Final = """Keeps MCP services running, and calls their tools.

    The store is open as soon as it is created; enabled services start in the background. Close it, use it as a context
    manager, or end the program: its services are closed then.
"""

STORE_INIT: Final = '''        wrapped = AsyncMCPStore({call})
        super().__init__(Portal(), wrapped)
        self._wrapped: AsyncMCPStore = wrapped
        self._portal.open(self, wrapped)

    @classmethod
    def setup_store(cls, *args: Any, **kwargs: Any) -> Self:
        """{setup_store}"""
        return cls(*args, **kwargs)

    def close(self, force: bool = False) -> list[str]:
        """{close}"""
        return self._portal.close(self._wrapped, force)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
'''

OWN: Final = {"open", "close", "setup_store"}
"""Verbs of the async store that are not generated: creating a sync store opens it."""

CONTEXTS: Final = {"AsyncServiceContext": "ServiceContext"}


class Source:
    """A module with an async class.

    Args:
        path: The module.
        name: The class.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.text: str = path.read_text("utf-8")
        self.tree: ast.Module = ast.parse(self.text)
        (self.cls,) = (node for node in self.tree.body if getattr(node, "name", None) == name)

    def docstring(self, node: ast.AST) -> str:
        """Return a docstring exactly as it is written."""
        return (ast.get_source_segment(self.text, node.body[0].value) or "").removeprefix('"""').removesuffix('"""')

    def signature(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        """Return a signature exactly as it is written, as that of a plain function."""
        lines = self.text.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
        text = "\n".join(line.split("  # noqa: ASYNC109")[0] for line in lines)
        return text.replace("async def ", "def ", 1)

    def method(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """Return a method."""
        (method,) = (node for node in self.cls.body if getattr(node, "name", None) == name)
        return method

    def methods(self) -> Iterator[tuple[str | None, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Yield the public methods, each with the banner comment above it, if there is one."""
        end = self.cls.body[0].end_lineno
        for node in self.cls.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                between = self.text.splitlines()[end : node.lineno - 1]
                banner = next((line for line in between if line.strip().startswith("# ---")), None)
                if not node.name.startswith("_"):
                    yield banner, node
            end = node.end_lineno


def arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the arguments that pass the parameters of a function on."""
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    yield from names[1:]  # without self
    if node.args.vararg:
        yield f"*{node.args.vararg.arg}"
    yield from (f"{argument.arg}={argument.arg}" for argument in node.args.kwonlyargs)
    if node.args.kwarg:
        yield f"**{node.args.kwarg.arg}"


def verb(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return a verb that waits for the async one."""
    wrapped = f"self._wrapped.{node.name}"
    passed = list(arguments(node))
    returns = ast.unparse(node.returns)
    signature = source.signature(node)
    if any(isinstance(decorator, ast.Name) and decorator.id == "property" for decorator in node.decorator_list):
        signature = f"    @property\n{signature}"
        body = f"return {wrapped}"
    elif returns in CONTEXTS:
        signature = signature.replace(returns, CONTEXTS[returns])
        body = f"return {CONTEXTS[returns]}(self._portal, {wrapped}({', '.join(passed)}))"
    else:
        call = "call" if isinstance(node, ast.AsyncFunctionDef) else "call_plain"
        body = f"self._portal.{call}({', '.join([wrapped, *passed])})"
        if returns != "None":
            body = f"return {body}"
    return f'{signature}\n        """{source.docstring(node)}"""\n        {body}\n'


def imports(sources: list[Source], code: str) -> Iterator[str]:
    """Yield the imports of the async modules that the code uses."""
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    seen: set[str] = set()
    for source in sources:
        for node in source.tree.body:
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names if alias.name in names - seen]
                yield from (f"import {name}" for name in wanted)
            elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
                wanted = [alias.name for alias in node.names if alias.name in names - seen]
                if wanted:
                    yield f"from {node.module} import {', '.join(wanted)}"
            else:
                continue
            seen.update(wanted)
    yield "from mcpstore.store._async import AsyncMCPStore"
    yield "from mcpstore.store.context import HEALTHY, AsyncServiceContext"
    yield "from mcpstore.store.portal import Portal"


def generate() -> str:
    """Return what the module should hold."""
    context, store = Source(STORE / "context.py", "AsyncServiceContext"), Source(STORE / "_async.py", "AsyncMCPStore")
    parts = [CONTEXT.format(docstring=context.docstring(context.cls).strip())]
    for banner, node in context.methods():
        parts += [f"{banner}\n"] if banner else []
        parts.append(verb(context, node))
    _, args = store.docstring(store.cls).split("\n    Args:\n")
    parts.append(f'\nclass MCPStore(ServiceContext):\n    """{STORE_SUMMARY}\n    Args:\n{args}"""\n')
    init = store.method("__init__")
    docstrings = {name: store.docstring(store.method(name)) for name in ("setup_store", "close")}
    body = STORE_INIT.format(call=", ".join(arguments(init)), **docstrings)
    parts.append(f"{store.signature(init)}\n{body}")
    parts += (verb(store, node) for _, node in store.methods() if node.name not in OWN)
    code = "\n".join(parts)
    listed = "\n".join(imports([context, store], code))
    text = f'{HEADER}\n{listed}\n\n__all__ = ["MCPStore", "ServiceContext"]\n\n{code}'
    for command in (["check", "--select", "I", "--fix", "-q"], ["format", "-q"]):
        text = subprocess.run(  # noqa: S603 - the linter, on our own text
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"],
            input=text, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    return text


def main() -> None:
    """Write the file, or check it."""
    text = generate()
    if "--check" not in sys.argv:
        TARGET.write_text(text, "utf-8")
    elif TARGET.read_text("utf-8") != text:
        print(f"{TARGET.name} is out of date; run: python .ci/sync_facade.py")
        sys.exit(1)


if __name__ == "__main__":
    main()
