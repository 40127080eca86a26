//! From bytes to documents, file by file: what is read, and what is left unread.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::document::Reading;
use crate::project::Gap;
use crate::project::files::{self, Class, Facts, FileKind};
use crate::source::Source;
use crate::yaml;

/// One file of a run.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The name that findings show.
    pub shown: String,
    /// What tells it from all others; lookups between files go by it.
    pub location: String,
    /// The path below the folder of its config, for the config's patterns.
    pub config_path: String,
    /// Findings in it are reported; otherwise it only helps to resolve relations.
    pub target: bool,
    /// The config that applies: an index into the run's configs.
    pub config: usize,
    /// The config leaves it out.
    pub excluded: bool,
    /// It is an object of a cluster, whatever its config says of bundles.
    pub of_cluster: Option<OfCluster>,
}

/// Where in a cluster an object is.
#[derive(Clone, Debug, Default)]
pub struct OfCluster {
    /// The number of its bundle.
    pub bundle: u32,
    /// The files of the bundle are all that there is in it.
    pub closed: bool,
    /// But for this, which couldn't be listed.
    pub unlisted: Arc<[Gap]>,
}

impl File {
    /// The path that survives a move of the whole project: for `Finding::key`.
    pub fn location_in_config(&self) -> &str {
        &self.config_path
    }
}

/// What became of a file.
#[derive(Debug)]
pub struct Loaded {
    /// Its name and text; without text where nothing more can be said about it.
    pub source: Source,
    /// Its documents.
    pub reading: Reading,
    /// What it is by itself.
    pub facts: Facts,
    /// Why it couldn't be opened.
    pub unopened: Option<String>,
}

/// Reads one file, as far as it takes to say what it is.
pub fn load(
    file: &File,
    charts: &BTreeSet<String>,
    bytes: impl FnOnce() -> Result<Vec<u8>, String>,
) -> Loaded {
    let unread = |class: Class, unopened| Loaded {
        source: Source::new(file.shown.clone(), ""),
        reading: Reading::default(),
        facts: Facts::decided(class),
        unopened,
    };
    if file.excluded {
        return unread(
            Class::new(FileKind::Excluded, "the config excludes it"),
            None,
        );
    }
    let bytes = match bytes() {
        Ok(bytes) => bytes,
        Err(why) => {
            let class = Class::new(FileKind::Unreadable, "it can't be opened");
            return unread(class, Some(why));
        }
    };
    let source = Source::decode(file.shown.clone(), bytes);
    if let Some(class) = files::before_reading(&file.location, &source.text, charts) {
        return unread(class, None);
    }
    let reading = yaml::read(&source);
    let facts = Facts::read(&file.location, &source, &reading);
    Loaded {
        source,
        reading,
        facts,
        unopened: None,
    }
}
