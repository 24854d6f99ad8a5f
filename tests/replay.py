#!/usr/bin/env python3
"""A second verifier of Tearline logs, in Python's standard library alone.

It is written from docs/spec.md, not from the Rust code; the numbers in
parentheses are that document's sections. Like an auditor it holds no key:
it checks everything that was recorded and opens no content.

    replay.py FILE.bundle [--json]   replay every room, print a verdict
    replay.py --vectors DIR          check the vectors and logs below DIR

Exit status: 0 accepted, 1 refused, 2 wrong use.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import re
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

U64_MAX = 2**64 - 1


class Refused(Exception):
    """The whole input is not accepted: a code of the specification, and why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Malformed(Exception):
    """Bytes that are not what they should be; the caller knows the code."""


def require(holds: object, code: str, reason: str) -> None:
    """Refuse with `code` unless `holds`."""
    if not holds:
        raise Refused(code, reason)


def need(holds: object, reason: str) -> None:
    """Call the bytes at hand malformed unless `holds`."""
    if not holds:
        raise Malformed(reason)


# --------------------------------------------------------------------------
# Bytes (1.1)
# --------------------------------------------------------------------------


def sha256(*parts: bytes) -> bytes:
    """SHA-256 over the concatenation of `parts`."""
    return hashlib.sha256(b"".join(parts)).digest()


def frame(*fields: bytes | str | int) -> bytes:
    """Each field as u32 length and bytes; integers are u64 (1.1)."""
    out = []
    for item in fields:
        if isinstance(item, int):
            item = struct.pack(">Q", item)
        elif isinstance(item, str):
            item = item.encode()
        out.append(struct.pack(">I", len(item)) + item)
    return b"".join(out)


def labelled(*fields: bytes | str | int) -> bytes:
    """H of the specification: SHA-256 over a frame (1.1)."""
    return sha256(frame(*fields))


def hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 of RFC 5869 (1.1)."""
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    out, block = b"", b""
    for count in range(1, (length + 31) // 32 + 1):
        block = hmac.digest(key, block + info + bytes([count]), "sha256")
        out += block
    return out[:length]


def unbase64(text: str) -> bytes:
    """Standard padded base64 with zero spare bits (5.3)."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise Malformed(f"not base64: {error}") from None
    need(base64.b64encode(raw).decode() == text, "base64 has another spelling")
    return raw


def decimal(text: str) -> int:
    """A u64 in decimal, without sign or leading zeros (5.5)."""
    need(re.fullmatch(r"0|[1-9][0-9]{0,19}", text, re.ASCII), "not a decimal number")
    value = int(text)
    need(value <= U64_MAX, "a number of 2^64 or more")
    return value


# --------------------------------------------------------------------------
# The one encoding (1.2, Annex A)
# --------------------------------------------------------------------------

# `*` repeated, `?` optional (written even if empty), `|` in the message's oneof.
SCHEMA = """
Envelope: 1 payload_type string, 2 payload bytes, 3 signatures *Signature
Signature: 1 keyid bytes, 2 sig bytes
Entry: 1 accepted_at uint64, 2 envelope |bytes, 3 access |Access
Access: 1 member string, 2 room bytes, 3 first uint64, 4 count uint64
Statement: 1 id bytes, 2 room bytes, 3 author string, 4 basis_size uint64, 5 basis_root bytes, 6 not_after uint64, 10 charter |Charter, 11 post |Post, 12 proposal |Proposal, 13 approval |Approval, 14 rejection |Rejection, 15 recall |Recall, 16 acknowledgement |Acknowledgement
Charter: 1 founding Founding, 2 epoch uint64, 3 suite uint32, 4 quorum uint32, 5 log_vkey string, 6 limits Limits, 7 key_commitment bytes, 8 members *Member, 9 succession bool, 10 service Service
Founding: 1 domain string, 2 name string, 3 nonce bytes
Service: 1 address string, 2 authority_sha256 bytes
Limits: 1 basis_age uint64, 2 content_bytes uint64, 3 attachment_bytes uint64, 4 attachments uint32
Member: 1 name string, 2 custodian bool, 3 sign_key bytes, 4 seal_key bytes, 5 tls_key_sha256 bytes, 6 endorsement bytes, 7 wrap bytes
Post: 1 epoch uint64, 2 salt bytes, 3 key_commitment bytes, 4 digest bytes, 5 size uint64, 6 attachments *Attachment, 7 content_until uint64, 8 manifests *bytes
Attachment: 1 digest bytes, 2 size uint64
Proposal: 1 targets *bytes, 2 signatures *bytes, 3 sealed Post, 4 quorum uint32
Approval: 1 proposal bytes, 2 signatures *bytes
Rejection: 1 proposal bytes
Recall: 1 post bytes, 2 id bytes
Acknowledgement: 1 posts *Ref
Ref: 1 room bytes, 2 statement bytes, 3 id bytes
Card: 1 name string, 2 custodian bool, 3 sign_key bytes, 4 seal_key bytes, 5 tls_key_sha256 bytes
RoomKeys: 1 keys *RoomKey
RoomKey: 1 epoch uint64, 2 key bytes
BundleRow: 1 begin |BundleBegin, 2 room |BundleRoom, 3 entry |BundleEntry, 4 end |BundleEnd
BundleBegin: 1 domain string, 2 chamber bytes, 3 written_at uint64
BundleRoom: 1 room bytes, 2 name string, 3 first uint64, 4 size uint64, 5 checkpoint bytes
BundleEntry: 1 entry bytes, 2 content ?bytes
BundleEnd: 1 rows uint64, 2 sha256 bytes
Admission: 1 charters *bytes, 2 tls_keys *bytes
Invitation: 1 admission bytes, 2 certificate bytes, 3 authority bytes
Content: 1 written_at uint64, 2 precedence enum, 3 subject string, 4 ack_by uint64, 5 answers Ref, 6 refers *Ref, 7 tearline Tearline, 8 attachments *AttachmentKey, 20 briefing |Briefing, 21 release |Release, 22 concern |Concern, 23 assessment |Assessment, 24 note |Note, 25 decoy |Decoy, 26 manifest_notice |ManifestNotice
Briefing: 1 portions *Portion, 2 seed bytes, 3 source Source, 4 information_until uint64, 5 originator string
Portion: 1 mark string, 2 text string
Source: 1 reliability enum, 2 credibility enum, 3 description string
Tearline: 1 manifest bytes, 2 blind bytes, 3 portions *ReleasedPortion
ReleasedPortion: 1 mark string, 2 text string, 3 salt bytes
Release: 1 note string
Concern: 1 text string, 2 activity enum, 3 place Place, 4 observed_from uint64, 5 observed_to uint64, 6 force_seen string, 7 reply_by uint64, 8 evidence string, 9 answer_use enum
Place: 1 name string, 2 longitude_e7 sint64, 3 latitude_e7 sint64, 4 precision_m uint32
Assessment: 1 finding enum, 2 activity enum, 3 likelihood enum, 4 confidence enum, 5 text string, 6 assumptions *string, 7 alternatives *string, 8 information_until uint64
Note: 1 text string
Decoy:
ManifestNotice: 1 briefing Ref, 2 room bytes
AttachmentKey: 1 digest bytes, 2 size uint64, 3 key bytes, 4 name string, 5 media_type string
Proposed: 1 targets *Target, 2 seed bytes, 3 briefing Ref, 4 downgrades *Downgrade, 5 grants *Grant, 6 note string, 7 tls_keys *bytes
Target: 1 room bytes, 2 statement bytes, 3 content bytes
Downgrade: 1 portion uint32, 2 from string, 3 to string, 4 reason string
Grant: 1 room bytes, 2 member string, 3 from_epoch uint64
"""

VARINT_KINDS = frozenset({"uint32", "uint64", "sint64", "bool", "enum"})
DEFAULTS: dict[str, Any] = {"string": "", "bytes": b"", "bool": False}

Message = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One line of a field table."""

    number: int
    name: str
    kind: str
    rule: str  # "", "*", "?" or "|"

    @property
    def wire(self) -> int:
        """The wire type: 0 varint, 2 length and bytes."""
        return 0 if self.kind in VARINT_KINDS else 2

    def absent(self) -> Any:
        """The value of a field that is not there."""
        if self.rule == "*":
            return []
        if self.rule in ("?", "|") or self.kind in TABLES:
            return None
        return DEFAULTS.get(self.kind, 0)


def _read_schema(schema: str) -> dict[str, dict[int, Field]]:
    tables: dict[str, dict[int, Field]] = {}
    for line in schema.strip().splitlines():
        message, _, fields = line.partition(":")
        tables[message] = {}
        for item in filter(None, (part.strip() for part in fields.split(","))):
            number, name, kind = item.split()
            rule = kind[0] if kind[0] in "*?|" else ""
            tables[message][int(number)] = Field(
                int(number), name, kind.removeprefix(rule), rule
            )
    return tables


TABLES: dict[str, dict[int, Field]] = _read_schema(SCHEMA)


def _read_varint(data: bytes, pos: int) -> tuple[int, int]:
    value = 0
    for count in range(10):
        need(pos < len(data), "a varint runs past the end")
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            need(value <= U64_MAX, "a varint of 2^64 or more")
            return value, pos
    raise Malformed("a varint of more than ten bytes")


def _write_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _from_varint(kind: str, raw: int) -> Any:
    if kind == "bool":
        need(raw <= 1, "a bool that is neither 0 nor 1")
        return raw == 1
    if kind == "uint32":
        need(raw < 2**32, "a uint32 of 2^32 or more")
    elif kind == "sint64":
        return (raw >> 1) ^ -(raw & 1)
    elif kind == "enum":
        value = raw - 2**64 if raw >> 63 else raw
        need(-(2**31) <= value < 2**31, "an enum beyond an int32")
        return value
    return raw


def _to_varint(kind: str, value: Any) -> int:
    if kind == "sint64":
        return (value << 1) ^ (value >> 63)
    return int(value) % 2**64


def _decode(message: str, data: bytes) -> Message:
    table = TABLES[message]
    out: Message = {item.name: item.absent() for item in table.values()}
    pos, last, chosen = 0, 0, 0
    while pos < len(data):
        tag, pos = _read_varint(data, pos)
        item = table.get(tag >> 3)
        need(item, f"{message} has no field {tag >> 3}")
        need(tag & 7 == item.wire, f"{message}.{item.name} has another wire type")
        repeats = item.number == last and item.rule == "*"
        need(item.number > last or repeats, f"{message}.{item.name} is out of order")
        last = item.number
        value, pos = _read_varint(data, pos)
        if item.wire == 2:
            need(value <= len(data) - pos, f"{message}.{item.name} runs past the end")
            raw, pos = data[pos : pos + value], pos + value
            value = _from_bytes(item.kind, raw)
        else:
            value = _from_varint(item.kind, value)
        if item.rule == "*":
            out[item.name].append(value)
        else:
            out[item.name] = value
        chosen += item.rule == "|"
        need(chosen <= 1, f"{message} has two fields of one choice")
    return out


def _from_bytes(kind: str, raw: bytes) -> Any:
    if kind == "bytes":
        return raw
    if kind == "string":
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise Malformed("a string that is not UTF-8") from None
    return _decode(kind, raw)


def encode(message: str, value: Message) -> bytes:
    """The one encoding of a message (1.2)."""
    out = []
    for item in TABLES[message].values():
        held = value[item.name]
        if item.rule == "*":
            several = held
        elif held is None or (held == item.absent() and item.kind not in TABLES):
            several = []
        else:
            several = [held]
        for one in several:
            out.append(_write_varint(item.number << 3 | item.wire))
            if item.wire == 0:
                out.append(_write_varint(_to_varint(item.kind, one)))
                continue
            if item.kind == "string":
                one = one.encode()
            elif item.kind != "bytes":
                one = encode(item.kind, one)
            out.append(_write_varint(len(one)) + one)
    return b"".join(out)


def decode(message: str, data: bytes) -> Message:
    """Read a message that is in the one encoding, or call it malformed (1.2)."""
    value = _decode(message, data)
    need(encode(message, value) == data, f"{message} is not in the one encoding")
    return value


# --------------------------------------------------------------------------
# Signatures: ZIP 215 (13)
# --------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
D2 = 2 * D % P
SQRT_M1 = pow(2, (P - 1) // 4, P)

# Extended coordinates: x = X/Z, y = Y/Z, X·Y = Z·T.
Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)


def add(one: Point, two: Point) -> Point:
    """The complete addition law of the curve."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = two
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = t1 * D2 % P * t2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(point: Point) -> Point:
    """Twice a point."""
    x, y, z, _ = point
    a, b = x * x % P, y * y % P
    h = a + b
    e = h - (x + y) * (x + y)
    g = a - b
    f = 2 * z * z + g
    e, f = e % P, f % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def is_identity(point: Point) -> bool:
    """Whether a point is (0, 1)."""
    return point[0] == 0 and point[1] == point[2]


def multiply(scalar: int, point: Point) -> Point:
    """[scalar]point, for any scalar of 0 or more."""
    out = IDENTITY
    for bit in bin(scalar)[2:]:
        out = double(out)
        if bit == "1":
            out = add(out, point)
    return out


def decode_point(raw: bytes) -> Point | None:
    """Decode 32 bytes, non-canonical ones too; None is not a point (13.1)."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number % 2**255 % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * SQRT_M1 % P
        if v * x * x % P != u:
            return None
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def encode_point(point: Point) -> bytes:
    """The canonical 32 bytes of a point (13.1)."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


Comb = list[list[Point]]


def _comb(point: Point) -> Comb:
    """[j·16^i]point for all j < 16 and i < 64."""
    rows = []
    for _ in range(64):
        row = [IDENTITY]
        for _ in range(15):
            row.append(add(row[-1], point))
        rows.append(row)
        point = add(row[15], point)
    return rows


def _comb_multiply(scalar: int, comb: Comb) -> Point:
    out = IDENTITY
    for row in comb:
        if scalar & 15:
            out = add(out, row[scalar & 15])
        scalar >>= 4
    return out


@lru_cache(maxsize=256)
def _key_comb(key: bytes) -> Comb | None:
    """Multiples of minus a public key: the same few keys sign a whole log."""
    point = decode_point(key)
    if point is None:
        return None
    return _comb((-point[0] % P, point[1], 1, -point[3] % P))


@lru_cache(maxsize=1)
def _base_comb() -> Comb:
    base = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert base is not None
    return _comb(base)


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature holds by the rules of ZIP 215 (13.2)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    comb = _key_comb(key)
    r = decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if comb is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    k = int.from_bytes(digest, "little") % L
    sum_ = add(_comb_multiply(s, _base_comb()), _comb_multiply(k, comb))
    sum_ = add(sum_, (-r[0] % P, r[1], 1, -r[3] % P))
    return is_identity(double(double(double(sum_))))


# --------------------------------------------------------------------------
# Keys (1.3)
# --------------------------------------------------------------------------

LOW_ORDER_U = frozenset(
    {
        0,
        1,
        P - 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)


def key_id(algorithm: str, key: bytes) -> bytes:
    """The id of a public key (1.3)."""
    return labelled("tearline/v1/key", algorithm, key)


@lru_cache(maxsize=4096)
def admit_ed25519(key: bytes) -> None:
    """Refuse an Ed25519 key that no member may have (1.3)."""
    need(len(key) == 32, "an Ed25519 key has 32 bytes")
    point = decode_point(key)
    need(point, "an Ed25519 key that is no point")
    assert point is not None
    need(encode_point(point) == key, "an Ed25519 key that is not canonical")
    need(not is_identity(multiply(8, point)), "an Ed25519 key of small order")
    need(is_identity(multiply(L, point)), "an Ed25519 key of mixed order")


@lru_cache(maxsize=4096)
def admit_x_wing(key: bytes) -> None:
    """Refuse an X-Wing key that no member may have (1.3)."""
    need(len(key) == 1216, "an X-Wing key has 1216 bytes")
    vector, share = key[:1152], key[1184:]
    need(any(vector), "an X-Wing key with an all-zero ML-KEM half")
    for a, b, c in zip(*[iter(vector)] * 3):
        low, high = a + 256 * (b % 16), b // 16 + 16 * c
        need(low < 3329 and high < 3329, "an X-Wing key that fails the modulus check")
    need(any(share), "an X-Wing key with an all-zero X25519 half")
    u = int.from_bytes(share, "little")
    need(u % 2**255 % P not in LOW_ORDER_U, "an X-Wing key of low order")
    need(u < P, "an X-Wing key that is not canonical")


# --------------------------------------------------------------------------
# Names (2)
# --------------------------------------------------------------------------

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)
CHAMBER = "chamber"
MEDIATOR, PARTY, AUDITOR = ROLES = ("mediator", "party", "auditor")


def is_label(text: str, longest: int = 32) -> bool:
    """Whether a text is a label(longest) (2)."""
    return len(text) <= longest and LABEL.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Whether a text is a domain (2)."""
    labels = text.split(".")
    fits = len(labels) >= 2 and len(text) <= 253
    return fits and all(is_label(label, 63) for label in labels)


@dataclass(frozen=True, order=True)
class Name:
    """A member's name; compares as its bytes do (2)."""

    text: str
    domain: str = field(compare=False)
    role: str = field(compare=False)
    organisation: str = field(compare=False)

    @property
    def reads_content(self) -> bool:
        """Mediators and parties do."""
        return self.role != AUDITOR


def read_name(text: str) -> Name:
    """Read a member's name, or call it malformed (2)."""
    parts = text.removeprefix("spiffe://").split("/")
    need(text.startswith("spiffe://") and len(parts) == 4, f"no member's name: {text!r}")
    domain, role, organisation, last = parts
    good = is_domain(domain) and role in ROLES
    need(good and is_label(organisation) and is_label(last), f"no member's name: {text!r}")
    return Name(text, domain, role, organisation)


# --------------------------------------------------------------------------
# Envelopes (3.1)
# --------------------------------------------------------------------------

STATEMENT_TYPE = "application/vnd.tearline.statement.v1+protobuf"
CARD_TYPE = "application/vnd.tearline.card.v1+protobuf"


def pae(payload_type: str, body: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding (3.1)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


@dataclass(frozen=True)
class Signature:
    """One signature of an envelope, or an endorsement."""

    keyid: bytes
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload as it was signed, and who signed it."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed(self) -> bytes:
        """The bytes that the signatures are over."""
        return pae(self.payload_type, self.payload)


def _signature(raw: Message) -> Signature:
    need(len(raw["keyid"]) == 32, "a key id has 32 bytes")
    need(len(raw["sig"]) == 64, "a signature has 64 bytes")
    return Signature(raw["keyid"], raw["sig"])


def ascends(items: Iterable[Any]) -> bool:
    """Whether items ascend strictly."""
    held = list(items)
    return all(one < two for one, two in zip(held, held[1:]))


def read_envelope(data: bytes, payload_type: str) -> Envelope:
    """A well-formed envelope of this payload type (3.1)."""
    raw = decode("Envelope", data)
    need(raw["payload_type"] == payload_type, "an envelope of another payload type")
    signatures = tuple(_signature(item) for item in raw["signatures"])
    need(1 <= len(signatures) <= 256, "an envelope has 1 to 256 signatures")
    need(ascends(item.keyid for item in signatures), "signatures ascend by key id")
    return Envelope(payload_type, raw["payload"], signatures)


# --------------------------------------------------------------------------
# Charters and cards (4)
# --------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A card with its endorsement and whether it has a wrap (4.2)."""

    name: Name
    custodian: bool
    sign_key: bytes
    seal_key: bytes
    tls_key_sha256: bytes
    endorsement: Signature | None
    card: bytes

    @property
    def sign_id(self) -> bytes:
        """The key id by which this member signs."""
        return _id_of_key("ed25519", self.sign_key)

    @property
    def key_ids(self) -> dict[bytes, str]:
        """Every key id of the member, with its purpose."""
        ids = {self.sign_id: "sign"}
        need(ids.setdefault(self.tls_key_sha256, "tls") == "tls", "a key used twice")
        if self.seal_key:
            seal = _id_of_key("x-wing", self.seal_key)
            need(ids.setdefault(seal, "seal") == "seal", "a key used twice")
        return ids


_id_of_key = lru_cache(maxsize=8192)(key_id)

CARD_FIELDS = ("name", "custodian", "sign_key", "seal_key", "tls_key_sha256")


def read_card(raw: Message) -> Member:
    """The card of a member, by the rules for its fields (4.2)."""
    name = read_name(raw["name"])
    need(not raw["custodian"] or name.role == PARTY, "a custodian that is of no party")
    admit_ed25519(raw["sign_key"])
    if name.reads_content:
        admit_x_wing(raw["seal_key"])
    else:
        need(not raw["seal_key"], "an auditor with a sealing key")
    need(len(raw["tls_key_sha256"]) == 32, "tls_key_sha256 has 32 bytes")
    card = {key: raw[key] for key in CARD_FIELDS}
    return Member(endorsement=None, card=encode("Card", card), **{**card, "name": name})


def read_member(raw: Message) -> Member:
    """A member of a charter (4.2)."""
    card = read_card(raw)
    endorsement = None
    if raw["endorsement"]:
        need(card.name.role == PARTY, "an endorsement of one who is of no party")
        endorsement = _signature(decode("Signature", raw["endorsement"]))
    if card.name.reads_content:
        need(1 <= len(raw["wrap"]) <= 65536, "a wrap has 1 to 65536 bytes")
    else:
        need(not raw["wrap"], "an auditor with a wrap")
    return Member(**{**card.__dict__, "endorsement": endorsement})


@dataclass(frozen=True)
class Founding:
    """What only a first charter says."""

    domain: str
    name: str


@dataclass(frozen=True)
class Limits:
    """Bounds that a charter sets: seconds, bytes, bytes, a number."""

    basis_age: int
    content_bytes: int
    attachment_bytes: int
    attachments: int


@dataclass(frozen=True)
class Charter:
    """The whole of a room's constitution (4.1)."""

    founding: Founding | None
    epoch: int
    quorum: int
    log_vkey: str
    limits: Limits
    key_commitment: bytes
    members: tuple[Member, ...]
    succession: bool
    service: tuple[str, bytes]

    @property
    def domain(self) -> str:
        """The one domain of the members."""
        return self.members[0].name.domain

    @property
    def mediators(self) -> list[Member]:
        """The members that are mediators."""
        return [item for item in self.members if item.name.role == MEDIATOR]

    @property
    def by_sign_id(self) -> dict[bytes, Member]:
        """The members by the key id by which they sign."""
        return {item.sign_id: item for item in self.members}

    @property
    def has_party(self) -> bool:
        """Whether a member is of a party."""
        return any(item.name.role == PARTY for item in self.members)

    def custodians(self, organisation: str) -> list[Member]:
        """The custodians of one party."""
        return [
            item
            for item in self.members
            if item.custodian and item.name.organisation == organisation
        ]


def _service(raw: Message | None) -> tuple[str, bytes]:
    need(raw is not None, "a charter without service")
    assert raw is not None
    address, authority = raw["address"], raw["authority_sha256"]
    need(len(address) <= 260, "an address of more than 260 characters")
    need(re.fullmatch(r"[\x21-\x7e]*", address), "an address with other characters")
    host, colon, port = address.rpartition(":")
    need(host and colon, "an address is HOST:PORT")
    need(re.fullmatch(r"\+?[0-9]+", port) and 1 <= int(port) <= 65535, "no such port")
    need(len(authority) == 32, "authority_sha256 has 32 bytes")
    return address, authority


def read_charter(raw: Message) -> Charter:
    """A well-formed charter (4.1)."""
    founding = raw["founding"]
    need((founding is not None) == (raw["epoch"] == 1), "founding belongs to epoch 1")
    need(raw["epoch"] >= 1, "an epoch is 1 or more")
    if founding is not None:
        need(is_domain(founding["domain"]), "founding names no domain")
        need(is_label(founding["name"]), "founding names no room")
        need(len(founding["nonce"]) == 32, "a nonce has 32 bytes")
        founding = Founding(founding["domain"], founding["name"])
    need(raw["suite"] == 1, "the only suite is 1")
    limits = raw["limits"]
    need(limits is not None and all(limits.values()), "limits are there and none is 0")
    need(len(raw["key_commitment"]) == 32, "key_commitment has 32 bytes")
    members = tuple(read_member(item) for item in raw["members"])
    need(1 <= len(members) <= 256, "a charter has 1 to 256 members")
    need(ascends(item.name for item in members), "members ascend by name")
    charter = Charter(
        founding=founding,
        epoch=raw["epoch"],
        quorum=raw["quorum"],
        log_vkey=raw["log_vkey"],
        limits=Limits(**limits),
        key_commitment=raw["key_commitment"],
        members=members,
        succession=raw["succession"],
        service=_service(raw["service"]),
    )
    domains = {item.name.domain for item in members}
    need(len(domains) == 1, "members of several domains")
    need(founding is None or founding.domain in domains, "members of another domain")
    need(2 <= charter.quorum <= len(charter.mediators), "2 <= K <= mediators")
    key = read_vkey(charter.log_vkey)
    need(key.kind == 1 and key.name == charter.domain, "log_vkey is not the domain's")
    ids = [one for item in members for one in item.key_ids]
    need(len(ids) == len(set(ids)), "one key for two members or purposes")
    return charter


# --------------------------------------------------------------------------
# Statements (3.2)
# --------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """The sealed part of a post or a proposal."""

    epoch: int
    digest: bytes
    size: int
    attachments: tuple[int, ...]  # the size of each
    content_until: int
    manifests: tuple[bytes, ...]


@dataclass(frozen=True)
class Proposal:
    """Statements that are to be enacted, by identity."""

    targets: tuple[bytes, ...]
    signatures: tuple[bytes, ...]
    sealed: Post
    quorum: int


@dataclass(frozen=True)
class Approval:
    """One more signature on each target of a proposal."""

    proposal: bytes
    signatures: tuple[bytes, ...]


@dataclass(frozen=True)
class Rejection:
    """The end of a proposal."""

    proposal: bytes


@dataclass(frozen=True)
class Recall:
    """The end of a post's content."""

    post: bytes
    id: bytes


@dataclass(frozen=True, order=True)
class Ref:
    """A reference to a statement, of any room."""

    room: bytes
    statement: bytes
    id: bytes


@dataclass(frozen=True)
class Acknowledgement:
    """Posts that were read."""

    posts: tuple[Ref, ...]


Act = Charter | Post | Proposal | Approval | Rejection | Recall | Acknowledgement


@dataclass(frozen=True)
class Statement:
    """A well-formed statement, with its identity."""

    identity: bytes
    id: bytes
    room: bytes
    author: Name
    basis_size: int
    basis_root: bytes
    not_after: int
    act: Act

    @property
    def seconds(self) -> int:
        """The time in the statement's id."""
        return int.from_bytes(self.id[:6], "big")


def _lengths(items: Iterable[bytes], length: int, what: str) -> tuple[bytes, ...]:
    held = tuple(items)
    need(all(len(item) == length for item in held), f"{what} of {length} bytes each")
    return held


def _post(raw: Message) -> Post:
    need(raw["epoch"] >= 1, "an epoch is 1 or more")
    _lengths((raw["salt"], raw["key_commitment"], raw["digest"]), 32, "a sealed part's")
    need(raw["size"] >= 1, "sealed content of no size")
    _lengths((item["digest"] for item in raw["attachments"]), 32, "attachments' digests")
    sizes = tuple(item["size"] for item in raw["attachments"])
    need(all(sizes), "an attachment of no size")
    manifests = _lengths(raw["manifests"], 32, "manifests")
    need(len(manifests) <= 64 and ascends(manifests), "at most 64 manifests, ascending")
    until = raw["content_until"]
    return Post(raw["epoch"], raw["digest"], raw["size"], sizes, until, manifests)


def _proposal(raw: Message) -> Proposal:
    targets = _lengths(raw["targets"], 32, "targets")
    need(1 <= len(targets) <= 63, "1 to 63 targets")
    need(len(targets) == len(set(targets)), "a target named twice")
    signatures = _lengths(raw["signatures"], 64, "signatures")
    need(len(signatures) == len(targets), "a signature for each target")
    need(raw["sealed"] is not None, "a proposal without sealed part")
    sealed = _post(raw["sealed"])
    extra = sealed.manifests or sealed.attachments or sealed.content_until
    need(not extra, "a proposal's sealed part is only content")
    return Proposal(targets, signatures, sealed, raw["quorum"])


def _approval(raw: Message) -> Approval:
    _lengths((raw["proposal"],), 32, "a proposal's identity")
    signatures = _lengths(raw["signatures"], 64, "signatures")
    need(1 <= len(signatures) <= 63, "1 to 63 signatures")
    return Approval(raw["proposal"], signatures)


def _rejection(raw: Message) -> Rejection:
    _lengths((raw["proposal"],), 32, "a proposal's identity")
    return Rejection(raw["proposal"])


def _recall(raw: Message) -> Recall:
    _lengths((raw["post"],), 32, "a post's identity")
    _lengths((raw["id"],), 16, "a statement id")
    return Recall(raw["post"], raw["id"])


def read_ref(raw: Message) -> Ref:
    """A reference with the lengths that it must have (2)."""
    _lengths((raw["room"], raw["statement"]), 32, "a room and an identity")
    _lengths((raw["id"],), 16, "a statement id")
    return Ref(raw["room"], raw["statement"], raw["id"])


def _acknowledgement(raw: Message) -> Acknowledgement:
    posts = tuple(read_ref(item) for item in raw["posts"])
    need(1 <= len(posts) <= 256 and ascends(posts), "1 to 256 references, ascending")
    return Acknowledgement(posts)


ACTS: dict[str, Callable[[Message], Act]] = {
    "charter": read_charter,
    "post": _post,
    "proposal": _proposal,
    "approval": _approval,
    "rejection": _rejection,
    "recall": _recall,
    "acknowledgement": _acknowledgement,
}


def read_statement(payload: bytes) -> Statement:
    """A well-formed statement (3.2)."""
    raw = decode("Statement", payload)
    acts = [read(raw[key]) for key, read in ACTS.items() if raw[key] is not None]
    need(len(acts) == 1, "a statement has exactly one act")
    act = acts[0]
    if isinstance(act, Charter) and act.founding:
        need(not raw["room"], "a founding charter names no room")
        need(not raw["basis_size"] and not raw["basis_root"], "a founding has no basis")
    else:
        _lengths((raw["room"],), 32, "a room id")
        need(raw["basis_size"] >= 1, "a basis covers 1 entry or more")
        _lengths((raw["basis_root"],), 32, "a basis root")
    _lengths((raw["id"],), 16, "a statement id")
    need(raw["not_after"] or not isinstance(act, Proposal), "a proposal without not_after")
    return Statement(
        identity=sha256(pae(STATEMENT_TYPE, payload)),
        id=raw["id"],
        room=raw["room"],
        author=read_name(raw["author"]),
        basis_size=raw["basis_size"],
        basis_root=raw["basis_root"],
        not_after=raw["not_after"],
        act=act,
    )


# --------------------------------------------------------------------------
# Entries and trees (5.1, 5.2)
# --------------------------------------------------------------------------


@dataclass(frozen=True)
class Access:
    """A record that entries were about to be sent to a member."""

    member: Name
    room: bytes
    first: int
    count: int


@dataclass(frozen=True)
class Entry:
    """A leaf's content: a statement in its envelope, or an access record."""

    accepted_at: int
    envelope: Envelope | None
    statement: Statement | None
    access: Access | None


def read_entry(data: bytes) -> Entry:
    """A well-formed entry (5.1)."""
    raw = decode("Entry", data)
    if raw["access"] is not None:
        inner = raw["access"]
        _lengths((inner["room"],), 32, "a room id")
        member = read_name(inner["member"])
        access = Access(member, inner["room"], inner["first"], inner["count"])
        return Entry(raw["accepted_at"], None, None, access)
    need(raw["envelope"] is not None, "an entry that holds nothing")
    envelope = read_envelope(raw["envelope"], STATEMENT_TYPE)
    statement = read_statement(envelope.payload)
    return Entry(raw["accepted_at"], envelope, statement, None)


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf (5.2)."""
    return sha256(b"\x00", data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (5.2)."""
    return sha256(b"\x01", left, right)


class Tree:
    """A growing tree that remembers its root at each size."""

    def __init__(self) -> None:
        self.roots = [sha256()]
        self._peaks: list[tuple[int, bytes]] = []  # (leaves, root), falling in size

    def append(self, data: bytes) -> None:
        """Add one leaf."""
        size, peak = 1, leaf_hash(data)
        while self._peaks and self._peaks[-1][0] == size:
            peak = node_hash(self._peaks.pop()[1], peak)
            size *= 2
        self._peaks.append((size, peak))
        root = peak
        for _, left in reversed(self._peaks[:-1]):
            root = node_hash(left, root)
        self.roots.append(root)


def tree_root(leaves: list[bytes]) -> bytes:
    """The root over leaf hashes, by its definition (5.2)."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_root(leaves[:half]), tree_root(leaves[half:]))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes
) -> bool:
    """Whether a leaf hash stands at `index` in the tree of `size` (5.2)."""
    if not index < size:
        return False
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        return False
    here = leaf
    for bit, other in enumerate(proof):
        right = bit < inner and not index >> bit & 1
        here = node_hash(here, other) if right else node_hash(other, here)
    return here == root


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]
) -> bool:
    """Whether the old tree begins the new one (5.2)."""
    if not 1 <= old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    if not proof:
        return False
    shift = (old_size & -old_size).bit_length() - 1
    inner = ((old_size - 1) ^ (size - 1)).bit_length() - shift
    seed, rest = (old_root, proof) if old_size == 1 << shift else (proof[0], proof[1:])
    if len(rest) != inner + ((old_size - 1) >> (inner + shift)).bit_count():
        return False
    one = two = seed
    for bit, other in enumerate(rest):
        if bit >= inner or (old_size - 1) >> (shift + bit) & 1:
            one, two = node_hash(other, one), node_hash(other, two)
        else:
            two = node_hash(two, other)
    return one == old_root and two == root


# --------------------------------------------------------------------------
# Notes, keys, checkpoints, cosignatures, proofs (5.3 to 5.6)
# --------------------------------------------------------------------------


@dataclass(frozen=True)
class NoteLine:
    """A signature line of a note."""

    name: str
    keyid: bytes
    blob: bytes


@dataclass(frozen=True)
class Note:
    """A signed text, not yet verified."""

    text: bytes
    lines: tuple[NoteLine, ...]


def _is_key_name(name: str) -> bool:
    return name != "" and not any(c.isspace() or c < " " or c == "+" for c in name)


def read_note(data: bytes) -> Note:
    """A signed note (5.3)."""
    need(len(data) <= 2**20, "a note of more than 2^20 bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Malformed("a note that is not UTF-8") from None
    need(not any(c < " " and c != "\n" for c in text), "a control character in a note")
    head, split, tail = text.rpartition("\n\n")
    need(split and tail.endswith("\n"), "a note without signature lines")
    lines = []
    for line in tail[:-1].split("\n"):
        words = line.split(" ")
        need(len(words) == 3 and words[0] == "\u2014", "not a signature line")
        need(_is_key_name(words[1]), "not a key name")
        blob = unbase64(words[2])
        need(len(blob) >= 5, "a signature line of less than 5 bytes")
        lines.append(NoteLine(words[1], blob[:4], blob[4:]))
    need(len(lines) <= 64, "more than 64 signature lines")
    return Note(head.encode() + b"\n", tuple(lines))


@dataclass(frozen=True)
class VerifierKey:
    """A C2SP verifier key (5.4)."""

    name: str
    kind: int
    key: bytes

    @property
    def keyid(self) -> bytes:
        """Four bytes that name the key."""
        return sha256(self.name.encode(), b"\n", bytes([self.kind]), self.key)[:4]

    def check(self, text: bytes, blob: bytes) -> int | None:
        """The time of a verified line (0 for a log's), None if it is bad."""
        if self.kind == 1:
            return 0 if verify(self.key, blob, text) else None
        if len(blob) < 8 or blob[0] >> 7:
            return None
        time = int.from_bytes(blob[:8], "big")
        message = b"cosignature/v1\ntime %d\n" % time + text
        return time if self.kind == 4 and verify(self.key, blob[8:], message) else None

    def is_well_formed(self, blob: bytes) -> bool:
        """Whether a line of type 06 is whole; it is never counted as verified."""
        return len(blob) == 8 + 2420 and not blob[0] >> 7


KEY_LENGTHS = {1: 32, 4: 32, 6: 1312}


def read_vkey(text: str) -> VerifierKey:
    """A verifier key (5.4)."""
    parts = text.split("+", 2)
    need(len(parts) == 3, "a verifier key is NAME+HEX+BASE64")
    name, keyid, body = parts
    need(_is_key_name(name), "not a key name")
    need(re.fullmatch(r"[0-9a-f]{8}", keyid), "a key id is 8 hexadecimal digits")
    raw = unbase64(body)
    need(raw and KEY_LENGTHS.get(raw[0]) == len(raw) - 1, "no such type of key")
    key = VerifierKey(name, raw[0], raw[1:])
    need(key.kind == 6 or decode_point(key.key), "a verifier key that is no point")
    need(key.keyid.hex() == keyid, "a verifier key with another key id")
    return key


def verified_lines(note: Note, known: Iterable[VerifierKey]) -> dict[VerifierKey, int]:
    """Of each known key the latest time of its verified lines (5.3, 5.5)."""
    keys = list(known)
    found: dict[VerifierKey, int] = {}
    for line in note.lines:
        for key in keys:
            if (line.name, line.keyid) != (key.name, key.keyid):
                continue
            if key.kind == 6:
                need(key.is_well_formed(line.blob), "a bad line by a known key")
                continue
            time = key.check(note.text, line.blob)
            need(time is not None, "a bad line by a known key")
            found[key] = max(found.get(key, 0), time or 0)
    return found


@dataclass(frozen=True)
class Checkpoint:
    """Origin, size and root of a tree, as signed."""

    origin: str
    size: int
    root: bytes
    note: Note


def read_checkpoint(data: bytes) -> Checkpoint:
    """A note whose text is that of a checkpoint (5.5)."""
    note = read_note(data)
    lines = note.text.decode().split("\n")
    need(len(lines) == 4 and lines[0] and not lines[3], "not a checkpoint's three lines")
    root = unbase64(lines[2])
    need(len(root) == 32, "a root has 32 bytes")
    return Checkpoint(lines[0], decimal(lines[1]), root, note)


def verify_checkpoint(
    data: bytes, log_vkey: str, domain: str, room: bytes
) -> Checkpoint:
    """A checkpoint signed by this log key for this room (5.5, 1 and 2)."""
    origin = f"{domain}/{room.hex()}"
    key = read_vkey(log_vkey)
    renamed = VerifierKey(origin, key.kind, key.key)
    point = read_checkpoint(data)
    need(verified_lines(point.note, [renamed]), "no signature by the log's key")
    need(point.origin == origin, "a checkpoint of another log")
    return point


@dataclass(frozen=True)
class TlogProof:
    """An inclusion proof with its checkpoint, as one text."""

    extra: bytes | None
    index: int
    hashes: list[bytes]
    checkpoint: bytes


def read_tlog_proof(data: bytes) -> TlogProof:
    """A tlog-proof (5.6)."""
    need(len(data) <= 2**21, "a proof of more than 2^21 bytes")
    head, split, checkpoint = data.partition(b"\n\n")
    need(split, "a proof without checkpoint")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError:
        raise Malformed("a proof that is not UTF-8") from None
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a proof of this version")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = unbase64(lines.pop(0).removeprefix("extra "))
    need(lines and lines[0].startswith("index "), "a proof without index")
    index = decimal(lines.pop(0).removeprefix("index "))
    need(len(lines) <= 64, "more than 64 hashes")
    hashes = [unbase64(line) for line in lines]
    need(all(len(item) == 32 for item in hashes), "a hash has 32 bytes")
    read_checkpoint(checkpoint)
    return TlogProof(extra, index, hashes, checkpoint)


