//! Whether a server is there, asked beside its sessions.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::{Address, RemoteError};

/// What a server that does not answer does instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pulse {
    /// Nothing listens, or the way there is cut.
    Gone(String),
    /// It takes connections and says nothing.
    Silent(Duration),
    /// Something answers that is no server of this kind.
    Stranger(String),
}

impl std::fmt::Display for Pulse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone(why) => write!(f, "nobody listens any more ({why})"),
            Self::Silent(time) => write!(f, "its server has not answered for {} s", time.as_secs()),
            Self::Stranger(what) => write!(f, "something else answers ({what})"),
        }
    }
}

impl Pulse {
    pub(super) fn error(self, address: &Address) -> RemoteError {
        let (device, place) = (address.to_string(), address.place());
        match self {
            Self::Gone(why) => RemoteError::Nobody { device, place, why },
            Self::Silent(time) => RemoteError::Silent { device, place, seconds: time.as_secs() },
            Self::Stranger(what) => RemoteError::Stranger { device, place, what },
        }
    }
}

/// Asks the server for a page, which it does not have: that it says so is enough. It answers this beside
/// what it computes.
pub(super) fn ping(address: &Address, patience: Duration) -> Result<(), Pulse> {
    let end = Instant::now() + patience;
    let left = || end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let gone = |error: std::io::Error| Pulse::Gone(reason(&error));
    let silent = |error: std::io::Error| match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Pulse::Silent(patience),
        _ => Pulse::Gone(reason(&error)),
    };
    let places = address.socket().to_socket_addrs().map_err(gone)?.collect::<Vec<_>>();
    let mut stream = connect(&places, left)?;
    stream.set_write_timeout(Some(left())).map_err(gone)?;
    let request =
        format!("GET /pulse HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", address.place());
    stream.write_all(request.as_bytes()).map_err(silent)?;
    let mut start = [0; 9];
    let mut there = 0;
    while there < start.len() {
        stream.set_read_timeout(Some(left())).map_err(gone)?;
        match stream.read(&mut start[there..]).map_err(silent)? {
            0 => return Err(Pulse::Stranger("it closes the connection".to_owned())),
            more => there += more,
        }
    }
    match start.starts_with(b"HTTP/1.1 ") {
        true => Ok(()),
        false => Err(Pulse::Stranger("it does not speak HTTP".to_owned())),
    }
}

/// The first address of a name that takes a connection.
fn connect(places: &[SocketAddr], left: impl Fn() -> Duration) -> Result<TcpStream, Pulse> {
    let mut last = Pulse::Gone("the name has no address".to_owned());
    for place in places {
        match TcpStream::connect_timeout(place, left()) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Pulse::Gone(reason(&error)),
        }
    }
    Err(last)
}

/// An error without the system's number for it.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::TimedOut => "connection timed out".to_owned(),
        _ => error.to_string(),
    }
}

/// Looks after a server from a thread of its own: calls `lost` once if nobody listens any more, or if it
/// has not answered for `patience`. A server answers while it computes, however long that takes.
///
/// Burn's client waits without end for a server that hangs; only somebody beside it can notice.
pub fn watch(address: Address, patience: Duration, lost: impl FnOnce(Pulse) + Send + 'static) {
    /// Between two questions.
    const REST: Duration = Duration::from_secs(2);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(REST.min(patience));
            if let Err(pulse) = ping(&address, patience) {
                return lost(pulse);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn at(listener: &TcpListener) -> Address {
        let port = listener.local_addr().unwrap().port();
        Address::parse(&format!("remote:ws://127.0.0.1:{port}")).unwrap()
    }

    #[test]
    fn nobody_is_told_from_somebody_silent_and_from_a_stranger() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = at(&listener);
        let short = Duration::from_millis(200);
        assert_eq!(ping(&address, short), Err(Pulse::Silent(short)));
        let serve = |answer: &'static [u8]| {
            let listener = listener.try_clone().unwrap();
            std::thread::spawn(move || {
                // The silent one's connection comes first.
                for stream in listener.incoming().take(2) {
                    let _ = stream.unwrap().write_all(answer);
                }
            })
        };
        let serving = serve(b"SSH-2.0-x\r\n");
        let found = ping(&address, Duration::from_secs(10));
        assert!(matches!(found, Err(Pulse::Stranger(_))), "{found:?}");
        serving.join().unwrap();
        drop(listener);
        let found = ping(&address, Duration::from_secs(10));
        assert_eq!(found, Err(Pulse::Gone("connection refused".to_owned())));
    }
}
