//! The command line: one subcommand a file, one enum, one match.
//!
//! What a person types here ends in an exit code that scripts can rely on: 0 for done or verified, 1 for not verified,
//! 2 for bad input or usage, 3 where nothing can be decided, 4 where a file carries no signature, 5 for a record that
//! is not shown to be in a ledger, 6 for remarks under `--strict`. Errors say what to do next.
//!
//! Invariants: results go to standard output, everything else to standard error; secrets go to files that only their
//! owner can read, and are never overwritten.
//!
//! Deliberately absent: anything that another module could do. Commands read arguments, call, and print.

mod audit;
mod audit_beside;
mod audit_database;
mod audit_folder;
mod audit_held;
mod audit_url;
mod bench;
mod check;
mod client;
mod completions;
mod demo;
mod export;
mod export_history;
mod export_tables;
mod files;
#[cfg(feature = "hsm")]
mod hsm;
mod inspect;
mod judge;
mod key_show;
mod keygen;
mod migrate;
mod mirror;
mod new_report;
mod own_keys;
mod player;
mod prepare;
mod progress;
mod receipt;
mod serve;
mod sign;
mod status;
mod store;
mod submit;
mod terms_init;
mod token;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// Exit code of a command whose input or usage is wrong, or that failed.
const FAILED: u8 = 2;

/// The inspection record that two states which do not trust each other can both rely on.
///
/// Begin with `countersign demo`: it needs nothing set up, and shows a ledger with everything in it.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key: for a person or an office, for a log, or for its clerk
    Keygen(keygen::Arguments),
    /// Look at keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// The terms with which a log begins
    #[command(subcommand)]
    Terms(TermsCommand),
    /// Begin a record: a draft with everything that the ledger knows already
    #[command(subcommand)]
    New(NewCommand),
    /// Name every fault of a record, offline, before it is signed or sent
    Check(check::Arguments),
    /// Sign a record, or add a signature to one
    Sign(sign::Arguments),
    /// Have a ledger write the exact text to sign, and judge it before it is signed
    Prepare(prepare::Arguments),
    /// Send a signed record to a ledger
    Submit(submit::Arguments),
    /// Show what the ledger has of a record: what to read aloud to the other side
    Receipt(receipt::Arguments),
    /// Serve a ledger over HTTP
    Serve(serve::Arguments),
    /// Cosign the checkpoints of logs, as a third party that saw one history
    Witness(witness::Arguments),
    /// Keep a full copy of a ledger for a Party, and cosign what it has judged
    Mirror(Box<mirror::Arguments>),
    /// Bring a database up to date, as its owner
    Migrate(migrate::Arguments),
    /// Make, list and revoke the tokens with which people read
    #[command(subcommand)]
    Token(token::Command),
    /// Verify a bundle, offline, from one line of trust
    Verify(verify::Arguments),
    /// Show what a file says, without believing any of it
    Inspect(inspect::Arguments),
    /// Save a whole log as a folder that can be audited and served, or tables to work with
    Export(export::Arguments),
    /// Verify a whole log: every signature, every rule, every hash
    Audit(audit::Arguments),
    /// Say what files that witnesses, mirrors or ledgers kept as evidence prove, offline
    Judge(judge::Arguments),
    /// How the two sides stand, for any day, as known on any day, in each side's view
    Status(status::Arguments),
    /// Run a ledger for trying out, with everything made for you
    Demo(demo::Arguments),
    /// Print what a shell needs to complete this command line
    Completions(completions::Arguments),
    /// Measure
    #[command(subcommand)]
    Bench(BenchCommand),
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Print the public half of a key
    Show(key_show::Arguments),
}

#[derive(Debug, Subcommand)]
enum TermsCommand {
    /// Write the terms of entry 0, ready for every root to sign
    Init(terms_init::Arguments),
}

#[derive(Debug, Subcommand)]
enum NewCommand {
    /// The report of an inspection
    Report(new_report::Arguments),
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// The audit of a large log, beside the bare loop over its signatures
    Audit(bench::audit::Arguments),
    /// Records per second through a real server and Postgres, beside plain inserts of the same bytes
    Load(bench::load::Arguments),
    /// How long readers wait, alone and while others write
    Read(bench::read::Arguments),
    /// How far a mirror is behind a ledger that is written to at full speed
    Mirror(bench::mirror::Arguments),
    /// What waiting for cosignatures adds to the time of a record
    Cosign(bench::cosign::Arguments),
    /// Twelve years with the volume of New START: loaded, asked about, audited
    NewStart(bench::new_start::Arguments),
    /// The status of the pair as the log grows
    Status(bench::status::Arguments),
    /// Tiles per second, beside a static file server with the same bytes
    Tiles(bench::tiles::Arguments),
    /// A static file server, for measures to stand beside
    #[command(hide = true)]
    StaticFiles(bench::static_files::Arguments),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("countersign: {}", chain(&error));
            ExitCode::from(FAILED)
        }
    }
}

/// Runs what waits for other things, on as many threads as there are cores.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// The error and everything below it, on one line; a cause that its error repeats is left out.
fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Keygen(arguments) => keygen::run(&arguments),
        Command::Key(KeyCommand::Show(arguments)) => key_show::run(&arguments),
        Command::Terms(TermsCommand::Init(arguments)) => terms_init::run(&arguments),
        Command::New(NewCommand::Report(arguments)) => new_report::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Sign(arguments) => sign::run(&arguments),
        Command::Prepare(arguments) => prepare::run(&arguments),
        Command::Submit(arguments) => submit::run(&arguments),
        Command::Receipt(arguments) => receipt::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Witness(arguments) => witness::run(&arguments),
        Command::Mirror(arguments) => mirror::run(*arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Token(command) => token::run(command),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Judge(arguments) => judge::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Bench(BenchCommand::Audit(arguments)) => bench::audit::run(&arguments),
        Command::Bench(BenchCommand::Mirror(arguments)) => bench::mirror::run(arguments),
        Command::Bench(BenchCommand::Cosign(arguments)) => bench::cosign::run(arguments),
        Command::Bench(BenchCommand::Load(arguments)) => bench::load::run(arguments),
        Command::Bench(BenchCommand::Read(arguments)) => bench::read::run(arguments),
        Command::Bench(BenchCommand::NewStart(arguments)) => bench::new_start::run(arguments),
        Command::Bench(BenchCommand::Status(arguments)) => bench::status::run(&arguments),
        Command::Bench(BenchCommand::Tiles(arguments)) => bench::tiles::run(arguments),
        Command::Bench(BenchCommand::StaticFiles(arguments)) => bench::static_files::run(arguments),
    }
}
