//! tokens
use crate::case::{ParityError,Row}; use std::path::Path;
pub(crate) fn tokens(_: &Path)->Result<Vec<Row>,ParityError>{Ok(vec![])}
pub(crate) fn preprocessing(_: &Path)->Result<Vec<Row>,ParityError>{Ok(vec![])}
pub(crate) fn metrics(_: &Path)->Result<Vec<Row>,ParityError>{Ok(vec![])}
