//! Where a lent device is.

use std::fmt;

use super::RemoteError;

/// Where a lent device is: a server, and which of its devices. Shown as `remote:ws://HOST:PORT/N`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
    index: usize,
}

impl Address {
    /// What a name of a lent device starts with.
    pub const PREFIX: &'static str = "remote:";

    /// Reads `remote:ws://HOST:PORT`, which is the server's device 0, or `remote:ws://HOST:PORT/N`.
    ///
    /// # Errors
    ///
    /// If the text is something else.
    pub fn parse(name: &str) -> Result<Self, RemoteError> {
        let wrong = |what: &'static str| RemoteError::Address { device: name.to_owned(), what };
        let url = name.strip_prefix(Self::PREFIX).ok_or_else(|| wrong("no `remote:`"))?;
        if url.starts_with("wss:") || url.starts_with("https:") {
            return Err(wrong("TLS is not offered: use ws:// through a tunnel"));
        }
        let rest = url.strip_prefix("ws://").ok_or_else(|| wrong("no `ws://`"))?;
        let (place, index) = match rest.split_once('/') {
            None | Some((_, "")) => (rest.trim_end_matches('/'), 0),
            Some((place, index)) => (place, index.parse().map_err(|_| wrong("N is not a number"))?),
        };
        let (host, port) = place.rsplit_once(':').ok_or_else(|| wrong("no port"))?;
        let port = port.parse().ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| wrong("the port is not a number from 1 to 65535"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let good = match bare {
            Some(bare) => bare.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                !host.is_empty() && host.chars().all(letter)
            }
        };
        if !good {
            return Err(wrong("the host is no name and no address"));
        }
        Ok(Self { host: host.to_owned(), port, index })
    }

    /// Which of the server's devices.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The server: `HOST:PORT`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The server's URL; each number gives another spelling of it. Burn knows a session by the spelling,
    /// and what stands before an `@` is not sent.
    pub(super) fn spelling(&self, number: usize) -> String {
        match number {
            0 => format!("ws://{}", self.place()),
            _ => format!("ws://again{number}@{}", self.place()),
        }
    }

    /// Host and port for a socket; brackets of IPv6 are no part of the host there.
    pub(super) fn socket(&self) -> (&str, u16) {
        (self.host.trim_start_matches('[').trim_end_matches(']'), self.port)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ws://{}", Self::PREFIX, self.place())?;
        if self.index > 0 { write!(f, "/{}", self.index) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (name, place, index) in [
            ("remote:ws://127.0.0.1:4101", "127.0.0.1:4101", 0),
            ("remote:ws://gpu.lab:80/3", "gpu.lab:80", 3),
            ("remote:ws://[::1]:4101/1", "[::1]:4101", 1),
        ] {
            let address = Address::parse(name).unwrap();
            assert_eq!((address.place().as_str(), address.index()), (place, index));
            assert_eq!(address.to_string(), name);
        }
        let slash = Address::parse("remote:ws://a:1/").unwrap();
        assert_eq!(slash, Address::parse("remote:ws://a:1").unwrap());
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (name, what) in [
            ("remote:", "no `ws://`"),
            ("remote:gpu:4101", "no `ws://`"),
            ("remote:wss://gpu:4101", "TLS is not offered"),
            ("remote:ws://gpu", "no port"),
            ("remote:ws://gpu:0", "the port is not a number"),
            ("remote:ws://gpu:99999", "the port is not a number"),
            ("remote:ws://:4101", "the host is no name"),
            ("remote:ws://a b:4101", "the host is no name"),
            ("remote:ws://user@gpu:4101", "the host is no name"),
            ("remote:ws://[gpu]:4101", "the host is no name"),
            ("remote:ws://gpu:4101/x", "N is not a number"),
            ("remote:ws://gpu:4101/1/2", "N is not a number"),
        ] {
            let message = Address::parse(name).unwrap_err().to_string();
            assert!(
                message.contains(what) && message.contains("remote:ws://HOST:PORT"),
                "{message}"
            );
        }
    }

    #[test]
    fn each_spelling_is_another_one_of_the_same_server() {
        let address = Address::parse("remote:ws://127.0.0.1:4101/2").unwrap();
        assert_eq!(address.spelling(0), "ws://127.0.0.1:4101");
        assert_eq!(address.spelling(2), "ws://again2@127.0.0.1:4101");
    }
}
