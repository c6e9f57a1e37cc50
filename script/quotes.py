#!/usr/bin/env python3
"""script/quotes.py [--check]

Fills the code block after each `<!-- quote PATH#region -->` of README.md and docs/ with the lines of
that file between `region NAME` and `endregion` comments. With --check changes nothing and fails
where a document does not say what the file says.
"""

import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUOTE = re.compile(r"<!-- quote (\S+?)#(\S+) -->\n```(\w*)\n(.*?)```", re.DOTALL)


def region(text, name):
    """The lines of a region without their common indentation, or None."""
    found = re.search(
        rf"^[ \t]*(?://|--|#) region {re.escape(name)}\n(.*?)^[ \t]*(?://|--|#) endregion",
        text, re.DOTALL | re.MULTILINE,
    )  # fmt: skip
    return textwrap.dedent(found.group(1)) if found else None


def fill(document, read):
    """The document with its quotes as `read(path)` has them; raises LookupError."""

    def replace(match):
        path, name, language, _ = match.groups()
        text = region(read(path), name)
        if text is None:
            raise LookupError(f"{path} has no region {name}")
        return f"<!-- quote {path}#{name} -->\n```{language}\n{text}```"

    return QUOTE.sub(replace, document)


def main():
    check = "--check" in sys.argv
    status = 0
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        before = path.read_text()
        try:
            after = fill(before, lambda name: (ROOT / name).read_text())
        except (LookupError, OSError) as error:
            print(f"{path.relative_to(ROOT)}: {error}")
            status = 1
            continue
        if after != before and check:
            print(f"{path.relative_to(ROOT)} does not quote what the code says: run script/gen")
            status = 1
        elif after != before:
            path.write_text(after)
    return status


if __name__ == "__main__":
    sys.exit(main())
