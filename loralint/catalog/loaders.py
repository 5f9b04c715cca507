"""Which calls of the ecosystem load something, where their id and revision stand.

A name is looked up in its canonical form (`names.canonical`): the top package, the class and the
method, whatever module between them the code imported it from. The first entry that fits wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from loralint.facts import Scalar

PRETRAINED = ("pretrained_model_name_or_path", "model_name_or_path", "model_id", "repo_id")


@dataclass(frozen=True, slots=True)
class Loader:
    """One family of loading calls.

    `id` are the keywords that take the repo id and `position` its place among the positional
    arguments. `base` and `base_position` say which argument is the model that an adapter goes
    onto; `receiver` that it is the object whose method is called. `nested` are keywords that hold
    further keyword arguments of the load. With `text_only` a model object in the id's place makes
    the call no load. `prefix` is what marks a Hub id among other names. `defaults` are options
    that hold unless the call says otherwise. `revision` is the keyword of the revision,
    `revision_position` its place; where the call takes none, `revision_in` is the keyword of the
    dict that does, or "@" for an id that takes it behind its name.
    """

    packages: str
    pattern: str
    artifact: str
    id: tuple[str, ...] = PRETRAINED
    position: int | None = 0
    revision: str | None = "revision"
    nested: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    base_position: int | None = None
    receiver: bool = False
    hub: str = "huggingface"
    text_only: bool = False
    prefix: str = ""
    defaults: tuple[tuple[str, Scalar], ...] = ()
    revision_position: int | None = None
    revision_in: str = ""

    @property
    def revision_key(self) -> str:
        """What takes the revision, as `LoadSite.revision_key` has it."""
        if self.revision_in == "@":
            return "@"
        return f"{self.revision_in} {self.revision}".strip() if self.revision else ""


_BASE = "base-model"
_UNSLOTH = (("load_in_4bit", True),)
_SPECIAL = r"hf[-_]hub:"
_PROCESSOR = r"\w*([Pp]rocessor|FeatureExtractor)(Fast)?"

LOADERS: tuple[Loader, ...] = (
    # --- peft, and frameworks that wrap it ---
    Loader("peft", r"PeftConfig\.from_pretrained|\w+Config\.from_pretrained", "config"),
    Loader("peft", r"AutoPeft\w*\.from_pretrained", "adapter"),
    Loader("peft", r"\w+\.from_pretrained", "adapter", id=("model_id",), position=1,
           base=("model",), base_position=0),
    Loader("peft", r"\w+\.load_adapter", "adapter", id=("model_id",), receiver=True),
    Loader("swift", r"(Swift|SwiftModel)\.from_pretrained", "adapter", id=("model_id",), position=1,
           base=("model",), base_position=0, hub="modelscope", revision_position=3),
    Loader("swift", r"get_model_tokenizer|get_model_processor", _BASE,
           id=("model_id_or_path", "model"), hub="modelscope"),
    # --- unsloth ---
    Loader("unsloth", r"Fast\w+\.from_pretrained", _BASE, id=("model_name",), defaults=_UNSLOTH),
    # --- transformers and what is built like it ---
    Loader("transformers", r"pipeline", "pipeline", id=("model",), position=1, text_only=True,
           nested=("model_kwargs",)),
    Loader("transformers|diffusers", r"\w+\.load_adapter", "adapter",
           id=("peft_model_id", "pretrained_model_name_or_path_or_dict"), receiver=True,
           revision_in="adapter_kwargs"),
    Loader("transformers", r"cached_file", "file", id=("path_or_repo_id",)),
    Loader(r"transformers|pytorch_transformers|tokenizers|optimum|tokenization_\w+",
           r"((Auto|[A-Z])\w*Tokenizer(Fast|Base)?\w*|Tokenizer|MistralCommonBackend)"
           r"\.from_pretrained",
           "tokenizer", id=(*PRETRAINED, "identifier")),
    Loader("transformers|optimum", r"\w*(Processor|FeatureExtractor)(Fast)?\.from_pretrained",
           "processor"),
    Loader("transformers|optimum", r"\w*Config\.(from_pretrained|get_config_dict)", "config"),
    Loader("transformers|pytorch_transformers|optimum|adapters|ctransformers|setfit|trl|span_marker"
           "|intel_extension_for_transformers|ipex_llm|bigdl|neural_compressor|itrex",
           r"(?!\w*(Mixin|Callback|Trainer)\.)\w+\.from_pretrained", _BASE,
           id=(*PRETRAINED, "model_path_or_repo_id")),
    # --- diffusers ---
    Loader("diffusers", r"\w*(Tokenizer|Scheduler|Processor)\.from_pretrained", "config"),
    Loader("diffusers", r"\w*Pipeline\w*\.from_(pretrained|pipe)", "pipeline", text_only=True),
    Loader("diffusers", r"\w+\.from_pretrained", _BASE),
    Loader("diffusers", r"\w+\.(load_(lora_weights|attn_procs|lora_into_\w+)|lora_state_dict)",
           "adapter", id=("pretrained_model_name_or_path_or_dict",), receiver=True, text_only=True),
    Loader("diffusers", r"\w+\.(load_ip_adapter|load_textual_inversion)", "adapter",
           id=("pretrained_model_name_or_path_or_dict", "pretrained_model_name_or_path"),
           receiver=True, text_only=True),
    # --- embedding models ---
    Loader("sentence_transformers", r"SentenceTransformer|CrossEncoder|SparseEncoder", "embedding",
           id=("model_name_or_path", "model_name"), text_only=True),
    Loader("llama_index", r"HuggingFaceEmbedding\w*", "embedding",
           id=("model_name",), position=0, nested=("model_kwargs",), text_only=True),
    Loader("llama_index", r"HuggingFaceLLM", _BASE, id=("model_name",), position=None,
           nested=("model_kwargs",), text_only=True, revision_in="model_kwargs"),
    Loader(r"langchain\w*", r"HuggingFace\w*Embeddings", "embedding", id=("model_name", "model"),
           position=None, nested=("model_kwargs",), text_only=True, revision_in="model_kwargs"),
    Loader(r"langchain\w*", r"HuggingFacePipeline\.from_model_id", "pipeline", id=("model_id",),
           nested=("model_kwargs",), revision_in="model_kwargs"),
    # --- engines ---
    Loader("vllm", r"LLM|EngineArgs|AsyncEngineArgs", "engine", id=("model",)),
    Loader("vllm", r"LoRARequest", "adapter", id=("lora_path", "lora_local_path"), position=2,
           revision=None),
    Loader("sglang", r"Engine", "engine", id=("model_path",), position=None),
    # --- trainers that load what they are given the name of ---
    Loader("trl", r"\w+Trainer", _BASE, id=("model",), text_only=True,
           nested=("model_init_kwargs", "args.model_init_kwargs"),
           revision_in="args.model_init_kwargs"),
    # --- the Hub itself ---
    Loader("huggingface_hub", r"(HfApi\.)?(snapshot_download|hf_hub_download)", "file",
           id=("repo_id",)),
    Loader("huggingface_hub", r"cached_download", "file", id=("repo_id",)),
    Loader("huggingface_hub", r"\w*Mixin\.from_pretrained|from_pretrained_(keras|fastai)", _BASE),
    # --- datasets ---
    Loader("datasets", r"load_dataset|load_dataset_builder", "dataset", id=("path",)),
    Loader("datasets", r"get_dataset_\w+", "dataset", id=("path",)),
    # --- other libraries ---
    Loader("timm", r"create_model", _BASE, id=("model_name",), revision=None, prefix=_SPECIAL,
           revision_in="@"),
    Loader("open_clip", r"create_model(_and_transforms|_from_pretrained)?", _BASE,
           id=("model_name",), revision=None, prefix=_SPECIAL),
    Loader("open_clip", r"get_tokenizer", "tokenizer", id=("model_name",), revision=None,
           prefix=_SPECIAL),
    Loader("auto_gptq|gptqmodel|awq|autoawq", r"\w+\.(from_pretrained|from_quantized|load)", _BASE,
           id=("model_name_or_path", "quant_path", "model_path", "model_id_or_path", *PRETRAINED)),
    Loader("mlx_lm|mlx_vlm", r"load", _BASE, id=("path_or_hf_repo",)),
    Loader("modelscope", r"\w*Tokenizer(Fast)?\.from_pretrained", "tokenizer", hub="modelscope"),
    Loader("modelscope", r"\w*Config\.from_pretrained", "config", hub="modelscope"),
    Loader("modelscope", rf"{_PROCESSOR}\.from_pretrained", "processor", hub="modelscope"),
    Loader("modelscope", r"\w+\.from_pretrained", _BASE, id=(*PRETRAINED, "model_dir"),
           hub="modelscope"),
    Loader("modelscope", r"(HubApi\.)?snapshot_download", "file", id=("model_id",),
           hub="modelscope", revision_position=1),
    Loader("modelscope", r"(HubApi\.)?model_file_download", "file", id=("model_id",),
           hub="modelscope", revision_position=2),
    Loader("modelscope", r"pipeline", "pipeline", id=("model",), position=1, text_only=True,
           revision="model_revision", hub="modelscope"),
    Loader("modelscope", r"MsDataset\.load", "dataset", id=("dataset_name",), hub="modelscope"),
    Loader("keras_hub|keras_nlp", r"\w+\.from_preset", _BASE, id=("preset",), revision=None,
           prefix=r"hf://"),
)  # fmt: skip

_UNRESOLVED: tuple[tuple[str, str], ...] = (
    (r".*tokenizer(_?fast|_?base)?(_?(cls|class))?", "tokenizer"),
    (r".*(processor|feature_?extractor)(_?fast)?(_?(cls|class))?", "processor"),
    (r".*config(uration)?(_?(cls|class))?", "config"),
    (r".*(pipeline|pipe)(_?(cls|class))?", "pipeline"),
)
"""What a class loads of which only the name is known."""


def unresolved(class_: str) -> Loader:
    """`x.from_pretrained("org/name")` of what nobody can resolve, by what `x` is called."""
    name = class_.lower()
    found = (artifact for pattern, artifact in _UNRESOLVED if re.fullmatch(pattern, name))
    return Loader("", r"from_pretrained", next(found, "model"))


FOREIGN = frozenset(
    """paddlenlp paddle ppdiffusers mindnlp mindformers mindspore keras tensorflow tf torchvision
    torch spacy stanza flair allennlp fairseq espnet nemo catboost segmentation_models_pytorch
    pytorch_pretrained_biggan efficientnet_pytorch ragatouille colbert mamba_ssm sae_lens lmdeploy
    dictionary_learning""".split()
)
"""Libraries whose `from_pretrained` has nothing to do with the Hub, or takes no revision."""

DATASET_BUILDERS = frozenset(
    """json csv text parquet arrow pandas xml webdataset imagefolder audiofolder videofolder
    generator sql spark hdf5 pdffolder niftifolder lance eval""".split()
)
"""What `load_dataset` takes for a file format and not for a repository."""


@lru_cache(maxsize=4096)
def loader_of(name: str) -> Loader | None:
    """The loader that a canonical name stands for."""
    package, _, rest = name.partition(".")
    return next((loader for loader in _fitting(package) if _matches(loader, rest)), None)


@lru_cache(maxsize=1024)
def _fitting(package: str) -> tuple[Loader, ...]:
    return tuple(loader for loader in LOADERS if re.fullmatch(loader.packages, package))


def _matches(loader: Loader, rest: str) -> bool:
    return re.fullmatch(loader.pattern, rest) is not None
