"""Which files may be recipes at all: by name, by size, by the words in them."""

from __future__ import annotations

import codecs
import re

from loralint.catalog.recipe_shape import Framework
from loralint.catalog.recipes import FRAMEWORKS
from loralint.source import UTF_16, decoded

NEVER_RECIPES = frozenset(
    """package.json package-lock.json tsconfig.json config.json adapter_config.json
    tokenizer_config.json tokenizer.json generation_config.json special_tokens_map.json vocab.json
    added_tokens.json trainer_state.json preprocessor_config.json processor_config.json
    modules.json pyproject.toml Cargo.toml poetry.lock .pre-commit-config.yaml mkdocs.yml""".split()
)
"""Files that are something else by their name, whatever keys they have."""

LARGEST_RECIPE = 200_000
"""Nobody writes two hundred kilobytes of recipe; such a file is data."""

_OWN_FOLDERS = (".github/", "node_modules/", ".vscode/")
_KEY = re.compile(rb"""(?:^[\s-]*|[{,]\s*)["']?([A-Za-z_]\w*)["']?\s*[:=]""", re.MULTILINE)
_TARGETS = (b"pretrained", b"peft.", b"SentenceTransformer", b"load_dataset", b"vllm.", b"trl.")
_ANYBODYS = frozenset({"model", "task"})
"""Keys that a framework requires and that any configuration may have."""


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _one_of(framework: Framework) -> frozenset[str]:
    """Keys of which each of its recipes has one: the longest that it requires, else a sign."""
    required = [word for word in map(_last, framework.requires) if word not in _ANYBODYS]
    return frozenset({max(required, key=len)} if required else framework.evidence[0][1])


_TRIGGERS = tuple(
    sorted(word.encode() for word in frozenset({"_target_"}).union(*map(_one_of, FRAMEWORKS)))
)
_COMMENTS = (b"loralint:", b"noqa: LOR", b"noqa:LOR")


def may_be_recipe(path: str, text: bytes) -> bool:
    """Whether a file has, as words, the keys that some framework's recipes need."""
    if len(text) > LARGEST_RECIPE or not may_be_named_so(path):
        return False
    if text.startswith(UTF_16):
        text = decoded(text, errors="replace").encode()
    if any(comment in text for comment in _COMMENTS):
        return True
    if not any(word in text for word in _TRIGGERS):
        return False
    if b"_target_" in text and any(word in text for word in _TARGETS):
        return True
    plain = text.removeprefix(codecs.BOM_UTF8)
    words = frozenset(name.decode() for name in _KEY.findall(plain))
    return any(_may_be(framework, words) for framework in FRAMEWORKS)


def may_be_named_so(path: str) -> bool:
    """Whether a recipe may have this name."""
    name = path.rpartition("/")[2]
    if name in NEVER_RECIPES or name.startswith(("docker-compose", "compose.")):
        return False
    return not any(folder in f"/{path}" for folder in (f"/{each}" for each in _OWN_FOLDERS))


def _may_be(framework: Framework, words: frozenset[str]) -> bool:
    needed = {part for path in framework.requires for part in path.split(".")}
    return needed <= words and all(
        sum(_last(key) in words for key in keys) >= least for least, keys in framework.evidence
    )
