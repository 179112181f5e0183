//! Each link of the chain, in an environment of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use bifold::config::{Connection, Env};
use demo::{Options, Server};

use crate::support::*;

/// A little HTTP service that answers each path by its body, on a thread that ends with the test.
fn answering(pages: Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
            let path = first.split(' ').nth(1).unwrap_or_default();
            let page = pages.iter().find(|(at, _)| *at == path).map(|(_, body)| body.as_str());
            let (status, body) = page.map_or(("404 Not Found", ""), |body| ("200 OK", body));
            let head = "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\nConnection: close";
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
        }
    });
    address
}

fn keys(server: &Server) -> (String, String) {
    let of = |wanted: &str| server.env().into_iter().find(|(name, _)| name == wanted).expect("a key").1;
    (of("AWS_ACCESS_KEY_ID"), of("AWS_SECRET_ACCESS_KEY"))
}

/// What leads to a server, without its keys.
fn keyless(server: &Server) -> Env {
    let all = server.env().into_iter();
    all.filter(|(name, _)| !name.contains("KEY") && name != "AWS_EC2_METADATA_DISABLED").collect()
}

fn document(server: &Server) -> String {
    let (id, secret) = keys(server);
    format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","LastUpdated":"2026-01-01T00:00:00Z","AccessKeyId":"{id}",
            "SecretAccessKey":"{secret}","Token":"token","Expiration":"2199-01-01T00:00:00Z"}}"#
    )
}

async fn opens(env: &Env) {
    assert_eq!(names(&at(&registry_on(env, Connection::default()), "")).await, ["k"]);
}

fn seeded() -> Server {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    server
}

#[tokio::test]
async fn a_container_has_its_role() {
    let server = seeded();
    let service = answering(vec![("/role", document(&server))]);
    let env = keyless(&server).with("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{service}/role"));
    opens(&env.with("AWS_EC2_METADATA_DISABLED", "true")).await;
}

#[tokio::test]
async fn an_instance_has_its_role_when_nothing_else_is_there() {
    let server = seeded();
    let role = "/latest/meta-data/iam/security-credentials-extended/";
    let old = "/latest/meta-data/iam/security-credentials/";
    let service = answering(vec![
        ("/latest/api/token", "token".into()),
        (role, "me".into()),
        ("/latest/meta-data/iam/security-credentials-extended/me", document(&server)),
        (old, "me".into()),
        ("/latest/meta-data/iam/security-credentials/me", document(&server)),
    ]);
    opens(&keyless(&server).with("AWS_EC2_METADATA_SERVICE_ENDPOINT", service)).await;
}

#[tokio::test]
async fn a_profile_may_ask_a_program() {
    let server = seeded();
    let (id, secret) = keys(&server);
    let dir = tempfile::tempdir().expect("a directory");
    let answer = dir.path().join("answer");
    let json = format!(r#"{{"Version":1,"AccessKeyId":"{id}","SecretAccessKey":"{secret}"}}"#);
    std::fs::write(&answer, json).expect("written");
    let config = dir.path().join("config");
    let text = format!("[profile asks]\ncredential_process = cat {}\n", answer.display());
    std::fs::write(&config, text).expect("written");
    let env = keyless(&server).with("AWS_CONFIG_FILE", config.as_os_str()).with("AWS_PROFILE", "asks");
    opens(&env.with("AWS_EC2_METADATA_DISABLED", "true")).await;
}
