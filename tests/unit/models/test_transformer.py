import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from service.domain import PreparedText
from service.errors import BadSetting, ModelUnavailable
from service.models import compiled
from service.models.factory import open_encoder
from service.settings import CustomModel, Settings
from tests.fixtures.tiny_models import save_xlm_roberta


def text(plain: str, segmented: str | None = None) -> PreparedText:
    return PreparedText(plain, segmented or plain, True)


def own(folder, **options) -> Settings:
    entry = CustomModel(model=str(folder), **options)
    return Settings(encoder="own", encoders={"own": entry})


@pytest.fixture
def copy(tiny_models, tmp_path):
    return shutil.copytree(tiny_models.xlm_roberta, tmp_path / "copy")


def test_segmented_profiles_read_joined_words(tiny_models):
    joined, plain = text("học phí", "học_phí"), text("học phí")
    segmented = open_encoder(own(tiny_models.phobert, segmented=True))
    unsegmented = open_encoder(own(tiny_models.phobert))
    assert not np.allclose(segmented.encode([joined]), segmented.encode([plain]))
    assert np.allclose(unsegmented.encode([joined]), unsegmented.encode([plain]))


def test_the_prefix_is_put_before_every_text(tiny_models):
    bare = open_encoder(own(tiny_models.xlm_roberta))
    prefixed = open_encoder(own(tiny_models.xlm_roberta, prefix="query: "))
    expected = bare.encode([text("query: học phí")])
    assert prefixed.encode([text("học phí")]) == pytest.approx(expected, abs=1e-5)


def test_a_cut_vector_is_the_head_of_the_whole_one(tiny_models):
    whole = open_encoder(own(tiny_models.xlm_roberta)).encode([text("học phí")])
    cut = open_encoder(own(tiny_models.xlm_roberta, dimension=8))
    head = whole[:, :8] / np.linalg.norm(whole[:, :8])
    assert cut.encode([text("học phí")]) == pytest.approx(head, abs=1e-5)


def test_more_dimensions_than_there_are_is_refused(tiny_models):
    with pytest.raises(BadSetting, match="32 dimensions and cannot be cut to 64"):
        open_encoder(own(tiny_models.xlm_roberta, dimension=64))


def test_text_is_read_up_to_max_tokens(tiny_models):
    encoder = open_encoder(own(tiny_models.xlm_roberta, max_tokens=6))
    head = "học phí tín chỉ ký túc xá"
    vectors = encoder.encode([text(f"{head} thư viện"), text(f"{head} mấy giờ")])
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-5)


@pytest.mark.parametrize("max_tokens", [512, 65])
def test_more_tokens_than_there_are_positions_are_never_read(tiny_models, max_tokens):
    encoder = open_encoder(own(tiny_models.xlm_roberta, max_tokens=max_tokens))
    assert np.isfinite(encoder.encode([text("thư viện " * 200)])).all()


def test_the_fingerprint_follows_options_weights_and_backend(tiny_models, tmp_path):
    folder = tiny_models.xlm_roberta
    settings = [
        own(folder),
        own(folder, prefix="query: "),
        own(folder, segmented=True),
        own(folder, max_tokens=8),
        own(folder, dimension=8),
        own(save_xlm_roberta(tmp_path / "other", seed=1)),
        own(folder).model_copy(update={"encoder_backend": "onnx"}),
    ]
    fingerprints = [open_encoder(s).fingerprint for s in settings]
    assert len(set(fingerprints)) == len(fingerprints)


def test_the_fingerprint_is_that_of_the_files_wherever_they_lie(tiny_models, copy):
    moved, original = open_encoder(own(copy)), open_encoder(own(tiny_models.xlm_roberta))
    assert moved.fingerprint == original.fingerprint


def test_a_large_file_is_told_apart_by_its_blocks(copy, monkeypatch):
    monkeypatch.setattr("service.models.files._READ_WHOLE_BYTES", 50_000)
    before = open_encoder(own(copy)).fingerprint
    weights = copy / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert open_encoder(own(copy)).fingerprint != before


def test_pickle_weights_are_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="only pickle weights"):
        open_encoder(own(copy))


def test_pickle_in_a_later_module_is_refused(copy):
    listing = json.loads((copy / "modules.json").read_text())
    listing.append({"idx": 2, "name": "2", "path": "2_Dense", "type": listing[1]["type"]})
    (copy / "modules.json").write_text(json.dumps(listing))
    (copy / "2_Dense").mkdir()
    (copy / "2_Dense" / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelUnavailable, match="2_Dense holds only pickle weights"):
        open_encoder(own(copy))


def test_code_of_the_models_own_is_refused(copy):
    listing = json.loads((copy / "modules.json").read_text())
    listing[1]["type"] = "modeling.Evil"
    (copy / "modules.json").write_text(json.dumps(listing))
    (copy / "modeling.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        open_encoder(own(copy))


def test_damaged_weights_are_named(copy):
    (copy / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelUnavailable, match=r"copy cannot be loaded .*vifaq models pull own"):
        open_encoder(own(copy))


def test_no_weights_at_all(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="holds no weights"):
        open_encoder(own(copy))


def test_a_backend_without_its_graph_says_where_it_should_be(tiny_models):
    settings = own(tiny_models.phobert).model_copy(update={"encoder_backend": "onnx"})
    with pytest.raises(ModelUnavailable, match=r"onnx/model\.onnx"):
        open_encoder(settings)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_every_backend_gives_the_vectors_of_torch(tiny_models, backend):
    texts = [text("học phí"), text("thư viện mở cửa mấy giờ ạ"), text("ký túc xá " * 40)]
    settings = own(tiny_models.xlm_roberta)
    compiled_one = open_encoder(settings.model_copy(update={"encoder_backend": backend}))
    expected = open_encoder(settings).encode(texts)
    assert compiled_one.encode(texts) == pytest.approx(expected, abs=1e-5)


def test_openvino_reads_its_own_graph_before_an_onnx_one(tiny_models, copy):
    import openvino

    onnx = copy / "onnx" / "model.onnx"
    (copy / "openvino").mkdir()
    graph = openvino.Core().read_model(str(onnx))
    openvino.save_model(graph, str(copy / "openvino" / "openvino_model.xml"))
    onnx.write_bytes(b"not a graph")
    encoder = open_encoder(own(copy).model_copy(update={"encoder_backend": "openvino"}))
    expected = open_encoder(own(tiny_models.xlm_roberta)).encode([text("học phí")])
    assert encoder.encode([text("học phí")]) == pytest.approx(expected, abs=1e-2)  # 16-bit weights


@pytest.mark.parametrize(("backend", "module"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
def test_a_backend_that_is_not_installed_names_the_extra(tiny_models, monkeypatch, backend, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BadSetting, match=rf'pip install "vifaq\[{backend}\]"'):
        compiled.open_session(tiny_models.xlm_roberta / "onnx" / "model.onnx", backend, 1)


def test_a_quantised_graph_goes_first(tiny_models, copy):
    quantised = copy / "onnx" / "model_quantized.onnx"
    shutil.copy(copy / "onnx" / "model.onnx", quantised)
    from service.models.profiles import find_encoder

    profile = find_encoder(str(copy), Settings())
    assert compiled.compiled_file(profile, copy, "onnx") == quantised


def test_a_model_that_is_nowhere_names_setting_command_and_alternative(tmp_path):
    """In a process of its own, since the hub's address is read at import."""
    code = (
        "from service.models.factory import open_encoder\n"
        "from service.settings import Settings\n"
        "open_encoder(Settings(encoder='halong_embedding'))"
    )
    env = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("service.errors.ModelUnavailable: VIFAQ_ENCODER=halong_embedding")
    assert "vifaq models pull halong_embedding" in last
    assert "or to embedded" in last
