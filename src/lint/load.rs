//! From bytes to documents, file by file: what is read, and what is left.

use memchr::memmem;

use crate::document::Reading;
use crate::source::Source;
use crate::yaml;

/// One file of a run.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The name that findings show.
    pub shown: String,
    /// The path below the folder of its config, for the config's patterns.
    pub config_path: String,
    /// The path below the root of the project, for kustomizations and charts.
    pub path: String,
    /// Findings in it are reported; otherwise it only helps to resolve relations.
    pub target: bool,
    /// The config that applies: an index into the run's configs.
    pub config: usize,
    /// The config leaves it out.
    pub excluded: bool,
    /// It was named by the user, not found in a folder.
    pub explicit: bool,
}

/// What became of a file.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Its name and text; without text where nothing can be said about it.
    pub source: Source,
    /// Its documents.
    pub reading: Reading,
    /// Why it isn't read, for files that aren't.
    pub skipped: Option<Skip>,
}

/// Why a file isn't read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The config leaves it out.
    Excluded,
    /// It holds no object: no `apiVersion` and `kind` in its bytes.
    NotAManifest,
    /// It can't be opened.
    Unopened(String),
}

/// Reads one file. `keep` says of a file without objects that it is wanted all the same
/// (kustomizations may leave their kind out).
pub fn load(file: &File, keep: bool, bytes: impl FnOnce() -> Result<Vec<u8>, String>) -> Loaded {
    let skip = |skip| Loaded {
        source: Source::new(file.shown.clone(), ""),
        skipped: Some(skip),
        ..Loaded::default()
    };
    if file.excluded {
        return skip(Skip::Excluded);
    }
    let bytes = match bytes() {
        Ok(bytes) => bytes,
        Err(why) => return skip(Skip::Unopened(why)),
    };
    let source = Source::decode(file.shown.clone(), bytes);
    if !keep && !may_hold_objects(source.text.as_bytes()) {
        return skip(Skip::NotAManifest);
    }
    let reading = yaml::read(&source);
    Loaded {
        source,
        reading,
        skipped: None,
    }
}

fn may_hold_objects(text: &[u8]) -> bool {
    memmem::find(text, b"apiVersion").is_some() && memmem::find(text, b"kind").is_some()
}
