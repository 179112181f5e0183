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
    assert!(printed.starts_with("the operation cache is off: "), "{printed}");
    assert!(printed.contains("\nthe cache of bodies is off: "), "{printed}");
    assert!(printed.matches("request ListObjectsV2").count() == 2 && !printed.contains("miss"), "{printed}");
    assert!(printed.contains("second: 1 request in "), "{printed}");
    let told = place.told(1, &["cache", "trace", "s3://nowhere/p/"]);
    assert!(told.contains("nowhere"), "{told}");
}

/// A place with two objects that are held.
fn warm() -> Place {
    let place = Place::new();
    place.put("p/one", "1");
    place.put("p/two", "22");
    place.put("other", "333");
    let told = place.json(&["cache", "warm", "--json", "-r", "s3://box/p/"]);
    assert!(told.len() == 2 && told.iter().all(|line| line["held"] == true), "{told:?}");
    place
}

fn held(place: &Place, args: &[&str]) -> Vec<(String, u64)> {
    let rows = place.json(&[&["cache", "ls", "--json"], args].concat());
    let row = |row: &Value| (row["key"].as_str().unwrap().to_owned(), row["size"].as_u64().unwrap());
    let mut rows: Vec<_> = rows.iter().map(row).collect();
    rows.sort();
    rows
}

/// The files of bodies on disk.
fn files(place: &Place) -> Vec<std::path::PathBuf> {
    let top = place.expect(0, &["cache", "path"]);
    let objects = std::path::Path::new(top.trim_end()).join("objects");
    let dirs = std::fs::read_dir(objects).unwrap().map(|dir| dir.unwrap().path()).filter(|dir| dir.is_dir());
    let files = dirs.flat_map(|dir| std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()));
    files.filter(|file| file.is_file()).collect()
}

#[test]
fn what_was_warmed_is_listed_counted_and_served_without_a_body() {
    let place = warm();
    assert_eq!(held(&place, &[]), [("p/one".to_owned(), 1), ("p/two".to_owned(), 2)]);
    assert_eq!(held(&place, &["s3://box/p/t"]), [("p/two".to_owned(), 2)]);
    assert_eq!(files(&place).len(), 2);
    place.server.reset_counts();
    assert_eq!(place.expect(0, &["cat", "s3://box/p/two"]), "22");
    let counts = place.server.counts();
    assert_eq!((counts.get("GetObject"), counts.bytes_out), (1, 0), "one conditional request, and no body");
    let stats = place.json(&["cache", "stats", "--json"]);
    let objects = stats.iter().find(|line| line["layer"] == "objects").unwrap();
    assert_eq!((&objects["entries"], &objects["bytes"]), (&2.into(), &3.into()));
    assert!(objects["validations"].as_u64() >= Some(1) && objects["hits"].as_u64() >= Some(1), "{objects}");
    assert_eq!(objects["connections"][0]["connection"], "s3");
    let sheet = place.expect(0, &["cache", "stats"]);
    assert!(sheet.starts_with("objects\n") && sheet.contains("previews\n"), "{sheet}");
    let told = place.told(2, &["cache", "warm", "s3://box/p/"]);
    assert!(told.contains("-r"), "{told}");
    place.expect(2, &["cache", "warm", "work"]);
    place.server.store().put("box", "large", vec![7; 300_000]);
    place.server.reset_counts();
    let told = place.told(1, &["cache", "warm", "s3://box/large", "--set", "cache.objects.max_size=1MB"]);
    assert!(told.contains("s3://box/large wasn't read: it is larger than a quarter of max_size"), "{told}");
    assert_eq!(place.server.counts().get("GetObject"), 0);
    place.expect(1, &["cache", "warm", "s3://box/none"]);
}

#[test]
fn what_is_damaged_is_found_forgotten_and_fetched_anew() {
    let place = warm();
    place.expect(0, &["cache", "verify"]);
    let victim = files(&place).into_iter().find(|file| std::fs::read(file).unwrap() == b"22").unwrap();
    std::fs::write(&victim, "21").unwrap();
    let output = place.run(&["cache", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("s3://box/p/two") && told.contains("damaged"), "{told}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.contains("\"damaged\":1"), "{lines}");
    place.expect(0, &["cache", "verify"]);
    assert_eq!(place.expect(0, &["cat", "s3://box/p/two"]), "22");
}

#[test]
fn clearing_names_how_much_and_is_agreed_to_first() {
    let place = warm();
    place.expect(0, &["cache", "warm", "s3://box/other"]);
    let told = place.told(2, &["cache", "clear"]);
    assert!(told.contains("3 entries, 6 B") && told.contains("--yes"), "{told}");
    assert_eq!(held(&place, &[]).len(), 3);
    let cleared = place.json(&["cache", "clear", "--yes", "--json", "--prefix", "s3://box/p/"]);
    assert_eq!((&cleared[0]["entries"], &cleared[0]["bytes"]), (&2.into(), &3.into()));
    assert_eq!(held(&place, &[]), [("other".to_owned(), 3)]);
    assert!(place.expect(0, &["cache", "clear", "-y"]).contains("forgot 1 entry, 3 B"));
    assert!(held(&place, &[]).is_empty() && files(&place).is_empty());
    assert_eq!(place.keys(), ["other", "p/one", "p/two"]);
}

#[test]
fn a_trace_tells_which_cache_is_off() {
    let place = Place::new();
    place.put("k", "1");
    let off = |set: &str| -> Vec<String> {
        let lines = place.json(&["cache", "trace", "--json", "s3://box/k", "--set", set]);
        let off = lines.iter().filter(|line| line["event"] == "off");
        off.map(|line| line["which"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(off("log.level=info"), [""; 0]);
    assert_eq!(off("cache.operations.enabled=false"), ["the operation cache"]);
    assert_eq!(off("cache.objects.enabled=false"), ["the cache of bodies"]);
}

#[test]
fn what_a_former_directory_holds_is_told_and_cleared() {
    let place = warm();
    let former = place.expect(0, &["cache", "path"]);
    let now = place.path("elsewhere");
    let set = format!("cache.dir={}", now.display());
    let with = |args: &[&str]| {
        let output = place.run(&[args, &["--set", &set]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (printed, told) = with(&["cache", "path"]);
    assert_eq!(printed.trim_end(), now.to_str().unwrap());
    assert!(told.contains("2 entries, 3 B in ") && told.contains(former.trim_end()), "{told}");
    let (printed, _) = with(&["cache", "stats"]);
    assert!(printed.contains("elsewhere") && printed.contains("no longer set"), "{printed}");
    let (printed, _) = with(&["cache", "stats", "--json"]);
    let first: Value = serde_json::from_str(printed.lines().next().unwrap()).unwrap();
    assert_eq!((&first["former"][0]["entries"], &first["former"][0]["bytes"]), (&2.into(), &3.into()));
    assert_eq!(files(&place).len(), 2);
    with(&["cache", "clear", "-y"]);
    assert_eq!(files(&place).len(), 0);
    assert!(held(&place, &[]).is_empty());
}

#[test]
fn without_a_cache_on_disk_that_is_said() {
    let place = Place::new();
    for command in ["stats", "ls", "verify", "path"] {
        let told = place.told(1, &["cache", command, "--set", "cache.enabled=false"]);
        assert!(told.contains("cached on disk"), "{told}");
    }
    let told = place.told(2, &["cache", "ls", "work"]);
    assert!(told.contains("only objects of services are cached"), "{told}");
}
