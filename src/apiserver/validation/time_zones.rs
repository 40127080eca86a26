//! Names of time zones, as the server knows them.
//!
//! Mirrors `time.LoadLocation` of Go with its own database, which kube-apiserver carries.

/// The names in Go's database, one a line, which `schemas/time-zones` writes.
static NAMES: &str = include_str!("../../../schemas/time-zones.txt");

/// `time.LoadLocation`: what it says where it fails.
pub fn load_location(name: &str) -> Result<(), String> {
    if matches!(name, "" | "UTC" | "Local") {
        return Ok(());
    }
    if name.contains("..") || name.starts_with(['/', '\\']) {
        return Err("time: invalid location name".to_owned());
    }
    if NAMES.lines().any(|known| known == name) {
        return Ok(());
    }
    Err(format!("unknown time zone {name}"))
}
