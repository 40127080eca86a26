//! One connection: HTTP/1.1 with the time limits that its client can live with.
//!
//! The API server keeps idle connections for 90 seconds and never repeats a request that dies with
//! one, so an idle connection is kept for longer than that: also a fresh one, since Go's client
//! opens some in advance. Only a head that has begun has to end soon. Whom we want to be rid of is
//! told so with an answer, `Connection: close`. Not here: accepting (`listen`), and what is
//! answered (`server`).

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Stage;
use super::clock::{Clock, Phase, Watched};
use super::server::REVIEW_PATH;
use super::threads::Seat;

/// How old a connection gets at least, so that load spreads over new replicas.
const AGE: Duration = Duration::from_secs(600);
/// How large heads, and parts of a body, may be in memory, in bytes.
const BUFFER: usize = 64 << 10;
/// How long what is being answered may take at the end: the longest time that the API server
/// gives, and a little more.
const LAST: Duration = Duration::from_secs(32);

/// Who is at the other end.
#[derive(Clone, Debug)]
pub struct Peer {
    /// It showed a certificate that was checked.
    pub certified: bool,
    /// What its connection is doing.
    pub clock: Arc<Clock>,
}

/// What a connection has to do with the others.
pub struct Ties {
    /// What is answered.
    pub router: Router,
    /// Its place among those of its thread.
    pub seat: Option<Seat>,
    /// How far the server is with stopping.
    pub stage: watch::Receiver<Stage>,
    /// From 0 to 1, so that not all get old at once.
    pub jitter: f64,
}

/// Serves a connection to its end.
pub async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, peer: Peer, ties: Ties) {
    let mut stage = ties.stage.clone();
    let clock = Arc::clone(&peer.clock);
    let watched = Watched {
        stream,
        clock: Arc::clone(&clock),
    };
    let retires = Instant::now() + AGE.mul_f64(1.0 + ties.jitter);
    let router = TowerToHyperService::new(ties.router);
    let answer = service_fn(|mut request: Request<Incoming>| {
        let is_review = request.uri().path() == REVIEW_PATH;
        match is_review {
            true => clock.awaits_body(),
            false => clock.begin(),
        }
        request.extensions_mut().insert(peer.clone());
        let answer = router.call(request);
        let (clock, stage, seat) = (&clock, &ties.stage, &ties.seat);
        async move {
            let mut response = answer.await?;
            let is_proven = is_review && response.status() == StatusCode::OK;
            let seat = seat.as_ref().filter(|_| is_proven);
            seat.inspect(|seat| seat.prove());
            if Instant::now() >= retires
                || *stage.borrow() != Stage::Serving
                || seat.is_some_and(Seat::is_one_too_many)
            {
                let headers = response.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            clock.end(is_proven);
            Ok::<_, Infallible>(response)
        }
    });
    let mut http = http1::Builder::new();
    http.header_read_timeout(None).max_buf_size(BUFFER);
    let mut connection = pin!(http.serve_connection(TokioIo::new(watched), answer));
    loop {
        tokio::select! {
            // What has come is looked at first.
            biased;
            // What goes wrong on a connection concerns its client alone, who sees it.
            _ = connection.as_mut() => return,
            () = clock.evicted() => if clock.gives_way() {
                return;
            },
            () = clock.tick() => match clock.overdue() {
                Some(Phase::Waiting) => break,
                Some(Phase::Head) => return,
                Some(Phase::Body | Phase::Busy) | None => {}
            },
            // An error says that the server is gone.
            _ = stage.wait_for(|stage| *stage == Stage::Closing) => break,
        }
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(LAST, connection).await;
}
