"""Which calls of the ecosystem load something, where their id and revision stand.

A name is looked up in its canonical form (`names.canonical`): the top package, the class and the
method, whatever module between them the code imported it from. The first row that fits wins.
Every list of words that decides what is read is derived from these rows (`words`): a new loader is
one row here and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from loralint.catalog.patterns import fits
from loralint.facts import Scalar

PRETRAINED = ("pretrained_model_name_or_path", "model_name_or_path", "model_id", "repo_id")


@dataclass(frozen=True, slots=True)
class Loader:
    """One family of loading calls; see `patterns` for how `packages` and `calls` are written.

    `but` are calls that fit and are none. `id` are the keywords that take the repo id and
    `position` its place among the positional arguments. `base` and `base_position` say which
    argument is the model that an adapter goes onto; `receiver` that it is the object whose method
    is called. `nested` are keywords that hold further keyword arguments of the load. With
    `text_only` a model object in the id's place makes the call no load. `prefix` is what marks a
    Hub id among other names. `defaults` are options that hold unless the call says otherwise.
    `revision` is the keyword of the revision, `revision_position` its place; where the call takes
    none, `revision_in` is the keyword of the dict that does, or "@" for an id that takes it behind
    its name. One that `drops_revision` takes the keyword and loads the default branch.
    `swallows` are the packages whose callee ignores keywords that it does not know. An adapter that
    is no `lora` (an IP-Adapter, an embedding) is none that is trained here. A
    `common` name ("*": each) says nothing alone: a file with it matters if `prefix` or the package
    stands there, too.
    """

    packages: str
    calls: str
    artifact: str
    id: tuple[str, ...] = PRETRAINED
    position: int | None = 0
    but: str = ""
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
    swallows: str = ""
    drops_revision: bool = False
    common: str = ""
    lora: bool = True


_BASE = "base-model"
_UNSLOTH = (("load_in_4bit", True),)
_SPECIAL = r"hf[-_]hub:"
_TOKENIZERS = "{*Tokenizer*,MistralCommonBackend}.from_pretrained"
_BUILT_ALIKE = (
    "optimum pytorch_transformers adapters ctransformers setfit trl span_marker"
    " intel_extension_for_transformers ipex_llm bigdl neural_compressor itrex"
)

LOADERS: tuple[Loader, ...] = (
    # --- peft, and frameworks that wrap it ---
    Loader("peft", "*Config.from_pretrained", "config", swallows="peft"),
    Loader("peft", "AutoPeft*.from_pretrained", "adapter"),
    Loader("peft", "*.from_pretrained", "adapter", id=("model_id",), position=1,
           base=("model",), base_position=0, swallows="peft"),
    Loader("peft", "*.load_adapter", "adapter", id=("model_id",), receiver=True, swallows="peft"),
    Loader("swift", "{Swift,SwiftModel}.from_pretrained", "adapter", id=("model_id",), position=1,
           base=("model",), base_position=0, hub="modelscope", revision_position=3),
    Loader("swift", "get_model_tokenizer get_model_processor", _BASE,
           id=("model_id_or_path", "model"), hub="modelscope"),
    # --- unsloth ---
    Loader("unsloth", "Fast*.from_pretrained", _BASE, id=("model_name",), defaults=_UNSLOTH),
    # --- transformers and what is built like it ---
    Loader("transformers", "pipeline", "pipeline", id=("model",), position=1, text_only=True,
           nested=("model_kwargs",), common="pipeline"),
    Loader("transformers diffusers", "*.load_adapter", "adapter",
           id=("peft_model_id", "pretrained_model_name_or_path_or_dict"), receiver=True,
           revision_in="adapter_kwargs"),
    Loader("transformers", "cached_file", "file", id=("path_or_repo_id",), common="cached_file"),
    Loader("transformers pytorch_transformers tokenizers optimum tokenization_*", _TOKENIZERS,
           "tokenizer", id=(*PRETRAINED, "identifier"), swallows="transformers"),
    Loader("transformers optimum", "*{Processor,FeatureExtractor}{,Fast}.from_pretrained",
           "processor", swallows="transformers"),
    Loader("transformers optimum", "*Config.{from_pretrained,get_config_dict}", "config",
           swallows="transformers"),
    Loader(f"transformers {_BUILT_ALIKE}", "*.from_pretrained", _BASE,
           but="*{Mixin,Callback,Trainer}.from_pretrained",
           id=(*PRETRAINED, "model_path_or_repo_id")),
    # --- diffusers ---
    Loader("diffusers", "*{Tokenizer,Scheduler,Processor}.from_pretrained", "config"),
    Loader("diffusers", "*Pipeline*.from_{pretrained,pipe}", "pipeline", text_only=True),
    Loader("diffusers", "*.from_pretrained", _BASE),
    Loader("diffusers", "*.{load_lora_weights,load_attn_procs,lora_state_dict,load_lora_adapter}"
           " *.load_lora_into_{unet,text_encoder,transformer}", "adapter",
           id=("pretrained_model_name_or_path_or_dict",), receiver=True, text_only=True),
    Loader("diffusers", "*.{load_ip_adapter,load_textual_inversion}", "adapter",
           id=("pretrained_model_name_or_path_or_dict", "pretrained_model_name_or_path"),
           receiver=True, text_only=True, lora=False),
    # --- embedding models ---
    Loader("sentence_transformers", "{SentenceTransformer,CrossEncoder,SparseEncoder}",
           "embedding", id=("model_name_or_path", "model_name"), text_only=True),
    Loader("sentence_transformers", "Transformer", "embedding", id=("model_name_or_path",),
           nested=("model_args",), text_only=True, revision_in="model_args", common="Transformer"),
    Loader("llama_index", "HuggingFaceEmbedding*", "embedding",
           id=("model_name",), position=0, nested=("model_kwargs",), text_only=True),
    Loader("llama_index", "HuggingFaceLLM", _BASE, id=("model_name",), position=None,
           nested=("model_kwargs",), text_only=True, revision_in="model_kwargs"),
    Loader("langchain*", "HuggingFace*Embeddings", "embedding", id=("model_name", "model"),
           position=None, nested=("model_kwargs",), text_only=True, revision_in="model_kwargs"),
    Loader("langchain*", "HuggingFacePipeline.from_model_id", "pipeline", id=("model_id",),
           nested=("model_kwargs",), revision_in="model_kwargs"),
    # --- engines ---
    Loader("vllm", "LLM {,Async}EngineArgs", "engine", id=("model",), common="LLM"),
    Loader("vllm", "LoRARequest", "adapter", id=("lora_path", "lora_local_path"), position=2,
           revision=None),
    Loader("llama_cpp", "Llama.from_pretrained", "engine", id=("repo_id",), revision=None,
           drops_revision=True),
    Loader("sglang", "Engine", "engine", id=("model_path",), position=None, common="Engine"),
    # --- trainers that load what they are given the name of ---
    Loader("trl", "*Trainer", _BASE, id=("model",), text_only=True,
           nested=("model_init_kwargs", "args.model_init_kwargs"),
           revision_in="args.model_init_kwargs"),
    # --- the Hub itself ---
    Loader("huggingface_hub", "{,HfApi.}{snapshot_download,hf_hub_download}", "file",
           id=("repo_id",)),
    Loader("huggingface_hub", "cached_download", "file", id=("repo_id",)),
    Loader("huggingface_hub", "*Mixin.from_pretrained from_pretrained_{keras,fastai}", _BASE),
    # --- datasets ---
    Loader("datasets", "load_dataset{,_builder}", "dataset", id=("path",)),
    Loader("datasets", "get_dataset_*", "dataset", id=("path",), common="get_dataset_*"),
    # --- other libraries ---
    Loader("timm", "create_model", _BASE, id=("model_name",), revision=None, prefix=_SPECIAL,
           revision_in="@", common="create_model"),
    Loader("open_clip", "create_model{,_and_transforms,_from_pretrained}", _BASE,
           id=("model_name",), revision=None, prefix=_SPECIAL, common="*"),
    Loader("open_clip", "get_tokenizer", "tokenizer", id=("model_name",), revision=None,
           prefix=_SPECIAL, common="get_tokenizer"),
    Loader("auto_gptq gptqmodel awq autoawq", "*.{from_pretrained,from_quantized,load}", _BASE,
           id=("model_name_or_path", "quant_path", "model_path", "model_id_or_path", *PRETRAINED),
           common="load"),
    Loader("mlx_lm mlx_vlm", "load", _BASE, id=("path_or_hf_repo",), common="load"),
    Loader("modelscope", "*Tokenizer{,Fast}.from_pretrained", "tokenizer", hub="modelscope"),
    Loader("modelscope", "*Config.from_pretrained", "config", hub="modelscope"),
    Loader("modelscope", "*{Processor,processor,FeatureExtractor}{,Fast}.from_pretrained",
           "processor", hub="modelscope"),
    Loader("modelscope", "*.from_pretrained", _BASE, id=(*PRETRAINED, "model_dir"),
           hub="modelscope"),
    Loader("modelscope", "{,HubApi.}snapshot_download", "file", id=("model_id",),
           hub="modelscope", revision_position=1),
    Loader("modelscope", "{,HubApi.}model_file_download", "file", id=("model_id",),
           hub="modelscope", revision_position=2),
    Loader("modelscope", "pipeline", "pipeline", id=("model",), position=1, text_only=True,
           revision="model_revision", hub="modelscope", common="pipeline"),
    Loader("modelscope", "MsDataset.load", "dataset", id=("dataset_name",), hub="modelscope",
           common="load"),
    Loader("keras_hub keras_nlp", "*.from_preset", _BASE, id=("preset",), revision=None,
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
    return Loader("", "from_pretrained", next(found, "model"))


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
    return next((loader for loader in _of_package(package) if _fits(loader, rest)), None)


@lru_cache(maxsize=1024)
def _of_package(package: str) -> tuple[Loader, ...]:
    return tuple(loader for loader in LOADERS if fits(loader.packages, package))


def _fits(loader: Loader, rest: str) -> bool:
    return fits(loader.calls, rest) and not (loader.but and fits(loader.but, rest))


def loads_lora(name: str) -> bool:
    """Whether a loader of adapters, by its canonical name, loads such as are trained on a base."""
    loader = loader_of(name)
    return loader is None or loader.lora


_COMPONENTS = (
    "*{Autoencoder,AutoEncoder,VAE,VQModel,TextModel,TextEncoder,T5Encoder,ControlNet,T2IAdapter}*"
    " *{CLIPVisionModel,SiglipVisionModel,ImageEncoder,Scheduler}*"
)
"""The classes of a pipeline's parts that seldom carry the adapter."""


@lru_cache(maxsize=4096)
def is_component(name: str) -> bool:
    """Whether a loader loads what stands beside a pipeline's model: its VAE, a text encoder."""
    return fits(_COMPONENTS, name.rpartition(".")[0].rpartition(".")[2])
