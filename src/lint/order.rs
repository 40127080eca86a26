//! The order and the merging of findings: same input, same bytes out.

use super::load::File;
use crate::finding::Finding;

/// Sorts findings by file name, place and rule, and makes one of those that differ only in
/// the minors they hold for.
pub fn settle(findings: Vec<Finding>, files: &[File]) -> Vec<Finding> {
    let mut settled: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut sorted = findings;
    sorted.sort_by(|a, b| order(a, files).cmp(&order(b, files)));
    for finding in sorted {
        match settled.last_mut() {
            Some(last) if is_same(last, &finding) => last.minors = last.minors.with(finding.minors),
            _ => settled.push(finding),
        }
    }
    settled
}

fn order<'a>(finding: &'a Finding, files: &'a [File]) -> impl Ord + use<'a> {
    let place = &finding.place;
    let file = files.get(place.source.0 as usize);
    (
        file.map_or("", |file| file.shown.as_str()),
        place.source,
        place.document,
        place.span.start,
        finding.rule.id,
        place.path.as_str(),
        finding.message.as_str(),
        finding.severity,
        finding.minors,
    )
}

fn is_same(a: &Finding, b: &Finding) -> bool {
    a.place == b.place
        && a.rule.id == b.rule.id
        && a.message == b.message
        && a.severity == b.severity
        && a.help == b.help
        && a.related == b.related
        && a.server == b.server
        && a.hidden_by == b.hidden_by
}
