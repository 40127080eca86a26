//! Accepting connections: at most so many, with handshakes that end.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;

use super::Stage;
use super::clock::Clock;
use super::connection::{self, Peer, Ties};
use super::server::Server;
use super::threads::{Seat, Threads};

/// How long an idle connection is kept at least; the API server keeps it for 90 seconds.
const IDLE: Duration = Duration::from_secs(120);
/// How much longer, so that not all end at once.
const IDLE_JITTER: Duration = Duration::from_secs(30);
/// How long the first message of a handshake may take, and then what is left of it.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Where reviews wait for longer than this, they keep the connections busy, not the handshakes:
/// other calls need new ones, be it to be refused, and no handshake waits for its turn.
const OVERLOAD: Duration = Duration::from_millis(100);
/// How often to look whether fewer wait for their turn.
const LOOK: Duration = Duration::from_millis(2);
/// How long to wait where the system has no more room for connections.
const BACK_OFF: Duration = Duration::from_millis(50);
/// How many connections there may be. An API server keeps 25, and opens more under load.
const CONNECTIONS_MAX: usize = 2048;

/// The door: what all connections of a listener share.
pub struct Door {
    /// What is counted, and the certificate.
    pub server: Arc<Server>,
    /// What is answered.
    pub router: Router,
    /// What serves reviews, over TLS. `None`: a listener for metrics, which are answered whatever
    /// reviews take.
    pub threads: Option<Threads>,
    /// How far the server is with stopping.
    pub stage: watch::Receiver<Stage>,
    /// Dropped with the last connection.
    pub _alive: mpsc::Sender<()>,
}

/// Those who are in.
#[derive(Default)]
struct Crowd {
    clocks: Mutex<BTreeMap<u64, Arc<Clock>>>,
}

impl Door {
    /// Accepts connections until the server closes.
    pub async fn open(self, listener: TcpListener) {
        let door = Arc::new(self);
        let crowd = Arc::new(Crowd::default());
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut stage = door.stage.clone();
        let mut number = 0;
        let next = async || {
            while door.threads.as_ref().is_some_and(Threads::is_crowded) && door.takes_turns() {
                sleep(LOOK).await;
            }
            accept(&listener, &crowd, &room).await
        };
        loop {
            tokio::select! {
                _ = stage.wait_for(|stage| *stage == Stage::Closing) => return,
                (stream, place) = next() => {
                    number += 1;
                    let clock = crowd.enter(number);
                    let crowd = Arc::clone(&crowd);
                    let of_door = Arc::clone(&door);
                    let connection = move |seat| async move {
                        let metrics = &of_door.server.metrics;
                        metrics.connections.grow();
                        of_door.serve(stream, seat, number, Arc::clone(&clock)).await;
                        metrics.connections.shrink();
                        if clock.is_evicted() {
                            metrics.evicted.count();
                        }
                        crowd.lock().remove(&number);
                        drop(place);
                    };
                    match &door.threads {
                        Some(threads) => threads.spawn(|seat| connection(Some(seat))),
                        None => drop(tokio::spawn(connection(None))),
                    }
                }
            }
        }
    }

    /// Whether handshakes wait for each other. Who has to come again when the server stops should
    /// get through.
    fn takes_turns(&self) -> bool {
        *self.stage.borrow() == Stage::Serving && self.server.queue.wait() < OVERLOAD
    }

    /// Serves a connection; one for metrics has no seat, and no TLS.
    async fn serve(
        &self,
        stream: std::net::TcpStream,
        seat: Option<Seat>,
        number: u64,
        clock: Arc<Clock>,
    ) {
        // From now on its own thread waits for it.
        let Ok(stream) = TcpStream::from_std(stream) else {
            return;
        };
        // Answers are small, and waited for.
        let _ = stream.set_nodelay(true);
        let ties = Ties {
            router: self.router.clone(),
            seat,
            stage: self.stage.clone(),
            jitter: jitter(number),
        };
        let Some(seat) = &ties.seat else {
            let peer = Peer {
                certified: false,
                clock,
            };
            return connection::serve(stream, peer, ties).await;
        };
        let metrics = &self.server.metrics;
        let shake = async {
            // Who doesn't begin takes nobody's turn.
            let begun = LazyConfigAcceptor::new(Acceptor::default(), stream);
            let begun = timeout(HANDSHAKE, begun).await??;
            clock.greeted();
            let mut stage = self.stage.clone();
            if self.takes_turns() {
                tokio::select! {
                    () = seat.turn() => {}
                    _ = stage.wait_for(|stage| *stage != Stage::Serving) => {}
                    gone = gone(&begun.io) => return Err(gone),
                }
            }
            let config = Arc::clone(&self.server.certificate.load().config);
            timeout(HANDSHAKE, begun.into_stream(config)).await?
        };
        let stream = tokio::select! {
            shaken = shake => match shaken {
                Ok(stream) => stream,
                Err(_) => return metrics.handshakes_failed.count(),
            },
            () = clock.evicted() => return,
        };
        metrics.handshakes.count();
        clock.greeted();
        let certified = stream.get_ref().1.peer_certificates().is_some();
        connection::serve(stream, Peer { certified, clock }, ties).await;
    }
}

/// Ends when the client has closed the connection, or it is broken.
async fn gone(stream: &TcpStream) -> io::Error {
    match stream.peek(&mut [0]).await {
        // It says more, and will be heard.
        Ok(1..) => std::future::pending().await,
        Ok(0) => io::ErrorKind::ConnectionAborted.into(),
        Err(error) => error,
    }
}

/// The next connection and its place.
async fn accept(
    listener: &TcpListener,
    crowd: &Crowd,
    room: &Arc<Semaphore>,
) -> (std::net::TcpStream, Option<OwnedSemaphorePermit>) {
    loop {
        let accepted = listener.accept().await;
        let stream = match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => stream,
            Err(error) if is_of_connection(&error) => continue,
            // The process has no more files.
            Err(_) => {
                crowd.evict();
                sleep(BACK_OFF).await;
                continue;
            }
        };
        return (stream, place(crowd, room).await);
    }
}

/// A place; where all are taken, one is made free.
async fn place(crowd: &Crowd, room: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(room).try_acquire_owned() {
        return Some(place);
    }
    loop {
        crowd.evict();
        // Those who are served now may go next time.
        if let Ok(place) = timeout(BACK_OFF, Arc::clone(room).acquire_owned()).await {
            return place.ok();
        }
    }
}

/// Whether the client is gone already.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

impl Crowd {
    fn enter(&self, number: u64) -> Arc<Clock> {
        let clock = Arc::new(Clock::new(IDLE + IDLE_JITTER.mul_f64(jitter(number))));
        self.lock().insert(number, Arc::clone(&clock));
        clock
    }

    /// Ends the connection that can be done without best, if there is one.
    fn evict(&self) {
        let clocks = self.lock();
        let idle = clocks.values().filter_map(|c| Some((c.worth()?, c)));
        let least = idle.min_by_key(|(worth, _)| *worth);
        if let Some((_, clock)) = least {
            clock.evict();
        }
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Clock>>> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From 0 to 1, evenly over successive numbers (multiples of the golden ratio).
fn jitter(number: u64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    (number as f64 * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn sees_that_a_client_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let client = client.await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(gone(&stream).now_or_never().is_none());
        drop(client);
        let why = gone(&stream).await;
        assert_eq!(why.kind(), io::ErrorKind::ConnectionAborted);
    }
}
