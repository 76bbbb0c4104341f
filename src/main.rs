//! The `countersign` program: arguments, then one subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::main()
}
