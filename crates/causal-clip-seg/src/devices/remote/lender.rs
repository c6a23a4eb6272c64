//! Lends devices of this machine.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use burn::server::telemetry::{DrainStatus, TelemetryEvent, TelemetryProbe, TelemetrySubscription};
use burn::server::{RemoteServer, TokenAuthorizer, WebSocketTransport};
use burn::tensor::Device;

use super::{RemoteError, Token};

/// A server of devices of this machine, which listens.
#[derive(Debug)]
pub struct Lender {
    listener: TcpListener,
    place: SocketAddr,
}

/// What a client asked for between its first and its last message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Operations on tensors.
    pub operations: u64,
    /// Tensors that were given back.
    pub drops: u64,
    /// Values that were waited for.
    pub reads: u64,
    /// Groups of operations that were sent as one; only clients built with fusion send them.
    pub groups: u64,
    /// Messages that came too fast to be counted.
    pub uncounted: u64,
}

impl Lender {
    /// Listens on `place`. A socket of an earlier server that is just going is waited for.
    ///
    /// # Errors
    ///
    /// If another program listens there, or the machine has no such address.
    pub fn listen(place: SocketAddr) -> Result<Self, RemoteError> {
        const WAIT: Duration = Duration::from_secs(3);
        let end = Instant::now() + WAIT;
        let failed = |source| RemoteError::Listen { place: place.to_string(), source };
        let listener = loop {
            match TcpListener::bind(place) {
                Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < end => {
                    std::thread::sleep(WAIT / 20);
                }
                result => break result.map_err(failed)?,
            }
        };
        let place = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, place })
    }

    /// Where it listens; the port is the system's choice if 0 was asked for.
    pub fn place(&self) -> SocketAddr {
        self.place
    }

    /// Lends `devices`, numbered from 0, to whoever has the token, until Ctrl-C or SIGTERM. Each client has
    /// tensors of its own. `count` is shown what each session asked for, when it ends; counting costs a
    /// little.
    ///
    /// Installs a logger for the process, which writes to standard output.
    ///
    /// # Errors
    ///
    /// If the server cannot go on.
    pub fn lend(
        self,
        devices: Vec<Device>,
        token: &Token,
        count: Option<Box<dyn FnMut(Session) + Send>>,
    ) -> Result<(), RemoteError> {
        let place = self.place.to_string();
        let ended = |why: String| RemoteError::Served { place: place.clone(), why };
        let authorizer =
            TokenAuthorizer::new(token.secret()).map_err(|error| ended(error.to_string()))?;
        let mut server = RemoteServer::new(devices).with_authorizer(authorizer);
        if let Some(each) = count {
            /// Events that may wait to be counted.
            const WAITING: usize = 1 << 16;
            let (probe, events) = TelemetryProbe::channel(WAITING);
            server = server.with_telemetry(probe);
            std::thread::spawn(move || counted(events, each));
        }
        let transport = WebSocketTransport::from_listener(self.listener);
        server.serve(transport).map_err(|error| ended(error.to_string()))
    }
}

/// Counts the events of each session until the server ends.
fn counted(mut events: TelemetrySubscription, mut each: impl FnMut(Session)) {
    /// Between two looks; at some 10 000 operations a second few of them wait.
    const REST: Duration = Duration::from_millis(5);
    let mut sessions = BTreeMap::<_, Session>::new();
    let mut waiting = Vec::new();
    loop {
        let DrainStatus::Open { lagged } = events.drain_into(&mut waiting) else { return };
        sessions.values_mut().for_each(|session| session.uncounted += lagged);
        for event in waiting.drain(..) {
            match *event {
                TelemetryEvent::SessionOpened { session, .. } => {
                    sessions.insert(session.value(), Session::default());
                }
                TelemetryEvent::SessionClosed { session } => {
                    sessions.remove(&session.value()).into_iter().for_each(&mut each);
                }
                TelemetryEvent::Op { session, .. } => {
                    sessions.entry(session.value()).or_default().operations += 1;
                }
                TelemetryEvent::GraphRegistered { session, .. }
                | TelemetryEvent::GraphExecuted { session, .. } => {
                    sessions.entry(session.value()).or_default().groups += 1;
                }
                TelemetryEvent::TensorDropped { session, .. } => {
                    sessions.entry(session.value()).or_default().drops += 1;
                }
                TelemetryEvent::Read { session, .. } => {
                    sessions.entry(session.value()).or_default().reads += 1;
                }
                _ => {}
            }
        }
        std::thread::sleep(REST);
    }
}
