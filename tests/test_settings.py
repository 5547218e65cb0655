"""One settings model: the environment, the settings file, defaults, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from masquerade.errors import SettingsInvalid
from masquerade.settings import Settings, get_settings, usable_cores

ABSENT = "absent.toml"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting from outside, none left behind."""
    for name in list(os.environ):
        if name.startswith("MASQUERADE_"):
            monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "toml_file", tmp_path / ABSENT)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def write_toml(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    path = folder / "masquerade.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setitem(Settings.model_config, "toml_file", path)


def test_defaults() -> None:
    settings = get_settings()
    assert settings.data_root is None
    assert settings.threads == min(2, usable_cores())
    assert settings.models_dir.name == "models"
    assert get_settings() is settings


ENVIRONMENT = [
    # each field by its name in capitals
    ("MASQUERADE_MAX_BYTES", "1000", "max_bytes", 1000),
    ("MASQUERADE_MAX_PIXELS", "77", "max_pixels", 77),
    ("MASQUERADE_THREADS", "1", "threads", 1),
    ("MASQUERADE_MODELS_DIR", "/some/where", "models_dir", Path("/some/where")),
    ("MASQUERADE_MIN_FACE", "24.5", "min_face", 24.5),
    ("MASQUERADE_FACE_THRESHOLD", "0.7", "face_threshold", 0.7),
    # the one with a name of its own
    ("MASQUERADE_DATA", "/photos", "data_root", Path("/photos")),
    # the case of a name does not matter
    ("masquerade_threads", "1", "threads", 1),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), ENVIRONMENT)
def test_environment(monkeypatch: pytest.MonkeyPatch, name: str, text: str, field: str, value: object) -> None:
    monkeypatch.setenv(name, text)
    assert getattr(get_settings(), field) == value


def test_unknown_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is shared with other programs: only names of fields are read."""
    monkeypatch.setenv("MASQUERADE_TREADS", "1")
    assert get_settings().threads == min(2, usable_cores())


def test_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_toml(monkeypatch, tmp_path, 'threads = 1\nmin_face = 30\ndata_root = "/photos"\n')
    settings = get_settings()
    assert (settings.threads, settings.min_face, settings.data_root) == (1, 30.0, Path("/photos"))


def test_environment_stands_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_toml(monkeypatch, tmp_path, "threads = 1\nmin_face = 30\n")
    monkeypatch.setenv("MASQUERADE_MIN_FACE", "40")
    assert (get_settings().threads, get_settings().min_face) == (1, 40.0)


REFUSED = [
    # no number
    ("MASQUERADE_THREADS", "many", "threads"),
    # out of range, both ends
    ("MASQUERADE_THREADS", "0", "threads"),
    ("MASQUERADE_THREADS", "257", "threads"),
    ("MASQUERADE_MAX_BYTES", "-1", "max_bytes"),
    ("MASQUERADE_MAX_PIXELS", "0", "max_pixels"),
    ("MASQUERADE_MIN_FACE", "7", "min_face"),
    ("MASQUERADE_FACE_THRESHOLD", "1", "face_threshold"),
    ("MASQUERADE_FACE_THRESHOLD", "nan", "face_threshold"),
]


@pytest.mark.parametrize(("name", "text", "field"), REFUSED)
def test_refused_values_are_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str, field: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsInvalid, match=field) as caught:
        get_settings()
    assert caught.value.hint


FILES = [
    # a name that is no setting: a slip of the pen
    ("treads = 1\n", "treads"),
    # a value that cannot be
    ("threads = 0\n", "threads"),
    # no TOML
    ("threads = = 1\n", "line 1"),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_refused_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, message: str) -> None:
    write_toml(monkeypatch, tmp_path, text)
    with pytest.raises(SettingsInvalid, match=message):
        get_settings()


CGROUPS = [
    # no limit, a share below one core, one and a half, more than there are
    ("max 100000", 8, 8),
    ("50000 100000", 8, 1),
    ("250000 100000", 8, 2),
    ("1600000 100000", 8, 8),
    # not the file that it is taken for
    ("nonsense", 8, 8),
    ("", 8, 8),
]


@pytest.mark.parametrize(("text", "affinity", "cores"), CGROUPS)
def test_usable_cores(monkeypatch: pytest.MonkeyPatch, text: str, affinity: int, cores: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    assert usable_cores() == cores


def test_usable_cores_without_a_control_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    monkeypatch.setattr(Path, "read_text", refuse)
    assert usable_cores() == 3
