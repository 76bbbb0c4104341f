//! `bench static-files`: a plain static file server, for [`super::tiles`] to measure beside.
//!
//! It stands in a file of its own, since it is the one thing of the command line, beside the server itself, that names
//! axum.
//!
//! Deliberately absent: everything but files.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use axum::Router;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::services::ServeDir;

use crate::api::server::{Timers, serve};

/// Serves a folder until it is killed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What is served
    #[arg(long)]
    folder: PathBuf,
    /// The address to listen on
    #[arg(long)]
    listen: SocketAddr,
}

pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    super::super::block_on(async move {
        let listener = TcpListener::bind(arguments.listen).await?;
        let routes = Router::new().fallback_service(ServeDir::new(arguments.folder));
        let (_stop, stopped) = watch::channel(false);
        serve(listener, routes, Timers::default(), stopped).await;
        Ok(ExitCode::SUCCESS)
    })
}
