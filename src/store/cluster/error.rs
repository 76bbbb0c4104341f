//! What keeps a private cluster from running, and what to do about it.

use std::path::PathBuf;

use super::super::StoreError;

/// Why the private cluster does not run.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Mend the permissions or free the disk.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Install the package that is named.
    #[error("no PostgreSQL {wanted} was found on this machine{why}: {advice}, or give --database-url")]
    NoPostgres {
        /// Which version.
        wanted: String,
        /// Why none could be fetched, if that was tried.
        why: String,
        /// How to install it here.
        advice: &'static str,
    },
    /// Mend or unset the variable.
    #[error("COUNTERSIGN_PG_BIN is {path}, where {what}: name a folder with initdb and postgres, or unset it")]
    Override {
        /// What the variable says.
        path: PathBuf,
        /// What is wrong there.
        what: String,
    },
    /// Run as a user with a name.
    #[error("{0}")]
    User(String),
    /// Choose another data directory.
    #[error(
        "the user {user}, as whom PostgreSQL runs, cannot reach {base}: {closed} is closed to others; \
         choose a --data-dir elsewhere, for example under /var/lib"
    )]
    Unreachable {
        /// The user.
        user: String,
        /// The base directory.
        base: PathBuf,
        /// The directory that stops it.
        closed: PathBuf,
    },
    /// Look at who made the directory.
    #[error("{0} was made by somebody else or is open to others: remove it, or choose a shorter --data-dir")]
    SocketDirectory(PathBuf),
    /// Read what initdb says.
    #[error("initdb failed, and nothing was kept of it: {0}")]
    Init(String),
    /// Read the end of the log.
    #[error("PostgreSQL did not start; its log {log} ends with: {tail}")]
    Start {
        /// The log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// Look at the process.
    #[error("PostgreSQL (process {0}) did not stop within 60 s; end it with SIGQUIT")]
    Stop(u32),
    /// Choose lower-case letters, digits and underscores.
    #[error("`{0}` cannot be the name of a database: use lower-case letters, digits and underscores")]
    DatabaseName(String),
    /// The database itself.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ClusterError {
    /// Names what was attempted when the system refused.
    pub(super) fn io(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> ClusterError {
        let path = path.to_owned();
        move |source| ClusterError::Io { what, path, source }
    }
}
