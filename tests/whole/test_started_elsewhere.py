"""What is passed to functions and objects that run on another machine: Modal, Ray, Celery."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

WORKER = (
    "from transformers import AutoModel\n\n\n"
    "def fit(model_id, steps=1):\n    return AutoModel.from_pretrained(model_id)\n\n\n"
    "class Server:\n    def __init__(self, name):\n        self.name = name\n\n"
    "    def load(self):\n        return AutoModel.from_pretrained(self.name)\n\n"
    "    def swap(self, other):\n        return AutoModel.from_pretrained(other)\n"
)
HEAD = "from jobs.worker import Server, fit\n\n"

STARTED = {
    "remote": 'fit.remote("org/a")\n',
    "remote by keyword": 'fit.remote(steps=3, model_id="org/a")\n',
    "spawn": 'call = fit.spawn("org/a")\n',
    "delay": 'fit.delay("org/a")\n',
    "with resources": 'fit.options(num_gpus=1).remote("org/a")\n',
    "in an event loop": 'async def main():\n    await fit.remote.aio("org/a")\n',
    "an actor": 'Server.remote("org/a")\n',
    "an actor with resources": 'Server.options(num_gpus=1).remote("org/a")\n',
    "a method": 'server = Server("org/a")\nserver.load.remote()\n',
    "a method's argument": 'Server("./out/x").swap.remote("org/a")\n',
    "an entry of Modal": (
        "import modal\n\napp = modal.App()\n\n\n@app.local_entrypoint()\n"
        'def main(model: str = "org/a"):\n    fit.remote(model)\n'
    ),
}


@pytest.mark.parametrize("case", table(STARTED))
def test_what_is_passed_to_another_machine(small: Small, case: str) -> None:
    small.write({"jobs/worker.py": WORKER, "jobs/__init__.py": "", "main.py": HEAD + STARTED[case]})
    assert "org/a" in small.ids("jobs/worker.py")
    assert any("`org/a`" in one["message"] for one in small.findings("LOR101"))


def test_a_parameter_of_a_class_of_modal(small: Small) -> None:
    small.write(
        {
            "serve.py": (
                "import modal\nfrom transformers import AutoModel\n\napp = modal.App()\n\n\n"
                "@app.cls()\nclass Predictor:\n"
                '    base: str = modal.parameter(default="org/a")\n'
                "    revision: str = modal.parameter(default=None)\n\n"
                "    @modal.enter()\n    def load(self):\n"
                "        AutoModel.from_pretrained(self.base)\n"
                "        AutoModel.from_pretrained(self.base, revision=self.revision)\n"
            )
        }
    )
    assert small.found("LOR101") == [("LOR101", "serve.py", 14)] or small.found("LOR211")
    assert small.ids() == ["org/a", "org/a"]


def test_an_attribute_of_the_same_name_is_no_call(small: Small) -> None:
    small.write(
        {
            "main.py": (
                "from transformers import AutoModel\n\n\n"
                "class Hub:\n    def remote(self, name):\n"
                "        return AutoModel.from_pretrained(name)\n\n\n"
                'Hub().remote("org/a")\n'
            )
        }
    )
    assert small.ids() == ["org/a"]
