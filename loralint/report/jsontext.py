"""JSON as text that every reader takes."""

from __future__ import annotations

import json

from loralint.report.visible import well_formed


def to_json(value: object) -> str:
    """Serialise with an indent of 2 and characters as they are, and end with a newline.

    A lone surrogate, from a file name that is no UTF-8, would be refused by strict readers,
    and with it the whole report.
    """
    return well_formed(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
