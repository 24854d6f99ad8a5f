//! Vouch: for a desk that carries another's letter, whether that other would be let in now.
//!
//! Of members only with whom the caller shares a room: of all others there is one answer, whatever is known here.

use bytes::Bytes;
use tearline_ledger::courier::{CERTIFICATE_MAX, CERTIFICATES_MAX, are_certificates};
use tearline_proto::v1::VouchResponse;
use tonic::Status;

use super::rooms::House;
use crate::{error, gate::Caller, store::Store, tls::Claimed};

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
    if !house.gate.shares_a_room(caller, claimed.as_ref()).await? {
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
