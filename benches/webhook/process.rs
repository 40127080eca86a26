//! The server as a process of its own, and what it costs.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::kit::Mount;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often `/proc` counts a second of a processor (`USER_HZ`, which is 100 everywhere).
const TICKS: f64 = 100.0;

/// A server; ends with the value.
pub struct Replica {
    process: Child,
    /// The server's own process, which something else may have started.
    id: u32,
    /// Where it listens for reviews.
    pub address: SocketAddr,
    /// From the start of the process to the line that says that it is ready.
    pub ready_after: Duration,
    plain: Option<SocketAddr>,
}

/// What a process uses of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Usage(u32);

/// The certificate's files.
pub fn files(mount: &Mount) -> [PathBuf; 2] {
    [mount.path("tls.crt"), mount.path("tls.key")]
}

impl Replica {
    /// `kubevet serve` with these arguments more.
    pub fn start(mount: &Mount, args: &[&str]) -> Self {
        Self::serve(Path::new(env!("CARGO_BIN_EXE_kubevet")), mount, args)
    }

    /// `kubevet serve` as `deploy/Dockerfile` builds it: linked statically, with musl.
    pub fn image(mount: &Mount) -> Self {
        let program = "target/x86_64-unknown-linux-musl/server/kubevet";
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
        Self::serve(&program, mount, &[])
    }

    fn serve(program: &Path, mount: &Mount, args: &[&str]) -> Self {
        let [certificate, key] = files(mount);
        let mut command = Command::new(program);
        command.args(["serve", "--no-cluster", "--listen", "127.0.0.1:0"]);
        command.args(["--metrics-listen", "127.0.0.1:0"]);
        command.arg("--tls-cert").arg(certificate);
        command.arg("--tls-key").arg(key);
        command.args(args);
        Self::run(command)
    }

    /// The server with a rule that is as slow as an object says.
    pub fn slow(mount: &Mount) -> Self {
        let program = std::env::current_exe().unwrap();
        let built = program.parent().and_then(Path::parent).unwrap();
        let mut command = Command::new(built.join("examples/serve_slowly"));
        command.args(files(mount));
        Self::run(command)
    }

    /// Gatekeeper beside an API server of its own, and its release.
    pub fn gatekeeper(mount: &Mount) -> (Self, String) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/webhook/gatekeeper");
        let mut command = Command::new(folder.join("start"));
        command.arg(mount.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut said = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut said).unwrap();
        let said: Value = serde_json::from_str(&said).expect("Gatekeeper doesn't start");
        let id = said["process"].as_u64().unwrap();
        let replica = Self {
            process,
            id: id.try_into().unwrap(),
            address: said["address"].as_str().unwrap().parse().unwrap(),
            ready_after: Duration::ZERO,
            plain: None,
        };
        (replica, said["release"].as_str().unwrap().to_owned())
    }

    fn run(mut command: Command) -> Self {
        let begun = Instant::now();
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (said, logs) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Nobody listens any more once it is ready; it must be able to go on writing.
                let _ = said.send(line);
            }
        });
        let mut replica = Self {
            id: process.id(),
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            ready_after: Duration::ZERO,
            plain: None,
        };
        replica.wait(&logs);
        replica.ready_after = begun.elapsed();
        replica
    }

    fn wait(&mut self, logs: &Receiver<String>) {
        loop {
            let line = logs
                .recv_timeout(PATIENCE)
                .expect("the server doesn't start");
            let line: Value = serde_json::from_str(&line).expect(&line);
            let address = || line["address"].as_str().unwrap().parse().unwrap();
            match line["message"].as_str() {
                Some("listening") => self.address = address(),
                Some("listening for metrics") => self.plain = Some(address()),
                Some("ready") => return,
                _ => panic!("{line}"),
            }
        }
    }

    /// Whether it says so itself.
    pub fn is_ready(&self) -> bool {
        self.get("/readyz").starts_with("HTTP/1.1 200 ")
    }

    /// The value of a metric without labels.
    pub fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics");
        let mut lines = metrics.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find(|(key, _)| *key == name);
        found.and_then(|(_, value)| value.parse().ok()).unwrap()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.plain.unwrap()).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Tells it to stop.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Ends it at once.
    pub fn kill(&self) {
        kill_process(self.pid(), Signal::KILL).unwrap();
    }

    /// Takes the processor from it.
    pub fn pause(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    /// Gives the processor back.
    pub fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    /// Whether it has ended.
    pub fn is_gone(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// What it uses of the machine.
    pub fn usage(&self) -> Usage {
        Usage(self.id)
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // What starts others ends them, and itself, when its input ends.
        if self.process.stdin.take().is_none() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

impl Usage {
    /// Processor time so far.
    pub fn cpu(self) -> Duration {
        cpu(&self.0.to_string())
    }

    /// Memory in MiB: now, and the most there was.
    pub fn memory(self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib: f64 = line
                .unwrap()
                .trim()
                .trim_end_matches(" kB")
                .parse()
                .unwrap();
            kib / 1024.0
        };
        (of("VmRSS:"), of("VmHWM:"))
    }
}

/// Processor time that the client itself has taken.
pub fn own_cpu() -> Duration {
    cpu("self")
}

fn cpu(process: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // Behind the name, which may hold anything: fields 14 and 15 are user's and system's time.
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .map(|n| n.parse::<f64>().unwrap())
        .sum();
    Duration::from_secs_f64(ticks / TICKS)
}

/// How busy the machine is: the load average of the last minute.
pub fn busy() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}
