"""Which configuration goes on which base, and what PEFT's tests leave out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

import peft

from adapters.bases import NAMED
from adapters.suite import Row

DECODERS = ("llama-64", "gpt2-60", "opt-64", "qwen2-tied-96", "gemma3-64", "gptj-48", "llama-80",
            "gpt2-64", "bloom-64", "phi3-64", "mixtral-64", "opt-40", "qwen2-tied-64", "bloom-40",
            "mamba-64", "gpt-oss-64")  # fmt: skip
LINEAR = ("llama-64", "llama-80", "opt-64", "bert-64", "phi3-64", "opt-40", "qwen2-tied-64",
          "roberta-48", "gptj-48", "vit-64", "deberta-v2-64", "gemma3-64", "t5-64", "mamba-64",
          "bart-48", "whisper-64")  # fmt: skip
ENCODERS = ("bert-64", "roberta-48", "deberta-v2-64")
SEQ2SEQ = ("t5-64", "bart-48")
EXPERTS = ("mixtral-64", "gpt-oss-64")
BY_FILE = {"vision_models": ("resnet",), "target_parameters": EXPERTS}
BY_TASK = {
    "CAUSAL_LM": DECODERS,
    "SEQ_2_SEQ_LM": SEQ2SEQ,
    "SEQ_CLS": ENCODERS,
    "TOKEN_CLS": ENCODERS,
    "FEATURE_EXTRACTION": ENCODERS,
}
BY_PLACE = {
    "conv1d": ("gpt2-64", "gpt2-60", "whisper-64", "mamba-64"),
    "conv2d": ("resnet", "vit-64"),
    "conv3d": ("videomae-64",),
}
"""The bases that have what a small model of PEFT's tests has."""

MANY = {"decoder_models": 2}
"""On how many bases each configuration of a file goes; 1 where nothing is said."""

LEFT_OUT = ("torch_compile", "stablediffusion", "quantization", "custom_models.MULTIPLE",
            "custom_models.MIXED")  # fmt: skip
"""Lists that say in other words what the others say, or need other libraries."""


@dataclass(frozen=True)
class Job:
    """An adapter that is to be made: a configuration, and the bases to try, best first."""

    name: str
    source: str
    config: type
    given: dict[str, Any]
    bases: tuple[str, ...]
    task: str | None
    more: dict[str, Any] = field(default_factory=dict)


def jobs(rows: list[Row], many: int | None = None) -> list[Job]:
    """Every adapter that is to be made; `many` bases for each configuration, if it is given.

    In an order that is the same every time and mixes the types: the first hundred show the most.
    """
    turn = itertools.count()
    rows = _once([row for row in rows if not row.source.startswith(LEFT_OUT)])
    made = [job for row in rows for job in _placed(row, turn, many)]
    every = [*made, *_missing_types(made), *_further()]
    return sorted(every, key=lambda job: sha1(job.name.encode()).digest())


def _once(rows: list[Row]) -> list[Row]:
    """Without the rows that name one module in another way than a row before them."""
    kept: dict[str, Row] = {}
    for row in rows:
        plain = {**row.given, "target_modules": _plainly(row.given.get("target_modules"))}
        told = repr((row.source.split("[")[0], row.config.__name__, sorted(plain.items(), key=str)))
        kept.setdefault(re.sub(r" at 0x\w+", "", told), row)
    return list(kept.values())


def _plainly(targets: Any) -> Any:
    """`lin0`, `["lin0"]` and `["lin1"]` are one layer of a model."""
    return "one" if targets in ("lin0", ["lin0"], "lin1", ["lin1"]) else targets


def _placed(row: Row, turn: Iterator[int], many: int | None) -> Iterator[Job]:
    file = row.source.split(".")[0]
    task = row.given.get("task_type")
    task = str(getattr(task, "value", task)) if task is not None else None
    candidates = _candidates(row, file, task)
    for _ in range(min(many or MANY.get(file, 1), len(candidates))):
        start = next(turn) % len(candidates)
        bases = (*candidates[start:], *candidates[:start])
        name = f"{row.source}-{row.config.__name__.removesuffix('Config')}-{bases[0]}"
        yield Job(name, row.source, row.config, row.given, bases, task)


def _candidates(row: Row, file: str, task: str | None) -> tuple[str, ...]:
    words = str(row.given)
    fitting = BY_FILE.get(file) or BY_TASK.get(str(task))
    return fitting or next((BY_PLACE[place] for place in BY_PLACE if place in words), LINEAR)


def arguments(job: Job, base: str) -> dict[str, Any]:
    """The configuration's arguments with the names that the base's modules have."""
    places = NAMED[base].places
    names = {"lin0": places["lin0"] if "lin0" in places else places.get("conv2d", "lin0"),
             "lin1": places.get("lin1", "lin1"), "emb": places.get("emb", "emb"),
             "linear1": places.get("lin0", ""), "linear2": places.get("lin1", ""),
             "embedding": places.get("emb", ""), "layernorm0": places.get("norm", "layernorm0"),
             "layernorm1": places.get("norm1", "layernorm1"),
             "conv1d": places.get("conv1d-transformers", places.get("conv1d", "conv1d")),
             "conv2d": places.get("conv2d", "conv2d"), "conv3d": places.get("conv3d", "conv3d"),
             "lin0.weight": f"{places.get('lin0')}.weight",
             "lin1.weight": f"{places.get('lin1')}.weight"}  # fmt: skip
    if base in EXPERTS:
        names |= {f"feed_forward.experts.{one}": f"mlp.experts.{one}"
                  for one in ("down_proj", "gate_up_proj")}  # fmt: skip
        names |= {f"{layer}.feed_forward.experts.{one}": f"{layer}.mlp.experts.{one}"
                  for layer in (0, 1) for one in ("down_proj", "gate_up_proj")}  # fmt: skip
    given = {key: _renamed(value, names) for key, value in job.given.items()}
    if given.get("target_modules") == []:
        return given
    if "target_modules" in given and given["target_modules"] is None:
        del given["target_modules"]
    return given


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, (list, tuple)):
        return [_renamed(one, names) for one in value if one not in names or names[one]]
    if isinstance(value, set):
        return {_renamed(one, names) for one in value}
    if isinstance(value, dict):
        return {_renamed(key, names): one for key, one in value.items()}
    if hasattr(value, "target_modules_bd_a"):  # a configuration within the configuration
        for name in ("target_modules_bd_a", "target_modules_bd_b"):
            setattr(value, name, _renamed(getattr(value, name), names))
    return value


def _missing_types(made: list[Job]) -> Iterator[Job]:
    """A plain configuration for each type that no list has."""
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    listed = {job.config for job in made}
    for kind, config in PEFT_TYPE_TO_CONFIG_MAPPING.items():
        if config in listed:
            continue
        given = PLAIN.get(kind.value, {})
        yield Job(f"plain-{kind.value}", "plain", config, {"task_type": "CAUSAL_LM", **given},
                  ("llama-64",), "CAUSAL_LM", MORE.get(kind.value, {}))  # fmt: skip


PLAIN: dict[str, dict[str, Any]] = {
    "ADAPTION_PROMPT": {"adapter_len": 4, "adapter_layers": 2},
    "CARTRIDGE": {"num_virtual_tokens": 4},
    "MULTITASK_PROMPT_TUNING": {"num_virtual_tokens": 4, "num_tasks": 3},
    "POLY": {"n_tasks": 3, "n_skills": 2, "r": 4, "target_modules": ["q_proj", "v_proj"]},
}
MORE: dict[str, dict[str, Any]] = {
    "MULTITASK_PROMPT_TUNING": {"task_ids": [0, 1]},
    "POLY": {"task_ids": [0, 1]},
}
"""What a type is asked beside the tokens."""


def _further() -> Iterator[Job]:
    """What people do and no list has."""
    lora: dict[str, Any] = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}
    for name, base, given in FURTHER:
        config: Callable[..., Any] = peft.LoraConfig
        task = given.get("task_type", "CAUSAL_LM")
        yield Job(f"further-{name}-{base}".replace(" ", "-"), "further", config,
                  {**lora, "task_type": task, **given}, (base,), task)  # fmt: skip
    adaptive = {"target_modules": ["q_proj", "v_proj"], "init_r": 6, "target_r": 2, "tinit": 1,
                "tfinal": 1, "deltaT": 1, "total_step": 4, "task_type": "CAUSAL_LM"}  # fmt: skip
    for base in ("llama-64", "llama-80"):
        yield Job(f"further-allocated-AdaLoRA-{base}", "further", peft.AdaLoraConfig, adaptive,
                  (base,), "CAUSAL_LM", {"allocate": True})  # fmt: skip


FURTHER: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("rsLoRA", "llama-80", {"use_rslora": True}),
    ("rank pattern with ^", "llama-64", {"rank_pattern": {r"^model.layers.0.self_attn.q_proj": 2}}),
    (
        "rank and alpha patterns",
        "opt-64",
        {"rank_pattern": {"q_proj": 8}, "alpha_pattern": {r"layers\.1\..*v_proj": 32}},
    ),
    ("all-linear", "llama-64", {"target_modules": "all-linear"}),
    ("all-linear", "phi3-64", {"target_modules": "all-linear"}),
    ("targets by regular expression", "qwen2-tied-64", {"target_modules": r".*\.1\..*_proj"}),
    ("layers to transform", "gemma3-64", {"layers_to_transform": [1]}),
    ("layer replication", "llama-64", {"layer_replication": [[0, 2], [1, 2]]}),
    ("head saved", "llama-64", {"modules_to_save": ["lm_head"]}),
    ("table and head saved", "llama-80", {"modules_to_save": ["embed_tokens", "lm_head"]}),
    ("table saved, tied", "qwen2-tied-64", {"modules_to_save": ["embed_tokens"]}),
    (
        "tied table with ensure_weight_tying",
        "qwen2-tied-96",
        {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
    ),
    ("tied tokens", "qwen2-tied-64", {"trainable_token_indices": [3, 5]}),
    (
        "tied tokens with ensure_weight_tying",
        "qwen2-tied-96",
        {"trainable_token_indices": [3, 5], "ensure_weight_tying": True},
    ),
    ("tied tokens", "gemma3-64", {"trainable_token_indices": [3, 5]}),
    ("tied tokens", "gpt2-64", {"trainable_token_indices": [3, 5], "target_modules": ["c_attn"]}),
    (
        "tied tokens",
        "bloom-64",
        {"trainable_token_indices": [3, 5], "target_modules": ["query_key_value"]},
    ),
    ("tied tokens", "opt-64", {"trainable_token_indices": [3, 5]}),
    ("tokens", "llama-64", {"trainable_token_indices": {"embed_tokens": [1, 9], "lm_head": [2]}}),
    ("LoRA on a table", "llama-80", {"target_modules": ["embed_tokens", "q_proj"]}),
    ("LoRA on a tied table", "qwen2-tied-64", {"target_modules": ["embed_tokens", "q_proj"]}),
    ("LoRA on a head", "llama-64", {"target_modules": ["lm_head", "q_proj"]}),
    ("biases", "opt-64", {"bias": "lora_only"}),
    ("all biases", "opt-40", {"bias": "all"}),
    ("PiSSA", "llama-64", {"init_lora_weights": "pissa"}),
    ("OLoRA", "llama-80", {"init_lora_weights": "olora"}),
    ("orthogonal", "llama-64", {"init_lora_weights": "orthogonal"}),
    ("gaussian", "llama-80", {"init_lora_weights": "gaussian"}),
    ("MiCA", "llama-64", {"init_lora_weights": "mica"}),
    (
        "LoftQ",
        "llama-64",
        {"init_lora_weights": "loftq", "loftq_config": {"loftq_bits": 4, "loftq_iter": 1}},
    ),
    ("DoRA", "mixtral-64", {"use_dora": True}),
    ("bias of B", "llama-64", {"lora_bias": True}),
    ("QA-LoRA", "llama-64", {"use_qalora": True, "qalora_group_size": 8}),
    ("excluded modules", "llama-64", {"exclude_modules": r".*\.0\..*"}),
    ("classification", "llama-64", {"task_type": "SEQ_CLS"}),
    ("classification", "qwen2-tied-64", {"task_type": "SEQ_CLS"}),
    (
        "token classification",
        "bert-64",
        {"task_type": "TOKEN_CLS", "target_modules": ["query", "value"]},
    ),
    (
        "experts",
        "mixtral-64",
        {"target_modules": ["q_proj"], "target_parameters": ["mlp.experts.down_proj"]},
    ),
)
