//! The house rules that a compiler doesn't hold: floors, sizes, the top level, what files speak of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from the top down. A floor uses those below it, never one above.
const FLOORS: [&str; 11] =
    ["cli", "runtime", "view", "app", "transfer", "preview", "vfs", "cache", "store", "config", "model"];

/// What the pure floors never name.
const IMPURE: [&str; 9] = [
    "tokio",
    "ratatui",
    "aws_",
    "std::fs",
    "std::net",
    "Instant::now",
    "SystemTime::now",
    "Utc::now",
    "fastrand",
];

/// The most lines of a file without its tests.
const MOST_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut dirs = vec![root().join(below)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The code of a file up to its tests, without comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let body = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    body.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn floor_of(path: &Path) -> Option<usize> {
    let below = path.strip_prefix(root().join("src")).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    FLOORS.iter().position(|floor| *floor == first.trim_end_matches(".rs"))
}

/// The floors that a piece of code names as `crate::floor` (also inside `use crate::{…}`).
fn floors_named(code: &str) -> BTreeSet<usize> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let group = rest.strip_prefix('{').and_then(|group| group.split(';').next());
        let words: Vec<&str> = match group {
            Some(group) => group.split(|c: char| !c.is_alphanumeric() && c != '_').collect(),
            None => rest.split(|c: char| !c.is_alphanumeric() && c != '_').take(1).collect(),
        };
        named.extend(words.iter().filter_map(|word| FLOORS.iter().position(|floor| floor == word)));
    }
    named
}

#[test]
fn no_floor_uses_one_above_it() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let Some(own) = floor_of(&path) else { continue };
        for above in floors_named(&code(&path)).into_iter().filter(|named| *named < own) {
            wrong.push(format!("{} uses {}", path.display(), FLOORS[above]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_app_uses_only_the_words_of_transfer_and_the_model() {
    let allowed = ["app", "transfer", "model"];
    for path in rust_files("src/app") {
        for floor in floors_named(&code(&path)) {
            assert!(allowed.contains(&FLOORS[floor]), "{} uses {}", path.display(), FLOORS[floor]);
        }
    }
}

#[test]
fn pure_floors_touch_nothing() {
    for path in rust_files("src/app").into_iter().chain(rust_files("src/model")) {
        let code = code(&path);
        for word in IMPURE {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for path in rust_files("src").into_iter().chain(rust_files("demo/src")) {
        if path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        let body = text.split("\n#[cfg(test)]").next().unwrap_or_default();
        let lines = body.lines().count();
        if lines > MOST_LINES {
            long.push(format!("{} {lines}", path.display()));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_top_level_is_as_agreed() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "README.md", "LICENSE", "src", "assets", "tests", "demo", "target"];
    for entry in fs::read_dir(root()).expect("the root") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(name.starts_with('.') || allowed.contains(&name.as_str()), "{name} in the top level");
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
        concat!("#[ig", "nore"),
        concat!("TO", "DO:"),
        concat!("FIX", "ME"),
    ];
    for path in rust_files("src").into_iter().chain(rust_files("tests")).chain(rust_files("demo")) {
        let text = fs::read_to_string(&path).expect("a source file");
        for mark in marks {
            assert!(!text.contains(mark), "{} has {mark}", path.display());
        }
    }
}
