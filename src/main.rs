//! The `countersign` program: arguments, then one subcommand.

use std::process::ExitCode;

/// Records are read on one thread and freed on another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    countersign::cli::main()
}
