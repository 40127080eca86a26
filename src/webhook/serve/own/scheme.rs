//! What is to be done next so that the API server believes every leaf that is served.
//!
//! All replicas look at the same two objects, a Secret with the authorities and the `caBundle` of
//! the webhook's configuration, and each does whatever is next:
//!
//! 1. An authority is written to the Secret before anything else is done with it.
//! 2. It is added to `caBundle`. Nothing is taken out of that before it expires, whoever put it
//!    there: somebody may be serving what it signed.
//! 3. That it's there is written to the Secret, too, with the time. From then on all API servers
//!    get the time `spread` to learn of it.
//! 4. Then it signs: each replica has a leaf of its own.
//!
//! So every step may be the last one before a crash, two replicas may do the same step, and one
//! that comes late does no harm: the Secret is only changed by who knows its latest version.
//!
//! Lives here: the decision, as one pure function. Not here: who carries it out (`keeper`).

use std::time::Duration;

use super::authority::{Authority, Leaf, Trusted};

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long a leaf holds. It's replaced when a third of that is over.
    pub certificate_lifetime: Duration,
    /// How long an authority holds. It's replaced when a third of that is over.
    pub ca_lifetime: Duration,
    /// How long it takes until all API servers have learned of a new `caBundle`, and all replicas
    /// of a new Secret.
    pub spread: Duration,
}

/// Certificates know no year beyond 9999.
const CA_LIFETIME_MAX: Duration = Duration::from_secs(100 * 365 * 86_400);
/// The shortest time between two looks at what is there, and the longest.
const EVERY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

impl Plan {
    /// Whether every step has its time before the next.
    ///
    /// # Errors
    /// What doesn't fit.
    pub fn check(&self) -> Result<(), String> {
        if self.ca_lifetime > CA_LIFETIME_MAX {
            return Err("--ca-lifetime is longer than 100 years".to_owned());
        }
        if self.spread > self.certificate_lifetime / 2 {
            return Err(format!(
                "--ca-spread is {:?}, more than half of --certificate-lifetime ({:?}): a leaf \
                 might end before the next authority may sign",
                self.spread, self.certificate_lifetime
            ));
        }
        if self.spread + self.certificate_lifetime > self.ca_lifetime / 2 {
            return Err(format!(
                "--certificate-lifetime ({:?}) and --ca-spread ({:?}) are together more than half \
                 of --ca-lifetime ({:?}): an authority might end before its leaves",
                self.certificate_lifetime, self.spread, self.ca_lifetime
            ));
        }
        match self.spread.is_zero() {
            true => Err("--ca-spread is 0: API servers need some time to learn".to_owned()),
            false => Ok(()),
        }
    }

    /// How often to look.
    pub fn every(&self) -> Duration {
        let often = (self.spread / 6).min(self.certificate_lifetime / 12);
        often.clamp(EVERY.0, EVERY.1)
    }
}

/// An authority that signs or is going to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// It.
    pub authority: Authority,
    /// Since when `caBundle` holds it. Zero: nobody was believed when it was made, so there is
    /// nobody to wait for.
    pub published: Option<Duration>,
}

/// What the Secret holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities {
    /// Who signs.
    pub current: Candidate,
    /// Who is going to.
    pub next: Option<Candidate>,
    /// Who did: what they signed may still be served.
    pub previous: Vec<Trusted>,
}

/// The `caBundle` of one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The webhook's name.
    pub webhook: String,
    /// Its certificates.
    pub trusted: Vec<Trusted>,
    /// Whether it holds anything else, or something twice.
    pub spoiled: bool,
}

/// What is there.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The Secret; `None`: there is none.
    pub stored: Option<Authorities>,
    /// The webhooks that are ours; never none.
    pub bundles: Vec<Bundle>,
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Change what all replicas see, unless somebody else does.
    Write(Write),
    /// Have the current authority sign a leaf.
    Sign,
    /// Wait.
    Rest,
}

/// A change of what all replicas see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Makes the Secret.
    Create(Authorities),
    /// Changes the Secret.
    Replace(Authorities),
    /// Changes `caBundle`.
    Publish(Vec<Trusted>),
}

/// What a replica knows and does, besides what all of them see.
pub struct Own<'a> {
    /// What the Secret held when it was last seen.
    pub known: Option<&'a Authorities>,
    /// What is served.
    pub leaf: Option<&'a Leaf>,
    /// Makes an authority.
    pub make: &'a mut dyn FnMut() -> Result<Authority, String>,
}

/// Decides what is next.
///
/// # Errors
/// An authority can't be made.
pub fn step(plan: &Plan, now: Duration, seen: &Seen, mut own: Own<'_>) -> Result<Step, String> {
    let Some(stored) = &seen.stored else {
        return Ok(Step::Write(Write::Create(match own.known {
            // Somebody deleted it. What is served was signed by these.
            Some(known) => known.clone(),
            None => Authorities {
                current: seen.first(now, &mut own)?,
                next: None,
                previous: Vec::new(),
            },
        })));
    };
    if let Some(changed) = stored.moved_on(plan, now, seen, &mut own)? {
        return Ok(Step::Write(Write::Replace(changed)));
    }
    let wanted = seen.wanted(stored, own.leaf, now);
    if !seen.bundles.iter().all(|bundle| bundle.is(&wanted)) {
        return Ok(Step::Write(Write::Publish(wanted)));
    }
    let current = &stored.current;
    let leaf = own
        .leaf
        .filter(|leaf| leaf.issuer == *current.certificate());
    let sign = match leaf {
        Some(leaf) => due(plan, leaf, now),
        None => current.is_known(plan, now),
    };
    Ok(if sign { Step::Sign } else { Step::Rest })
}

/// Whether a leaf is to be replaced.
pub fn due(plan: &Plan, leaf: &Leaf, now: Duration) -> bool {
    now.saturating_sub(leaf.signed) >= plan.certificate_lifetime / 3
}

impl Authorities {
    /// What the Secret should hold instead; `None`: what it does.
    fn moved_on(
        &self,
        plan: &Plan,
        now: Duration,
        seen: &Seen,
        own: &mut Own<'_>,
    ) -> Result<Option<Self>, String> {
        let mut new = self.clone();
        new.previous.retain(|trusted| trusted.holds(now));
        new.next = new.next.filter(|next| next.certificate().holds(now));
        // Once it signs, no time that API servers take to learn is any help.
        if !new.current.is_known(plan, now) {
            new.current.note(now, seen);
        }
        if let Some(next) = &mut new.next {
            next.note(now, seen);
        }
        let ended = !new.current.certificate().holds(now);
        let next = new.next.take_if(|next| ended || next.is_known(plan, now));
        match next {
            Some(next) => {
                let old = std::mem::replace(&mut new.current, next);
                let old = old.authority.certificate;
                new.previous.extend(old.holds(now).then_some(old));
            }
            None if ended => new.current = seen.first(now, own)?,
            None => {}
        }
        let left = new.current.certificate().not_after.saturating_sub(now);
        if new.next.is_none() && left < plan.ca_lifetime * 2 / 3 {
            new.next = Some(Candidate {
                authority: (own.make)()?,
                published: None,
            });
        }
        Ok((new != *self).then_some(new))
    }

    /// All that may have signed what is served, or is going to.
    pub fn trusted(&self) -> impl Iterator<Item = &Trusted> {
        let candidates = [Some(&self.current), self.next.as_ref()]
            .into_iter()
            .flatten();
        candidates.map(Candidate::certificate).chain(&self.previous)
    }
}

impl Candidate {
    fn certificate(&self) -> &Trusted {
        &self.authority.certificate
    }

    /// Whether all API servers have learned of it.
    pub fn is_known(&self, plan: &Plan, now: Duration) -> bool {
        let known = |since: Duration| since.is_zero() || since + plan.spread <= now;
        self.published.is_some_and(known)
    }

    /// Notes whether it's in `caBundle`: somebody may have taken it out.
    fn note(&mut self, now: Duration, seen: &Seen) {
        let held = seen.holds(self.certificate());
        self.published = held.then(|| self.published.unwrap_or(now));
    }
}

impl Seen {
    /// Whether all webhooks' `caBundle` hold a certificate.
    pub fn holds(&self, certificate: &Trusted) -> bool {
        let mut bundles = self.bundles.iter();
        bundles.all(|bundle| bundle.trusted.contains(certificate))
    }

    /// What any webhook's `caBundle` holds.
    pub fn published(&self) -> impl Iterator<Item = &Trusted> {
        self.bundles.iter().flat_map(|bundle| &bundle.trusted)
    }

    /// One that takes the place of none.
    fn first(&self, now: Duration, own: &mut Own<'_>) -> Result<Candidate, String> {
        let believed = self.published().any(|trusted| trusted.holds(now));
        Ok(Candidate {
            authority: (own.make)()?,
            published: (!believed).then_some(Duration::ZERO),
        })
    }

    /// What `caBundle` has to hold: what is there and ours, in an order that doesn't change.
    fn wanted(&self, stored: &Authorities, leaf: Option<&Leaf>, now: Duration) -> Vec<Trusted> {
        let mut wanted: Vec<Trusted> = Vec::new();
        let ours = stored.trusted().chain(leaf.map(|leaf| &leaf.issuer));
        for trusted in self.published().chain(ours) {
            if trusted.holds(now) && !wanted.contains(trusted) {
                wanted.push(trusted.clone());
            }
        }
        wanted
    }
}

impl Bundle {
    fn is(&self, wanted: &[Trusted]) -> bool {
        !self.spoiled
            && self.trusted.len() == wanted.len()
            && wanted.iter().all(|trusted| self.trusted.contains(trusted))
    }
}
