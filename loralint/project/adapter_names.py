"""What adapters are called: of several trainings on one base, whose is the one that is loaded?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from loralint.facts import Value
from loralint.project.evidence import Evidence
from loralint.project.instances import Instance
from loralint.values.values import texts_of

_WORD = re.compile(r"[a-z]{3,}")


def called_alike(
    evidence: Evidence, trained: Sequence[Instance], adapter: Instance
) -> Sequence[Instance]:
    """Those with a word of their own in the adapter's name: `runs/c_dpo` and `me/x-dpo`.

    One that does not say where it saves may be it as well. Where none has such a word, all may.
    """
    words = {each.path: _saved_as(evidence, each.path) for each in trained}
    times: defaultdict[str, int] = defaultdict(int)
    for own in words.values():
        for word in own:
            times[word] += 1
    called = {word for word in _words(adapter.site.repo_id) if times[word] == 1}
    alike = [each for each in trained if not words[each.path] or called & words[each.path]]
    return alike if any(words[each.path] for each in alike) else trained


def _saved_as(evidence: Evidence, path: str) -> frozenset[str]:
    saved = evidence.adapters_saved_by.get(path, ())
    return frozenset(word for each in saved for word in _words(each.site.target))


def _words(value: Value) -> frozenset[str]:
    names = (text.rstrip("/").rpartition("/")[2] for text in texts_of(value))
    return frozenset(word for name in names for word in _WORD.findall(name.lower()))
