//! What the command line owes whoever reads its exit status: 0 only when all that was asked for was done.

use serde_json::Value;

use super::cli::Place;

#[test]
fn a_dry_run_to_a_bucket_that_does_not_exist_says_so_and_fails() {
    let place = Place::new();
    place.write("d/a", "1");
    for target in ["s3://nowhere/", "s3://nowhere/p/", "s3://nowhere/one"] {
        let source = if target.ends_with("one") { "d/a" } else { "d" };
        let told = place.told(1, &["cp", "-r", "--dry-run", source, target]);
        assert!(told.contains("nowhere") && told.contains("bucket"), "{told}");
    }
    let told = place.told(1, &["cp", "-r", "d", "s3://nowhere/"]);
    assert!(told.contains("nowhere"), "{told}");
    // A prefix that isn't there yet is no mistake.
    place.expect(0, &["cp", "-r", "--dry-run", "d", "s3://box/new/"]);
}

#[test]
fn a_link_that_is_left_out_unasked_is_a_failure_of_the_copy_and_of_its_plan() {
    let place = Place::new();
    place.write("d/f", "1");
    std::os::unix::fs::symlink("f", place.path("d/l")).unwrap();
    let told = place.told(1, &["cp", "-r", "--dry-run", "d", "s3://box/"]);
    assert!(told.contains("1 symbolic link would be left out"), "{told}");
    let copied = place.run(&["cp", "-r", "d", "s3://box/"]);
    let told = String::from_utf8(copied.stderr).unwrap();
    assert!(copied.status.code() == Some(1) && told.contains("links were left out"), "{told}");
    // What was said is done.
    place.expect(0, &["cp", "-r", "--dry-run", "--links=skip", "d", "s3://box/skip/"]);
    place.expect(0, &["cp", "-r", "--links=skip", "d", "s3://box/skip/"]);
    // A sync is about files alone, and says so.
    let told = String::from_utf8(place.run(&["sync", "d", "s3://box/sync/"]).stdout).unwrap();
    assert!(told.contains("1 left out (links"), "{told}");
    assert!(place.expect(0, &["sync", "--help"]).contains("they are left out, told and counted"));
    place.expect(0, &["cp", "-r", "--dry-run", "d", "copy"]);
}

#[test]
fn a_name_that_matches_nothing_is_told_and_leaves_no_marker() {
    let place = Place::new();
    place.write("d/f", "1");
    std::fs::create_dir_all(place.path("d/empty/deep")).unwrap();
    for args in
        [["cp", "-r", "--include=zzz", "d", "s3://box/"], ["mv", "-r", "--include=zzz", "d", "s3://box/"]]
    {
        let told = place.told(1, &args);
        assert!(told.contains("nothing matched"), "{told}");
    }
    assert!(
        place
            .told(1, &["cp", "-r", "--dry-run", "--include=zzz", "d", "s3://box/"])
            .contains("nothing matched")
    );
    assert!(place.told(1, &["rm", "-r", "--include=zzz", "d"]).contains("nothing matched"));
    assert_eq!(place.keys(), [""; 0]);
    assert!(place.path("d/empty/deep").is_dir(), "what wasn't meant was taken away");
    place.expect(0, &["cp", "-r", "--include=f", "d", "s3://box/"]);
    assert_eq!(place.keys(), ["d/f"]);
    // A directory that is meant is copied though it is empty, and so is one that isn't excluded.
    place.expect(0, &["cp", "-r", "--include=deep/", "--include=f", "d", "s3://box/named/"]);
    place.expect(0, &["cp", "-r", "--exclude=f", "d", "s3://box/rest/"]);
    assert_eq!(place.keys(), ["d/f", "named/d/empty/deep/", "named/d/f", "rest/d/empty/deep/"]);
    let plan = place.expect(0, &["cp", "-r", "--dry-run", "--json", "--include=f", "d", "s3://box/x/"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["requests"]["PutObject"], 1);
}

#[test]
fn a_prefix_without_its_slash_is_named_before_anything_is_deleted() {
    let place = Place::new();
    place.put("orders/1", "1");
    let told = place.told(1, &["rm", "-r", "s3://box/orders"]);
    assert!(told.contains("name it with its slash, s3://box/orders/"), "{told}");
    assert!(!place.told(1, &["rm", "-r", "s3://box/other"]).contains("name it"));
    assert_eq!(place.keys(), ["orders/1"]);
    place.expect(0, &["rm", "-r", "s3://box/orders/"]);
    assert_eq!(place.keys(), [""; 0]);
}

#[test]
fn a_move_of_a_directory_is_asked_for_as_a_copy_of_it_is() {
    let place = Place::new();
    place.write("d/a", "1");
    place.put("p/a", "1");
    for source in ["d", "s3://box/p/"] {
        assert!(place.told(2, &["mv", source, "s3://box/to/"]).contains("-r"));
    }
    assert_eq!((place.read("d/a"), place.keys()), ("1".to_owned(), vec!["p/a".to_owned()]));
    place.expect(0, &["mv", "-r", "d", "s3://box/to/"]);
    assert_eq!(place.keys(), ["p/a", "to/d/a"]);
}

#[test]
fn the_log_holds_no_line_for_each_request_unless_it_is_asked_for() {
    let place = Place::new();
    for number in 0..50 {
        place.put(&format!("p/{number}"), "1");
    }
    let log = || std::fs::read_to_string(place.home().join(".local/state/bifold/bifold.log")).unwrap();
    let mut usual = place.command();
    usual.env_remove("BIFOLD_LOG").args(["cp", "-r", "s3://box/p/", "here"]);
    assert!(usual.status().unwrap().success());
    let lines = log().lines().count();
    assert!(lines < 20, "{lines} lines");
    place.expect(0, &["cp", "-r", "s3://box/p/", "there"]);
    assert!(log().lines().count() > lines + 50);
}
