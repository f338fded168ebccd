"""Keys that receipts are signed with: Ed25519 (RFC 8032), kept as PEM files."""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from guardlayer.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def make_key(path: str | os.PathLike[str]) -> Ed25519PrivateKey:
    """Make a key and write it to a new file that only its owner may read.

    Raises:
        ConfigError: There is a file already, or it cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    data = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    target = Path(path)
    try:
        with contextlib.suppress(FileExistsError):
            target.parent.mkdir(parents=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise ConfigError(f"{target}: a key cannot be written there ({error.strerror}); choose another path") from error
    return key


def load_key(path: str | os.PathLike[str]) -> Ed25519PrivateKey:
    """Read a key from a PEM file.

    Raises:
        ConfigError: There is no such file, or it holds no Ed25519 private key without a password.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(Path(path).read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(f"{path}: the key cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path}: is no private key in PEM without a password ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: is a key of another sort; make one with `openssl genpkey -algorithm ed25519`")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key, in Base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(key: Ed25519PrivateKey, data: bytes) -> str:
    """Return the signature of ``data``, in Base64."""
    return base64.b64encode(key.sign(data)).decode()


def verified(public: str, signature: str, data: bytes) -> bool:
    """Say whether ``signature`` is that of ``data`` by the key whose public half this is."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True)).verify(
            base64.b64decode(signature, validate=True), data
        )
    except (InvalidSignature, ValueError):
        return False
    return True
