//! Any bytes as one manifest.
#![no_main]

#[path = "../../tests/robust/body.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    body::check(&[("fuzz.yaml".to_owned(), data.to_vec())]);
});
