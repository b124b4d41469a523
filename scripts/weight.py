"""Count the handwritten lines of code, without docstrings, comments and blank lines.

python scripts/weight.py            # the library without local/, cli/ and what is generated
python scripts/weight.py --files    # each file, the heaviest first
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "crml_sdk"
LEFT_OUT = ("api", "models", "types", "local", "cli")
NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def code_lines(text: str) -> int:
    """The number of lines of a module that contain code."""
    described: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        # Docstrings, and the strings that describe a constant or an attribute below it.
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            described.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - described)


def written(source: Path = SOURCE) -> dict[str, int]:
    """Lines of code of each handwritten file."""
    return {
        file.relative_to(source).as_posix(): code_lines(file.read_text("utf-8"))
        for file in sorted(source.rglob("*.py"))
        if file.relative_to(source).parts[0] not in LEFT_OUT
    }


def main() -> None:
    counts = written()
    if "--files" in sys.argv[1:]:
        for name, lines in sorted(counts.items(), key=lambda entry: -entry[1]):
            print(f"{lines:6}  {name}")
    print(f"{sum(counts.values()):6}  in {len(counts)} files")


if __name__ == "__main__":
    main()
