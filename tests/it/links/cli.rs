//! `bifold presign`, and what it leaves behind: no link.

use super::ask;
use crate::cli::Place;

#[test]
fn presign_prints_links_that_work() {
    let place = Place::new();
    place.put("a", "bytes");
    let printed = place.expect(0, &["presign", "s3://box/a", "s3://box/b", "--expires", "1h"]);
    let urls: Vec<_> = printed.lines().collect();
    assert_eq!(urls.len(), 2);
    assert_eq!(ask("GET", urls[0], &[], b"").body, b"bytes");
    let printed = place.expect(0, &["presign", "--put", "s3://box/new"]);
    assert_eq!(ask("PUT", printed.trim(), &[], b"written").status, 200);
    assert_eq!(place.object("new").as_deref(), Some("written"));
}

#[test]
fn presign_tells_all_in_json() {
    let place = Place::new();
    place.put("a", "bytes");
    let args = ["presign", "--json", "--expires", "30d", "--response-content-type", "text/csv", "s3://box/a"];
    let told = &place.json(&args)[0];
    assert_eq!((&told["method"], &told["seconds"]), (&"GET".into(), &(7 * 86_400).into()));
    assert!(told["cut"].as_str().is_some_and(|cut| cut.contains("7 days")), "{told}");
    let answer = ask("GET", told["url"].as_str().unwrap(), &[], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv")));
    let usual = &place.json(&["presign", "--json", "s3://box/a"])[0];
    assert_eq!((&usual["seconds"], &usual["cut"]), (&900.into(), &serde_json::Value::Null));
    let put = &place.json(&["presign", "--put", "--content-type", "text/csv", "--json", "s3://box/a"])[0];
    assert_eq!(put["headers"]["content-type"], "text/csv");
    let set = ["presign", "--json", "--set", "links.expires=2h", "s3://box/a"];
    assert_eq!(place.json(&set)[0]["seconds"], 7200);
}

#[test]
fn presign_tells_what_it_can_not_do() {
    let place = Place::new();
    assert!(place.told(2, &["presign", "--expires", "soon", "s3://box/a"]).contains("15min"));
    assert!(place.told(1, &["presign", "s3://box/dir/"]).contains("one object"));
    assert!(place.told(1, &["presign", "here"]).contains("only objects"));
    assert!(place.told(2, &["presign", "--put", "--version", "x", "s3://box/a"]).contains("--version"));
    assert!(place.told(0, &["presign", "--expires", "8d", "s3://box/a"]).contains("7 days"));
}

/// All files below a directory, in one.
pub fn everything(dir: &std::path::Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything(&path));
        } else {
            all.extend(std::fs::read(&path).unwrap());
        }
    }
    all
}

pub fn holds(all: &[u8], text: &str) -> bool {
    all.windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

#[test]
fn no_link_is_written_anywhere_at_any_level() {
    let place = Place::new();
    let printed = place.expect(0, &["presign", "--set", "log.level=trace", "s3://box/secret.txt"]);
    let signature = printed.split("X-Amz-Signature=").nth(1).unwrap();
    let signature = signature.split('&').next().unwrap().trim();
    let all = everything(&place.home());
    assert!(holds(&all, "presigned a link") && holds(&all, "secret.txt"), "the log tells that it was made");
    for secret in [signature, "X-Amz-Signature", "X-Amz-Credential", demo::SECRET_KEY, demo::ACCESS_KEY] {
        assert!(!holds(&all, secret), "{secret} was written");
    }
}
