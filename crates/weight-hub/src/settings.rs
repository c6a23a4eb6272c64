//! Where the hub and its cache are.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::HubError;

/// Where the hub and its cache are, and what may be asked.
#[derive(Clone)]
#[non_exhaustive]
pub struct HubSettings {
    /// The folder of the cache, with one folder for each repository in it.
    pub cache: PathBuf,
    /// Where the hub is: `https://huggingface.co`, or a mirror.
    pub endpoint: String,
    /// Who asks. It is sent to the endpoint and to no other host.
    pub token: Option<String>,
    /// Nothing is asked of the network.
    pub offline: bool,
    /// Whether `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count.
    pub environment_proxy: bool,
    /// The largest file that is fetched, in bytes.
    pub limit: u64,
    /// How long to wait before an answer is asked for again; the second time twice as long.
    pub pause: Duration,
}

impl HubSettings {
    /// The public hub without a token, and a cache in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            cache: folder.into(),
            endpoint: "https://huggingface.co".to_owned(),
            token: None,
            offline: false,
            environment_proxy: false,
            limit: 64 << 30,
            pause: Duration::from_secs(2),
        }
    }

    /// As the environment says, by the variables of Hugging Face's own libraries: `HF_HUB_CACHE`, `HF_HOME`,
    /// `XDG_CACHE_HOME`; `HF_ENDPOINT`; `HF_TOKEN`, `HF_TOKEN_PATH`; `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    ///
    /// If a variable has a value that cannot be used, or there is no home folder for a cache.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_variables(|name| std::env::var_os(name), std::env::home_dir())
    }

    fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
        home: Option<PathBuf>,
    ) -> Result<Self, HubError> {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let folder = |name| given(name).map(|path| below_home(Path::new(&path), home.as_deref()));
        let of_user = || folder("XDG_CACHE_HOME").or_else(|| Some(home.as_ref()?.join(".cache")));
        let all = folder("HF_HOME").or_else(|| Some(of_user()?.join("huggingface")));
        let cache = folder("HF_HUB_CACHE")
            .or_else(|| folder("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| Some(all.as_ref()?.join("hub")));
        let cache = cache.ok_or_else(|| HubError::Setting {
            variable: "HF_HOME",
            what: "not set, and there is no home folder; set it to a folder for weights".to_owned(),
        })?;
        let endpoint = match given("HF_ENDPOINT") {
            None => Self::new("").endpoint,
            Some(value) => endpoint(&value.to_string_lossy())?,
        };
        let token = match given("HF_TOKEN").or_else(|| given("HUGGING_FACE_HUB_TOKEN")) {
            Some(token) => Some(token.to_string_lossy().into_owned()),
            None => folder("HF_TOKEN_PATH")
                .or_else(|| Some(all?.join("token")))
                .and_then(|file| std::fs::read_to_string(file).ok()),
        };
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            let what = "expected one word of letters and digits".to_owned();
            return Err(HubError::Setting { variable: "HF_TOKEN", what });
        }
        let is_on = |name| {
            let value = given(name).map(|value| value.to_string_lossy().to_uppercase());
            value.is_some_and(|value| ["1", "ON", "YES", "TRUE"].contains(&value.as_str()))
        };
        let offline = is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE");
        Ok(Self { endpoint, token, offline, environment_proxy: true, ..Self::new(cache) })
    }
}

fn endpoint(value: &str) -> Result<String, HubError> {
    let value = value.trim_end_matches('/');
    let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    match host.is_some_and(|host| !host.is_empty() && !host.contains(['?', '#', '@', ' '])) {
        true => Ok(value.to_owned()),
        false => Err(HubError::Setting {
            variable: "HF_ENDPOINT",
            what: format!("`{value:.200}`, expected https://HOST"),
        }),
    }
}

/// `~/weights` as a shell reads it; in a container's settings no shell does.
fn below_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// The token is not shown.
impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSettings")
            .field("cache", &self.cache)
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<HubSettings, HubError> {
        let value = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        HubSettings::from_variables(value, Some("/home/ada".into()))
    }

    #[test]
    fn the_cache_is_where_other_libraries_have_it() {
        for (variables, expected) in [
            (&[][..], "/home/ada/.cache/huggingface/hub"),
            (&[("XDG_CACHE_HOME", "/c")], "/c/huggingface/hub"),
            (&[("HF_HOME", "/d")], "/d/hub"),
            (&[("HF_HOME", "~/d")], "/home/ada/d/hub"),
            (&[("HF_HOME", "/d"), ("HF_HUB_CACHE", "/e")], "/e"),
            (&[("HF_HOME", "")], "/home/ada/.cache/huggingface/hub"),
        ] {
            assert_eq!(read(variables).unwrap().cache, Path::new(expected), "{variables:?}");
        }
        assert!(HubSettings::from_variables(|_| None, None).is_err());
    }

    #[test]
    fn offline_is_what_other_libraries_take_for_it() {
        for (value, expected) in [("1", true), ("true", true), ("YES", true), ("0", false)] {
            assert_eq!(read(&[("HF_HUB_OFFLINE", value)]).unwrap().offline, expected, "{value}");
        }
        assert!(!read(&[]).unwrap().offline);
    }

    #[test]
    fn an_endpoint_is_an_address_without_its_last_slash() {
        let of = |value| read(&[("HF_ENDPOINT", value)]).map(|settings| settings.endpoint);
        assert_eq!(of("https://mirror.org/").unwrap(), "https://mirror.org");
        assert_eq!(read(&[]).unwrap().endpoint, "https://huggingface.co");
        for wrong in ["mirror.org", "ftp://x", "https://", "https://user@host", "https://x?y"] {
            assert!(of(wrong).unwrap_err().to_string().starts_with("HF_ENDPOINT: "), "{wrong}");
        }
    }

    #[test]
    fn the_token_is_a_variable_or_in_a_file_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        std::fs::write(folder.path().join("token"), "hf_file\n").unwrap();
        let settings = read(&[("HF_HOME", &home)]).unwrap();
        assert_eq!(settings.token.as_deref(), Some("hf_file"));
        let settings = read(&[("HF_HOME", &home), ("HF_TOKEN", " hf_set ")]).unwrap();
        assert_eq!(settings.token.as_deref(), Some("hf_set"));
        assert!(!format!("{settings:?}").contains("hf_set"));
        assert!(read(&[("HF_TOKEN", "a\r\nHost: b")]).is_err());
    }
}
