#!/usr/bin/env python3
"""A second verifier of Tearline logs, in Python's standard library alone.

It is written from docs/spec.md, not from the Rust code; the numbers in
parentheses are that document's sections. Like an auditor it holds no key:
it checks everything that was recorded and opens no content.

    replay.py FILE.bundle [--json]   replay every room, print a verdict
    replay.py --proof FILE ENTRY VKEY    check a tlog-proof for one entry
    replay.py --vectors DIR          check the vectors and logs below DIR

Exit status: 0 accepted, 1 refused, 2 wrong use.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import io
import itertools
import json
import re
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

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

# `*` repeated, `?` optional (written even if empty), `|` in the message's oneof;
# an indented line continues the one before.
SCHEMA = """
Envelope: 1 payload_type string, 2 payload bytes, 3 signatures *Signature
Signature: 1 keyid bytes, 2 sig bytes
Entry: 1 accepted_at uint64, 2 envelope |bytes, 3 access |Access
Access: 1 member string, 2 room bytes, 3 first uint64, 4 count uint64
Statement: 1 id bytes, 2 room bytes, 3 author string, 4 basis_size uint64, 5 basis_root
    bytes, 6 not_after uint64, 10 charter |Charter, 11 post |Post, 12 proposal
    |Proposal, 13 approval |Approval, 14 rejection |Rejection, 15 recall |Recall, 16
    acknowledgement |Acknowledgement
Charter: 1 founding Founding, 2 epoch uint64, 3 suite uint32, 4 quorum uint32, 5
    log_vkey string, 6 limits Limits, 7 key_commitment bytes, 8 members *Member, 9
    succession bool, 10 service Service
Founding: 1 domain string, 2 name string, 3 nonce bytes
Service: 1 address string, 2 authority_sha256 bytes
Limits: 1 basis_age uint64, 2 content_bytes uint64, 3 attachment_bytes uint64, 4
    attachments uint32
Member: 1 name string, 2 custodian bool, 3 sign_key bytes, 4 seal_key bytes, 5
    tls_key_sha256 bytes, 6 endorsement bytes, 7 wrap bytes
Post: 1 epoch uint64, 2 salt bytes, 3 key_commitment bytes, 4 digest bytes, 5 size
    uint64, 6 attachments *Attachment, 7 content_until uint64, 8 manifests *bytes
Attachment: 1 digest bytes, 2 size uint64
Proposal: 1 targets *bytes, 2 signatures *bytes, 3 sealed Post, 4 quorum uint32
Approval: 1 proposal bytes, 2 signatures *bytes
Rejection: 1 proposal bytes
Recall: 1 post bytes, 2 id bytes
Acknowledgement: 1 posts *Ref
Ref: 1 room bytes, 2 statement bytes, 3 id bytes
Card: 1 name string, 2 custodian bool, 3 sign_key bytes, 4 seal_key bytes, 5
    tls_key_sha256 bytes
RoomKeys: 1 keys *RoomKey
RoomKey: 1 epoch uint64, 2 key bytes
LetterRow: 1 begin |LetterBegin, 2 room |LetterRoom, 3 unit |LetterUnit, 4 signature
    |Signature, 5 end |BundleEnd
LetterBegin: 1 domain string, 2 member string, 3 written_at uint64, 4 certificates *bytes
LetterRoom: 1 room bytes, 2 size uint64, 3 from uint64
LetterUnit: 1 submissions *Submission
Submission: 1 room bytes, 2 envelope bytes, 3 content bytes
AnswerRow: 1 begin |AnswerBegin, 2 outcome |AnswerOutcome, 3 room |AnswerRoom, 4 entry
    |BundleEntry, 5 end |BundleEnd
AnswerBegin: 1 domain string, 2 member string, 3 written_at uint64, 4 letter bytes
AnswerOutcome: 1 unit bytes, 2 receipts *Receipt, 3 reason string, 4 message string
Receipt: 1 entry bytes, 2 index uint64, 3 proof *bytes, 4 checkpoint bytes
AnswerRoom: 1 room bytes, 2 name string, 3 first uint64, 4 size uint64, 5 checkpoint
    bytes, 6 cosigned *bytes
BundleRow: 1 begin |BundleBegin, 2 room |BundleRoom, 3 entry |BundleEntry, 4 end
    |BundleEnd, 5 piece |BundlePiece
BundleBegin: 1 domain string, 2 chamber bytes, 3 written_at uint64
BundleRoom: 1 room bytes, 2 name string, 3 first uint64, 4 size uint64, 5 checkpoint
    bytes
BundleEntry: 1 entry bytes, 2 content ?bytes
BundlePiece: 1 digest bytes, 2 offset uint64, 3 data bytes
BundleEnd: 1 rows uint64, 2 sha256 bytes
Admission: 1 charters *bytes, 2 tls_keys *bytes
Invitation: 1 admission bytes, 2 certificate bytes, 3 authority bytes
Content: 1 written_at uint64, 2 precedence enum, 3 subject string, 4 ack_by uint64, 5
    answers Ref, 6 refers *Ref, 7 tearline Tearline, 8 attachments *AttachmentKey, 20
    briefing |Briefing, 21 release |Release, 22 concern |Concern, 23 assessment
    |Assessment, 24 note |Note, 25 decoy |Decoy, 26 manifest_notice |ManifestNotice, 27
    request |Request, 28 reply |Reply, 29 commitment |Commitment, 30 compliance_note
    |ComplianceNote, 31 incident |Incident, 32 activity_notice |ActivityNotice, 33
    session |Session, 34 opinion |Opinion, 35 correction |Correction
Briefing: 1 portions *Portion, 2 seed bytes, 3 source Source, 4 information_until
    uint64, 5 originator string
Portion: 1 mark string, 2 text string
Source: 1 reliability enum, 2 credibility enum, 3 description string
Tearline: 1 manifest bytes, 2 blind bytes, 3 portions *ReleasedPortion
ReleasedPortion: 1 mark string, 2 text string, 3 salt bytes
Release: 1 note string
Concern: 1 text string, 2 activity enum, 3 place Place, 4 observed_from uint64, 5
    observed_to uint64, 6 force_seen string, 7 reply_by uint64, 8 evidence string, 9
    answer_use enum
Place: 1 name string, 2 longitude_e7 sint64, 3 latitude_e7 sint64, 4 precision_m uint32
Assessment: 1 finding enum, 2 activity enum, 3 likelihood enum, 4 confidence enum, 5
    text string, 6 assumptions *string, 7 alternatives *string, 8 information_until
    uint64
Note: 1 text string
Request: 1 text string, 2 reply_by uint64, 3 place Place
Reply: 1 text string, 2 stance enum
Commitment: 1 kind enum, 2 obligors *string, 3 beneficiaries *string, 4 texts
    *LanguageText, 5 area Place, 6 from uint64, 7 to uint64, 8 verification string, 9
    depends_on string, 10 undertakings *Undertaking
LanguageText: 1 language string, 2 text string, 3 authoritative bool
Undertaking: 1 organisation string, 2 statement bytes
ComplianceNote: 1 state enum, 2 from uint64, 3 to uint64, 4 text string, 5 obligor
    string
Incident: 1 stage enum, 2 text string, 3 place Place, 4 from uint64, 5 to uint64, 6
    attributed_to string
ActivityNotice: 1 activity enum, 2 text string, 3 place Place, 4 from uint64, 5 to
    uint64, 6 force string
Session: 1 phase enum, 2 begins uint64, 3 ends uint64, 4 participants *string, 5 items
    *string, 6 decisions *string, 7 text string
Opinion: 1 agreement enum, 2 text string
Correction: 1 text string
Decoy: 1 filling bytes
ManifestNotice: 1 briefing Ref, 2 room bytes
AttachmentKey: 1 digest bytes, 2 size uint64, 3 key bytes, 4 name string, 5 media_type
    string, 6 mark string
Proposed: 1 targets *Target, 2 seed bytes, 3 briefing Ref, 4 downgrades *Downgrade, 5
    grants *Grant, 6 note string, 7 tls_keys *bytes, 8 undertakings *Ref
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
    for line in re.sub(r"\n +", " ", schema.strip()).splitlines():
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


    @property
    def claims(self) -> list[tuple[bytes, str]]:
        """What `keys` of a room holds of this member, with the purposes (6)."""
        certificate_form = sha256(ED25519_SPKI, self.sign_key)
        return [*self.key_ids.items(), (certificate_form, "sign")]


ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
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
    admit_ed25519(key.key)
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
    attachments: tuple[tuple[bytes, int], ...]  # digest and size of each
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
    attachments = tuple((item["digest"], item["size"]) for item in raw["attachments"])
    need(all(size for _, size in attachments), "an attachment of no size")
    manifests = _lengths(raw["manifests"], 32, "manifests")
    need(len(manifests) <= 64 and ascends(manifests), "at most 64 manifests, ascending")
    until = raw["content_until"]
    return Post(raw["epoch"], raw["digest"], raw["size"], attachments, until, manifests)


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


def verify_tlog_proof(data: bytes, entry: bytes, log_vkey: str) -> tuple[str, int]:
    """Origin and index of an entry that a tlog-proof shows to be included (5.6)."""
    proof = read_tlog_proof(data)
    domain, _, room = read_checkpoint(proof.checkpoint).origin.partition("/")
    need(re.fullmatch("[0-9a-f]{64}", room), "an origin that names no room")
    point = verify_checkpoint(proof.checkpoint, log_vkey, domain, bytes.fromhex(room))
    leaf = leaf_hash(entry)
    included = verify_inclusion(leaf, proof.index, point.size, proof.hashes, point.root)
    need(included, "the entry is not in the tree")
    return point.origin, proof.index


# --------------------------------------------------------------------------
# Evidence (14)
# --------------------------------------------------------------------------

EXHIBITS = {
    "checkpoint": {"what", "note"},
    "entry": {"what", "index", "entry"},
    "proof": {"what", "hashes"},
    "prefix": {"what", "size", "root", "hashes"},
    "envelope": {"what", "envelope"},
    "attachment": {"what", "named", "served", "size", "file"},
}
EVIDENCE = {"format", "alarm", "room", "room_id", "message", "found_at", "exhibits"}


def unhex(text: str) -> bytes:
    """Bytes of hexadecimal digits."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Malformed("not hexadecimal") from None


def _hashes(texts: list[str]) -> list[bytes]:
    return [unhex(text) for text in texts]


def _signed_by_quorum(old: Charter, envelope: Envelope) -> bool:
    message = pae(STATEMENT_TYPE, envelope.payload)
    keys = {one.sign_id: (one.name.text, one.sign_key) for one in old.mediators}
    signers = set()
    for signature in envelope.signatures:
        name, key = keys.get(signature.keyid, ("", b""))
        if key and verify(key, signature.sig, message):
            signers.add(name)
    return len(signers) >= old.quorum


def _keys_of_file(room: bytes, charters: list[Message]) -> list[tuple[int, Charter]]:
    """The charters of a file of evidence, from the founding one on (14.3)."""
    found: list[tuple[int, Charter]] = []
    for given in charters:
        entry = read_entry(unhex(given["entry"]))
        need(entry.statement and isinstance(entry.statement.act, Charter), "no charter")
        assert entry.statement and entry.envelope
        charter = entry.statement.act
        assert isinstance(charter, Charter)
        if not found:
            need(charter.founding and given["index"] == 0, "no founding charter")
            need(entry.statement.identity == room, "it founds another room")
        else:
            before, old = found[-1]
            need(given["index"] > before and charter.epoch > old.epoch, "out of order")
            need(entry.statement.room == room, "a charter of another room")
            need(_signed_by_quorum(old, entry.envelope), "a charter without a quorum")
        found.append((given["index"], charter))
    need(found, "no charter")
    return found


def _home_of(file: Message, log: bytes) -> bytes:
    """The room whose charters give a log its key (12, 14.3)."""
    org = file["room"].removeprefix("access/")
    if org == file["room"] or not file.get("charters"):
        return log
    statement = read_entry(unhex(file["charters"][0]["entry"])).statement
    home = statement.identity if statement else b""
    return home if labelled("tearline/v1/access", home, org) == log else log


def judge_evidence(text: str) -> str:
    """The contradiction that a file of evidence proves (14.2)."""
    try:
        file = json.loads(text)
    except ValueError:
        raise Malformed("not JSON") from None
    need(set(file) | {"charters"} == EVIDENCE | {"charters"}, "other keys")
    need(file["format"] == "tearline evidence v1", "another format")
    exhibits = file["exhibits"]
    need(len(exhibits) <= 64, "more than 64 exhibits")
    for one in exhibits:
        need(set(one) - {"kind"} == EXHIBITS.get(one["kind"]), "no such exhibit")
    log = unhex(file["room_id"])
    need(len(log) == 32, "a room id has 32 bytes")
    chain = _keys_of_file(_home_of(file, log), file.get("charters", []))
    founding = chain[0][1].founding
    assert founding
    points: list[Checkpoint] = []
    for one in (one for one in exhibits if one["kind"] == "checkpoint"):
        data = one["note"].encode()
        try:
            size = read_checkpoint(data).size
            before = [it for index, it in chain if index < size] or [chain[0][1]]
            key = before[-1].log_vkey
            points.append(verify_checkpoint(data, key, founding.domain, log))
        except Malformed:
            continue
    for one, two in itertools.combinations(points, 2):
        if one.size == two.size and one.root != two.root:
            return "two-roots"
    proofs = [_hashes(one["hashes"]) for one in exhibits if one["kind"] == "proof"]
    under: dict[int, set[bytes]] = {}
    for one in (one for one in exhibits if one["kind"] == "entry"):
        leaf, index = leaf_hash(unhex(one["entry"])), one["index"]
        for point, proof in itertools.product(points, proofs):
            if verify_inclusion(leaf, index, point.size, proof, point.root):
                under.setdefault(index, set()).add(leaf)
    if any(len(leaves) > 1 for leaves in under.values()):
        return "two-entries"
    for one in (one for one in exhibits if one["kind"] == "prefix"):
        size, root, proof = one["size"], unhex(one["root"]), _hashes(one["hashes"])
        begins = any(
            verify_consistency(size, root, point.size, point.root, proof)
            for point in points
        )
        if begins and any(it.size == size and it.root != root for it in points):
            return "not-a-beginning"
    raise Malformed("no contradiction is proven")


# --------------------------------------------------------------------------
# The state of a room (6)
# --------------------------------------------------------------------------

MAX_OPEN = 1024
PROPOSAL_SECONDS = 7 * 24 * 3600


@dataclass
class Stood:
    """A statement that stands in the log."""

    index: int
    identity: bytes
    post_author: Name | None  # of a post
    recalled: bool = False


@dataclass
class OpenProposal:
    """A proposal that is neither enacted nor rejected."""

    index: int
    quorum: int
    not_after: int
    targets: tuple[bytes, ...]
    signed: dict[str, tuple[bytes, tuple[bytes, ...]]]  # name: key id, signatures

    def enactment(self) -> list[tuple[bytes, tuple[Signature, ...]]]:
        """Each target with the signatures that it must bear (6.3)."""
        signers = sorted(self.signed.values())
        return [
            (target, tuple(Signature(keyid, sigs[at]) for keyid, sigs in signers))
            for at, target in enumerate(self.targets)
        ]


@dataclass(frozen=True)
class ByQuorum:
    """An entry that only an enactment brings."""

    index: int
    identity: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class ManifestPost:
    """A post that names manifests, for the rules across rooms."""

    index: int
    accepted_at: int
    manifests: tuple[bytes, ...]


class Room:
    """The state of one room, and the rules by which it changes (6)."""

    def __init__(self, room: bytes) -> None:
        self.room = room
        self.domain = ""
        self.name = ""
        self.charter_index = 0
        self.charters: list[Charter] = []
        self.parties: dict[str, bool] = {}  # organisation: ever had a custodian
        self.keys: dict[bytes, tuple[str, str]] = {}  # key id: member, purpose
        self.sign_keys: dict[bytes, bytes] = {}  # key id: key, of all charters
        self.open: dict[bytes, OpenProposal] = {}
        self.tree = Tree()
        self.times: list[int] = []
        self.past: dict[bytes, Stood] = {}
        self.by_quorum: list[ByQuorum] = []
        self.enactments: list[tuple[bytes, tuple[Signature, ...]]] = []
        self.manifest_posts: list[ManifestPost] = []

    @property
    def charter(self) -> Charter:
        """The charter in force."""
        return self.charters[-1]

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.times)

    @property
    def owner(self) -> str | None:
        """The party whose own room it is."""
        return next(iter(self.parties)) if len(self.parties) == 1 else None

    # -- 6.1 ---------------------------------------------------------------

    def apply(self, data: bytes) -> Entry:
        """Take the next entry, or refuse it and change nothing (6.1)."""
        entry = well_formed_entry(data)
        envelope, statement = entry.envelope, entry.statement
        if envelope is None or statement is None:
            raise Refused("WRONG_KIND", "an access record in a room")
        self._check_signatures(envelope, statement)
        if not self.charters:
            by_quorum = self._found(entry, envelope, statement)
        else:
            self._check_place(entry, statement)
            self._check_basis(entry, statement)
            signers = self._signers(self.charter, envelope, statement)
            by_quorum = Judge(self, entry, envelope, statement, signers).act()
        self._append(data, entry, statement)
        if by_quorum:
            done = ByQuorum(self.size - 1, statement.identity, envelope.signatures)
            self.by_quorum.append(done)
        return entry

    def _check_signatures(self, envelope: Envelope, statement: Statement) -> None:
        known = self.sign_keys
        if isinstance(statement.act, Charter):
            brought = {m.sign_id: m.sign_key for m in statement.act.members}
            known = {**known, **brought}
        for item in envelope.signatures:
            require(item.keyid in known, "UNKNOWN_KEY", f"no key {item.keyid.hex()}")
        signed = envelope.signed
        for item in envelope.signatures:
            good = verify(known[item.keyid], item.sig, signed)
            require(good, "BAD_SIGNATURE", f"by key {item.keyid.hex()}")

    def _check_place(self, entry: Entry, statement: Statement) -> None:
        require(statement.room == self.room, "OTHER_ROOM", "names another room")
        stood = self.past.get(statement.id)
        if stood:
            same = stood.identity == statement.identity
            code = "REPEATED" if same else "ID_TAKEN"
            raise Refused(code, f"its id stands at index {stood.index}")
        forward = entry.accepted_at >= self.times[-1]
        require(forward, "TIME_GOES_BACK", "accepted before the entry before")
        _check_not_after(entry, statement)

    def _check_basis(self, entry: Entry, statement: Statement) -> None:
        size = statement.basis_size
        require(size <= self.size, "BASIS_IN_FUTURE", f"{size} of {self.size}")
        known = self.tree.roots[size] == statement.basis_root
        require(known, "BASIS_NEVER_WAS", f"another root at size {size}")
        self.require_covered(statement, self.charter_index)
        if size < self.size:
            until = self.times[size] + self.charter.limits.basis_age
            fresh = min(until, U64_MAX) >= entry.accepted_at
            require(fresh, "BASIS_TOO_OLD", f"entry {size} is too long ago")

    def require_covered(self, statement: Statement, index: int) -> None:
        """The basis covers the entry at `index`."""
        covered = statement.basis_size > index
        require(covered, "BASIS_LEAVES_OUT", f"does not cover entry {index}")

    @staticmethod
    def _signers(
        charter: Charter, envelope: Envelope, statement: Statement
    ) -> list[Member]:
        members = charter.by_sign_id
        for item in envelope.signatures:
            known = item.keyid in members
            require(known, "NOT_A_MEMBER", f"key {item.keyid.hex()} is no member's")
        signers = [members[item.keyid] for item in envelope.signatures]
        signed = any(item.name == statement.author for item in signers)
        require(signed, "AUTHOR_DID_NOT_SIGN", statement.author.text)
        return signers

    def _append(self, data: bytes, entry: Entry, statement: Statement) -> None:
        act = statement.act
        is_post = isinstance(act, Post)
        author = statement.author if is_post else None
        self.past[statement.id] = Stood(self.size, statement.identity, author)
        if isinstance(act, Post) and act.manifests:
            post = ManifestPost(self.size, entry.accepted_at, act.manifests)
            self.manifest_posts.append(post)
        self.tree.append(data)
        self.times.append(entry.accepted_at)

    # -- 6.2.1 -------------------------------------------------------------

    def _found(self, entry: Entry, envelope: Envelope, statement: Statement) -> bool:
        new = statement.act
        if not isinstance(new, Charter) or new.founding is None:
            raise Refused("CHARTER", "a log begins with a founding charter")
        _check_not_after(entry, statement)
        require(not new.succession, "CHARTER", "a founding charter with succession")
        self.require_own_keys(new)
        signers = self._signers(new, envelope, statement)
        chamber = new.founding.name == CHAMBER
        if chamber:
            require(not new.has_party, "CHARTER", "a party's member in the chamber")
            everyone = {item.name for item in signers} == {m.name for m in new.mediators}
            require(everyone, "CHARTER", "all mediators sign the chamber's founding")
        require_quorum(signers, new.quorum, statement)
        own = statement.identity == self.room
        require(own, "FOUNDS_OTHER_ROOM", "the log claims to be of another room")
        self.domain, self.name = new.founding.domain, new.founding.name
        self.enter_charter(new)
        return not chamber

    def require_own_keys(self, new: Charter) -> None:
        """No key has ever belonged to another member or purpose (6.2)."""
        brought: dict[bytes, tuple[str, str]] = {}
        for member in new.members:
            for one, purpose in member.claims:
                owner = (member.name.text, purpose)
                first = self.keys.get(one) or brought.setdefault(one, owner)
                require(first == owner, "KEY_REUSED", f"{one.hex()} of {owner[0]}")

    def enter_charter(self, new: Charter) -> None:
        """A charter comes into force (6.2.2, on acceptance)."""
        self.charters.append(new)
        self.charter_index = self.size
        for member in new.members:
            for one, purpose in member.claims:
                self.keys[one] = (member.name.text, purpose)
            self.sign_keys[member.sign_id] = member.sign_key
            if member.name.role == PARTY:
                organisation = member.name.organisation
                had = self.parties.get(organisation, False)
                self.parties[organisation] = had or member.custodian


def well_formed_entry(data: bytes) -> Entry:
    """A well-formed entry, or the refusal of it (6.1, step 1)."""
    try:
        return read_entry(data)
    except Malformed as error:
        raise Refused("ENTRY", str(error)) from None


def _check_not_after(entry: Entry, statement: Statement) -> None:
    in_time = statement.not_after == 0 or statement.not_after >= entry.accepted_at
    require(in_time, "TOO_LATE", f"not after {statement.not_after}")


def require_quorum(signers: list[Member], quorum: int, statement: Statement) -> None:
    """quorum(K) of the specification (6.1)."""
    mediators = all(item.name.role == MEDIATOR for item in signers)
    enough = mediators and len(signers) >= quorum
    require(enough, "NO_QUORUM", f"not {quorum} mediators and nobody else")
    hour = statement.seconds % 3600 == 0
    require(hour, "NOT_WHOLE_HOUR", "the time in its id is not a whole hour")


# --------------------------------------------------------------------------
# The acts (6.2.2, 6.3)
# --------------------------------------------------------------------------


@dataclass
class Judge:
    """Judges one act by its signers; each method says whether it is by quorum."""

    room: Room
    entry: Entry
    envelope: Envelope
    statement: Statement
    signers: list[Member]

    def act(self) -> bool:
        """Judge the act and bring about its change."""
        act = self.statement.act
        if isinstance(act, Charter):
            return self.succeed(act)
        if isinstance(act, Post):
            return self.post(act)
        if isinstance(act, Proposal):
            return self.propose(act)
        if isinstance(act, Approval):
            return self.approve(act)
        if isinstance(act, Rejection):
            return self.reject(act)
        if isinstance(act, Recall):
            return self.recall(act)
        return self.acknowledge(act)

    def quorum(self, quorum: int) -> bool:
        """quorum(K); what passes is by quorum."""
        require_quorum(self.signers, quorum, self.statement)
        return True

    def one(self) -> Member:
        """one(S): the only signer."""
        require(len(self.signers) == 1, "NOT_ONE_SIGNER", f"{len(self.signers)} signers")
        return self.signers[0]

    # -- Charters (6.2.2) --------------------------------------------------

    def succeed(self, new: Charter) -> bool:
        """A new charter in the place of the old."""
        room, old = self.room, self.room.charter
        require(new.founding is None, "CHARTER", "a second founding")
        require(new.epoch == old.epoch + 1, "CHARTER", f"epoch {new.epoch}")
        require(new.domain == room.domain, "CHARTER", "another domain")
        fresh = new.key_commitment != old.key_commitment
        require(fresh, "CHARTER", "the room key stays the same")
        party_in_chamber = room.name == CHAMBER and new.has_party
        require(not party_in_chamber, "CHARTER", "a party's member in the chamber")
        by_quorum = not self._is_own_removal(old, new)
        if by_quorum:
            self.quorum(old.quorum)
            self._endorsements(old, new)
        room.require_own_keys(new)
        room.enter_charter(new)
        return by_quorum

    @staticmethod
    def _difference(old: Charter, new: Charter) -> tuple[list[Member], list[Member]]:
        """Who is added or changed, and who is removed, each ascending."""
        before = {m.name: (m.card, m.endorsement) for m in old.members}
        after = {m.name for m in new.members}
        brought = [m for m in new.members if before.get(m.name) != (m.card, m.endorsement)]
        return brought, [m for m in old.members if m.name not in after]

    def _is_own_removal(self, old: Charter, new: Charter) -> bool:
        """A custodian alone removes members of its own party."""
        brought, removed = self._difference(old, new)
        parts = ("quorum", "limits", "log_vkey", "service")
        terms = any(getattr(old, part) != getattr(new, part) for part in parts)
        if brought or terms or new.succession or not removed:
            return False
        organisations = {m.name.organisation for m in removed}
        if len(organisations) != 1 or any(m.name.role != PARTY for m in removed):
            return False
        return self.signers[0] in old.custodians(*organisations) and len(self.signers) == 1

    def _endorsements(self, old: Charter, new: Charter) -> None:
        orphaned = False
        for member in self._difference(old, new)[0]:
            organisation = member.name.organisation
            had = self.room.parties.get(organisation, False)
            if member.name.role != PARTY or not had:
                continue
            custodians = {m.sign_id: m.sign_key for m in old.custodians(organisation)}
            if not custodians:
                orphaned = True
                continue
            given = member.endorsement
            good = (
                given is not None
                and given.keyid in custodians
                and verify(custodians[given.keyid], given.sig, pae(CARD_TYPE, member.card))
            )
            require(good, "NOT_ENDORSED", member.name.text)
        require(new.succession or not orphaned, "CHARTER", "no custodian, no succession")
        require(orphaned or not new.succession, "CHARTER", "succession without need")

    # -- Posts -------------------------------------------------------------

    def sealed_part(self, sealed: Post) -> None:
        """What holds for the sealed part of a post or proposal (6.3)."""
        charter = self.room.charter
        limits = charter.limits
        require(sealed.epoch == charter.epoch, "EPOCH", f"epoch {sealed.epoch}")
        require(sealed.size <= limits.content_bytes, "OVER_LIMIT", "content_bytes")
        few = len(sealed.attachments) <= limits.attachments
        require(few, "OVER_LIMIT", "attachments")
        for _, size in sealed.attachments:
            require(size <= limits.attachment_bytes, "OVER_LIMIT", "attachment_bytes")
        until = sealed.content_until
        lasts = until == 0 or until > self.entry.accepted_at
        require(lasts, "VALUE", "content_until has passed")

    def post(self, act: Post) -> bool:
        """A post, by the role of its author."""
        role = self.statement.author.role
        self.sealed_part(act)
        require(role != AUDITOR, "NOT_ALLOWED", "an auditor's post")
        if role == MEDIATOR and self.room.parties:
            self.quorum(self.room.charter.quorum)
            require(len(act.manifests) <= 1, "VALUE", "several manifests")
            return True
        self.one()
        if role == PARTY:
            require(not act.manifests, "NOT_ALLOWED", "a party's manifests")
        return False

    def recall(self, act: Recall) -> bool:
        """The recall of a post."""
        stood = self._post_at(act.id, act.post)
        self.room.require_covered(self.statement, stood.index)
        require(not stood.recalled, "ALREADY_RECALLED", f"post {stood.index}")
        author = stood.post_author
        assert author is not None
        by_quorum = author.role == MEDIATOR
        if by_quorum:
            self.quorum(self.room.charter.quorum)
        else:
            signer = self.one()
            custodians = self.room.charter.custodians(author.organisation)
            allowed = signer.name == author or signer in custodians
            require(allowed, "NOT_ALLOWED", f"recalls a post of {author.text}")
        stood.recalled = True
        return by_quorum

    def acknowledge(self, act: Acknowledgement) -> bool:
        """The acknowledgement of posts, of this and other rooms."""
        require(self.room.owner, "NOT_ALLOWED", "not a party's own room")
        self.one()
        role = self.statement.author.role
        require(role != AUDITOR, "NOT_ALLOWED", "an auditor's acknowledgement")
        here = all(ref.room == self.room.room for ref in act.posts)
        require(here or role == PARTY, "NOT_ALLOWED", "a mediator's, of another room")
        for ref in act.posts:
            if ref.room == self.room.room:
                stood = self._post_at(ref.id, ref.statement)
                self.room.require_covered(self.statement, stood.index)
        return False

    def _post_at(self, statement_id: bytes, identity: bytes) -> Stood:
        stood = self.room.past.get(statement_id)
        if stood and stood.identity == identity and stood.post_author:
            return stood
        raise Refused("NO_SUCH_POST", f"no post has the id {statement_id.hex()}")

    # -- Proposals ---------------------------------------------------------

    def _in_the_chamber(self) -> None:
        require(self.room.name == CHAMBER, "NOT_ALLOWED", "only in the chamber")
        mediator = self.one().name.role == MEDIATOR
        require(mediator, "NOT_ALLOWED", "only by a mediator")

    def _is_open(self, proposal: OpenProposal) -> bool:
        return proposal.not_after >= self.entry.accepted_at

    def _signature(self, signatures: tuple[bytes, ...]) -> Any:
        return self.envelope.signatures[0].keyid, signatures

    def propose(self, act: Proposal) -> bool:
        """A proposal opens."""
        self._in_the_chamber()
        self.sealed_part(act.sealed)
        accepted, not_after = self.entry.accepted_at, self.statement.not_after
        soon = not_after <= accepted + PROPOSAL_SECONDS
        require(soon, "VALUE", "open for more than seven days")
        charter = self.room.charter
        fits = charter.quorum <= act.quorum <= len(charter.mediators)
        require(fits, "VALUE", f"a quorum of {act.quorum}")
        count = sum(self._is_open(item) for item in self.room.open.values())
        require(count < MAX_OPEN, "OVER_LIMIT", "too many open proposals")
        self.room.open[self.statement.identity] = OpenProposal(
            index=self.room.size,
            quorum=act.quorum,
            not_after=not_after,
            targets=act.targets,
            signed={self.statement.author.text: self._signature(act.signatures)},
        )
        return False

    def _answered(self, identity: bytes) -> OpenProposal:
        self._in_the_chamber()
        proposal = self.room.open.get(identity)
        if proposal is None or not self._is_open(proposal):
            raise Refused("PROPOSAL_NOT_OPEN", f"no open proposal {identity.hex()}")
        self.room.require_covered(self.statement, proposal.index)
        return proposal

    def approve(self, act: Approval) -> bool:
        """An approval; the last one enacts."""
        proposal = self._answered(act.proposal)
        author = self.statement.author.text
        require(author not in proposal.signed, "ALREADY_SIGNED", author)
        enough = proposal.quorum >= self.room.charter.quorum
        require(enough, "VALUE", f"a quorum of {proposal.quorum}")
        fits = len(act.signatures) == len(proposal.targets)
        require(fits, "VALUE", "not a signature for each target")
        proposal.signed[author] = self._signature(act.signatures)
        if len(proposal.signed) == proposal.quorum:
            self.room.enactments.extend(proposal.enactment())
            del self.room.open[act.proposal]
        return False

    def reject(self, act: Rejection) -> bool:
        """A rejection ends the proposal."""
        self._answered(act.proposal)
        del self.room.open[act.proposal]
        return False


# --------------------------------------------------------------------------
# Rules across rooms (8)
# --------------------------------------------------------------------------


def faults_of_cut(rooms: list[Room]) -> Iterator[Refused]:
    """Every fault that only all rooms together show, in order (8)."""
    rooms = sorted(rooms, key=lambda item: item.room)
    chambers = [item for item in rooms if item.name == CHAMBER]
    if len(chambers) != 1:
        yield Refused("CHAMBERS", f"{len(chambers)} rooms are named {CHAMBER}")
    else:
        yield from _faults_of_charters(rooms, chambers[0])
    names: set[str] = set()
    for room in rooms:
        if room.name in names:
            yield Refused("NAME_TWICE", f"two rooms are named {room.name}")
        names.add(room.name)
    yield from _faults_of_enactments(rooms)
    yield from _faults_of_manifests(rooms)


def _faults_of_charters(rooms: list[Room], chamber: Room) -> Iterator[Refused]:
    def mediators(room: Room) -> set[tuple[str, tuple[bytes, ...]]]:
        return {(m.name.text, tuple(m.key_ids)) for m in room.charter.mediators}

    for room in rooms:
        if room.domain != chamber.domain:
            yield Refused("OTHER_DOMAIN", f"{room.name} is of {room.domain}")
        elif mediators(room) != mediators(chamber):
            yield Refused("MEDIATORS_DIFFER", f"{room.name} has other mediators")


def _faults_of_enactments(rooms: list[Room]) -> Iterator[Refused]:
    stands = {done.identity: done for room in rooms for done in room.by_quorum}
    enacted: set[bytes] = set()
    for room in rooms:
        for target, signatures in room.enactments:
            if target in enacted:
                yield Refused("ENACTED_TWICE", f"{target.hex()}")
            elif target not in stands:
                yield Refused("TARGET_MISSING", f"{target.hex()} was enacted")
            elif stands[target].signatures != signatures:
                yield Refused("TARGET_SIGNATURES", f"on {target.hex()}")
            enacted.add(target)
    for room in rooms:
        for done in room.by_quorum:
            if done.identity not in enacted:
                yield Refused("NOT_ENACTED", f"{room.name}#{done.index}")


def _faults_of_manifests(rooms: list[Room]) -> Iterator[Refused]:
    known: dict[bytes, int] = {}
    for room in rooms:
        for post in room.manifest_posts if room.name == CHAMBER else ():
            for one in post.manifests:
                known.setdefault(one, post.accepted_at)
    for room in rooms:
        for post in room.manifest_posts if room.name != CHAMBER else ():
            if any(known.get(one, U64_MAX + 1) > post.accepted_at for one in post.manifests):
                yield Refused("MANIFEST_UNKNOWN", f"{room.name}#{post.index}")


# --------------------------------------------------------------------------
# Bundles (11)
# --------------------------------------------------------------------------

BUNDLE_MAGIC = b"tearline-bundle/v1\n"
MAX_ROW = 16777216
ACCESS_PREFIX = "access/"


@dataclass
class BundleEntry:
    """An entry with size and SHA-256 of its sealed content, if that is there."""

    data: bytes
    content: tuple[int, bytes] | None


@dataclass
class BundleAttachment:
    """Size and hash of the bytes that came under a digest."""

    digest: bytes
    size: int
    sha256: Any


@dataclass
class BundleRoom:
    """A room's rows."""

    room: bytes
    name: str
    first: int
    size: int
    checkpoint: bytes
    entries: list[BundleEntry] = field(default_factory=list)
    attachments: list["BundleAttachment"] = field(default_factory=list)


@dataclass
class Bundle:
    """A whole file."""

    domain: str
    chamber: bytes
    written_at: int
    rooms: list[BundleRoom]


def bundle_rows(file: BinaryIO) -> Iterator[tuple[str, Message]]:
    """Every row with its kind, held to the table of section 11."""
    need(file.read(len(BUNDLE_MAGIC)) == BUNDLE_MAGIC, "not a bundle")
    digest = hashlib.sha256(BUNDLE_MAGIC)
    count, missing, last_room, kind = 0, 0, b"", ""
    piece, came = b"", 0
    while prefix := file.read(4):
        need(kind != "end", "a row after the end")
        length = int.from_bytes(prefix, "big")
        need(len(prefix) == 4 and length <= MAX_ROW, "a row's length is wrong")
        data = file.read(length)
        need(len(data) == length, "the file ends within a row")
        raw = decode("BundleRow", data)
        kind = next((key for key, value in raw.items() if value is not None), "")
        need(kind, "a row with nothing in it")
        row = raw[kind]
        need((kind == "begin") == (count == 0), "begin is the first row and only that")
        need(kind == "entry" or not missing, "a room without all its entries")
        if kind != "piece":
            piece, came = b"", 0
        if kind == "begin":
            need(is_domain(row["domain"]), "begin names no domain")
            need(len(row["chamber"]) == 32, "a room id has 32 bytes")
        elif kind == "room":
            need(len(row["room"]) == 32, "a room id has 32 bytes")
            need(last_room < row["room"], "rooms ascend by id")
            need(row["first"] + row["size"] <= U64_MAX, "more entries than 2^64")
            last_room, missing = row["room"], row["size"]
        elif kind == "entry":
            need(missing, "an entry of no room")
            missing -= 1
        elif kind == "piece":
            need(last_room, "an attachment of no room")
            need(len(row["digest"]) == 32, "a digest has 32 bytes")
            came = came if piece == row["digest"] else 0
            need(row["offset"] == came and row["data"], "not an attachment's next bytes")
            piece, came = row["digest"], came + len(row["data"])
        else:
            need(row["rows"] == count, "end tells another number of rows")
            need(row["sha256"] == digest.digest(), "end tells another digest")
        digest.update(prefix + data)
        count += 1
        yield kind, row
    need(kind == "end", "the file has no end row")


# --------------------------------------------------------------------------
# Letters and answers (15)
# --------------------------------------------------------------------------

LETTER_MAGIC = b"tearline-letter/v1\n"
ANSWER_MAGIC = b"tearline-answer/v1\n"
LETTER_TYPE = "application/vnd.tearline.letter.v1+sha256"
MAX_LETTER = 67108864
REASON = re.compile(r"[A-Z0-9_]{1,64}")


def courier_rows(
    data: bytes, magic: bytes, message: str
) -> Iterator[tuple[str, Message, bytes]]:
    """Every row with its kind and the digest of all before it, framed as in section 11."""
    need(data.startswith(magic), "other first bytes")
    at, count, kind = len(magic), 0, ""
    while at < len(data):
        need(kind != "end", "a row after the end")
        before = sha256(data[:at])
        length = int.from_bytes(data[at : at + 4], "big")
        need(len(data) - at >= 4 and length <= MAX_ROW, "a row's length is wrong")
        row = data[at + 4 : at + 4 + length]
        need(len(row) == length, "the file ends within a row")
        raw = decode(message, row)
        kind = next((key for key, value in raw.items() if value is not None), "")
        need(kind, "a row with nothing in it")
        need((kind == "begin") == (count == 0), "begin is the first row and only that")
        if kind == "end":
            end = raw["end"]
            need(end["rows"] == count, "end tells another number of rows")
            need(end["sha256"] == before, "end tells another digest")
        yield kind, raw[kind], before
        at += 4 + length
        count += 1
    need(kind == "end", "the file has no end row")


def courier_begin(row: Message) -> None:
    """The desk is one of the domain."""
    need(is_domain(row["domain"]), "begin names no domain")
    need(read_name(row["member"]).domain == row["domain"], "a desk of another domain")


def read_unit(row: Message) -> bytes:
    """15.1: its digest."""
    need(1 <= len(row["submissions"]) <= 64, "1 to 64 submissions")
    for given in row["submissions"]:
        statement = read_statement(read_envelope(given["envelope"], STATEMENT_TYPE).payload)
        need(given["room"] == (statement.room or statement.identity), "for another room")
        act, content = statement.act, given["content"]
        sealed = act.sealed if isinstance(act, Proposal) else act
        if isinstance(sealed, Post):
            need(len(content) == sealed.size, "content of another size")
            need(sha256(content) == sealed.digest, "other content")
        else:
            need(not content, "content of what has none")
    return sha256(encode("LetterUnit", row))


def read_letter(data: bytes, key: bytes) -> Message:
    """15.1, with the signature by `key`."""
    need(len(data) <= MAX_LETTER, "a letter that is too long")
    out: Message = {"letter": sha256(data).hex(), "rooms": [], "units": []}
    order = {"begin": 0, "room": 1, "unit": 2, "signature": 3, "end": 4}
    stage, signed = 0, False
    for kind, row, before in courier_rows(data, LETTER_MAGIC, "LetterRow"):
        need(order[kind] >= stage, "a row that comes too late")
        stage = order[kind]
        if kind == "begin":
            courier_begin(row)
            given = row["certificates"]
            need(1 <= len(given) <= 4, "1 to 4 certificates")
            need(all(1 <= len(it) <= 16384 for it in given), "a certificate's length")
            out |= {"member": row["member"], "written_at": row["written_at"]}
            out["certificates"] = [it.hex() for it in given]
        elif kind == "room":
            need(len(row["room"]) == 32, "a room id has 32 bytes")
            room = row["room"].hex()
            need(not out["rooms"] or out["rooms"][-1]["room"] < room, "rooms ascend by id")
            need(row["from"] <= row["size"], "more wanted than there is")
            out["rooms"].append({"room": room, "size": row["size"], "from": row["from"]})
        elif kind == "unit":
            unit = read_unit(row).hex()
            need(unit not in out["units"] and len(out["units"]) < 1024, "a unit too many")
            out["units"].append(unit)
        elif kind == "signature":
            need(not signed, "two signatures")
            signed = True
            need(row["keyid"] == key_id("ed25519", key), "a signature by another key")
            need(len(row["sig"]) == 64, "a signature has 64 bytes")
            need(verify(key, row["sig"], pae(LETTER_TYPE, before)), "a bad signature")
    need(signed, "a letter that is not signed")
    return out


def read_answer(data: bytes) -> list[Message]:
    """15.2: its rows."""
    rows: list[Message] = []
    units: set[bytes] = set()
    missing, last_room = 0, b""
    for kind, row, _ in courier_rows(data, ANSWER_MAGIC, "AnswerRow"):
        need(kind == "entry" or not missing, "a room without all its entries")
        if kind == "begin":
            courier_begin(row)
            need(len(row["letter"]) == 32, "a digest has 32 bytes")
            row = {"begin": row.pop("domain")} | row
        elif kind == "outcome":
            need(not last_room, "an outcome after a room")
            need(len(row["unit"]) == 32 and row["unit"] not in units, "a unit twice")
            units.add(row["unit"])
            need(len(units) <= 1024, "too many outcomes")
            count = len(row["receipts"])
            if count:
                need(count <= 64 and not row["reason"] and not row["message"], "both at once")
            else:
                need(REASON.fullmatch(row["reason"]) is not None, "no short name")
                need(len(row["message"].encode()) <= 4096, "too long a message")
            row = {"unit": row["unit"], "entered": count, "reason": row["reason"]}
        elif kind == "room":
            need(len(row["room"]) == 32, "a room id has 32 bytes")
            need(last_room < row["room"], "rooms ascend by id")
            need(is_label(row["name"]), "not a room's name")
            need(row["first"] + row["size"] <= U64_MAX, "more entries than 2^64")
            need(len(row["cosigned"]) <= 256, "more checkpoints than members")
            last_room, missing = row["room"], row["size"]
            row = row | {"cosigned": [note.hex() for note in row["cosigned"]]}
        elif kind == "entry":
            need(missing, "an entry of no room")
            missing -= 1
        else:
            row = {"end": row["rows"]}
        rows.append({k: v.hex() if isinstance(v, bytes) else v for k, v in row.items()})
    return rows


def take_piece(into: list[BundleAttachment], digest: bytes, offset: int, data: bytes) -> None:
    """More bytes of an attachment, or the first of the next."""
    if offset == 0:
        into.append(BundleAttachment(digest, 0, hashlib.sha256()))
    into[-1].size += len(data)
    into[-1].sha256.update(data)


def read_bundle(path: Path) -> Bundle:
    """A whole bundle file; code BUNDLE."""
    bundle, count = Bundle("", b"", 0, []), 0
    try:
        with path.open("rb") as file:
            for count, (kind, row) in enumerate(bundle_rows(file), 1):
                if kind == "begin":
                    bundle = Bundle(**row, rooms=[])
                elif kind == "room":
                    bundle.rooms.append(BundleRoom(**row))
                elif kind == "entry":
                    content = row["content"]
                    about = None if content is None else (len(content), sha256(content))
                    bundle.rooms[-1].entries.append(BundleEntry(row["entry"], about))
                elif kind == "piece":
                    take_piece(bundle.rooms[-1].attachments, **row)
    except Malformed as error:
        raise Refused("BUNDLE", f"row {count}: {error}") from None
    return bundle


# --------------------------------------------------------------------------
# Access logs (12)
# --------------------------------------------------------------------------


@dataclass
class AccessLog:
    """What an access log comes to."""

    name: str
    room: bytes
    root: bytes
    size: int
    members: dict[str, int]  # entries that each member was about to be sent


def replay_access_log(given: BundleRoom, rooms: list[Room], chamber: Room) -> AccessLog:
    """An access log: name, id, entries, checkpoint, in that order (12)."""
    organisation = given.name.removeprefix(ACCESS_PREFIX)
    require(is_label(organisation), "NAME", "names no organisation")
    named = (item for item in rooms if item.name == item.owner == organisation)
    home = next(named, chamber)
    own_id = labelled("tearline/v1/access", home.room, organisation)
    require(given.room == own_id, "NAME", "the id of another access log")
    require(given.first == 0, "INCOMPLETE", "begins after its first entry")
    tree, last, members = Tree(), 0, {}
    for index, row in enumerate(given.entries):
        with_index = Fault(given.name, index)
        with with_index:
            entry = well_formed_entry(row.data)
            if entry.access is None:
                raise Refused("WRONG_KIND", "a statement in an access log")
            require(row.content is None, "CONTENT", "an access record has no content")
            forward = entry.accepted_at >= last
            require(forward, "TIME_GOES_BACK", "written before the entry before")
        last = entry.accepted_at
        who = entry.access.member.text
        members[who] = members.get(who, 0) + entry.access.count
        tree.append(row.data)
    check_attachments(given, set(), set())
    root = tree.roots[-1]
    check_checkpoint(given, home, root)
    return AccessLog(given.name, given.room, root, given.size, members)


# --------------------------------------------------------------------------
# Replaying a bundle (11.1)
# --------------------------------------------------------------------------


class Located(Exception):
    """A refusal, with the room and index that it is about."""

    def __init__(self, refused: Refused, room: str | None, index: int | None) -> None:
        place = "" if room is None else f"{room}" if index is None else f"{room}#{index}"
        super().__init__(f"{place or 'bundle'}: {refused}")
        self.code, self.room, self.index = refused.code, room, index


@dataclass
class Fault:
    """Gives a place to any refusal that is raised within it."""

    room: str | None
    index: int | None = None

    def __enter__(self) -> None:
        """Nothing is to be prepared."""

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, Refused):
            raise Located(error, self.room, self.index) from None


@dataclass
class Replayed:
    """Everything that was verified, in the file's order."""

    bundle: Bundle
    rooms: list[Room | AccessLog]


def check_checkpoint(given: BundleRoom, home: Room, root: bytes) -> None:
    """A bundle's checkpoint covers exactly the bundle's entries, and no auditor's line is bad (5.5)."""
    auditors = [item for item in home.charter.members if item.name.role == AUDITOR]
    desks = {item.name.text.partition(f"/{AUDITOR}/")[2]: item.sign_key for item in auditors}
    try:
        point = verify_checkpoint(
            given.checkpoint, home.charter.log_vkey, home.domain, given.room
        )
        verified_lines(point.note, [VerifierKey(name, 4, key) for name, key in desks.items()])
        need(point.size == given.size, f"a checkpoint of {point.size} entries")
        need(point.root == root, "a checkpoint of another root")
    except Malformed as error:
        raise Refused("CHECKPOINT", str(error)) from None


def check_attachments(given: BundleRoom, named: set[tuple[bytes, int]], came: set[bytes]) -> None:
    """Each is one that a post of the room names, and there once in the file."""
    for item in given.attachments:
        require((item.digest, item.size) in named, "ATTACHMENT", "no post names it so")
        require(item.sha256.digest() == item.digest, "ATTACHMENT", "other bytes")
        require(item.digest not in came, "ATTACHMENT", "it is there twice")
        came.add(item.digest)


def replay_room(given: BundleRoom, domain: str, came: set[bytes]) -> Room:
    """One room: 2a to 2f."""
    complete = given.first == 0 and given.size >= 1
    require(complete, "INCOMPLETE", "does not begin with its founding")
    room = Room(given.room)
    named: set[tuple[bytes, int]] = set()
    for index, row in enumerate(given.entries):
        with Fault(given.name, index):
            entry = room.apply(row.data)
            sealed = sealed_of(entry)
            named.update(sealed.attachments if sealed else ())
            if row.content is not None:
                check_content(sealed, *row.content)
    check_attachments(given, named, came)
    require(given.name == room.name, "NAME", f"the room is named {room.name}")
    require(domain == room.domain, "NAME", f"the room is of {room.domain}")
    check_checkpoint(given, room, room.tree.roots[-1])
    return room


def sealed_of(entry: Entry) -> Post | None:
    """The post, or a proposal's sealed part, that names content and attachments."""
    act = entry.statement.act if entry.statement else None
    sealed = act.sealed if isinstance(act, Proposal) else act
    return sealed if isinstance(sealed, Post) else None


def check_content(sealed: Post | None, size: int, digest: bytes) -> None:
    """Sealed content is that which its statement names (7.2, steps 1 and 2)."""
    if sealed is None:
        raise Refused("CONTENT", "content of what has none")
    require(size == sealed.size, "CONTENT", f"{size} bytes instead of {sealed.size}")
    require(digest == sealed.digest, "CONTENT", "other bytes than it names")


def replay(path: Path) -> Replayed:
    """Replay a bundle that is a whole cut; raises Located."""
    with Fault(None):
        bundle = read_bundle(path)
    done: dict[bytes, Room | AccessLog] = {}
    rooms: list[Room] = []
    came: set[bytes] = set()
    for given in bundle.rooms:
        if not given.name.startswith(ACCESS_PREFIX):
            with Fault(given.name):
                rooms.append(replay_room(given, bundle.domain, came))
                done[given.room] = rooms[-1]
    with Fault(None):
        chamber = done.get(bundle.chamber)
        if not isinstance(chamber, Room) or chamber.name != CHAMBER:
            raise Refused("CHAMBERS", "the chamber that begin names is not there")
    for given in bundle.rooms:
        if given.name.startswith(ACCESS_PREFIX):
            with Fault(given.name):
                done[given.room] = replay_access_log(given, rooms, chamber)
    with Fault(None):
        for fault in faults_of_cut(rooms):
            raise fault
    return Replayed(bundle, [done[given.room] for given in bundle.rooms])


# --------------------------------------------------------------------------
# What can be checked of content without a log (7, 9.4, 10)
# --------------------------------------------------------------------------

CHUNK, TAG = 65536, 16


def is_sealed_size(size: int) -> bool:
    """Whether sealed content can have this size (7.2, step 4)."""
    padded = size - TAG * -(-size // (CHUNK + TAG))
    return padded > 0 and padded + TAG * -(-padded // CHUNK) == size


def seal_key(
    room_key: bytes, salt: bytes, room: bytes, epoch: int, id_: bytes, author: str
) -> tuple[bytes, bytes]:
    """The AES key of a sealing, and its commitment (7.2)."""
    context = frame("tearline/v1/seal", room, epoch, id_, author)
    both = hkdf(salt, room_key, context, 64)
    return both[:32], both[32:]


def room_key_of_seed(seed: bytes, place: bytes, epoch: int) -> tuple[bytes, bytes]:
    """A room key and the charter's commitment to it (7.1)."""
    key = hkdf(b"", seed, frame("tearline/v1/room-key", place, epoch), 32)
    return key, labelled("tearline/v1/epoch", place, epoch, key)


@dataclass(frozen=True)
class Manifest:
    """The 64 values of a briefing for one room (9.4)."""

    values: bytes
    blind: bytes

    @property
    def digest(self) -> bytes:
        """What posts name."""
        return manifest_digest(self.blind, self.values)


def portion_value(salt: bytes, text: str) -> bytes:
    """The value of a portion in a manifest (9.4)."""
    return labelled("tearline/v1/portion", salt, text)


def manifest_digest(blind: bytes, values: bytes) -> bytes:
    """The digest of a manifest that is well-formed (9.4)."""
    need(len(values) == 2048, "a manifest has 2048 bytes")
    rows = [values[at : at + 32] for at in range(0, 2048, 32)]
    need(ascends(rows), "the values of a manifest ascend")
    return labelled("tearline/v1/manifest", blind, values)


def make_manifest(seed: bytes, room: bytes, texts: list[str]) -> Manifest:
    """The manifest of a briefing for a room (9.4)."""
    need(1 <= len(texts) <= 63, "a briefing has 1 to 63 portions")
    secret = hkdf(b"", seed, frame("tearline/v1/manifest", room), 2080)
    drawn = [secret[at : at + 32] for at in range(32, 2080, 32)]
    values = [portion_value(salt, text) for salt, text in zip(drawn, texts)]
    values += drawn[len(texts) :]
    return Manifest(b"".join(sorted(values)), secret[:32])


MAX_PAPER = 64 * 2**20


def read_paper(text: str, label: str) -> bytes:
    """The body of a paper (10)."""
    need(len(text.encode()) <= MAX_PAPER, "a paper of more than 64 MiB")
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    need(begin in lines, f"no paper with the label {label}")
    body = lines[lines.index(begin) + 1 :]
    need(end in body, "a paper without end")
    rest = body[body.index(end) + 1 :]
    need(not "".join(rest).strip(), "text after the end of a paper")
    joined = "".join(body[: body.index(end)])
    return unbase64(re.sub(r"[ \t\n\r\f\v]", "", joined))


def unframe(data: bytes, count: int) -> list[bytes]:
    """The fields of a frame that has exactly so many (1.1)."""
    fields = []
    while data:
        length = int.from_bytes(data[:4], "big")
        need(len(data) >= 4 + length, "a frame's field runs past the end")
        fields.append(data[4 : 4 + length])
        data = data[4 + length :]
    need(len(fields) == count, f"a frame of {count} fields")
    return fields


def read_card_envelope(data: bytes) -> tuple[Member, Envelope]:
    """A card that its own desk signed (10)."""
    envelope = read_envelope(data, CARD_TYPE)
    card = read_card(decode("Card", envelope.payload) | {"endorsement": b"", "wrap": b""})
    own = [item for item in envelope.signatures if item.keyid == card.sign_id]
    need(own, "a card that its desk did not sign")
    need(verify(card.sign_key, own[0].sig, envelope.signed), "a bad signature")
    return card, envelope


def read_card_paper(text: str) -> Member:
    """A card on paper, with the certificate's public key (10)."""
    data, spki = unframe(read_paper(text, "TEARLINE CARD"), 2)
    card, _ = read_card_envelope(data)
    need(sha256(spki) == card.tls_key_sha256, "the public key of another certificate")
    return card


# --------------------------------------------------------------------------
# Verdicts
# --------------------------------------------------------------------------


def describe(item: Room | AccessLog) -> dict[str, Any]:
    """A verified room or access log, for a verdict (11.1)."""
    if isinstance(item, AccessLog):
        return {
            "name": item.name,
            "room": item.room.hex(),
            "size": item.size,
            "root": item.root.hex(),
            "epoch": None,
            "members": [],
        }
    return {
        "name": item.name,
        "room": item.room.hex(),
        "size": item.size,
        "root": item.tree.roots[-1].hex(),
        "epoch": item.charter.epoch,
        "members": [member.name.text for member in item.charter.members],
        "quorum": item.charter.quorum,
        "charters": len(item.charters),
        "recalled": sorted(s.index for s in item.past.values() if s.recalled),
    }


def judge(path: Path) -> dict[str, Any]:
    """The verdict on a bundle, as `--json` prints it."""
    try:
        done = replay(path)
    except Located as error:
        fault = {"room": error.room, "index": error.index, "code": error.code}
        return {"ok": False, "rooms": [], "fault": fault, "message": str(error)}
    return {"ok": True, "rooms": list(map(describe, done.rooms)), "fault": None}


def summary(verdict: dict[str, Any]) -> str:
    """A verdict for people."""
    if not verdict["ok"]:
        return f"REFUSED  {verdict['message']}"
    lines = []
    for room in verdict["rooms"]:
        lines.append(f"{room['name']}  {room['size']} entries  root {room['root']}")
        if room["epoch"] is not None:
            charters = f"{room['charters']} charters, K = {room['quorum']}"
            lines.append(f"    epoch {room['epoch']}, {charters}")
            lines.extend(f"    {member}" for member in room["members"])
    entries = sum(room["size"] for room in verdict["rooms"])
    lines.append(f"ACCEPTED  {len(verdict['rooms'])} logs, {entries} entries")
    return "\n".join(lines)


# --------------------------------------------------------------------------
# Opened content (9.1, 9.2): vectors alone have some
# --------------------------------------------------------------------------

KINDS = [field.name for field in TABLES["Content"].values() if field.rule == "|"]
CHAMBER_KINDS = {"briefing", "manifest_notice"}
BOTH_KINDS = {"note", "decoy", "correction"}

# Unicode's White_Space.
WHITE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)

ALLEGED, REGISTERED, ATTRIBUTED, ANSWERED = 1, 2, 5, 7
AGENDA = 1


@dataclass(frozen=True)
class Written:
    """A post's opened content, with who wrote it."""

    kind: str
    body: Message
    head: Message
    author: Name


def _bound(holds: object, reason: str) -> None:
    require(holds, "FIELD", reason)


def _is_text(text: str) -> bool:
    return bool(text.strip(WHITE)) and len(text.encode()) <= 262144


def _has_control(text: str) -> bool:
    return any(ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F for char in text)


def _is_line(text: str) -> bool:
    fits = len(text.encode()) <= 200
    return bool(text.strip(WHITE)) and fits and not _has_control(text)


def _are_lines(lines: list[str]) -> bool:
    return len(lines) <= 64 and all(map(_is_line, lines))


def _is_window(begins: int, ends: int) -> bool:
    return ends == 0 or ends >= begins


def _is_place(place: Message | None) -> bool:
    return place is None or (
        abs(place["longitude_e7"]) <= 1800000000
        and abs(place["latitude_e7"]) <= 900000000
        and place["precision_m"] >= 1
        and _is_text(place["name"])
    )


def _is_language(text: str) -> bool:
    shape = re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", text)
    return bool(shape) and len(text.encode()) <= 35


def _is_ref(raw: Message | None) -> bool:
    return raw is not None and [len(raw[k]) for k in ("room", "statement", "id")] == [32, 32, 16]


def _read_strings(message: str, value: Message) -> Iterator[str]:
    """Every string that is read: names that programs read are left out (9.1)."""
    unread = {"mark", "originator", "obligors", "obligor", "organisation", "language"}
    unread |= {"media_type"}
    for field in TABLES[message].values():
        found = value[field.name]
        if field.name in unread or found is None:
            continue
        for item in found if field.rule == "*" else [found]:
            if field.kind == "string":
                yield item
            elif field.kind in TABLES:
                yield from _read_strings(field.kind, item)


def _bounds_briefing(body: Message) -> Iterator[tuple[object, str]]:
    texts = [portion["text"] for portion in body["portions"]]
    yield 1 <= len(texts) <= 63 and all(map(_is_text, texts)), "portions"
    yield len(body["seed"]) == 32, "seed"
    source = body["source"]
    graded = source is None or (
        1 <= source["reliability"] <= 6 and 1 <= source["credibility"] <= 6
    )
    yield graded, "source"


def _bounds_commitment(body: Message) -> Iterator[tuple[object, str]]:
    yield 1 <= body["kind"] <= 7, "kind"
    obligors = body["obligors"]
    yield 1 <= len(obligors) <= 64 and all(map(is_label, obligors)), "obligors"
    yield ascends([name.encode() for name in obligors]), "order of obligors"
    yield _are_lines(body["beneficiaries"]), "beneficiaries"
    texts = body["texts"]
    each = all(_is_language(it["language"]) and _is_text(it["text"]) for it in texts)
    yield 1 <= len(texts) <= 64 and each, "texts"
    yield len({it["language"] for it in texts}) == len(texts), "a language twice"
    yield sum(it["authoritative"] for it in texts) == 1, "authoritative"
    yield _is_window(body["from"], body["to"]), "window"
    yield _is_place(body["area"]), "area"
    named = body["undertakings"]
    yield all(len(it["statement"]) == 32 for it in named), "statement"
    yield not named or [it["organisation"] for it in named] == obligors, "undertakings"


def _bounds_incident(body: Message) -> Iterator[tuple[object, str]]:
    yield 1 <= body["stage"] <= 8, "stage"
    yield _is_window(body["from"], body["to"]), "window"
    yield _is_place(body["place"]), "place"
    whom = body["attributed_to"]
    yield _is_line(whom) if body["stage"] == ATTRIBUTED else whom == "", "attribution"
    yield _is_text(body["text"]), "text"


def _bounds_session(body: Message) -> Iterator[tuple[object, str]]:
    yield 1 <= body["phase"] <= 2, "phase"
    yield body["begins"] != 0 and _is_window(body["begins"], body["ends"]), "time"
    for name in ("participants", "items", "decisions"):
        yield _are_lines(body[name]), name
    yield body["phase"] != AGENDA or not body["decisions"], "an agenda's decisions"
    yield body["items"] or _is_text(body["text"]), "items and text"


def _bounds_of_kind(kind: str, body: Message) -> Iterator[tuple[object, str]]:
    """The rows of 9.1 for each kind: whether each holds, and what it is about."""
    scales = {
        "concern": {"activity": 7, "answer_use": 3},
        "assessment": {"finding": 5, "activity": 7, "likelihood": 7, "confidence": 3},
        "reply": {"stance": 4},
        "compliance_note": {"state": 6},
        "activity_notice": {"activity": 7},
        "opinion": {"agreement": 5},
    }
    for name, steps in scales.get(kind, {}).items():
        yield 1 <= body[name] <= steps, name
    windows = {"concern": ("observed_from", "observed_to")}
    windows |= dict.fromkeys(("compliance_note", "activity_notice"), ("from", "to"))
    if kind in windows:
        yield _is_window(*(body[name] for name in windows[kind])), "window"
    if kind in {"concern", "request", "activity_notice"}:
        yield _is_place(body["place"]), "place"
    spoken = {"concern", "note", "request", "reply", "compliance_note", "activity_notice"}
    if kind in spoken | {"correction"}:
        yield _is_text(body["text"]), "text"
    if kind == "compliance_note":
        yield body["obligor"] == "" or is_label(body["obligor"]), "obligor"
    if kind == "manifest_notice":
        yield _is_ref(body["briefing"]) and len(body["room"]) == 32, "briefing or room"
    if kind == "decoy":
        yield len(body["filling"]) <= 262144, "filling"
    own = {
        "briefing": _bounds_briefing,
        "commitment": _bounds_commitment,
        "incident": _bounds_incident,
        "session": _bounds_session,
    }
    if kind in own:
        yield from own[kind](body)


def _is_mark(text: str) -> bool:
    """A portion mark in its one spelling (9.3)."""
    code = "[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?"
    listed = f"//REL TO (?P<codes>{code}(, {code})*)"
    found = re.fullmatch(f"(U|R|C|S|TS)(//ORCON)?(//NF|{listed})?", text)
    codes = (found["codes"] or "A").split(", ") if found else []
    return bool(codes) and codes == sorted(set(codes)) and max(map(len, codes)) <= 32


def _check_carried(content: Message) -> None:
    torn = content["tearline"]
    if torn is not None:
        portions = torn["portions"]
        lengths = len(torn["manifest"]) == 2048 and len(torn["blind"]) == 32
        _bound(lengths and 1 <= len(portions) <= 63, "tearline")
        for portion in portions:
            _bound(len(portion["salt"]) == 32 and _is_text(portion["text"]), "a portion")
    for key in content["attachments"]:
        lengths = len(key["digest"]) == 32 and len(key["key"]) == 32
        _bound(lengths and key["size"] >= 1, "an attachment")
        _bound(key["name"] and not set(key["name"]) & set("/\\\0"), "an attachment's name")
        _bound(key["mark"] == "" or _is_mark(key["mark"]), "an attachment's mark")


def read_content(data: bytes, author: Name) -> Written:
    """Opened content in its bounds (1.2, 9.1)."""
    try:
        content = decode("Content", data)
    except Malformed as error:
        raise Refused("ENCODING", str(error)) from error
    kinds = [kind for kind in KINDS if content[kind] is not None]
    _bound(len(kinds) == 1, "kind")
    kind = kinds[0]
    _bound(1 <= content["precedence"] <= 4, "precedence")
    subject = content["subject"]
    _bound(len(subject.encode()) <= 200 and not _has_control(subject), "subject")
    silent = kind in {"decoy", "manifest_notice"}
    _bound(silent or subject.strip(WHITE), "no subject")
    answers = [content["answers"]] if content["answers"] is not None else []
    _bound(all(map(_is_ref, answers + content["refers"])), "references")
    _check_carried(content)
    for holds, what in _bounds_of_kind(kind, content[kind]):
        _bound(holds, f"{kind}: {what}")
    lengths = (len(text.encode()) for text in _read_strings("Content", content))
    _bound(all(length <= 262144 for length in lengths), "a text is too long")
    return Written(kind, content[kind], content, author)


def _stage_author(post: Written) -> set[str]:
    stage = post.body["stage"]
    if stage == ALLEGED:
        return {"mediator", "party"}
    return {"party"} if stage == ANSWERED else {"mediator"}


def check_place_of_content(post: Written, custodian: bool, room: str) -> None:
    """Who writes what where (9.2), without what it answers."""
    kind, role, chamber = post.kind, post.author.role, room == "chamber"
    roles = {"mediator", "party"}
    if kind in CHAMBER_KINDS | {"release", "assessment", "session"}:
        roles = {"mediator"}
    elif kind in {"concern", "opinion"}:
        roles = {"party"}
    elif kind == "incident":
        roles = _stage_author(post)
    require(role in roles, "KIND", f"a {role} writes no {kind}")
    if kind not in BOTH_KINDS:
        require(chamber == (kind in CHAMBER_KINDS), "KIND", f"{kind} in {room}")
    if kind == "commitment":
        restated = bool(post.body["undertakings"])
        own = post.body["obligors"] == [post.author.organisation] and custodian
        may = restated if role == "mediator" else own and not restated
        require(may, "KIND", "a commitment is its obligor's")
    torn = post.head["tearline"] is not None
    require(not torn or (role == "mediator" and not chamber), "KIND", "portions")
    answers = post.head["answers"] is not None
    must = kind in {"opinion", "reply", "compliance_note", "correction"}
    must |= kind == "incident" and post.body["stage"] not in (ALLEGED, REGISTERED)
    require(answers or not must, "KIND", f"{kind} answers nothing")
    alleged = kind == "incident" and post.body["stage"] == ALLEGED
    require(not (alleged and answers), "KIND", "what is alleged answers something")


def _same_side(one: Name, two: Name) -> bool:
    if one.role == two.role == "mediator":
        return True
    return one.role == two.role and one.organisation == two.organisation


def check_answer(post: Written, answered: Written) -> None:
    """What a post may answer (9.2)."""
    kind, other = post.kind, answered.kind
    may: object = other not in {"decoy", "manifest_notice"}
    if kind == "assessment":
        may = other in {"concern", "request", "incident", "activity_notice"}
    elif kind == "session":
        may = other == "session" and answered.body["phase"] == AGENDA
    elif kind == "opinion":
        may = other == "assessment"
    elif kind == "compliance_note":
        whose = post.body["obligor"]
        may = other == "commitment" and whose in ["", *answered.body["obligors"]]
    elif kind == "incident":
        may = other == "incident" and answered.head["answers"] is None
    elif kind in {"reply", "correction"}:
        same = _same_side(post.author, answered.author)
        may = may and same == (kind == "correction")
    require(may, "KIND", f"a {kind} in answer to a {other}")


# --------------------------------------------------------------------------
# Vectors
# --------------------------------------------------------------------------


class NotJudged(Exception):
    """Nothing refused it, but only a cipher could tell the rest; holds what is known."""


def vector_frame(given: Message) -> Message:
    """1.1."""
    data = frame(*map(bytes.fromhex, given["fields"]))
    return {"frame": data.hex(), "sha256": sha256(data).hex()}


def vector_encoding(given: Message) -> Message:
    """1.2."""
    decode(given["message"], bytes.fromhex(given["bytes"]))
    return {}


def vector_key(given: Message) -> Message:
    """1.3."""
    key = bytes.fromhex(given["key"])
    {"ed25519": admit_ed25519, "x-wing": admit_x_wing}[given["algorithm"]](key)
    return {"key_id": key_id(given["algorithm"], key).hex()}


def vector_name(given: Message) -> Message:
    """2."""
    kind, text = given["kind"], given["text"]
    if kind == "member":
        name = read_name(text)
        return {
            "desk": "/".join(text.split("/")[-2:]),
            "domain": name.domain,
            "organisation": name.organisation,
            "role": name.role,
        }
    need(is_domain(text) if kind == "domain" else is_label(text), f"no {kind}")
    return {"text": text}


def vector_envelope(given: Message) -> Message:
    """3.1."""
    envelope = read_envelope(bytes.fromhex(given["bytes"]), STATEMENT_TYPE)
    return {
        "identity": sha256(envelope.signed).hex(),
        "key_ids": [item.keyid.hex() for item in envelope.signatures],
        "pae": envelope.signed.hex(),
        "payload": envelope.payload.hex(),
    }


def vector_statement(given: Message) -> Message:
    """3.2."""
    statement = read_statement(bytes.fromhex(given["bytes"]))
    return {
        "act": type(statement.act).__name__.lower(),
        "author": statement.author.text,
        "basis_root": statement.basis_root.hex() or None,
        "basis_size": statement.basis_size,
        "id": statement.id.hex(),
        "identity": statement.identity.hex(),
        "not_after": statement.not_after or None,
        "room": (statement.room or statement.identity).hex(),
        "whole_hour": statement.seconds % 3600 == 0,
    }


def vector_charter(given: Message) -> Message:
    """4.1."""
    statement = read_statement(bytes.fromhex(given["bytes"]))
    charter = statement.act
    assert isinstance(charter, Charter)
    return {
        "epoch": charter.epoch,
        "founds": charter.founding.name if charter.founding else None,
        "identity": statement.identity.hex(),
        "log_vkey": charter.log_vkey,
        "members": [
            {
                "custodian": member.custodian,
                "endorsed": member.endorsement is not None,
                "key_ids": [one.hex() for one in member.key_ids],
                "name": member.name.text,
            }
            for member in charter.members
        ],
        "quorum": charter.quorum,
    }


def vector_card(given: Message) -> Message:
    """4.2 and 10."""
    card = read_card_paper(given["text"])
    return {
        "custodian": card.custodian,
        "fingerprint": sha256(pae(CARD_TYPE, card.card)).hex(),
        "key_id": card.sign_id.hex(),
        "name": card.name.text,
        "tls_key_sha256": card.tls_key_sha256.hex(),
    }


def vector_entry(given: Message) -> Message:
    """5.1."""
    data = bytes.fromhex(given["bytes"])
    entry = read_entry(data)
    body: Message = {}
    if entry.statement:
        body["statement"] = entry.statement.identity.hex()
    elif entry.access:
        body = {"first": entry.access.first, "count": entry.access.count}
        body |= {"member": entry.access.member.text, "room": entry.access.room.hex()}
    return {"accepted_at": entry.accepted_at, "body": body, "leaf": leaf_hash(data).hex()}


def vector_merkle(given: Message) -> Message:
    """5.2."""
    if given["check"] == "root":
        leaves, tree = list(map(bytes.fromhex, given["leaves"])), Tree()
        for leaf in leaves:
            tree.append(leaf)
        root = tree_root(list(map(leaf_hash, leaves)))
        need(root == tree.roots[-1], "the growing tree has another root")
        return {"root": root.hex()}
    proof, root = list(map(bytes.fromhex, given["proof"])), bytes.fromhex(given["root"])
    size = given["size"]
    if given["check"] == "inclusion":
        leaf = bytes.fromhex(given["leaf"])
        good = verify_inclusion(leaf, given["index"], size, proof, root)
    else:
        old_root = bytes.fromhex(given["old_root"])
        good = verify_consistency(given["old_size"], old_root, size, root, proof)
    need(good, "the proof does not hold")
    return {}


def vector_note(given: Message) -> Message:
    """5.3."""
    known = {read_vkey(text): text for text in given["keys"]}
    note = read_note(given["note"].encode())
    found = verified_lines(note, known)
    need(found, "no line by a known key")
    return {"signers": [known[key] for key in found], "text": note.text.decode()}


def vector_checkpoint(given: Message) -> Message:
    """5.5."""
    room, note = bytes.fromhex(given["room"]), given["note"].encode()
    point = verify_checkpoint(note, given["log_vkey"], given["domain"], room)
    return {"origin": point.origin, "root": point.root.hex(), "size": point.size}


def vector_cosignature(given: Message) -> Message:
    """5.4 and 5.5."""
    vector_checkpoint(given)
    known = {read_vkey(text): text for text in given["witnesses"]}
    note = read_note(given["note"].encode())
    found: dict[VerifierKey, int | None] = {**verified_lines(note, known)}
    lines = {(line.name, line.keyid) for line in note.lines}
    for key in known:
        if key.kind == 6 and (key.name, key.keyid) in lines:
            found[key] = None  # carried, not verified
    rows = [{"witness": known[k], "time": found[k]} for k in known if k in found]
    return {"cosignatures": rows}


def vector_proof(given: Message) -> Message:
    """14.1."""
    data = given["proof"].encode()
    proof = read_tlog_proof(data)
    need(proof.extra is not None, "a proof without its entry")
    assert proof.extra is not None
    read_entry(proof.extra)
    origin, index = verify_tlog_proof(data, proof.extra, given["log_vkey"])
    size = read_checkpoint(proof.checkpoint).size
    leaf = leaf_hash(proof.extra).hex()
    return {"index": index, "leaf": leaf, "origin": origin, "size": size}


def vector_evidence(given: Message) -> Message:
    """14.2."""
    return {"contradiction": judge_evidence(given["file"])}


def vector_seal(given: Message) -> Message:
    """7.2, all but step 5: this program has no cipher."""
    sealed = bytes.fromhex(given["sealed"])
    hexed = ("room_key", "salt", "room", "id", "digest", "key_commitment")
    room_key, salt, room, id_, digest, expected = (bytes.fromhex(given[k]) for k in hexed)
    need(len(sealed) == given["size"], "another size")
    need(sha256(sealed) == digest, "another digest")
    commitment = seal_key(room_key, salt, room, given["epoch"], id_, given["author"])[1]
    need(commitment == expected, "another key commitment")
    need(is_sealed_size(len(sealed)), "no sealed content has this size")
    raise NotJudged({})


def vector_wrap(given: Message) -> Message:
    """7.1, all but HPKE: this program has no cipher."""
    place, seed = bytes.fromhex(given["place"]), bytes.fromhex(given["seed"])
    wrap = bytes.fromhex(given["wrap"])
    need(len(wrap) >= 1136, "a wrap has 1136 bytes or more")
    share = int.from_bytes(wrap[1088:1120], "little")
    need(any(wrap[:1088]) and share, "a half of the encapsulation is zero")
    need(share % 2**255 % P not in LOW_ORDER_U, "an X25519 share of low order")
    key, commitment = room_key_of_seed(seed, place, given["epoch"])
    raise NotJudged({"room_key": key.hex(), "commitment": commitment.hex()})


def vector_manifest(given: Message) -> Message:
    """9.4."""
    if given["check"] == "make":
        seed, room = bytes.fromhex(given["seed"]), bytes.fromhex(given["room"])
        made = make_manifest(seed, room, given["texts"])
        found = {"blind": made.blind, "digest": made.digest, "manifest": made.values}
        return {key: value.hex() for key, value in found.items()}
    blind, values, salt = (bytes.fromhex(given[k]) for k in ("blind", "manifest", "salt"))
    digest = manifest_digest(blind, values)
    rows = [values[at : at + 32] for at in range(0, 2048, 32)]
    need(portion_value(salt, given["text"]) in rows, "not in the manifest")
    return {"digest": digest.hex()}


def vector_content(given: Message) -> Message:
    """9.1, 9.2."""
    post = read_content(bytes.fromhex(given["bytes"]), read_name(given["author"]))
    check_place_of_content(post, given["custodian"], given["room"])
    if given["answered_by"]:
        by = read_name(given["answered_by"])
        check_answer(post, read_content(bytes.fromhex(given["answered"]), by))
    return {"kind": post.kind.replace("_", " "), "subject": post.head["subject"]}


def vector_bundle(given: Message) -> Message:
    """11, the table."""
    rows = []
    for kind, row in bundle_rows(io.BytesIO(bytes.fromhex(given["bytes"]))):
        texts = {k: v.hex() if isinstance(v, bytes) else v for k, v in row.items()}
        if kind == "begin":
            texts["begin"] = texts.pop("domain")
        rows.append({"end": row["rows"]} if kind == "end" else texts)
    return {"rows": rows}


def vector_courier(given: Message) -> Message:
    """15.1 and 15.2, the tables."""
    data = bytes.fromhex(given["bytes"])
    if data.startswith(ANSWER_MAGIC):
        return {"rows": read_answer(data)}
    return read_letter(data, bytes.fromhex(given["key"]))


def vector_signature(given: Message) -> Message:
    """13."""
    key, signature, message = (
        bytes.fromhex(given[name]) for name in ("key", "signature", "message")
    )
    need(verify(key, signature, message), "a bad signature")
    return {}


VECTORS: dict[str, Callable[[Message], Message]] = {
    "bundles": vector_bundle,
    "cards": vector_card,
    "charters": vector_charter,
    "checkpoints": vector_checkpoint,
    "contents": vector_content,
    "cosignatures": vector_cosignature,
    "couriers": vector_courier,
    "encoding": vector_encoding,
    "entries": vector_entry,
    "envelopes": vector_envelope,
    "evidence": vector_evidence,
    "frames": vector_frame,
    "keys": vector_key,
    "manifests": vector_manifest,
    "merkle": vector_merkle,
    "names": vector_name,
    "notes": vector_note,
    "proofs": vector_proof,
    "seals": vector_seal,
    "signatures": vector_signature,
    "statements": vector_statement,
    "wraps": vector_wrap,
}


def check_vector(check: Callable[[Message], Message], vector: Message) -> str | None:
    """What is wrong with a vector's outcome; None if nothing is.

    Codes of refusal are specified for logs (6.5, 8, 11.1) and for contents; of any
    other format only that it is refused.
    """
    expected = vector["expect"]
    try:
        found = check(vector["input"])
    except (Malformed, Refused) as error:
        if check is vector_content and getattr(error, "code", None) != expected.get("refused"):
            return f"refused: {error}"
        return f"refused: {error}" if "ok" in expected else None
    except NotJudged as rest:
        known = rest.args[0].items()
        if "ok" not in expected or known <= expected["ok"].items():
            raise
        return f"found {rest.args[0]}"
    if "ok" not in expected:
        return "accepted"
    return None if found == expected["ok"] else f"found {found}"


def check_log(path: Path) -> str | None:
    """What is wrong with the verdict on a log; None if nothing is (11.1)."""
    expected = json.loads(path.with_suffix(".json").read_text())
    found = judge(path)
    fault = found["fault"] or {"code": None, "room": None, "index": None}
    verdict = {"verdict": "ok" if found["ok"] else "refused", **fault}
    if found["ok"]:
        keys = {"name": "name", "id": "room", "size": "size", "root": "root"}
        keys |= {"epoch": "epoch", "members": "members"}
        verdict["rooms"] = [{k: room[v] for k, v in keys.items()} for room in found["rooms"]]
    return None if verdict == expected else f"found {verdict}"


def check_vectors(folder: Path) -> bool:
    """Check every vector and log; print failures and a last line of counts."""
    passed, open_, failures = 0, [], []
    for path in sorted(folder.glob("*.json")):
        for vector in json.loads(path.read_text()):
            where = f"{path.name}: {vector['name']}"
            try:
                if path.stem not in VECTORS:
                    wrong: str | None = "no check for this format"
                else:
                    wrong = check_vector(VECTORS[path.stem], vector)
            except NotJudged:
                open_.append(where)
                continue
            if wrong:
                failures.append(f"{where}: {wrong}")
            passed += not wrong
    for path in sorted(folder.glob("logs/*.bundle")):
        wrong = check_log(path)
        if wrong:
            failures.append(f"logs/{path.name}: {wrong}")
        passed += not wrong
    if not passed and not failures:
        failures.append(f"no vectors in {folder}")
    for where in open_:
        print(f"not judged without a cipher: {where}")
    for failure in failures:
        print(f"FAILED {failure[:400]}")
    print(f"{passed} passed, {len(failures)} failed")
    return not failures


# --------------------------------------------------------------------------
# The command
# --------------------------------------------------------------------------


def check_proof(proof: str, entry: str, vkey: str) -> bool:
    """Check a tlog-proof and say what it shows (5.6)."""
    try:
        data = Path(proof).read_bytes()
        origin, index = verify_tlog_proof(data, Path(entry).read_bytes(), vkey)
    except Malformed as error:
        print(f"REFUSED  {error}")
        return False
    print(f"ACCEPTED  entry {index} of {origin} (included; not: rightly signed)")
    return True


def main() -> int:
    """Run the command; 0 accepted, 1 refused."""
    parser = argparse.ArgumentParser(description="Verify Tearline logs.")
    parser.add_argument("bundle", nargs="?", type=Path, help="a bundle file")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.add_argument("--proof", nargs=3, metavar=("FILE", "ENTRY", "VKEY"))
    parser.add_argument("--vectors", type=Path, metavar="DIR", help="check vectors")
    given = parser.parse_args()
    if (given.bundle is None) + (given.proof is None) + (given.vectors is None) != 2:
        parser.error("give one of a bundle, --proof and --vectors")
    if given.vectors:
        return 0 if check_vectors(given.vectors) else 1
    if given.proof:
        return 0 if check_proof(*given.proof) else 1
    verdict = judge(given.bundle)
    print(json.dumps(verdict, indent=2) if given.json else summary(verdict))
    return 0 if verdict["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
