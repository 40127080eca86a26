//! What several tests share: a run over files in memory, as the command line would make it.

use std::collections::{BTreeMap, BTreeSet};

use kubevet::lint::before::OldFile;
use kubevet::lint::config::Config;
use kubevet::lint::load::File;
use kubevet::lint::run::{Job, Outcome, run};
use kubevet::rules::RULES;

/// Lints files by name and bytes, all of them targets of one project without a config.
#[allow(dead_code, reason = "some tests judge updates only")]
pub fn lint(files: &[(String, Vec<u8>)]) -> Outcome {
    lint_update(files, &[])
}

/// Lints files as updates of others.
pub fn lint_update(files: &[(String, Vec<u8>)], old: &[(String, Vec<u8>)]) -> Outcome {
    lint_with(Config::default(), files, old)
}

/// Lints files as updates of others, with a config.
pub fn lint_with(
    config: Config,
    files: &[(String, Vec<u8>)],
    old: &[(String, Vec<u8>)],
) -> Outcome {
    let old = old.iter().map(|(name, bytes)| OldFile {
        shown: format!("old/{name}"),
        location: format!("/project/{name}"),
        bytes: bytes.clone(),
    });
    let old: Vec<OldFile> = old.collect();
    let listed: Vec<File> = files
        .iter()
        .map(|(name, _)| File {
            shown: name.clone(),
            location: format!("/project/{name}"),
            config_path: name.clone(),
            target: true,
            ..File::default()
        })
        .collect();
    let bytes = |number| {
        files
            .get(number)
            .map(|(_, bytes): &(_, Vec<u8>)| bytes.clone())
    };
    run(Job {
        files: &listed,
        charts: &BTreeSet::new(),
        read: &|number| bytes(number).ok_or_else(|| "no such file".to_owned()),
        configs: &[config],
        rules: RULES,
        schemas: &[],
        covered: &BTreeMap::new(),
        old: &old,
    })
}
