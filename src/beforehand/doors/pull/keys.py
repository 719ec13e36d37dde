"""Our keys: made here, kept in the home for its owner only, part of every backup; servers get the public halves.

One pair for each algorithm that SMART asks for, ES384 and RS384. A signature names its audience and is good for
minutes, so one pair serves every server.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.conf import settings

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ALGORITHMS = ("ES384", "RS384")
_BITS = 3072
_COORDINATE = 48  # bytes of a coordinate on P-384


def kept_file(name: str) -> Path:
    """A file among the keys of the home, which a backup takes with it."""
    folder = Path(settings.HOME) / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / name


def keep_secret(path: Path, content: bytes, *, is_first: bool = False) -> None:
    """Put a secret in place whole or not at all, for the owner only. ``is_first``: what is there already stays.

    The draft lies beside the folder of keys, so that a backup made meanwhile does not meet it.
    """
    draft = path.parent.parent / f".key-{secrets.token_hex(6)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if is_first:
            try:
                os.link(draft, path)
            except FileExistsError:
                return
        else:
            os.replace(draft, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)


def _made(algorithm: str) -> Key:
    if algorithm == "ES384":
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(65537, _BITS)


def key_for(algorithm: str) -> Key:
    """Our key for an algorithm, made on first use."""
    path = kept_file(f"pull-{algorithm.lower()}.pem")
    if not path.exists():
        content = _made(algorithm).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        keep_secret(path, content, is_first=True)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return key


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int, size: int | None = None) -> str:
    return _text(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def public_key(algorithm: str) -> dict[str, str]:
    """The public half as a JSON Web Key, named by its thumbprint (RFC 7638)."""
    key = key_for(algorithm)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        essence = {"crv": "P-384", "kty": "EC", "x": _number(point.x, _COORDINATE), "y": _number(point.y, _COORDINATE)}
    else:
        numbers = key.public_key().public_numbers()
        essence = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    print_ = _text(hashlib.sha256(json.dumps(essence, sort_keys=True, separators=(",", ":")).encode()).digest())
    return {**essence, "kid": print_, "alg": algorithm, "use": "sig"}


def key_set() -> dict[str, list[dict[str, Any]]]:
    """What a server is handed (a JWK Set): our public keys."""
    return {"keys": [{**public_key(algorithm), "key_ops": ["verify"]} for algorithm in ALGORITHMS]}


def signed(claims: dict[str, Any], algorithm: str) -> str:
    """The claims as a compact JSON Web Signature (RFC 7515)."""
    key = key_for(algorithm)
    head = {"alg": algorithm, "kid": public_key(algorithm)["kid"], "typ": "JWT"}
    said = f"{_text(json.dumps(head).encode())}.{_text(json.dumps(claims).encode())}".encode()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(said, ec.ECDSA(hashes.SHA384())))
        mark = r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")
    else:
        mark = key.sign(said, padding.PKCS1v15(), hashes.SHA384())
    return f"{said.decode()}.{_text(mark)}"
