"""A passkey made of software: it answers what a site asks, as the browser would hand it over."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

NOBODY_IN_PARTICULAR = bytes(16)


def packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Passkey:
    """Of one site, `http://localhost` where nothing else is said."""

    host: str = "localhost"
    origin: str = "http://localhost"
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    owner: str = ""
    """The name that the site knows its owner by."""
    is_verified: bool = True
    """Whether it has checked a finger or a PIN."""

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def made(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to being made, which holds its public key."""
        self.owner = options["publicKey"]["user"]["id"]
        client = self._client("webauthn.create", options)
        public = ES256.from_cryptography_key(self._key.public_key())  # type: ignore[no-untyped-call]
        held = AttestedCredentialData.create(NOBODY_IN_PARTICULAR, self.id, public)
        flags = self._flags | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(self._site, flags, 0, bytes(held))
        attested = AttestationObject.create("none", data, {})
        return self._answer(
            {"clientDataJSON": packed(client), "attestationObject": packed(bytes(attested))},
            {"credProps": {"rk": True}},
        )

    def used(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to being asked who is there."""
        client = self._client("webauthn.get", options)
        data = AuthenticatorData.create(self._site, self._flags, 1)
        signed = bytes(data) + hashlib.sha256(client).digest()
        return self._answer(
            {
                "clientDataJSON": packed(client),
                "authenticatorData": packed(bytes(data)),
                "signature": packed(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": self.owner,
            },
            {},
        )

    @property
    def _site(self) -> bytes:
        return hashlib.sha256(self.host.encode()).digest()

    @property
    def _flags(self) -> AuthenticatorData.FLAG:
        flags = AuthenticatorData.FLAG.UP
        return flags | AuthenticatorData.FLAG.UV if self.is_verified else flags

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        challenge = options["publicKey"]["challenge"]
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, str], extensions: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": packed(self.id),
            "rawId": packed(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": extensions,
        }


def credential() -> dict[str, Any]:
    """What the database keeps of some passkey."""
    return Passkey().made({"publicKey": {"user": {"id": ""}, "challenge": ""}})
