//! What the comments of a case note, some of them for certain minors only: `#= 1.34+ rest` from
//! 1.34 on, `#= 1.33 rest` up to 1.33.

use kubevet::minor::Minor;

/// What the comments of a text that begin with `comment` note for a minor, in their order.
pub fn noted(text: &str, comment: &str, minor: Minor) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(comment));
    let of_minor = lines.filter_map(|line| {
        let Some((first, rest)) = line.split_once(' ').filter(|(f, _)| f.starts_with("1.")) else {
            return Some(line);
        };
        let holds = match first.strip_suffix('+') {
            Some(since) => minor >= since.parse().unwrap(),
            None => minor <= first.parse().unwrap(),
        };
        holds.then_some(rest)
    });
    of_minor.map(str::to_owned).collect()
}
