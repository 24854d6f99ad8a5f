//! Vectors of sealed content, wraps and manifests (sections 7 and 9.4).

use anyhow::{Result, bail};
use prost::Message as _;
use serde_json::{Value, json};
use tearline_ledger::{
    digest::Digest,
    keys::SealingKey,
    manifest::{Manifest, RoomManifest},
    name::MemberName,
    seal::{self, Claim, Sealed},
    wrap::{self, EpochContext, RoomKey},
};
use tearline_proto::v1;

use super::{
    Answer, Case, Input, code,
    fixture::{ROOM, TIME},
};

const AUTHOR: &str = "spiffe://kivu.example/mediator/us/kinshasa";

pub(super) fn seals() -> Result<Vec<Case>> {
    let id = *tearline_ledger::id::StatementId::new(TIME, [0xaa; 10]).as_bytes();
    let context = seal::Context { room: &ROOM.0, epoch: 3, id: &id, author: AUTHOR };
    let key = RoomKey::from_bytes(&[4; 32]);
    let sealed = |plain: &[u8]| seal::seal(&key, &[5; 32], &context, plain);
    let input = |sealed: &Sealed| {
        json!({
            "room_key": hex::encode([4; 32]), "room": ROOM.to_string(), "epoch": 3, "id": hex::encode(id),
            "author": AUTHOR, "salt": hex::encode(sealed.claim.salt.as_slice()),
            "key_commitment": hex::encode(sealed.claim.key_commitment.as_slice()),
            "digest": sealed.claim.digest.to_hex(), "size": sealed.claim.size, "sealed": hex::encode(&sealed.bytes),
        })
    };
    let short = sealed(b"A column of about 40 vehicles")?;
    let good = input(&short);
    let changed = |name: &str, field: &str, value: Value| {
        let mut input = good.clone();
        if let Some(place) = input.get_mut(field) {
            *place = value;
        }
        Case::bad(name, input)
    };
    let honest = short.claim;
    let named = |bytes: Vec<u8>| {
        let mut claim = honest;
        (claim.digest, claim.size) = (Digest::of(&bytes), bytes.len() as u64);
        input(&Sealed { bytes, claim })
    };
    let mut flipped = short.bytes.clone();
    flipped.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    let cut = short.bytes.get(..short.bytes.len() - 1).unwrap_or_default().to_vec();
    Ok(vec![
        Case::good("a sentence", good.clone()),
        Case::good("nothing", input(&sealed(b"")?)),
        Case::good("1 KiB", input(&sealed(&[0x80; 1024])?)),
        Case::good("content that ends in zeros", input(&sealed(&[0; 9])?)),
        Case::good("two chunks", input(&sealed(&vec![1; 65_536])?)),
        changed("another room key", "room_key", json!(hex::encode([6; 32]))),
        changed("another room", "room", json!(hex::encode([6; 32]))),
        changed("another epoch", "epoch", json!(4)),
        changed("another statement", "id", json!(hex::encode([6; 16]))),
        changed("another author", "author", json!("spiffe://kivu.example/mediator/us/washington")),
        changed("another salt", "salt", json!(hex::encode([6; 32]))),
        changed("another commitment", "key_commitment", json!(hex::encode([6; 32]))),
        changed("another digest", "digest", json!(hex::encode([6; 32]))),
        changed("another size", "size", json!(short.claim.size + 1)),
        Case::bad("a flipped bit that the statement names", named(flipped)),
        Case::bad("a byte too few that the statement names", named(cut)),
        Case::bad("sixteen bytes that the statement names", named(vec![0; 16])),
    ])
}

pub(super) fn judge_seal(input: Input<'_>) -> Result<Answer> {
    let id = input.array("id")?;
    let room = Digest(input.array("room")?);
    let context =
        seal::Context { room: &room, epoch: input.number("epoch")?, id: &id, author: input.text("author")? };
    let claim = Claim {
        salt: input.array("salt")?,
        key_commitment: input.array("key_commitment")?,
        digest: Digest(input.array("digest")?),
        size: input.number("size")?,
    };
    let key = RoomKey::from_bytes(&input.array("room_key")?);
    let opened = seal::open(&key, &context, &claim, &input.bytes("sealed")?);
    Ok(opened.map(|plain| json!({ "content": hex::encode(plain) })).map_err(|error| code(&error)))
}

pub(super) fn wraps() -> Result<Vec<Case>> {
    let (seed, private) = ([1; 32], [2; 32]);
    let place = *ROOM.as_bytes();
    let key = wrap::room_key(&seed, &place, 2);
    let commitment = wrap::commitment(&place, 2, &key);
    let context = EpochContext { room_or_nonce: &place, epoch: 2, commitment };
    let member: MemberName = AUTHOR.parse()?;
    let keys = vec![
        v1::RoomKey { epoch: 1, key: vec![9; 32].into() },
        v1::RoomKey { epoch: 2, key: key.expose().to_vec().into() },
    ];
    let plain = v1::RoomKeys { keys }.encode_to_vec();
    let wrapped = wrap::wrap(&seed, &context, &member, SealingKey::from_seed(&private)?.public(), &plain)?;
    let good = json!({
        "seed": hex::encode(seed), "private_key": hex::encode(private), "place": ROOM.to_string(), "epoch": 2,
        "commitment": commitment.to_hex(), "member": AUTHOR, "wrap": hex::encode(&wrapped),
    });
    let changed = |name: &str, field: &str, value: Value| {
        let mut input = good.clone();
        if let Some(place) = input.get_mut(field) {
            *place = value;
        }
        Case::bad(name, input)
    };
    let patched = |at: usize, bytes: &[u8]| {
        let mut wrap = wrapped.clone();
        wrap.splice(at..at + bytes.len(), bytes.iter().copied());
        json!(hex::encode(wrap))
    };
    let mut one = [0; 32];
    one[0] = 1;
    let short = wrapped.get(..1135).unwrap_or_default();
    Ok(vec![
        Case::good("two epochs", good.clone()),
        changed("another private key", "private_key", json!(hex::encode([3; 32]))),
        changed("another place", "place", json!(hex::encode([3; 32]))),
        changed("another epoch", "epoch", json!(3)),
        changed("another commitment", "commitment", json!(hex::encode([3; 32]))),
        changed("another member", "member", json!("spiffe://kivu.example/mediator/us/washington")),
        changed("a changed ciphertext", "wrap", patched(1120, &[0])),
        changed("ML-KEM half is zero", "wrap", patched(0, &[0; 1088])),
        changed("X25519 half is zero", "wrap", patched(1088, &[0; 32])),
        changed("X25519 half is 1", "wrap", patched(1088, &one)),
        changed("too short", "wrap", json!(hex::encode(short))),
    ])
}

pub(super) fn judge_wrap(input: Input<'_>) -> Result<Answer> {
    let place: [u8; 32] = input.array("place")?;
    let (epoch, commitment) = (input.number("epoch")?, Digest(input.array("commitment")?));
    let context = EpochContext { room_or_nonce: &place, epoch, commitment };
    let member: MemberName = input.text("member")?.parse()?;
    let key = SealingKey::from_seed(&input.array("private_key")?)?;
    let wrapped = input.bytes("wrap")?;
    let plain = match wrap::unwrap(&key, &context, &member, &wrapped) {
        Ok(plain) => plain,
        Err(error) => return Ok(Err(code(&error))),
    };
    let seed = input.array("seed")?;
    if wrap::wrap(&seed, &context, &member, key.public(), &plain)? != wrapped {
        bail!("wrapping again gives other bytes");
    }
    let room_key = wrap::room_key(&seed, &place, epoch);
    Ok(Ok(json!({
        "room_keys": hex::encode(&*plain),
        "room_key": hex::encode(room_key.expose()),
        "commitment": wrap::commitment(&place, epoch, &room_key).to_hex(),
    })))
}

pub(super) fn manifests() -> Result<Vec<Case>> {
    let make = |texts: &[&str]| json!({ "check": "make", "seed": hex::encode([7; 32]), "room": ROOM.to_string(), "texts": texts });
    let room = RoomManifest::new(&[7; 32], &ROOM.0, &["first", "second"])?;
    let salt = room.salt(1).unwrap_or_default();
    let bytes = room.manifest().to_bytes();
    let check = |manifest: &[u8], salt: &[u8; 32], text: &str| {
        json!({
            "check": "contains", "manifest": hex::encode(manifest), "blind": hex::encode(room.blind()),
            "salt": hex::encode(salt), "text": text,
        })
    };
    let mut swapped = bytes.clone();
    swapped.rotate_left(32);
    let short = bytes.get(32..).unwrap_or_default();
    Ok(vec![
        Case::good("two portions", make(&["first", "second"])),
        Case::good("63 portions", make(&["same"; 63])),
        Case::bad("no portion", make(&[])),
        Case::bad("64 portions", make(&["same"; 64])),
        Case::good("a portion with its salt", check(&bytes, &salt, "second")),
        Case::bad("another text", check(&bytes, &salt, "secone")),
        Case::bad("another portion's salt", check(&bytes, &room.salt(0).unwrap_or_default(), "second")),
        Case::bad("a manifest out of order", check(&swapped, &salt, "second")),
        Case::bad("a manifest of 63 values", check(short, &salt, "second")),
    ])
}

pub(super) fn judge_manifest(input: Input<'_>) -> Result<Answer> {
    if input.text("check")? == "make" {
        let room = Digest(input.array("room")?);
        let made = RoomManifest::new(&input.array("seed")?, &room, &input.texts("texts")?).map(|made| {
            json!({
                "manifest": hex::encode(made.manifest().to_bytes()),
                "blind": hex::encode(made.blind()),
                "digest": made.digest().to_hex(),
            })
        });
        return Ok(made.map_err(|error| code(&error)));
    }
    let manifest = match Manifest::from_bytes(&input.bytes("manifest")?) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(Err(code(&error))),
    };
    if !manifest.contains(&input.array("salt")?, input.text("text")?) {
        return Ok(Err("NOT_IN_MANIFEST".to_owned()));
    }
    Ok(Ok(json!({ "digest": manifest.digest(&input.array("blind")?).to_hex() })))
}
