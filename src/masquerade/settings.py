"""All settings in one model, from the environment (``MASQUERADE_*``) or a TOML file."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from masquerade.errors import SettingsInvalid

CONFIG_FILE = Path(platformdirs.user_config_dir("masquerade")) / "masquerade.toml"


def usable_cores() -> int:
    """Cores that this process may use: its affinity, and the share that a container grants."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    if quota == "max":
        return cores
    return max(1, min(cores, round(int(quota) / int(period))))


class Settings(BaseSettings):
    """What a user may set; ``docs/settings.md`` lists every field.

    Each field is read from the environment as ``MASQUERADE_<NAME>``, else from ``masquerade.toml``
    in the user's configuration folder, else its default holds.
    """

    model_config = SettingsConfigDict(
        env_prefix="MASQUERADE_", extra="forbid", frozen=True, toml_file=CONFIG_FILE, populate_by_name=True
    )

    data_root: Path | None = Field(
        default=None,
        validation_alias="MASQUERADE_DATA",
        description="Folder of the data sets for training and evaluation (environment: MASQUERADE_DATA).",
    )
    max_bytes: Annotated[int, Field(gt=0)] = Field(
        default=64 * 2**20, description="Largest picture file that is read, in bytes."
    )
    max_pixels: Annotated[int, Field(gt=0)] = Field(
        default=50_000_000, description="Largest picture that is decoded, in pixels."
    )
    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        default_factory=lambda: min(2, usable_cores()),
        description="Threads that inference may use, in the whole process.",
    )
    models_dir: Path = Field(
        default=Path(platformdirs.user_data_dir("masquerade")) / "models",
        description="Folder of the user's own models: an ONNX file and a card of the same name each.",
    )
    min_face: Annotated[float, Field(ge=8)] = Field(
        default=16.0, description="Smallest face that is reported, in pixels of its box's longer side."
    )
    wearing_model: str = Field(default="wearing", description="Registered model that tells how a mask is worn.")
    wearing_confidence: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.5, description="Lowest probability at which a face gets a label; below it, it is undecided."
    )
    identity_model: str = Field(
        default="identity", description="Registered model that makes the templates by which people are told."
    )
    identity_calibration: Path | None = Field(
        default=None, description="Calibration that takes the place of the one in the model's card."
    )
    identity_fmr: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=1e-3, description="False match rate at which two faces are called the same person."
    )
    face_threshold: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5, description="Lowest detector score of a face in a frame of a video."
    )
    serve_max_bytes: Annotated[int, Field(gt=0)] = Field(
        default=10_000_000, description="Largest photo that the service takes, in bytes."
    )
    serve_max_pixels: Annotated[int, Field(gt=0)] = Field(
        default=40_000_000, description="Largest photo that the service decodes, in pixels."
    )
    serve_batch: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=16, description="Most photos of one request to the service."
    )
    serve_queue: Annotated[int, Field(ge=1)] = Field(
        default=128, description="Most photos and frames that wait for a worker of the service."
    )
    serve_deadline: Annotated[float, Field(gt=0)] = Field(
        default=30.0, description="Longest wait for a worker of the service, in seconds."
    )
    serve_rate: Annotated[float, Field(ge=0)] = Field(
        default=600.0, description="Requests a minute that one client of the service may make; 0 for no limit."
    )
    serve_keys: Path = Field(
        default=Path(platformdirs.user_config_dir("masquerade")) / "keys.json",
        description="File with the digests of the service's keys.",
    )
    kiosk_languages: str = Field(
        default="",
        description="Languages of the kiosk page, as in de,en; several take turns; empty for the browser's.",
    )
    kiosk_turn: Annotated[float, Field(ge=5, le=3600)] = Field(
        default=8.0, description="How long the kiosk page shows each of several languages, in seconds."
    )
    kiosk_counts: bool = Field(default=True, description="Whether the kiosk page may show the counts of the day.")
    kiosk_sessions: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=8, description="Most browsers that may send the frames of their cameras at once."
    )

    camera_verify_tls: bool = Field(
        default=True, description="Whether the certificate of an https:// or rtsps:// camera must be good."
    )
    camera_ca_file: Path | None = Field(
        default=None, description="PEM file of the certificates that cameras are trusted by, not the system's."
    )
    alerts_file: Path | None = Field(
        default=None, description="TOML file that says where alerts go, and when there are none."
    )
    alerts_outbox: Path = Field(
        default=Path(platformdirs.user_state_dir("masquerade")) / "alerts.sqlite",
        description="File in which alerts wait until they are sent.",
    )
    event_days: Annotated[int, Field(ge=1, le=36500)] = Field(
        default=30, description="Days for which events of cameras, and alerts that are done, are kept."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take keyword arguments first, then the environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once.

    Raises:
        SettingsInvalid: a value cannot be used; the message names the setting and the reason.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise SettingsInvalid(problems, hint="see docs/settings.md for the names and ranges") from error
    except (OSError, ValueError) as error:  # the file cannot be read, or is no TOML
        raise SettingsInvalid(f"{CONFIG_FILE}: {error}", hint="mend the file or remove it") from error
