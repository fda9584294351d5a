"""Tokens: made, digested for look-up, encrypted at rest (decision 6). The only file that knows how."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models

from parties.hot_settings import hot


def make_token() -> str:
    """43 characters of printable ASCII (CRED-18 allows 64), 256 bits."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Keyed (HMAC with SHA-256), so that a stolen table cannot be searched for known tokens. Hex, 64 characters."""
    begun = _begin_hmac(hot.TOKEN_DIGEST_KEY)
    inner, outer = begun[0].copy(), begun[1].copy()
    inner.update(token.encode("utf-8", "surrogatepass"))
    outer.update(inner.digest())
    return outer.hexdigest()


@lru_cache(maxsize=4)
def _begin_hmac(key: bytes) -> tuple[Any, Any]:
    """Both hashes with the key in them (RFC 2104). Each call digests a token; setting up a HMAC costs ten of these."""
    block = key.ljust(hashlib.sha256().block_size, b"\0")
    if len(block) > hashlib.sha256().block_size:
        raise ValueError("the key of the token digest is over one block")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in block)), hashlib.sha256(bytes(byte ^ 0x5C for byte in block))


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """With the first key of the ring; "" stays "" (there is no secret)."""
    return _ring(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode("ascii") if text else ""


def decrypt(text: str) -> str:
    """With whichever key of the ring fits.

    Raises:
        cryptography.fernet.InvalidToken: no key of the ring fits.
    """
    return _ring(tuple(settings.ENCRYPTION_KEYS)).decrypt(text.encode("ascii")).decode() if text else ""


class EncryptedTextField(models.TextField):
    """Text that lies encrypted in the table."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value or "")

    def from_db_value(self, value: str | None, *args: object) -> str:
        return decrypt(value or "")
