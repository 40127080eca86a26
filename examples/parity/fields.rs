//! Which fields of the schema no accepted case sets: `--fields`.

use std::collections::BTreeSet;

use kubevet::apiserver::schema::{Scalar, Shape, Type};
use kubevet::minor::Minor;

use super::Comparison;
use super::cases::Case;
use super::judge::{self, Failure};
use super::places::{Slot, places, resolved, slot_of};
use super::pool::ServedKind;

/// Prints them, a line each: kind, type, field, and whether any case has it.
pub fn tell(comparison: &Comparison<'_>) -> Result<(), Failure> {
    let kinds = comparison.pool.kinds.iter();
    for (kind, fitting) in kinds.zip(&comparison.fitting) {
        let generator = comparison.generator(kind, fitting);
        let numbers = 0..comparison.args.cases;
        let cases: Vec<Case> = numbers.filter_map(|n| generator.case(n)).collect();
        let (mut met, mut accepted) = (BTreeSet::new(), BTreeSet::new());
        for cases in cases.chunks(1_000) {
            let lines: Vec<String> = cases.iter().map(Case::line).collect();
            comparison.judge.send(lines)?;
            for (case, answer) in cases.iter().zip(comparison.judge.take(cases.len())?) {
                let all = places(&case.object, kind.root, comparison.minor);
                let slots = all.iter().map(|place| place.slot);
                if judge::read(&answer)?.accepts() {
                    accepted.extend(slots.clone());
                }
                met.extend(slots);
            }
        }
        for slot in of_schema(kind, comparison.minor).difference(&accepted) {
            let how = if met.contains(slot) {
                "rejected only"
            } else {
                "never"
            };
            let (holder, field) = (slot.holder, slot.field);
            println!(
                "{} {}\t{holder}\t{field}\t{how}",
                comparison.minor, kind.name
            );
        }
    }
    Ok(())
}

/// All fields of a kind's schema but those of its status.
fn of_schema(kind: &ServedKind, minor: Minor) -> BTreeSet<Slot> {
    let mut found = BTreeSet::new();
    walk(kind.root, minor, &mut found);
    found
}

fn walk(of: Type<'static>, minor: Minor, found: &mut BTreeSet<Slot>) {
    match resolved(of).shape() {
        Shape::List(of) => walk(of.item(), minor, found),
        Shape::Struct(of) => {
            let fields = of.fields().filter(|f| f.exists(minor));
            for field in fields.filter(|f| f.name() != "status") {
                if found.insert(slot_of(of.name(), field.name())) {
                    walk(field.of(), minor, found);
                }
            }
            if !of.rest().is(Scalar::Never) {
                walk(of.rest(), minor, found);
            }
        }
        _ => {}
    }
}
