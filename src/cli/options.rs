//! The flags that transfers share, and what they mean as [`JobOptions`].

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::args::{OnConflict, OnLink};
use crate::config::size;
use crate::model::StorageClass;
use crate::transfer::job::{Selection, Verify};
use crate::transfer::{ConflictPolicy, JobOptions, LinkPolicy};
use crate::vfs::{Attributes, Encryption, Trust};

/// The largest part that S3 takes.
const LARGEST_PART: u64 = 5 << 30;

/// Which files of a tree.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Selecting {
    /// Of what lies below directories, only files that match: a glob without / means the last name, with /
    /// the path below the source; may be given again
    #[arg(long, value_name = "GLOB", help_heading = "Which files")]
    pub include: Vec<String>,
    /// Nothing that matches, and nothing below it; may be given again
    #[arg(long, value_name = "GLOB", help_heading = "Which files")]
    pub exclude: Vec<String>,
}

impl Selecting {
    /// As the engine takes it; a glob that can't be read is told.
    pub fn selection(&self) -> Result<Selection, String> {
        let selection = Selection { include: self.include.clone(), exclude: self.exclude.clone() };
        selection.compile().map(|_| selection)
    }
}

/// How much at once, and how it is told.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Working {
    /// How many requests at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: Option<u16>,
    /// Tell what happens on standard output, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Whether bodies that are kept on disk stand for what a service would send.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Caching {
    /// Read past the objects that are kept on disk, and keep nothing
    #[arg(long, conflicts_with_all = ["refresh_cache", "no_validate"], help_heading = "Objects kept on disk")]
    pub no_cache: bool,
    /// Fetch anew what is kept on disk
    #[arg(long, conflicts_with = "no_validate", help_heading = "Objects kept on disk")]
    pub refresh_cache: bool,
    /// Take what is kept on disk without asking whether it is still right
    #[arg(long, help_heading = "Objects kept on disk")]
    pub no_validate: bool,
}

impl Caching {
    /// As reads take it.
    pub fn trust(self) -> Trust {
        match self {
            Self { no_cache: true, .. } => Trust::Skip,
            Self { refresh_cache: true, .. } => Trust::Refresh,
            Self { no_validate: true, .. } => Trust::Held,
            _ => Trust::Ask,
        }
    }
}

/// `cat`.
#[derive(Clone, Debug, clap::Args)]
pub struct Cat {
    /// Which
    #[arg(required = true)]
    pub locations: Vec<OsString>,
    /// Which bodies on disk are used.
    #[command(flatten)]
    pub caching: Caching,
}

/// How files are transferred, and what they carry.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Transferring {
    /// Which files.
    #[command(flatten)]
    pub selecting: Selecting,
    /// How much at once.
    #[command(flatten)]
    pub working: Working,
    /// The most bytes a second, as 10MB or 500KiB
    #[arg(long, value_name = "SIZE", value_parser = some_bytes)]
    pub bwlimit: Option<u64>,
    /// The size of the parts of large files, as 16MiB; else as fits the file and the service
    #[arg(long, value_name = "SIZE", value_parser = part_size)]
    pub part_size: Option<u64>,
    /// Verify every file by the strongest proof that both sides have, also where that costs a request a file
    #[arg(long)]
    pub verify: bool,
    /// Which bodies on disk are used.
    #[command(flatten)]
    pub caching: Caching,
    /// Let local files show before they are safe from a loss of power
    #[arg(long)]
    pub no_flush: bool,
    /// The storage class of new objects, as STANDARD_IA
    #[arg(long, value_name = "CLASS", value_parser = storage_class, help_heading = "What new objects carry")]
    pub storage_class: Option<String>,
    /// The encryption of new objects at rest
    #[arg(long, value_name = "KIND", value_parser = encryptions(), help_heading = "What new objects carry")]
    pub encryption: Option<String>,
    /// The key to encrypt with; without --encryption this means aws:kms
    #[arg(long, value_name = "ID", help_heading = "What new objects carry")]
    pub kms_key_id: Option<String>,
    /// The content type of new objects; else by name and content, or the source's
    #[arg(long, value_name = "TYPE", value_parser = content_type, help_heading = "What new objects carry")]
    pub content_type: Option<String>,
}

impl Transferring {
    /// As the engine takes it, with its own rules for conflicts and links. Without the flag, `flush` says
    /// whether local files are flushed.
    ///
    /// # Errors
    /// Flags that contradict each other, and globs that can't be read.
    pub fn options(&self, flush: bool) -> Result<JobOptions, String> {
        Ok(JobOptions {
            selection: self.selecting.selection()?,
            attributes: self.attributes()?,
            part_size: self.part_size,
            at_once: self.working.concurrency.map(usize::from),
            rate: self.bwlimit,
            verify: if self.verify { Verify::Always } else { Verify::Auto },
            no_flush: self.no_flush || !flush,
            bodies: self.caching.trust(),
            ..JobOptions::default()
        })
    }

    fn attributes(&self) -> Result<Attributes, String> {
        Ok(Attributes {
            class: self.storage_class.as_deref().map(StorageClass::new),
            encryption: self.encryption()?,
            content_type: self.content_type.clone(),
            ..Attributes::default()
        })
    }

    fn encryption(&self) -> Result<Option<Encryption>, String> {
        let kind = match (&self.encryption, &self.kms_key_id) {
            (None, None) => return Ok(None),
            (Some(kind), Some(_)) if kind == "AES256" => {
                return Err(
                    "--kms-key-id needs --encryption aws:kms: AES256 has no key of its own".to_owned()
                );
            }
            (Some(kind), _) => kind.clone(),
            (None, Some(_)) => "aws:kms".to_owned(),
        };
        Ok(Some(Encryption { kind, key: self.kms_key_id.clone() }))
    }
}

impl From<OnConflict> for ConflictPolicy {
    fn from(chosen: OnConflict) -> Self {
        match chosen {
            OnConflict::Ask => Self::Ask,
            OnConflict::Overwrite => Self::Overwrite,
            OnConflict::Skip => Self::Skip,
            OnConflict::Rename => Self::Rename,
            OnConflict::Newer => Self::Newer,
        }
    }
}

impl From<OnLink> for LinkPolicy {
    fn from(chosen: OnLink) -> Self {
        match chosen {
            OnLink::Follow => Self::Follow,
            OnLink::Skip => Self::Skip,
        }
    }
}

fn some_bytes(text: &str) -> Result<u64, String> {
    match size(text) {
        Some(0) => Err("nothing could pass: leave it out for no bound".to_owned()),
        Some(bytes) => Ok(bytes),
        None => Err("a size is a number with B, KiB, MiB, GiB, KB, MB or GB, as 10MB".to_owned()),
    }
}

fn part_size(text: &str) -> Result<u64, String> {
    let bytes = some_bytes(text)?;
    if bytes > LARGEST_PART {
        return Err("a part has 5 GiB at most".to_owned());
    }
    Ok(bytes)
}

/// Services have classes of their own, so no list is right everywhere; but all are words of this shape.
fn storage_class(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if text.is_empty() || !text.chars().all(plain) {
        return Err("a storage class is a word in capitals, as STANDARD_IA".to_owned());
    }
    Ok(text.to_owned())
}

fn encryptions() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(["AES256", "aws:kms", "aws:kms:dsse"])
}

/// It becomes a header: nothing that could end one.
fn content_type(text: &str) -> Result<String, String> {
    let visible = text.chars().all(|c| (' '..='~').contains(&c));
    if text.split_once('/').is_none_or(|(a, b)| a.is_empty() || b.is_empty()) || !visible {
        return Err("a content type is two words around a slash, as text/plain".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        transferring: Transferring,
    }

    fn options(flags: &[&str]) -> Result<JobOptions, String> {
        let parsed = Flags::try_parse_from([&["x"], flags].concat()).map_err(|error| error.to_string())?;
        parsed.transferring.options(true)
    }

    #[test]
    fn every_flag_reaches_the_options() {
        let flags = [
            "--include=*.jpg",
            "--exclude=tmp/",
            "--bwlimit=10MB",
            "--concurrency=3",
            "--part-size=16MiB",
            "--verify",
            "--no-flush",
            "--storage-class=STANDARD_IA",
            "--encryption=aws:kms",
            "--kms-key-id=k",
            "--content-type=text/plain; charset=utf-8",
        ];
        let wanted = JobOptions {
            selection: Selection { include: vec!["*.jpg".into()], exclude: vec!["tmp/".into()] },
            attributes: Attributes {
                class: Some(StorageClass::new("STANDARD_IA")),
                encryption: Some(Encryption { kind: "aws:kms".into(), key: Some("k".into()) }),
                content_type: Some("text/plain; charset=utf-8".into()),
                ..Attributes::default()
            },
            part_size: Some(16 << 20),
            at_once: Some(3),
            rate: Some(10_000_000),
            verify: Verify::Always,
            no_flush: true,
            ..JobOptions::default()
        };
        assert_eq!(options(&flags).unwrap(), wanted);
        assert_eq!(options(&[]).unwrap(), JobOptions::default());
        assert!(Transferring::default().options(false).unwrap().no_flush);
    }

    #[test]
    fn a_key_alone_means_kms_and_contradicts_aes() {
        let alone = options(&["--kms-key-id=k"]).unwrap().attributes.encryption.unwrap();
        assert_eq!((&*alone.kind, alone.key.as_deref()), ("aws:kms", Some("k")));
        assert!(options(&["--kms-key-id=k", "--encryption=AES256"]).unwrap_err().contains("AES256"));
    }

    #[test]
    fn bad_values_are_refused() {
        for flag in [
            "--bwlimit=0",
            "--bwlimit=fast",
            "--concurrency=0",
            "--concurrency=1025",
            "--part-size=6GiB",
            "--part-size=-1",
            "--storage-class=ia",
            "--storage-class=A B",
            "--encryption=rot13",
            "--content-type=text",
            "--content-type=a/b\nX: y",
            "--include=[",
            "--exclude=",
        ] {
            assert!(options(&[flag]).is_err(), "{flag}");
        }
    }
}
