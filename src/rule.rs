//! What a rule is: a page and a check with one name, run on one object at a time.
//!
//! Lives here: the types that checks are written with. Not here: the checks (`rules`), and
//! when they run (`lint`).

use crate::finding::{Finding, Place, Related, RuleMeta, Severity, Step, locate, shown_span};
use crate::minor::{Minor, Minors};
use crate::object::Object;
use crate::project::{Member, Project};
use crate::tree::Node;

/// A rule: what it is called and what it does.
#[derive(Debug)]
pub struct Rule {
    /// Name, family, severity, evidence and page.
    pub meta: RuleMeta,
    /// What it needs to know.
    pub scope: Scope,
    /// Looks at one object and reports what it finds.
    pub check: fn(&Context<'_, '_>, &mut Sink),
}

/// What a check needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The object alone.
    Object,
    /// Other objects, too.
    Project,
    /// That other objects aren't there. While things are applied one after another that says
    /// nothing yet.
    Absence,
}

/// What a check sees.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a, 't> {
    /// The object to judge, as a member of the project.
    pub member: &'a Member<'t>,
    /// Everything in sight.
    pub project: &'a Project<'t>,
    /// The minor to judge for.
    pub minor: Minor,
}

/// What checks write into.
#[derive(Debug, Default)]
pub struct Sink {
    /// What was found.
    pub findings: Vec<Finding>,
    /// What couldn't be known.
    pub undecided: Vec<Undecided>,
    /// So many faults were found that not all are told.
    pub is_cut_off: bool,
    /// That, or the server warns of more than is told.
    pub is_partial: bool,
    /// The named target ports of the object are all served: of the rules about them, the first one
    /// looks.
    pub all_served: bool,
}

/// A question that couldn't be answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// The rule that asked.
    pub rule: &'static str,
    /// What stands in the way.
    pub why: String,
}

impl<'t> Context<'_, 't> {
    /// The object to judge.
    pub fn object(&self) -> &Object<'t> {
        &self.member.object
    }

    /// Whether a value can't be known because it holds a placeholder.
    #[inline]
    pub fn is_unknown(&self, node: Node<'_>) -> bool {
        self.project.is_placeholder(node.text())
    }
}

impl Sink {
    /// Reports a value of the object, pointing at it.
    pub fn at(
        &mut self,
        rule: &'static Rule,
        context: &Context<'_, '_>,
        node: Node<'_>,
        message: impl Into<String>,
    ) -> &mut Finding {
        let object = context.object();
        let steps = locate(object.root, node.id()).map_or_else(Vec::new, |(steps, _)| steps);
        let key = object.key(rule.meta.id, &steps, Some(node));
        self.push(
            rule,
            context.minor,
            object.place_of(node.id()),
            key,
            message.into(),
        )
    }

    /// Reports the value at these steps. For values in lists that containers may share by an
    /// alias: `at` knows the first place of a value only.
    pub fn at_steps(
        &mut self,
        rule: &'static Rule,
        context: &Context<'_, '_>,
        steps: &[Step<'_>],
        message: impl Into<String>,
    ) -> &mut Finding {
        let object = context.object();
        let mut key = None;
        let mut value = object.root;
        for step in steps {
            let entry = match step {
                Step::Key(name) | Step::MapKey(name) => value.entry(name),
                Step::Index(index) => value.item(*index).map(|item| (item, item)),
            };
            let Some((k, v)) = entry else { break };
            key = Some(k).filter(|k| k.id() != v.id());
            value = v;
        }
        let place = object.place(steps, shown_span(value, key));
        let key = object.key(rule.meta.id, steps, Some(value));
        self.push(rule, context.minor, place, key, message.into())
    }

    /// Reports a field that isn't there, pointing at its nearest written ancestor.
    pub fn missing(
        &mut self,
        rule: &'static Rule,
        context: &Context<'_, '_>,
        path: &[&str],
        message: impl Into<String>,
    ) -> &mut Finding {
        let object = context.object();
        let steps: Vec<Step<'_>> = path.iter().map(|key| Step::Key(key)).collect();
        let key = object.key(rule.meta.id, &steps, None);
        self.push(
            rule,
            context.minor,
            object.place_of_missing(path),
            key,
            message.into(),
        )
    }

    /// Counts a question that can't be answered.
    pub fn undecided(&mut self, rule: &'static Rule, why: impl Into<String>) {
        self.undecided.push(Undecided {
            rule: rule.meta.id,
            why: why.into(),
        });
    }

    /// Counts that not all is told of what is wrong; `rule`: whose, or one of them.
    pub fn cut_off(&mut self, rule: &'static str) {
        self.is_cut_off = true;
        self.warns_more(rule);
    }

    /// Counts that the server warns of more than is told; it takes the object all the same.
    pub fn warns_more(&mut self, rule: &'static str) {
        self.is_partial = true;
        let why = "so much is wrong in the object that not all of it is told".to_owned();
        self.undecided.push(Undecided { rule, why });
    }

    fn push(
        &mut self,
        rule: &'static Rule,
        minor: Minor,
        place: Place,
        key: String,
        message: String,
    ) -> &mut Finding {
        self.findings.push_mut(Finding {
            rule: &rule.meta,
            severity: rule.meta.severity,
            message,
            help: None,
            place,
            related: Vec::new(),
            server: None,
            minors: Minors::one(minor),
            hidden_by: None,
            key,
        })
    }
}

impl Finding {
    /// Adds what to do about this one.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a place in an object that belongs to the fact.
    pub fn with(
        &mut self,
        object: &Object<'_>,
        node: Node<'_>,
        message: impl Into<String>,
    ) -> &mut Self {
        self.related.push(Related {
            place: object.place_of(node.id()),
            message: message.into(),
        });
        self
    }

    /// Sets how bad it is here.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }
}
