//! One run: from files to findings and what was seen.
//!
//! Pure but for the reader it is given; the same files give the same outcome, whatever the
//! number of threads. Not here: where files come from and where reports go (`cli`).

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::config::{Config, Setting};
use super::gather::Gathered;
use super::judge::{Depth, Judge, Judged};
use super::load::{File, Loaded, load};
use super::suppress::Suppressions;
use super::{gather, mask, order, reading};
use crate::apiserver::schema::Table;
use crate::finding::{Finding, RuleMeta};
use crate::minor::Minors;
use crate::object::placeholder::Placeholders;
use crate::project::files::{self, Class, FileKind};
use crate::project::graph::Graph;
use crate::project::{Externals, Location, Member};
use crate::report::{Skipped, Summary, Undecided};
use crate::rule::Rule;
use crate::source::{Source, SourceId, Span};

/// What a run works on.
pub struct Job<'a> {
    /// Targets and context.
    pub files: &'a [File],
    /// The folders that are known to be charts, besides those whose `Chart.yaml` is a file of the run.
    pub charts: &'a BTreeSet<String>,
    /// Reads the bytes of the file with this index; may be called from several threads.
    pub read: &'a (dyn Fn(usize) -> Result<Vec<u8>, String> + Sync),
    /// The configs that apply, by `File::config`; at least one.
    pub configs: &'a [Config],
    /// The rules to run.
    pub rules: &'a [&'static Rule],
    /// Schemas of custom resources, besides those that stand among the files.
    pub schemas: &'a [Table],
    /// The minors to judge for.
    pub minors: Minors,
    /// The namespace of objects that name none.
    pub namespace: String,
}

/// What a run gives.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The sources of all files; `SourceId` is the index.
    pub sources: Vec<Source>,
    /// What each file is.
    pub classes: Vec<FileKind>,
    /// What was found in or about the targets, in order, before suppressions and baseline.
    pub findings: Vec<Finding>,
    /// What was seen.
    pub summary: Summary,
    /// Where values of Secrets stand.
    pub masked: Vec<(SourceId, Span)>,
    /// Something that should have been judged couldn't be read.
    pub unread: bool,
}

/// Runs a job.
pub fn run(job: Job<'_>) -> Outcome {
    let mut charts = files::chart_folders(job.files.iter().map(|file| file.location.as_str()));
    charts.extend(job.charts.iter().cloned());
    let numbered: Vec<(usize, &File)> = job.files.iter().enumerate().collect();
    let loaded: Vec<Loaded> = numbered
        .into_par_iter()
        .map(|(i, file)| load(file, &charts, || (job.read)(i)))
        .collect();
    let (classes, graph) = {
        let facts = job.files.iter().zip(&loaded);
        let facts: Vec<_> = facts
            .map(|(file, loaded)| (file.location.as_str(), loaded.facts.clone()))
            .collect();
        files::classify(&facts)
    };
    let mut outcome = Seen {
        job: &job,
        loaded: &loaded,
        classes: &classes,
    }
    .outcome(&graph);
    outcome.sources = loaded.into_iter().map(|loaded| loaded.source).collect();
    outcome.classes = classes.iter().map(|class| class.kind).collect();
    outcome
}

/// Everything that was read, and what it is.
pub struct Seen<'a> {
    /// What the run works on.
    pub job: &'a Job<'a>,
    /// What became of each file.
    pub loaded: &'a [Loaded],
    /// What each file is.
    pub classes: &'a [Class],
}

impl<'a> Seen<'a> {
    /// What the configs say is made elsewhere.
    pub fn externals(&self) -> Externals<'a> {
        let job = self.job;
        Externals(Some(Box::new(move |from, group, kind, namespace, name| {
            let file = job.files.get(from.0 as usize);
            let config = file.and_then(|file| job.configs.get(file.config));
            config.is_some_and(|config| config.external(group, kind, namespace, name).is_some())
        })))
    }

    /// The files with their numbers, contents and classes.
    pub fn files(&self) -> impl Iterator<Item = (SourceId, &'a File, &'a Loaded, Class)> + use<'a> {
        let files = self.job.files.iter().zip(self.loaded).zip(self.classes);
        files
            .enumerate()
            .map(|(i, ((file, loaded), class))| (SourceId(i as u32), file, loaded, *class))
    }

    /// What makes a value unknown, by any of the configs.
    pub fn placeholders(&self) -> Placeholders {
        let pairs = self
            .job
            .configs
            .iter()
            .flat_map(|config| config.placeholders().pairs());
        let pairs: BTreeSet<_> = pairs
            .map(|(open, close)| (open.to_owned(), close.to_owned()))
            .collect();
        Placeholders::new(pairs)
    }

    /// Where a file lies, and its bundle.
    pub fn location(&self, file: &File) -> Location {
        let config = self.job.configs.get(file.config);
        let bundle = config.and_then(|config| config.bundle_of(&file.config_path));
        let folder = file
            .location
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        Location {
            folder: folder.to_owned(),
            // Bundles of different configs are different bundles.
            bundle: bundle.map(|bundle| (file.config as u32, bundle.id.0)),
            closed: bundle.is_some_and(|bundle| bundle.closed),
        }
    }

    fn is_target(&self, id: SourceId) -> bool {
        let file = self.job.files.get(id.0 as usize);
        file.is_some_and(|file| file.target)
    }

    fn judge<'t>(&self, gathered: &Gathered<'t>, schemas: &[&Table]) -> Vec<Judged> {
        let judge = Judge {
            project: &gathered.project,
            rules: self.job.rules,
            custom: schemas,
            minors: self.job.minors,
        };
        let touches_target = |finding: &Finding| {
            let mut related = finding.related.iter().map(|related| &related.place);
            related.any(|place| self.is_target(place.source))
        };
        let members = gathered.project.members();
        members
            .par_iter()
            .map(|member: &Member<'t>| {
                if self.is_target(member.object.source) {
                    judge.target(member)
                } else {
                    Judged::bystander(judge.bystander(member, &touches_target))
                }
            })
            .collect()
    }

    fn outcome(&self, graph: &Graph) -> Outcome {
        let gathered = gather::gather(self, graph);
        let in_sight = gather::custom_schemas(gathered.project.members());
        let schemas: Vec<&Table> = in_sight.iter().chain(self.job.schemas).collect();
        let judged = self.judge(&gathered, &schemas);
        let mut outcome = Outcome {
            masked: mask::masked(self),
            ..Outcome::default()
        };
        outcome.summary.minors = self.job.minors;
        self.count_files(&mut outcome);
        self.count_objects(&gathered, &judged, &mut outcome.summary);
        for (id, file, loaded, class) in self.files().filter(|(_, file, ..)| file.target) {
            let read = reading::findings(id, file, loaded, class, self.job.minors);
            outcome.unread |= read.unread;
            outcome.findings.extend(read.findings);
            outcome.summary.skipped.extend(read.skipped);
        }
        let found = judged.into_iter().flat_map(|judged| judged.findings);
        outcome.findings.extend(found);
        self.control(&gathered, &mut outcome);
        outcome
    }

    /// Applies what the user says about findings: severities, then suppressions.
    fn control(&self, gathered: &Gathered<'_>, outcome: &mut Outcome) {
        let metas = all_metas(self.job.rules);
        let mut suppressions = Suppressions::new(&metas);
        for (id, file, loaded, _) in self.files() {
            if file.target || !loaded.reading.comments.is_empty() {
                suppressions.add_comments(id, &loaded.source, &loaded.reading);
            }
        }
        for allow in &gathered.allows {
            suppressions.add_annotations(
                allow.source,
                allow.document,
                &allow.object,
                allow.annotations,
            );
        }
        let findings = std::mem::take(&mut outcome.findings);
        let applied = suppressions.apply(self.with_severities(findings));
        outcome.summary.suppressed = applied.suppressed;
        let mut bad = suppressions.take_bad();
        let complete = !outcome.unread && outcome.summary.undecided.is_empty();
        let ran = |rule: &RuleMeta, id: SourceId| {
            self.setting(rule, id).severity(rule.severity).is_some()
        };
        bad.extend(suppressions.unused(&ran, complete));
        bad.retain(|finding| self.is_target(finding.place.source));
        outcome.findings = applied.kept;
        outcome.findings.extend(self.with_severities(bad));
        let findings = std::mem::take(&mut outcome.findings);
        outcome.findings = order::settle(findings, self.job.files);
    }

    /// Drops findings of rules that are off where they stand, and sets severities that the
    /// config gives.
    fn with_severities(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let severity = |mut finding: Finding| {
            let setting = self.setting(finding.rule, finding.place.source);
            finding.severity = setting.severity(finding.severity)?;
            Some(finding)
        };
        findings.into_iter().filter_map(severity).collect()
    }

    fn setting(&self, rule: &RuleMeta, id: SourceId) -> Setting {
        let file = self.job.files.get(id.0 as usize);
        let config = file.and_then(|file| Some((file, self.job.configs.get(file.config)?)));
        config.map_or(Setting::On, |(file, config)| {
            config.severity_for(rule, &file.config_path)
        })
    }

    fn count_files(&self, outcome: &mut Outcome) {
        let mut kinds: BTreeMap<FileKind, usize> = BTreeMap::new();
        for (_, file, loaded, class) in self.files().filter(|(_, file, ..)| file.target) {
            *kinds.entry(class.kind).or_default() += 1;
            let judged = matches!(
                class.kind,
                FileKind::Manifest | FileKind::Source | FileKind::Patch | FileKind::Unreadable
            );
            if judged {
                outcome.summary.documents += loaded.reading.documents.len();
                continue;
            }
            outcome.summary.skipped.push(Skipped {
                file: file.shown.clone(),
                document: None,
                why: self.why(class),
            });
        }
        outcome.summary.file_kinds = kinds
            .into_iter()
            .map(|(kind, count)| (kind.name(), count))
            .collect();
    }

    fn why(&self, class: Class) -> String {
        let by = class.by.and_then(|by| self.job.files.get(by));
        match by {
            Some(file) => format!("{}: {} {}", class.kind.name(), class.why, file.shown),
            None => format!("{}: {}", class.kind.name(), class.why),
        }
    }

    fn count_objects(&self, gathered: &Gathered<'_>, judged: &[Judged], summary: &mut Summary) {
        let mut unchecked: BTreeMap<String, usize> = BTreeMap::new();
        let mut undecided: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let members = gathered.project.members().iter().zip(judged);
        for (member, judged) in members {
            let object = &member.object;
            if !self.is_target(object.source) {
                continue;
            }
            summary.objects += usize::from(judged.depth != Depth::Hidden);
            match judged.depth {
                Depth::Hidden => {}
                Depth::Schema => summary.depth.schema += 1,
                Depth::Structure => summary.depth.structure += 1,
                Depth::Unchecked => {
                    summary.depth.unchecked += 1;
                    *unchecked.entry(object.kind_and_group()).or_default() += 1;
                }
            }
            for question in &judged.undecided {
                *undecided.entry((question.rule, &question.why)).or_default() += 1;
            }
        }
        summary.unchecked_kinds = unchecked.into_iter().collect();
        summary.undecided = undecided
            .into_iter()
            .map(|((rule, why), count)| Undecided {
                rule: rule.to_owned(),
                why: why.to_owned(),
                count,
            })
            .collect();
    }
}

/// All metas that a run can speak with: the rules' and the engines'.
pub fn all_metas(rules: &[&'static Rule]) -> Vec<&'static RuleMeta> {
    let engines = super::generic::METAS
        .iter()
        .chain(&super::usage::RULES)
        .copied();
    let mut metas: Vec<_> = engines.chain(rules.iter().map(|rule| &rule.meta)).collect();
    metas.sort_by_key(|meta| (meta.family, meta.id));
    metas
}
