//! The whole engine over bytes that nobody would write: mutants of the manifests in `testdata`,
//! always the same ones, and a few monsters.
//!
//! `KUBEVET_MUTANTS` asks for more than the usual number of rounds; a failure names its round.
//! Not here: what is found (`rule_cases`, `pages`, `yaml_cases`). The same body runs under
//! cargo-fuzz, see `fuzz/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "robust/body.rs"]
mod body;
#[path = "robust/deep.rs"]
mod deep;
#[path = "robust/faulty.rs"]
mod faulty;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use kubevet::finding::Finding;

/// Rounds of a usual run; each lints three mutants together.
const ROUNDS: u64 = 100;

#[test]
fn holds_for_mutants() {
    let seeds = seeds();
    assert!(seeds.len() > 100, "only {} seeds", seeds.len());
    let rounds = std::env::var("KUBEVET_MUTANTS").map_or(ROUNDS, |text| text.parse().unwrap());
    let validator = validator();
    for round in 0..rounds {
        let mut random = Random(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut file = |i| (name(&mut random, i), mutant(&mut random, &seeds));
        let files = [file(0), file(1), file(2)];
        let checked = catch_unwind(AssertUnwindSafe(|| body::check(&files)));
        let json = checked.unwrap_or_else(|_| panic!("round {round}:\n{}", text(&files)));
        let json = serde_json::from_str(&json).unwrap();
        if let Err(error) = validator.validate(&json) {
            panic!("round {round}: {error}\n{}", text(&files));
        }
    }
}

#[test]
fn holds_for_monsters_in_bounded_time() {
    let start = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n";
    let keys: String = (0..100_000).map(|i| format!("  k{i}: v\n")).collect();
    let twice: String = (0..2_000)
        .map(|i| format!("  k{}: v\n", i % 1_000))
        .collect();
    let nested: String = (0..5_000).map(|i| format!("{:i$}a:\n", "")).collect();
    let aliases: String = (0..50_000).map(|_| "  - *a\n").collect();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut merges = "m0: &m0 {a: 1, b: 2}\n".to_owned();
    for i in 1..40 {
        let list = format!("*a{}, ", i - 1).repeat(9);
        bomb += &format!("a{i}: &a{i} [{list}]\n");
        let before = i - 1;
        merges += &format!(
            "m{i}: &m{i}\n  <<: [*m{before}, *m{before}]\n  k{i}: &k{i} {{<<: *m{before}}}\n"
        );
    }
    let documents = "---\nkind: List\napiVersion: v1\nitems: [{}, 1, {kind: Pod}]\n".repeat(500);
    let monsters = [
        format!("{start}{keys}"),
        format!("{start}{twice}"),
        format!("{start}{nested}"),
        format!("{start}  x: {}\n", "y".repeat(10 << 20)),
        format!("{start}  x: |\n{}", "    line\n".repeat(1 << 20)),
        format!("{start}  x: \"{}\"\n", "\\x41".repeat(1 << 20)),
        format!("{start}  x: {}", "[".repeat(16 << 20)),
        format!("{{\"kind\":\"apiVersion\",\"a\":{}", "[".repeat(16 << 20)),
        format!(
            "{{\"kind\":\"apiVersion\",\"a\":{}",
            "{\"a\":".repeat(1 << 20)
        ),
        format!("{start}  x: {}", "- ".repeat(1 << 20)),
        format!("{start}  x: {}", "? ".repeat(1 << 18)),
        format!("{start}  x: {}", "!a ".repeat(1 << 18)),
        format!("{start}  x: {}", "&a ".repeat(1 << 18)),
        format!("{start}  x: &a 1\n  y:\n{aliases}"),
        format!("{start}{}", bomb.replace('a', "  a").replace("  a:", "a:")),
        format!("apiVersion: v1\nkind: ConfigMap\n{bomb}"),
        format!("apiVersion: v1\nkind: ConfigMap\n{merges}"),
        format!("{start}{}", "#\n".repeat(1 << 20)),
        format!("{start}  x: {}", "\"a\"#".repeat(1 << 16)),
        format!("{start}  x: [{}", "a]#\n,".repeat(1 << 16)),
        documents,
        "---\n".repeat(200_000) + start,
        "apiVersion kind\n...\n".repeat(200_000),
    ];
    // What isn't linear would take hours here: the run itself is the check.
    for monster in monsters {
        body::check_run(&[("monster.yaml".to_owned(), monster.into_bytes())], 1);
    }
}

/// A walk that recurses ends in an overflow of the stack here, and the test with it.
#[test]
fn holds_for_what_nests_as_deep_as_kubectl_reads() {
    let files = deep::files()
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.into_bytes()));
    body::check(&files.collect::<Vec<_>>());
}

/// What holds nothing but faults doesn't take a thousand times its length, and the server's answer
/// is told all the same.
#[test]
fn tells_some_of_many_faults_and_that_there_are_more() {
    for case in faulty::cases() {
        let start = case.text.chars().take(150).collect::<String>();
        let file = ("file.json".to_owned(), case.text.into_bytes());
        let (outcome, json) = body::check_run(&[file], 1);
        assert!(outcome.findings.len() >= case.at_least, "{start}");
        let why = "so much is wrong in the object that not all of it is told";
        let mut undecided = outcome.summary.undecided.iter();
        assert_eq!(undecided.any(|u| u.why == why), case.cut_off, "{start}");
        let answers = outcome.findings.iter().filter_map(|f| f.server.as_ref());
        let answers = answers.map(|said| format!("{} {}", said.code, said.detail));
        let answers: Vec<String> = answers.collect();
        let is_right = |said: &String| said.starts_with(case.answer);
        assert!(answers.iter().all(is_right), "{start}: {answers:?}");
        assert_eq!(answers.is_empty(), case.answer.is_empty(), "{start}");
        assert!(json.len() < 16 << 20, "{start}: {} bytes", json.len());
    }
}

/// What only the update brings can't be told from the rest then, and is counted.
#[test]
fn tells_some_of_the_many_faults_of_an_update() {
    let file = |text: String| vec![("file.json".to_owned(), text.into_bytes())];
    for (containers, cut_off) in [(300, false), (10_000, true)] {
        let outcome = body::support::lint_update(
            &file(faulty::nameless(containers)),
            &file(faulty::variables(1)),
        );
        assert!(!outcome.findings.is_empty());
        let is_answer = |f: &Finding| f.server.as_ref().is_some_and(|said| said.code == 422);
        assert!(outcome.findings.iter().all(is_answer));
        let mut undecided = outcome.summary.undecided.iter();
        assert_eq!(undecided.any(|u| u.rule == "rejected-update"), cut_off);
    }
}

/// Manifests to start from.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let files = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = files.into_iter().map(|entry| entry.unwrap().into_path());
    let files = files.filter(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("yaml" | "yml"))
    });
    let bytes = files.map(|path| fs::read(path).unwrap());
    bytes.filter(|bytes| bytes.len() < 20_000).collect()
}

fn validator() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/report.schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// Names by which kubevet decides what a file is.
fn name(random: &mut Random, number: usize) -> String {
    match random.below(8) {
        0 => "kustomization.yaml".to_owned(),
        1 => format!("values{number}.json"),
        2 => format!("a/templates/t{number}.yaml"),
        _ => format!("m{number}.yaml"),
    }
}

fn mutant(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(seeds).clone();
    for _ in 0..=random.below(4) {
        mutate(random, seeds, &mut bytes);
    }
    bytes
}

fn mutate(random: &mut Random, seeds: &[Vec<u8>], bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() + 1);
    match random.below(9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 => {
            let end = (at + random.below(12)).min(bytes.len());
            bytes.drain(at..end);
        }
        2 => {
            const TOKENS: [&str; 24] = [
                ":",
                "- ",
                "? ",
                "\t",
                "\n",
                "\r\n",
                "---\n",
                "...\n",
                "&a ",
                "*a ",
                "<<: *a",
                "!!str ",
                "[",
                "]",
                "{",
                "}",
                "|",
                ">-",
                "\"",
                "'",
                "# kubevet: allow ",
                "${X}",
                "\u{feff}",
                "\u{1F600}",
            ];
            let token = TOKENS[random.below(TOKENS.len())];
            bytes.splice(at..at, token.bytes());
        }
        3 => lines(bytes, |lines| {
            let line = random.pick(lines).clone();
            lines.insert(random.below(lines.len()), line);
        }),
        4 => lines(bytes, |lines| {
            lines.remove(random.below(lines.len()));
        }),
        5 => lines(bytes, |lines| {
            let at = random.below(lines.len());
            for line in lines.iter_mut().skip(at).take(1 + random.below(4)) {
                line.splice(0..0, b"  ".iter().copied());
            }
        }),
        6 => lines(bytes, |lines| {
            let at = random.below(lines.len());
            let blanks = lines[at].iter().take_while(|byte| **byte == b' ').count();
            lines[at].drain(..blanks.min(1 + random.below(3)));
        }),
        7 => {
            let other = random.pick(seeds);
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend(&other[from..]);
        }
        _ => lines(bytes, |lines| {
            let (a, b) = (random.below(lines.len()), random.below(lines.len()));
            lines.swap(a, b);
        }),
    }
}

fn lines(bytes: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    if !lines.is_empty() {
        change(&mut lines);
        *bytes = lines.concat();
    }
}

fn text(files: &[(String, Vec<u8>)]) -> String {
    let show = |(name, bytes): &(String, Vec<u8>)| format!("== {name}\n{}\n", bytes.escape_ascii());
    files.iter().map(show).collect()
}

/// Xorshift: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
