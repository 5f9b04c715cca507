"""What the command lines of the ecosystem's tools mean, as data.

Read from the tools' own sources: vLLM 0.11 (`vllm/engine/arg_utils.py`,
`entrypoints/openai/cli_args.py`), text-generation-inference 3.3 (`launcher/src/main.rs`), LoRAX
0.12 (`launcher/src/main.rs`), SGLang 0.5 (`srt/server_args.py`), TRL 0.24 (`scripts/`,
`trainer/model_config.py`), LLaMA-Factory 0.9 (`hparams/`), axolotl 0.13 (`cli/main.py`), ms-swift
4.0 (`arguments/`, `cli/main.py`), lm-evaluation-harness 0.4.9 (`__main__.py`,
`models/huggingface.py`), huggingface_hub 1.0 (`cli/download.py`), diffusers 0.35
(`examples/*/train_*_lora*.py`), llama.cpp b6000 (`convert_lora_to_gguf.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from loralint.catalog.patterns import fits

Names = MappingProxyType[str, str]


def _names(**roles: str) -> Names:
    """Flags by the role that they give, several apart by spaces, each under its role."""
    return MappingProxyType({flag: role for role, flags in roles.items() for flag in flags.split()})


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, or one subcommand of it.

    `heads` are the words that it begins with; `modules` what `python -m` runs, `scripts` the files
    that Python runs, wherever they lie, `image` the name of the container whose entrypoint it is.
    `flags` give each flag (without dashes, `_` for `-`) its role; `environment` does so for
    variables. `position` is the role of the first plain word. `pairs` is a flag whose value is
    `name=value,name=value`, of which `flags` tells the roles. `recipe` tells that the first plain
    word may be a configuration file. `shared` tells that the revision holds for the tokenizer, too,
    and `adapter_revision` that it does for the adapters. `full` are the flags and values with which
    the whole model is trained; where `adapter_only` names a flag, that flag makes it an adapter.
    `adapter_at` tells that adapters may be written `id@revision`. `hub` is where it loads from
    unless told otherwise. `templates` is whose names of prompt templates it takes. `preferences`
    are the values of the role `preference` that make it a run which compares with a reference,
    `no_reference` those of `loss` with which it needs none.
    """

    name: str
    artifact: str = "base-model"
    heads: tuple[tuple[str, ...], ...] = ()
    modules: tuple[str, ...] = ()
    scripts: str = ""
    image: str = ""
    flags: Names = field(default_factory=_names)
    environment: Names = field(default_factory=_names)
    position: str = ""
    pairs: str = ""
    recipe: bool = False
    adapter_revision: bool = False
    trains: bool = False
    merges: bool = False
    shared: bool = False
    hub: str = "huggingface"
    adapter_only: str = ""
    full: tuple[tuple[str, str], ...] = ()
    adapter_at: bool = False
    templates: str = ""
    preferences: tuple[str, ...] = ()
    no_reference: tuple[str, ...] = ()


_QUANTISED = _names(load_in_4bit="load_in_4bit", load_in_8bit="load_in_8bit")
_VLLM = _names(
    model="model", revision="revision", tokenizer="tokenizer", code_revision="code_revision",
    tokenizer_revision="tokenizer_revision", adapters="lora_modules", enable_lora="enable_lora",
    quantization="quantization q", dtype="dtype", trust_remote_code="trust_remote_code",
    template="chat_template",
)  # fmt: skip
_TGI = _names(
    adapters="lora_adapters",
    model="model_id", revision="revision", quantization="quantize", dtype="dtype",
    trust_remote_code="trust_remote_code",
)  # fmt: skip
_TGI_ENVIRONMENT = _names(
    model="MODEL_ID", revision="REVISION", adapters="LORA_ADAPTERS", quantization="QUANTIZE",
    trust_remote_code="TRUST_REMOTE_CODE",
)  # fmt: skip
_SGLANG = _names(
    model="model_path model", revision="revision", tokenizer="tokenizer_path", dtype="dtype",
    adapters="lora_paths", enable_lora="enable_lora", quantization="quantization",
    trust_remote_code="trust_remote_code", template="chat_template",
)  # fmt: skip
_TRL = MappingProxyType({
    **_names(model="model_name_or_path", revision="model_revision", output="output_dir",
             dtype="dtype torch_dtype", trust_remote_code="trust_remote_code", lora="use_peft",
             quant_type="bnb_4bit_quant_type", double="use_bnb_nested_quant"),
    **_QUANTISED,
})  # fmt: skip
_FACTORY = _names(
    model="model_name_or_path", revision="model_revision", adapters="adapter_name_or_path",
    output="output_dir export_dir", dtype="infer_dtype", trust_remote_code="trust_remote_code",
    method="finetuning_type", bits="quantization_bit", quant_type="quantization_type",
    double="double_quantization", quant_method="quantization_method",
    template="template", preference="stage", reference="ref_model create_new_adapter",
    loss="pref_loss",
)  # fmt: skip
_SWIFT = _names(
    model="model model_id_or_path", revision="model_revision", output="output_dir",
    adapters="adapters ckpt_dir", dtype="torch_dtype", method="tuner_type train_type",
    bits="quant_bits quantization_bit", use_hf="use_hf", quant_type="bnb_4bit_quant_type",
    double="bnb_4bit_use_double_quant", quant_method="quant_method",
    template="template", preference="rlhf_type", reference="ref_adapters ref_model",
)  # fmt: skip
_AXOLOTL = _names(
    model="base_model", revision="revision_of_model", tokenizer="tokenizer_config",
    output="output_dir", adapters="lora_model_dir", trust_remote_code="trust_remote_code",
    load_in_4bit="load_in_4bit", load_in_8bit="load_in_8bit", method="adapter",
    template="chat_template",
)  # fmt: skip
_EVAL = _names(
    model="pretrained", revision="revision", tokenizer="tokenizer", adapters="peft lora_local_path",
    dtype="dtype", trust_remote_code="trust_remote_code", load_in_4bit="load_in_4bit",
    load_in_8bit="load_in_8bit", code_revision="code_revision", backend="model",
    tokenizer_revision="tokenizer_revision", quant_type="bnb_4bit_quant_type",
    double="bnb_4bit_use_double_quant",
)  # fmt: skip
_DOWNLOAD = _names(
    revision="revision", repo_type="repo_type", local="local_dir", file="include exclude filename"
)
_EXAMPLES = _names(
    model="pretrained_model_name_or_path pretrained_teacher_model", revision="revision",
    output="output_dir",
)  # fmt: skip
_TO_GGUF = _names(model="base base_model_id")
_FULL = (("method", "full"), ("method", "freeze"))


def _heads(program: str, *commands: str) -> tuple[tuple[str, ...], ...]:
    return tuple((program, command) for command in commands)


TOOLS: tuple[Tool, ...] = (
    Tool("vllm serve", "engine", heads=(("vllm", "serve"),), position="model", flags=_VLLM,
         templates="vLLM"),
    Tool("vllm", "engine", heads=_heads("vllm", "chat", "complete", "bench", "run-batch"),
         flags=_VLLM, templates="vLLM"),
    Tool("vllm.entrypoints", "engine", flags=_VLLM, templates="vLLM",
         modules=("vllm.entrypoints.openai.api_server", "vllm.entrypoints.api_server"),
         image="vllm-openai"),
    Tool("text-generation-launcher", "engine", heads=(("text-generation-launcher",),),
         image="text-generation-inference", flags=_TGI,
         environment=_TGI_ENVIRONMENT, adapter_at=True),
    Tool("text-generation-server", "engine", heads=_heads("text-generation-server", "serve"),
         position="model", flags=_TGI, adapter_at=True),
    Tool("text-generation-server download-weights", "file", position="model", flags=_TGI,
         adapter_at=True,
         heads=_heads("text-generation-server", "download-weights")),
    Tool("lorax-launcher", "engine", heads=(("lorax-launcher",),), image="lorax",
         flags=MappingProxyType({**_TGI, "adapter_id": "adapters"}),
         environment=_names(model="MODEL_ID", revision="REVISION", quantization="QUANTIZE")),
    Tool("sglang", "engine", heads=(("sglang", "serve"),), modules=("sglang.launch_server",),
         flags=_SGLANG, templates="SGLang"),
    Tool("trl", heads=_heads("trl", "sft", "dpo", "kto", "grpo", "reward", "rloo", "orpo", "cpo"),
         flags=_TRL, trains=True, shared=True, adapter_only="lora"),
    Tool("trl vllm-serve", "engine", heads=(("trl", "vllm-serve"),), flags=_VLLM, templates="vLLM"),
    Tool("llamafactory-cli train", heads=_heads("llamafactory-cli", "train"), flags=_FACTORY,
         recipe=True, trains=True, shared=True, adapter_revision=True, full=_FULL,
         templates="LLaMA-Factory", preferences=("dpo", "kto"), no_reference=("orpo", "simpo")),
    Tool("llamafactory-cli", flags=_FACTORY, recipe=True, shared=True, adapter_revision=True,
         templates="LLaMA-Factory",
         merges=True, heads=_heads("llamafactory-cli", "export")),
    Tool("llamafactory-cli", flags=_FACTORY, recipe=True, shared=True, adapter_revision=True,
         templates="LLaMA-Factory",
         heads=_heads("llamafactory-cli", "chat", "api", "webchat", "eval")),
    Tool("axolotl", heads=_heads("axolotl", "train"), modules=("axolotl.cli.train",),
         flags=_AXOLOTL, recipe=True, trains=True, shared=True, templates="axolotl"),
    Tool("axolotl", heads=_heads("axolotl", "inference", "evaluate", "vllm-serve"),
         modules=("axolotl.cli.inference",), flags=_AXOLOTL, recipe=True, shared=True,
         templates="axolotl"),
    Tool("axolotl merge-lora", heads=_heads("axolotl", "merge-lora"), flags=_AXOLOTL, recipe=True,
         modules=("axolotl.cli.merge_lora",), shared=True, merges=True),
    Tool("swift", heads=(*_heads("swift", "sft", "pt", "rlhf"),
                         *_heads("megatron", "sft", "pt", "rlhf")),
         modules=("swift.cli.sft", "swift.cli.pt", "swift.cli.rlhf"),
         flags=_SWIFT, recipe=True, trains=True, shared=True, hub="modelscope", full=_FULL,
         templates="ms-swift", preferences=("dpo", "kto")),
    Tool("swift", heads=_heads("swift", "infer", "deploy", "app", "eval", "rollout", "sample"),
         flags=_SWIFT, recipe=True, shared=True, hub="modelscope", templates="ms-swift"),
    Tool("swift export", heads=(*_heads("swift", "export", "merge-lora"),
                                *_heads("megatron", "export")),
         flags=_SWIFT, recipe=True, shared=True, hub="modelscope", merges=True),
    Tool("lm_eval", heads=(("lm_eval",), ("lm-eval",)), modules=("lm_eval",), pairs="model_args",
         flags=_EVAL, shared=True, adapter_revision=True),
    Tool("hf download", "file", heads=(("hf", "download"), ("huggingface-cli", "download")),
         position="model", flags=_DOWNLOAD),
    Tool("diffusers examples", flags=_EXAMPLES, trains=True, shared=True,
         scripts="train_{,*_}lora{,_*}"),
    Tool("llama.cpp convert_lora_to_gguf", flags=_TO_GGUF, position="adapters",
         scripts="convert_lora_to_gguf convert_{,lora_}to_gguf_lora"),
)  # fmt: skip

BACKENDS = MappingProxyType({"hf": "base-model", "huggingface": "base-model",
                             "hf-auto": "base-model", "hf-causal": "base-model",
                             "hf-seq2seq": "base-model", "hf-multimodal": "base-model",
                             "vllm": "engine", "sglang": "engine",
                             "vllm-vlm": "engine"})  # fmt: skip
"""The backends of lm_eval that load what `pretrained=` names."""

PREFIXES: frozenset[str] = frozenset(
    """sudo env nohup time exec srun mpirun mpiexec timeout nice ionice numactl taskset stdbuf
    setsid command xargs uv poetry pipenv conda mamba micromamba pdm hatch rye pixi docker podman
    nerdctl docker-compose singularity apptainer kubectl parallel screen tmux caffeinate unbuffer
    gosu tini dumb-init ray watch doppler dotenv op infisical winpty""".split()
)
"""Programs that run another one, which stands further on in their words."""

SHELLS: frozenset[str] = frozenset("bash sh zsh dash /bin/bash /bin/sh".split())
"""Programs that run the text behind `-c`."""

LAUNCHERS: frozenset[str] = frozenset(
    "accelerate torchrun deepspeed torch.distributed.run torch.distributed.launch".split()
)
"""Programs that run a Python script with the words behind it."""


class Taking(Enum):
    """What a function of Python that starts a command is given."""

    SHELL = auto()
    """Texts for the shell."""
    LIST = auto()
    """A list of words, or a text."""
    WORDS = auto()
    """The words, each as an argument."""
    FILE_AND_WORDS = auto()
    """What is run, and behind it the words with what it is called."""


STARTERS = MappingProxyType({
    "system": Taking.SHELL, "popen": Taking.SHELL, "getoutput": Taking.SHELL,
    "getstatusoutput": Taking.SHELL, "create_subprocess_shell": Taking.SHELL,
    "subprocess_shell": Taking.SHELL, "run_commands": Taking.SHELL,
    "run": Taking.LIST, "Popen": Taking.LIST, "call": Taking.LIST, "check_call": Taking.LIST,
    "check_output": Taking.LIST, "run_process": Taking.LIST, "open_process": Taking.LIST,
    "create_subprocess_exec": Taking.WORDS, "subprocess_exec": Taking.WORDS,
    "execl": Taking.FILE_AND_WORDS, "execlp": Taking.FILE_AND_WORDS,
})  # fmt: skip
"""Functions of Python that start a command, by their last name, with what they are given."""

VALUELESS: frozenset[str] = frozenset(
    """enable_lora trust_remote_code use_peft load_in_4bit load_in_8bit multi_gpu use_deepspeed
    use_fsdp cpu mps standalone no_python quiet debug isolated""".split()
)
"""Flags that stand alone."""

OFFLINE: frozenset[str] = frozenset({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"})
"""Variables with which nothing is fetched."""

TRUE: frozenset[str] = frozenset({"1", "true", "yes", "on"})
"""What a variable says that is switched on, in small letters."""

OPTIONS: tuple[str, ...] = (
    "trust_remote_code", "dtype", "load_in_4bit", "load_in_8bit", "code_revision",
    "tokenizer_revision", "enable_lora",
)  # fmt: skip
"""The roles that are options of the load (`catalog/options.py`)."""

BITS = MappingProxyType({"4": "load_in_4bit", "8": "load_in_8bit"})
"""Options by the number of bits that a flag asks for."""

FOUR_BITS = MappingProxyType({
    "trl": ("nf4", False), "llamafactory-cli": ("nf4", True), "axolotl": ("nf4", True),
    "swift": ("nf4", True),
})  # fmt: skip
"""The type with which programs quantise to 4 bits, and whether doubly, unless told otherwise.

The others leave it to transformers: fp4, once.
"""

BITSANDBYTES = frozenset({"", "bnb", "bitsandbytes"})
"""How the method is called that quantises to these bits; others have types of their own."""

_PYTHON = re.compile(r"(.*/)?(python|pypy|ipython)[\d.]*w?(\.exe)?")
_RECIPE = re.compile(r".+\.(ya?ml|json|toml)")


def is_python(word: str) -> bool:
    """Whether a program is a Python interpreter."""
    return _PYTHON.fullmatch(word) is not None


def runs_another(program: str) -> bool:
    """Whether a program runs another one."""
    return program.rpartition("/")[2] in PREFIXES


def is_recipe(word: str) -> bool:
    """Whether a word names a configuration file."""
    return _RECIPE.fullmatch(word) is not None


def role_name(flag: str) -> str:
    """A flag without dashes, spelt with `_`."""
    return flag.lstrip("-").replace("-", "_")


def tool_at(words: tuple[str, ...], index: int) -> tuple[Tool, int] | None:
    """The tool that the words from `index` on begin with, and how many words its name takes."""
    program = words[index].rpartition("/")[2]
    for tool in TOOLS:
        for head in tool.heads:
            if program == head[0] and words[index + 1 : index + len(head)] == head[1:]:
                return tool, len(head)
    return None


def tool_of_module(module: str) -> Tool | None:
    """The tool that `python -m` runs."""
    return next((tool for tool in TOOLS if module in tool.modules), None)


def tool_of_script(path: str) -> Tool | None:
    """The tool that a Python file is, by its name: a copy of an example, or a library's."""
    name = path.rpartition("/")[2].removesuffix(".py").replace("-", "_")
    return next((tool for tool in TOOLS if tool.scripts and fits(tool.scripts, name)), None)


def tool_of_image(image: str) -> Tool | None:
    """The tool that is a container's entrypoint."""
    name = re.split("[:@]", image.rpartition("/")[2])[0]
    return next((tool for tool in TOOLS if tool.image and tool.image == name), None)


def four_bits(tool: Tool) -> tuple[str, bool]:
    """The type with which a tool quantises to 4 bits, and whether doubly."""
    return FOUR_BITS.get(tool.name.partition(" ")[0], ("fp4", False))
