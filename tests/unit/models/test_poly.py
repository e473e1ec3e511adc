import pytest

from service.domain import Candidate, Faq, PreparedText
from service.errors import BadSetting, ModelUnavailable
from service.models.factory import open_reranker
from service.settings import Settings
from tests.fixtures.fakes import FakeEncoder
from tests.fixtures.tiny_models import save_poly_encoder


def text(plain: str) -> PreparedText:
    return PreparedText(plain, plain, True)


@pytest.fixture
def folder(tiny_models, tmp_path):
    return save_poly_encoder(tmp_path, tiny_models.xlm_roberta)


def candidates(*passages):
    return [Candidate(Faq(p, p, "…"), p, 0.5) for p in passages]


def test_a_passage_is_prepared_and_encoded_once(folder):
    prepared = []

    def prepare(raw):
        prepared.append(raw)
        return text(raw)

    reranker = open_reranker(Settings(reranker=str(folder)), prepare)
    first = reranker.score(
        text("học phí"), candidates("thư viện", "ký túc xá", "thư viện"), FakeEncoder()
    )
    again = reranker.score(text("học phí"), candidates("ký túc xá", "thư viện"), FakeEncoder())
    assert prepared == ["thư viện", "ký túc xá"]
    assert first[0] == first[2]
    assert again.tolist() == pytest.approx([first[1], first[0]], abs=1e-6)


def test_it_runs_on_torch_alone(folder):
    with pytest.raises(BadSetting, match="torch alone"):
        open_reranker(Settings(reranker=str(folder), reranker_backend="onnx"), text)


def test_damaged_codes_are_told(folder):
    (folder / "poly" / "codes.safetensors").write_bytes(b"?")
    with pytest.raises(ModelUnavailable, match="codes"):
        open_reranker(Settings(reranker=str(folder)), text)


def test_views_see_each_token_alike_before_training(tiny_models):
    import torch
    from sentence_transformers import SentenceTransformer

    from service.models.poly_codes import PolyCodes, PolyEncoder, with_codes

    model = SentenceTransformer(str(tiny_models.xlm_roberta), device="cpu", local_files_only=True)
    codes = PolyCodes(4, 32)
    torch.nn.init.zeros_(codes.codes)
    encoder = PolyEncoder(with_codes(model, codes))
    texts = ["học phí", "thư viện mở cửa mấy giờ"]  # of different length: one is padded
    views, means = encoder.views(texts), encoder.vectors(texts)
    assert torch.allclose(views, means[:, None].expand_as(views), atol=1e-5)
