"""Repositories whose config.json takes its code from another repository.

`auto_map` holds values such as `nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel`
there: the part before `--` is another repository, and `revision` does not pin it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

_CODE: tuple[tuple[str, str], ...] = (
    ("nomic-ai/nomic-embed-text-v1*", "nomic-ai/nomic-bert-2048"),
    ("Snowflake/snowflake-arctic-embed-m-long", "nomic-ai/nomic-bert-2048"),
    ("jinaai/jina-embeddings-v2-base-code", "jinaai/jina-bert-v2-qk-post-norm"),
    ("jinaai/jina-embeddings-v2-*", "jinaai/jina-bert-implementation"),
    ("jinaai/jina-embeddings-v3", "jinaai/xlm-roberta-flash-implementation"),
    ("Alibaba-NLP/gte-*-en-v1.5", "Alibaba-NLP/new-impl"),
    ("Alibaba-NLP/gte-multilingual-base", "Alibaba-NLP/new-impl"),
)


def code_repository(ids: tuple[str, ...]) -> str:
    """The one repository that holds the code of all these models, or ""."""
    found = {_of(name) for name in ids}
    return found.pop() if len(found) == 1 else ""


def _of(name: str) -> str:
    return next((code for glob, code in _CODE if fnmatchcase(name, glob)), "")
