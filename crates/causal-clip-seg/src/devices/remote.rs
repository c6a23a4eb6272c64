//! Devices of other machines, and lending one's own: Burn's remote engine over WebSocket.
//!
//! A lent device computes what its own machine would, bit by bit; each operation is a message. Nothing is
//! encrypted: on a network that is not yours, go through a tunnel. A server that is gone stays gone for the
//! tensors on it, so whoever computes there watches it ([`watch`], [`check`]) and starts again from a file.
//!
//! ```no_run
//! use causal_clip_seg::devices::remote::{self, Address, PATIENCE, Token};
//!
//! let address = Address::parse("remote:ws://127.0.0.1:4101")?;
//! let device = remote::open(&address, &Token::read("token".as_ref())?, PATIENCE)?;
//! # let _ = device;
//! # Ok::<(), remote::RemoteError>(())
//! ```

mod address;
mod error;
mod lender;
mod pulse;
mod token;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use burn::remote::{ConnectError, RemoteHost};
use burn::tensor::{Device, Tensor};

pub use address::Address;
pub use error::RemoteError;
pub use lender::{Lender, Session};
pub use pulse::{Pulse, watch};
pub use token::{TOKEN_VARIABLE, Token};

/// How long a server may usually take to answer.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often each server was found to keep a dead session for us; see [`Address::spelling`].
static DEAD: Mutex<Option<HashMap<Address, usize>>> = Mutex::new(None);

/// Opens a lent device, and has it compute something small: that it is there is known now. The server may take
/// `patience` for each of its answers.
///
/// Burn keeps one session with a server for the life of a process and gives it back even if it is dead. A
/// dead one is found out by the small operation and replaced, so a server that was started again can be
/// opened again. Tensors of the old session stay lost.
///
/// # Errors
///
/// If nobody listens, nobody answers, the token is refused, the server has no such device, or the small
/// operation fails.
pub fn open(address: &Address, token: &Token, patience: Duration) -> Result<Device, RemoteError> {
    /// Sessions that one process may lose to one server.
    const MOST: usize = 8;
    // Burn would try for 15 s to reach a server that is not there.
    pulse::ping(address, patience).map_err(|pulse| pulse.error(address))?;
    let mut last = None;
    for _ in 0..MOST {
        let dead = with_dead(|dead| dead.get(address).copied().unwrap_or_default());
        match session(address, &address.spelling(dead), token, patience) {
            Err(error @ RemoteError::FirstOperation { .. }) => {
                with_dead(|dead| *dead.entry(address.clone()).or_default() += 1);
                last = Some(error);
            }
            result => return result,
        }
    }
    Err(last.unwrap_or_else(|| RemoteError::Silent {
        device: address.to_string(),
        place: address.place(),
        seconds: patience.as_secs(),
    }))
}

/// Has the device compute something small within `patience`.
///
/// # Errors
///
/// What went wrong, if its session is dead or does not answer in time.
pub fn check(device: &Device, patience: Duration) -> Result<(), String> {
    let device = device.clone();
    in_time(patience, move || small_operation(&device)).unwrap_or_else(|| {
        Err(format!("no answer to a small operation within {} s", patience.as_secs()))
    })
}

fn with_dead<T>(change: impl FnOnce(&mut HashMap<Address, usize>) -> T) -> T {
    let mut dead = DEAD.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    change(dead.get_or_insert_default())
}

/// A session under one spelling of the address.
fn session(
    address: &Address,
    url: &str,
    token: &Token,
    patience: Duration,
) -> Result<Device, RemoteError> {
    let device = address.to_string();
    let host = RemoteHost::websocket(url).with_credential(token.secret());
    let options = Device::remote_options(&host).device_index(address.index());
    let opened = in_time(patience, move || {
        let opened = options.init()?;
        let first = small_operation(&opened);
        Ok((opened, first))
    });
    match opened {
        None => {
            let (place, seconds) = (address.place(), patience.as_secs());
            Err(RemoteError::Silent { device, place, seconds })
        }
        Some(Ok((opened, Ok(())))) => Ok(opened),
        Some(Ok((_, Err(why)))) => Err(RemoteError::FirstOperation { device, why }),
        Some(Err(ConnectError::Unauthorized)) => Err(RemoteError::Refused { device }),
        Some(Err(ConnectError::NoSuchDevice { device_count })) => {
            Err(RemoteError::NoSuchDevice { device, count: device_count })
        }
        Some(Err(ConnectError::IncompatibleProtocol { client_version, server_version })) => {
            Err(RemoteError::Version { device, here: client_version, there: server_version })
        }
        Some(Err(other)) => Err(RemoteError::Session { device, why: other.to_string() }),
    }
}

fn small_operation(device: &Device) -> Result<(), String> {
    // Swapped: with Burn's fusion in this program a server of the CPU gives up at a `permute`, since burn-fusion 0.22.1
    // sends it as one of integers. That is to be known now.
    let twos = (Tensor::<2>::ones([1, 2], device) + 1.0).permute([1, 0]);
    match twos.try_into_data() {
        Ok(data) if data.iter::<f32>().eq([2.0, 2.0]) => Ok(()),
        Ok(data) => Err(format!("1 + 1, twice, came back as {data}")),
        Err(error) => {
            // Burn's is on several lines.
            let lines = error.to_string();
            Err(lines.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

/// What `work` gives, on a thread of its own; `None` if that takes longer than `patience` or panics.
fn in_time<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        // Nobody may wait any more.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(patience).ok()
}
