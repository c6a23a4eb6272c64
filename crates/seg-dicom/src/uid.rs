//! Unique identifiers.

/// A new identifier: `2.25.` and a random UUID as a number (PS3.5, B.2), which nobody has to assign.
///
/// # Errors
///
/// If the system has no random numbers.
pub(crate) fn new_uid() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let random = u128::from_be_bytes(bytes);
    // Version 4, variant 1 (RFC 9562, 5.4).
    let version = random & !(0xf << 76) | 4 << 76;
    let uuid = version & !(0b11 << 62) | 0b10 << 62;
    Ok(format!("2.25.{uuid}"))
}

/// Whether a text can be an identifier: digits and points, at most 64.
pub(crate) fn is_uid(text: &str) -> bool {
    let parts = || text.split('.');
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    text.len() <= 64 && parts().count() > 1 && parts().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_new_and_short_enough() {
        let (a, b) = (new_uid().unwrap(), new_uid().unwrap());
        assert!(a != b && is_uid(&a) && a.len() <= 44, "{a} {b}");
        for wrong in ["", "1", "1.02", "1.a", "1..2", "1.2 ", &"1.2".repeat(30)] {
            assert!(!is_uid(wrong), "{wrong}");
        }
    }
}
