"""The contract as data: one way in, one way out, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from loralint import contract as contracts
from loralint.contract import (
    Adapter,
    Base,
    Code,
    Contract,
    ContractError,
    FileHash,
    Golden,
    Loading,
    Quantization,
    TensorHash,
    Tokenizer,
)

SCHEMA = Path(__file__).parents[1] / "docs" / "contract.schema.json"
SHA = "ab" * 32
COMMIT = "cd" * 20


def full() -> Contract:
    """A contract in which nothing is left out."""
    file = FileHash(size=7, sha256=SHA, git=COMMIT)
    return Contract(
        version=1,
        loralint="0.1.0",
        base=Base(
            id="acme/base",
            kind="hub",
            requested="refs/pr/23",
            commit=COMMIT,
            config={"config.json": file},
            weights={"model.safetensors": file},
            code=Code(repository="acme/code", requested="v1", commit=COMMIT, files={"m.py": file}),
        ),
        loading=Loading(
            model_class="PhiForCausalLM",
            task_type="CAUSAL_LM",
            dtype="float16",
            quantization=Quantization(
                method="nf4", double=True, compute_dtype="float16", storage="uint8"
            ),
            remote_code=True,
            vocabulary=51_200,
        ),
        adapter=Adapter(
            config={"r": 8, "target_modules": ["fc1"], "lora_alpha": 16.5, "revision": None},
            weights="adapter_model.safetensors",
            tensors={"a.lora_A.weight": TensorHash(dtype="F32", shape=(8, 4), sha256=SHA)},
        ),
        versions={"torch": "2.13.0", "python": "3.11.7"},
        tokenizer=Tokenizer(
            tokenizer_class="Fast",
            length=9,
            vocabulary=SHA,
            special_tokens=SHA,
            chat_template=SHA,
        ),
        golden=Golden(
            token_ids=((1, 2),),
            output="logits",
            shape=(1, 2, 1),
            columns=(0,),
            values=b"\x00" * 8,
            sha256=SHA,
            effect=0.5,
            largest_effect=1.25,
            device="cpu",
        ),
        skipped={"base.code": "no reason"},
    )


def altered(**changes) -> bytes:
    """The full contract with some top-level keys set anew."""
    return json.dumps({**json.loads(contracts.serialise(full())), **changes}).encode()


def test_what_is_written_is_what_is_read():
    assert contracts.parse(contracts.serialise(full())) == full()


def test_equal_contracts_have_equal_bytes():
    first, second = contracts.serialise(full()), contracts.serialise(full())
    assert first == second
    assert first.endswith(b"}\n")
    reordered = json.dumps(json.loads(first), sort_keys=True).encode()
    assert contracts.serialise(contracts.parse(reordered)) == first


def test_schema_in_the_repository_is_the_one_of_the_code():
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == contracts.json_schema()


def test_schema_takes_what_is_written_and_refuses_what_is_refused():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(json.loads(contracts.serialise(full())))
    for wrong in ({"version": 2}, {"verison": 1}, {"base": {"id": "acme/base"}}):
        assert not validator.is_valid(json.loads(altered(**wrong))), wrong


def test_future_version_is_refused_with_who_wrote_it():
    with pytest.raises(ContractError, match=r"version 2, written by '9\.0'.*update loralint"):
        contracts.parse(altered(version=2, loralint="9.0", unheard_of={}))


def test_version_from_before_the_first_asks_to_record_again():
    with pytest.raises(ContractError, match=r"version 0.*`loralint record` again"):
        contracts.parse(altered(version=0))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"version": "1"}',
        b'{"version": 1}',
        b"[" * 100_000,
        contracts.serialise(full())[:-20],
        altered(unheard_of=1),
        altered(versions={"torch": 2}),
        altered(base={"id": "x", "kind": "hub", "commit": "abc1234"}),
        altered(base={"id": "x", "kind": "elsewhere"}),
    ],
)
def test_damage_is_an_error_that_names_the_file(content):
    with pytest.raises(ContractError, match=r"^loralint\.json .*`loralint record` again$"):
        contracts.parse(content)
