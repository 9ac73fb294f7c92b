//! A proxy in front of a server: what passes it can be cut, refused or swallowed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A proxy on a free loopback port. Its threads end with the connections they serve.
#[derive(Clone)]
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    server: u16,
    /// Connections are closed as soon as they are made.
    refuses: AtomicBool,
    /// What the server answers goes nowhere.
    swallows: AtomicBool,
    /// The next request is the last one of its connection.
    is_cut_next: AtomicBool,
    /// Connections made before this count of them say nothing any more.
    silent_below: AtomicUsize,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn before(server: u16) -> Proxy {
        let door = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = door.local_addr().unwrap().port();
        let state = Arc::new(State {
            server,
            refuses: AtomicBool::new(false),
            swallows: AtomicBool::new(false),
            is_cut_next: AtomicBool::new(false),
            silent_below: AtomicUsize::new(0),
            connections: Mutex::default(),
        });
        let doorman = Arc::clone(&state);
        thread::spawn(move || {
            while let Ok((caller, _)) = door.accept() {
                doorman.serve(caller);
            }
        });
        Proxy { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn refuse(&self, refuses: bool) {
        self.state.refuses.store(refuses, Ordering::SeqCst);
        if refuses {
            self.cut();
        }
    }

    pub(crate) fn swallow(&self, swallows: bool) {
        self.state.swallows.store(swallows, Ordering::SeqCst);
    }

    /// Passes nothing on for the connections that there are, and leaves them open.
    pub(crate) fn hush(&self) {
        let count = self.state.connections().len();
        self.state.silent_below.store(count, Ordering::SeqCst);
    }

    /// Cuts the connection as soon as the server got the next request, whose answer is lost.
    pub(crate) fn cut_after_next_request(&self) {
        self.swallow(true);
        self.state.is_cut_next.store(true, Ordering::SeqCst);
    }

    /// Closes all connections.
    pub(crate) fn cut(&self) {
        for stream in self.state.connections().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn serve(self: &Arc<State>, caller: TcpStream) {
        if self.refuses.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { return };
        for stream in [&caller, &server] {
            stream.set_nodelay(true).unwrap();
            self.connections().push(stream.try_clone().unwrap());
        }
        let number = self.connections().len();
        let there = (caller.try_clone().unwrap(), server.try_clone().unwrap());
        let (asked, answered) = (Arc::clone(self), Arc::clone(self));
        thread::spawn(move || pump(there.0, there.1, move || asked.request(number)));
        thread::spawn(move || pump(server, caller, move || answered.answer()));
    }

    fn request(&self, number: usize) -> Verdict {
        if number <= self.silent_below.load(Ordering::SeqCst) {
            return Verdict::Swallow;
        }
        let is_last = self.is_cut_next.swap(false, Ordering::SeqCst);
        if is_last { Verdict::PassAndCut } else { Verdict::Pass }
    }

    fn answer(&self) -> Verdict {
        if self.swallows.load(Ordering::SeqCst) { Verdict::Swallow } else { Verdict::Pass }
    }

    fn connections(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of what came.
#[derive(PartialEq, Eq)]
enum Verdict {
    Pass,
    Swallow,
    PassAndCut,
}

fn pump(mut from: TcpStream, mut to: TcpStream, judge: impl Fn() -> Verdict) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let verdict = judge();
        if verdict != Verdict::Swallow && to.write_all(&buffer[..length]).is_err() {
            break;
        }
        if verdict == Verdict::PassAndCut {
            // The server must have executed it before its side is closed too.
            thread::sleep(Duration::from_millis(50));
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
