//! Prints the JSON of every document of the .yaml, .yml and .json files below a folder, one line
//! each: path, index, JSON; or path, index, `error`, message. `e2e/yaml/compare` holds it against
//! what kubectl's own modules print (`e2e/yaml -json`).
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use kubevet::source::Source;
use kubevet::yaml::{self, canonical};

fn main() -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for root in std::env::args_os().skip(1).map(PathBuf::from) {
        let mut files = Vec::new();
        collect(&root, &mut files)?;
        for file in files {
            let name = match file.strip_prefix(&root) {
                Ok(rest) if rest != Path::new("") => rest,
                _ => &file,
            };
            print(&mut out, &name.to_string_lossy(), std::fs::read(&file)?)?;
        }
    }
    out.flush()
}

/// Named files, and those in folders that kubectl would take; not what symbolic links lead to.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (kind, path) = (entry.file_type()?, entry.path());
        let wanted = path
            .extension()
            .is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
        if kind.is_dir() || (kind.is_file() && wanted) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

fn print(out: &mut impl Write, name: &str, bytes: Vec<u8>) -> std::io::Result<()> {
    let source = Source::decode(name, bytes);
    let reading = yaml::read(&source);
    for (index, document) in reading.documents.iter().enumerate() {
        match &document.root {
            Ok(Some(root)) => {
                let json = canonical::json(reading.tree.node(*root));
                writeln!(out, "{name}\t{index}\t{json}")?;
            }
            Ok(None) => writeln!(out, "{name}\t{index}\tnull")?,
            Err(fault) => {
                let at = source.position(fault.span.start);
                let message = fault.message.replace('\n', "\\n").replace('\t', "\\t");
                writeln!(out, "{name}\t{index}\terror\tline {}: {message}", at.line)?;
            }
        }
    }
    Ok(())
}
