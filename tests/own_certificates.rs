//! Own certificates by a clock that the test turns, in a cluster that is two texts.
//!
//! What must never happen: that a replica serves a leaf which some API server doesn't believe, by
//! any `caBundle` that it may still know. API servers here know each state for `LAG` after it was
//! replaced.
#![cfg(feature = "webhook")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

use std::cell::RefCell;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use kubevet::webhook::serve::own::authority::{Authority, Trusted, verify};
use kubevet::webhook::serve::own::keeper::{Event, Keeper, Store};
use kubevet::webhook::serve::own::scheme::{Bundle, Plan, Seen, Step, Write};
use kubevet::webhook::serve::own::secret::{self, Data};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// The name by which the API server calls the webhook.
const NAME: &str = "kubevet.kubevet.svc";
const PLAN: Plan = Plan {
    certificate_lifetime: Duration::from_secs(30),
    ca_lifetime: Duration::from_secs(180),
    spread: Duration::from_secs(10),
};
/// How late API servers are.
const LAG: Duration = Duration::from_secs(9);
/// When it begins.
const BEGIN: Duration = Duration::from_secs(1_800_000_000);

/// What all replicas see.
#[derive(Default)]
struct World {
    secret: Option<Data>,
    secret_version: u64,
    bundle: Vec<u8>,
    bundle_version: u64,
    /// What `caBundle` was, and until when.
    past: Vec<(Duration, Vec<u8>)>,
    now: Duration,
    /// What the API server says instead of writing.
    refuses: Option<&'static str>,
    /// What was written.
    written: usize,
}

impl World {
    fn set_bundle(&mut self, bundle: Vec<u8>) {
        let old = std::mem::replace(&mut self.bundle, bundle);
        self.past.push((self.now, old));
        self.bundle_version += 1;
    }

    fn set_secret(&mut self, secret: Option<Data>) {
        self.secret = secret;
        self.secret_version += 1;
    }

    /// Says that every API server has learned of everything.
    fn forget(&mut self) {
        self.past.clear();
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    fn now(&self) -> Duration {
        self.with(|world| world.now)
    }

    fn trusted(&self) -> Vec<Trusted> {
        self.with(|world| Trusted::read(&world.bundle).0)
    }

    /// Holds a leaf to every `caBundle` that an API server may know.
    fn assert_believed(&self, replica: &Replica) {
        let leaf = replica.keeper.leaf.as_ref().unwrap();
        let der = CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).unwrap();
        self.with(|world| {
            let known = world.past.iter();
            let known = known.filter(|(until, _)| *until + LAG > world.now);
            for bundle in known.map(|(_, bundle)| bundle).chain([&world.bundle]) {
                let (trusted, _) = Trusted::read(bundle);
                let verified = verify(&trusted, &der, NAME, world.now);
                let at = world.now - BEGIN;
                assert_eq!(verified, Ok(()), "{at:?}: {:?} {trusted:?}", leaf.issuer);
            }
        });
    }
}

/// The objects as one replica read them last.
#[derive(Clone)]
struct Objects {
    world: Shared,
    secret_version: u64,
    bundle_version: u64,
}

impl Store for Objects {
    async fn read(&mut self) -> Result<Seen, String> {
        let world = self.world.0.lock().unwrap();
        self.secret_version = world.secret_version;
        self.bundle_version = world.bundle_version;
        let stored = world.secret.as_ref().map(secret::read).transpose()?;
        let (trusted, spoiled) = Trusted::read(&world.bundle);
        let webhook = "validate.kubevet.dev".to_owned();
        Ok(Seen {
            stored,
            bundles: vec![Bundle {
                webhook,
                trusted,
                spoiled,
            }],
        })
    }

    async fn write(&mut self, change: &Write) -> Result<bool, String> {
        let mut world = self.world.0.lock().unwrap();
        if let Some(why) = world.refuses {
            return Err(why.to_owned());
        }
        let latest = match change {
            Write::Create(_) => world.secret.is_none(),
            Write::Replace(_) => world.secret_version == self.secret_version,
            Write::Publish(_) => world.bundle_version == self.bundle_version,
        };
        if latest {
            world.written += 1;
            match change {
                Write::Create(authorities) | Write::Replace(authorities) => {
                    world.set_secret(Some(secret::write(authorities)));
                }
                Write::Publish(trusted) => world.set_bundle(Trusted::pems(trusted).into_bytes()),
            }
        }
        Ok(latest)
    }
}

struct Replica {
    keeper: Keeper<Objects>,
    objects: Objects,
    /// What it's about to do.
    step: Option<Step>,
    events: RefCell<Vec<&'static str>>,
}

impl Replica {
    fn new(world: &Shared) -> Self {
        let objects = Objects {
            world: world.clone(),
            secret_version: 0,
            bundle_version: 0,
        };
        Self {
            keeper: Keeper::new(objects.clone(), PLAN, NAME.to_owned()),
            objects,
            step: None,
            events: RefCell::default(),
        }
    }

    fn look(&mut self) -> Result<(), String> {
        let world = self.objects.world.clone();
        let events = self.events.get_mut();
        let mut tell = |event: Event<'_>| events.push(name(event));
        at_once(self.keeper.look(|| world.now(), &mut tell))
    }

    /// Half a step: reads and decides, or does what it has decided.
    fn half_step(&mut self) {
        let now = self.objects.world.now();
        match self.step.take() {
            None => {
                let seen = at_once(self.objects.read()).unwrap();
                self.step = Some(self.keeper.decide(seen, now).unwrap());
            }
            Some(Step::Write(write)) => drop(at_once(self.objects.write(&write)).unwrap()),
            Some(Step::Sign) => self.keeper.sign(now, &mut |_| {}).unwrap(),
            Some(Step::Rest) => {}
        }
    }

    fn issuer(&self) -> Trusted {
        self.keeper.leaf.as_ref().unwrap().issuer.clone()
    }
}

fn name(event: Event<'_>) -> &'static str {
    match event {
        Event::Created => "created",
        Event::Replaced => "replaced",
        Event::Published => "published",
        Event::Repaired => "repaired",
        Event::Signed(_) => "signed",
    }
}

/// What nothing has to be waited for in.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

fn world() -> Shared {
    let world = Shared::default();
    world.with(|world| world.now = BEGIN);
    world
}

/// A cluster in which replicas have served for a while.
fn running(replicas: usize) -> (Shared, Vec<Replica>) {
    let world = world();
    let mut replicas: Vec<_> = (0..replicas).map(|_| Replica::new(&world)).collect();
    for replica in &mut replicas {
        replica.look().unwrap();
        replica.events.take();
    }
    world.with(World::forget);
    (world, replicas)
}

/// Lets time go by; replicas look in turns, and what they serve is held to what is known.
fn go_on(world: &Shared, replicas: &mut [Replica], time: Duration) {
    let tick = PLAN.every() / u32::try_from(replicas.len()).unwrap();
    let end = world.now() + time;
    while world.now() < end {
        for at in 0..replicas.len() {
            world.with(|world| world.now += tick);
            replicas[at].look().unwrap();
            for replica in &*replicas {
                world.assert_believed(replica);
            }
        }
    }
}

#[test]
fn the_first_replica_serves_at_once() {
    let world = world();
    let mut replica = Replica::new(&world);
    replica.look().unwrap();
    assert_eq!(replica.events.take(), ["created", "published", "signed"]);
    world.with(World::forget);
    world.assert_believed(&replica);
    replica.look().unwrap();
    assert!(replica.events.take().is_empty());
}

#[test]
fn rotations_are_believed_by_api_servers_that_are_late() {
    let (world, mut replicas) = running(3);
    let mut issuers = vec![replicas[0].issuer()];
    let begun = world.now();
    while world.now() < begun + PLAN.ca_lifetime * 4 {
        go_on(&world, &mut replicas, Duration::from_secs(1));
        for issuer in replicas.iter().map(Replica::issuer) {
            if !issuers.contains(&issuer) {
                issuers.push(issuer);
            }
        }
        assert!(world.trusted().len() <= 4, "{:?}", world.trusted());
    }
    // A third of a lifetime, and the time to learn.
    assert!((9..=12).contains(&issuers.len()), "{}", issuers.len());
    let signed = replicas[0].events.take();
    let signed = signed.iter().filter(|event| **event == "signed").count();
    // 720 s, each leaf for 10 s, and some more where authorities changed.
    assert!((65..=85).contains(&signed), "{signed}");
    assert!(
        !world.trusted().contains(&issuers[0]),
        "an expired one stays"
    );
}

#[test]
fn two_replicas_agree_whatever_their_order() {
    for order in 0..1 << 8 {
        let world = world();
        let mut replicas = [Replica::new(&world), Replica::new(&world)];
        for half in 0..8 {
            replicas[usize::from(order >> half & 1 == 1)].half_step();
        }
        world.with(World::forget);
        for replica in &mut replicas {
            replica.look().unwrap();
            world.assert_believed(replica);
        }
        assert_eq!(replicas[0].issuer(), replicas[1].issuer(), "{order:b}");
        assert_eq!(world.trusted().len(), 1, "{order:b}");
    }
}

#[test]
fn two_replicas_rotate_whatever_their_order() {
    for order in 0..1 << 7 {
        let (world, mut replicas) = running(2);
        for moment in 0..7 {
            // Every few seconds half a step of either, beginning where the next authority is due.
            let time = if moment == 0 {
                PLAN.ca_lifetime / 3
            } else {
                PLAN.spread / 3
            };
            world.with(|world| world.now += time);
            if moment == 0 {
                replicas
                    .iter_mut()
                    .for_each(|replica| replica.look().unwrap());
            }
            replicas[usize::from(order >> moment & 1 == 1)].half_step();
            for replica in &mut replicas {
                let leaf = replica.keeper.leaf.as_ref().unwrap();
                if leaf.not_after < world.now() + PLAN.spread {
                    replica.look().unwrap();
                }
                world.assert_believed(replica);
            }
        }
        go_on(&world, &mut replicas, PLAN.spread * 2);
        assert_eq!(replicas[0].issuer(), replicas[1].issuer(), "{order:b}");
    }
}

#[test]
fn a_crash_after_any_step_loses_nothing() {
    let (world, mut running) = running(1);
    let witness = &mut running[0];
    let first = witness.issuer();
    let mut steps = 0;
    while world.now() < BEGIN + PLAN.ca_lifetime * 2 {
        world.with(|world| world.now += PLAN.every() * 3);
        // It knows nothing, does one thing and is gone.
        let mut crashing = Replica::new(&world);
        crashing.half_step();
        steps += usize::from(matches!(crashing.step, Some(Step::Write(_))));
        crashing.half_step();
        if crashing.keeper.leaf.is_some() {
            world.assert_believed(&crashing);
        }
        // This one does no more than renew what it serves.
        if witness.keeper.leaf.as_ref().unwrap().not_after < world.now() + PLAN.spread {
            witness.look().unwrap();
        }
        world.assert_believed(witness);
    }
    assert!(steps >= 15, "{steps}");
    assert_ne!(witness.issuer(), first);
}

#[test]
fn a_deleted_secret_comes_back_as_it_was() {
    let (world, mut replicas) = running(2);
    let before = world.with(|world| world.secret.clone());
    world.with(|world| world.set_secret(None));
    replicas[1].look().unwrap();
    assert_eq!(replicas[1].events.take(), ["created"]);
    assert!(world.with(|world| world.secret == before));
    go_on(&world, &mut replicas, PLAN.ca_lifetime);
}

#[test]
fn a_replica_that_makes_a_deleted_secret_anew_waits_until_it_is_believed() {
    let (world, mut replicas) = running(2);
    let old = replicas[0].issuer();
    world.with(|world| world.set_secret(None));
    let mut new = Replica::new(&world);
    new.look().unwrap();
    assert!(new.keeper.leaf.is_none());
    go_on(&world, &mut replicas, PLAN.spread / 2);
    assert_eq!(replicas[0].issuer(), old);
    new.look().unwrap();
    assert!(new.keeper.leaf.is_none());
    go_on(&world, &mut replicas, PLAN.spread);
    new.look().unwrap();
    world.assert_believed(&new);
    assert_ne!(new.issuer(), old);
    assert_eq!(replicas[0].issuer(), new.issuer());
}

#[test]
fn what_others_serve_by_is_believed_on_and_waited_for() {
    let world = world();
    let foreign = Authority::new(BEGIN, PLAN.ca_lifetime).unwrap().certificate;
    world.with(|world| world.bundle = foreign.pem().into_bytes());
    let mut replica = Replica::new(&world);
    replica.look().unwrap();
    assert!(replica.keeper.leaf.is_none(), "not all API servers know it");
    assert!(world.trusted().contains(&foreign));
    world.with(|world| world.now += PLAN.spread);
    replica.look().unwrap();
    world.assert_believed(&replica);
    world.with(|world| world.now = foreign.not_after);
    replica.look().unwrap();
    assert!(!world.trusted().contains(&foreign), "it has expired");
}

#[test]
fn what_the_bundle_loses_it_gets_back() {
    let foreign = Authority::new(BEGIN, PLAN.ca_lifetime).unwrap().certificate;
    for bundle in [String::new(), foreign.pem(), "nonsense".to_owned()] {
        let (world, mut replicas) = running(2);
        world.with(|world| world.set_bundle(bundle.clone().into_bytes()));
        replicas[0].look().unwrap();
        assert_eq!(replicas[0].events.take(), ["repaired"]);
        assert!(world.trusted().contains(&replicas[0].issuer()));
        assert_eq!(world.trusted().contains(&foreign), bundle == foreign.pem());
        replicas[1].look().unwrap();
        assert!(replicas[1].events.take().is_empty());
        world.with(World::forget);
        go_on(&world, &mut replicas, PLAN.spread);
    }
}

#[test]
fn what_the_bundle_loses_comes_back_for_those_who_still_serve_by_the_one_before() {
    let (world, mut replicas) = running(2);
    for time in [PLAN.ca_lifetime / 3 + Duration::from_secs(1), PLAN.spread] {
        world.with(|world| world.now += time);
        replicas[0].look().unwrap();
    }
    assert_ne!(replicas[0].issuer(), replicas[1].issuer());
    world.with(|world| world.set_bundle(Vec::new()));
    replicas[0].look().unwrap();
    world.with(World::forget);
    assert!(world.trusted().contains(&replicas[1].issuer()));
}

#[test]
fn what_the_bundle_loses_comes_back_for_those_whose_secret_was_made_anew() {
    let (world, mut replicas) = running(1);
    world.with(|world| world.set_secret(None));
    Replica::new(&world).look().unwrap();
    world.with(|world| world.set_bundle(Vec::new()));
    replicas[0].look().unwrap();
    world.with(World::forget);
    world.assert_believed(&replicas[0]);
    assert_eq!(world.trusted().len(), 2);
}

#[test]
fn a_loss_while_the_next_authority_is_learned_begins_the_wait_again() {
    let (world, mut replicas) = running(1);
    go_on(
        &world,
        &mut replicas,
        PLAN.ca_lifetime / 3 + Duration::from_secs(2),
    );
    let old = replicas[0].issuer();
    assert_eq!(world.trusted().len(), 2);
    world.with(|world| world.now += PLAN.spread - Duration::from_secs(4));
    world.with(|world| world.set_bundle(old.pem().into_bytes()));
    go_on(&world, &mut replicas, PLAN.spread - Duration::from_secs(2));
    assert_eq!(replicas[0].issuer(), old);
    go_on(&world, &mut replicas, Duration::from_secs(4));
    assert_ne!(replicas[0].issuer(), old);
}

#[test]
fn a_spoiled_secret_is_named_and_left_alone() {
    let (world, mut replicas) = running(1);
    let replica = &mut replicas[0];
    let good = world.with(|world| world.secret.clone().unwrap());
    let without = |key: &str| {
        let mut data = good.clone();
        data.remove(key);
        data
    };
    let with = |key: &str, text: &[u8]| {
        let mut data = good.clone();
        data.insert(key.to_owned(), text.to_vec());
        data
    };
    let other = Authority::new(BEGIN, PLAN.ca_lifetime).unwrap();
    let leaf = replica.keeper.leaf.clone().unwrap();
    for (data, why) in [
        (Data::new(), "current.crt is missing"),
        (without("current.key"), "current.key is missing"),
        (
            with("current.crt", b"x"),
            "current.crt, current.key: the certificate can't be read",
        ),
        (
            with("current.key", b"x"),
            "current.crt, current.key: the key can't be read",
        ),
        (
            with("current.key", other.key().as_bytes()),
            "don't belong together",
        ),
        (
            with("current.published", b"soon"),
            "current.published is no number",
        ),
        (
            with("next.crt", &good["current.crt"]),
            "next.key is missing",
        ),
        (with("previous.crt", b"x"), "previous.crt can't be read"),
        (
            with("current.crt", leaf.certificate.as_bytes()),
            "don't belong together",
        ),
    ] {
        world.with(|world| world.set_secret(Some(data)));
        let said = replica.look().unwrap_err();
        assert!(said.contains(why), "{said}");
    }
    // What is served is renewed all the same, and nothing is written.
    let written = world.with(|world| world.written);
    world.with(|world| world.now += PLAN.certificate_lifetime / 2);
    replica.look().unwrap_err();
    assert_eq!(replica.events.take(), ["signed"]);
    world.assert_believed(replica);
    assert_eq!(world.with(|world| world.written), written);
    // As the message says.
    world.with(|world| world.set_secret(None));
    replica.look().unwrap();
    assert!(world.with(|world| world.secret == Some(good)));
}

#[test]
fn who_may_not_write_says_so_and_serves_on() {
    let (world, mut replicas) = running(1);
    world.with(|world| world.refuses = Some("forbidden"));
    world.with(|world| world.now += PLAN.ca_lifetime / 2);
    let replica = &mut replicas[0];
    assert_eq!(replica.look(), Err("forbidden".to_owned()));
    world.assert_believed(replica);
    world.with(|world| world.refuses = None);
    go_on(&world, &mut replicas, PLAN.spread * 2);
}

#[test]
fn after_a_long_sleep_it_serves_at_once() {
    let (world, _) = running(1);
    world.with(|world| world.now += PLAN.ca_lifetime * 10);
    let mut replica = Replica::new(&world);
    replica.look().unwrap();
    world.with(World::forget);
    world.assert_believed(&replica);
    assert_eq!(world.trusted(), [replica.issuer()]);
}

#[test]
fn refuses_times_in_which_a_step_has_no_time() {
    let seconds = Duration::from_secs;
    for (leaf, ca, spread, why) in [
        (30, 180, 10, None),
        (3, 8, 1, None),
        (30, 180, 16, Some("--ca-spread is 16s")),
        (80, 180, 20, Some("--ca-lifetime")),
        (30, 180, 0, Some("--ca-spread is 0")),
    ] {
        let plan = Plan {
            certificate_lifetime: seconds(leaf),
            ca_lifetime: seconds(ca),
            spread: seconds(spread),
        };
        match (plan.check(), why) {
            (Ok(()), None) => {}
            (Err(said), Some(why)) => assert!(said.contains(why), "{said}"),
            (said, _) => panic!("{leaf} {ca} {spread}: {said:?}"),
        }
    }
}
