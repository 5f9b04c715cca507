"""Models whose repositories hold no code of their own: transformers has their classes.

`trust_remote_code` changes nothing for them. Only families of which this is known are listed, and
only by the names that their own organisations gave them.
"""

from __future__ import annotations

import re

from loralint.project import Load
from loralint.rules.judgement.values import leaves, texts

_FAMILIES = re.compile(
    r"(meta-)?(code|tiny)?llama-?[23]?[.\d]*-.*|gemma-[\w.-]+|mi[sx]tral-.*|qwen(1\.5|2|2\.5|3)-.*"
    r"|gpt2(-\w+)?|gpt-neo(x)?-.*|pythia-.*|opt-\d.*|bloomz?-.*|(flan-)?t5-.*|smollm\d?-.*"
    r"|(distil)?(ro)?bert(a)?-.*",
    re.IGNORECASE,
)


def is_native(load: Load) -> bool:
    """Whether everything that a load may load is known to need no code from the Hub.

    A folder is judged by its name. An id that nobody knows beside others does not count.
    """
    names = [name for leaf in leaves(load.site.repo_id) for name in texts(leaf)]
    return bool(names) and all(_FAMILIES.fullmatch(_last(name)) for name in names)


def _last(name: str) -> str:
    return name.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
