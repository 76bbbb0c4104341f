//! A database for each test.
//!
//! One volatile cluster runs for a whole test run, in memory where there is room. Every process of the run finds it by
//! its parent (cargo, nextest): whichever is first makes and starts it, and leaves a small shell behind that stops and
//! removes it when the parent is gone, also after a kill. A template database is migrated once; each test gets a copy.
//!
//! A test that cannot have PostgreSQL says `skipped` and passes, unless `COUNTERSIGN_REQUIRE` names `postgres`.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign::store::Address;
use countersign::store::cluster::{Cluster, ClusterOptions, ClusterRole};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

const TEMPLATE: &str = "template_ledger";

/// A database of a test's own; dropped with the value, unless the test fails.
pub struct TestDatabase {
    name: String,
    cluster: &'static Cluster,
}

/// A new, migrated database; `None` (and a line that says so) where PostgreSQL cannot be had.
pub async fn database() -> Option<TestDatabase> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let cluster = cluster()?;
    let name = format!("t_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut admin = cluster.options(ClusterRole::Superuser, "postgres").connect().await.expect("the cluster answers");
    let make = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy");
    sqlx::query(AssertSqlSafe(make)).execute(&mut admin).await.expect("a copy of the template");
    Some(TestDatabase { name, cluster })
}

impl TestDatabase {
    /// How to reach the database in a role.
    pub fn options(&self, role: ClusterRole) -> Address {
        self.cluster.options(role, &self.name)
    }

    /// A connection in a role.
    pub async fn connect(&self, role: ClusterRole) -> PgConnection {
        self.options(role).connect().await.expect("the cluster answers")
    }

    /// Runs statements as the superuser.
    pub async fn sabotage(&self, sql: &str) {
        let mut admin = self.connect(ClusterRole::Superuser).await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await.expect("a superuser may do anything");
        admin.close().await.expect("closed");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // the shell removes it with the cluster
        }
        let options = self.cluster.options(ClusterRole::Superuser, "postgres");
        let name = self.name.clone();
        block_on(async move {
            let mut admin = options.connect().await?;
            sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut admin).await
        })
        .expect("the database can be dropped");
    }
}

/// Runs a future to its end on a thread of its own, where there may be a runtime already.
pub fn block_on<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    let run = || tokio::runtime::Runtime::new().expect("a runtime").block_on(future);
    std::thread::spawn(run).join().expect("no panic")
}

/// Whether the environment says that what a test needs must be there.
pub fn is_required(what: &str) -> bool {
    std::env::var("COUNTERSIGN_REQUIRE").is_ok_and(|list| list.split(',').any(|word| word.trim() == what))
}

/// The cluster of this run.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| match start() {
        Ok(cluster) => Some(cluster),
        Err(why) if is_required("postgres") => panic!("PostgreSQL is required: {why}"),
        Err(why) => {
            println!("skipped: PostgreSQL cannot be had: {why}");
            None
        }
    });
    if cluster.is_none() {
        println!("skipped: this test needs PostgreSQL");
    }
    cluster.as_ref()
}

fn start() -> Result<Cluster, String> {
    let parent = std::os::unix::process::parent_id();
    let base = base(parent);
    let options = ClusterOptions { download: true, volatile: true };
    let cluster = Cluster::start(&base, options, &mut |said| println!("{said}")).map_err(|error| {
        let _ = std::fs::remove_dir_all(&base); // no shell will
        error.to_string()
    })?;
    if cluster.is_ours() {
        reap(parent, cluster.pid(), &base).map_err(|error| error.to_string())?;
    }
    let cluster = block_on(async move { cluster.ensure_database(TEMPLATE).await.map(|()| cluster) });
    cluster.map_err(|error| error.to_string())
}

/// One directory for each run: in memory if there is room for it.
fn base(parent: u32) -> PathBuf {
    let started = std::fs::read_to_string(format!("/proc/{parent}/stat")).unwrap_or_default();
    // The fields after the name of the program, which may hold spaces; the 20th of them is the time of the start.
    let started = started.rsplit(')').next().and_then(|rest| rest.split(' ').nth(20)).unwrap_or("0").to_owned();
    let user = rustix::process::geteuid().as_raw();
    roomy().join(format!("countersign-test-{user}-{parent}-{started}"))
}

/// A folder for temporary files: in memory if there is room for it.
pub fn roomy() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).is_ok_and(|found| found.f_bavail * found.f_frsize >= 512 << 20);
    if room { memory.to_owned() } else { std::env::temp_dir() }
}

/// Leaves a shell behind that waits for the end of the run.
fn reap(parent: u32, server: u32, base: &Path) -> std::io::Result<()> {
    let script = "while kill -0 $1 2>/dev/null; do sleep 0.5; done; kill -QUIT $2; \
                  while kill -0 $2 2>/dev/null; do sleep 0.1; done; rm -rf \"$3\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "countersign-reaper", &parent.to_string(), &server.to_string()]).arg(base);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    shell.spawn().map(drop)
}
