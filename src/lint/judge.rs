//! Judging one object: its version, its structure, then the rules.
//!
//! The order is the server's: what it says while decoding hides what its validation would say,
//! and an object that it rejects is not asked what it would do in a cluster.

use std::collections::BTreeSet;

use super::verdicts::{deprecation, first_rejection, not_served, report};
use super::{admission, generic};
use crate::apiserver::named::Named;
use crate::apiserver::registry::Strategy;
use crate::apiserver::schema::{ObjectKind, Table};
use crate::apiserver::{CutOff, Stage, Verdict, decode, enforced};
use crate::finding::{Finding, Step, render_path};
use crate::minor::{Minor, Minors};
use crate::project::{Member, Project, Role};
use crate::rule::{Context, Rule, Scope, Sink, Undecided};
use crate::tree::Node;

/// How deeply an object was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Nothing knows its kind.
    Unchecked,
    /// Nothing but its name can be read.
    Hidden,
    /// Fields and types only: it is changed before it is applied.
    Structure,
    /// Against the whole schema.
    Schema,
    /// As the API server validates it.
    Server,
}

/// What judging an object gave.
#[derive(Debug)]
pub struct Judged {
    /// How deeply it was judged.
    pub depth: Depth,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What couldn't be known.
    pub undecided: Vec<Undecided>,
    /// All rules ran, for each minor: nothing hid anything from them.
    pub complete: bool,
}

impl Judged {
    /// What an object that isn't judged has to say about others.
    pub fn bystander(findings: Vec<Finding>) -> Self {
        Self {
            depth: Depth::Unchecked,
            findings,
            undecided: Vec::new(),
            complete: false,
        }
    }
}

/// What judging needs beside the object.
#[derive(Clone, Copy)]
pub struct Judge<'a, 't> {
    /// Everything in sight.
    pub project: &'a Project<'t>,
    /// The rules to run.
    pub rules: &'a [&'static Rule],
    /// Schemas of custom resources.
    pub custom: &'a [&'a Table],
}

/// What the server's decoder says of an object.
enum Structure {
    /// Its kind isn't known to anything in sight.
    Unchecked,
    /// It was checked, by validation or by its schema alone.
    Checked(Depth, Option<Rejection>),
    /// The server doesn't serve the kind: nothing more can be said.
    NotServed,
}

/// That the server rejects an object, and where.
struct Rejection(Stage);

impl<'t> Judge<'_, 't> {
    /// Judges an object whose findings are reported.
    pub fn target(&self, member: &Member<'t>, minors: Minors) -> Judged {
        if member.role == Role::Hidden {
            return Judged {
                depth: Depth::Hidden,
                ..Judged::bystander(Vec::new())
            };
        }
        let mut sink = Sink::default();
        let mut depth = Depth::Unchecked;
        let mut complete = member.role == Role::Whole;
        for minor in minors.iter() {
            let context = self.context(member, minor);
            let structure = self.structure(&context, &mut sink);
            depth = depth.max(match structure {
                Structure::Unchecked => Depth::Unchecked,
                _ if member.role == Role::Partial => Depth::Structure,
                Structure::NotServed => Depth::Structure,
                Structure::Checked(depth, _) => depth,
            });
            if member.role == Role::Whole {
                complete &= self.rules(&context, &structure, &mut sink);
            }
        }
        if member.role == Role::Partial {
            // What nobody sends to the server gets no answer from it.
            for finding in &mut sink.findings {
                finding.server = None;
                finding.hidden_by = None;
            }
        }
        Judged {
            depth,
            findings: sink.findings,
            undecided: sink.undecided,
            complete: complete && !sink.is_partial,
        }
    }

    /// Judges an object that is only in sight: what its relations say about places elsewhere.
    /// `wanted` says whether a finding is.
    pub fn bystander(
        &self,
        member: &Member<'t>,
        minors: Minors,
        wanted: &dyn Fn(&Finding) -> bool,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        if member.role != Role::Whole {
            return found;
        }
        for minor in minors.iter() {
            let context = self.context(member, minor);
            let mut sink = Sink::default();
            self.run(&context, &[Scope::Project, Scope::Absence], &mut sink);
            sink.findings.retain(wanted);
            if !sink.findings.is_empty() && !self.is_rejected(&context) {
                found.append(&mut sink.findings);
            }
        }
        found
    }

    fn context<'c>(&'c self, member: &'c Member<'t>, minor: Minor) -> Context<'c, 't> {
        Context {
            member,
            project: self.project,
            minor,
        }
    }

    /// Runs the rules that can say something true, given what the server said so far; whether these
    /// are all of them.
    fn rules(&self, context: &Context<'_, 't>, structure: &Structure, sink: &mut Sink) -> bool {
        match structure {
            Structure::Checked(_, Some(Rejection(Stage::Decode))) => return false,
            // What it says of itself stays true; what it would do in a cluster is no question.
            Structure::Checked(_, Some(_)) => {
                self.run(context, &[Scope::Object], sink);
                return false;
            }
            _ => self.run(
                context,
                &[Scope::Object, Scope::Project, Scope::Absence],
                sink,
            ),
        }
        matches!(structure, Structure::Checked(..))
    }

    fn run(&self, context: &Context<'_, 't>, scopes: &[Scope], sink: &mut Sink) {
        for rule in self
            .rules
            .iter()
            .filter(|rule| scopes.contains(&rule.scope))
        {
            (rule.check)(context, sink);
        }
    }

    fn is_rejected(&self, context: &Context<'_, 't>) -> bool {
        let structure = self.structure(context, &mut Sink::default());
        matches!(structure, Structure::Checked(_, Some(_)))
    }

    /// Checks version and structure.
    fn structure(&self, context: &Context<'_, 't>, sink: &mut Sink) -> Structure {
        let object = context.object();
        let builtin = Table::builtin();
        let (group, version, kind) = (object.group, object.version, object.kind);
        if let Some(known) = builtin.kind(context.minor, group, version, kind) {
            deprecation(context, sink);
            return self.decode(context, known, &[], sink);
        }
        if builtin.has_group(group) {
            not_served(context, sink);
            return Structure::NotServed;
        }
        let mut known = self.definitions(context, kind);
        if known.is_empty() {
            // The names of files with JSON schemas are in lower case.
            known = self.definitions(context, &kind.to_ascii_lowercase());
        }
        match known.split_first() {
            Some((first, others)) => self.decode(context, *first, others, sink),
            None => Structure::Unchecked,
        }
    }

    fn definitions(&self, context: &Context<'_, 't>, kind: &str) -> Vec<ObjectKind<'_>> {
        let object = context.object();
        let tables = self.custom.iter();
        tables
            .flat_map(|table| table.definitions(context.minor, object.group, object.version, kind))
            .collect()
    }

    /// `others`: more definitions of the kind. Which one a cluster has isn't known, so only what
    /// all of them say is said.
    fn decode(
        &self,
        context: &Context<'_, 't>,
        kind: ObjectKind<'_>,
        others: &[ObjectKind<'_>],
        sink: &mut Sink,
    ) -> Structure {
        let unknown = |node: Node<'_>| context.is_unknown(node);
        let check = |kind| decode::check(context.object().root, kind, context.minor, &unknown);
        let (mut verdicts, cut_off) = check(&kind);
        tell_cut_off(&verdicts, cut_off, sink);
        for other in others {
            if verdicts.is_empty() {
                break;
            }
            let (theirs, _) = check(other);
            let theirs = theirs
                .iter()
                .map(|v| (v.rule, v.node, render_path(&v.steps)));
            let theirs: BTreeSet<_> = theirs.collect();
            let (agreed, alone) = verdicts
                .into_iter()
                .partition(|v| theirs.contains(&(v.rule, v.node, render_path(&v.steps))));
            verdicts = agreed;
            sink.undecided.extend(alone.iter().map(definitions_differ));
        }
        if context.member.role == Role::Partial {
            verdicts.retain(|verdict| verdict.stage == Stage::Decode && !is_directive(verdict));
        }
        match self.strategy(context, &kind) {
            Some(strategy) => self.validate(context, strategy, verdicts, cut_off, sink),
            None => self.settle(context, &kind, verdicts, cut_off, sink),
        }
    }

    /// How the server treats an object of a kind that is modelled, applied as it stands.
    fn strategy(
        &self,
        context: &Context<'_, '_>,
        kind: &ObjectKind<'_>,
    ) -> Option<&'static Strategy> {
        let object = context.object();
        let whole = !kind.custom && context.member.role == Role::Whole;
        whole.then(|| Strategy::of(object.group, object.version, object.kind))?
    }

    /// Judges an object whose kind is modelled: what decodes is validated as the server does.
    fn validate(
        &self,
        context: &Context<'_, 't>,
        strategy: &Strategy,
        mut verdicts: Vec<Verdict<'_>>,
        cut_off: CutOff,
        sink: &mut Sink,
    ) -> Structure {
        let decoding = verdicts.iter().any(|v| v.stage == Stage::Decode);
        let mut rejection = decoding.then_some(Rejection(Stage::Decode));
        let before = sink.findings.len();
        let rejected =
            !cut_off.decode && admission::validate(context, strategy, &decoded(&verdicts), sink);
        let mut told = sink.findings.iter().skip(before);
        let doubles_are_told = told.any(|finding| finding.rule.id == generic::DUPLICATE_ITEM.id);
        if rejected && rejection.is_none() {
            rejection = Some(Rejection(Stage::Validate));
        }
        // Of what only the schema says, the server tells nothing; what it takes twice is still
        // lost when something merges by key. What it doesn't take isn't known of all.
        let are_taken = !doubles_are_told && !sink.is_cut_off;
        verdicts.retain(|v| {
            let doubled = v.rule == generic::DUPLICATE_ITEM.id && are_taken;
            v.stage == Stage::Decode || doubled
        });
        let first = first_rejection(&verdicts, false);
        for verdict in &verdicts {
            report(context, verdict, first, false, sink);
        }
        Structure::Checked(Depth::Server, rejection)
    }

    /// Judges an object by its schema, and by what is recorded of the demands of built-in ones.
    fn settle<'v>(
        &self,
        context: &Context<'_, 't>,
        kind: &ObjectKind<'_>,
        mut verdicts: Vec<Verdict<'v>>,
        cut_off: CutOff,
        sink: &mut Sink,
    ) -> Structure
    where
        't: 'v,
    {
        let object = context.object();
        let mut named = None;
        if !kind.custom {
            enforced::settle(&mut verdicts, object.root, kind, context.minor);
            if context.member.role == Role::Whole {
                named = Named::of(object.group, object.kind);
            }
        }
        if named.is_some() {
            verdicts.retain(|v| {
                let doubled = v.rule == generic::DUPLICATE_ITEM.id;
                v.stage == Stage::Decode || doubled || !is_in_metadata(v)
            });
        }
        let rejected = first_rejection(&verdicts, kind.custom);
        for verdict in &verdicts {
            report(context, verdict, rejected, kind.custom, sink);
        }
        let mut rejection = rejected.map(|verdict| Rejection(verdict.stage));
        if let Some(named) = named.filter(|_| !cut_off.decode) {
            let decoded = decoded(&verdicts);
            let rejected = admission::validate_metadata(context, named, &decoded, sink);
            if rejected && rejection.is_none() {
                rejection = Some(Rejection(Stage::Validate));
            }
        }
        Structure::Checked(Depth::Schema, rejection)
    }
}

/// Says that more is wrong than these.
fn tell_cut_off(verdicts: &[Verdict<'_>], cut_off: CutOff, sink: &mut Sink) {
    for (is_cut_off, decoding) in [(cut_off.decode, true), (cut_off.later, false)] {
        let last = verdicts
            .iter()
            .rfind(|v| (v.stage == Stage::Decode) == decoding);
        if let Some(last) = last.filter(|_| is_cut_off) {
            sink.cut_off(last.rule);
        }
    }
}

/// What came of decoding: asked only where all of it is known.
fn decoded(verdicts: &[Verdict<'_>]) -> admission::Decoded {
    let first = first_rejection(verdicts, false).filter(|v| v.stage == Stage::Decode);
    let fatal = verdicts.iter().filter(|v| v.is_fatal());
    admission::Decoded {
        hidden_by: first.map(Verdict::in_short),
        misfits: fatal.map(|verdict| verdict.node).collect(),
    }
}

fn is_in_metadata(verdict: &Verdict<'_>) -> bool {
    matches!(verdict.steps.first(), Some(Step::Key("metadata")))
}

fn definitions_differ(verdict: &Verdict<'_>) -> Undecided {
    Undecided {
        rule: verdict.rule,
        why: "definitions of the kind in sight differ".to_owned(),
    }
}

/// Whether it is about a word of a strategic merge patch: `$patch`, `$retainKeys`,
/// `$setElementOrder/containers`.
fn is_directive(verdict: &Verdict<'_>) -> bool {
    let last = verdict.steps.last();
    verdict.rule == generic::UNKNOWN_FIELD.id
        && matches!(last, Some(Step::Key(key) | Step::MapKey(key)) if key.starts_with('$'))
}
