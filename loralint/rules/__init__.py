"""Every rule, in the order of the codes."""

from __future__ import annotations

from loralint.rules.abbreviated_commit import abbreviated_commit
from loralint.rules.base import Finding, Rule
from loralint.rules.base_model_mismatch import base_model_mismatch
from loralint.rules.default_branch_revision import default_branch_revision
from loralint.rules.dtype_mismatch import dtype_mismatch
from loralint.rules.embedding_size_mismatch import embedding_size_mismatch
from loralint.rules.lora_config_drift import lora_config_drift
from loralint.rules.misplaced_revision import misplaced_revision
from loralint.rules.missing_revision import missing_revision
from loralint.rules.misspelt_keyword import misspelt_keyword
from loralint.rules.model_class_mismatch import model_class_mismatch
from loralint.rules.mutable_revision import mutable_revision
from loralint.rules.partial_pin import partial_pin
from loralint.rules.quantization_mismatch import quantization_mismatch
from loralint.rules.remote_code_mismatch import remote_code_mismatch
from loralint.rules.revision_mismatch import revision_mismatch
from loralint.rules.revision_on_local_path import revision_on_local_path
from loralint.rules.syntax_error import syntax_error
from loralint.rules.tokenizer_revision_mismatch import tokenizer_revision_mismatch
from loralint.rules.unpinnable_load import unpinnable_load
from loralint.rules.unpinned_adapter import unpinned_adapter
from loralint.rules.unpinned_dataset import unpinned_dataset
from loralint.rules.unpinned_remote_code import unpinned_remote_code
from loralint.rules.unrecorded_revision import unrecorded_revision
from loralint.rules.unused_suppression import unused_suppression

__all__ = ["RULES", "Finding", "Rule"]

RULES: tuple[Rule, ...] = (
    syntax_error,
    unused_suppression,
    missing_revision,
    default_branch_revision,
    mutable_revision,
    abbreviated_commit,
    unpinned_remote_code,
    unpinned_adapter,
    misplaced_revision,
    misspelt_keyword,
    revision_on_local_path,
    unrecorded_revision,
    unpinnable_load,
    unpinned_dataset,
    revision_mismatch,
    base_model_mismatch,
    tokenizer_revision_mismatch,
    quantization_mismatch,
    dtype_mismatch,
    remote_code_mismatch,
    model_class_mismatch,
    embedding_size_mismatch,
    lora_config_drift,
    partial_pin,
)
