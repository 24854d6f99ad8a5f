//! The bytes of every key and value, pinned: a store written today must open in ten years.

use super::*;

fn pinned(key: &[u8], body: &[u8]) -> String {
    format!("{} {}", hex::encode(key), hex::encode(with_checksum(key, body)))
}

#[test]
fn keys_and_values_do_not_change() {
    let id = [0x1d; 16];
    let root = Digest([0xaa; 32]);
    let tail = Tail { commits: 1, sequence: 2, rooms: 3 };
    let head = HeadRow { size: 1, root, state: 2, members: 3, checkpoint: Bytes::from_static(b"cp") };
    let flags = Flags { recalled: true, purged: true };
    let link = Link { place: Place::Body(9), flags, nodes: vec![root] };
    let here = Place::Here(Bytes::from_static(b"entry"));
    let here = Link { place: here, flags: Flags::default(), nodes: vec![root] };
    let header = BodyHeader { id: Some(id), entry: 5, content: Some(6) };
    let bare = BodyHeader { id: None, entry: 5, content: None };
    let members = encode_members(&["us/goma".to_owned()]);
    let rows = [
        pinned(FORMAT_KEY, &FORMAT.to_be_bytes()),
        pinned(TAIL_KEY, &tail.encode()),
        pinned(&room_key(&root), &encode_room(7, "drc")),
        pinned(&head_key(7), &head.encode()),
        pinned(&state_key(7), b"state"),
        pinned(&part_key(&members_key(7), 1), &members),
        pinned(&link_key(7, 8), &link.encode()),
        pinned(&link_key(7, 9), &here.encode()),
        pinned(&body_key(9), &header.encode()),
        pinned(&part_key(&body_key(9), 258), &bare.encode()),
        pinned(&id_key(&id, 7), &8_u64.to_be_bytes()),
        pinned(&mark_key(7, 8), &[flags.encode()]),
        pinned(&member_key("us/goma", 7), &[]),
        pinned(&witness_key(7, "un"), b"sig"),
    ];
    let expected = [
        "66 000000023e5e14dc",
        "63 0000000000000001000000000000000200000003676cf41e",
        "72aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 00000007647263d6a06f73",
        "6800000007 \
         0000000000000001aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa000000020000000363708ce66da8",
        "7300000007 7374617465864043b3",
        "6c000000070001 0775732f676f6d619b76d88c",
        "6e000000070000000000000008 \
         000000000000000903aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa782fc04d",
        "6e000000070000000000000009 \
         000000000000000504656e747279aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab3ffe019",
        "650000000000000009 031d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d00000005000000064ccc744d",
        "6500000000000000090102 0000000005000000009b690193",
        "691d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d00000007 00000000000000082ec78e32",
        "78000000070000000000000008 03bb81147f",
        "6d75732f676f6d610000000007 a5b05cea",
        "7700000007756e 736967318fdbbc",
    ];
    assert_eq!(rows.as_slice(), expected.as_slice());
    assert_eq!(Tail::decode(&tail.encode()), Some(tail));
    assert_eq!(HeadRow::decode(&head.encode()), Some(head));
    assert_eq!(Link::decode(&link.encode()), Some(link));
    assert_eq!(Link::decode(&here.encode()), Some(here));
    assert_eq!(BodyHeader::decode(&header.encode()), Some((header, 25)));
    assert_eq!(BodyHeader::decode(&bare.encode()), Some((bare, 9)));
    assert_eq!(decode_members(&members), Some(vec!["us/goma".to_owned()]));
}

#[test]
fn a_value_under_another_key_or_with_a_flipped_bit_is_not_served() {
    let value = with_checksum(b"k", b"body");
    assert_eq!(checked(b"k", &value), Some(b"body".as_slice()));
    assert_eq!(checked(b"l", &value), None);
    for bit in 0..value.len() * 8 {
        let mut flipped = value.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(checked(b"k", &flipped), None);
    }
    assert_eq!(checked(b"k", b"abc"), None);
}

#[test]
fn no_stored_value_is_longer_than_the_engine_keeps_in_its_file() {
    let bytes = vec![1; 3 * MAX_PART + 1];
    let parts: Vec<_> = split(b"e", &bytes).collect();
    assert_eq!(parts.len(), parts_of(bytes.len()));
    assert!(parts.iter().all(|(_, value)| value.len() <= MAX_VALUE));
    assert_eq!(parts[1].0, b"e\0\x01");
}

#[test]
fn a_truncated_value_is_not_decoded() {
    assert_eq!(Tail::decode(&[0; 19]), None);
    assert_eq!(HeadRow::decode(&[0; 47]), None);
    assert_eq!(Link::decode(&[0; 10]), None);
    assert_eq!(Link::decode(&[0, 0, 0, 0, 0, 0, 0, 2, HERE, 1]), None);
    assert_eq!(BodyHeader::decode(&[1; 24]), None);
    assert_eq!(decode_members(&[3, b'a']), None);
}
