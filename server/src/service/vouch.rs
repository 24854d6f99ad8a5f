//! Vouch: for a desk that carries another's letter, whether that other would be let in now.
//!
//! Of members only with whom the caller shares a room: of all others there is one answer, whatever is known here.

use bytes::Bytes;
use tearline_ledger::courier::{CERTIFICATE_MAX, CERTIFICATES_MAX, are_certificates};
use tearline_proto::v1::VouchResponse;
use tonic::Status;

use super::rooms::House;
use crate::{
    error,
    gate::{Caller, damaged},
    store::Store,
    tls::Claimed,
};

const FIELD: Option<&str> = Some("certificates");

pub(super) async fn vouch<S: Store>(
    house: &House<S>,
    caller: &Caller,
    certificates: &[Bytes],
) -> Result<VouchResponse, Status> {
    let Some(leaf) = certificates.first().filter(|_| are_certificates(certificates)) else {
        let message =
            format!("send 1 to {CERTIFICATES_MAX} certificates, each of 1 to {CERTIFICATE_MAX} bytes");
        return Err(error::refused("CERTIFICATES", FIELD, message));
    };
    let claimed = Claimed::read(&leaf.as_ref().into(), &house.domain).ok();
    if !shares_a_room(house, caller, claimed).await? {
        return Err(error::not_in_room(
            "NO_SUCH_MEMBER",
            "no room of yours has a member with this certificate",
        ));
    }
    match house.tls.judge(certificates) {
        Ok(_) => Ok(VouchResponse {}),
        Err(why) => Err(error::not_allowed("NOT_LET_IN", why.to_string())),
    }
}

async fn shares_a_room<S: Store>(
    house: &House<S>,
    caller: &Caller,
    claimed: Option<Claimed>,
) -> Result<bool, Status> {
    let rooms = house.gate.rooms(caller).await?;
    let Some(claimed) = claimed else { return Ok(false) };
    for room in rooms {
        let view = house.registry.view(room).await.map_err(|error| damaged(&error))?;
        let state = view.as_ref().and_then(|view| view.state.as_ref());
        let member = state.and_then(|state| state.charter().member(&claimed.name));
        if member.is_some_and(|member| member.tls_key == claimed.tls_key_sha256) {
            return Ok(true);
        }
    }
    Ok(false)
}
