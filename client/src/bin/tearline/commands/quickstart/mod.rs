//! `quickstart`.
mod house;
use crate::{
    cli::Quickstart,
    context::{Context, Failure},
};
pub(crate) fn quickstart(_: &Context, args: &Quickstart) -> Result<(), Failure> {
    let _ = (house::House::new(&args.folder)?, args.once);
    Ok(())
}
