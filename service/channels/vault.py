"""What VIFAQ_SECRET_KEY is for: pseudonyms of people, and tokens encrypted at rest."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from service.errors import BadSetting

_PSEUDONYM_CHARS = 32


class Vault:
    """One key per purpose, derived from the secret key (HKDF, RFC 5869)."""

    def __init__(self, secret: SecretStr | None) -> None:
        """Raises BadSetting when there is no secret key."""
        if secret is None:
            raise BadSetting("VIFAQ_SECRET_KEY: channels need it; make one: openssl rand -hex 32")
        self._people = _derive(secret, b"vifaq pseudonyms")
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(secret, b"vifaq tokens")))

    def pseudonym(self, channel: str, account_id: str, user_id: str) -> str:
        """The same person in the same account is always the same 32 characters."""
        person = "\x1f".join((channel, account_id, user_id)).encode()
        return hmac.new(self._people, person, hashlib.sha256).hexdigest()[:_PSEUDONYM_CHARS]

    def seal(self, token: str) -> bytes:
        """Encrypt for the database."""
        return self._fernet.encrypt(token.encode())

    def open(self, sealed: bytes) -> str:
        """Decrypt. Raises BadSetting when another key sealed it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise BadSetting(
                "VIFAQ_SECRET_KEY is not the key that the stored tokens were encrypted with. Set "
                "the former one, or put a new refresh_token into VIFAQ_CHANNELS"
            ) from error


def _derive(secret: SecretStr, purpose: bytes) -> bytes:
    material = secret.get_secret_value().encode()
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(material)
