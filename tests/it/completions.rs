//! Completions for shells.

use std::process::{Command, Stdio};

use super::support::program::{run, success};

#[test]
fn every_shell_completes_every_subcommand() {
    for shell in ["bash", "zsh", "fish"] {
        let script = success(&["completions", shell]);
        for word in ["keygen", "submit", "serve", "verify", "audit", "token", "completions", "create-log"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &script).expect("written");
        let checked = Command::new(shell).arg("-n").arg(file.path()).stderr(Stdio::piped()).output();
        match checked {
            Ok(output) => assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr)),
            Err(_) => println!("skipped: {shell} is not there to read its completions"),
        }
    }
    assert_eq!(run(&["completions", "cobol"]).status.code(), Some(2));
}
