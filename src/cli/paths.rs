//! Paths as text: how a file is named to people and how it is told from others.
//!
//! Nothing here touches the file system.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The path with `/` between its parts, whatever the platform writes.
pub(super) fn slashed(path: &Path) -> String {
    let text = text(path.as_os_str());
    match std::path::MAIN_SEPARATOR {
        '/' => text,
        other => text.replace(other, "/"),
    }
}

/// The name as text: bytes that aren't UTF-8 as `\xff`, so that two names stay two.
fn text(name: &OsStr) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Without `.` and with each `..` taking back the part before it.
pub(super) fn normalised(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// How a path that was written in `folder` is shown: an absolute one as it is, any other by its
/// way from there, without a leading `./`.
pub(super) fn shown(folder: &Path, written: &Path) -> String {
    if written.is_absolute() {
        return slashed(&normalised(written));
    }
    way(folder, &normalised(&folder.join(written)))
}

/// The way from the folder `from` to `to`, both absolute: `a/b`, `../a`, `.`.
pub(super) fn way(from: &Path, to: &Path) -> String {
    let common = from.components().zip(to.components());
    let common = common.take_while(|(a, b)| a == b).count();
    let mut parts: Vec<String> = from
        .components()
        .skip(common)
        .map(|_| "..".to_owned())
        .collect();
    let rest = to.components().skip(common);
    parts.extend(rest.map(|part| text(part.as_os_str())));
    match parts.is_empty() {
        true => ".".to_owned(),
        false => parts.join("/"),
    }
}

/// `folder` and `rest` joined with `/`; the folders `.` and `""` leave `rest` alone.
pub(super) fn joined(folder: &str, rest: &str) -> String {
    match folder {
        "" | "." => rest.to_owned(),
        _ if rest.is_empty() => folder.to_owned(),
        _ if folder.ends_with('/') => format!("{folder}{rest}"),
        _ => format!("{folder}/{rest}"),
    }
}

/// What is left of `path` below `folder`, `""` for the folder itself.
pub(super) fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() || folder.ends_with('/') || folder.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_paths_as_written_without_detours() {
        let cases = [
            ("./a.yaml", "a.yaml"),
            ("b//c.yaml", "b/c.yaml"),
            ("../x/a.yaml", "../x/a.yaml"),
            ("../here/a.yaml", "a.yaml"),
            ("/r/here/./a.yaml", "/r/here/a.yaml"),
            (".", "."),
            ("..", ".."),
        ];
        for (written, expected) in cases {
            assert_eq!(shown(Path::new("/r/here"), Path::new(written)), expected);
        }
    }

    #[test]
    fn joins_and_parts() {
        assert_eq!(joined(".", "a"), "a");
        assert_eq!(joined("/", "a"), "/a");
        assert_eq!(joined("b", "a"), "b/a");
        assert_eq!(below("/r", "/r/a"), Some("a"));
        assert_eq!(below("/", "/r"), Some("r"));
        assert_eq!(below("/r", "/rs"), None);
    }
}
