//! `bifold cache` by the built program: what it prints of the caches, and what the server saw.

use serde_json::Value;

use super::cli::Place;

fn events<'a>(lines: &'a [Value], look: &str) -> Vec<&'a str> {
    let of = lines.iter().filter(|line| line["look"] == look);
    of.map(|line| line["event"].as_str().unwrap()).filter(|event| *event != "total").collect()
}

#[test]
fn a_trace_tells_each_request_hit_and_miss_with_its_reason_and_time() {
    let place = Place::new();
    place.put("p/a", "1");
    let lines = place.json(&["cache", "trace", "--json", "s3://box/p/"]);
    assert_eq!(events(&lines, "first"), ["miss", "request"]);
    assert_eq!(events(&lines, "second"), ["hit"]);
    assert_eq!(place.server.counts().get("ListObjectsV2"), 1);
    assert_eq!((&lines[0]["reason"], &lines[1]["operation"]), (&"not held".into(), &"ListObjectsV2".into()));
    assert_eq!((&lines[1]["which"], &lines[1]["status"]), (&"s3://box/p/".into(), &200.into()));
    assert!(lines.iter().all(|line| line["at_ms"].is_number() || line["ms"].is_number()), "{lines:?}");
    let hit = lines.iter().find(|line| line["event"] == "hit").unwrap();
    assert_eq!(hit["reason"], "held, and within its time to live");
    let totals: Vec<_> =
        lines.iter().filter(|line| line["event"] == "total").map(|it| &it["requests"]).collect();
    assert_eq!(totals, [&Value::from(1), &Value::from(0)]);
}

#[test]
fn a_trace_for_people_ends_with_what_both_looks_cost() {
    let place = Place::new();
    place.put("p/a", "1");
    let printed = place.expect(0, &["cache", "trace", "s3://box/p/"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!((lines[0], lines[3]), ("first", "second"));
    assert!(lines[1].contains("miss") && lines[1].ends_with("(not held)"), "{printed}");
    assert!(lines[2].contains("request ListObjectsV2") && lines[2].contains("status 200"), "{printed}");
    assert!(
        lines[5].starts_with("first: 1 request in ") && lines[5].contains("second: 0 requests in "),
        "{printed}"
    );
    // Whatever the log is set to, and with a cache that keeps nothing.
    let off = ["cache", "trace", "s3://box/p/", "--set", "log.level=off", "--set", "cache.enabled=false"];
    let printed = place.expect(0, &off);
    assert!(printed.matches("request ListObjectsV2").count() == 2 && !printed.contains("miss"), "{printed}");
    assert!(printed.contains("second: 1 request in "), "{printed}");
    let told = place.told(1, &["cache", "trace", "s3://nowhere/p/"]);
    assert!(told.contains("nowhere"), "{told}");
}
