//! One run: from files to findings and what was seen.
//!
//! Pure but for the reader it is given; the same files give the same outcome, whatever the
//! number of threads. Not here: where files come from and where reports go (`cli`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::before::{self, OldFile};
use super::config::{Config, Setting};
use super::gather::Gathered;
use super::judge::{Depth, Judge, Judged};
use super::load::{File, Loaded, load};
use super::suppress::Suppressions;
use super::{gather, mask, order, reading};
use crate::apiserver::schema::Table;
use crate::finding::{Family, Finding, Place, RuleMeta};
use crate::minor::Minors;
use crate::object::WEBHOOK_CONFIGURATIONS;
use crate::object::placeholder::Placeholders;
use crate::project::files::{self, Class, FileKind};
use crate::project::graph::Graph;
use crate::project::{Externals, Location, Member};
use crate::report::{Skipped, Summary, Undecided};
use crate::rule::Rule;
use crate::source::{Source, SourceId, Span};

/// How many objects are judged in place.
const FEW: usize = 8;

/// What a run works on.
pub struct Job<'a> {
    /// Targets and context.
    pub files: &'a [File],
    /// The folders that are known to be charts, besides those whose `Chart.yaml` is a file of the
    /// run.
    pub charts: &'a BTreeSet<String>,
    /// Reads the bytes of the file with this index; may be called from several threads.
    pub read: &'a (dyn Fn(usize) -> Result<Vec<u8>, String> + Sync),
    /// The configs that apply, by `File::config`; at least one.
    pub configs: &'a [Config],
    /// The rules to run.
    pub rules: &'a [&'static Rule],
    /// Schemas of custom resources, besides those that stand among the files.
    pub schemas: &'a [Table],
    /// The configs below whose folder everything is a target, and the file that each is.
    pub covered: &'a BTreeMap<usize, usize>,
    /// The files as they are now; with them, objects are judged as updates.
    pub old: &'a [OldFile],
}

/// What a run gives.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The sources of all files, then of those as they are now; `SourceId` is the index.
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
    let old: Vec<Loaded> = job.old.par_iter().map(before::read).collect();
    let mut outcome = {
        let loaded: Vec<&Loaded> = loaded.iter().collect();
        let locations = job.old.iter().map(|old| old.location.as_str());
        let old: Vec<_> = locations.zip(&old).collect();
        judge(&job, &loaded, &old)
    };
    let sources = loaded.into_iter().chain(old);
    outcome.sources = sources.map(|loaded| loaded.source).collect();
    for (config, file) in job.covered {
        let text = job.configs.get(*config).and_then(Config::source);
        if let (Some(text), Some(source)) = (text, outcome.sources.get_mut(*file)) {
            let name = std::mem::take(&mut source.name);
            *source = text.clone();
            source.name = name;
        }
    }
    outcome
}

/// Judges files that are read: one for each of the job's, and those that they replace, each with
/// the location of what replaces it. `Job::read` and `Job::old` aren't asked. The outcome holds no
/// sources.
pub fn judge(job: &Job<'_>, loaded: &[&Loaded], old: &[(&str, &Loaded)]) -> Outcome {
    let facts = job.files.iter().zip(loaded);
    let facts: Vec<_> = facts
        .map(|(file, loaded)| (file.location.as_str(), loaded.facts.clone()))
        .collect();
    let (classes, graph) = files::classify(&facts);
    let mut outcome = Seen {
        job,
        loaded,
        classes: &classes,
        old,
    }
    .outcome(&graph);
    outcome.classes = classes.iter().map(|class| class.kind).collect();
    outcome
}

/// Everything that was read, and what it is.
pub struct Seen<'a> {
    /// What the run works on.
    pub job: &'a Job<'a>,
    /// What became of each file.
    pub loaded: &'a [&'a Loaded],
    /// What each file is.
    pub classes: &'a [Class],
    /// What became of each file as it is now, with the location of what replaces it.
    pub old: &'a [(&'a str, &'a Loaded)],
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
            .map(|(i, ((file, loaded), class))| (SourceId(i as u32), file, *loaded, *class))
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
        let folder = file
            .location
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let location = Location {
            folder: folder.to_owned(),
            namespace: config.map(|config| config.namespace().to_owned()),
            ..Location::default()
        };
        if let Some(of_cluster) = &file.of_cluster {
            return Location {
                bundle: Some((u32::MAX, of_cluster.bundle)),
                closed: of_cluster.closed,
                unlisted: Some(Arc::clone(&of_cluster.unlisted)),
                ..location
            };
        }
        let bundle = config.and_then(|config| config.bundle_of(&file.config_path));
        Location {
            // Bundles of different configs are different bundles.
            bundle: bundle.map(|bundle| (file.config as u32, bundle.id.0)),
            closed: bundle.is_some_and(|bundle| bundle.closed),
            ..location
        }
    }

    fn config(&self, id: SourceId) -> Option<(&'a File, &'a Config)> {
        let file = self.job.files.get(id.0 as usize)?;
        Some((file, self.job.configs.get(file.config)?))
    }

    /// The minors to judge a source for.
    fn minors(&self, id: SourceId) -> Minors {
        let config = self.config(id);
        config.map_or(Minors::default(), |(_, config)| config.minors())
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
        };
        let touches_target = |finding: &Finding| {
            let mut related = finding.related.iter().map(|related| &related.place);
            related.any(|place| self.is_target(place.source))
        };
        let members = gathered.project.members();
        let one = |member: &Member<'t>| {
            let source = member.object.source;
            let minors = self.minors(source);
            match self.is_target(source) {
                true => judge.target(member, minors),
                false => {
                    let found = judge.bystander(member, minors, &touches_target);
                    Judged::bystander(found)
                }
            }
        };
        match members.len() {
            // To hand a few over to other threads takes longer than they do.
            ..=FEW => members.iter().map(one).collect(),
            _ => members.par_iter().map(one).collect(),
        }
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
        self.count_minors(&mut outcome.summary);
        self.count_files(&mut outcome);
        self.count_objects(&gathered, &judged, &mut outcome.summary);
        for (id, file, loaded, class) in self.files().filter(|(_, file, ..)| file.target) {
            let read = reading::findings(id, file, loaded, class, self.minors(id));
            outcome.unread |= read.unread;
            outcome.findings.extend(read.findings);
            outcome.summary.skipped.extend(read.skipped);
        }
        let ran = Ran::new(self, &gathered, &judged);
        let found = judged.into_iter().flat_map(|judged| judged.findings);
        outcome.findings.extend(found);
        self.control(&gathered, &ran, &mut outcome);
        self.name_namespaces(&mut outcome.findings);
        outcome
    }

    /// Applies what the user says about findings: severities, then suppressions.
    fn control(&self, gathered: &Gathered<'_>, ran: &Ran, outcome: &mut Outcome) {
        let has_comments = self
            .files()
            .any(|(.., loaded, _)| !loaded.reading.comments.is_empty());
        // Only what suppresses names rules.
        let metas = match has_comments || !gathered.allows.is_empty() {
            true => all_metas(self.job.rules),
            false => Vec::new(),
        };
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
        let had_its_say = |rule: &RuleMeta, place: &Place| {
            let setting = self.setting(rule, place.source);
            setting.severity(rule.severity).is_some() && ran.on(rule, place)
        };
        bad.extend(suppressions.unused(&had_its_say, ran.all_read));
        bad.extend(self.unmatched(ran, &outcome.summary));
        bad.retain(|finding| self.is_target(finding.place.source));
        for finding in &mut bad {
            finding.minors = self.minors(finding.place.source);
        }
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

    /// Patterns of configs that match nothing, where everything that they could match was seen.
    /// An entry for an object that is made elsewhere is only known to be superfluous once every
    /// lookup had an answer.
    fn unmatched(&self, ran: &Ran, summary: &Summary) -> Vec<Finding> {
        if !ran.all_read || self.job.covered.is_empty() {
            return Vec::new();
        }
        for (_, file, ..) in self.files() {
            if let Some(config) = self.job.configs.get(file.config) {
                config.see(&file.config_path);
            }
        }
        let known = |class: &Class| {
            use FileKind::{ChartTemplate, Encrypted, Patch, Source};
            !matches!(class.kind, Source | Patch | ChartTemplate | Encrypted)
        };
        let asked = summary.undecided.is_empty() && self.classes.iter().all(known);
        let covered = self.job.covered.iter();
        let found = covered.flat_map(|(config, file)| {
            let config = self.job.configs.get(*config);
            config.map(|config| config.unmatched(SourceId(*file as u32), asked))
        });
        found.flatten().collect()
    }

    /// Names the namespace of objects that name none, where someone said which it is.
    fn name_namespaces(&self, findings: &mut [Finding]) {
        let table = Table::builtin();
        for finding in findings {
            let related = finding.related.iter_mut().map(|related| &mut related.place);
            for place in std::iter::once(&mut finding.place).chain(related) {
                let Some(object) = &mut place.object else {
                    continue;
                };
                let said = self.config(place.source);
                let said = said.and_then(|(_, config)| config.said_namespace());
                let (group, version) = object
                    .api_version
                    .split_once('/')
                    .unwrap_or(("", &object.api_version));
                match table.is_namespaced(group, version, &object.kind) {
                    Some(false) => object.namespace = None,
                    Some(true) if object.namespace.is_none() => {
                        object.namespace = said.map(str::to_owned);
                    }
                    _ => {}
                }
            }
        }
    }

    fn setting(&self, rule: &RuleMeta, id: SourceId) -> Setting {
        self.config(id).map_or(Setting::On, |(file, config)| {
            config.severity_for(rule, &file.config_path)
        })
    }

    fn count_minors(&self, summary: &mut Summary) {
        let targets = self.job.files.iter().filter(|file| file.target);
        let configs = targets.filter_map(|file| self.job.configs.get(file.config));
        summary.default_minors = true;
        for config in configs {
            summary.minors = summary.minors.with(config.minors());
            summary.default_minors &= config.has_default_minors();
        }
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
        let kind = class.kind.name();
        match by {
            Some(file) => format!("{kind}: {} {}", class.why, file.shown),
            None if class.kind == FileKind::Kustomization => {
                format!("{kind}: what it builds is judged once it is rendered")
            }
            None => format!("{kind}: {}", class.why),
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
                Depth::Server => summary.depth.server += 1,
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
        for kind in WEBHOOK_CONFIGURATIONS {
            let of_kind = gathered.project.of_kind(kind);
            let targets = of_kind.filter(|member| {
                member.object.group == "admissionregistration.k8s.io"
                    && self.is_target(member.object.source)
            });
            summary.webhooks += targets.count();
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

/// Where rules could say all that they have to say.
struct Ran {
    /// Documents with an object that not all rules could look at.
    cut_short: BTreeSet<(SourceId, u32)>,
    /// Rules that couldn't decide something about a source.
    undecided: BTreeSet<(&'static str, SourceId)>,
    /// Nothing in sight is unread.
    all_read: bool,
}

impl Ran {
    fn new(seen: &Seen<'_>, gathered: &Gathered<'_>, judged: &[Judged]) -> Self {
        let mut cut_short = BTreeSet::new();
        let mut undecided = BTreeSet::new();
        for (member, judged) in gathered.project.members().iter().zip(judged) {
            let source = member.object.source;
            if !judged.complete {
                cut_short.insert((source, member.object.document));
            }
            undecided.extend(judged.undecided.iter().map(|asked| (asked.rule, source)));
        }
        let all_read = seen.files().all(|(_, _, loaded, class)| {
            let documents = &loaded.reading.documents;
            let faults = documents.iter().any(|document| document.root.is_err());
            loaded.unopened.is_none() && (!faults || class.kind == FileKind::NotAManifest)
        });
        Self {
            cut_short,
            undecided,
            all_read,
        }
    }

    /// Whether a rule could say all about a place.
    fn on(&self, rule: &RuleMeta, place: &Place) -> bool {
        let whole = !self.cut_short.contains(&(place.source, place.document));
        (whole || rule.family == Family::Reading)
            && !self.undecided.contains(&(rule.id, place.source))
    }
}

/// All metas that a run can speak with: the rules' and the engines'.
pub fn all_metas(rules: &[&'static Rule]) -> Vec<&'static RuleMeta> {
    let engines = super::generic::METAS
        .iter()
        .chain(super::admission::rules::METAS)
        .chain(&super::usage::RULES)
        .copied();
    let mut metas: Vec<_> = engines.chain(rules.iter().map(|rule| &rule.meta)).collect();
    metas.sort_by_key(|meta| (meta.family, meta.id));
    metas
}
