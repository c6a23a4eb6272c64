//! The kernels of GPU backends: compiled at first use, and kept from one process to the next with the feature
//! `persistence`.
//!
//! A backend compiles each kernel when a shape first needs it, and with the feature `autotune` tries several for
//! each shape of product and convolution. Without `persistence` every process begins anew.

use std::path::{Path, PathBuf};

/// The variable that names another folder than [`folder`]'s.
pub const FOLDER_VARIABLE: &str = "CAUSAL_CLIP_SEG_KERNELS";

/// The log target under which a line is logged for each kernel that is compiled, after [`configure`].
pub const COMPILED: &str = "cubecl::compilation";

/// Why a bundle of kernels was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum BundleError {
    /// The program keeps no kernels.
    #[error("no kernels are kept: the program was built without the feature `persistence`")]
    NotBuilt,
    /// The file could not be read or written, or is no bundle.
    #[error("{}: {why}; expected a bundle that `devices --prepare DEVICE --save-bundle FILE` made", file.display())]
    File { file: PathBuf, why: String },
}

/// Where kernels are kept: what `CAUSAL_CLIP_SEG_KERNELS` names, else `causal-clip-seg/kernels` in the user's folder
/// for caches. `None` if there is none, or kernels are not kept in this build.
pub fn folder() -> Option<PathBuf> {
    if !cfg!(feature = "persistence") {
        return None;
    }
    if let Some(named) = std::env::var_os(FOLDER_VARIABLE).filter(|name| !name.is_empty()) {
        return Some(named.into());
    }
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let caches = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Caches"))
    } else {
        set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
    };
    caches.map(|caches| caches.join("causal-clip-seg").join("kernels"))
}

/// Has kernels kept in a folder, which the backend makes, and each compilation logged under [`COMPILED`].
///
/// Call it before the first device is opened. Whether it took effect: `false` without a GPU backend, or after a
/// device was opened. What else `cubecl.toml`, `burn.toml` and the variables `CUBECL_` say is kept.
pub fn configure(folder: Option<&Path>) -> bool {
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    {
        use burn::cubecl::config::cache::CacheConfig;
        use burn::cubecl::config::compilation::CompilationLogLevel;
        use burn::cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        let log = &mut config.compilation.logger;
        if matches!(log.level, CompilationLogLevel::Disabled) {
            log.level = CompilationLogLevel::Basic;
        }
        log.log = Some(Default::default());
        #[cfg(feature = "persistence")]
        {
            config.compilation.cache = true;
        }
        if let Some(folder) = folder {
            config.environment.path = CacheConfig::Directory(folder.to_owned());
        }
        CubeClRuntimeConfig::try_set(config)
    }
    #[cfg(not(any(feature = "wgpu", feature = "cuda")))]
    {
        let _ = folder;
        false
    }
}

/// Writes what is kept into a file, for other machines with the same device.
///
/// # Errors
///
/// If nothing is kept, or the file cannot be written.
pub fn save_bundle(file: &Path) -> Result<(), BundleError> {
    #[cfg(feature = "persistence")]
    {
        use burn::cubecl::{bundle::BundleFormat, environment};

        let saved = environment::bundle().save(file, BundleFormat::Sqlite);
        saved.map(drop).map_err(|error| failed(file, &error))
    }
    #[cfg(not(feature = "persistence"))]
    {
        let _ = file;
        Err(BundleError::NotBuilt)
    }
}

/// Adds a bundle's kernels to what is kept, and says how many were new. Those of other devices or versions lie there
/// unused.
///
/// # Errors
///
/// If nothing is kept, or the file is no bundle.
pub fn add_bundle(file: &Path) -> Result<usize, BundleError> {
    #[cfg(feature = "persistence")]
    {
        use burn::cubecl::bundle;

        let opened = bundle::open(file).map_err(|error| failed(file, &error))?;
        Ok(bundle::import(&*opened).imported)
    }
    #[cfg(not(feature = "persistence"))]
    {
        let _ = file;
        Err(BundleError::NotBuilt)
    }
}

#[cfg(feature = "persistence")]
fn failed(file: &Path, error: &dyn std::fmt::Display) -> BundleError {
    BundleError::File { file: file.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(feature = "persistence"))]
    #[test]
    fn without_the_feature_nothing_is_kept_and_it_is_said() {
        assert_eq!(folder(), None);
        let message = add_bundle(Path::new("x.db")).unwrap_err().to_string();
        assert!(message.ends_with("without the feature `persistence`"), "{message}");
        assert!(save_bundle(Path::new("x.db")).is_err());
    }

    #[cfg(not(any(feature = "wgpu", feature = "cuda")))]
    #[test]
    fn without_a_gpu_backend_there_is_nothing_to_configure() {
        assert!(!configure(None));
    }
}
