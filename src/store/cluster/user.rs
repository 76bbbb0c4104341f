//! The operating system's user as whom the private cluster runs.
//!
//! PostgreSQL refuses to run as root. So an ordinary user runs it as itself, and root runs it as whoever owns the data
//! already, else as `postgres`, else as `nobody`.
//!
//! Invariants: files that PostgreSQL must read belong to that user and to nobody else's group.
//!
//! Deliberately absent: making users.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::ClusterError;

/// Who runs the cluster, and who connects to it.
#[derive(Clone, Debug)]
pub(super) struct User {
    /// The name of the cluster's user.
    pub(super) name: String,
    /// The name of this process's user; the same unless this is root.
    pub(super) me: String,
    /// The ids to change to, when this is root.
    ids: Option<(u32, u32)>,
}

impl User {
    /// Finds the user for the data in `data`, which may not exist yet.
    pub(super) fn find(data: &Path) -> Result<User, ClusterError> {
        let me = rustix::process::geteuid().as_raw();
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        if me != 0 {
            let listed = entry(&passwd, |_, uid| uid == me).map(|(name, ..)| name);
            // On macOS, and where users come from a directory, /etc/passwd does not have them all.
            let name = listed.or_else(own_name).ok_or_else(|| {
                ClusterError::User(format!(
                    "the user id {me} has no name, and PostgreSQL does not run without one: \
                     add a line to /etc/passwd, or run as another user, or give --database-url"
                ))
            })?;
            return Ok(User { me: name.clone(), name, ids: None });
        }
        let owner = fs::metadata(data).ok().map(|data| data.uid()).filter(|&uid| uid != 0);
        let found = owner
            .and_then(|owner| entry(&passwd, |_, uid| uid == owner))
            .or_else(|| entry(&passwd, |name, _| name == "postgres"))
            .or_else(|| entry(&passwd, |name, _| name == "nobody"));
        let Some((name, uid, gid)) = found else {
            return Err(ClusterError::User(
                "PostgreSQL does not run as root, and there is neither a user postgres nor nobody: make one, \
                 or run as an ordinary user, or give --database-url"
                    .into(),
            ));
        };
        Ok(User { name, me: "root".into(), ids: Some((uid, gid)) })
    }

    /// A command that runs as this user, with nothing of our environment.
    pub(super) fn command(&self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(program);
        command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").stdin(Stdio::null());
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid); // as root, std drops the supplementary groups with it
        }
        command
    }

    /// Gives a path to this user, with these permissions.
    pub(super) fn give(&self, path: &Path, mode: u32) -> Result<(), ClusterError> {
        fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(ClusterError::io("set the permissions of", path))?;
        match self.ids {
            Some((uid, gid)) => {
                chown(path, Some(uid), Some(gid)).map_err(ClusterError::io("change the owner of", path))
            }
            None => Ok(()),
        }
    }

    /// Replaces a file of this user's in one step.
    pub(super) fn write(&self, path: &Path, text: &str) -> Result<(), ClusterError> {
        let new = path.with_extension("new");
        fs::write(&new, text).map_err(ClusterError::io("write", &new))?;
        self.give(&new, 0o600)?;
        fs::rename(&new, path).map_err(ClusterError::io("replace", path))
    }

    /// Whether this user owns a directory that is closed to everybody else.
    pub(super) fn owns_alone(&self, directory: &Path) -> bool {
        let mine = self.ids.map_or_else(|| rustix::process::geteuid().as_raw(), |(uid, _)| uid);
        fs::symlink_metadata(directory)
            .is_ok_and(|found| found.is_dir() && found.uid() == mine && found.mode() & 0o077 == 0)
    }

    /// Every directory above `base`, and `base` itself, lets this user through.
    pub(super) fn can_reach(&self, base: &Path) -> Result<(), ClusterError> {
        let Some((uid, _)) = self.ids else { return Ok(()) };
        for directory in base.ancestors() {
            let found = fs::metadata(directory).map_err(ClusterError::io("look at", directory))?;
            let open = found.mode() & 0o001 != 0 || (found.uid() == uid && found.mode() & 0o100 != 0);
            if !open {
                return Err(ClusterError::Unreachable {
                    user: self.name.clone(),
                    base: base.to_owned(),
                    closed: directory.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// The first line of a passwd file that fits: name, user id, group id.
fn entry(passwd: &str, fits: impl Fn(&str, u32) -> bool) -> Option<(String, u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
        fits(name, uid).then(|| (name.to_owned(), uid, gid))
    })
}

fn own_name() -> Option<String> {
    let output =
        Command::new("id").arg("-un").stdin(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    // Without a name, `id` prints the number.
    (!name.is_empty() && !name.bytes().all(|b| b.is_ascii_digit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn a_passwd_file_names_users() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\npostgres:x:105:110::/var/lib/postgresql:/bin/bash\n";
        assert_eq!(entry(passwd, |name, _| name == "postgres"), Some(("postgres".into(), 105, 110)));
        assert_eq!(entry(passwd, |_, uid| uid == 7), None);
    }
}
