"""What a worker binds to each line of its log is what the task's message carries, in its order."""

import importlib
import inspect

import pytest

from config.celery import QUEUE_OF_TASK
from workers.logged import _ABOUT, about


@pytest.mark.parametrize("task", sorted(QUEUE_OF_TASK))
def test_each_task_with_ids_names_them(task: str) -> None:
    function = getattr(importlib.import_module(f"tasks.{task}"), task)
    parameters = list(inspect.signature(function.run).parameters)
    assert len(_ABOUT.get(task, ())) == len(parameters)
    for name, parameter in zip(_ABOUT.get(task, ()), parameters, strict=True):
        assert parameter.startswith(name), (task, parameter)


def test_ids_are_named() -> None:
    assert about("archive_recording", ("c", 2, "r")) == {"conversation": "c", "revision": 2, "recording": "r"}
    assert about("sweep", ()) == {}
