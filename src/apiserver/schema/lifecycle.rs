//! Deprecation and removal of built-in kinds, and what replaces them.
//!
//! The facts are those of the Go modules' lifecycle files and a short list of older ones
//! (`schemas/generate`). Not here: when a finding is made of it (`rules`).

use super::{LIVES, Table, minors};
use crate::minor::{Minor, Minors};

/// Group, version and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gvk<'a> {
    /// The group; empty for the core group.
    pub group: &'a str,
    /// The version.
    pub version: &'a str,
    /// The kind.
    pub kind: &'a str,
}

/// What is said about a kind's end.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle<'a> {
    /// The kind.
    pub gvk: Gvk<'a>,
    /// The minors whose servers say this.
    pub minors: Minors,
    /// The number of the minor in which it was or will be deprecated.
    pub deprecated: u8,
    /// The number of the minor announced as the first without it, if one is.
    pub removed: Option<u8>,
    /// What the server tells to use instead.
    pub replacement: Option<Gvk<'a>>,
}

fn read(table: &Table, at: u32) -> Lifecycle<'_> {
    let text = |i: u32| table.text(table.word(at + i * 4));
    let gvk = |i| Gvk {
        group: text(i),
        version: text(i + 1),
        kind: text(i + 2),
    };
    let facts = table.word(at + 12);
    let removed = (facts >> 24) as u8;
    Lifecycle {
        gvk: gvk(0),
        minors: minors(facts),
        deprecated: (facts >> 16 & 0xff) as u8,
        removed: (removed > 0).then_some(removed),
        replacement: Some(gvk(4)).filter(|gvk| !gvk.kind.is_empty()),
    }
}

impl std::fmt::Display for Gvk<'_> {
    /// `apps/v1 Deployment`, as the server's warnings write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.group.is_empty() {
            write!(f, "{}/", self.group)?;
        }
        write!(f, "{} {}", self.version, self.kind)
    }
}

impl Table {
    /// What the server of `minor` knows about the end of a kind; for a kind that it no longer
    /// knows, what an older one said.
    pub fn lifecycle<'a>(&'a self, minor: Minor, gvk: Gvk<'_>) -> Option<Lifecycle<'a>> {
        let rows = self.rows(LIVES, [gvk.group, gvk.version, gvk.kind]);
        let mut of_kind = rows.map(|i| read(self, self.row(LIVES, i)));
        let mut best = of_kind.next()?;
        for life in of_kind {
            let before = |life: &Lifecycle<'_>| life.minors.iter().next() <= Some(minor);
            if !best.minors.contains(minor) && (life.minors.contains(minor) || before(&life)) {
                best = life;
            }
        }
        Some(best)
    }

    /// The `Warning` header that the server of `minor` sends for objects of this kind, if it
    /// serves it and calls it deprecated.
    /// (Upstream: `apiserver/pkg/endpoints/deprecation/deprecation.go`, `WarningMessage`.)
    pub fn deprecation_warning(&self, minor: Minor, gvk: Gvk<'_>) -> Option<String> {
        // Most kinds have no end in sight: that is asked first.
        let life = self.lifecycle(minor, gvk)?;
        let says = life.minors.contains(minor) && life.deprecated <= minor.number();
        let served = || self.minors(gvk.group, gvk.version, gvk.kind);
        (says && served().contains(minor)).then(|| life.warning())
    }

    /// The number of the first minor that doesn't serve this kind any more: as the schemas of
    /// the supported minors show it, or else as announced.
    pub fn removed_in(&self, gvk: Gvk<'_>) -> Option<u8> {
        let served = self.minors(gvk.group, gvk.version, gvk.kind);
        match served.iter().last() {
            Some(last) if last < Minor::NEWEST => Some(last.number() + 1),
            _ => self.lifecycle(Minor::NEWEST, gvk)?.removed,
        }
    }

    /// What to use instead of a kind in `minor`: its replacement, or the replacement's if that
    /// is gone too, or else the most stable version of the group that serves the kind.
    pub fn successor<'a>(&'a self, minor: Minor, gvk: Gvk<'_>) -> Option<Gvk<'a>> {
        let mut next = self.lifecycle(minor, gvk).and_then(|life| life.replacement);
        for _ in 0..8 {
            let Some(found) = next else { break };
            let Gvk {
                group,
                version,
                kind,
            } = found;
            if self.minors(group, version, kind).contains(minor) {
                return Some(found);
            }
            next = self
                .lifecycle(minor, found)
                .and_then(|life| life.replacement);
        }
        self.all_kinds()
            .filter(|kind| kind.group() == gvk.group && kind.name() == gvk.kind)
            .filter(|kind| kind.minors.contains(minor) && kind.version() != gvk.version)
            .min_by_key(|kind| stability(kind.version()))
            .map(|kind| Gvk {
                group: kind.group(),
                version: kind.version(),
                kind: kind.name(),
            })
    }
}

impl Lifecycle<'_> {
    /// The server's words about it.
    pub fn warning(&self) -> String {
        let mut text = format!("{} is deprecated in v1.{}+", self.gvk, self.deprecated);
        if let Some(removed) = self.removed {
            text.push_str(&format!(", unavailable in v1.{removed}+"));
        }
        if let Some(replacement) = self.replacement {
            text.push_str(&format!("; use {replacement}"));
        }
        text
    }
}

/// Orders versions from stable to alpha, newest first within each.
fn stability(version: &str) -> (u8, std::cmp::Reverse<&str>) {
    let rank = if version.contains("alpha") {
        2
    } else {
        u8::from(version.contains("beta"))
    };
    (rank, std::cmp::Reverse(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gvk<'a>(group: &'a str, version: &'a str, kind: &'a str) -> Gvk<'a> {
        Gvk {
            group,
            version,
            kind,
        }
    }

    fn minor(number: u8) -> Minor {
        Minor::new(number).expect("supported")
    }

    #[test]
    fn warns_in_the_words_of_the_server() {
        let table = Table::builtin();
        let flow = gvk("flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema");
        assert_eq!(
            table.deprecation_warning(minor(31), flow).as_deref(),
            Some(
                "flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema is deprecated in v1.29+, \
                 unavailable in v1.32+; use flowcontrol.apiserver.k8s.io/v1 FlowSchema"
            )
        );
        assert_eq!(table.deprecation_warning(minor(32), flow), None);
        let endpoints = gvk("", "v1", "Endpoints");
        assert_eq!(table.deprecation_warning(minor(32), endpoints), None);
        assert_eq!(
            table.deprecation_warning(minor(33), endpoints).as_deref(),
            Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
        );
        let status = table.deprecation_warning(minor(29), gvk("", "v1", "ComponentStatus"));
        assert_eq!(
            status.as_deref(),
            Some("v1 ComponentStatus is deprecated in v1.19+")
        );
    }

    #[test]
    fn knows_removals_and_successors() {
        let table = Table::builtin();
        let successor = |group, version, kind| {
            let gvk = table.successor(minor(36), gvk(group, version, kind));
            gvk.map(|gvk| gvk.to_string()).unwrap_or_default()
        };
        let removed = |group, version, kind| table.removed_in(gvk(group, version, kind));
        assert_eq!(removed("extensions", "v1beta1", "Deployment"), Some(16));
        assert_eq!(removed("policy", "v1beta1", "PodSecurityPolicy"), Some(25));
        assert_eq!(
            removed("coordination.k8s.io", "v1alpha1", "LeaseCandidate"),
            Some(32)
        );
        assert_eq!(removed("apps", "v1", "Deployment"), None);
        assert_eq!(
            successor("extensions", "v1beta1", "Deployment"),
            "apps/v1 Deployment"
        );
        assert_eq!(successor("policy", "v1beta1", "PodSecurityPolicy"), "");
        assert_eq!(
            successor("networking.k8s.io", "v1beta1", "IngressClass"),
            "networking.k8s.io/v1 IngressClass"
        );
        assert_eq!(
            successor("flowcontrol.apiserver.k8s.io", "v1beta1", "FlowSchema"),
            "flowcontrol.apiserver.k8s.io/v1 FlowSchema"
        );
        assert_eq!(
            successor("events.k8s.io", "v1beta1", "Event"),
            "events.k8s.io/v1 Event"
        );
    }
}
