//! Why a command of the client does not do what was asked: facts, with room and entry, and a remedy.
//!
//! Each module has its own errors; here they come together, with the code that a command exits with.

use crate::{
    attachments::AttachmentError, compose::ComposeError, connect::ConnectError, cosigning::CosignFault,
    courier::CourierFault, drafts::DraftError, durable::FileError, editor::EditorError, evidence::Caught,
    export::ExportError, join::JoinError, keeper::EditError, passphrase::PassphraseError,
    profile::ProfileError, propose::ProposeError, refs::RefError, replica::ReplicaError,
    scratch::ScratchError, vault::VaultError,
};

/// Done.
pub const EXIT_DONE: u8 = 0;
/// Refused or failed.
pub const EXIT_FAILED: u8 = 1;
/// Wrong usage.
pub const EXIT_USAGE: u8 = 2;
/// Verification failed: tampering or withholding.
pub const EXIT_ALARM: u8 = 3;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server, or a member through it, was caught. The evidence is safe.
    #[error(transparent)]
    Alarm(Box<Caught>),
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server answered that it will not.
    #[error(transparent)]
    Refused(Box<Refused>),
    /// A stream ended before its checkpoint; nothing of it was kept.
    #[error("the server broke off before it had sent all of {0}; nothing of it was kept: try again")]
    Incomplete(String),
    /// The profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The keys cannot be used.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The keys were not opened.
    #[error("this needs the desk's keys, which were not opened")]
    KeysClosed,
    /// No passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A local copy cannot be used.
    #[error(transparent)]
    Replica(ReplicaError),
    /// Not a reference.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// A statement cannot be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A mediator's operation is refused.
    #[error(transparent)]
    Propose(Box<ProposeError>),
    /// A checkpoint cannot be cosigned.
    #[error(transparent)]
    Cosign(#[from] CosignFault),
    /// The invitation cannot be used.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// A draft cannot be kept or read.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A text cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// What was asked for needs the server.
    #[error(
        "this needs the server, and by courier there is none: do it without --courier, where this desk is connected"
    )]
    ByCourier,
    /// A courier's file is refused, or cannot be made.
    #[error(transparent)]
    Courier(Box<CourierFault>),
    /// There is no editor.
    #[error(transparent)]
    Editor(#[from] EditorError),
    /// What an editor works on cannot be made or read.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// Content does not open here.
    #[error("{entry}: {error}")]
    Open {
        /// As in `drc#42`.
        entry: String,
        /// What is wrong.
        error: crate::compose::OpenError,
    },
    /// Not a post.
    #[error("{entry} is no post but a statement of the kind `{act}`")]
    NotAPost {
        /// Where it stands.
        entry: crate::refs::EntryRef,
        /// What it is.
        act: &'static str,
    },
    /// An attachment cannot be sealed, sent, fetched or saved.
    #[error(transparent)]
    Attachment(Box<AttachmentError>),
    /// Nothing is exported.
    #[error(transparent)]
    Export(Box<ExportError>),
    /// Content is not here.
    #[error("the content of {entry} is not here: {reason}")]
    NoContent {
        /// As in `drc#42`.
        entry: String,
        /// Why not.
        reason: &'static str,
    },
}

impl From<CourierFault> for Error {
    fn from(fault: CourierFault) -> Self {
        Self::Courier(Box::new(fault))
    }
}

impl From<AttachmentError> for Error {
    fn from(error: AttachmentError) -> Self {
        Self::Attachment(Box::new(error))
    }
}

impl Error {
    /// The code that a command exits with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Alarm(_) | Self::Replica(ReplicaError::Raised(_)) => EXIT_ALARM,
            Self::Propose(error) => error.exit_code(),
            Self::Ref(_) => EXIT_USAGE,
            _ => EXIT_FAILED,
        }
    }

    /// The server's short reason, if the server refused: as in `BASIS_LEAVES_OUT`.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => Some(&refused.reason),
            _ => None,
        }
    }

    /// Whether the statement must be made again upon the newest history.
    pub fn asks_to_fetch(&self) -> bool {
        matches!(
            self.reason(),
            Some("BASIS_LEAVES_OUT" | "BASIS_TOO_OLD" | "BASIS_IN_FUTURE" | "EPOCH" | "CHARTER")
        )
    }
}

/// What a server answers when it will not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the server refused{}: {message}", of_field(field.as_deref()))]
pub struct Refused {
    /// The gRPC status.
    pub code: tonic::Code,
    /// A short name for programs; empty if it gave none.
    pub reason: String,
    /// What is wrong, and what to do.
    pub message: String,
    /// The field of the request.
    pub field: Option<String>,
    /// After how many seconds it may be tried again.
    pub retry_after: Option<u64>,
}

fn of_field(field: Option<&str>) -> String {
    field.map(|field| format!(" ({field})")).unwrap_or_default()
}
