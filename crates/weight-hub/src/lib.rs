//! Weights from Hugging Face's hub, by name.
//!
//! [`HubName`] is `hf:OWNER/REPO[/FILE][@REVISION]`. With the feature `http`, `Hub` fetches what it names: into the
//! cache that Hugging Face's own libraries use, in their layout and by their environment variables, so that
//! one download serves all. A download that was cut goes on where it ended, sizes and SHA-256 are checked, and
//! two processes that ask for one file fetch it once.
//!
//! A revision that is a full commit and in the cache is never asked for again; with `HF_HUB_OFFLINE=1`
//! nothing is.
//!
//! ```
//! use weight_hub::HubName;
//!
//! let name: HubName = "hf:timm/resnet50_clip.openai@main".parse()?;
//! assert_eq!((name.repository(), name.file(), name.revision()), ("timm/resnet50_clip.openai", None, "main"));
//! assert!("hf:../secrets".parse::<HubName>().is_err());
//! # Ok::<(), weight_hub::HubError>(())
//! ```
#![deny(missing_docs)]

mod error;
mod event;
mod name;

#[cfg(feature = "http")]
mod cache;
#[cfg(feature = "http")]
mod download;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod hub;
#[cfg(feature = "http")]
mod settings;
#[cfg(feature = "http")]
mod tls;

pub use error::HubError;
pub use event::FetchEvent;
pub use name::HubName;

#[cfg(feature = "http")]
pub use hub::{Fetched, Hub};
#[cfg(feature = "http")]
pub use settings::HubSettings;
