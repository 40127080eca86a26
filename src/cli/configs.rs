//! Which config applies to which file: the nearest one upward, up to the root of its project.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use foldhash::{HashMap, HashSet};

use super::input::{InputFile, Inputs, RootKind};
use super::paths;
use crate::finding::{Finding, RuleMeta};
use crate::lint::config::{CommandLine, Config, FILE_NAMES};
use crate::lint::usage::BAD_CONFIG;
use crate::source::{Source, SourceId};

/// The configs of a run. The first one has no file: it applies where none is found.
pub struct Configs<'r> {
    /// By their numbers.
    pub all: Vec<Config>,
    /// The folder of each and its file, both absolute; `None` for the one without.
    pub files: Vec<Option<ConfigFile>>,
    /// What is wrong with them, each against its own source.
    pub faults: Vec<(Source, Vec<Finding>)>,
    /// The locations of folders that are known to hold none.
    pub without: HashSet<String>,
    /// By the text of their folders: a path is hashed part by part, which takes longer.
    by_folder: HashMap<OsString, usize>,
    rules: &'r [&'static RuleMeta],
    command: CommandLine,
    /// The one that was given with `--config`.
    forced: Option<usize>,
    here: PathBuf,
}

/// Where a config lies.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Its folder.
    pub folder: PathBuf,
    /// Itself.
    pub path: PathBuf,
}

impl<'r> Configs<'r> {
    /// Only the defaults, under the command line.
    pub fn new(rules: &'r [&'static RuleMeta], command: CommandLine, here: PathBuf) -> Self {
        Self {
            all: vec![Config::default().under(command.clone())],
            files: vec![None],
            faults: Vec::new(),
            by_folder: HashMap::default(),
            without: HashSet::default(),
            rules,
            command,
            forced: None,
            here,
        }
    }

    /// Uses this file for everything.
    ///
    /// # Errors
    /// It can't be read.
    pub fn force(&mut self, path: &Path) -> Result<usize, String> {
        let absolute = paths::normalised(&self.here.join(path));
        let number = self
            .read(&absolute)
            .map_err(|why| format!("{}: {why}", path.display()))?;
        self.forced = Some(number);
        Ok(number)
    }

    /// The number of the config that applies to a file in `folder`; it isn't looked for above
    /// `top`.
    pub fn of_folder(&mut self, folder: &Path, top: Option<&Path>) -> usize {
        if let Some(forced) = self.forced {
            return forced;
        }
        if let Some(&known) = self.by_folder.get(folder.as_os_str()) {
            return known;
        }
        let text = folder.to_str();
        let own = match text.is_some_and(|folder| self.without.contains(folder)) {
            true => None,
            false => FILE_NAMES
                .iter()
                .map(|name| folder.join(name))
                .find(|path| path.is_file()),
        };
        let number = match own {
            Some(path) => self.read(&path).unwrap_or(0),
            None if Some(folder) == top => 0,
            None => folder
                .parent()
                .map_or(0, |parent| self.of_folder(parent, top)),
        };
        self.by_folder.insert(folder.into(), number);
        number
    }

    /// The config of a file, and the file's path below that config's folder.
    pub fn of_file(&mut self, inputs: &Inputs, file: &InputFile) -> (usize, String) {
        let location = Path::new(&file.location);
        let folder = location.parent().unwrap_or(Path::new("/")).to_owned();
        let root = file.root.and_then(|root| inputs.roots.get(root));
        let top = root
            .filter(|root| root.kind == RootKind::Git)
            .map(|root| root.folder.clone());
        let number = match file.root {
            Some(_) => self.of_folder(&folder, top.as_deref()),
            None => self.forced.unwrap_or(0),
        };
        let base = self
            .files
            .get(number)
            .and_then(Option::as_ref)
            .map(|c| c.folder.as_path());
        let path = match base {
            Some(base) => paths::way(base, location),
            None => file.root_relative.clone(),
        };
        (number, path)
    }

    fn read(&mut self, path: &Path) -> Result<usize, String> {
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        let source = Source::decode(paths::way(&self.here, path), bytes);
        let (config, faults) = Config::parse(&source, self.rules);
        if !faults.is_empty() {
            let finding =
                |fault: crate::lint::usage::Fault| fault.finding(&BAD_CONFIG, SourceId(0));
            let findings = faults.into_iter().map(finding).collect();
            self.faults.push((source, findings));
        }
        self.all.push(config.under(self.command.clone()));
        self.files.push(Some(ConfigFile {
            folder: path.parent().unwrap_or(path).to_owned(),
            path: path.to_owned(),
        }));
        Ok(self.all.len() - 1)
    }
}
