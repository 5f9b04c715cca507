"""`--statistics`: how often each rule found something."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from loralint.diagnostics import Diagnostic


def statistics(diagnostics: Iterable[Diagnostic], output_format: str) -> str:
    """A table, most frequent first; JSON where the findings would have been JSON."""
    counts = Counter((found.code, found.name) for found in diagnostics)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if output_format == "json":
        listed = [{"code": code, "name": name, "count": count} for (code, name), count in rows]
        return json.dumps(listed, indent=2) + "\n"
    width = max((len(str(count)) for _, count in rows), default=0)
    return "".join(f"{count:>{width}}  {code}  {name}\n" for (code, name), count in rows)
