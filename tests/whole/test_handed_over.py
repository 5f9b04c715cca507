"""Functions that somebody else is told to call: threads, pools, event loops, servers, launchers."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

WORK = (
    "from transformers import AutoModel\n\n\n"
    "def work(model_id, steps=1):\n    return AutoModel.from_pretrained(model_id)\n\n\n"
    "def fill(cfg):\n    return AutoModel.from_pretrained(cfg['model'])\n\n\n"
)
CALLS = {
    "a thread": "import threading\n\nthreading.Thread(target=work, args=('org/a',)).start()\n",
    "a process with keywords": (
        "from multiprocessing import Process\n\n"
        "Process(target=work, kwargs={'model_id': 'org/a', 'steps': 2}).start()\n"
    ),
    "a thread that is given a dict": (
        "from threading import Thread\n\ncfg = {'steps': 1}\ncfg['model'] = 'org/a'\n"
        "Thread(target=fill, args=(cfg,), daemon=True).start()\n"
    ),
    "a pool": (
        "from concurrent.futures import ThreadPoolExecutor\n\n"
        "with ThreadPoolExecutor() as pool:\n    pool.submit(work, 'org/a', steps=2)\n"
    ),
    "an event loop": (
        "import asyncio\n\n\nasync def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    await loop.run_in_executor(None, work, 'org/a')\n"
    ),
    "a thread of an event loop": (
        "import asyncio\n\n\nasync def main():\n    await asyncio.to_thread(work, 'org/a')\n"
    ),
    "a web server": (
        "def handler(background_tasks):\n    background_tasks.add_task(work, 'org/a')\n"
    ),
    "a notebook launcher": (
        "from accelerate import notebook_launcher\n\n"
        "notebook_launcher(work, args=('org/a',), num_processes=1)\n"
    ),
    "a notebook launcher by position": (
        "from accelerate import notebook_launcher\n\nnotebook_launcher(work, ('org/a', 3))\n"
    ),
    "a method": (
        "import threading\n\n\nclass Worker:\n    def work_on(self, name):\n"
        "        AutoModel.from_pretrained(name)\n\n    def start(self):\n"
        "        threading.Thread(target=self.work_on, args=('org/a',)).start()\n"
    ),
}


@pytest.mark.parametrize("case", table(CALLS))
def test_what_a_function_is_handed_over_with(small: Small, case: str) -> None:
    small.write({"app.py": WORK + CALLS[case]})
    assert "org/a" in small.ids()
    (found,) = small.findings("LOR101")
    assert "`org/a`" in found["message"]


def test_in_another_file(small: Small) -> None:
    small.write(
        {
            "jobs/run.py": WORK,
            "app.py": (
                "import threading\n\nfrom jobs.run import work\n\n\n"
                "def start(request):\n    data = request.get_json()\n"
                "    name = data.get('base', 'org/a')\n"
                "    threading.Thread(target=work, args=(name,)).start()\n"
            ),
        }
    )
    assert "org/a" in small.ids("jobs/run.py")


def test_what_is_submitted_is_no_function(small: Small) -> None:
    code = "form.submit('org/a', work)\nThread(target=None)\npool.submit(lambda: work('./x'))\n"
    small.write({"app.py": WORK + code})
    assert small.findings("LOR101") == []


def test_a_function_inside_of_another_one_has_what_that_is_given(small: Small) -> None:
    small.write(
        {
            "training.py": (
                "import threading\n\nfrom transformers import AutoModel\n\n\n"
                "class Trainer:\n    def begin(self, base):\n        def work():\n"
                "            AutoModel.from_pretrained(base)\n\n"
                "        threading.Thread(target=work).start()\n"
            ),
            "app.py": (
                "from flask import request\n\nfrom training import Trainer\n\n"
                "trainer = Trainer()\n\n\ndef start():\n"
                '    trainer.begin(base=request.get_json().get("base", "org/a"))\n'
            ),
        }
    )
    assert small.ids("training.py") == ["org/a"]
