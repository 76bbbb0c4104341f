//! The program itself, run as people run it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign");

/// A folder that others may pass through (PostgreSQL runs as another user where the tests run as root); removed with
/// the value.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        let folder = tempfile::Builder::new().prefix("countersign-test-").tempdir().expect("a folder");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("the folder is ours");
        Folder(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

/// Standard output of a run that must end well.
pub fn success(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A program that serves until it is stopped.
pub struct Serving {
    pub child: Child,
}

impl Serving {
    /// Starts the program, its output in `log`.
    pub fn start(arguments: &[&str], log: &Path) -> Serving {
        let log = std::fs::File::create(log).expect("a log file");
        let child = Command::new(PROGRAM)
            .args(arguments)
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Serving { child }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self, signal: &str) {
        self.signal(signal);
        let ended = wait_for("the program ends", || self.child.try_wait().expect("it can be waited for"));
        assert!(ended.success(), "ended with {ended}");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer, for a minute.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A demonstration that runs.
pub struct Demo {
    pub folder: Folder,
    pub about: Value,
    pub serving: Serving,
}

impl Demo {
    /// Starts a demonstration in a new folder, or says that PostgreSQL cannot be had.
    pub fn start() -> Option<Demo> {
        super::postgres::cluster()?;
        let folder = Folder::new();
        let (about, serving) = start_demo(&folder);
        Some(Demo { folder, about, serving })
    }

    pub fn text(&self, name: &str) -> String {
        self.about[name].as_str().expect("a text").to_owned()
    }

    /// What the ledger answers to a reader of everything, as text.
    pub fn get_text(&self, path: &str) -> String {
        let bearer = format!("Bearer {}", self.text("token"));
        let mut answer =
            ureq::get(format!("{}{path}", self.text("url"))).header("authorization", bearer).call().expect("an answer");
        answer.body_mut().read_to_string().expect("text")
    }

    /// The same as JSON.
    pub fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.get_text(path)).expect("JSON")
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.get("/v1/log")["checkpoint"]["size"].as_u64().expect("a size")
    }

    /// The index of the first declaration of A1.
    pub fn declaration(&self) -> u64 {
        let list = self.get("/v1/declarations?site=A1");
        list["data"]
            .as_array()
            .and_then(|data| data.last())
            .and_then(|first| first["index"].as_u64())
            .expect("an index")
    }
}

/// Starts a demonstration in a folder and waits until it says that it is ready.
pub fn start_demo(folder: &Folder) -> (Value, Serving) {
    let ready = folder.path("demo/demo.json");
    let before = std::fs::metadata(&ready).and_then(|file| file.modified()).ok();
    let data_dir = folder.path("demo");
    let data_dir = data_dir.to_str().expect("UTF-8");
    let mut serving =
        Serving::start(&["demo", "--data-dir", data_dir, "--listen", "127.0.0.1:0"], &folder.path("demo.log"));
    let about = wait_for("the demonstration is ready", || {
        let log = || std::fs::read_to_string(folder.path("demo.log")).unwrap_or_default();
        if let Some(status) = serving.child.try_wait().expect("it can be waited for") {
            panic!("the demonstration ended with {status}: {}", log());
        }
        let written = std::fs::metadata(&ready).and_then(|file| file.modified()).ok()?;
        if Some(written) == before {
            return None;
        }
        serde_json::from_str(&std::fs::read_to_string(&ready).ok()?).ok()
    });
    (about, serving)
}
