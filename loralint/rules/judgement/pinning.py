"""Which loads must be pinned, and how firmly a revision pins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.facts import ABSENT, RECORDED, Absent, Default, Known, Value
from loralint.project import Load, Project
from loralint.refs import RevisionKind, is_repo_id, is_sentence_transformer, kind_of
from loralint.rules.judgement.values import is_true, leaves, origin, texts

WEIGHTS_AND_MORE = frozenset(
    """base-model model tokenizer processor config pipeline engine embedding file other""".split()
)
"""What LOR101 judges: everything that decides what a model is, but adapters and datasets."""

ABSENT_ONLY: frozenset[RevisionKind] = frozenset({"absent"})
COMMIT_ONLY: frozenset[RevisionKind] = frozenset({"commit"})
REFERENCES: frozenset[RevisionKind] = frozenset({"branch-or-tag", "pull-request"})
PINS: frozenset[RevisionKind] = REFERENCES | {"commit", "abbreviated"}

_FORMAT_BRANCH = re.compile(
    r"(fp|float|bf|bfloat|int)-?\d+|onnx|openvino|flax|tf|gguf|gptq.*|awq.*|\d+-?bits?.*|non-?ema",
    re.IGNORECASE,
)
_HUB_PREFIX = re.compile(r"^hf[-_]hub:")


def kinds(value: Value) -> frozenset[RevisionKind]:
    """How the options of a revision pin."""
    return frozenset(_kind(leaf) for leaf in leaves(value))


def _kind(leaf: Value) -> RevisionKind:
    if isinstance(leaf, Absent):
        return "absent"
    if isinstance(leaf, Default) and leaf.value is None:
        return "forwarded"
    if isinstance(leaf, (Known, Default)):
        text = leaf.value
        return kind_of(text if text is None else str(text))
    return "forwarded" if origin(leaf) else "unknown"


def are(value: Value, wanted: frozenset[RevisionKind]) -> bool:
    """Whether every option of a revision is of one of the wanted kinds."""
    return kinds(value) <= wanted


def is_pinned(value: Value) -> bool:
    """Whether a revision certainly names something else than the default branch."""
    return are(value, PINS)


def is_unpinned(value: Value) -> bool:
    """Whether a revision certainly is the default branch, whoever runs the code."""
    return not any(isinstance(leaf, Default) for leaf in leaves(value)) and are(
        value, frozenset({"absent", "default-branch"})
    )


def is_format_branch(text: str) -> bool:
    """Whether a branch is named for how the same weights are stored (`fp16`, `onnx`)."""
    return _FORMAT_BRANCH.fullmatch(text) is not None


def hub_ids(load: Load) -> tuple[str, ...]:
    """The Hub ids that a load names: all options of a choice, or nothing."""
    if load.local:
        return ()
    names = tuple(_HUB_PREFIX.sub("", text) for text in texts(load.site.repo_id))
    return names if names and all(_is_hub_id(load, name) for name in names) else ()


def _is_hub_id(load: Load, name: str) -> bool:
    if load.site.artifact == "embedding" and is_sentence_transformer(name):
        return True
    return is_repo_id(name)


def full_id(load: Load, name: str) -> str:
    """An id as the Hub has it: sentence-transformers leaves out its own organisation."""
    if load.site.artifact == "embedding" and "/" not in name and is_sentence_transformer(name):
        return f"sentence-transformers/{name}"
    return name


def hub_loads(project: Project) -> Iterator[tuple[Load, tuple[str, ...]]]:
    """The loads that certainly go to the Hub, with their ids that a policy lets us judge.

    What an adapter folder records is not among them: that it names no revision is LOR401.
    """
    for load in project.loads:
        ids = judged_ids(project, load) if load.site.loader != RECORDED else ()
        if ids:
            yield load, ids


def judged_ids(project: Project, load: Load) -> tuple[str, ...]:
    """The Hub ids of a load but those for which any revision will do."""
    if is_true(load.option("local_files_only")):
        return ()
    return tuple(name for name in hub_ids(load) if project.config.policy(name) != "any")


def is_local(load: Load) -> bool:
    """Whether a load certainly reads a folder of this machine."""
    names = texts(load.site.repo_id)
    plain = (_HUB_PREFIX.sub("", name) for name in names)
    return load.local or (bool(names) and not any(_is_hub_id(load, name) for name in plain))


def is_waived(project: Project, load: Load) -> bool:
    """Whether a policy says of every id of a load that any revision will do."""
    ids = hub_ids(load)
    return bool(ids) and all(project.config.policy(name) == "any" for name in ids)


def subject_of(load: Load) -> str:
    """What identifies the load in a baseline: its repo id, where it is known."""
    names = hub_ids(load) or texts(load.site.repo_id)
    return names[0] if names else ""


def adapter_revision(load: Load) -> Value:
    """The revision that an adapter is loaded at."""
    revision = load.site.revision
    if revision != ABSENT:
        return revision
    return load.option("adapter_kwargs.revision")
