//! Why settings are refused.

/// Why an [`AugmentConfig`](crate::AugmentConfig) was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum AugmentError {
    /// A setting is out of its range.
    #[error("{key} is {value}: {expected}")]
    Setting { key: &'static str, value: f64, expected: &'static str },
}
