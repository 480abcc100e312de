"""Changes through the log, the bundle store and the registry; in memory but for the bundles."""

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fake_deployment_log import FakeDeploymentLog
from fake_registry import FakeRegistry
from small_bundle import a_bundle, verdict_on

from understudy.adapters import open_deployment_log
from understudy.adapters.bundle_folder import FolderBundles
from understudy.bundle import Bundle
from understudy.deploying import Deployer, Placement
from understudy.errors import BundleError, ConflictError, DeploymentError, RegistryError
from understudy.records import Deployment, Version
from understudy.settings import Settings

pytestmark = pytest.mark.integration

NOW = datetime(2024, 3, 1, 12)


class House:
    """A registry with three approved versions of ``toy`` and one that is pending, and empty stores."""

    def __init__(self, folder: Path) -> None:
        self.registry, self.log, self.bundles = FakeRegistry(), FakeDeploymentLog(), FolderBundles(folder / "store")
        for number in (1, 2, 3, 4):
            bundle = a_bundle(folder / str(number), title=f"Toy {number}")
            self.registry.register(bundle, verdict_on(bundle.digest))
            if number < 4:
                self.registry.decide("toy", number, "approved", "gate", "passed")
        self.deployer = Deployer(self.log, self.registry, self.bundles, clock=lambda: NOW)

    def version(self, number: int) -> Version:
        return self.registry.version("toy", number)

    def deploy(self, number: int, mode: Any = "single", **given: Any) -> Deployment:
        return self.deployer.deploy(self.version(number), Placement(mode), "ann", "a try", **given).deployment

    def aliases(self) -> dict[str, int]:
        return {alias: v.number for v in self.registry.versions("toy") for alias in v.aliases}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_deployed_bundle_is_in_the_store_whole_before_the_log_names_it(house: House, tmp_path: Path) -> None:
    made = house.deploy(1)
    assert house.log.newest("toy") == made
    assert (made.who, made.why, made.at) == ("ann", "a try", NOW)
    fetched = Bundle.load(house.bundles.fetch(made.champion.digest, tmp_path / "fetched"))
    assert fetched.digest == made.champion.digest == house.version(1).digest


def test_a_bundle_that_cannot_be_published_leaves_the_log_alone(house: House) -> None:
    stored = house.registry.store / "toy-1" / "card.md"
    stored.write_text("another")
    with pytest.raises(BundleError, match=r"card\.md has"):
        house.deploy(1)
    assert house.log.newest("toy") is None


def test_another_bundle_in_the_versions_place_is_refused(house: House) -> None:
    wrong = house.version(1).model_copy(update={"digest": "a" * 64})
    with pytest.raises(BundleError, match="not the one that was to be deployed"):
        house.deployer.deploy(wrong, Placement(), "ann", "a try")


def test_a_damaged_copy_in_the_store_is_named(house: House) -> None:
    house.deploy(1)
    (house.bundles.root / house.version(1).digest / "card.md").write_text("another")
    with pytest.raises(BundleError, match="damaged copy of toy/1"):
        house.deploy(1)


def test_the_registrys_aliases_follow(house: House) -> None:
    house.deploy(1)
    assert house.aliases() == {"champion": 1}
    house.deploy(2, "canary")
    assert house.aliases() == {"champion": 1, "challenger": 2}
    house.deployer.promote("toy", "ann", "it is better")
    assert house.aliases() == {"champion": 2, "previous": 1}
    house.deploy(3, "shadow")
    assert house.aliases() == {"champion": 2, "previous": 1, "challenger": 3}
    back = house.deployer.rollback("toy", "ann", "it is worse").deployment
    assert (back.champion.version, back.restores) == (1, 1)
    assert house.aliases() == {"champion": 1, "previous": 2}


def test_aliases_that_could_not_follow_are_mended_by_the_next_change(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deploy(1)

    def out_of_reach(*_: Any) -> None:
        raise RegistryError("The registry cannot be reached.", "Start it.")

    with monkeypatch.context() as while_down:
        while_down.setattr(house.registry, "promote", out_of_reach)
        changed = house.deployer.deploy(house.version(2), Placement(), "ann", "a try")
    assert changed.unmirrored == "The registry cannot be reached. Start it."
    assert house.log.newest("toy") == changed.deployment
    assert house.aliases() == {"champion": 1}
    assert house.deployer.deploy(house.version(3), Placement("shadow"), "ann", "a try").unmirrored == ""
    assert house.aliases() == {"champion": 2, "previous": 1, "challenger": 3}


def test_a_rollback_and_a_kill_need_no_registry(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.deploy(1)
    house.deploy(2)

    def out_of_reach(*_: Any) -> None:
        raise RegistryError("The registry cannot be reached.", "Start it.")

    for name in ("versions", "champion", "fetch"):
        monkeypatch.setattr(house.registry, name, out_of_reach)
    assert house.deployer.rollback("toy", "ann", "it is worse").deployment.champion.version == 1
    killed = house.deployer.kill("toy", True, "ann", "to be sure")
    assert killed.deployment.killed
    assert killed.unmirrored.startswith("The registry cannot be reached.")


def test_a_rejected_version_is_not_restored(house: House) -> None:
    for number in (1, 2, 3):
        house.deploy(number)
    house.registry.decide("toy", 2, "rejected", "bob", "it leaks")
    with pytest.raises(DeploymentError, match="rejected since"):
        house.deployer.rollback("toy", "ann", "it is worse", to=2)
    assert house.deployer.rollback("toy", "ann", "it is worse").deployment.champion.version == 1


def test_a_pending_version_is_a_shadow_but_no_champion(house: House) -> None:
    house.deploy(1)
    assert house.deploy(4, "shadow").shadows[0].version == 4
    with pytest.raises(DeploymentError, match="toy/4 is pending"):
        house.deployer.promote("toy", "ann", "it is better", "shadow")
    with pytest.raises(DeploymentError, match="toy/4 is pending"):
        house.deploy(4, "canary")
    house.registry.decide("toy", 4, "approved", "bob", "fine")
    assert house.deployer.promote("toy", "ann", "it is better").deployment.champion.version == 4


def test_weights_and_arms_change(house: House) -> None:
    house.deploy(1)
    house.deploy(2, "canary")
    assert house.deployer.route("toy", {"challenger": 40}, "ann", "more").deployment.arms[1].weight == 0.4
    assert house.deployer.drop("toy", "challenger", "ann", "enough").deployment.mode == "single"


def test_a_change_that_is_based_on_an_old_revision_loses(house: House) -> None:
    house.deploy(1)
    house.deploy(2)
    with pytest.raises(ConflictError, match=r"based on revision 1, and revision 2 stands: deploy by ann.* a try"):
        house.deploy(3, based_on=1)
    assert house.deploy(3, based_on=2).revision == 3
    with pytest.raises(ConflictError, match="Nothing of other"):
        house.deployer.kill("other", True, "ann", "a try", based_on=4)


def test_of_two_racing_deploys_one_wins_and_the_other_hears_of_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deploy(1)
    both, append = threading.Barrier(2), house.log.append

    def together(deployment: Deployment) -> Deployment:
        both.wait(10)
        return append(deployment)

    monkeypatch.setattr(house.log, "append", together)
    told: list[str] = []

    def race(number: int, who: str) -> None:
        try:
            house.deployer.deploy(house.version(number), Placement(), who, f"by {who}")
        except ConflictError as error:
            told.append(error.what)

    racers = [threading.Thread(target=race, args=given) for given in ((2, "ann"), (3, "bob"))]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    winner = house.log.newest("toy")
    assert winner is not None
    assert winner.revision == 2
    assert told == [f"Revision 2 was taken by {winner.who} (deploy): by {winner.who}"]
    assert house.aliases()["champion"] == winner.champion.version


def test_a_server_moves_what_it_knows_and_no_more(house: House) -> None:
    house.deploy(1)
    house.deploy(2, "canary")
    house.deploy(4, "shadow")
    server = Deployer(house.log, None, house.bundles)
    with pytest.raises(DeploymentError, match="knows no registry"):
        server.promote("toy", "ann", "a try", "shadow")
    with pytest.raises(DeploymentError, match="knows no registry"):
        server.deploy(house.version(3), Placement(), "ann", "a try")
    promoted = server.promote("toy", "ann", "it is better", "challenger")
    assert promoted.deployment.champion.version == 2
    assert promoted.unmirrored


def test_of_many_changes_at_once_the_real_log_takes_one(house: House, tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, home=tmp_path / "var")
    first = open_deployment_log(settings)
    Deployer(first, house.registry, house.bundles).deploy(house.version(1), Placement(), "ann", "to begin with")
    told: list[str] = []
    ready = threading.Barrier(6)

    class Together:
        """The log, whose callers wait for each other before they append."""

        def __init__(self) -> None:
            self.log = open_deployment_log(settings)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.log, name)

        def append(self, deployment: Deployment) -> Deployment:
            ready.wait(30)
            return self.log.append(deployment)

    def race(who: str) -> None:
        try:
            Deployer(Together(), None, house.bundles).kill("toy", True, who, f"by {who}")
        except ConflictError as error:
            told.append(error.what)

    racers = [threading.Thread(target=race, args=(f"racer {number}",)) for number in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    winner = first.newest("toy")
    assert winner is not None
    assert winner.revision == 2
    assert told == [f"Revision 2 of toy was taken by {winner.who} (kill): {winner.why}"] * 5


def test_a_threshold_needs_no_registry_and_loses_to_a_change_that_came_first(house: House) -> None:
    house.deploy(1)
    server = Deployer(house.log, None, house.bundles, clock=lambda: NOW)
    moved = server.threshold("toy", "champion", 0.25, "alert 7", "labels of March", based_on=1).deployment
    assert (moved.champion.threshold, moved.change, moved.who) == (0.25, "threshold", "alert 7")
    with pytest.raises(ConflictError, match="revision 2 stands: threshold by alert 7"):
        server.threshold("toy", "champion", 0.3, "ann", "no, this", based_on=1)
    assert house.deployer.rollback("toy", "ann", "as it was", to=1).deployment.champion.threshold is None
