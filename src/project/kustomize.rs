//! What a kustomization says: which files it names, as what, and what it does to its resources.
//!
//! Lives here: one kustomization or component, read from its tree. Nothing is rendered and no
//! file is opened; paths are joined as text. Not here: how kustomizations reach each other
//! (`graph`), and rendering.
//! (Upstream: `sigs.k8s.io/kustomize/api/types/kustomization.go`.)

use crate::tree::{Kind, Node};

/// A kustomization or a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kustomization {
    /// It is a component: its transforms hold for everything that its user collected before it.
    pub component: bool,
    /// Every file and folder that it names.
    pub entries: Vec<Entry>,
    /// What it does to its resources and to those below.
    pub transforms: Transforms,
    /// The objects that its generators make.
    pub generated: Vec<Generated>,
    /// It has charts inflated or runs plugins that make objects: what, nobody knows before.
    pub makes_unknown: bool,
}

/// A file or folder that a kustomization names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As what.
    pub role: Role,
    /// As written; of `key=path`, the path.
    pub written: String,
    /// Where that is; `None` for what leads above all folders.
    pub location: Option<String>,
}

/// As what a kustomization names a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `resources`, `bases`: a manifest or another kustomization.
    Resource,
    /// `components`.
    Component,
    /// `patches[].path`, `patchesStrategicMerge`, `patchesJson6902[].path`.
    Patch,
    /// `generators`, `transformers`, `validators`: settings of plugins.
    Plugin,
    /// `configurations`, `replacements[].path`, `openapi.path`: settings of kustomize.
    Settings,
    /// Files and env files of generators: whatever they hold is data.
    Data,
    /// Values of a chart.
    Values,
}

/// An object that a generator makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// The name before transforms, without the hash.
    pub name: String,
    /// As written; `None`: the one of the kustomization.
    pub namespace: Option<String>,
    /// A hash of its content is added to its name, here and wherever a resource refers to it.
    pub hashed: bool,
}

/// What a kustomization does to all its resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transforms {
    /// `namespace`, empty if unset.
    pub namespace: String,
    /// `namePrefix`, empty if unset.
    pub name_prefix: String,
    /// `nameSuffix`, empty if unset.
    pub name_suffix: String,
    /// `commonLabels` and `labels`.
    pub labels: Vec<Labels>,
    /// Anything else that changes them: annotations, images, replicas, replacements, vars,
    /// patches, transformers, generators that rename what resources refer to.
    pub others: bool,
}

/// Labels that a kustomization adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Names and values.
    pub pairs: Vec<(String, String)>,
    /// Also to selectors, and so to the pods they select.
    pub selectors: bool,
    /// Also to pod templates.
    pub templates: bool,
}

impl Transforms {
    /// Whether it changes anything.
    pub fn any(&self) -> bool {
        let Self {
            namespace,
            name_prefix,
            name_suffix,
            labels,
            others,
        } = self;
        let texts = [namespace, name_prefix, name_suffix];
        *others || !labels.is_empty() || texts.iter().any(|text| !text.is_empty())
    }
}

/// Whether kustomize takes a file for a kustomization by its name.
pub fn is_kustomization_name(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The names of kustomizations in a folder, in the order in which kustomize looks for them.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether something that is not in sight lies elsewhere: a URL, or a repository in one of the
/// short forms. (Upstream: `api/internal/git/repospec.go`.)
pub fn is_remote(written: &str) -> bool {
    const STARTS: [&str; 5] = ["git@", "git::", "github.com", "gitlab.com", "bitbucket.org"];
    const PARTS: [&str; 4] = ["://", "?ref=", "?version=", ".git//"];
    STARTS.iter().any(|start| written.starts_with(start))
        || PARTS.iter().any(|part| written.contains(part))
}

/// Joins a path to the folder it is written in, as text: `a/b` and `../c` give `a/c`. `None` if
/// it leads above the first folder. A location that starts with `/` stays so.
pub fn join(folder: &str, written: &str) -> Option<String> {
    let whole = if written.starts_with('/') {
        written.to_owned()
    } else {
        format!("{folder}/{written}")
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let start = match folder.starts_with('/') || written.starts_with('/') {
        true => "/",
        false => "",
    };
    Some(format!("{start}{}", parts.join("/")))
}

/// The folder of a location, `""` for none.
pub fn folder_of(location: &str) -> &str {
    location.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Kustomization {
    /// Reads the kustomization that lies at `location`. What has an unexpected type is left out:
    /// kustomize itself will say so.
    pub fn read(location: &str, root: Node<'_>) -> Self {
        let mut reader = Reader {
            folder: folder_of(location),
            root,
            read: Self {
                component: root.get("kind").is_some_and(|k| k.text() == "Component"),
                ..Self::default()
            },
        };
        reader.resources();
        reader.patches();
        reader.plugins();
        reader.generators();
        reader.charts();
        reader.transforms();
        reader.read
    }
}

struct Reader<'a> {
    folder: &'a str,
    root: Node<'a>,
    read: Kustomization,
}

impl<'a> Reader<'a> {
    fn resources(&mut self) {
        self.paths("resources", Role::Resource);
        self.paths("bases", Role::Resource);
        self.paths("components", Role::Component);
        self.paths("configurations", Role::Settings);
        if let Some(path) = self.root.at(&["openapi", "path"]) {
            self.entry(Role::Settings, path.text());
        }
    }

    fn patches(&mut self) {
        self.paths("patchesStrategicMerge", Role::Patch);
        for field in ["patches", "patchesJson6902"] {
            // Old kustomizations list plain paths under `patches`.
            self.paths(field, Role::Patch);
            self.paths_in(field, "path", Role::Patch);
        }
        self.paths_in("replacements", "path", Role::Settings);
    }

    fn plugins(&mut self) {
        for field in ["generators", "transformers", "validators"] {
            self.paths(field, Role::Plugin);
        }
        self.read.makes_unknown |= self.has("generators");
    }

    fn generators(&mut self) {
        let options = self.root.get("generatorOptions");
        for (field, kind) in [
            ("configMapGenerator", "ConfigMap"),
            ("secretGenerator", "Secret"),
        ] {
            for item in self.items(field) {
                for file in list(item, "files") {
                    let path = file.split_once('=').map_or(file, |(_, path)| path);
                    self.entry(Role::Data, path);
                }
                for path in list(item, "envs") {
                    self.entry(Role::Data, path);
                }
                if let Some(path) = item.get("env") {
                    self.entry(Role::Data, path.text());
                }
                let disabled = |of: Option<Node<'_>>| {
                    of.and_then(|o| o.get("disableNameSuffixHash")?.as_bool()) == Some(true)
                };
                let generated = Generated {
                    kind,
                    name: text(item, "name"),
                    namespace: Some(text(item, "namespace")).filter(|text| !text.is_empty()),
                    hashed: !disabled(options) && !disabled(item.get("options")),
                };
                self.read.transforms.others |= generated.hashed;
                self.read.generated.push(generated);
            }
        }
    }

    fn charts(&mut self) {
        for field in ["helmCharts", "helmChartInflationGenerator"] {
            for item in self.items(field) {
                for field in ["valuesFile", "values"] {
                    if let Some(path) = item.get(field) {
                        self.entry(Role::Values, path.text());
                    }
                }
                for path in list(item, "additionalValuesFiles") {
                    self.entry(Role::Values, path);
                }
            }
            self.read.makes_unknown |= self.has(field);
        }
    }

    fn transforms(&mut self) {
        let label_sets = self.items("labels").filter_map(|item| {
            let is = |field| item.get(field).and_then(Node::as_bool) == Some(true);
            Some(Labels {
                pairs: pairs(item.get("pairs")?),
                selectors: is("includeSelectors"),
                templates: is("includeSelectors") || is("includeTemplates"),
            })
        });
        let common = self.root.get("commonLabels").map(|labels| Labels {
            pairs: pairs(labels),
            selectors: true,
            templates: true,
        });
        let labels = common.into_iter().chain(label_sets);
        let labels = labels.filter(|labels| !labels.pairs.is_empty()).collect();
        const OTHERS: [&str; 9] = [
            "commonAnnotations",
            "images",
            "replicas",
            "replacements",
            "vars",
            "patches",
            "patchesStrategicMerge",
            "patchesJson6902",
            "transformers",
        ];
        let others = OTHERS.iter().any(|field| self.has(field));
        let transforms = &mut self.read.transforms;
        transforms.namespace = text(self.root, "namespace");
        transforms.name_prefix = text(self.root, "namePrefix");
        transforms.name_suffix = text(self.root, "nameSuffix");
        transforms.labels = labels;
        transforms.others |= others;
    }

    fn has(&self, field: &str) -> bool {
        self.root.get(field).is_some_and(|value| !value.is_empty())
    }

    fn items(&self, field: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let list = self.root.get(field);
        list.into_iter().flat_map(Node::items)
    }

    fn paths(&mut self, field: &str, role: Role) {
        for path in list(self.root, field) {
            self.entry(role, path);
        }
    }

    fn paths_in(&mut self, list: &str, field: &str, role: Role) {
        for item in self.items(list) {
            if let Some(path) = item.get(field) {
                self.entry(role, path.text());
            }
        }
    }

    /// Text of several lines is the thing itself, not its path.
    fn entry(&mut self, role: Role, written: &str) {
        if written.is_empty() || written.contains('\n') {
            return;
        }
        self.read.entries.push(Entry {
            role,
            written: written.to_owned(),
            location: join(self.folder, written),
        });
    }
}

fn list<'a>(node: Node<'a>, field: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let items = node.get(field).into_iter().flat_map(Node::items);
    items.filter_map(Node::as_str)
}

fn text(node: Node<'_>, field: &str) -> String {
    let value = node.get(field).filter(|value| !value.is_null());
    value.map_or_else(String::new, |value| value.text().to_owned())
}

fn pairs(node: Node<'_>) -> Vec<(String, String)> {
    let is_scalar = |value: &Node<'_>| !matches!(value.kind(), Kind::Mapping | Kind::Sequence);
    let entries = node.entries().filter(|(_, value)| is_scalar(value));
    entries
        .map(|(key, value)| (key.text().to_owned(), value.text().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_paths_as_text() {
        assert_eq!(join("a/b", "../c.yaml").as_deref(), Some("a/c.yaml"));
        assert_eq!(join("", "./c/").as_deref(), Some("c"));
        assert_eq!(join("/r/a", "..").as_deref(), Some("/r"));
        assert_eq!(join("a", "../../b"), None);
    }

    #[test]
    fn tells_what_lies_elsewhere() {
        for written in [
            "https://example.org/a.yaml",
            "github.com/o/r//config?ref=v1",
            "git@github.com:o/r.git",
        ] {
            assert!(is_remote(written));
        }
        assert!(!is_remote("../base"));
    }
}
