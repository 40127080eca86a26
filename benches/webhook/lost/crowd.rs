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

use super::{Outcome, up_to};
use crate::case::{Case, both};
use crate::client::{Client, Manners, trusting};
use crate::drive::{closed_loop, meanwhile};
use crate::kit::{Authority, Mount, NAME, deployment, head, strict};
use crate::process::Replica;

/// How large a body may be, in bytes.
const BODY_MAX: usize = 16 << 20;
/// How large one full of small values may be: more is refused, as it would take too much memory.
const READ_MAX: usize = 10 << 18;
/// How long a small body may be, and as much of one as has to be there before it gets room.
const SMALL_MAX: usize = 256 << 10;
const BEGUN: &[u8] = &[b' '; 16 << 10];
/// How long a value is in the largest.
const LONG: usize = 230;
/// How many large bodies are under way at a time.
const LARGE: usize = 4;
/// How much memory may be used, in MiB.
const MEMORY_MAX: f64 = 256.0;
/// How long a slow one waits before it says something.
const SLOW: Duration = Duration::from_secs(3);
/// How long one that was turned out stays away at most.
const AWAY: Duration = Duration::from_secs(30);

pub async fn play(short: bool) -> Outcome {
    // Of the slow ones, the rate of good reviews, and the seconds.
    let (slow, rate, length) = match short {
        false => (10_000, 200.0, 60),
        // A few more than there is room for.
        true => (2_100, 20.0, 8),
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
    // As large as may be, as much to read, as much to tell, and one between.
    let mut cases = vec![large_case(BODY_MAX, LONG)];
    let mut at_once = 1;
    let mut faulty = "";
    if !short {
        cases.push(large_case(READ_MAX, 1));
        cases.push(faulty_case(SMALL_MAX));
        cases.push(large_case(SMALL_MAX / 2, 1));
        at_once = LARGE;
        faulty = ", or full of faults";
    }
    let large = Client::new(vec![address], &roots, cases, manners);
    let mut crowd = JoinSet::new();
    let tls = TlsConnector::from(trusting(&roots));
    for number in 0..slow {
        crowd.spawn(annoy(address, tls.clone(), number));
    }
    let length = Duration::from_secs(length);
    meanwhile(&good, rate, closed_loop(&large, at_once, length)).await;
    crowd.shutdown().await;
    large.drained().await;
    let counts = good.tally.take();
    let large = large.tally.take();
    let most = replica.usage().memory().1;
    let evicted = replica.metric("kubevet_connections_evicted_total");
    let what = format!(
        "{slow} connections that say nothing, or slowly a head or a body, and bodies of up to 16 \
         MiB{faulty}, {at_once} at a time, beside {rate:.0} reviews/s for {length:.0?}"
    );
    let seen = format!(
        "{most:.0} MiB at most, {evicted} connections turned out; of the large ones {} decided, \
         {}",
        large.right,
        match large.wrong() + large.lost() {
            0 => "none lost".to_owned(),
            _ => large.faults(),
        }
    );
    let mut outcome = Outcome::all_decided(what, counts, seen);
    if most > MEMORY_MAX {
        outcome.failed.push_str("too much memory");
    }
    // In short, nothing is optimized, and they take longer than they may.
    let is_refused = large.right == 0 || large.lost() > 0;
    if large.wrong() > 0 || (is_refused && !short) {
        outcome
            .failed
            .push_str("large ones weren't decided as they should be");
    }
    outcome
}

/// A Deployment with variables of this length whose review is about this large.
fn large_case(size: usize, value: usize) -> Case {
    let mut object = deployment();
    let value = "x".repeat(value);
    let variable = |number: usize| json!({"name": format!("V{number:06}"), "value": value});
    let each = variable(0).to_string().len() + 1;
    let room = size - Case::new(&object, true).len() - "\"env\":[],".len();
    let variables: Vec<Value> = (0..room / each).map(variable).collect();
    object["spec"]["template"]["spec"]["containers"][0]["env"] = variables.into();
    let case = Case::new(&object, true);
    assert!((size - each..=size).contains(&case.len()));
    case
}

/// A Deployment whose review is about this large, and whose containers lack all that they need.
fn faulty_case(size: usize) -> Case {
    let mut object = deployment();
    let mut with = |containers: Vec<Value>| {
        object["spec"]["template"]["spec"]["containers"] = containers.into();
        Case::new(&object, true)
    };
    let room = size - with(Vec::new()).len();
    with(vec![json!({}); room / "{},".len()])
}

/// Comes back whenever it is turned out.
async fn annoy(address: SocketAddr, tls: TlsConnector, number: usize) {
    loop {
        let _ = annoy_once(address, &tls, number).await;
        sleep(up_to(AWAY)).await;
    }
}

async fn annoy_once(address: SocketAddr, tls: &TlsConnector, number: usize) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    if number % 10 < 4 {
        // It doesn't even shake hands.
        stream.read_u8().await?;
        return Ok(());
    }
    let name = ServerName::try_from(NAME).unwrap();
    let mut stream = tls.connect(name, stream).await?;
    let (length, begun) = match number % 10 {
        7 => (SMALL_MAX, BEGUN),
        _ => (BODY_MAX, &[][..]),
    };
    let head = head("/validate?timeout=30s", "application/json", length);
    let slowly = match number % 10 < 7 {
        true => head.as_bytes().chunks(1).collect::<Vec<_>>(),
        false => {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(begun).await?;
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
