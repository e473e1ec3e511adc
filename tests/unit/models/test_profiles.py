import pytest

from service.errors import BadSetting
from service.models.profiles import ENCODERS, RERANKERS, find_encoder, find_reranker
from service.settings import CustomModel, Settings

SETTINGS = Settings()


def test_names_and_models_are_distinct():
    keys = [key for p in (*ENCODERS, *RERANKERS) for key in {p.name, p.model}]
    assert len(keys) == len(set(keys))


def test_every_revision_is_a_whole_commit():
    revisions = [p.revision for p in (*ENCODERS, *RERANKERS) if p.revision]
    assert len(revisions) == len(set(revisions)) >= 5
    assert all(len(revision) == 40 and int(revision, 16) for revision in revisions)


@pytest.mark.parametrize("name", ["halong_embedding", "hiieu/halong_embedding"])
def test_a_model_is_found_by_name_and_by_hub_id(name):
    profile = find_encoder(name, SETTINGS)
    assert profile.model == "hiieu/halong_embedding"
    assert not profile.segmented


def test_phobert_models_want_joined_words():
    joined = {p.name for p in (*ENCODERS, *RERANKERS) if p.segmented}
    assert joined == {
        "vietnamese-sbert",
        "vietnamese-bi-encoder",
        "vietnamese-embedding",
        "PhoRanker",
    }


def test_an_entry_of_the_settings_wins():
    entry = CustomModel(model="me/mine", revision="abc", segmented=True, dimension=64)
    settings = Settings(encoders={"halong_embedding": entry}, rerankers={"mine": entry})
    profile = find_encoder("halong_embedding", settings)
    assert (profile.model, profile.revision, profile.dimension) == ("me/mine", "abc", 64)
    assert profile.segmented
    assert find_reranker("mine", settings).model == "me/mine"


def test_any_hub_id_or_folder_will_do(tmp_path):
    assert find_encoder("someone/something", SETTINGS).prefix == ""
    assert find_reranker(str(tmp_path), SETTINGS).model == str(tmp_path)


@pytest.mark.parametrize("name", ["halong", "./nowhere/at/all", ""])
def test_anything_else_is_refused_with_the_names_there_are(name):
    with pytest.raises(BadSetting, match=r"VIFAQ_ENCODER.*lexical, halong_embedding"):
        find_encoder(name, SETTINGS)
    with pytest.raises(BadSetting, match=r"VIFAQ_RERANKER.*PhoRanker"):
        find_reranker(name, SETTINGS)
