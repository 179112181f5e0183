//! Which names of a tree a job is about: the globs of a [`Selection`], made ready.
//!
//! A glob with a `/` in it means the path below the source, any other the last name, anywhere. One that
//! ends in `/` means directories alone. `*` and `?` stop at a `/`, `**` doesn't. What a glob says of a
//! directory holds for all that lies below it. Directories are entered unless they are excluded, since what
//! is included may lie deeper.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::job::Selection;

impl Selection {
    /// Makes the globs ready.
    ///
    /// # Errors
    /// Which glob can't be read, and why.
    pub fn compile(&self) -> Result<Matcher, String> {
        Ok(Matcher { include: Globs::new(&self.include)?, exclude: Globs::new(&self.exclude)? })
    }
}

/// A [`Selection`] that can be asked.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    include: Option<Globs>,
    exclude: Option<Globs>,
}

impl Matcher {
    /// Whether the job is about this: `relative` is the path below the source, with `/` between names and
    /// none at its end. For a directory the question is whether to enter it.
    pub fn takes(&self, relative: &str, is_dir: bool) -> bool {
        let relative = relative.strip_suffix('/').unwrap_or(relative);
        if self.exclude.as_ref().is_some_and(|globs| globs.mean(relative, is_dir)) {
            return false;
        }
        is_dir || self.include.as_ref().is_none_or(|globs| globs.mean(relative, false))
    }

    /// Whether the job is about a directory that holds nothing: where names are included, only when its own
    /// is. `relative` ends in a `/`, or is empty for the source itself, which a person named.
    pub fn takes_empty(&self, relative: &str) -> bool {
        let relative = relative.strip_suffix('/').unwrap_or(relative);
        self.include.as_ref().is_none_or(|globs| globs.mean(relative, true))
    }

    /// Whether something is taken only where its name is among those that were given.
    pub fn includes(&self) -> bool {
        self.include.is_some()
    }

    /// Whether it takes everything.
    pub fn takes_all(&self) -> bool {
        self.include.is_none() && self.exclude.is_none()
    }
}

/// Globs of one kind.
#[derive(Clone, Debug)]
struct Globs {
    /// For whatever has the name.
    all: GlobSet,
    /// For directories alone.
    dirs: GlobSet,
}

impl Globs {
    fn new(patterns: &[String]) -> Result<Option<Self>, String> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let (mut all, mut dirs) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let (glob, set) = match pattern.strip_suffix('/') {
                Some(dir) => (dir, &mut dirs),
                None => (pattern.as_str(), &mut all),
            };
            set.add(read(glob, pattern)?);
        }
        let ready = |set: GlobSetBuilder| set.build().map_err(|error| error.to_string());
        Ok(Some(Self { all: ready(all)?, dirs: ready(dirs)? }))
    }

    /// Whether they mean this path, or a directory above it.
    fn mean(&self, relative: &str, is_dir: bool) -> bool {
        let above = relative.match_indices('/').map(|(at, _)| &relative[..at]);
        above.into_iter().any(|dir| self.one(dir, true)) || self.one(relative, is_dir)
    }

    fn one(&self, path: &str, is_dir: bool) -> bool {
        self.all.is_match(path) || (is_dir && self.dirs.is_match(path))
    }
}

fn read(glob: &str, typed: &str) -> Result<globset::Glob, String> {
    if glob.is_empty() {
        return Err(format!("the glob \"{typed}\" names nothing"));
    }
    let text = match glob.strip_prefix('/') {
        Some(rooted) => rooted.to_owned(),
        None if glob.contains('/') => glob.to_owned(),
        None => format!("**/{glob}"),
    };
    let built = GlobBuilder::new(&text).literal_separator(true).backslash_escape(true).build();
    built.map_err(|error| format!("the glob \"{typed}\" can't be read: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(include: &[&str], exclude: &[&str]) -> Matcher {
        let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        Selection { include: owned(include), exclude: owned(exclude) }.compile().expect("good globs")
    }

    #[test]
    fn without_globs_everything_is_meant() {
        let all = Matcher::default();
        assert!(all.takes_all() && all.takes("a/b", false) && all.takes("a", true) && all.takes("", false));
        assert!(!matcher(&[], &["x"]).takes_all());
    }

    #[test]
    fn a_name_is_meant_anywhere_and_a_path_only_there() {
        let names = matcher(&["*.txt"], &[]);
        assert!(names.takes("a.txt", false) && names.takes("d/e/a.txt", false));
        assert!(!names.takes("a.txt.gz", false) && !names.takes("d/x", false));
        let paths = matcher(&["d/*.txt", "/top"], &[]);
        assert!(paths.takes("d/a.txt", false) && paths.takes("top", false));
        assert!(!paths.takes("d/e/a.txt", false), "a star stops at a slash");
        assert!(!paths.takes("x/d/a.txt", false) && !paths.takes("d/top", false), "paths are bound");
        assert!(matcher(&["d/**"], &[]).takes("d/e/f/g", false));
        assert!(matcher(&["{a,b}?"], &[]).takes("x/a1", false));
    }

    #[test]
    fn excluded_wins_and_closes_directories() {
        let matcher = matcher(&["*.rs"], &["target", "tests/*.rs", "cache/"]);
        assert!(matcher.takes("src/a.rs", false) && matcher.takes("src", true));
        assert!(!matcher.takes("target", true) && !matcher.takes("x/target/a.rs", false));
        assert!(!matcher.takes("tests/a.rs", false) && matcher.takes("tests/deep/a.rs", false));
        assert!(!matcher.takes("cache", true) && !matcher.takes("x/cache/a.rs", false));
    }

    #[test]
    fn a_glob_with_a_slash_at_its_end_means_directories_alone() {
        let matcher = matcher(&[], &["tmp/"]);
        assert!(matcher.takes("tmp", false) && !matcher.takes("tmp", true) && !matcher.takes("tmp/x", false));
    }

    #[test]
    fn including_a_directory_includes_what_lies_below() {
        let matcher = matcher(&["docs"], &[]);
        assert!(matcher.takes("docs/a/b.md", false) && matcher.takes("x/docs/c", false));
        assert!(
            !matcher.takes("docs2/a", false) && matcher.takes("docs2", true),
            "what is meant may lie deeper"
        );
    }

    #[test]
    fn names_are_taken_as_they_are() {
        let matcher = matcher(&[], &["a\nb", "\\*", "é*"]);
        assert!(!matcher.takes("d/a\nb", false) && !matcher.takes("*", false) && !matcher.takes("éa", false));
        assert!(matcher.takes("x", false) && matcher.takes("//", false) && matcher.takes("A\nb", false));
    }

    #[test]
    fn a_glob_that_cannot_be_read_is_named() {
        let refused =
            |glob: &str| Selection { include: vec![glob.into()], exclude: vec![] }.compile().unwrap_err();
        assert!(refused("a[").contains("\"a[\""), "{}", refused("a["));
        assert!(refused("/").contains("names nothing"));
        assert!(refused("").contains("names nothing"));
    }
}
