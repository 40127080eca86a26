//! How much a document may grow when its aliases are followed.
//!
//! Mirrors `unmarshal` and `allowedAliasRatio` of `decode.go` of go.yaml.in/yaml/v2.

use crate::document::{DEPTH_MAX, Fault};
use crate::tree::Node;

/// go-yaml's guard against documents that explode when aliases are followed, and our own limit
/// on how deep they become: later walks recurse.
pub fn check(root: Node<'_>) -> Result<(), Fault> {
    struct Count {
        decoded: u64,
        by_alias: u64,
        too_deep: bool,
    }
    fn allowed(decoded: u64) -> f64 {
        match decoded {
            ..=400_000 => 0.99,
            4_000_000.. => 0.10,
            _ => 0.99 - 0.89 * ((decoded - 400_000) as f64 / 3_600_000.0),
        }
    }
    fn visit(node: Node<'_>, in_alias: bool, depth: usize, count: &mut Count) -> bool {
        count.decoded += 1;
        count.by_alias += u64::from(in_alias);
        let ratio = count.by_alias as f64 / count.decoded as f64;
        if count.by_alias > 100 && count.decoded > 1000 && ratio > allowed(count.decoded) {
            return false;
        }
        if depth > DEPTH_MAX {
            count.too_deep = true;
            return false;
        }
        let in_alias = in_alias || node.is_alias();
        let inside = depth + 1;
        node.items()
            .all(|item| visit(item, in_alias, inside, count))
            && node.entries().all(|(key, value)| {
                visit(key, in_alias, inside, count) && visit(value, in_alias, inside, count)
            })
    }
    let mut count = Count {
        decoded: 0,
        by_alias: 0,
        too_deep: false,
    };
    if visit(root, false, 0, &mut count) {
        Ok(())
    } else if count.too_deep {
        Err(Fault::limit(
            root.place(),
            format!("its aliases nest deeper than {DEPTH_MAX} levels"),
        ))
    } else {
        Err(Fault::new(
            root.place(),
            "its aliases unfold to too much: excessive aliasing",
        ))
    }
}
