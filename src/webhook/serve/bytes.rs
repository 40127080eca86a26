//! Bodies: read up to a limit, against a budget for all that are held at once.
//!
//! Held bodies are counted by their length, from when enough is there to show that one comes: who
//! only says how long it will be, or lets it drip, keeps room from others for a short time, if any.
//! What reading one as an object takes is many times its length, and is counted by what stands in
//! it, before it is judged, unless it is light: of those only as many are read at once as there are
//! threads. Small bodies have a budget of their own, and nearly all are light, so that large ones
//! don't keep them out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{timeout, timeout_at};

use crate::webhook::status::{Fault, FaultKind};

/// How large a body may be. The API server takes 3 MiB from users; with defaults, managed fields
/// and twice the object, a review is several times that.
pub const BODY_MAX: usize = 16 << 20;
/// How large a small body is at most.
const SMALL_MAX: usize = 256 << 10;
/// Permits are given by this many bytes, since a semaphore counts in 32 bits.
const UNIT: usize = 1 << 10;
/// What all small bodies may hold that need room.
const SMALL_BUDGET: usize = 32 << 20;
/// What all others may hold: one of the largest.
const LARGE_BUDGET: usize = BODY_MAX;
/// How much of a body has to be there before it gets room; what is no longer needs none.
const FIRST: usize = 16 << 10;
/// How many of a kind may wait for room: their connections are out of reach for others.
const WAITING_MAX: usize = 64;
/// How long the rest of a body may take, whatever its length.
const REST: Duration = Duration::from_secs(1);
/// How fast it has to come beyond that.
const BYTES_A_SECOND: f64 = 4e6;
/// How long to read on, so that who is still sending comes to see that there is no room.
const GOODBYE: Duration = Duration::from_secs(1);
/// What reading bodies may take beside them, all together but for the light ones.
const PARSED_BUDGET: usize = 64 << 20;
/// What reading a light one takes at most: nearly all small ones are.
const LIGHT: usize = 4 << 20;
/// What a value takes, in bytes: its nodes in the tree, their copy, and what checks remember
/// (measured on long lists of variables, arguments, ports, containers and labels, also of empty
/// ones). An update takes twice as much: it is judged in each way to apply it.
const VALUE: usize = 100;
/// What a mapping takes beyond that: its defaults.
const MAPPING: usize = 250;

/// How the API server writes that nothing is updated; within a string, its quotes are escaped.
const NO_OLD: &[u8] = br#""oldObject":null"#;
/// How far from the end of a body that stands at most: only a few options come after it.
const END: usize = 1 << 10;

/// The budget.
#[derive(Debug)]
pub struct Budget {
    small: Room,
    large: Room,
    parsed: Room,
}

/// So many bytes, to be shared.
#[derive(Debug)]
struct Room {
    bytes: usize,
    free: Arc<Semaphore>,
    /// What those hold who wait for their share.
    waiting: Semaphore,
}

/// A body and its share of the budget.
#[derive(Debug)]
pub struct Held {
    /// The body.
    pub bytes: Vec<u8>,
    /// What is given back once it is answered: for holding it, and for reading it.
    _shares: Vec<OwnedSemaphorePermit>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            small: Room::new(SMALL_BUDGET),
            large: Room::new(LARGE_BUDGET),
            parsed: Room::new(PARSED_BUDGET),
        }
    }
}

impl Budget {
    /// Reads a body before a deadline. Says when enough of it is there to show that it comes.
    ///
    /// # Errors
    /// It is too large, comes too late or not at all, or there is no room for it.
    pub async fn read(
        &self,
        body: Body,
        deadline: Instant,
        comes: impl FnOnce(),
    ) -> Result<Held, Fault> {
        let held = timeout_at(deadline.into(), self.take(body, deadline, comes)).await;
        held.unwrap_or_else(|_| Err(late()))
    }

    /// What the bodies that are held cost, in bytes.
    pub fn spent(&self) -> usize {
        let rooms = [&self.small, &self.large, &self.parsed];
        rooms.into_iter().map(Room::spent).sum()
    }

    async fn take(
        &self,
        mut body: Body,
        deadline: Instant,
        comes: impl FnOnce(),
    ) -> Result<Held, Fault> {
        // The API server always says how long a body is; any other may be as long as it may be.
        let said = body.size_hint().exact();
        let length = said.map_or(BODY_MAX, |said| usize::try_from(said).unwrap_or(usize::MAX));
        if length > BODY_MAX {
            discard(&mut body).await;
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(if length <= FIRST { length } else { 0 });
        if more(&mut body, &mut bytes, FIRST).await? {
            comes();
            // There are no more of these than connections.
            let _shares = Vec::new();
            return Ok(Held { bytes, _shares });
        }
        let room = match length > SMALL_MAX {
            true => &self.large,
            false => &self.small,
        };
        let Ok(waits) = room.waiting.try_acquire() else {
            let _ = timeout(GOODBYE, discard(&mut body)).await;
            return Err(crowded());
        };
        comes();
        let mut _shares = vec![room.share(length, deadline).await?];
        drop(waits);
        bytes.reserve_exact(said.map_or(0, |_| length.saturating_sub(bytes.len())));
        let rest = timeout(time_for(length), more(&mut body, &mut bytes, usize::MAX));
        rest.await.map_err(|_| late())??;
        let cost = cost(&bytes)?;
        if cost > LIGHT {
            let room = &self.parsed;
            let _waits = room.waiting.try_acquire().map_err(|_| crowded())?;
            _shares.push(room.share(cost, deadline).await?);
        }
        Ok(Held { bytes, _shares })
    }
}

impl Room {
    fn new(bytes: usize) -> Self {
        Self {
            bytes,
            free: Arc::new(Semaphore::new(bytes / UNIT)),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    fn spent(&self) -> usize {
        let free = self.free.available_permits() * UNIT;
        self.bytes.saturating_sub(free)
    }

    /// A share, once there is one. Where there is none before the deadline, too many want one.
    async fn share(&self, bytes: usize, deadline: Instant) -> Result<OwnedSemaphorePermit, Fault> {
        let free = Arc::clone(&self.free);
        let share = free.acquire_many_owned((bytes / UNIT).max(1) as u32);
        let share = timeout_at(deadline.into(), share).await;
        share.map_err(|_| crowded())?.map_err(|_| closed())
    }
}

/// What reading a body takes beside it.
fn cost(bytes: &[u8]) -> Result<usize, Fault> {
    // Within strings it counts too much: they are mostly words.
    let begins = |byte: &u8| match byte {
        b'{' => VALUE + MAPPING,
        b'[' | b':' | b',' => VALUE,
        _ => 0,
    };
    let values: usize = bytes.iter().map(begins).sum();
    let end = bytes.len().saturating_sub(END);
    let mut end = bytes.get(end..).unwrap_or(bytes).windows(NO_OLD.len());
    let times = if end.any(|part| part == NO_OLD) { 1 } else { 2 };
    let cost = values * times;
    if cost > PARSED_BUDGET {
        let (takes, may) = (cost >> 20, PARSED_BUDGET >> 20);
        let message = format!("the review would take {takes} MiB to read, and may take {may}");
        return Err(Fault::new(FaultKind::TooLarge, message));
    }
    Ok(cost)
}

/// How long the rest of a body may take, from when there is room for it.
fn time_for(length: usize) -> Duration {
    REST + Duration::from_secs_f64(length as f64 / BYTES_A_SECOND)
}

/// Reads a body until this much is there; whether it has ended.
async fn more(body: &mut Body, bytes: &mut Vec<u8>, until: usize) -> Result<bool, Fault> {
    while bytes.len() < until {
        let Some(frame) = body.frame().await else {
            return Ok(true);
        };
        let frame = frame.map_err(|error| {
            let message = format!("the body broke off: {error}");
            Fault::new(FaultKind::BadRequest, message)
        })?;
        let chunk = frame.data_ref().map_or(&[][..], |chunk| chunk);
        if bytes.len() + chunk.len() > BODY_MAX {
            discard(body).await;
            return Err(too_large());
        }
        bytes.extend_from_slice(chunk);
    }
    Ok(false)
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

fn crowded() -> Fault {
    let message = "more reviews of this size are asked for than can be read";
    Fault::new(FaultKind::Overloaded, message).retry_after(1)
}

fn late() -> Fault {
    Fault::new(FaultKind::TooLate, "the body didn't come in time")
}

fn closed() -> Fault {
    Fault::new(FaultKind::Internal, "no more bodies are read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_values_and_mappings_and_updates_twice() {
        let cost = |text: &str| cost(text.as_bytes());
        assert_eq!(cost(r#"{"a":[1,{}],"oldObject":null}"#).unwrap(), 1_200);
        assert_eq!(cost(r#"{"a":[1,{}],"oldObject":{}}"#).unwrap(), 2 * 1_550);
        let list = |items: usize| format!(r#"{{"a":[{}"oldObject":null}}"#, "1,".repeat(items));
        let most = PARSED_BUDGET / VALUE;
        assert!(cost(&list(most - 10)).unwrap() > LIGHT);
        let fault = cost(&list(most)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::TooLarge);
    }
}
