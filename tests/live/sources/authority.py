"""Certificates for tests, made by Debian's openssl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

OPENSSL = shutil.which("openssl")
HAS_OPENSSL = OPENSSL is not None
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
HERE, ELSEWHERE = "DNS:localhost,IP:127.0.0.1", "DNS:other.example,IP:127.0.0.9"


class Authority:
    """Signs certificates, which are trusted by whoever trusts ``file``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "authority.pem"
        self._openssl(
            "req", "-x509", *KEY, "-keyout", "authority.key", "-out", self.file.name, "-subj", "/CN=Authority"
        )

    def certificate(self, name: str, hosts: str = HERE, *options: str) -> Path:
        """A certificate and its key in one file, for some hosts; ``options`` of ``openssl x509`` besides."""
        self._openssl("req", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self._folder / "hosts").write_text(f"subjectAltName={hosts}\n")
        signed = ["-CA", self.file.name, "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "hosts"]
        self._openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.crt", *options)
        made = self._folder / f"{name}.pem"
        made.write_text(((self._folder / f"{name}.crt").read_text()) + (self._folder / f"{name}.key").read_text())
        return made

    def _openssl(self, *words: str) -> None:
        assert OPENSSL is not None
        subprocess.run([OPENSSL, *words], cwd=self._folder, check=True, capture_output=True, timeout=60)
