"""Models of earlier answers, fetched again."""

import pytest
from bundle_corpus import Corpus, revision
from fake_deployment_log import FakeDeploymentLog
from small_serving import SPEC, a_model

from serving.features import FeatureCache, RequestFeatures
from serving.loading import Loader
from serving.private_folder import PrivateFolder
from serving.recall import KEPT, Recall
from understudy.bundle.manifest import MODEL
from understudy.errors import BundleError, DeploymentError

pytestmark = pytest.mark.integration


@pytest.fixture
def loader(corpus: Corpus, folder: PrivateFolder) -> Loader:
    """Of a server whose features are made by other code than every bundle's."""
    return Loader(corpus.store, folder, "other code", RequestFeatures(SPEC, FeatureCache(SPEC)).check)


def test_a_model_of_other_feature_code_may_explain_though_it_may_not_answer(corpus: Corpus, loader: Loader) -> None:
    digest = corpus.sound(3)
    deployed = revision(1, (3, digest))
    with pytest.raises(BundleError, match="made by other code"):
        loader.load(deployed, {}, None)
    model = Recall(FakeDeploymentLog(deployed), loader).model("toy", 1, 3, {})
    assert (model.version, model.digest) == (3, digest)


def test_shadows_and_challengers_are_found_too(corpus: Corpus, loader: Loader) -> None:
    digests = {version: corpus.sound(version) for version in (1, 2, 3)}
    deployed = revision(1, (1, digests[1]), (2, digests[2]), shadows=[(3, digests[3])])
    recall = Recall(FakeDeploymentLog(deployed), loader)
    assert {version: recall.model("toy", 1, version, {}).digest for version in digests} == digests


def test_the_last_few_are_kept_and_the_files_of_others_go(
    corpus: Corpus, loader: Loader, folder: PrivateFolder
) -> None:
    log = FakeDeploymentLog(*(revision(n, (n, corpus.sound(n))) for n in range(1, KEPT + 3)))
    recall = Recall(log, loader)
    first = recall.model("toy", 1, 1, {})
    for n in range(2, KEPT + 3):
        recall.model("toy", n, n, {})
        assert recall.model("toy", 1, 1, {}) is first  # asked for again and again, so it stays
    assert len(list(folder.path.iterdir())) == KEPT


def test_a_revision_or_version_that_never_was_is_named(corpus: Corpus, loader: Loader) -> None:
    recall = Recall(FakeDeploymentLog(revision(1, (1, corpus.sound(1)))), loader)
    with pytest.raises(DeploymentError, match="no revision 2"):
        recall.model("toy", 2, 1, {})
    with pytest.raises(BundleError, match="has no version 2"):
        recall.model("toy", 1, 2, {})


def test_a_damaged_bundle_explains_nothing_and_leaves_no_files(
    corpus: Corpus, loader: Loader, folder: PrivateFolder
) -> None:
    digest = corpus.altered(1, lambda bundle: (bundle / MODEL).write_bytes(b"nothing"))
    with pytest.raises(BundleError, match="toy/1 as champion"):
        Recall(FakeDeploymentLog(revision(1, (1, digest))), loader).model("toy", 1, 1, {})
    assert not list(folder.path.iterdir())


def test_what_serves_now_is_taken_only_if_it_is_what_served_then(corpus: Corpus, loader: Loader) -> None:
    digest = corpus.sound(1)
    recall = Recall(FakeDeploymentLog(revision(1, (1, digest))), loader)
    serving = a_model(corpus.folder / "serving", 1)
    assert recall.model("toy", 1, 1, {digest: serving}) is serving
    numbered_anew = a_model(corpus.folder / "anew", 1, threshold=0.9)
    assert recall.model("toy", 1, 1, {numbered_anew.digest: numbered_anew}).digest == digest
