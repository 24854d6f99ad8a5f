//! Vectors of keys and of ZIP 215 (sections 1.3 and 13).
//!
//! Points of small order and the signatures that only ZIP 215 accepts were computed once, from the
//! arithmetic of section 13, outside of this program.

use anyhow::{Result, bail};
use serde_json::json;
use tearline_ledger::keys::{PublicKey, SealPublicKey, SealingKey, SigningKey};

use super::{Answer, Case, Input, code};

/// All encodings of points of small order that decode, canonical or not.
const SMALL_ORDER: [&str; 14] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// Signatures of the key of seed 01…01 over [`MESSAGE`], whose R are [`SMALL_ORDER`]: the halves S.
const SMALL_ORDER_S: [&str; 14] = [
    "aa2c8c9ae7c97634d7e29577e5173db54d04e4e0e85df5fe5435707c5fea7807",
    "fdac985c3ce54d1ec84ca49e3a45e1d0de5d4b2c26b597c628a7a21d1ce45c00",
    "845cf74a2fff63c9da8dfd07af1c8919c7f8df32e7d24d1a81eb22dee7363e0c",
    "d44454e1cdd7ecd617aa5bd03e0e54319dce8ad27b8b173e7e8291b826d4d30d",
    "d81b32971567d99d0f6caf526073d68d519b3f8db4bac542a8dd5f90561a0e06",
    "ad161bb8fce20f61ca4471cdeca8b51064e7b7a29c8e9a0e25901d25f4539b00",
    "7db6a77319f9de7236a76207cbc5a34f3920ededc72f4967543e8d0e16b84105",
    "da03feefb12c47a26dc3d14293660a73448e64488fa7f46161db704703eac10c",
    "3d7ab622acea9a8267290384952f777a488d489b4bf36b9fb0b9644329de4a02",
    "ba52eddea49a0f661484968aa8e37f1f6e1a6df351090ea1704e24f8d3e7b70b",
    "585f004e68d9eabd12be5c6c7387306cc9fe6314e8fa7f8ad6c209d0fdbdaf02",
    "086fa46cdff373d4730a82fd9163003ddf9d49224decc14e807ecbdafc9bbe00",
    "a44eba23bdc57b4637ad2d1ad21e36d99309ee7f1759ce985b6b59443f0f330c",
    "603214ad5a3b1c17b20d160f88f870480137290c60416c6adadcdf99d2ecfa01",
];
/// The same, R being of mixed order.
const MIXED_R: &str = "be4aecee6cfc9c520faae179000174df5ce100bb407db5a644c0325248c0379e\
     3081349c5b8322e3a66c4904c164c60d08c95732c391e6ce42f560348efd8b07";
/// The same, with an R of prime order.
const PLAIN: &str = "e2fe2a39b7326642827d6d82d497622cd6c297fe78270eaa436b01f086b6f3cb\
     914f2801ae8ac78dcfcb1c40d8460758e78502882807860d758083a360c9a60d";
/// [`PLAIN`] with the group's order added to S.
const PLAIN_AND_L: &str = "e2fe2a39b7326642827d6d82d497622cd6c297fe78270eaa436b01f086b6f3cb\
     7e231e5ec8edd9e5a56814e3b640e66ce78502882807860d758083a360c9a61d";
/// The key of seed 01…01 plus a point of order 8.
const MIXED_KEY: &str = "9ea3f11f5bd34f0cd7147fd0a436c088f624c6100c1df6a53c0a29e05d60cea0";
/// y is not below p; the point is not of small order.
const NOT_CANONICAL: &str = "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
/// No x belongs to this y.
const NO_POINT: &str = "0200000000000000000000000000000000000000000000000000000000000000";
const MESSAGE: &[u8] = b"tearline";

pub(super) fn keys() -> Result<Vec<Case>> {
    let ed25519 = |key: &str| json!({ "algorithm": "ed25519", "key": key });
    let plain = hex::encode(SigningKey::from_seed(&[1; 32]).public());
    let mut out = vec![
        Case::good("ed25519", ed25519(&plain)),
        Case::bad("ed25519: mixed order", ed25519(MIXED_KEY)),
        Case::bad("ed25519: not canonical", ed25519(NOT_CANONICAL)),
        Case::bad("ed25519: no point", ed25519(NO_POINT)),
        Case::bad("ed25519: short", ed25519(&plain[2..])),
        Case::bad("ed25519: long", ed25519(&format!("{plain}00"))),
    ];
    let small = SMALL_ORDER.iter().enumerate();
    out.extend(small.map(|(at, key)| Case::bad(format!("ed25519: small order {at}"), ed25519(key))));
    let seal = SealingKey::from_seed(&[2; 32])?.public().as_bytes().to_vec();
    out.push(Case::good("x-wing", json!({ "algorithm": "x-wing", "key": hex::encode(&seal) })));
    let mut change = |name: &str, at: usize, bytes: &[u8]| {
        let mut key = seal.clone();
        key.splice(at..at + bytes.len(), bytes.iter().copied());
        out.push(Case::bad(name, json!({ "algorithm": "x-wing", "key": hex::encode(key) })));
    };
    change("x-wing: ML-KEM half is zero", 0, &[0; 1152]);
    change("x-wing: X25519 half is zero", 1184, &[0; 32]);
    change("x-wing: first coefficient is 3329", 0, &[0x01, 0x0d]);
    change("x-wing: last coefficient is 4095", 1150, &[0xff, 0xff]);
    let mut one = [0; 32];
    one[0] = 1;
    change("x-wing: X25519 half is 1", 1184, &one);
    let mut p_minus_1 = [0xff; 32];
    (p_minus_1[0], p_minus_1[31]) = (0xec, 0x7f);
    change("x-wing: X25519 half is p - 1", 1184, &p_minus_1);
    let mut p_plus_9 = p_minus_1;
    p_plus_9[0] = 0xf6;
    change("x-wing: X25519 half is p + 9", 1184, &p_plus_9);
    let mut high = seal.get(1184..).unwrap_or_default().to_vec();
    if let Some(last) = high.last_mut() {
        *last |= 0x80;
    }
    change("x-wing: bit 255 of the X25519 half", 1184, &high);
    out.push(Case::bad(
        "x-wing: short",
        json!({ "algorithm": "x-wing", "key": hex::encode(seal.get(1..).unwrap_or_default()) }),
    ));
    Ok(out)
}

pub(super) fn judge_key(input: Input<'_>) -> Result<Answer> {
    let key = input.bytes("key")?;
    let id = match input.text("algorithm")? {
        "ed25519" => PublicKey::admit(&key).map(|key| key.key_id()),
        "x-wing" => SealPublicKey::admit(&key).map(|key| key.key_id()),
        other => bail!("`{other}` is no algorithm"),
    };
    Ok(id.map(|id| json!({ "key_id": id.to_string() })).map_err(|error| code(&error)))
}

pub(super) fn signatures() -> Result<Vec<Case>> {
    let signer = SigningKey::from_seed(&[1; 32]);
    let key = hex::encode(signer.public());
    let input = |key: &str, message: &[u8], signature: &str| json!({ "key": key, "message": hex::encode(message), "signature": signature });
    let plain = input(&key, MESSAGE, PLAIN);
    let of_nothing = hex::encode(signer.sign(b""));
    let mut out = vec![
        Case::good("as signed", input(&key, b"", &of_nothing)),
        Case::good("R of prime order", plain),
        Case::good("R of mixed order", input(&key, MESSAGE, MIXED_R)),
        Case::bad("another message", input(&key, b"tearlinf", PLAIN)),
        Case::bad(
            "another key",
            input(&hex::encode(SigningKey::from_seed(&[2; 32]).public()), MESSAGE, PLAIN),
        ),
        Case::bad("S is not below L", input(&key, MESSAGE, PLAIN_AND_L)),
        Case::bad("R is no point", input(&key, MESSAGE, &format!("{NO_POINT}{}", &PLAIN[64..]))),
        Case::bad("S is 0", input(&key, MESSAGE, &format!("{}{}", &PLAIN[..64], "00".repeat(32)))),
    ];
    for (at, (r, s)) in SMALL_ORDER.iter().zip(SMALL_ORDER_S).enumerate() {
        out.push(Case::good(format!("R of small order {at}"), input(&key, MESSAGE, &format!("{r}{s}"))));
    }
    Ok(out)
}

pub(super) fn judge_signature(input: Input<'_>) -> Result<Answer> {
    let key = PublicKey::admit(&input.bytes("key")?)?;
    let verified = key.verify(&input.bytes("message")?, &input.array("signature")?);
    Ok(verified.map(|()| json!({})).map_err(|error| code(&error)))
}
