//! Slow connections, and bodies as large as they may be, beside reviews as they should be.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::Outcome;
use crate::case::{Case, both};
use crate::client::{Client, Manners, trusting};
use crate::drive::{closed_loop, meanwhile};
use crate::kit::{Authority, Mount, NAME, deployment, head, strict};
use crate::process::Replica;

/// How large a body may be, in bytes.
const BODY_MAX: usize = 16 << 20;
/// How many large bodies are under way at a time.
const LARGE: usize = 4;
/// How much memory may be used, in MiB.
const MEMORY_MAX: f64 = 256.0;
/// How long a slow one waits before it says something.
const SLOW: Duration = Duration::from_secs(3);

pub async fn play(short: bool) -> Outcome {
    // Of the slow ones, the rate of good reviews, and the seconds.
    let (slow, rate, length) = match short {
        false => (10_000, 200.0, 60),
        true => (2_500, 20.0, 10),
    };
    let authority = Authority::new();
    let mount = Mount::new(&authority.leaf(NAME));
    let (_folder, config) = strict();
    let replica = Replica::start(&mount, &["--config", &config]);
    let (address, roots) = (replica.address, [&*authority.pem]);
    let manners = Manners {
        uses_max: 50,
        ..Manners::default()
    };
    let good = Client::new(vec![address], &roots, both(), manners);
    let manners = Manners {
        timeout: Duration::from_secs(30),
        ..Manners::default()
    };
    let large = Client::new(vec![address], &roots, vec![large_case()], manners);
    let mut crowd = JoinSet::new();
    let tls = TlsConnector::from(trusting(&roots));
    for number in 0..slow {
        crowd.spawn(annoy(address, tls.clone(), number));
    }
    let length = Duration::from_secs(length);
    meanwhile(&good, rate, closed_loop(&large, LARGE, length)).await;
    crowd.shutdown().await;
    large.drained().await;
    let counts = good.tally.take();
    let large = large.tally.take();
    let most = replica.memory().1;
    let evicted = replica.metric("kubevet_connections_evicted_total");
    let what = format!(
        "{slow} connections that say nothing, or slowly a head or a body, and {LARGE} bodies of \
         16 MiB at a time, beside {rate:.0} reviews/s for {length:.0?}"
    );
    let seen = format!(
        "{most:.0} MiB at most, {evicted} connections turned out; of the large ones {} decided, \
         {}",
        large.right,
        large.faults()
    );
    let mut outcome = Outcome::all_decided(what, counts, seen);
    if most > MEMORY_MAX {
        outcome.failed.push_str("too much memory");
    }
    if large.wrong() > 0 {
        outcome.failed.push_str("a large one was answered wrong");
    }
    outcome
}

/// A Deployment with so many variables that its review is as large as it may be.
fn large_case() -> Case {
    let mut object = deployment();
    let variable = |number: usize| json!({"name": format!("V{number:06}"), "value": "x"});
    let each = variable(0).to_string().len() + 1;
    let room = BODY_MAX - (Case::new(&object, true).len() + 64);
    let variables: Vec<Value> = (0..room / each).map(variable).collect();
    object["spec"]["template"]["spec"]["containers"][0]["env"] = variables.into();
    let case = Case::new(&object, true);
    assert!((BODY_MAX - 4096..=BODY_MAX).contains(&case.len()));
    case
}

/// Comes back whenever it is turned out.
async fn annoy(address: SocketAddr, tls: TlsConnector, number: usize) {
    loop {
        let _ = annoy_once(address, &tls, number).await;
        sleep(SLOW.mul_f64(fastrand::f64())).await;
    }
}

async fn annoy_once(address: SocketAddr, tls: &TlsConnector, number: usize) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    if number % 10 < 7 {
        // It doesn't even shake hands.
        stream.read_u8().await?;
        return Ok(());
    }
    let name = ServerName::try_from(NAME).unwrap();
    let mut stream = tls.connect(name, stream).await?;
    let head = head("/validate?timeout=30s", "application/json", BODY_MAX);
    let slowly = match number % 10 < 9 {
        true => head.as_bytes().chunks(1).collect::<Vec<_>>(),
        false => {
            stream.write_all(head.as_bytes()).await?;
            vec![&b" "[..]; 1000]
        }
    };
    for part in slowly {
        stream.write_all(part).await?;
        stream.flush().await?;
        // Until it is turned out, or says more.
        if timeout(SLOW, stream.read_u8()).await.is_ok() {
            return Ok(());
        }
    }
    Ok(())
}
