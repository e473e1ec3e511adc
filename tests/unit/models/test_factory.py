import subprocess
import sys

import pytest

from service.errors import BadSetting
from service.models.embedded.adapter import EmbeddedAdapter
from service.models.embedded.encoder import open_embedded_encoder
from service.models.factory import list_models, open_adapter, open_encoder, pull_model
from service.models.lexical import LexicalAdapter, LexicalEncoder
from service.models.residual import ResidualAdapter
from service.settings import CustomModel, Settings
from tests.fixtures.fakes import FakeEncoder


def test_the_embedded_encoder_is_the_default():
    assert open_encoder(Settings()).name == "embedded"


@pytest.mark.parametrize(
    ("encoder", "adapter"),
    [
        (open_embedded_encoder(), EmbeddedAdapter),
        (LexicalEncoder(), LexicalAdapter),
        (FakeEncoder(), ResidualAdapter),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
def test_every_encoder_can_be_taught(encoder, adapter):
    assert isinstance(open_adapter(encoder), adapter)


def test_a_list_tells_what_is_chosen_and_what_is_here(tiny_models, tmp_path):
    own = CustomModel(model=str(tiny_models.reranker))
    settings = Settings(models_dir=tmp_path, reranker="own", rerankers={"own": own})
    models = {(m.use, m.profile.name): m for m in list_models(settings)}
    assert [key for key, m in models.items() if m.chosen] == [
        ("encoder", "embedded"),
        ("reranker", "own"),
    ]
    assert models["encoder", "lexical"].ready
    assert models["reranker", "own"].ready
    assert not models["encoder", "halong_embedding"].ready


def test_what_is_built_in_cannot_be_fetched():
    with pytest.raises(BadSetting, match="built in"):
        pull_model("lexical", Settings())


def test_the_default_needs_no_torch():
    """Starting takes seconds only as long as this holds."""
    code = (
        "import sys; from service.models.factory import open_encoder, list_models\n"
        "from service.settings import Settings; open_encoder(Settings())\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'scipy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
