//! The scalar resolver of go-yaml v2.
/// The value of a plain boolean.
pub fn bool_value(text: &str) -> bool {
    matches!(
        text.as_bytes(),
        [b'y' | b'Y' | b't' | b'T', ..] | [b'o' | b'O', b'n' | b'N']
    )
}
/// The value of a plain integer.
pub fn int(text: &str) -> Option<i128> {
    text.parse().ok()
}
/// The value of a plain float.
pub fn float(text: &str) -> Option<f64> {
    text.parse().ok()
}
