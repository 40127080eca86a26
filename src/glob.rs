//! Patterns for paths, as git reads them in `.gitignore`: `*`, `?`, `[a-z]`, `[[:alpha:]]`, `**`.
//!
//! Lives here: one pattern against one path, byte for byte what git's `wildmatch.c` says with
//! `WM_PATHNAME` (a test asks git). Not here: which patterns apply where (`cli::ignore`).
//! There are no braces, and a pattern costs at most its length times the length of the path.

/// A pattern, ready to be asked.
#[derive(Clone, Debug)]
pub struct Glob {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    /// This byte.
    Byte(u8),
    /// `?`: any byte but `/`.
    Any,
    /// `[…]`: a byte of a set; `/` is never in it.
    Class(Box<[bool; 256]>),
    /// `*`: any bytes but `/`.
    Star,
    /// `**` as the last part of a path: anything.
    Deep,
    /// `**/`: nothing, or anything up to and including a `/`.
    DeepSlash,
    /// Something malformed, which nothing matches.
    Never,
}

/// Whether a text holds a character that is special in a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

impl Glob {
    /// Reads a pattern. Every text is one; a malformed one (`[a`) matches nothing.
    pub fn new(pattern: &str) -> Self {
        let mut reader = Reader {
            rest: pattern.as_bytes(),
            after_slash: true,
        };
        let mut steps = Vec::new();
        while let Some(step) = reader.step() {
            steps.push(step);
        }
        Self { steps }
    }

    /// Whether the whole of `path` (parts joined with `/`, none at its ends) fits the pattern.
    pub fn matches(&self, path: &str) -> bool {
        let text = path.as_bytes();
        let (mut step, mut at) = (0, 0);
        // Where the last `*` and the last `**` may begin to match one byte more. The shortest
        // match of all that lies before a `**` is as good as any, and so is that of all that
        // lies before a `*` in its part of the path: two marks are enough.
        let mut star: Option<(usize, usize)> = None;
        let mut deep: Option<(usize, usize)> = None;
        loop {
            match (self.steps.get(step), text.get(at)) {
                (Some(Step::Star), _) => {
                    step += 1;
                    star = Some((step, at));
                    continue;
                }
                (Some(Step::Deep | Step::DeepSlash), _) => {
                    deep = Some((step, at));
                    star = None;
                    step += 1;
                    continue;
                }
                (Some(one), Some(&byte)) if one.takes(byte) => {
                    step += 1;
                    at += 1;
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            if let Some((after, from)) = star
                && text.get(from).is_some_and(|&byte| byte != b'/')
            {
                star = Some((after, from + 1));
                (step, at) = (after, from + 1);
                continue;
            }
            let Some(next) = deep.and_then(|(of, from)| self.deeper(of, from, text)) else {
                return false;
            };
            deep = deep.map(|(of, _)| (of, next));
            star = None;
            (step, at) = (deep.map_or(0, |(of, _)| of + 1), next);
        }
    }

    /// Where what follows the `**` at `of` may start next.
    fn deeper(&self, of: usize, from: usize, text: &[u8]) -> Option<usize> {
        let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
        match self.steps.get(of) {
            Some(Step::DeepSlash) => {
                let slash = rest.iter().position(|&byte| byte == b'/')?;
                Some(from + slash + 1)
            }
            _ => Some(from + 1),
        }
    }
}

impl Step {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Step::Byte(own) => *own == byte,
            Step::Any => byte != b'/',
            Step::Class(set) => set.get(byte as usize).copied().unwrap_or(false),
            _ => false,
        }
    }
}

struct Reader<'p> {
    rest: &'p [u8],
    /// At the start or behind a `/`: the only places where `**` is more than `*`.
    after_slash: bool,
}

impl Reader<'_> {
    fn step(&mut self) -> Option<Step> {
        let after_slash = std::mem::replace(&mut self.after_slash, false);
        Some(match self.byte()? {
            b'*' => self.stars(after_slash),
            b'?' => Step::Any,
            b'[' => self.class().map_or(Step::Never, Step::Class),
            b'\\' => self.byte().map_or(Step::Never, Step::Byte),
            byte => {
                self.after_slash = byte == b'/';
                Step::Byte(byte)
            }
        })
    }

    fn stars(&mut self, after_slash: bool) -> Step {
        let more = self.rest.iter().take_while(|&&byte| byte == b'*').count();
        self.rest = self.rest.get(more..).unwrap_or_default();
        if more == 0 || !after_slash {
            return Step::Star;
        }
        match self.rest {
            [] | [b'\\', b'/', ..] => Step::Deep,
            [b'/', rest @ ..] => {
                self.rest = rest;
                self.after_slash = true;
                Step::DeepSlash
            }
            _ => Step::Star,
        }
    }

    /// What stands in `[…]`; `None` if it never ends or names an unknown class.
    fn class(&mut self) -> Option<Box<[bool; 256]>> {
        let mut set = Box::new([false; 256]);
        let negated = matches!(self.rest, [b'!' | b'^', ..]);
        if negated {
            self.byte();
        }
        // The byte that a `-` after it would make the start of a range.
        let mut low = None;
        let mut byte = self.byte()?;
        loop {
            let mut next_low = Some(byte);
            match (byte, self.rest) {
                (b'\\', _) => {
                    let escaped = self.byte()?;
                    add(&mut set, escaped, escaped);
                    next_low = Some(escaped);
                }
                (b'-', [high, ..]) if low.is_some() && *high != b']' => {
                    let mut high = self.byte()?;
                    if high == b'\\' {
                        high = self.byte()?;
                    }
                    add(&mut set, low.unwrap_or(high), high);
                    next_low = None;
                }
                (b'[', [b':', rest @ ..]) => match named(rest) {
                    Named::Unended => return None,
                    Named::NotOne => add(&mut set, byte, byte),
                    Named::Class(test, length) => {
                        (0..=u8::MAX).filter(test).for_each(|b| add(&mut set, b, b));
                        self.rest = rest.get(length..)?;
                        next_low = None;
                    }
                },
                _ => add(&mut set, byte, byte),
            }
            low = next_low;
            byte = self.byte()?;
            if byte == b']' {
                break;
            }
        }
        for (byte, held) in set.iter_mut().enumerate() {
            *held = *held != negated && byte != b'/' as usize;
        }
        Some(set)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }
}

fn add(set: &mut [bool; 256], low: u8, high: u8) {
    for byte in low..=high {
        if let Some(held) = set.get_mut(byte as usize) {
            *held = true;
        }
    }
}

enum Named {
    /// The bytes of the class, and how long its name and `:]` are.
    Class(fn(&u8) -> bool, usize),
    /// `[:` without `:]`: an ordinary `[`.
    NotOne,
    /// No `]` follows, or the name is unknown.
    Unended,
}

fn named(rest: &[u8]) -> Named {
    let Some(end) = rest.iter().position(|&byte| byte == b']') else {
        return Named::Unended;
    };
    let Some(name) = rest.get(..end).and_then(|name| name.strip_suffix(b":")) else {
        return Named::NotOne;
    };
    let test: fn(&u8) -> bool = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |b| matches!(b, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |b| matches!(b, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |b| matches!(b, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return Named::Unended,
    };
    Named::Class(test, end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_git_does() {
        let yes = [
            ("*.yaml", "a.yaml"),
            ("a/*/c", "a/b/c"),
            ("**/c", "c"),
            ("**/c", "a/b/c"),
            ("a/**", "a/b/c"),
            ("a/**/c", "a/c"),
            ("a/**/c", "a/b/b/c"),
            ("a/**/*b*/c", "a/x/ab/y/bb/c"),
            ("a**c", "abbc"),
            ("[a-c]?[!x]", "bxy"),
            ("[[:digit:]]x", "7x"),
            ("[]-]", "]"),
            (r"\*\b", "*b"),
            ("{a,b}", "{a,b}"),
        ];
        for (pattern, path) in yes {
            assert!(Glob::new(pattern).matches(path), "{pattern} {path}");
        }
        let no = [
            ("*.yaml", "a/b.yaml"),
            ("a/**", "a"),
            ("a**c", "a/c"),
            ("a?c", "a/c"),
            ("a[/]c", "a/c"),
            ("[a", "a"),
            ("[[:none:]]", "a"),
            ("a\\", "a"),
            ("{a,b}", "a"),
        ];
        for (pattern, path) in no {
            assert!(!Glob::new(pattern).matches(path), "{pattern} {path}");
        }
    }
}
