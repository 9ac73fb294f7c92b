//! A proxy in front of a server: what passes it can be held up, cut anywhere, refused or swallowed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A proxy on a free loopback port. Its threads end with the connections they serve.
#[derive(Clone)]
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

/// What befalls a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A request comes late, and all behind it.
    LateRequest(Duration),
    /// An answer comes late, and all behind it.
    LateReply(Duration),
    /// The connection is closed, and the server never gets the request.
    CutBeforeRequest,
    /// It is closed once the server got half of the bytes, of which it can make nothing.
    CutInRequest,
    /// It is closed once the server has executed the request.
    CutBeforeReply,
    /// It is closed once half of the answer has passed.
    CutInReply,
    /// The other end is gone without a word: nothing passes any more, either way, and nobody closes anything.
    Vanish,
}

#[derive(Default)]
struct State {
    server: u16,
    /// Connections are reset as soon as they are used.
    refuses: AtomicBool,
    /// What the server answers goes nowhere.
    swallows: AtomicBool,
    /// What befalls the next request or answer.
    fault: Mutex<Option<Fault>>,
    connections: Mutex<Vec<Arc<Connection>>>,
}

struct Connection {
    caller: TcpStream,
    server: TcpStream,
    is_silent: AtomicBool,
}

impl Proxy {
    pub(crate) fn before(server: u16) -> Proxy {
        let door = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = door.local_addr().unwrap().port();
        let state = Arc::new(State { server, ..State::default() });
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

    /// Has `fault` befall the next request or answer, of whatever connection.
    pub(crate) fn strike(&self, fault: Fault) {
        *self.state.fault() = Some(fault);
    }

    /// Whether the last fault has not befallen anything yet.
    pub(crate) fn is_armed(&self) -> bool {
        self.state.fault().is_some()
    }

    /// Has no further fault befall anything.
    pub(crate) fn relent(&self) {
        *self.state.fault() = None;
    }

    /// Passes nothing on for the connections that there are, and leaves them open.
    pub(crate) fn hush(&self) {
        for connection in &*self.state.connections() {
            connection.is_silent.store(true, Ordering::SeqCst);
        }
    }

    /// Closes all connections.
    pub(crate) fn cut(&self) {
        self.state.connections().drain(..).for_each(|connection| connection.close());
    }
}

impl State {
    fn serve(self: &Arc<State>, caller: TcpStream) {
        if self.refuses.load(Ordering::SeqCst) {
            // What is closed with bytes that nobody has read is reset.
            let _ = caller.set_read_timeout(Some(Duration::from_millis(100)));
            let _ = caller.peek(&mut [0]);
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { return };
        caller.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let is_silent = AtomicBool::new(false);
        let connection = Arc::new(Connection { caller, server, is_silent });
        self.connections().push(Arc::clone(&connection));
        let (asked, asking) = (Arc::clone(self), Arc::clone(&connection));
        let (answered, answering) = (Arc::clone(self), connection);
        thread::spawn(move || {
            pump(&asking, &asking.caller, &asking.server, || asked.request_meets());
        });
        thread::spawn(move || {
            pump(&answering, &answering.server, &answering.caller, || answered.answer_meets());
        });
    }

    fn request_meets(&self) -> Fate {
        self.meets(|fault| match fault {
            Fault::LateRequest(delay) => Some(Fate::Late(delay)),
            Fault::CutBeforeRequest => Some(Fate::Cut),
            Fault::CutInRequest => Some(Fate::CutInside),
            Fault::Vanish => Some(Fate::Vanish),
            _ => None,
        })
    }

    fn answer_meets(&self) -> Fate {
        if self.swallows.load(Ordering::SeqCst) {
            return Fate::Swallow;
        }
        self.meets(|fault| match fault {
            Fault::LateReply(delay) => Some(Fate::Late(delay)),
            Fault::CutBeforeReply => Some(Fate::Cut),
            Fault::CutInReply => Some(Fate::CutInside),
            _ => None,
        })
    }

    /// The fault befalls the first that it is meant for, and nobody else.
    fn meets(&self, fate: impl Fn(Fault) -> Option<Fate>) -> Fate {
        let mut fault = self.fault();
        let met = fault.and_then(fate);
        if met.is_some() {
            *fault = None;
        }
        met.unwrap_or(Fate::Pass)
    }

    fn fault(&self) -> MutexGuard<'_, Option<Fault>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of what came.
#[derive(Clone, Copy)]
enum Fate {
    Pass,
    Late(Duration),
    Swallow,
    Cut,
    CutInside,
    Vanish,
}

impl Connection {
    fn close(&self) {
        let _ = self.caller.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    /// Passes on what came; `None` where the connection is to be closed.
    fn pass(&self, mut to: &TcpStream, bytes: &[u8], fate: Fate) -> Option<()> {
        match fate {
            _ if self.is_silent.load(Ordering::SeqCst) => {}
            Fate::Pass => to.write_all(bytes).ok()?,
            Fate::Late(delay) => {
                thread::sleep(delay);
                to.write_all(bytes).ok()?;
            }
            Fate::Swallow => {}
            Fate::Cut => return None,
            Fate::CutInside => {
                to.write_all(&bytes[..bytes.len() / 2]).ok()?;
                return None;
            }
            Fate::Vanish => self.is_silent.store(true, Ordering::SeqCst),
        }
        Some(())
    }
}

fn pump(connection: &Connection, mut from: &TcpStream, to: &TcpStream, fate: impl Fn() -> Fate) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        // What passes nobody befalls nobody: a fault stays for a connection that is heard.
        let is_silent = connection.is_silent.load(Ordering::SeqCst);
        let fate = if is_silent { Fate::Swallow } else { fate() };
        if connection.pass(to, &buffer[..length], fate).is_none() {
            break;
        }
    }
    connection.close();
}
