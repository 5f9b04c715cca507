"""Every rule, in the order of the codes."""

from __future__ import annotations

from loralint.rules.abbreviated_commit import abbreviated_commit
from loralint.rules.adapter_base_drift import adapter_base_drift
from loralint.rules.adapter_format_mismatch import adapter_format_mismatch
from loralint.rules.adapter_key_prefix import adapter_key_prefix
from loralint.rules.adapter_not_requested import adapter_not_requested
from loralint.rules.adapter_on_its_merge import adapter_on_its_merge
from loralint.rules.adapter_without_revision import adapter_without_revision
from loralint.rules.base import Finding, Rule
from loralint.rules.base_model_mismatch import base_model_mismatch
from loralint.rules.compiled_before_wrap import compiled_before_wrap
from loralint.rules.default_branch_revision import default_branch_revision
from loralint.rules.discarded_merge import discarded_merge
from loralint.rules.double_wrapped_adapter import double_wrapped_adapter
from loralint.rules.dtype_mismatch import dtype_mismatch
from loralint.rules.embedding_size_mismatch import embedding_size_mismatch
from loralint.rules.empty_adapter import empty_adapter
from loralint.rules.fresh_adapter_at_inference import fresh_adapter_at_inference
from loralint.rules.fused_before_save import fused_before_save
from loralint.rules.ignored_load_result import ignored_load_result
from loralint.rules.ignored_mismatched_sizes import ignored_mismatched_sizes
from loralint.rules.inactive_adapter import inactive_adapter
from loralint.rules.inconsistent_adapter_rank import inconsistent_adapter_rank
from loralint.rules.local_adapter_base import local_adapter_base
from loralint.rules.lock_mismatch import lock_mismatch
from loralint.rules.lora_config_drift import lora_config_drift
from loralint.rules.merge_into_quantized import merge_into_quantized
from loralint.rules.merged_beside_adapter import merged_beside_adapter
from loralint.rules.merged_into_adapter_dir import merged_into_adapter_dir
from loralint.rules.misplaced_revision import misplaced_revision
from loralint.rules.missing_head import missing_head
from loralint.rules.missing_revision import missing_revision
from loralint.rules.misspelt_keyword import misspelt_keyword
from loralint.rules.model_class_mismatch import model_class_mismatch
from loralint.rules.mutable_revision import mutable_revision
from loralint.rules.non_strict_adapter_load import non_strict_adapter_load
from loralint.rules.nondeterministic_init import nondeterministic_init
from loralint.rules.partial_pin import partial_pin
from loralint.rules.pickled_adapter import pickled_adapter
from loralint.rules.prompt_template_mismatch import prompt_template_mismatch
from loralint.rules.quantization_mismatch import quantization_mismatch
from loralint.rules.reference_without_adapter import reference_without_adapter
from loralint.rules.remote_code_mismatch import remote_code_mismatch
from loralint.rules.removed_quantization_keyword import removed_quantization_keyword
from loralint.rules.reused_base import reused_base
from loralint.rules.revision_mismatch import revision_mismatch
from loralint.rules.revision_on_local_path import revision_on_local_path
from loralint.rules.stale_adapter_weights import stale_adapter_weights
from loralint.rules.suppressed_load_warnings import suppressed_load_warnings
from loralint.rules.syntax_error import syntax_error
from loralint.rules.tokenizer_revision_mismatch import tokenizer_revision_mismatch
from loralint.rules.unpinnable_load import unpinnable_load
from loralint.rules.unpinned_adapter import unpinned_adapter
from loralint.rules.unpinned_dataset import unpinned_dataset
from loralint.rules.unpinned_remote_code import unpinned_remote_code
from loralint.rules.unrecorded_revision import unrecorded_revision
from loralint.rules.unsaved_head import unsaved_head
from loralint.rules.unsaved_resized_embeddings import unsaved_resized_embeddings
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
    lock_mismatch,
    partial_pin,
    prompt_template_mismatch,
    fresh_adapter_at_inference,
    ignored_load_result,
    inactive_adapter,
    non_strict_adapter_load,
    discarded_merge,
    merged_into_adapter_dir,
    merge_into_quantized,
    unsaved_head,
    unsaved_resized_embeddings,
    nondeterministic_init,
    double_wrapped_adapter,
    suppressed_load_warnings,
    ignored_mismatched_sizes,
    compiled_before_wrap,
    removed_quantization_keyword,
    reused_base,
    adapter_not_requested,
    adapter_format_mismatch,
    fused_before_save,
    adapter_on_its_merge,
    reference_without_adapter,
    adapter_without_revision,
    local_adapter_base,
    empty_adapter,
    merged_beside_adapter,
    stale_adapter_weights,
    adapter_key_prefix,
    inconsistent_adapter_rank,
    missing_head,
    pickled_adapter,
    adapter_base_drift,
)
