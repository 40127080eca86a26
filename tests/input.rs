//! What PATHS reach, on folders and repositories made up here.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kubevet::cli::input::{Context, InputError, Inputs, Request, collect};

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[&str]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for file in files {
            tree.write(file, "");
        }
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, folder: &str, arguments: &[&str]) {
        let status = Command::new("git")
            .current_dir(self.path(folder))
            .args(arguments)
            .status();
        assert!(status.expect("git is needed for this test").success());
    }

    /// A repository at `folder` that tracks all there is.
    fn track(&self, folder: &str) {
        self.git(folder, &["init", "-q"]);
        self.git(folder, &["add", "-f", "."]);
    }

    fn request(&self, from: &str, paths: &[&str]) -> Request {
        Request {
            paths: paths.iter().map(Into::into).collect(),
            stdin_filename: None,
            context: Context::Projects,
            folder: self.path(from),
        }
    }

    fn collect(&self, from: &str, paths: &[&str]) -> Inputs {
        collect(&self.request(from, paths), &b"stdin"[..]).unwrap()
    }

    fn fails(&self, path: &str) -> InputError {
        collect(&self.request("", &[path]), &b""[..]).unwrap_err()
    }
}

/// Targets by name, then the context in parentheses.
fn names(inputs: &Inputs) -> Vec<String> {
    let files = inputs.files.iter();
    files
        .map(|file| match file.target {
            true => file.shown.clone(),
            false => format!("({})", file.shown),
        })
        .collect()
}

#[cfg(unix)]
fn link(to: &str, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

#[test]
fn takes_manifests_of_folders_in_order() {
    let tree = Tree::new(&["b/x.json", "b/Kustomization", "a.yml", "c.yaml", "b/no.txt"]);
    assert_eq!(
        names(&tree.collect("", &["."])),
        ["a.yml", "b/Kustomization", "b/x.json", "c.yaml"]
    );
    assert_eq!(names(&tree.collect("", &[])).len(), 4);
    assert_eq!(
        names(&tree.collect("b", &["../a.yml", "./x.json"])),
        ["../a.yml", "x.json"]
    );
    let absolute = tree.path("b/x.json").to_string_lossy().into_owned();
    assert_eq!(names(&tree.collect("", &[&absolute])), [absolute]);
}

#[test]
fn takes_any_file_that_is_named_and_each_once() {
    let tree = Tree::new(&["a.txt", "b.yaml"]);
    let inputs = tree.collect("", &["./b.yaml", "a.txt", ".", "b.yaml"]);
    assert_eq!(names(&inputs), ["a.txt", "b.yaml"]);
    assert!(inputs.files.iter().all(|file| file.explicit));
}

#[test]
fn expands_patterns_and_rejects_what_is_not_there() {
    let tree = Tree::new(&[
        "a/x.yaml",
        "a/y.yaml",
        "b/c/x.yaml",
        "b/c/n.txt",
        "[x].yaml",
    ]);
    let found = |pattern| names(&tree.collect("", &[pattern]));
    assert_eq!(found("*/x.yaml"), ["a/x.yaml"]);
    assert_eq!(found("**/x.yaml"), ["a/x.yaml", "b/c/x.yaml"]);
    assert_eq!(found("b/*"), ["b/c/x.yaml"]);
    assert_eq!(found("b/c/*"), ["b/c/n.txt", "b/c/x.yaml"]);
    assert_eq!(found("[x].yaml"), ["[x].yaml"]);
    assert!(matches!(tree.fails("z*"), InputError::NoMatch { .. }));
    assert!(matches!(tree.fails("z"), InputError::NotFound { .. }));
}

#[test]
fn leaves_out_what_git_ignores_unless_named_or_tracked() {
    let tree = Tree::new(&["a.yaml", "out/b.yaml", "out/kept.yaml", "sub/c.yaml"]);
    tree.track("");
    tree.git("", &["rm", "-q", "--cached", "out/b.yaml"]);
    tree.write(".gitignore", "out/\n");
    tree.write("sub/.gitignore", "*.yaml\n");
    tree.write("sub/d.yaml", "");
    let found = |path| names(&tree.collect("", &[path]));
    assert_eq!(found("."), ["a.yaml", "out/kept.yaml", "sub/c.yaml"]);
    assert_eq!(
        found("out"),
        ["(a.yaml)", "out/b.yaml", "out/kept.yaml", "(sub/c.yaml)"]
    );
    assert_eq!(
        found("sub/d.yaml"),
        ["(a.yaml)", "(out/kept.yaml)", "(sub/c.yaml)", "sub/d.yaml"]
    );
    tree.write(".git/info/exclude", "a.*\n");
    assert_eq!(
        found("[a-z].yaml"),
        ["a.yaml", "(out/kept.yaml)", "(sub/c.yaml)"]
    );
}

#[test]
fn takes_up_what_a_folder_says_of_itself() {
    // Names that come before `.git` in the folder that it speaks of, too.
    let tree = Tree::new(&[
        "-a.yaml",
        "out.yaml",
        "in/-b.yaml",
        "in/x/out.yaml",
        "z/out.yaml",
    ]);
    tree.write(".gitignore", "out.yaml\n-b.yaml\n");
    tree.write("in/.gitignore", "-c.yaml\n");
    tree.write("in/-c.yaml", "");
    // A folder of this name ignores nothing.
    tree.write("z/.gitignore/a", "-a.yaml\n");
    tree.git("", &["init", "-q"]);
    assert_eq!(names(&tree.collect("", &["."])), ["-a.yaml"]);
    // A work tree in another, as a submodule has it: what is ignored outside it isn't in it.
    tree.write("git/info/exclude", "x/\n");
    tree.write("in/.git", "gitdir: ../git\n");
    assert_eq!(names(&tree.collect("", &["."])), ["-a.yaml", "in/-b.yaml"]);
}

#[test]
fn knows_the_folders_without_a_config() {
    let tree = Tree::new(&[
        "a/x.yaml",
        "b/.kubevet.yml",
        "b/c/x.yaml",
        "e/.kubevet.yaml/x.yaml",
    ]);
    let inputs = tree.collect("", &["."]);
    let folder = tree
        .path("")
        .to_string_lossy()
        .trim_end_matches('/')
        .to_owned();
    let mut without: Vec<_> = inputs.without_config.iter().collect();
    without.sort();
    let expected = ["", "/a", "/b/c", "/e/.kubevet.yaml"].map(|way| format!("{folder}{way}"));
    assert_eq!(without, expected.iter().collect::<Vec<_>>());
}

#[cfg(target_os = "linux")]
#[test]
fn a_walk_that_fails_somewhere_knows_of_no_configs() {
    let tree = Tree::new(&["a/x.yaml", "b/.kubevet.yaml"]);
    // A path of more than 4,096 bytes can't be opened, not even by root: two moves make one.
    let long = "n".repeat(250);
    let half = [long.as_str(); 12].join("/");
    tree.write(&format!("b/{half}/x.yaml"), "");
    tree.write(&format!("c/{half}/y.yaml"), "");
    fs::rename(tree.path("c"), tree.path(&format!("b/{half}/c"))).unwrap();
    let inputs = tree.collect("", &["."]);
    assert!(inputs.skipped.iter().any(|skipped| skipped.unread));
    let b = tree.path("b").to_string_lossy().into_owned();
    assert!(!inputs.without_config.contains(&b));
    assert!(
        inputs.without_config.is_empty(),
        "{:?}",
        inputs.without_config
    );
}

#[cfg(unix)]
#[test]
fn a_folder_named_by_a_link_is_that_folder() {
    let tree = Tree::new(&["r/a.yaml", "r/made.yaml"]);
    tree.write("r/.gitignore", "made.yaml\n");
    tree.git("r", &["init", "-q"]);
    link("r", &tree.path("l"));
    assert_eq!(names(&tree.collect("", &["l"])), ["l/a.yaml"]);
}

#[test]
fn context_is_what_git_tracks() {
    let tree = Tree::new(&[
        "r/a.yaml",
        "r/k/b.yaml",
        "r/k/c.txt",
        "r/gone.yaml",
        "r/in/d.yaml",
    ]);
    tree.track("r/in");
    fs::rename(tree.path("r/in"), tree.path("in")).unwrap();
    tree.track("r");
    fs::rename(tree.path("in"), tree.path("r/in")).unwrap();
    fs::remove_file(tree.path("r/gone.yaml")).unwrap();
    tree.write("r/new.yaml", "");
    let found = |from, path| names(&tree.collect(from, &[path]));
    assert_eq!(found("r", "k/b.yaml"), ["(a.yaml)", "k/b.yaml"]);
    assert_eq!(found("r/k", "b.yaml"), ["(../a.yaml)", "b.yaml"]);
    assert_eq!(found("", "r/k/b.yaml"), ["(r/a.yaml)", "r/k/b.yaml"]);
    // A repository in a repository is a project of its own.
    let inputs = tree.collect("r", &["."]);
    assert_eq!(
        names(&inputs),
        ["a.yaml", "in/d.yaml", "k/b.yaml", "new.yaml"]
    );
    assert_eq!(inputs.roots.len(), 2);
    assert_eq!(inputs.files[1].root_relative, "d.yaml");
    let absolute = tree.path("r/k/b.yaml").to_string_lossy().into_owned();
    let other = tree.path("r/a.yaml").to_string_lossy().into_owned();
    let expected = [format!("({other})"), absolute.clone()];
    assert_eq!(names(&tree.collect("r", &[&absolute])), expected);
}

#[test]
fn names_do_not_depend_on_what_was_named() {
    let tree = Tree::new(&["a.yaml", "k/b.yaml", "l/c.yaml"]);
    tree.track("");
    let plain = |names: Vec<String>| -> Vec<String> {
        let names = names.iter().map(|name| name.trim_matches(['(', ')']));
        names.map(str::to_owned).collect()
    };
    for (from, paths) in [
        ("", [".", "a.yaml", "k", "l/c.yaml"]),
        ("k", ["..", "b.yaml", "../l/c.yaml", "../k/b.yaml"]),
    ] {
        let all = plain(names(&tree.collect(from, &[paths[0]])));
        for path in paths {
            assert_eq!(plain(names(&tree.collect(from, &[path]))), all, "{path}");
        }
    }
}

#[test]
fn context_outside_git_is_the_folder_of_the_config() {
    let tree = Tree::new(&["a/b/x.yaml", "a/y.yaml", "z.yaml"]);
    assert_eq!(names(&tree.collect("", &["a/b/x.yaml"])), ["a/b/x.yaml"]);
    tree.write("a/.kubevet.yaml", "");
    assert_eq!(
        names(&tree.collect("", &["a/b/x.yaml"])),
        ["(a/.kubevet.yaml)", "a/b/x.yaml", "(a/y.yaml)"]
    );
}

#[test]
fn context_can_be_given_or_left_out() {
    let tree = Tree::new(&["a.yaml", "b.yaml", "c/d.yaml"]);
    tree.track("");
    let mut request = tree.request("", &["a.yaml"]);
    request.context = Context::Nothing;
    assert_eq!(names(&collect(&request, &b""[..]).unwrap()), ["a.yaml"]);
    request.context = Context::Paths(vec!["c".into(), "a.yaml".into()]);
    assert_eq!(
        names(&collect(&request, &b""[..]).unwrap()),
        ["a.yaml", "(c/d.yaml)"]
    );
}

#[test]
fn standard_input_stands_for_a_file_or_for_itself() {
    let tree = Tree::new(&["a.yaml", "b.yaml"]);
    tree.track("");
    let inputs = tree.collect("", &["-", "-"]);
    assert_eq!(names(&inputs), ["<stdin>"]);
    assert_eq!(inputs.read(&inputs.files[0]).unwrap(), b"stdin");
    let mut request = tree.request("", &["-"]);
    request.stdin_filename = Some("./b.yaml".to_owned());
    let inputs = collect(&request, &b"new"[..]).unwrap();
    assert_eq!(names(&inputs), ["(a.yaml)", "b.yaml"]);
    assert_eq!(inputs.read(&inputs.files[1]).unwrap(), b"new");
}

#[cfg(unix)]
#[test]
fn follows_links_that_stay_inside() {
    let tree = Tree::new(&["out.yaml", "r/a.yaml", "r/d/b.yaml"]);
    tree.git("r", &["init", "-q"]);
    link("d/b.yaml", &tree.path("r/inside.yaml"));
    link("../out.yaml", &tree.path("r/outside.yaml"));
    link("nothing", &tree.path("r/broken.yaml"));
    link("..", &tree.path("r/d/circle"));
    link("r/d", &tree.path("named"));
    let inputs = tree.collect("r", &["."]);
    assert_eq!(names(&inputs), ["a.yaml", "d/b.yaml", "inside.yaml"]);
    let skipped: Vec<_> = inputs.skipped.iter().map(|s| s.shown.as_str()).collect();
    assert_eq!(skipped, ["broken.yaml", "outside.yaml"]);
    assert_eq!(
        names(&tree.collect("r", &["outside.yaml"])),
        ["outside.yaml"]
    );
    assert_eq!(
        names(&tree.collect("", &["named", "r/d"])),
        ["named/b.yaml"]
    );
}

#[test]
fn finds_the_chart_of_a_lone_template() {
    let tree = Tree::new(&["c/Chart.yaml", "c/templates/a.yaml"]);
    let inputs = tree.collect("c/templates", &["a.yaml"]);
    let chart = tree.path("c").to_string_lossy().into_owned();
    assert_eq!(inputs.charts.into_iter().collect::<Vec<_>>(), [chart]);
}

#[test]
fn says_when_git_does_not_help() {
    let tree = Tree::new(&["a.yaml", "b.yaml", "ignored.yaml"]);
    tree.write(".git/HEAD", "not a repository");
    tree.write(".gitignore", "ignored.yaml");
    let inputs = tree.collect("", &["a.yaml"]);
    assert_eq!(names(&inputs), ["a.yaml", "(b.yaml)"]);
    assert_eq!(inputs.notes.len(), 1, "{:?}", inputs.notes);
}
