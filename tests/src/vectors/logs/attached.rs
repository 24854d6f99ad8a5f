//! Logs with attachments behind their entries, whole and not (sections 11 and 11.1).

use anyhow::Result;
use bytes::Bytes;
use tearline_ledger::{
    bundle::BundlePiece,
    digest::Digest,
    statement::{Act, Attachment},
};

use super::{Cut, Log, good};

pub(super) fn logs() -> Result<Vec<Log>> {
    let (mut world, drc, _) = good::small()?;
    let desks = world.desks.clone();
    let sealed = [Bytes::from(vec![7_u8; 3000]), Bytes::from_static(b"a sealed map of the road")];
    let mut post = world.post(drc, &desks.drc_liaison, "With a map")?;
    if let Act::Post(post) = &mut post.act {
        let named = |bytes: &Bytes| Attachment { digest: Digest::of(bytes), size: bytes.len() as u64 };
        post.attachments = sealed.iter().map(named).collect();
        post.attachments.sort_by_key(|it| it.digest);
    }
    world.take(&post, &[&desks.drc_liaison])?;
    let cut = Cut::of(&world);
    let [long, short] = &sealed;
    let piece = |of: &Bytes, from: usize, to: usize| BundlePiece {
        digest: Digest::of(of),
        offset: from as u64,
        data: of.slice(from..to),
    };
    let with = |name, code, pieces: Vec<BundlePiece>| {
        let mut cut = cut.clone();
        cut.part(drc)?.pieces = pieces;
        Ok::<_, anyhow::Error>(Log::new(name, code, cut.write(world.log())?))
    };
    let whole = || vec![piece(long, 0, 1024), piece(long, 1024, 3000), piece(short, 0, short.len())];
    let bad = Some("ATTACHMENT");
    let mut changed = whole();
    changed.extend(changed.get(1).cloned().map(|it| BundlePiece { offset: 3000, ..it }));
    let mut other = whole();
    if let Some(last) = other.last_mut() {
        last.data = Bytes::from_static(b"a sealed map of the rood");
    }
    let unnamed = Bytes::from_static(b"nobody names this");
    let mut twice = whole();
    twice.extend(whole());
    let mut in_another = cut.clone();
    in_another.part(world.house.chamber())?.pieces = vec![piece(short, 0, short.len())];
    Ok(vec![
        with("attachments", None, whole())?,
        with("some-attachments", None, vec![piece(short, 0, short.len())])?,
        with("changed-attachment", bad, other)?,
        with("attachment-too-long", bad, reordered(changed))?,
        with("attachment-too-short", bad, vec![piece(long, 0, 1024), piece(short, 0, short.len())])?,
        with("attachment-short-at-the-end", bad, vec![piece(long, 0, 1024)])?,
        with("unnamed-attachment", bad, vec![piece(&unnamed, 0, unnamed.len())])?,
        with("attachment-twice", bad, twice)?,
        Log::new("attachment-of-another-room", bad, in_another.write(world.log())?),
    ])
}

/// The last piece behind the second, so that it goes on where that ends.
fn reordered(mut pieces: Vec<BundlePiece>) -> Vec<BundlePiece> {
    if let Some(last) = pieces.pop() {
        pieces.insert(2, last);
    }
    pieces
}
