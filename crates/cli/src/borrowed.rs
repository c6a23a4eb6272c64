//! Devices of other machines: their tokens, and what becomes of a program that loses one.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use causal_clip_seg::Device;
use causal_clip_seg::devices::DeviceError;
use causal_clip_seg::devices::remote::{self, Address, RemoteError, Token};

use crate::exit::{NOT_STARTED, UsageError};

/// Seconds without an answer after which a lent device is given up.
const PATIENCE: u64 = 30;

/// How to reach lent devices.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BorrowedArgs {
    /// File with the token of a lent device, the same as the server's; given several times, one for each
    /// lent device in their order [default: the token in the environment variable CAUSAL_CLIP_SEG_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Vec<PathBuf>,
    /// Give a lent device up, and end with exit code 2, when its server has not answered for so long. A
    /// server answers while it computes
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE, value_parser = clap::value_parser!(u64).range(1..=86400))]
    remote_timeout: u64,
}

impl Default for BorrowedArgs {
    fn default() -> Self {
        Self { token_file: Vec::new(), remote_timeout: PATIENCE }
    }
}

impl BorrowedArgs {
    /// Opens a lent device, the one after `before` others of `all`, and looks after it from then on.
    pub(crate) fn open(&self, name: &str, before: usize, all: usize) -> anyhow::Result<Device> {
        let opened = self.try_open(name, before, all)?;
        Ok(opened.map_err(DeviceError::Remote)?)
    }

    fn try_open(
        &self,
        name: &str,
        before: usize,
        all: usize,
    ) -> Result<Result<Device, RemoteError>, UsageError> {
        let file = match self.token_file.len() {
            0 => None,
            1 => self.token_file.first(),
            files if files == all => self.token_file.get(before),
            files => {
                return Err(UsageError(format!(
                    "--token-file is given {files} times for {all} lent devices: expected once, or once \
                     for each"
                )));
            }
        };
        let open = || {
            let address = Address::parse(name)?;
            let token = match file {
                Some(file) => Some(Token::read(file)?),
                None => Token::from_environment()?,
            };
            let token = token.ok_or_else(|| RemoteError::NoToken { device: name.to_owned() })?;
            let patience = Duration::from_secs(self.remote_timeout);
            let device = remote::open(&address, &token, patience)?;
            look_after(address, &device, patience);
            Ok(device)
        };
        Ok(open())
    }
}

/// Lent devices that are in use.
static BORROWED: Mutex<Vec<(Address, Device)>> = Mutex::new(Vec::new());
/// What to do when one is lost.
static ADVICE: Mutex<Option<String>> = Mutex::new(None);
/// Somebody is finding out whether one is lost.
static LOOKING: AtomicBool = AtomicBool::new(false);

/// Sets what a program says after the line about a lost device: how to go on.
pub fn advise_if_lost(advice: String) {
    *ADVICE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(advice);
}

/// From now on the program ends with one line and exit code 2 if the device is lost, wherever it is then:
/// a tensor that cannot be read is a panic of Burn's, and a server that hangs is waited for without end.
fn look_after(address: Address, device: &Device, patience: Duration) {
    let mut borrowed = BORROWED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if borrowed.is_empty() {
        let otherwise = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // What looks may panic itself: it then only ends.
            if LOOKING.swap(true, Ordering::SeqCst) {
                return;
            }
            match loss() {
                Some(line) => end(&line),
                None => otherwise(panic),
            }
            LOOKING.store(false, Ordering::SeqCst);
        }));
    }
    borrowed.push((address.clone(), device.clone()));
    drop(borrowed);
    let name = address.to_string();
    remote::watch(address, patience, move |pulse| end(&line(&name, &pulse.to_string())));
}

/// The line about the first lent device that is lost, if one is.
pub(crate) fn loss() -> Option<String> {
    /// The others may be computing.
    const PATIENCE: Duration = Duration::from_secs(10);
    let borrowed = BORROWED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    borrowed.iter().find_map(|(address, device)| {
        let why = remote::check(device, PATIENCE).err()?;
        Some(line(&address.to_string(), &format!("its session ended: {why}")))
    })
}

fn line(name: &str, why: &str) -> String {
    let advice = ADVICE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let advice = advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("error: device `{name}` is lost: {why}{advice}")
}

/// Ends the program. Only the first who comes says why.
fn end(line: &str) -> ! {
    static SAID: Mutex<()> = Mutex::new(());
    // Kept to the end of the process.
    let _said = SAID.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // A progress bar may stand on the line.
    let start = if std::io::IsTerminal::is_terminal(&std::io::stderr()) { "\r\x1b[K" } else { "" };
    eprintln!("{start}{line}");
    std::process::exit(i32::from(NOT_STARTED));
}
