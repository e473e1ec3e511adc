import pytest

from service.errors import BadSetting, ModelUnavailable
from service.models.manifest import Manifest, write_manifest
from service.models.profiles import find_encoder, find_reranker
from service.settings import Settings


def test_a_folder_says_how_it_wants_its_text(tmp_path):
    manifest = Manifest(
        use="encoder", base="b", segmented=True, prefix="query: ", max_tokens=64, matryoshka=(32,)
    )
    write_manifest(tmp_path, manifest)
    profile = find_encoder(str(tmp_path), Settings())
    assert (profile.segmented, profile.prefix, profile.max_tokens) == (True, "query: ", 64)
    assert profile.matryoshka == (32,)


@pytest.mark.parametrize(
    ("use", "kind"),
    [("cross-encoder", "sentence-transformers"), ("poly-encoder", "poly-encoder")],
)
def test_rerankers(tmp_path, use, kind):
    write_manifest(tmp_path, Manifest(use=use, base="b", segmented=True))
    profile = find_reranker(str(tmp_path), Settings())
    assert profile.kind == kind
    assert profile.segmented
    with pytest.raises(BadSetting, match=f"VIFAQ_ENCODER.*{use}"):
        find_encoder(str(tmp_path), Settings())


def test_an_encoder_is_no_reranker(tmp_path):
    write_manifest(tmp_path, Manifest(use="encoder", base="b"))
    with pytest.raises(BadSetting, match=r"VIFAQ_RERANKER.*encoder"):
        find_reranker(str(tmp_path), Settings())


@pytest.mark.parametrize("content", ["{", '{"use": "encoder"}', '{"use": "cook", "base": "b"}'])
def test_a_damaged_manifest_is_told(tmp_path, content):
    (tmp_path / "vifaq.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=r"vifaq\.json"):
        find_encoder(str(tmp_path), Settings())
