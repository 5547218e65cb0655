"""What all tests share: the bundled photos, the data sets where they are at hand, settings of their own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from masquerade.settings import get_settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def heard_interrupts() -> None:
    """Let processes hear Ctrl-C and SIGHUP, also where a shell started the tests and told them not to."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # under nohup
        signal.signal(signal.SIGHUP, lambda *_: None)  # which these tests outlive, and no process of theirs inherits


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of bundled photos: six portraits, bare faces."""
    return Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="session")
def photos(samples: Path) -> list[Path]:
    """The bundled photos, sorted."""
    return sorted(samples.glob("*.jpg"))


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the data sets; skips where there is none."""
    root = get_settings().data_root
    if root is None or not root.is_dir():
        pytest.skip("MASQUERADE_DATA leads nowhere")
    return root


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    """Let settings be read anew from the environment, before the test and after it."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take minutes, so that no process is left alone with them at the end."""
    items.sort(key=lambda item: item.path.name != "test_figures.py")
