//! What was probably meant: other spellings, other places, other minors.

use super::scalar::Misfit;
use super::words::is_yaml_1_1_bool;
use crate::apiserver::schema::{Enum, Scalar, Shape, Struct, Table, Type};
use crate::finding::{Step, render_path};
use crate::minor::{Minor, Minors};
use crate::tree::{Kind, Node, Style};

/// What to do about an unknown field at `steps`, which stands in a mapping of the type `holder`.
pub(super) fn field(
    root: Type<'_>,
    steps: &[Step<'_>],
    holder: Struct<'_>,
    name: &str,
    minor: Minor,
) -> Option<String> {
    let elsewhere: Minors = holder
        .named(name)
        .flat_map(|field| field.minors().iter())
        .collect();
    if let (Some(first), Some(last)) = (elsewhere.iter().next(), elsewhere.iter().last()) {
        return Some(match first > minor {
            true => format!("`{name}` exists from {first} on: remove it, or target {first}"),
            false => format!("`{name}` was removed after {last}: remove it"),
        });
    }
    let names = || {
        holder
            .fields()
            .filter(|field| field.exists(minor))
            .map(|field| field.name())
    };
    if let Some(right) = names().find(|other| other.eq_ignore_ascii_case(name)) {
        return Some(format!("did you mean `{right}`?"));
    }
    if let Some(help) = above(root, steps, name, minor).or_else(|| below(holder, name, minor)) {
        return Some(help);
    }
    let best = nearest(names(), name).or_else(|| longer(names(), name))?;
    Some(format!("did you mean `{best}`?"))
}

/// What to do about a value that is none of those known.
pub(super) fn value(values: Enum<'_>, text: &str) -> Option<String> {
    let same = values
        .values()
        .find(|value| value.eq_ignore_ascii_case(text));
    let best = same.or_else(|| nearest(values.values(), text))?;
    Some(format!("did you mean `{best}`?"))
}

/// How to write a value of the wrong type.
pub(super) fn repair(of: Type<'_>, node: Node<'_>, misfit: &Misfit) -> Option<String> {
    let text = node.text();
    let scalar = match of.shape() {
        Shape::Scalar(scalar) => scalar,
        Shape::Enum(values) => values.base(),
        Shape::List(_) if node.kind() == Kind::Mapping => {
            return Some("put `- ` before its first key to make it a list of one".to_owned());
        }
        Shape::List(_) => {
            return Some("write `- ` before the value, on a line of its own".to_owned());
        }
        Shape::Struct(_) if node.kind() == Kind::Sequence => {
            return Some("write the fields without `- `".to_owned());
        }
        Shape::Struct(_) => return None,
    };
    let quoted = node.kind() == Kind::String && node.style() != Style::Plain;
    match (scalar, node.kind()) {
        (Scalar::String, Kind::Bool | Kind::Int | Kind::Float) => {
            Some(format!("quote it: `\"{text}\"`"))
        }
        (Scalar::Quantity, Kind::String) => quantity(text),
        (Scalar::Bool, Kind::String) if quoted && matches!(text, "true" | "false") => {
            Some(format!("write `{text}` without quotes"))
        }
        (Scalar::Bool, Kind::String) if !is_yaml_1_1_bool(&text.to_lowercase()) => {
            Some("write `true` or `false`".to_owned())
        }
        (Scalar::Int32 | Scalar::Int64 | Scalar::Float, Kind::String)
            if quoted && text.parse::<i64>().is_ok() =>
        {
            Some(format!("write `{text}` without quotes"))
        }
        (Scalar::Bytes, _) if matches!(misfit, Misfit::Base64(_)) => {
            Some("encode the value with base64, or use `stringData` in a Secret".to_owned())
        }
        _ => None,
    }
}

/// The field one level up, if the parent has one of this name.
fn above(root: Type<'_>, steps: &[Step<'_>], name: &str, minor: Minor) -> Option<String> {
    let is_key = |step: &Step<'_>| matches!(step, Step::Key(_));
    let (_, to_holder) = steps.split_last()?;
    let last_key = to_holder.iter().rposition(is_key)?;
    let to_parent = to_holder.get(..last_key)?;
    let Shape::Struct(parent) = at(root, to_parent, minor)?.shape() else {
        return None;
    };
    parent.field(minor, name)?;
    Some(match render_path(to_parent) {
        path if path.is_empty() => format!("`{name}` belongs at the top of the object"),
        path => format!("`{name}` belongs one level up, in `{path}`"),
    })
}

/// The fields of this name one level down, if there are few.
fn below(holder: Struct<'_>, name: &str, minor: Minor) -> Option<String> {
    const FEW: usize = 3;
    let inside = |of: Type<'_>| match of.shape() {
        Shape::Struct(fields) => fields.field(minor, name).is_some(),
        Shape::List(list) => match list.item().shape() {
            Shape::Struct(fields) => fields.field(minor, name).is_some(),
            _ => false,
        },
        _ => false,
    };
    let places: Vec<String> = holder
        .fields()
        .filter(|field| field.exists(minor) && field.name() != "status" && inside(field.of()))
        .map(|field| format!("`{}`", field.name()))
        .collect();
    let few = !places.is_empty() && places.len() <= FEW;
    few.then(|| {
        format!(
            "`{name}` belongs one level down, in {}",
            places.join(" or ")
        )
    })
}

/// The type at the end of a path.
fn at<'t>(root: Type<'t>, steps: &[Step<'_>], minor: Minor) -> Option<Type<'t>> {
    let mut of = root;
    for step in steps {
        if of.is(Scalar::Meta) {
            of = Table::builtin().object_meta();
        }
        of = match (of.shape(), step) {
            (Shape::Struct(fields), Step::Key(name)) => fields.field(minor, name)?.of(),
            (Shape::Struct(fields), _) => fields.rest(),
            (Shape::List(list), _) => list.item(),
            _ => return None,
        };
    }
    Some(of)
}

/// The quantity that was meant, if only its suffix is wrong.
fn quantity(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = text
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b'.')
        .count();
    let (number, suffix) = text
        .split_at_checked(digits)
        .filter(|(n, _)| !n.is_empty())?;
    let bare = suffix.trim_end_matches(['b', 'B']).to_ascii_lowercase();
    let (decimal, binary) = match bare.as_str() {
        "" => return Some(format!("write `{number}`")),
        "k" | "ki" => ("k", "Ki"),
        "m" | "mi" => ("M", "Mi"),
        "g" | "gi" => ("G", "Gi"),
        "t" | "ti" => ("T", "Ti"),
        "p" | "pi" => ("P", "Pi"),
        _ => return None,
    };
    Some(match bare.ends_with('i') {
        true => format!("write `{number}{binary}`"),
        false if suffix == "m" => format!("write `{number}m`"),
        false => format!("write `{number}{binary}` (powers of 1024) or `{number}{decimal}`"),
    })
}

/// The name with the fewest edits, if there are few enough to be a slip.
fn nearest<'a>(names: impl Iterator<Item = &'a str>, wrong: &str) -> Option<&'a str> {
    let allowed = (wrong.len() / 3).clamp(1, 3);
    names
        .map(|name| (distance(name, wrong), name))
        .filter(|(edits, name)| *edits <= allowed && *edits < name.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// The one name that says more: `defaultBackend` for `backend`.
fn longer<'a>(mut names: impl Iterator<Item = &'a str>, wrong: &str) -> Option<&'a str> {
    const SHORTEST: usize = 4;
    let wrong = wrong.to_ascii_lowercase();
    if wrong.len() < SHORTEST {
        return None;
    }
    let mut fits = names
        .by_ref()
        .filter(|name| name.to_ascii_lowercase().ends_with(&wrong));
    let only = fits.next()?;
    fits.next().is_none().then_some(only)
}

/// Insertions, deletions, replacements and swaps of neighbours between two names, in bytes;
/// `usize::MAX` for names too long to be a slip of each other.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    if a.len().abs_diff(b.len()) > 3 || a.len().max(b.len()) > LONGEST {
        return usize::MAX;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let cell = |row: &[usize], i: usize| row.get(i).copied().unwrap_or(usize::MAX - 1);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            let mut best = (cell(&above, j) + cost)
                .min(cell(&above, j + 1) + 1)
                .min(cell(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(cell(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    cell(&above, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(distance("imagePullPolicy", "imagePulPolicy"), 1);
        assert_eq!(distance("replicas", "repilcas"), 1);
        assert_eq!(distance("ports", "port"), 1);
        assert_eq!(distance("a", "abcdef"), usize::MAX);
    }

    #[test]
    fn mends_quantities() {
        let write = |text: &str| quantity(text).unwrap_or_default();
        assert_eq!(write("512mi"), "write `512Mi`");
        assert_eq!(write("500 m"), "write `500m`");
        assert_eq!(write("1GB"), "write `1Gi` (powers of 1024) or `1G`");
        assert_eq!(write("lots"), "");
    }
}
