//! The generator: case number n of a kind, always the same for the same seed, objects and aims.

use serde_json::{Value, json};

use super::aims::{Aim, Aimed, Fitting, Target};
use super::model::{Answer, answer_line};
use super::mutate::{self, Manner, TWIN, mutate};
use super::places::{get, parsed, prune, put, remove};
use super::pool::{Base, Pool, ServedKind};
use super::random::Random;
use super::sheet::Sheet;

/// What a judge is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Kind, seed, number, and what was done.
    pub id: String,
    /// The object.
    pub object: Value,
    /// What it is put over.
    pub old: Option<Value>,
    /// The aim that it was made by.
    pub aim: Option<Aimed>,
    /// Whether nothing else was done.
    pub is_pure: bool,
}

impl Case {
    /// The case as a line of the protocol.
    pub fn line(&self) -> String {
        let mut line = json!({"id": self.id, "object": self.object, "stored": true});
        if let (Some(old), Some(map)) = (&self.old, line.as_object_mut()) {
            map.insert("old".to_owned(), old.clone());
        }
        let marked = format!("{:?}", TWIN.to_string());
        let mark = marked.trim_matches('"').replace("\\u{1}", "\\u0001");
        line.to_string().replace(&mark, "")
    }
}

/// What is done to an object.
#[derive(Clone, Copy)]
enum Plan {
    AsItIs,
    Mild,
    Sharp,
    Aim,
    /// An aim, and then as much changed at what it hits as makes it accepted: a near miss.
    AimRepaired,
    AimAndMore,
    Chaos,
    Broken,
}

const PLANS: &[(usize, Plan)] = &[
    (6, Plan::AsItIs),
    (27, Plan::Mild),
    (27, Plan::Sharp),
    (12, Plan::Aim),
    (11, Plan::AimRepaired),
    (4, Plan::AimAndMore),
    (6, Plan::Chaos),
    (6, Plan::Broken),
];

/// How many cases in a hundred are updates.
const UPDATES: usize = 27;
/// The same of those that are aimed at a row: an update of Pods or claims has little else to say.
const UPDATES_AIMED: usize = 15;
/// Aims that should hit, of a hundred that aren't repaired after that.
const HITS: usize = 75;
/// How often it is tried to hit, or to miss narrowly.
const TRIES_MAX: usize = 6;
/// How often a repair is tried.
const REPAIRS_MAX: usize = 24;

/// A case in the making.
#[derive(Debug)]
struct Made {
    object: Value,
    old: Option<Value>,
    aim: Option<Aimed>,
    done: Vec<String>,
}

/// The generator of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Generator<'a> {
    /// Objects and values.
    pub pool: &'a Pool,
    /// The kind.
    pub kind: &'a ServedKind,
    /// All aims.
    pub aims: &'a [Aim],
    /// The rows that they are aimed at.
    pub sheet: &'a Sheet,
    /// The aims that fit the kind.
    pub fitting: &'a Fitting,
    /// What the numbers depend on.
    pub seed: u64,
}

impl Generator<'_> {
    /// Case number `n`.
    pub fn case(&self, n: usize) -> Option<Case> {
        let mut random = Random::new(self.seed, n as u64);
        let random = &mut random;
        let plan = self.plan(random)?;
        let made = match plan {
            Plan::Aim | Plan::AimRepaired | Plan::AimAndMore => self.of_row(random, plan)?,
            _ => self.mutated(random, plan)?,
        };
        let what = made.done.join(", ");
        Some(Case {
            id: format!("{}/{}/{n} {what}", self.kind.name, self.seed),
            object: made.object,
            old: made.old,
            aim: made.aim,
            is_pure: matches!(plan, Plan::Aim | Plan::AimRepaired),
        })
    }

    /// An object that is aimed at a row. What can't be repaired is another that should be accepted.
    fn of_row(&self, random: &mut Random, plan: Plan) -> Option<Made> {
        let target = self.fitting.pick(random)?;
        let hits = !matches!(plan, Plan::Aim) || random.chance(HITS);
        let mut made = self.aimed(random, target, hits)?;
        match plan {
            Plan::AimRepaired if self.repair(random, &mut made.object, made.old.as_ref()) => {
                made.done.push("repaired".to_owned());
            }
            Plan::AimRepaired => made = self.aimed(random, target, false)?,
            Plan::AimAndMore => {
                let (object, done) = (&mut made.object, &mut made.done);
                self.mutate(random, object, Manner::Sharp, 1, done);
            }
            _ => {}
        }
        Some(made)
    }

    /// An object that no row asks for.
    fn mutated(&self, random: &mut Random, plan: Plan) -> Option<Made> {
        let base = self.base(random, true)?;
        let mut made = self.start(random, base, UPDATES);
        let (manner, times) = match plan {
            Plan::Mild => (Manner::Mild, 1 + random.below(3)),
            Plan::Sharp => (Manner::Sharp, 1 + random.below(2)),
            Plan::Chaos => (Manner::Sharp, 3 + random.below(5)),
            Plan::Broken => (Manner::Broken, 1),
            _ => (Manner::Mild, 0),
        };
        self.mutate(random, &mut made.object, manner, times, &mut made.done);
        self.settle_old(random, &mut made);
        Some(made)
    }

    /// An object that shows some row, or should be accepted and nearly isn't: one of some tries,
    /// with other objects and aims.
    fn aimed(&self, random: &mut Random, target: &Target, hits: bool) -> Option<Made> {
        let mut last = None;
        for _ in 0..TRIES_MAX {
            let base = self.base(random, false)?;
            let mut made = self.start(random, base, UPDATES_AIMED);
            let aimed = target.aim(random, hits)?;
            let aim = self.aims.get(aimed.aim)?;
            let (object, before) = aim.applied(self.kind, &made.object);
            (made.object, made.old) = (object, before.or(made.old));
            for object in [Some(&mut made.object), made.old.as_mut()]
                .into_iter()
                .flatten()
            {
                prune(object, self.kind.root, self.pool.minor);
            }
            let row = self.sheet.rows.get(aimed.row);
            let row = row.map_or("", |row| &*row.name);
            made.done.push(format!("aim {row}"));
            made.aim = Some(aimed);
            self.settle_old(random, &mut made);
            let answer = self.answer(&made.object, made.old.as_ref());
            let is_met = match hits {
                true => self
                    .sheet
                    .shown(&self.kind.name, &answer)
                    .contains(&aimed.row),
                false => answer.accepts(),
            };
            last = Some(made);
            if is_met {
                break;
            }
        }
        last
    }

    /// A base as it is, and what it may be put over.
    fn start(&self, random: &mut Random, base: &Base, updates: usize) -> Made {
        let object = base.object.clone();
        let is_update = random.chance(updates) || base.old.is_some() && random.chance(70);
        let old = is_update.then(|| base.old.clone().unwrap_or_else(|| object.clone()));
        Made {
            object,
            old,
            aim: None,
            done: vec![base.name.clone()],
        }
    }

    /// What the model says.
    fn answer(&self, object: &Value, old: Option<&Value>) -> Answer {
        let line = json!({"object": object, "old": old}).to_string();
        answer_line(&line, self.pool.minor).1
    }

    /// Where little of an object is judged, less is left as it is.
    fn plan(&self, random: &mut Random) -> Option<Plan> {
        let has_pods = !self.kind.template.is_empty() || self.kind.name == "Pod";
        let aimed = match &*self.kind.name {
            "StatefulSet" => 70,
            _ if has_pods => 0,
            _ => 50,
        };
        let plan = random.weighted(PLANS)?;
        let is_replaced = match plan {
            Plan::AsItIs | Plan::Mild => random.chance(aimed),
            Plan::Sharp => aimed > 50 && random.chance(aimed),
            _ => false,
        };
        Some(match is_replaced {
            true if aimed > 50 && random.chance(20) => Plan::AimRepaired,
            true => Plan::Aim,
            false => plan,
        })
    }

    /// Changes an object where the model finds faults, until it finds none; says whether that
    /// worked. A change that makes more of them is taken back.
    fn repair(&self, random: &mut Random, object: &mut Value, old: Option<&Value>) -> bool {
        let faults = |object: &Value| {
            let answer = self.answer(object, old);
            (answer.accepts() || !answer.causes.is_empty()).then_some(answer.causes)
        };
        let Some(mut left) = faults(object) else {
            return false;
        };
        for _ in 0..REPAIRS_MAX {
            let Some(cause) = random.pick(&left) else {
                break;
            };
            let mut tried = object.clone();
            let both = (&mut tried, old);
            mutate::repair(random, both, self.kind, self.pool, &cause.field);
            if let Some(found) = faults(&tried).filter(|found| found.len() <= left.len()) {
                (*object, left) = (tried, found);
            }
        }
        left.is_empty()
    }

    /// Half of the time one of the first eight objects, so that small ones aren't outnumbered, and
    /// one in ten times a case, if these are wanted.
    fn base(&self, random: &mut Random, with_cases: bool) -> Option<&Base> {
        let bases = &self.kind.bases;
        let (cases, objects): (Vec<&Base>, Vec<&Base>) = bases.iter().partition(|b| b.is_case);
        let first = objects.get(..objects.len().min(8)).unwrap_or(&objects);
        let found = match random.below(10) {
            0..=4 => random.pick(first),
            5..=8 => random.pick(&objects),
            _ if with_cases => random.pick(&cases),
            _ => None,
        };
        found.or_else(|| objects.first()).copied()
    }

    fn mutate(
        &self,
        random: &mut Random,
        object: &mut Value,
        manner: Manner,
        times: usize,
        done: &mut Vec<String>,
    ) {
        for _ in 0..times {
            done.extend(mutate(random, object, self.kind, self.pool, manner));
        }
    }

    /// Sometimes the old object differs elsewhere, too; it keeps the name, so that what comes over
    /// it is an update of it.
    fn settle_old(&self, random: &mut Random, made: &mut Made) {
        let Made {
            object,
            old: Some(old),
            done,
            ..
        } = made
        else {
            return;
        };
        if random.chance(30) {
            let mut varied = Vec::new();
            self.mutate(random, old, Manner::Mild, 1, &mut varied);
            let varied = varied.into_iter();
            done.extend(varied.map(|what| format!("in the old one {what}")));
        } else if random.chance(10) {
            std::mem::swap(object, old);
            done.push("swapped".to_owned());
        }
        for key in ["name", "namespace"] {
            let path = parsed(&format!("metadata.{key}"));
            if random.chance(90) {
                match get(object, &path).cloned() {
                    Some(value) => put(old, &path, value),
                    None => drop(remove(old, &path)),
                }
            }
        }
        if self.kind.name == "Job" && random.chance(80) {
            as_live(object, old);
        }
        // Budgets can't be put without the version that they are put over.
        if random.chance(90) {
            let version = parsed("metadata.resourceVersion");
            put(object, &version, Value::from("1"));
        }
    }
}

/// Gives a Job what the server made its old one have, as one who edits what the server has would
/// keep it.
fn as_live(object: &mut Value, old: &Value) {
    if get(old, &parsed("spec.manualSelector")) == Some(&Value::Bool(true)) {
        return;
    }
    let uid = Value::from("00000000-0000-4000-8000-000000000000");
    let name = get(old, &parsed("metadata.name"))
        .cloned()
        .unwrap_or_default();
    let labels = [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("job-name", &name),
    ];
    for (key, value) in labels {
        let path = parsed(&format!("spec.template.metadata.labels[{key}]"));
        put(object, &path, value.clone());
    }
    let selector = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    put(object, &parsed("spec.selector"), selector);
}
