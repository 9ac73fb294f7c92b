//! A throwaway server, and a plain connection to it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// A server on a free loopback port, in a folder of its own, that keeps nothing.
///
/// It ends when this is dropped. A shared one never is: so a shell watches over each, and ends it when this process is gone,
/// however that came.
pub(crate) struct Server {
    program: String,
    port: u16,
    folder: PathBuf,
    options: Vec<String>,
    guard: Mutex<Option<Child>>,
}

impl Server {
    pub(crate) fn start() -> Server {
        Server::with(&[])
    }

    /// With further options, as on the command line.
    pub(crate) fn with(options: &[&str]) -> Server {
        Server::of(program().unwrap(), options)
    }

    /// Another program that takes the same options.
    pub(crate) fn of(program: String, options: &[&str]) -> Server {
        let keeps_nothing = ["--save", "", "--appendonly", "no"];
        Server::running(program, None, &[&keeps_nothing, options].concat())
    }

    /// A sentinel, by the lines of its configuration.
    pub(crate) fn sentinel(lines: &str) -> Server {
        Server::running(program().unwrap(), Some(lines), &["--sentinel"])
    }

    fn running(program: String, configuration: Option<&str>, options: &[&str]) -> Server {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("pyrate-redis-{}-{number}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut words = Vec::new();
        if let Some(lines) = configuration {
            let file = folder.join("server.conf");
            fs::write(&file, lines).unwrap();
            words.push(file.display().to_string());
        }
        words.extend(options.iter().map(|option| (*option).to_owned()));
        let port = free_port();
        let server = Server { program, port, folder, options: words, guard: Mutex::new(None) };
        server.run();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, again if it was killed, and waits until it answers.
    pub(crate) fn run(&self) {
        *self.guard.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.spawn());
        let start = Instant::now();
        while !TcpStream::connect(("127.0.0.1", self.port)).is_ok_and(|stream| is_up(&stream)) {
            assert!(start.elapsed() < Duration::from_secs(20), "the server doesn't come up");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&self) {
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut guard) = guard {
            let _ = guard.stdin.take().map(|mut input| input.write_all(b"\n"));
            let _ = guard.wait();
        }
    }

    /// A connection of one's own.
    pub(crate) fn connect(&self) -> Wire {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Wire(BufReader::new(stream))
    }

    /// One command, parted by spaces, on a connection of its own.
    pub(crate) fn ask(&self, command: &str) -> String {
        self.connect().ask(&command.split(' ').collect::<Vec<_>>())
    }

    fn spawn(&self) -> Child {
        // A line ends the server; the end of its input, which is that of this process, ends all it left as well.
        let script = "folder=$1; shift; \"$@\" & server=$!; read -r line; heard=$?; kill -9 $server; \
             wait $server 2>/dev/null; [ $heard = 0 ] || rm -rf \"$folder\"";
        // A configuration file comes first.
        let (file, options) = match self.options.split_first() {
            Some((first, rest)) if !first.starts_with("--") => (Some(first), rest),
            _ => (None, &*self.options),
        };
        let mut guard = Command::new("sh");
        guard.args(["-c", script, "sh"]).arg(&self.folder).arg(&self.program).args(file);
        guard.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        guard.args(["--loglevel", "warning"]).arg("--dir").arg(&self.folder).args(options);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program, by its path or as the system finds it.
///
/// # Errors
///
/// The sentence that says how it is installed.
pub(crate) fn program() -> Result<String, String> {
    let program = env::var("PYRATE_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    match Command::new(&program).arg("--version").stdout(Stdio::null()).status() {
        Ok(_) => Ok(program),
        Err(error) => Err(format!(
            "{program} does not run ({error}): `cargo xtask test` installs it, or: apt-get install redis-server"
        )),
    }
}

/// A port that stays free until it is used, and while a killed server is away: it lies below those that the system gives to
/// connections, and processes that run side by side begin to count at places of their own.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    const PER_PROCESS: u32 = 64;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = process::id().wrapping_mul(PER_PROCESS).wrapping_add(next) % COUNT;
        let port = u16::try_from(FIRST + place).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free")
}

fn is_up(mut stream: &TcpStream) -> bool {
    let mut answer = [0; 5];
    stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && (&answer == b"+PONG" || &answer == b"-NOAU")
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Text(Vec<u8>),
    List(Vec<Reply>),
}

impl Reply {
    /// As text: lists parted by spaces.
    pub(crate) fn text(&self) -> String {
        match self {
            Reply::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Reply::List(parts) => parts.iter().map(Reply::text).collect::<Vec<_>>().join(" "),
        }
    }
}

/// A connection that speaks the protocol by hand, so that tests don't rely on what they test.
pub(crate) struct Wire(BufReader<TcpStream>);

impl Wire {
    /// The answer as text, errors behind a minus sign.
    pub(crate) fn ask(&mut self, words: &[&str]) -> String {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.ask_bytes(&words).text()
    }

    pub(crate) fn ask_bytes(&mut self, words: &[&[u8]]) -> Reply {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            command.extend_from_slice(word);
            command.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&command).unwrap();
        self.reply().unwrap()
    }

    fn reply(&mut self) -> std::io::Result<Reply> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let (kind, rest) = line.trim_end().split_at_checked(1).ok_or(ErrorKind::UnexpectedEof)?;
        match kind {
            "$" => self.bulk(rest.parse().unwrap()),
            "*" => (0..rest.parse().unwrap())
                .map(|_| self.reply())
                .collect::<Result<_, _>>()
                .map(Reply::List),
            "-" => Ok(Reply::Text(line.trim_end().into())),
            _ => Ok(Reply::Text(rest.into())),
        }
    }

    fn bulk(&mut self, length: i64) -> std::io::Result<Reply> {
        let Ok(length) = usize::try_from(length) else { return Ok(Reply::Text(Vec::new())) };
        let mut bytes = vec![0; length + 2];
        self.0.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(Reply::Text(bytes))
    }
}
