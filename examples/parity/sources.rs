//! Which upstream function each row stands for: read from the sources of the model, where a
//! function that names rows names in its documentation what it mirrors.

use std::collections::BTreeMap;
use std::path::Path;

/// Rows with the upstream function that the function around them mirrors.
pub fn functions(folder: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            found.extend(functions(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            read(&std::fs::read_to_string(&path)?, &mut found);
        }
    }
    Ok(found)
}

fn read(text: &str, found: &mut BTreeMap<String, String>) {
    let mut documented = None;
    let mut function = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        if let Some(comment) = line.strip_prefix("/// ") {
            documented = documented.or_else(|| named(comment));
        } else if line.starts_with("fn ") || line.starts_with("pub") && line.contains(" fn ") {
            function = documented.take().unwrap_or_default();
        } else if !line.starts_with("#[") {
            documented = None;
        }
        for row in line.split('"').filter(|text| is_row(text)) {
            found
                .entry(row.to_owned())
                .or_insert_with(|| function.clone());
        }
    }
}

/// The first name in backticks that looks like one of Go's functions.
fn named(comment: &str) -> Option<String> {
    let mut names = comment.split('`').skip(1).step_by(2);
    let name = names.find(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'))?;
    Some(name.to_owned())
}

/// `DEP-01`
fn is_row(text: &str) -> bool {
    let Some((prefix, number)) = text.split_once('-') else {
        return false;
    };
    let upper = prefix.bytes().all(|b| b.is_ascii_uppercase());
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    upper && digits && (2..=4).contains(&prefix.len()) && number.len() == 2
}
