//! Bodies: read up to a limit, against a budget for all that are held at once.
//!
//! Held bodies are counted by their length, from when enough is there to show that one comes: who
//! only says how long it will be, or lets it drip, keeps room from others for a short time, if any.
//! What reading one as an object takes is many times its length, and is counted by what stands in
//! it, before it is judged; only the smallest have no share in any budget, of which no more are
//! read at once than there are threads. Small bodies have budgets of their own, so that large ones
//! never keep them out.

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
/// What reading may take beside the bodies: all small ones together, and all others.
const SMALL_PARSED: usize = 40 << 20;
const LARGE_PARSED: usize = 80 << 20;
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
    small: Rooms,
    large: Rooms,
}

/// Room for bodies of a kind.
#[derive(Debug)]
struct Rooms {
    held: Room,
    parsed: Room,
    /// What those hold who wait for the first of these.
    waiting: Semaphore,
}

/// So many bytes, to be shared.
#[derive(Debug)]
struct Room {
    bytes: usize,
    free: Arc<Semaphore>,
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
            small: Rooms::new(SMALL_BUDGET, SMALL_PARSED),
            large: Rooms::new(LARGE_BUDGET, LARGE_PARSED),
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
        let held = timeout_at(deadline.into(), self.take(body, comes)).await;
        held.unwrap_or_else(|_| Err(late()))
    }

    /// What the bodies that are held cost, in bytes.
    pub fn spent(&self) -> usize {
        let kinds = [&self.small, &self.large].into_iter();
        let rooms = kinds.flat_map(|rooms| [&rooms.held, &rooms.parsed]);
        rooms.map(Room::spent).sum()
    }

    async fn take(&self, mut body: Body, comes: impl FnOnce()) -> Result<Held, Fault> {
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
        let rooms = match length > SMALL_MAX {
            true => &self.large,
            false => &self.small,
        };
        let Ok(waits) = rooms.waiting.try_acquire() else {
            let _ = timeout(GOODBYE, discard(&mut body)).await;
            return Err(crowded());
        };
        comes();
        let held = rooms.held.share(length).await?;
        drop(waits);
        bytes.reserve_exact(said.map_or(0, |_| length.saturating_sub(bytes.len())));
        let rest = timeout(time_for(length), more(&mut body, &mut bytes, usize::MAX));
        rest.await.map_err(|_| late())??;
        let parsed = rooms
            .parsed
            .share(cost(&bytes, rooms.parsed.bytes)?)
            .await?;
        let _shares = vec![held, parsed];
        Ok(Held { bytes, _shares })
    }
}

impl Rooms {
    fn new(held: usize, parsed: usize) -> Self {
        Self {
            held: Room::new(held),
            parsed: Room::new(parsed),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }
}

impl Room {
    fn new(bytes: usize) -> Self {
        Self {
            bytes,
            free: Arc::new(Semaphore::new(bytes / UNIT)),
        }
    }

    fn spent(&self) -> usize {
        let free = self.free.available_permits() * UNIT;
        self.bytes.saturating_sub(free)
    }

    async fn share(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Fault> {
        let free = Arc::clone(&self.free);
        let share = free.acquire_many_owned((bytes / UNIT).max(1) as u32);
        share.await.map_err(|_| closed())
    }
}

/// What reading a body takes beside it. Who has room for that waits for no other.
fn cost(bytes: &[u8], most: usize) -> Result<usize, Fault> {
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
    if cost > most {
        let (takes, may) = (cost >> 20, most >> 20);
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
