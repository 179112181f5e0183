//! Who owns a job: a lock file of each program, freed by the kernel when the program dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::config::{private_dir, private_file};

/// A program as a job's row names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnerId {
    /// The machine's name.
    pub host: String,
    /// What tells one start of the machine from another.
    pub boot: String,
    /// The name of its lock file.
    pub lock: String,
    /// Its process.
    pub pid: u32,
}

/// What can be known of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// This program itself.
    This,
    /// It lives.
    Alive,
    /// It is gone.
    Dead,
    /// It ran on another machine.
    Elsewhere,
}

/// This program as an owner. The lock file is made with the first job.
#[derive(Debug)]
pub(super) struct Owner {
    dir: PathBuf,
    host: String,
    boot: String,
    held: Mutex<Option<(Arc<OwnerId>, File)>>,
}

impl Owner {
    pub(super) fn new(state_dir: &Path) -> Self {
        Self { dir: state_dir.join("owners"), host: host(), boot: boot(), held: Mutex::default() }
    }

    /// This program's name in the journal, with the lock held.
    pub(super) fn hold(&self) -> io::Result<Arc<OwnerId>> {
        let mut held = self.held.lock();
        if let Some((id, _)) = &*held {
            return Ok(id.clone());
        }
        private_dir(&self.dir)?;
        self.sweep();
        let pid = std::process::id();
        let (lock, file) = self.locked(pid)?;
        let id = Arc::new(OwnerId { host: self.host.clone(), boot: self.boot.clone(), lock, pid });
        *held = Some((id.clone(), file));
        Ok(id)
    }

    /// A new lock file, held. Another program may sweep it away before it is locked: then another one.
    fn locked(&self, pid: u32) -> io::Result<(String, File)> {
        loop {
            let name = format!("{pid}-{:08x}", fastrand::u32(..));
            let path = self.dir.join(&name);
            let file = private_file(&path, OpenOptions::new().write(true).truncate(false))?;
            let same = |meta: std::fs::Metadata| file.metadata().is_ok_and(|own| own.ino() == meta.ino());
            match file.try_lock() {
                Ok(()) if path.metadata().is_ok_and(same) => return Ok((name, file)),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Removes the lock files of programs that are gone.
    fn sweep(&self) {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let Ok(file) = File::open(entry.path()) else { continue };
            if file.try_lock().is_ok() {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Whether the owner of a job lives.
    ///
    /// Under one kernel the lock tells it, whatever the machines are called: containers have names of their
    /// own. Another start of a machine of this name has ended everything from before.
    pub(super) fn life(&self, owner: &OwnerId) -> Life {
        let this = self.held.lock().as_ref().is_some_and(|(id, _)| id.lock == owner.lock);
        match () {
            () if this => Life::This,
            () if owner.boot == self.boot => self.lock_of(&owner.lock),
            () if owner.host == self.host => Life::Dead,
            () => Life::Elsewhere,
        }
    }

    /// A shared lock is free exactly when nobody holds the exclusive one; several may ask at once.
    fn lock_of(&self, name: &str) -> Life {
        let Ok(file) = File::open(self.dir.join(name)) else { return Life::Dead };
        match file.try_lock_shared() {
            Ok(()) => Life::Dead,
            Err(_) => Life::Alive,
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some((id, _)) = self.held.get_mut() {
            let _ = std::fs::remove_file(self.dir.join(&id.lock));
        }
    }
}

fn first_line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|line| !line.is_empty())
}

/// The machine's name.
fn host() -> String {
    let asked = || {
        let output = std::process::Command::new("uname").arg("-n").output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    first_line("/proc/sys/kernel/hostname").or_else(asked).unwrap_or_default()
}

/// What tells this start of the machine from others; where it isn't known the locks alone decide.
fn boot() -> String {
    first_line("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_lives_as_long_as_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (Owner::new(dir.path()), Owner::new(dir.path()));
        let id = one.hold().unwrap();
        assert_eq!((one.life(&id), other.life(&id)), (Life::This, Life::Alive));
        other.hold().unwrap();
        assert_eq!(other.life(&id), Life::Alive);
        drop(one);
        assert_eq!(other.life(&id), Life::Dead);
    }

    #[test]
    fn what_the_dead_left_is_swept_and_the_living_stay() {
        let dir = tempfile::tempdir().unwrap();
        let one = Owner::new(dir.path());
        let id = one.hold().unwrap();
        std::fs::write(dir.path().join("owners/1-dead"), "").unwrap();
        Owner::new(dir.path()).hold().unwrap();
        assert!(dir.path().join("owners").join(&id.lock).exists());
        assert!(!dir.path().join("owners/1-dead").exists());
    }

    #[test]
    fn another_start_of_this_machine_is_dead_and_another_machine_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let owner = Owner::new(dir.path());
        let id = |host: &str, boot: &str| OwnerId {
            host: host.to_owned(),
            boot: boot.to_owned(),
            lock: "1-a".to_owned(),
            pid: 1,
        };
        assert_eq!(owner.life(&id(&owner.host, "before")), Life::Dead);
        assert_eq!(owner.life(&id("another", "before")), Life::Elsewhere);
        assert_eq!(owner.life(&id("a container", &owner.boot)), Life::Dead);
    }
}
