//! `lend`

use std::net::SocketAddr;
use std::path::PathBuf;

use causal_clip_seg::devices::remote::{Lender, Session, Token};
use causal_clip_seg::devices::{self, DeviceError};
use causal_clip_seg_cli::{Console, UsageError, say};

/// Lends devices of this machine to programs on others, until Ctrl-C.
///
/// Whoever has the token computes here with --device remote:ws://HOST:PORT, or remote:ws://HOST:PORT/N for
/// the device N of --device. Each client has tensors of its own; no file of this machine is read or written
/// for it.
///
/// Nothing is encrypted, neither token nor pictures. Listen on this machine alone, as is the default, and
/// let clients come through a tunnel: `ssh -N -L 4101:127.0.0.1:4101 HOST` on theirs. See docs/devices.md.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  causal-clip-seg lend --device vulkan --token-file token
  causal-clip-seg lend --device cuda:0,cuda:1 --listen 10.0.0.7:4101 --token-file token")]
pub(crate) struct Lend {
    /// Where to listen: an address of this machine and a port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4101")]
    listen: SocketAddr,
    /// File with the token that clients must have: 16 to 1024 printable characters. If there is no such
    /// file, it is made, with a new token
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Say at the end of each session how many operations it asked for
    #[arg(long)]
    count: bool,
    /// What to lend: auto, flex (the CPU), wgpu[:N], vulkan[:N] or cuda[:N]; several with commas between
    #[arg(long, default_value = "flex", value_name = "DEVICE")]
    device: String,
    /// Lend a software adapter in place of a GPU (slow; meant for tests)
    #[arg(long)]
    software_adapter: bool,
}

impl Lend {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let names = self.device.split(',').map(str::trim).collect::<Vec<_>>();
        if let Some(name) = names.iter().find(|name| name.starts_with("remote:")) {
            let what =
                format!("device `{name}`: lent already; only devices of this machine are lent");
            return Err(UsageError(what).into());
        }
        let open = |name: &&str| devices::open(name, self.software_adapter);
        let opened = names.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let file = &self.token_file;
        let (token, new) = Token::read_or_make(file).map_err(DeviceError::Remote)?;
        if new {
            console.note(format!("{}: a new token; clients need a copy", file.display()));
        } else if Token::is_open_to_others(file) {
            console.note(format!(
                "{}: others on this machine can read the token: chmod 600 it",
                file.display()
            ));
        }
        let lender = Lender::listen(self.listen).map_err(DeviceError::Remote)?;
        let place = lender.place();
        if !place.ip().is_loopback() {
            console.note(
                "nothing is encrypted: whoever sees the network's traffic sees token and pictures",
            );
        }
        for (index, name) in names.iter().enumerate() {
            let number = if index > 0 { format!("/{index}") } else { String::new() };
            say!("lending {name}: --device remote:ws://{place}{number}");
        }
        let count = self.count.then_some(Box::new(tell) as Box<dyn FnMut(Session) + Send>);
        lender.lend(opened, &token, count).map_err(DeviceError::Remote)?;
        Ok(true)
    }
}

fn tell(session: Session) {
    let Session { operations, groups, drops, reads, uncounted } = session;
    say!(
        "a session ended: {operations} operations, {groups} groups of operations, {reads} reads, {drops} \
         tensors given back, {uncounted} not counted"
    );
}
