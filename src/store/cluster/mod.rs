//! The private cluster: PostgreSQL in a data directory, with nothing to set up.
//!
//! Where no database is given, [`Cluster::start`] finds PostgreSQL's programs (or fetches them), makes a cluster in the
//! data directory, and runs it there. It listens on a Unix socket alone, on no network; whoever may connect is decided
//! by the operating system's user (peer authentication), so there is no password anywhere. It works as root and as an
//! ordinary user, and it outlives us: if this program is killed, the server goes on, and the next start takes it over;
//! if the server is killed, the next start recovers everything that was committed.
//!
//! The data directory holds `lock`, `data`, `run`, `postgres.log`, and `postgresql` where programs were fetched.
//!
//! Invariants:
//! - One process at a time makes or starts a cluster in a directory (a file lock). The cluster is made under another
//!   name and then renamed, so a kill half way leaves nothing that is taken for whole.
//! - The settings that durability rests on are given on the command line, above any file.
//! - Who may connect is written anew at every start: a cluster made by one user can be opened by root later.
//!
//! Deliberately absent: replication, backups and upgrades. A ledger that needs those is given a database.

mod binaries;
mod error;
mod fetch;
mod postmaster;
mod user;

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

pub use error::ClusterError;

use super::StoreError;
use super::migrate::{OWNER, READER, RUNTIME, migrate};
use crate::hash::Hash;
use binaries::{Binaries, version_of_data};
use postmaster::Started;
use user::User;

/// The superuser of a private cluster.
const ADMIN: &str = "countersign_admin";
/// The longest path of a socket, with some room: macOS has 104 bytes, Linux 108.
const LONGEST_SOCKET: usize = 100;
/// The name of the socket in its directory; the number is a name here, no port is opened.
const SOCKET: &str = ".s.PGSQL.5432";

/// How to run a private cluster.
#[derive(Clone, Copy, Debug)]
pub struct ClusterOptions {
    /// Whether PostgreSQL's programs may be fetched where the machine has none.
    pub download: bool,
    /// Whether everything may be lost in a crash: for tests alone.
    pub volatile: bool,
}

/// As whom to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterRole {
    /// The cluster's superuser.
    Superuser,
    /// The owner of the schema.
    Owner,
    /// What `serve` runs as.
    Runtime,
    /// Reads the log.
    Reader,
}

impl ClusterRole {
    /// The database role.
    pub const fn name(self) -> &'static str {
        match self {
            ClusterRole::Superuser => ADMIN,
            ClusterRole::Owner => OWNER,
            ClusterRole::Runtime => RUNTIME,
            ClusterRole::Reader => READER,
        }
    }
}

/// A private cluster that runs.
#[derive(Debug)]
pub struct Cluster {
    base: PathBuf,
    socket: PathBuf,
    pid: u32,
    started: Option<Started>,
}

impl Cluster {
    /// Makes the cluster in `base` if there is none, and starts it if it does not run. Says what takes long.
    pub fn start(
        base: &Path,
        options: ClusterOptions,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Cluster, ClusterError> {
        let base = make_base(base)?;
        let _lock = lock(&base)?;
        let data = base.join("data");
        let user = User::find(&data)?;
        user.can_reach(&base)?;
        let socket = socket_directory(&base, &user)?;
        if let Some((pid, _)) = postmaster::live(&data) {
            write_access(&data, &user)?;
            postmaster::signal(pid, Some(Signal::HUP)); // it reads them again
            if postmaster::wait_until_ready(&data, pid) {
                return Ok(Cluster { base, socket, pid, started: None });
            }
        }
        let binaries = Binaries::find(&base, version_of_data(&data), options.download, progress)?;
        if version_of_data(&data).is_none() {
            progress(&format!("making a PostgreSQL cluster in {}", data.display()));
            init(&base, &binaries, &user, options.volatile)?;
        }
        write_access(&data, &user)?;
        let arguments = arguments(&socket, options.volatile);
        let started = postmaster::start(&user, &binaries.postgres(), &data, &arguments, &base.join("postgres.log"))?;
        Ok(Cluster { base, socket, pid: started.pid(), started: Some(started) })
    }

    /// How to reach a database of the cluster in a role.
    pub fn options(&self, role: ClusterRole, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket)
            .port(5432)
            .username(role.name())
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// Makes a database if it is not there, and brings its schema up to date.
    pub async fn ensure_database(&self, name: &str) -> Result<(), ClusterError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || name.len() > 60 || !name.bytes().all(plain) {
            return Err(ClusterError::DatabaseName(name.to_owned()));
        }
        let base = self.base.clone();
        // Waiting for a file lock blocks: not on a thread that others need.
        let lock = tokio::task::spawn_blocking(move || lock(&base)).await;
        let _lock = lock.map_err(|_| ClusterError::User("the program is ending".into()))??;
        let mut admin = self.options(ClusterRole::Superuser, "postgres").connect().await.map_err(StoreError::from)?;
        let found = sqlx::query("SELECT FROM pg_catalog.pg_database WHERE datname = $1").bind(name);
        if found.fetch_optional(&mut admin).await.map_err(StoreError::from)?.is_none() {
            let make = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
            sqlx::query(make).execute(&mut admin).await.map_err(StoreError::from)?;
        }
        let _ = admin.close().await;
        Ok(migrate(&self.options(ClusterRole::Superuser, name)).await?)
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether this process started the server, and will stop it.
    pub fn is_ours(&self) -> bool {
        self.started.is_some()
    }

    /// Stops the server if this process started it. One that was found running goes on.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        self.started.take().map_or(Ok(()), Started::stop)
    }

    /// Stops the server, whoever started it.
    pub fn stop_even_if_found(mut self) -> Result<(), ClusterError> {
        match self.started.take() {
            Some(started) => started.stop(),
            None => postmaster::stop_found(&self.base.join("data"), self.pid),
        }
    }

    /// Leaves the server running when this value goes.
    pub fn leave(mut self) {
        self.started = None;
    }
}

/// A panic must not leave a server behind that somebody believes stopped.
impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(started) = self.started.take() {
            let _ = started.stop();
        }
    }
}

/// The base directory, made if need be; the cluster's user may pass through, and see nothing.
fn make_base(base: &Path) -> Result<PathBuf, ClusterError> {
    if !base.exists() {
        fs::create_dir_all(base).map_err(ClusterError::io("make", base))?;
        fs::set_permissions(base, Permissions::from_mode(0o711)).map_err(ClusterError::io("open", base))?;
    }
    let found = fs::metadata(base).map_err(ClusterError::io("look at", base))?;
    if rustix::process::geteuid().is_root() && found.permissions().mode() & 0o001 == 0 {
        let mode = found.permissions().mode() & 0o777 | 0o011;
        fs::set_permissions(base, Permissions::from_mode(mode)).map_err(ClusterError::io("open", base))?;
    }
    fs::canonicalize(base).map_err(ClusterError::io("find", base))
}

/// The lock under which clusters are made, started and migrated; given back when the file is dropped.
fn lock(base: &Path) -> Result<File, ClusterError> {
    let path = base.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(ClusterError::io("open", &path))?;
    file.lock().map_err(ClusterError::io("lock", &path))?;
    Ok(file)
}

/// Where the socket lies: in `run`, or in /tmp where that path is too long for a socket.
fn socket_directory(base: &Path, user: &User) -> Result<PathBuf, ClusterError> {
    let run = base.join("run");
    if run.join(SOCKET).as_os_str().len() <= LONGEST_SOCKET {
        fs::create_dir_all(&run).map_err(ClusterError::io("make", &run))?;
        user.give(&run, 0o700)?;
        return Ok(run);
    }
    let name = Hash::of(base.as_os_str().as_encoded_bytes()).to_hex();
    let run = PathBuf::from(format!("/tmp/countersign-{}", &name[..16]));
    match fs::create_dir(&run) {
        Ok(()) => user.give(&run, 0o700)?,
        // Anybody may have made it: it is used only if the cluster's user owns it alone.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && user.owns_alone(&run) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(ClusterError::SocketDirectory(run));
        }
        Err(error) => return Err(ClusterError::io("make", &run)(error)),
    }
    Ok(run)
}

/// Makes the cluster under another name, then gives it its own.
fn init(base: &Path, binaries: &Binaries, user: &User, volatile: bool) -> Result<(), ClusterError> {
    let (new, data) = (base.join("data.new"), base.join("data"));
    if new.exists() {
        fs::remove_dir_all(&new).map_err(ClusterError::io("remove", &new))?;
    }
    fs::create_dir(&new).map_err(ClusterError::io("make", &new))?;
    user.give(&new, 0o700)?;
    let mut initdb = user.command(&binaries.initdb());
    initdb.arg("-D").arg(&new).args(["-U", ADMIN, "-E", "UTF8", "--locale=C"]);
    initdb.args(["--auth-local=peer", "--auth-host=reject", "--data-checksums"]);
    if volatile {
        initdb.arg("--no-sync");
    }
    let output = initdb.output().map_err(ClusterError::io("run", &binaries.initdb()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ");
        let _ = fs::remove_dir_all(&new);
        return Err(ClusterError::Init(said));
    }
    fs::rename(&new, &data).map_err(ClusterError::io("rename", &new))?;
    let base_directory = File::open(base).map_err(ClusterError::io("open", base))?;
    base_directory.sync_all().map_err(ClusterError::io("flush", base))
}

/// Who may connect: over the socket alone, this process's user and the cluster's own, in any of the four roles.
fn write_access(data: &Path, user: &User) -> Result<(), ClusterError> {
    let mut map = String::from("# Written anew at every start.\n");
    for system in [&user.me, &user.name] {
        for role in [ADMIN, OWNER, RUNTIME, READER] {
            map.push_str(&format!("countersign \"{system}\" {role}\n"));
        }
    }
    user.write(&data.join("pg_ident.conf"), &map)?;
    user.write(&data.join("pg_hba.conf"), "# Written anew at every start.\nlocal all all peer map=countersign\n")
}

/// The settings, above those of any file.
fn arguments(socket: &Path, volatile: bool) -> Vec<String> {
    let durable = [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("wal_level", "replica"),
        ("max_wal_size", "4GB"),
        ("checkpoint_timeout", "15min"),
        ("shared_buffers", "256MB"),
        ("max_connections", "100"),
    ];
    let lossy = [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        ("autovacuum", "off"),
        ("shared_buffers", "128MB"),
        ("max_connections", "300"),
    ];
    let settings: &[(&str, &str)] = if volatile { &lossy } else { &durable };
    let mut arguments = vec!["-k".to_owned(), socket.display().to_string()];
    let common = [("listen_addresses", ""), ("port", "5432"), ("timezone", "UTC"), ("log_timezone", "UTC")];
    for (name, value) in common.iter().chain(settings) {
        arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
    }
    arguments
}
