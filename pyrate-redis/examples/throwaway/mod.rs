//! A server for an example: the one that `REDIS_URL` names, or one that is started for it and ends with it.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process, thread};

pub(crate) struct Server {
    url: String,
    own: Option<Child>,
}

impl Server {
    pub(crate) fn from_environment_or_start() -> Result<Server, Box<dyn Error>> {
        match env::var("REDIS_URL") {
            Ok(url) => Ok(Server { url, own: None }),
            Err(_) => Server::start(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// On a free port that only this host reaches; nothing is written to a disk.
    fn start() -> Result<Server, Box<dyn Error>> {
        // Of those that the system doesn't give to connections, lest one takes it before the server does.
        let first = 10_000 + process::id() % 20_000;
        let is_free = |port: &u32| TcpListener::bind(format!("127.0.0.1:{port}")).is_ok();
        let port = (first..32_000).find(is_free).ok_or("no port is free")?;
        let options = format!("--port {port} --bind 127.0.0.1 --appendonly no --save");
        let mut command = Command::new("redis-server");
        command.args(options.split(' ')).arg("").stdout(Stdio::null()).stderr(Stdio::null());
        let own = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => "this example needs a server: install redis-server, or set \
                 REDIS_URL to the address of one"
                .into(),
            _ => Box::<dyn Error>::from(error),
        })?;
        let server = Server { url: format!("redis://127.0.0.1:{port}"), own: Some(own) };
        let start = Instant::now();
        while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err("the server does not come up".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(own) = &mut self.own {
            let _ = own.kill();
            let _ = own.wait();
        }
    }
}
