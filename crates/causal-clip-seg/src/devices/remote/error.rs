//! Why a device could not be lent or borrowed.

use std::path::PathBuf;

/// Why a device could not be lent or borrowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum RemoteError {
    /// The name is no address.
    #[error(
        "device `{device}`: {what}; expected remote:ws://HOST:PORT, or remote:ws://HOST:PORT/N for the \
         server's device N"
    )]
    Address { device: String, what: &'static str },
    /// There is no token.
    #[error(
        "device `{device}`: no token: give the server's with --token-file FILE or in the environment \
         variable CAUSAL_CLIP_SEG_TOKEN"
    )]
    NoToken { device: String },
    /// A token that is none, or a file without one.
    #[error("{place}: {what}")]
    Token { place: String, what: String },
    /// The file with the token could not be read or made.
    #[error("cannot {verb} {}", file.display())]
    TokenFile { verb: &'static str, file: PathBuf, source: std::io::Error },
    /// Nothing listens there.
    #[error(
        "device `{device}`: nobody listens at {place} ({why}): start `causal-clip-seg lend` there, or \
         look at the tunnel"
    )]
    Nobody { device: String, place: String, why: String },
    /// Something takes connections and says nothing.
    #[error(
        "device `{device}`: {place} takes connections but has not answered within {seconds} s: its \
         server hangs or is stopped"
    )]
    Silent { device: String, place: String, seconds: u64 },
    /// Something else answers.
    #[error("device `{device}`: what answers at {place} is no `causal-clip-seg lend` ({what})")]
    Stranger { device: String, place: String, what: String },
    /// The token is another one.
    #[error(
        "device `{device}`: the server refused the token: it must be the one in the server's \
         --token-file"
    )]
    Refused { device: String },
    /// The server lends fewer devices.
    #[error("device `{device}`: the server lends {count} device(s), numbered from 0")]
    NoSuchDevice { device: String, count: usize },
    /// Client and server are of different versions of Burn.
    #[error(
        "device `{device}`: the server speaks version {there} of Burn's protocol, this program version \
         {here}: build both from the same source"
    )]
    Version { device: String, here: u16, there: u16 },
    /// There is no session for another reason.
    #[error("device `{device}`: no session ({why})")]
    Session { device: String, why: String },
    /// There is a session, but it does not compute.
    #[error(
        "device `{device}`: the first small operation failed ({why}): look at the server's output"
    )]
    FirstOperation { device: String, why: String },
    /// The server cannot listen.
    #[error("cannot listen on {place}")]
    Listen { place: String, source: std::io::Error },
    /// The server ended.
    #[error("lending on {place} ended ({why})")]
    Served { place: String, why: String },
}
