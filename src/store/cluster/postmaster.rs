//! One PostgreSQL server process: finding it alive, starting it, stopping it.
//!
//! It is started directly and in its own process group, so that Ctrl-C in a terminal reaches us and not it. That it is
//! ready stands in line 8 of `postmaster.pid`; no client program is needed.
//!
//! Invariants: a server that is alive on the data directory is never doubled; one that we did not start is never
//! stopped.
//!
//! Deliberately absent: a death signal from the kernel, which fires when the thread that started the process ends.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::error::ClusterError;
use super::user::User;

/// How long a server that keeps exiting is started anew, and how long one may take to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server may take to become ready: recovery after a crash reads everything since the last checkpoint.
const RECOVERY: Duration = Duration::from_secs(900);

/// A server that this process started.
#[derive(Debug)]
pub(super) struct Started {
    pid: u32,
    reaper: JoinHandle<()>,
}

/// The live server of a data directory: its process, and whether it is ready.
pub(super) fn live(data: &Path) -> Option<(u32, bool)> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid: u32 = lines.next()?.trim().parse().ok()?;
    is_server_of(pid, data).then(|| (pid, lines.nth(6).is_some_and(|status| status.trim() == "ready")))
}

/// Whether the process is a server on this data directory. Process ids are used again after a restart of the machine.
fn is_server_of(pid: u32, data: &Path) -> bool {
    if Path::new("/proc/self/cmdline").exists() {
        // Empty for a process that is dead and not reaped yet.
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        return command.split(|&b| b == 0).any(|word| word == data.as_os_str().as_encoded_bytes());
    }
    signal(pid, None)
}

/// Sends a signal, or only asks whether the process is there.
pub(super) fn signal(pid: u32, signal: Option<Signal>) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    match signal {
        Some(signal) => kill_process(pid, signal).is_ok(),
        None => rustix::process::test_kill_process(pid).is_ok(),
    }
}

/// Waits until a live server is ready; `false` if it ends before.
pub(super) fn wait_until_ready(data: &Path, pid: u32) -> bool {
    let deadline = Instant::now() + RECOVERY;
    loop {
        match live(data) {
            Some((_, true)) => return true,
            Some((other, false)) if other == pid && Instant::now() < deadline => sleep(Duration::from_millis(3)),
            _ => return false,
        }
    }
}

/// Starts a server and waits until it is ready. What a killed server left running is waited for.
pub(super) fn start(
    user: &User,
    postgres: &Path,
    data: &Path,
    arguments: &[String],
    log: &Path,
) -> Result<Started, ClusterError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = open_log(log)?;
        let before = output.metadata().map_or(0, |found| found.len());
        let twin = output.try_clone().map_err(ClusterError::io("open", log))?;
        let mut command = user.command(postgres);
        command.arg("-D").arg(data).args(arguments).stdout(output).stderr(twin).process_group(0);
        let mut child = command.spawn().map_err(ClusterError::io("run", postgres))?;
        let pid = child.id();
        let ready_by = Instant::now() + RECOVERY;
        loop {
            if live(data) == Some((pid, true)) {
                // Somebody must wait for the process, or it stays as a zombie that PostgreSQL takes for alive.
                let reaper = std::thread::spawn(move || drop(child.wait()));
                return Ok(Started { pid, reaper });
            }
            if child.try_wait().map_err(ClusterError::io("wait for", postgres))?.is_some() || Instant::now() > ready_by
            {
                break;
            }
            sleep(Duration::from_millis(3));
        }
        let said = tail(log, before);
        // After a kill -9, old backends hold the shared memory for a moment, and a zombie its process id.
        let may_pass = said.contains("lock file") || said.contains("shared memory") || said.contains("in use");
        if !may_pass || Instant::now() > deadline {
            signal(pid, Some(Signal::INT));
            let _ = child.wait();
            return Err(ClusterError::Start { log: log.to_owned(), tail: said });
        }
        sleep(Duration::from_millis(50));
    }
}

/// Stops a server that somebody else started.
pub(super) fn stop_found(data: &Path, pid: u32) -> Result<(), ClusterError> {
    let deadline = Instant::now() + PATIENCE;
    signal(pid, Some(Signal::INT));
    while live(data).is_some_and(|(running, _)| running == pid) {
        if Instant::now() > deadline {
            return Err(ClusterError::Stop(pid));
        }
        sleep(Duration::from_millis(3));
    }
    Ok(())
}

fn open_log(log: &Path) -> Result<File, ClusterError> {
    OpenOptions::new().create(true).append(true).open(log).map_err(ClusterError::io("open", log))
}

/// The last lines that were written to a log after `from`.
fn tail(log: &Path, from: u64) -> String {
    let text = fs::read(log).unwrap_or_default();
    let new = text.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
    let new = String::from_utf8_lossy(new);
    let lines: Vec<&str> = new.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(6)..].join(" | ")
}

impl Started {
    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends every session and stops the server, with a checkpoint so that the next start recovers nothing.
    pub(super) fn stop(self) -> Result<(), ClusterError> {
        let deadline = Instant::now() + PATIENCE;
        // While the reaper waits, the process id cannot belong to anybody else.
        if !self.reaper.is_finished() {
            signal(self.pid, Some(Signal::INT));
        }
        while !self.reaper.is_finished() {
            if Instant::now() > deadline {
                return Err(ClusterError::Stop(self.pid));
            }
            sleep(Duration::from_millis(3));
        }
        let _ = self.reaper.join();
        Ok(())
    }
}
