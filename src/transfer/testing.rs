//! What the tests of this floor share.

use crate::vfs::Caps;

/// The capabilities of a local disk.
pub fn disk() -> Caps {
    Caps {
        write: true,
        real_dirs: true,
        symlinks: true,
        utf8_names: false,
        atomic_rename: true,
        file_beside_dir: false,
        case_blind: false,
        conditional_write: true,
        conditional_remove: true,
        remove_batch: 100,
        metered: false,
        conditional_put: true,
        copy_at_once: u64::MAX,
        max_size: u64::MAX,
        max_name: 255,
    }
}

/// The capabilities of an S3 service.
pub fn service() -> Caps {
    Caps {
        real_dirs: false,
        symlinks: false,
        utf8_names: true,
        atomic_rename: false,
        file_beside_dir: true,
        remove_batch: 1000,
        metered: true,
        max_name: 1024,
        ..disk()
    }
}
