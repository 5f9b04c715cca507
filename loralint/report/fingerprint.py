"""A name for each finding that lasts when the rows around it move."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from loralint.diagnostics import Diagnostic
from loralint.report.base import Report


def fingerprints(report: Report) -> list[str]:
    """Return one fingerprint a finding, in their order.

    Made of what a baseline is keyed by: rule, file, repo id and normalised call. Like findings
    in one file are numbered, since GitLab drops the second of two equal fingerprints.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    digests = []
    for found in report.diagnostics:
        key = _key(found)
        seen[key] += 1
        text = "\0".join((*key, str(seen[key])))
        digests.append(sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return digests


def _key(found: Diagnostic) -> tuple[str, ...]:
    what = found.call or found.message
    return found.code, found.place.path, str(found.place.cell or ""), found.subject, what
