//! Comparing short texts, as keys and names are, without a call of `memcmp` for each.

use std::cmp::Ordering;

/// Whether two texts are the same, as `==` says.
#[inline]
pub fn same(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> bool {
    let (a, b) = (a.as_ref(), b.as_ref());
    if a.len() != b.len() {
        return false;
    }
    // Both ends cover all of a short text; they may overlap.
    if let (Some(head), Some(other)) = (a.first_chunk::<8>(), b.first_chunk()) {
        let rest_is_same = || match a.len() {
            ..=16 => a.last_chunk::<8>() == b.last_chunk(),
            _ => a == b,
        };
        return head == other && rest_is_same();
    }
    match (a.first_chunk::<4>(), b.first_chunk()) {
        (Some(head), Some(other)) => head == other && a.last_chunk::<4>() == b.last_chunk(),
        _ => a.iter().eq(b),
    }
}

/// A byte made of a text: equal texts have equal hints.
#[inline]
pub fn hint_of(text: impl AsRef<[u8]>) -> u8 {
    let bytes = text.as_ref();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return 0;
    };
    let ends = first.wrapping_mul(3).wrapping_add(last.wrapping_mul(7));
    ends.wrapping_add(bytes.len() as u8)
}

/// A text to look for in texts that are in order.
#[derive(Clone, Copy)]
pub struct Sought<'a> {
    bytes: &'a [u8],
    head: u64,
}

impl<'a> Sought<'a> {
    /// Prepares for looking for a text.
    #[inline]
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let head = head_of(bytes);
        Self { bytes, head }
    }

    /// How it compares with one of these texts, byte by byte. Most differ in their heads already.
    #[inline]
    pub fn compare(self, other: &[u8]) -> Ordering {
        let by_head = self.head.cmp(&head_of(other));
        by_head.then_with(|| match (self.bytes.len(), other.len()) {
            (9.., 9..) => self.bytes.cmp(other),
            // The head holds all of the shorter one.
            (len, other) => len.cmp(&other),
        })
    }
}

/// The first eight bytes of a text, zeros behind a shorter one, as a number in their order.
#[inline]
fn head_of(text: &[u8]) -> u64 {
    if let Some(head) = text.first_chunk() {
        return u64::from_be_bytes(*head);
    }
    if let (Some(head), Some(end)) = (text.first_chunk(), text.last_chunk()) {
        let beyond = 8 * (8 - text.len() as u32);
        let end = u32::from_be_bytes(*end).unbounded_shl(beyond);
        return u64::from(u32::from_be_bytes(*head)) << 32 | u64::from(end);
    }
    (0..3).fold(0, |head, i| {
        head << 8 | text.get(i).map_or(0, |byte| u64::from(*byte))
    }) << 40
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_of_every_length_what_the_standard_library_says() {
        let mut texts = Vec::new();
        for len in 0..20 {
            let text = "abcdefghijklmnopqrst".get(..len).unwrap_or("");
            texts.push(text.to_owned());
            for at in 0..len {
                for other in ["z", "A", "\0", "é"] {
                    let mut text = text.to_owned();
                    text.replace_range(at..=at, other);
                    texts.push(text);
                }
            }
        }
        for a in &texts {
            for b in &texts {
                assert!(hint_of(a) == hint_of(b) || a != b, "{a:?} {b:?}");
                assert_eq!(same(a, b), a == b, "{a:?} {b:?}");
                let order = Sought::new(a).compare(b.as_bytes());
                assert_eq!(order, a.cmp(b), "{a:?} {b:?}");
            }
        }
    }
}
