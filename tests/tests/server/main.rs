//! What members get from the shipped server when all is well: receipts, rows, proofs, cuts, records.

use anyhow::Result;
use tearline_tests::live::{Live, read};

#[tokio::test]
async fn a_post_is_receipted_read_and_recorded() -> Result<()> {
    let mut live = Live::kivu().await?;
    let room = live.room("drc")?;
    let desk = live.desks().drc_liaison;
    let post = live.world().post(room, &desk, "a column of 40 vehicles")?;
    let receipt = live.send(&post, &[&desk]).await??;
    assert_eq!(receipt.index, 1);
    let rows = live.rows(&desk, read(room, 0, true)).await??;
    assert_eq!(rows.len(), 2);
    Ok(())
}
