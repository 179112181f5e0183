//! `odd-names`: every name that a file manager may stumble over.

use chrono::Duration;

use super::Seed;

/// Keys that stand beside each other though on a disk they couldn't, and names that mislead.
const KEYS: &[&str] = &[
    "a",
    "a/",
    "a/b",
    "a-/c",
    "a//double",
    "//two-slashes",
    "/leading-slash",
    "dot/./segment",
    "dots/../up",
    "..",
    ".hidden",
    "marker-only/",
    "no-marker/child.txt",
    "empty-name//",
    "Case/Upper.txt",
    "case/upper.txt",
    "trailing space ",
    " leading space",
    "plus+and%20percent.txt",
    "100%.txt",
    "quote'\"<&>.xml",
    "query?x=1#fragment",
    "back\\slash",
    "-rf",
    "$(touch P);-rf",
    "star*[glob]?{x}",
    "CON",
    "name:with:colons",
    "new\nline",
    "tab\tbed",
    "control/bell\u{7}",
    "control/escape\u{1b}[31mred",
    "control/title\u{1b}]0;owned\u{7}",
    "control/c1\u{9b}31m",
    "control/carriage\rreturn",
    "unicode/日本語/寿司.txt",
    "unicode/e\u{301}-decomposed",
    "unicode/é-composed",
    "unicode/👩‍👩‍👧‍👦-family",
    "unicode/\u{202e}gpj.exe",
    "unicode/zero\u{200b}width",
    "unicode/\u{feff}bom",
    "unicode/العربية",
];

pub(super) fn fill(odd: &Seed<'_>) {
    for (at, key) in KEYS.iter().enumerate() {
        let age = Duration::hours(i64::try_from(at).unwrap_or(0) * 7);
        let body = if key.ends_with('/') { String::new() } else { format!("the key is {key:?}\n") };
        odd.add(key, body, age);
    }
    odd.add(&format!("long/{}", "x".repeat(1024 - 5)), "a key of 1,024 bytes\n", Duration::hours(1));
    let deep = "deep/".repeat(40);
    odd.add(&format!("{deep}file.txt"), "forty directories down\n", Duration::hours(1));
}
