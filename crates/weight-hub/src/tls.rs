//! Safe connections, without C.

use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsConfigBuilder};

/// TLS in Rust alone, by the certificates of the system: a hospital's proxy has one of its own there.
pub(crate) fn tls() -> Result<TlsConfig, String> {
    let config = with_provider(TlsConfig::builder()).ok_or(
        "this processor lacks what TLS is built on here (x86-64 with AVX2 and ADX, or ARM with AES); download the \
         file and give its path",
    )?;
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let cause = found.errors.first().map_or(String::new(), |error| format!(" ({error})"));
        return Err(format!(
            "the system has no certificates{cause}; install them (ca-certificates), or set SSL_CERT_FILE to a file \
             of them"
        ));
    }
    let certificates = found.certs.iter().map(|found| Certificate::from_der(found).to_owned());
    Ok(config.root_certs(RootCerts::from(certificates.collect::<Vec<_>>())).build())
}

#[cfg(target_arch = "x86_64")]
fn with_provider(config: TlsConfigBuilder) -> Option<TlsConfigBuilder> {
    // What graviola asks for; it panics without.
    let has = is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("avx")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("adx")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2");
    let provider = || std::sync::Arc::new(rustls_graviola::default_provider());
    has.then(|| config.unversioned_rustls_crypto_provider(provider()))
}

#[cfg(target_arch = "aarch64")]
fn with_provider(config: TlsConfigBuilder) -> Option<TlsConfigBuilder> {
    use std::arch::is_aarch64_feature_detected;
    let has = is_aarch64_feature_detected!("neon")
        && is_aarch64_feature_detected!("aes")
        && is_aarch64_feature_detected!("pmull")
        && is_aarch64_feature_detected!("sha2");
    let provider = || std::sync::Arc::new(rustls_graviola::default_provider());
    has.then(|| config.unversioned_rustls_crypto_provider(provider()))
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn with_provider(_: TlsConfigBuilder) -> Option<TlsConfigBuilder> {
    None
}
