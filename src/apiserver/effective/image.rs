//! Image references, as far as the default of `imagePullPolicy` looks into them.
//!
//! Mirrors `ParseImageName` in `pkg/util/parsers/parsers.go` and the grammar behind it, that of
//! `github.com/distribution/reference`.

use crate::apiserver::gates::Gates;

/// `RepositoryNameTotalLengthMax`, before `NameTotalLengthMax`.
const NAME_BYTES_MAX: usize = 255;
/// `defaultDomain`.
const DEFAULT_DOMAIN: &str = "docker.io";
/// `officialRepoPrefix`.
const OFFICIAL_PREFIX: &str = "library/";

/// Whether the tag of an image is `latest`, by name or for want of a tag and a digest; false for
/// what can't be read.
pub fn is_latest(image: &str, gates: &Gates) -> bool {
    let Some((tag, digest)) = parse_image_name(image, gates) else {
        return false;
    };
    tag == Some("latest") || (tag.is_none() && digest.is_none())
}

/// The tag and the digest.
fn parse_image_name<'i>(
    image: &'i str,
    gates: &Gates,
) -> Option<(Option<&'i str>, Option<&'i str>)> {
    if image.len() == 64 && image.bytes().all(is_lower_hex) {
        return None;
    }
    let (named, digest) = match image.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (image, None),
    };
    let last_slash = named.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match named.rfind(':').filter(|colon| *colon >= last_slash) {
        Some(colon) => (
            named.get(..colon)?,
            Some(named.get(colon + 1..).unwrap_or_default()),
        ),
        None => (named, None),
    };
    let shouts = |text: &str| text.bytes().any(|b| b.is_ascii_uppercase());
    let fits = is_name(name, gates)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
        && !(tag.is_none() && digest.is_some_and(|d| d.split(':').next().is_some_and(shouts)));
    fits.then_some((tag, digest))
}

/// A path, with a domain before it where its first part looks like one (`splitDockerDomain`). What
/// names no domain is measured as what it stands for: `web` is `docker.io/library/web`.
fn is_name(name: &str, gates: &Gates) -> bool {
    let split = name.split_once('/');
    let split = split.filter(|(first, _)| is_domain_like(first));
    let (domain, path) = match split {
        Some((first, _)) if !is_domain(first) && !is_path(first) => return false,
        Some(("docker.io" | "index.docker.io", path)) => (DEFAULT_DOMAIN, path),
        Some((domain, path)) => (domain, path),
        None => (DEFAULT_DOMAIN, name),
    };
    let mut length = path.len();
    if domain == DEFAULT_DOMAIN && !path.contains('/') {
        length += OFFICIAL_PREFIX.len();
    }
    if !gates.image_paths_are_measured_alone {
        length += domain.len() + 1;
    }
    length <= NAME_BYTES_MAX && is_path(path)
}

fn is_domain_like(first: &str) -> bool {
    let looks = |b: u8| matches!(b, b'.' | b':') || b.is_ascii_uppercase();
    first == "localhost" || first.bytes().any(looks)
}

/// A host name or an IPv6 address in brackets, with a port or without.
fn is_domain(domain: &str) -> bool {
    let host = match domain.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
                return false;
            }
            host
        }
        _ => domain,
    };
    if let Some(address) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let fits = |b: u8| b.is_ascii_hexdigit() || b == b':';
        return !address.is_empty() && address.bytes().all(fits);
    }
    host.split('.').all(|part| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let dashed = part.starts_with('-') || part.ends_with('-');
        !part.is_empty() && !dashed && part.bytes().all(inner)
    })
}

/// Parts joined by slashes.
fn is_path(path: &str) -> bool {
    path.split('/').all(is_path_component)
}

/// `[a-z0-9]+` joined by `.`, `_`, `__` or dashes.
fn is_path_component(part: &str) -> bool {
    let mut rest = part;
    loop {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if after.len() == rest.len() {
            return false;
        }
        let next = after.trim_start_matches(['.', '_', '-']);
        let separator = after.strip_suffix(next).unwrap_or_default();
        if after.is_empty() {
            return true;
        }
        let dashes = separator.bytes().all(|b| b == b'-');
        if !(dashes || matches!(separator, "." | "_" | "__")) {
            return false;
        }
        rest = next;
    }
}

/// `[\w][\w.-]{0,127}`
fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = |b: u8| word(b) || matches!(b, b'.' | b'-');
    tag.len() <= 128 && tag.bytes().next().is_some_and(word) && tag.bytes().all(fits)
}

/// A digest of an algorithm that the server has, in its length.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(is_lower_hex)
}

fn is_lower_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}
