//! Bodies: read up to a limit, against a budget for all that are held at once.
//!
//! What is counted is what a body costs until it is answered, not its length. Small bodies have a
//! budget of their own, so that large ones never keep them out.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use crate::webhook::status::{Fault, FaultKind};

/// How large a body may be. The API server takes 3 MiB from users; with defaults, managed fields
/// and twice the object, a review is several times that.
pub const BODY_MAX: usize = 16 << 20;
/// How large a small body is at most.
const SMALL_MAX: usize = 256 << 10;
/// What a byte of a body costs in memory: itself, a copy of the object, its tree and what is
/// derived from that. (`benches` measure about 4 for the tree.)
const COST: usize = 8;
/// Permits are given by this many bytes, since a semaphore counts in 32 bits.
const UNIT: usize = 1 << 10;
/// What all small bodies may cost.
const SMALL_BUDGET: usize = 32 << 20;
/// What all others may cost: at least one of the largest.
const LARGE_BUDGET: usize = 144 << 20;

/// The budget.
#[derive(Debug)]
pub struct Budget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A body and its share of the budget.
#[derive(Debug)]
pub struct Held {
    /// The body.
    pub bytes: Vec<u8>,
    _share: OwnedSemaphorePermit,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            small: Arc::new(Semaphore::new(SMALL_BUDGET / UNIT)),
            large: Arc::new(Semaphore::new(LARGE_BUDGET / UNIT)),
        }
    }
}

impl Budget {
    /// Reads a body before a deadline.
    ///
    /// # Errors
    /// It is too large, comes too late or not at all, or there is no room for it.
    pub async fn read(&self, body: Body, deadline: Instant) -> Result<Held, Fault> {
        let late = || Fault::new(FaultKind::TooLate, "the body didn't come in time");
        let held = timeout_at(deadline.into(), self.take(body)).await;
        held.unwrap_or_else(|_| Err(late()))
    }

    /// What the bodies that are held cost, in bytes.
    pub fn spent(&self) -> usize {
        let free = (self.small.available_permits() + self.large.available_permits()) * UNIT;
        (SMALL_BUDGET + LARGE_BUDGET).saturating_sub(free)
    }

    async fn take(&self, mut body: Body) -> Result<Held, Fault> {
        // The API server always says how long a body is; any other may be as long as it may be.
        let said = body.size_hint().exact();
        let length = said.map_or(BODY_MAX, |said| usize::try_from(said).unwrap_or(usize::MAX));
        if length > BODY_MAX {
            discard(&mut body).await;
            return Err(too_large());
        }
        let budget = match length <= SMALL_MAX {
            true => &self.small,
            false => &self.large,
        };
        let share = Arc::clone(budget).acquire_many_owned((length * COST / UNIT + 1) as u32);
        let share = share.await.map_err(|_| closed())?;
        let mut bytes = Vec::with_capacity(said.map_or(0, |_| length));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let message = format!("the body broke off: {error}");
                Fault::new(FaultKind::BadRequest, message)
            })?;
            let Some(chunk) = frame.data_ref() else {
                continue;
            };
            if bytes.len() + chunk.len() > BODY_MAX {
                discard(&mut body).await;
                return Err(too_large());
            }
            bytes.extend_from_slice(chunk);
        }
        Ok(Held {
            bytes,
            _share: share,
        })
    }
}

/// Reads on for a while, so that who is still sending comes to see the answer.
async fn discard(body: &mut Body) {
    let mut left = 4 * BODY_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |chunk| chunk.len());
        let Some(rest) = left.checked_sub(length) else {
            return;
        };
        left = rest;
    }
}

fn too_large() -> Fault {
    let message = format!("the review is larger than {} MiB", BODY_MAX >> 20);
    Fault::new(FaultKind::TooLarge, message)
}

fn closed() -> Fault {
    Fault::new(FaultKind::Internal, "no more bodies are read")
}
