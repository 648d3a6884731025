"""The keys of a room: a folder that every machine of it has, and nobody else. Made once, copied to each.

`ca.pem` says whose certificates count, `bus.pem` and `bus.key` are the certificate that each machine shows and its key,
`token` is a word that each must know besides. The key that signed is thrown away: no further certificate can be made.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chromesthesia.core.errors import NetworkError, UsageError
from chromesthesia.core.user_files import is_file, is_there, one_line, read_text

AUTHORITY, CERTIFICATE, KEY, TOKEN = "ca.pem", "bus.pem", "bus.key", "token"
DAYS = 3650
LARGEST_FILE = 1 << 16
MAKE = "make them with `chromesthesia keys FOLDER`, and copy that folder to every machine"
EXTRA = "pip install 'chromesthesia[many]'"


@dataclass(frozen=True, slots=True)
class Keys:
    """Paths of a folder's files, and its token."""

    authority: Path
    certificate: Path
    key: Path
    token: str


def load_keys(folder: Path) -> Keys:
    """Raises UsageError for a folder in which something is missing."""
    for name in (AUTHORITY, CERTIFICATE, KEY, TOKEN):
        if not is_file(folder / name):
            raise UsageError(f"{one_line(folder)} has no {name}", MAKE)
    token = read_text(folder / TOKEN, LARGEST_FILE, UsageError).strip()
    if not (16 <= len(token) <= 200 and token.isalnum()):
        raise UsageError(f"{one_line(folder / TOKEN)} is no token", MAKE)
    return Keys(folder / AUTHORITY, folder / CERTIFICATE, folder / KEY, token)


def make_keys(folder: Path) -> Keys:
    """Make the keys of a new room in `folder`, which only its owner may read.

    Raises UsageError where keys lie already, NetworkError for a missing library or a folder that cannot be written.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError as error:
        raise NetworkError("keys need the library cryptography", EXTRA) from error
    for file in (AUTHORITY, CERTIFICATE, KEY, TOKEN):
        if is_there(folder / file):
            raise UsageError(
                f"{one_line(folder / file)} is there already",
                "give another folder: whoever has the old keys would be shut out",
            )
    # A clock that is a little behind must not refuse what another machine made just now.
    begins = datetime.now(UTC) - timedelta(days=2)
    ends = begins + timedelta(days=DAYS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"chromesthesia {secrets.token_hex(4)}")])
    authority = ec.generate_private_key(ec.SECP256R1())
    own = ec.generate_private_key(ec.SECP256R1())

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )

    root = (
        builder(name, authority.public_key())
        .add_extension(x509.BasicConstraints(True, 0), True)
        .sign(authority, hashes.SHA256())
    )
    machine = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chromesthesia")])
    leaf = (
        builder(machine, own.public_key())
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("chromesthesia")]), False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False
        )
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    contents = {
        AUTHORITY: root.public_bytes(pem),
        CERTIFICATE: leaf.public_bytes(pem),
        KEY: own.private_bytes(pem, *plain),
        TOKEN: secrets.token_hex(24).encode() + b"\n",
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, content in contents.items():
            handle = os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
    except (OSError, ValueError) as error:
        raise NetworkError(
            f"{one_line(folder)}: the keys cannot be written: {one_line(error)}", "choose another folder"
        ) from error
    return load_keys(folder)
