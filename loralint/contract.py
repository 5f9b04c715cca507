"""The contract of an adapter: `loralint.json`, what it was trained on, written when it is saved.

Plain data, one way in and one way out. A version that this loralint does not know is refused: a
field that is not understood would be a promise that nobody checks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

NAME = "loralint.json"
"""The contract's file name inside an adapter folder."""

VERSION: Literal[1] = 1
SCHEMA = "https://json-schema.org/draft/2020-12/schema"

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Sha1 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}$")]
Count = Annotated[int, msgspec.Meta(ge=0)]


class ContractError(Exception):
    """The contract cannot be used; the message says why and what to do."""


class _Part(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Base of everything below: what is not known is an error, never ignored."""


class FileHash(_Part, frozen=True, kw_only=True):
    """A file by its content: SHA-256 (the name of a large file in the Hub's cache) or git's SHA-1
    of a blob (the name of a small one there); `size` in bytes.
    """

    size: Count
    sha256: Sha256 | None = None
    git: Sha1 | None = None


class Code(_Part, frozen=True, kw_only=True):
    """Remote code that the model ran: where it came from, and the files by name.

    `requested` is the `code_revision` that was asked for, `commit` the one that ran.
    """

    repository: str | None = None
    requested: str | None = None
    commit: Sha1 | None = None
    files: dict[str, FileHash] = {}


class Base(_Part, frozen=True, kw_only=True):
    """The base model: its id or folder, the revision asked for, the commit that it was, its files.

    `requested` is None where no revision was given; `commit` is None for a folder, and where it
    could not be found out (`Contract.skipped` says why).
    """

    id: str
    kind: Literal["hub", "folder", "unknown"]
    requested: str | None = None
    commit: Sha1 | None = None
    config: dict[str, FileHash] = {}
    weights: dict[str, FileHash] = {}
    code: Code | None = None


class Quantization(_Part, frozen=True, kw_only=True):
    """How the base was quantised: `method` is nf4, fp4, int8 or another library's name.

    `compute_dtype` and `storage` are plain dtype names; `double` is bitsandbytes' double
    quantisation.
    """

    method: str
    double: bool = False
    compute_dtype: str | None = None
    storage: str | None = None


class Loading(_Part, frozen=True, kw_only=True):
    """How the base was loaded: its class, the task, dtype ("bfloat16") and quantisation."""

    model_class: str
    task_type: str | None = None
    dtype: str | None = None
    quantization: Quantization | None = None
    remote_code: bool = False
    vocabulary: Count | None = None


class Tokenizer(_Part, frozen=True, kw_only=True):
    """A tokenizer by what it does: hashes of its vocabulary and pipeline, of its special tokens
    and of its chat template; `length` counts the tokens, added ones included.
    """

    tokenizer_class: str
    length: Count
    vocabulary: Sha256
    special_tokens: Sha256
    chat_template: Sha256 | None = None


class TensorHash(_Part, frozen=True, kw_only=True):
    """A tensor of the adapter: safetensors' dtype ("F32"), shape, SHA-256 of its bytes."""

    dtype: str
    shape: tuple[Count, ...]
    sha256: Sha256


class Adapter(_Part, frozen=True, kw_only=True):
    """The adapter by content: all of adapter_config.json, and each tensor of the file `weights`."""

    config: dict[str, Any]
    weights: str
    tensors: dict[str, TensorHash]


class Golden(_Part, frozen=True, kw_only=True):
    """What the model answers to fixed token ids, the adapter on.

    `token_ids` has shape (rows, length). `values` are the logits (the last hidden state where a
    model has none) at the entries `columns` of the last dimension: float32, little-endian, of
    shape `shape` = (rows, positions, columns), in base64. `sha256` is that of all logits as they
    were computed. `effect` and `largest_effect` are the mean and the largest absolute difference
    that the adapter makes to `values`. `device` is "cpu" or "cuda".
    """

    token_ids: tuple[tuple[Count, ...], ...]
    output: Literal["logits", "last_hidden_state"]
    shape: tuple[Count, Count, Count]
    columns: tuple[Count, ...]
    values: bytes
    sha256: Sha256
    effect: Annotated[float, msgspec.Meta(ge=0)]
    largest_effect: Annotated[float, msgspec.Meta(ge=0)]
    device: str


class Contract(_Part, frozen=True, kw_only=True):
    """Everything that an adapter was trained on.

    `versions` are those of Python and the libraries, by name. `skipped` names what could not be
    recorded, and why.
    """

    version: Literal[1]
    loralint: str
    base: Base
    loading: Loading
    adapter: Adapter
    versions: dict[str, str]
    tokenizer: Tokenizer | None = None
    golden: Golden | None = None
    skipped: dict[str, str] = {}


class _Head(msgspec.Struct, frozen=True):
    """What can be read of a contract of any version."""

    version: int
    loralint: str = "another loralint"


def parse(content: bytes) -> Contract:
    """Read a contract; ContractError where it is none, is damaged, or is of another version."""
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(
            f"{NAME} is no contract: {error}; run `loralint record` again"
        ) from None
    if head.version != VERSION:
        raise ContractError(_other_version(head))
    try:
        return msgspec.json.decode(content, type=Contract)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ContractError(f"{NAME} is damaged: {error}; run `loralint record` again") from None


def _other_version(head: _Head) -> str:
    newer = head.version > VERSION
    advice = "update loralint" if newer else "run `loralint record` again"
    return (
        f"{NAME} has version {head.version}, written by {head.loralint[:40]!r},"
        f" and this loralint reads version {VERSION}: {advice}"
    )


def serialise(contract: Contract) -> bytes:
    """Write a contract: JSON with sorted keys, two spaces deep, with a newline at the end.

    Two contracts are equal exactly where their bytes are.
    """
    encoded = msgspec.json.encode(contract, order="deterministic")
    return msgspec.json.format(encoded, indent=2) + b"\n"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `loralint.json`, as `docs/contract.schema.json` publishes it."""
    from inspect import cleandoc

    schema = msgspec.json.schema(Contract)
    for described in schema["$defs"].values():
        if "description" in described:  # Python 3.13 has no indentation in docstrings
            described["description"] = cleandoc(described["description"])
    return {"$schema": SCHEMA, "title": "The contract of a LoRA adapter", **schema}
