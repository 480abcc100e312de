"""Which models the process is taken to hold."""

from pathlib import Path
from typing import Any

import pytest
from small_serving import a_model

from serving.model import LoadedModel
from serving.shadow.loads import TRIES, Loads

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[LoadedModel]:
    folder: Path = tmp_path_factory.mktemp("models")
    return [a_model(folder, 1), a_model(folder, 2)]


def loaded(asked: dict[str, Any], model: LoadedModel, error: str = "") -> dict[str, Any]:
    return {"loaded": model.digest, "number": asked["number"], "error": error}


def loading(asked: dict[str, Any], model: LoadedModel) -> dict[str, Any]:
    return {"loading": model.digest, "number": asked["number"]}


def test_the_process_is_told_where_each_model_is(models: list[LoadedModel]) -> None:
    loads = Loads()
    [first, second] = loads.ask(models)["load"]
    assert (first["digest"], first["folder"], first["version"]) == (models[0].digest, str(models[0].bundle.folder), 1)
    assert second["code_hash"] == models[1].manifest.features.code_hash
    assert (loads.loading, loads.loaded) == ({model.digest for model in models}, set())


def test_what_is_said_of_an_older_list_is_no_news(models: list[LoadedModel]) -> None:
    loads = Loads()
    one, two = models
    first = loads.ask([one])
    second = loads.ask([two])
    loads.take(loaded(first, one))
    assert (loads.loaded, loads.loading) == (set(), {two.digest})
    third = loads.ask([one])
    loads.take(loaded(first, one))
    loads.take(loaded(second, two))
    assert (loads.loaded, loads.loading) == (set(), {one.digest})
    loads.take(loaded(third, one))
    assert (loads.loaded, loads.loading) == ({one.digest}, set())


def test_a_model_that_cannot_be_loaded_again_is_not_taken_to_be_there(
    models: list[LoadedModel], caplog: pytest.LogCaptureFixture
) -> None:
    loads = Loads()
    one, _ = models
    loads.take(loaded(loads.ask([one]), one))
    loads.take(loaded(loads.ask([one]), one, "the file is gone"))
    assert (loads.loaded, loads.refused) == (set(), {one.digest: "the file is gone"})
    assert "version 1 is no shadow until the next revision or restart: the file is gone" in caplog.text
    loads.renew()
    loads.take(loaded(loads.ask([one]), one))
    assert (loads.loaded, loads.refused) == ({one.digest}, {})


def test_a_model_that_ends_the_processes_that_load_it_is_left_out_until_the_next_revision(
    models: list[LoadedModel],
) -> None:
    loads = Loads()
    one, two = models
    for number in range(TRIES):
        assert two.digest not in loads.refused
        asked = loads.ask(models)
        assert len(asked["load"]) == 2, number
        loads.take(loading(asked, one))
        loads.take(loaded(asked, one))
        loads.take(loading(asked, two))
        loads.blame()
        loads.blame()
        loads.forget()
        assert (loads.loaded, loads.loading) == (set(), set())
    assert set(loads.refused) == {two.digest}
    [asked_for] = loads.ask(models)["load"]
    assert asked_for["digest"] == one.digest
    loads.renew()
    assert len(loads.ask(models)["load"]) == 2
    assert loads.refused == {}


def test_a_process_that_ends_before_it_is_at_a_model_is_no_models_fault(models: list[LoadedModel]) -> None:
    loads = Loads()
    for _ in range(TRIES + 1):
        loads.ask(models)
        loads.blame()
        loads.forget()
    assert loads.refused == {}
