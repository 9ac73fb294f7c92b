//! Addresses that begin with `rediss://`: a server that speaks TLS, with a certificate that was made for it.

#![cfg(feature = "tls")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use pyrate_redis::fred::clients::Client;
use pyrate_redis::fred::rustls::pki_types::CertificateDer;
use pyrate_redis::fred::rustls::pki_types::pem::PemObject;
use pyrate_redis::fred::rustls::{ClientConfig, RootCertStore};
use pyrate_redis::fred::types::config::Config;
use pyrate_redis::{Limiter, Rate, RedisError, RedisStore};
use support::server::{Server, free_port};
use tempfile::TempDir;

/// Where a child of this program finds the server.
const ADDRESS: &str = "PYRATE_TLS_ADDRESS";
const TIMEOUT: Duration = Duration::from_secs(2);

/// A server that is reached by TLS only, but for the tests' own plain door.
struct Guarded {
    folder: TempDir,
    port: u16,
    _server: Server,
}

impl Guarded {
    fn start() -> Guarded {
        let folder = tempfile::tempdir().unwrap();
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(folder.path().join("certificate"), own.cert.pem()).unwrap();
        fs::write(folder.path().join("key"), own.signing_key.serialize_pem()).unwrap();
        let port = free_port();
        let at = |name| folder.path().join(name).display().to_string();
        let (number, certificate, key) = (port.to_string(), at("certificate"), at("key"));
        let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
        let open = ["--tls-port", &number, "--tls-auth-clients", "no"];
        let server = Server::with(&[files, open].concat());
        Guarded { folder, port, _server: server }
    }

    fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate")
    }
}

/// Runs one of these tests in a process whose system trusts that file's certificates only.
fn in_a_process_that_trusts(trusted: &Path, test: &str, server: &Guarded) {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture"]);
    let status = child.env(ADDRESS, server.url()).env("SSL_CERT_FILE", trusted).status();
    assert!(status.unwrap().success(), "the child failed");
}

fn two_are_granted_and_no_third(store: &RedisStore) {
    let limiter = Limiter::new(store.bucket("a", Rate::per_hour(2)));
    assert!(limiter.try_acquire("a").is_ok() && limiter.try_acquire("a").is_ok());
    assert!(limiter.try_acquire("a").unwrap_err().is_denied());
}

#[test]
fn a_server_that_the_system_trusts_is_spoken_to() {
    if let Ok(address) = env::var(ADDRESS) {
        return two_are_granted_and_no_third(&RedisStore::connect(address).unwrap());
    }
    let server = Guarded::start();
    let test = "a_server_that_the_system_trusts_is_spoken_to";
    in_a_process_that_trusts(&server.certificate(), test, &server);
}

#[test]
fn a_server_that_the_system_does_not_trust_is_unreachable_and_says_why() {
    if let Ok(address) = env::var(ADDRESS) {
        let start = Instant::now();
        let builder = RedisStore::builder(address).connection_timeout(TIMEOUT);
        let error = builder.build().unwrap_err();
        assert!(matches!(error, RedisError::Unreachable(_)), "{error}");
        assert!(error.to_string().contains("InvalidCertificate"), "{error}");
        assert!(start.elapsed() < 2 * TIMEOUT);
        return;
    }
    let (server, other) = (Guarded::start(), Guarded::start());
    let test = "a_server_that_the_system_does_not_trust_is_unreachable_and_says_why";
    in_a_process_that_trusts(&other.certificate(), test, &server);
}

#[test]
fn whom_a_client_trusts_its_store_trusts_too() {
    let server = Guarded::start();
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_file(server.certificate()).unwrap()).unwrap();
    let trusting = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
    let config = Config::from_url(&server.url().replace("rediss:", "redis:")).unwrap();
    let config = Config { tls: Some(trusting.into()), ..config };
    let client = Client::new(config, None, None, None);
    two_are_granted_and_no_third(&RedisStore::from_client(&client).unwrap());
}

#[test]
fn a_server_that_does_not_speak_tls_is_unreachable() {
    let url = support::shared().url().replace("redis:", "rediss:");
    let error = RedisStore::builder(url).connection_timeout(TIMEOUT).build().unwrap_err();
    assert!(matches!(error, RedisError::Unreachable(_)), "{error}");
}

#[test]
fn a_plain_store_at_a_door_for_tls_is_unreachable() {
    let server = Guarded::start();
    let url = server.url().replace("rediss:", "redis:");
    let error = RedisStore::builder(url).connection_timeout(TIMEOUT).build().unwrap_err();
    assert!(matches!(error, RedisError::Unreachable(_)), "{error}");
}
