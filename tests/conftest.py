import os

# Before torch is imported, here and in every process that tests start: models this small spend
# their time waiting for a second thread, and on a busy machine nine tenths of it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.chroma_server",
    "tests.fixtures.tiny_models",
    "tests.fixtures.channels",
    "tests.fixtures.training",
]
