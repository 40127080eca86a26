//! Schemas of custom resources that the user gives: definitions, a dump of them, or a folder of
//! JSON schemas as kubeconform lays it out (`{group}/{kind}_{version}.json`).

use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::apiserver::schema::Table;
use crate::apiserver::schema::compile::Compiler;
use crate::object::content;
use crate::source::{Source, SourceId};
use crate::yaml;

/// Reads the schemas at these paths.
///
/// # Errors
/// A path that can't be read, or that holds no schema.
pub fn read<P: AsRef<Path>>(paths: &[P]) -> Result<Option<Table>, String> {
    let mut compiler = Compiler::default();
    for path in paths {
        let path = path.as_ref();
        if add(&mut compiler, path)? == 0 {
            return Err(format!("{}: there is no schema here", path.display()));
        }
    }
    Ok((!paths.is_empty()).then(|| compiler.finish()))
}

fn add(compiler: &mut Compiler, path: &Path) -> Result<usize, String> {
    let mut added = 0;
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let why = error
                .io_error()
                .map_or("can't be read".into(), ToString::to_string);
            format!("{}: {why}", error.path().unwrap_or(path).display())
        })?;
        let extension = entry.path().extension().and_then(|e| e.to_str());
        let named = entry.depth() == 0 || matches!(extension, Some("yaml" | "yml" | "json"));
        if entry.file_type().is_file() && named {
            added += add_file(compiler, entry.path())?;
        }
    }
    Ok(added)
}

fn add_file(compiler: &mut Compiler, path: &Path) -> Result<usize, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let source = Source::decode(path.to_string_lossy(), bytes);
    let reading = yaml::read(&source);
    let mut added = 0;
    for document in &reading.documents {
        let root = match &document.root {
            Ok(Some(root)) => reading.tree.node(*root),
            Ok(None) => continue,
            Err(fault) => {
                let at = source.position(fault.span.start);
                return Err(format!(
                    "{}:{}:{}: {}",
                    path.display(),
                    at.line,
                    at.column,
                    fault.message
                ));
            }
        };
        let objects = content(SourceId(0), 0, root).objects;
        let crds = objects.iter().map(|object| compiler.crd(object.root));
        added += crds.sum::<usize>();
        if objects.is_empty()
            && let Some(name) = SchemaName::of(path)
        {
            compiler.json_schema(&name.group, &name.version, &name.kind_in(root), root);
            added += 1;
        }
    }
    Ok(added)
}

/// What the name of a JSON schema says: kubeconform's two common layouts.
struct SchemaName {
    group: String,
    version: String,
    kind: String,
}

impl SchemaName {
    /// `monitoring.coreos.com/prometheus_v1.json`, or `prometheus-monitoring-v1.json`.
    fn of(path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_str()?;
        let folder = path
            .parent()?
            .file_name()
            .and_then(|f| f.to_str())
            .unwrap_or("");
        if let Some((kind, version)) = stem.rsplit_once('_') {
            return Some(Self {
                group: folder.to_owned(),
                version: version.to_owned(),
                kind: kind.to_owned(),
            });
        }
        let (rest, version) = stem.rsplit_once('-')?;
        let (kind, group) = rest.split_once('-').unwrap_or((rest, ""));
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        })
    }

    /// The kind as the schema spells it, since file names are in lower case.
    fn kind_in(&self, schema: crate::tree::Node<'_>) -> String {
        let property = schema.at(&["properties", "kind"]);
        let listed = property
            .and_then(|p| p.at(&["enum"]))
            .and_then(|e| e.items().next());
        let constant = property.and_then(|p| p.at(&["const"]));
        let spelled = constant.or(listed).and_then(crate::tree::Node::as_str);
        spelled.map_or_else(|| self.kind.to_ascii_lowercase(), str::to_owned)
    }
}
