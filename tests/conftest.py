"""What every test shares: its own working directory, bounded property tests, and the labelled data where it is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from guardlayer.errors import ConfigError

if TYPE_CHECKING:
    from guardlayer.testing.postgres import Layer

ROOT = Path(__file__).resolve().parent.parent

# Absolute, because every test runs in a directory of its own.
_EXAMPLES = DirectoryBasedExampleDatabase(ROOT / ".hypothesis" / "examples")
# Two cores shared with other work: time limits of single examples would only say how busy the machine was.
settings.register_profile(
    "default", max_examples=50, deadline=None, database=_EXAMPLES, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty directory, so that what goes under the working directory lands in no one's checkout."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of labelled data."""
    named = os.environ.get("GUARDLAYER_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            f"needs the labelled data, and there is no folder {folder}: "
            "get the project's shared data and name its folder in GUARDLAYER_DATA"
        )
    return folder


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a PostgreSQL database: of DATABASE_URL, or of a server that this run of tests starts."""
    if named := os.environ.get("DATABASE_URL"):
        yield named
        return
    from guardlayer.testing.postgres import shared

    base = tmp_path_factory.getbasetemp()
    # Workers share one server: their folders have one parent, which no other run has.
    among = bool(os.environ.get("PYTEST_XDIST_WORKER"))
    try:
        with shared(base.parent if among else base, until=os.getppid() if among else os.getpid()) as server:
            yield server.url
    except ConfigError as error:
        pytest.skip(f"needs a PostgreSQL server: {error}")


@pytest.fixture(scope="session")
def postgres_layer(postgres_server: str) -> Iterator[Layer]:
    """Return the knowledge layer that the tests of this process take turns with."""
    from guardlayer.testing.postgres import Layer

    with Layer.made(postgres_server, f"guardlayer_test_{os.getpid()}") as layer:
        # Under a name of this process, so that a test may cut its connections and nobody else's.
        layer.url += f"&application_name=guardlayer-{os.getpid()}"
        yield layer


@pytest.fixture
def postgres(postgres_layer: Layer) -> str:
    """Return the URL of an empty knowledge layer on a real PostgreSQL server."""
    postgres_layer.empty()
    return postgres_layer.url
