//! The Secret's data: the authorities as texts, and back.

use std::collections::BTreeMap;
use std::time::Duration;

use super::authority::{Authority, Trusted};
use super::scheme::{Authorities, Candidate};

/// Keys and values of a Secret.
pub type Data = BTreeMap<String, Vec<u8>>;

/// All keys. `….published` is the time since when `caBundle` holds it, in milliseconds since 1970.
pub const KEYS: [&str; 7] = [
    "current.crt",
    "current.key",
    "current.published",
    "next.crt",
    "next.key",
    "next.published",
    "previous.crt",
];

/// The authorities as data.
pub fn write(authorities: &Authorities) -> Data {
    let mut data = Data::new();
    let mut put = |key: String, text: String| data.insert(key, text.into_bytes());
    let mut candidate = |name: &str, candidate: &Candidate| {
        let authority = &candidate.authority;
        put(format!("{name}.crt"), authority.certificate.pem());
        put(format!("{name}.key"), authority.key().to_owned());
        if let Some(published) = candidate.published {
            let text = published.as_millis().to_string();
            put(format!("{name}.published"), text);
        }
    };
    candidate("current", &authorities.current);
    if let Some(next) = &authorities.next {
        candidate("next", next);
    }
    if !authorities.previous.is_empty() {
        put(
            "previous.crt".to_owned(),
            Trusted::pems(&authorities.previous),
        );
    }
    data
}

/// The authorities that data holds.
///
/// # Errors
/// Which key is missing or can't be read.
pub fn read(data: &Data) -> Result<Authorities, String> {
    let current = candidate(data, "current")?;
    let previous = data.get("previous.crt").map(|pem| Trusted::read(pem));
    let (previous, spoiled) = previous.unwrap_or_default();
    match (current, spoiled) {
        (None, _) => Err("current.crt is missing".to_owned()),
        (_, true) => Err("previous.crt can't be read".to_owned()),
        (Some(current), false) => Ok(Authorities {
            current,
            next: candidate(data, "next")?,
            previous,
        }),
    }
}

fn candidate(data: &Data, name: &str) -> Result<Option<Candidate>, String> {
    let Some(certificate) = data.get(&format!("{name}.crt")) else {
        return Ok(None);
    };
    let key = data.get(&format!("{name}.key"));
    let key = key.ok_or_else(|| format!("{name}.key is missing"))?;
    let authority = Authority::read(certificate, key);
    let published = data.get(&format!("{name}.published"));
    let published = published.map(|text| std::str::from_utf8(text).ok()?.parse().ok());
    Ok(Some(Candidate {
        authority: authority.map_err(|why| format!("{name}.crt, {name}.key: {why}"))?,
        published: match published {
            None => None,
            Some(Some(milliseconds)) => Some(Duration::from_millis(milliseconds)),
            Some(None) => return Err(format!("{name}.published is no number")),
        },
    }))
}
