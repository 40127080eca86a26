//! Turns the lines of `schemas/generate` (standard input) into `schemas/kubernetes.bin` (the
//! path given). See `schemas/README.md` for the lines.

use std::collections::HashMap;
use std::io::Read;

use kubevet::apiserver::schema::write::{Def, FieldDef, KindDef, LifeDef, Ref, Writer};
use kubevet::apiserver::schema::{Scalar, Unique};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: compile_schemas FILE")?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    std::fs::write(path, compile(&lines)?)?;
    Ok(())
}

fn compile(lines: &[Vec<&str>]) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer::default();
    let mut numbers = HashMap::new();
    for line in lines {
        if let ["type" | "struct", id, ..] = line.as_slice() {
            numbers.insert(*id, writer.reserve());
        }
    }
    let find = |name: &str| reference(&numbers, name);
    let mut rest = lines;
    while let Some((line, after)) = rest.split_first() {
        rest = after;
        match line.as_slice() {
            ["type", id, what @ ..] => {
                let number = numbers.get(id).ok_or("a type without number")?;
                writer.define(*number, plain(what, &find)?);
            }
            ["struct", id, name] => {
                let is_field = |line: &&Vec<&str>| line.first() == Some(&"field");
                let count = rest.iter().take_while(is_field).count();
                let (fields, after) = rest.split_at(count);
                rest = after;
                let fields = fields.iter().map(|line| field(line, &find));
                let number = numbers.get(id).ok_or("a struct without number")?;
                if *name == "ObjectMeta" {
                    writer.object_meta(Ref::Type(*number));
                }
                let def = Def::Struct {
                    name: (*name).to_owned(),
                    fields: fields.collect::<Result<_, _>>()?,
                    rest: Scalar::Never.into(),
                };
                writer.define(*number, def);
            }
            ["kind", group, version, kind, root, minors, scope] => writer.kind(KindDef {
                gvk: [group, version, kind].map(|part| (*part).to_owned()),
                root: find(root)?,
                minors: u16::from_str_radix(minors, 16)?,
                namespaced: *scope == "namespaced",
                custom: false,
            }),
            [
                "life",
                group,
                version,
                kind,
                minors,
                deprecated,
                removed,
                by @ ..,
            ] => {
                let part = |i: usize| by.get(i).map(|part| (*part).to_owned()).unwrap_or_default();
                writer.life(LifeDef {
                    gvk: [group, version, kind].map(|part| (*part).to_owned()),
                    minors: u16::from_str_radix(minors, 16)?,
                    deprecated: deprecated.parse()?,
                    removed: removed.parse()?,
                    replacement: [part(0), part(1), part(2)],
                });
            }
            other => return Err(format!("what is {other:?}?").into()),
        }
    }
    Ok(writer.bytes())
}

fn plain(what: &[&str], find: &impl Fn(&str) -> Result<Ref, Failure>) -> Result<Def, Failure> {
    match what {
        ["enum", values @ ..] => Ok(Def::Enum {
            base: Scalar::String,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }),
        ["list", item, unique, keys @ ..] => Ok(Def::List {
            item: find(item)?,
            unique: match *unique {
                "map" => Unique::Keys,
                "set" => Unique::Items,
                _ => Unique::No,
            },
            keys: keys
                .iter()
                .filter_map(|key| key.split_once('='))
                .map(|(key, default)| (key.to_owned(), default.to_owned()))
                .collect(),
        }),
        ["map", value] => Ok(Def::Struct {
            name: String::new(),
            fields: Vec::new(),
            rest: find(value)?,
        }),
        other => Err(format!("what is {other:?}?").into()),
    }
}

fn field(line: &[&str], find: &impl Fn(&str) -> Result<Ref, Failure>) -> Result<FieldDef, Failure> {
    let ["field", name, of, minors, required, go_type] = line else {
        return Err(format!("what is {line:?}?").into());
    };
    Ok(FieldDef {
        name: (*name).to_owned(),
        of: find(of)?,
        minors: u16::from_str_radix(minors, 16)?,
        required: u16::from_str_radix(required, 16)?,
        go_type: (*go_type).to_owned(),
        nullable: false,
    })
}

fn reference(numbers: &HashMap<&str, usize>, name: &str) -> Result<Ref, Failure> {
    let scalar = match name {
        "any" => Scalar::Any,
        "string" => Scalar::String,
        "bool" => Scalar::Bool,
        "int32" => Scalar::Int32,
        "int64" => Scalar::Int64,
        "float" => Scalar::Float,
        "intorstring" => Scalar::IntOrString,
        "quantity" => Scalar::Quantity,
        "time" => Scalar::Time,
        "microtime" => Scalar::MicroTime,
        "bytes" => Scalar::Bytes,
        _ => {
            let number = numbers.get(name).ok_or_else(|| format!("no type {name}"))?;
            return Ok(Ref::Type(*number));
        }
    };
    Ok(scalar.into())
}
