pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.chroma_server",
    "tests.fixtures.tiny_models",
    "tests.fixtures.channels",
    "tests.fixtures.training",
]
