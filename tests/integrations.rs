//! Where kubevet is used: the GitHub action, the pre-commit hooks and `deploy/`, as far as files
//! tell. `tests/pre-commit/run` runs the hooks with pre-commit itself, `e2e/deploy` applies what is
//! deployed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use kubevet::document::Reading;
use kubevet::source::Source;
use kubevet::tree::Node;
use kubevet::yaml;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> Reading {
    yaml::read(&Source::new(
        name.to_owned(),
        fs::read_to_string(root().join(name)).unwrap(),
    ))
}

fn value(reading: &Reading) -> Node<'_> {
    let root = reading.documents.first().unwrap().root.as_ref().unwrap();
    reading.tree.node(root.unwrap())
}

fn text<'t>(node: Node<'t>, key: &str) -> &'t str {
    node.get(key).map_or("", Node::text)
}

/// The script of the action's step with this id.
fn script(id: &str) -> String {
    let action = read("action.yml");
    let steps = value(&action).at(&["runs", "steps"]).unwrap();
    let step = steps.items().find(|step| text(*step, "id") == id).unwrap();
    text(step, "run").to_owned()
}

#[test]
fn the_action_has_what_github_asks_of_a_composite_action() {
    let action = read("action.yml");
    let action = value(&action);
    for key in ["name", "description"] {
        assert_ne!(text(action, key), "", "{key}");
    }
    assert_eq!(text(action.get("runs").unwrap(), "using"), "composite");
    for (name, input) in action.get("inputs").unwrap().entries() {
        assert_ne!(text(input, "description"), "", "{}", name.text());
        assert!(input.get("default").is_some(), "{}", name.text());
    }
    for step in action.at(&["runs", "steps"]).unwrap().items() {
        let script = text(step, "run");
        let uses = text(step, "uses");
        assert_ne!(script.is_empty(), uses.is_empty(), "run or uses");
        // Expressions in a script would let an input write the script.
        assert!(!script.contains("${{"), "{script}");
        if !script.is_empty() {
            assert_eq!(text(step, "shell"), "bash");
        }
    }
}

#[test]
fn the_action_names_its_build_after_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("outputs");
    let output = bash(&script("build"))
        .env("ACTION_PATH", root())
        .env("RUNNER_OS", "Linux")
        .env("RUNNER_ARCH", "X64")
        .env("RUNNER_TOOL_CACHE", "cache")
        .env("GITHUB_OUTPUT", &outputs)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let outputs = fs::read_to_string(outputs).unwrap();
    let (key, root) = outputs.trim_end().split_once('\n').unwrap();
    let key = key.strip_prefix("key=kubevet-Linux-X64-").unwrap();
    assert!(key.len() >= 40, "{key}");
    assert_eq!(root, format!("root=cache/kubevet/{key}"));
}

#[test]
fn the_action_annotates_and_writes_sarif() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = root().join("testdata/seeds");
    fs::copy(seeds.join("auth.yaml"), folder.path().join("auth.yaml")).unwrap();
    fs::copy(seeds.join("web.yaml"), folder.path().join("web.yaml")).unwrap();
    let lint = |paths: &str, args: &str| -> Output {
        bash(&script("lint"))
            .current_dir(folder.path())
            .env("ROOT", built_root(folder.path()))
            .env("PATHS", paths)
            .env("MINORS", "1.35,1.36")
            .env("SARIF", "out.sarif")
            .env("ARGS", args)
            .env("GITHUB_STEP_SUMMARY", folder.path().join("summary"))
            .output()
            .unwrap()
    };
    let found = lint("auth.yaml\nweb.yaml", "");
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let annotations = String::from_utf8(found.stdout).unwrap();
    assert!(annotations.starts_with("::error "), "{annotations}");
    let sarif = fs::read_to_string(folder.path().join("out.sarif")).unwrap();
    assert!(sarif.contains("\"removed-api-version\""), "{sarif}");
    let allowed = lint("*.yaml", "--fail-on never");
    assert_eq!(allowed.status.code(), Some(0), "{allowed:?}");
}

fn bash(script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
    command
}

/// A folder with `bin/kubevet`, as the action installs it.
fn built_root(folder: &Path) -> std::path::PathBuf {
    let bin = folder.join("root/bin");
    fs::create_dir_all(&bin).unwrap();
    let name = format!("kubevet{}", std::env::consts::EXE_SUFFIX);
    fs::copy(env!("CARGO_BIN_EXE_kubevet"), bin.join(name)).unwrap();
    folder.join("root")
}

#[test]
fn there_are_two_hooks_and_cargo_installs_them() {
    let hooks = read(".pre-commit-hooks.yaml");
    let ids: Vec<&str> = value(&hooks).items().map(|hook| text(hook, "id")).collect();
    assert_eq!(ids, ["kubevet", "kubevet-all"]);
    for hook in value(&hooks).items() {
        assert_eq!(text(hook, "language"), "rust");
        assert!(text(hook, "entry").starts_with("kubevet lint"));
        assert_eq!(text(hook, "require_serial"), "true");
    }
}

#[test]
fn what_is_deployed_is_this_version_built_by_this_toolchain() {
    let version = env!("CARGO_PKG_VERSION");
    let deployment = read("deploy/base/deployment.yaml");
    let image = format!("kubevet:{version}");
    assert_eq!(text(container(&deployment), "image"), image);
    let chart = read("deploy/chart/Chart.yaml");
    for key in ["version", "appVersion"] {
        assert_eq!(text(value(&chart), key), version, "{key}");
    }
    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).unwrap();
    let (_, channel) = toolchain.split_once("channel = \"").unwrap();
    let (channel, _) = channel.split_once('"').unwrap();
    let dockerfile = fs::read_to_string(root().join("deploy/Dockerfile")).unwrap();
    let base = format!("FROM rust:{channel}-alpine AS build\n");
    assert!(dockerfile.contains(&base), "not {base}");
}

#[cfg(feature = "webhook")]
#[test]
fn the_server_knows_the_arguments_that_it_is_deployed_with() {
    use clap::Parser;
    use kubevet::cli::args::Cli;

    let deployment = read("deploy/base/deployment.yaml");
    let arguments = container(&deployment).get("args").unwrap().items();
    let arguments = ["kubevet"].into_iter().chain(arguments.map(Node::text));
    Cli::try_parse_from(arguments).unwrap();
}

/// The container of the first document, a Deployment.
fn container(deployment: &Reading) -> Node<'_> {
    let path = ["spec", "template", "spec", "containers"];
    let mut containers = value(deployment).at(&path).unwrap().items();
    containers.next().unwrap()
}
