//! Carries out what `scheme` decides, and keeps this replica's leaf.
//!
//! Lives here: one look after the other, whatever the cluster is. Not here: what the cluster is
//! (`objects`), and who is told what (`own`).

use std::time::Duration;

use super::authority::{Authority, Leaf, Trusted};
use super::scheme::{Authorities, Own, Plan, Seen, Step, Write, due, step};

/// How many steps a look takes at most: a first one takes four. If others undo each, that's no
/// reason to keep the API server busy.
const STEPS_MAX: usize = 12;

/// Where the objects are that all replicas see.
pub trait Store {
    /// Reads them.
    ///
    /// # Errors
    /// They can't be read, or hold what can't be used.
    fn read(&mut self) -> impl Future<Output = Result<Seen, String>> + Send;

    /// Changes what was read last, unless somebody has changed it since; tells whether it did.
    ///
    /// # Errors
    /// It can't be changed.
    fn write(&mut self, change: &Write) -> impl Future<Output = Result<bool, String>> + Send;
}

/// What a keeper has done.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// The Secret was made.
    Created,
    /// The Secret was changed.
    Replaced,
    /// `caBundle` was changed.
    Published,
    /// `caBundle` had lost what it held, and got it back.
    Repaired,
    /// There is a new leaf.
    Signed(&'a Leaf),
}

/// Keeps a replica's leaf.
pub struct Keeper<S> {
    store: S,
    plan: Plan,
    name: String,
    /// What was there when it was last seen.
    pub seen: Option<Seen>,
    /// What the Secret held when it was last seen.
    known: Option<Authorities>,
    /// What `caBundle` held of it.
    held: Vec<Trusted>,
    /// What is served.
    pub leaf: Option<Leaf>,
}

impl<S: Store> Keeper<S> {
    /// Keeps a leaf for a name.
    pub fn new(store: S, plan: Plan, name: String) -> Self {
        Self {
            store,
            plan,
            name,
            seen: None,
            known: None,
            held: Vec::new(),
            leaf: None,
        }
    }

    /// Looks at what is there, and does all that is to be done now.
    ///
    /// # Errors
    /// Why it couldn't do all. What is served goes on, and is renewed as long as who signed it
    /// holds.
    pub async fn look(
        &mut self,
        clock: impl Fn() -> Duration,
        tell: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<(), String> {
        for _ in 0..STEPS_MAX {
            let now = clock();
            match self.next(now, tell).await {
                Ok(Step::Rest) => return Ok(()),
                Ok(_) => {}
                Err(why) => {
                    self.renew(clock(), tell)?;
                    return Err(why);
                }
            }
        }
        Err("others change what kubevet writes as fast as it does".to_owned())
    }

    async fn next(
        &mut self,
        now: Duration,
        tell: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Step, String> {
        let seen = self.store.read().await?;
        let step = self.decide(seen, now)?;
        match &step {
            Step::Write(write) => {
                // If somebody was faster, what is next shows when it's read again.
                if self.store.write(write).await? {
                    tell(match write {
                        Write::Create(_) => Event::Created,
                        Write::Replace(_) => Event::Replaced,
                        Write::Publish(_) if self.has_lost(now) => Event::Repaired,
                        Write::Publish(_) => Event::Published,
                    });
                }
            }
            Step::Sign => self.sign(now, tell)?,
            Step::Rest => {}
        }
        Ok(step)
    }

    /// What is next, of what was just seen.
    pub fn decide(&mut self, seen: Seen, now: Duration) -> Result<Step, String> {
        let lifetime = self.plan.ca_lifetime;
        let own = Own {
            known: self.known.as_ref(),
            leaf: self.leaf.as_ref(),
            make: &mut || Authority::new(now, lifetime),
        };
        let step = step(&self.plan, now, &seen, own)?;
        if let Some(stored) = &seen.stored {
            if !matches!(step, Step::Write(Write::Publish(_))) {
                let held = stored.trusted().filter(|trusted| seen.holds(trusted));
                self.held = held.cloned().collect();
            }
            self.known = Some(stored.clone());
        }
        self.seen = Some(seen);
        Ok(step)
    }

    fn has_lost(&self, now: Duration) -> bool {
        let mut held = self.held.iter().filter(|trusted| trusted.holds(now));
        let seen = self.seen.as_ref();
        held.any(|trusted| seen.is_some_and(|seen| !seen.holds(trusted)))
    }

    /// Signs a new leaf.
    ///
    /// # Errors
    /// The authority can't.
    pub fn sign(
        &mut self,
        now: Duration,
        tell: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<(), String> {
        if let Some(known) = &self.known {
            let lifetime = self.plan.certificate_lifetime;
            let leaf = known.current.authority.sign(&self.name, now, lifetime)?;
            let leaf = self.leaf.insert(leaf);
            tell(Event::Signed(leaf));
        }
        Ok(())
    }

    /// What can be done without the cluster: whoever was believed is, as long as nobody says
    /// otherwise.
    pub fn renew(
        &mut self,
        now: Duration,
        tell: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<(), String> {
        let signed = |leaf: &&Leaf| {
            let known = self.known.as_ref();
            known.is_some_and(|known| known.current.authority.certificate == leaf.issuer)
        };
        let leaf = self.leaf.as_ref().filter(signed);
        match leaf.is_some_and(|leaf| due(&self.plan, leaf, now) && leaf.issuer.holds(now)) {
            true => self.sign(now, tell),
            false => Ok(()),
        }
    }
}
