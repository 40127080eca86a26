//! Any bytes as the files of one project: a line `#file: NAME` begins the next one.
#![no_main]

#[path = "../../tests/robust/body.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let parts = format!("fuzz.yaml\n{text}");
    let files = parts.split("#file: ").map(|part| {
        let (name, text) = part.split_once('\n').unwrap_or((part, ""));
        (name.to_owned(), text.as_bytes().to_vec())
    });
    body::check(&files.take(8).collect::<Vec<_>>());
});
