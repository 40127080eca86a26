//! How much a document may grow, and how deep it may become, when its aliases are followed.
//!
//! Mirrors `unmarshal` and `allowedAliasRatio` of `decode.go` of go.yaml.in/yaml/v2, and the
//! depth at which Go's `encoding/json` stops, which reads what sigs.k8s.io/yaml has made.

use crate::document::{DEPTH_MAX, Fault};
use crate::source::Span;
use crate::tree::{Kind, Node};

/// go-yaml's guard against documents that explode when aliases are followed, then Go's against
/// those that nest too deep.
pub fn check(root: Node<'_>) -> Result<(), Fault> {
    let mut deep = None;
    let (mut decoded, mut by_alias) = (0, 0);
    // The depth of the outermost alias around the next node.
    let mut alias: Option<usize> = None;
    // Whether the next value came with a key of another mapping. Written keys are no aliases.
    let mut merged = false;
    for visit in root.visits() {
        let node = visit.node;
        alias = alias.filter(|depth| *depth < visit.depth);
        merged = visit.is_key && node.is_alias() || merged && !visit.is_key;
        decoded += 1;
        by_alias += u64::from(alias.is_some() || merged);
        merged &= visit.is_key;
        if is_excessive(by_alias, decoded) {
            return Err(excessive(root.place()));
        }
        if node.is_alias() {
            alias.get_or_insert(visit.depth);
        }
        let is_collection = matches!(node.kind(), Kind::Mapping | Kind::Sequence);
        if is_collection && visit.depth >= DEPTH_MAX {
            deep.get_or_insert(node);
        }
    }
    deep.map_or(Ok(()), |node| Err(Fault::too_deep(node.place())))
}

/// Whether what aliases repeat is too much of all that was decoded.
pub fn is_excessive(by_alias: u64, decoded: u64) -> bool {
    let allowed = match decoded {
        ..=400_000 => 0.99,
        4_000_000.. => 0.10,
        _ => 0.99 - 0.89 * ((decoded - 400_000) as f64 / 3_600_000.0),
    };
    by_alias > 100 && decoded > 1000 && by_alias as f64 / decoded as f64 > allowed
}

/// The fault of a document whose aliases unfold to too much.
pub fn excessive(at: Span) -> Fault {
    Fault::new(at, "its aliases unfold to too much: excessive aliasing")
}
