//! The secret that a server asks its clients for.

use std::fmt;
use std::io::Write;
use std::path::Path;

use super::RemoteError;

/// The environment variable that a client's token may stand in.
pub const TOKEN_VARIABLE: &str = "CAUSAL_CLIP_SEG_TOKEN";

/// The secret that a server asks its clients for: at least 16 printable ASCII characters, no space. It is
/// never shown, but travels in clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// Shorter ones can be guessed.
    const SHORTEST: usize = 16;
    /// Longer ones are another file.
    const LONGEST: usize = 1024;

    /// Takes a token; spaces and line ends around it are no part of it. `place` names where it is from.
    ///
    /// # Errors
    ///
    /// If it is too short, too long, or has other characters.
    pub fn new(text: &str, place: &str) -> Result<Self, RemoteError> {
        let text = text.trim();
        let wrong = |what: String| RemoteError::Token { place: place.to_owned(), what };
        if text.is_empty() {
            return Err(wrong("holds no token".to_owned()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let what = "holds no token: expected one line of printable ASCII without spaces";
            return Err(wrong(what.to_owned()));
        }
        if !(Self::SHORTEST..=Self::LONGEST).contains(&text.len()) {
            let (short, long) = (Self::SHORTEST, Self::LONGEST);
            return Err(wrong(format!(
                "holds a token of {} characters; expected {short} to {long}",
                text.len()
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// The token in a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or holds no token.
    pub fn read(file: &Path) -> Result<Self, RemoteError> {
        let place = file.display().to_string();
        let failed =
            |source| RemoteError::TokenFile { verb: "read", file: file.to_owned(), source };
        let length = std::fs::metadata(file).map_err(failed)?.len();
        if length > 2 * Self::LONGEST as u64 {
            let what =
                format!("holds no token: {length} bytes, expected at most {}", Self::LONGEST);
            return Err(RemoteError::Token { place, what });
        }
        let bytes = std::fs::read(file).map_err(failed)?;
        // What is not UTF-8 is not ASCII either, and is refused as such.
        Self::new(&String::from_utf8_lossy(&bytes), &place)
    }

    /// The token in the environment variable [`TOKEN_VARIABLE`]; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the variable is set and holds no token.
    pub fn from_environment() -> Result<Option<Self>, RemoteError> {
        let found = std::env::var_os(TOKEN_VARIABLE);
        found.map(|text| Self::new(&text.to_string_lossy(), TOKEN_VARIABLE)).transpose()
    }

    /// The token in a file, or, if there is no file, a new one, left there for its owner alone. Says whether
    /// it is new.
    ///
    /// # Errors
    ///
    /// As [`Token::read`]; if the file cannot be written, or the system has no random numbers.
    pub fn read_or_make(file: &Path) -> Result<(Self, bool), RemoteError> {
        /// 192 bits.
        const BYTES: usize = 24;
        let failed =
            |source| RemoteError::TokenFile { verb: "make", file: file.to_owned(), source };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut opened = match options.open(file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Ok((Self::read(file)?, false));
            }
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = [0; BYTES];
        let drawn = getrandom::fill(&mut bytes).map_err(std::io::Error::other);
        let text = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let written = drawn.and_then(|()| writeln!(opened, "{text}"));
        if let Err(error) = written {
            // Half a token is none.
            let _ = std::fs::remove_file(file);
            return Err(failed(error));
        }
        Ok((Self(text), true))
    }

    /// Whether others on this machine may read the file; always `false` where the system does not say.
    pub fn is_open_to_others(file: &Path) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
        }
        #[cfg(not(unix))]
        {
            let _ = file;
            false
        }
    }

    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_read_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let (made, new) = Token::read_or_make(&file).unwrap();
        assert!(new && made.secret().len() == 48 && !Token::is_open_to_others(&file));
        assert_eq!(Token::read_or_make(&file).unwrap(), (made.clone(), false));
        assert_eq!(Token::read(&file).unwrap(), made);
        assert_eq!(format!("{made:?}"), "Token(..)");
        let other = Token::read_or_make(&folder.path().join("other")).unwrap().0;
        assert_ne!(other, made);
    }

    #[test]
    fn what_is_no_token_is_refused_with_file_and_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        for (bytes, what) in [
            (&b"\n"[..], "holds no token"),
            (b"short", "a token of 5 characters; expected 16 to 1024"),
            (b"two words that are long enough", "without spaces"),
            (&[0xff; 40], "printable ASCII"),
            (&[b'a'; 2000], "a token of 2000 characters"),
            (&[b'a'; 9000], "9000 bytes"),
        ] {
            std::fs::write(&file, bytes).unwrap();
            let message = Token::read(&file).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
            assert!(message.contains(&file.display().to_string()), "{message}");
        }
        let message = Token::read(&folder.path().join("none")).unwrap_err().to_string();
        assert!(message.starts_with("cannot read "), "{message}");
    }
}
