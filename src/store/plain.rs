//! What the same machine does without a ledger: plain durable inserts, one row at a time. For measurements alone.
//!
//! Deliberately absent: batches. This is the denominator of every figure that is given for the write path.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::StoreError;

/// Inserts every note into a table of its own, over so many connections at once, each row a transaction. Answers rows
/// per second. Needs a role that may make tables.
pub async fn insert_rate(options: &PgConnectOptions, connections: usize, notes: &[String]) -> Result<f64, StoreError> {
    let mut connection = options.connect().await?;
    sqlx::query(
        "CREATE TABLE public.plain (index bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note bytea NOT NULL)",
    )
    .execute(&mut connection)
    .await?;
    let notes: Arc<[String]> = notes.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(options.connect().await?);
    }
    let begun = Instant::now();
    let tasks: Vec<_> = open
        .into_iter()
        .map(|mut connection| {
            let (notes, next) = (Arc::clone(&notes), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(note) = notes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    sqlx::query("INSERT INTO public.plain (note) VALUES ($1)")
                        .bind(note.as_bytes())
                        .execute(&mut connection)
                        .await?;
                }
                connection.close().await
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|error| StoreError::Unreachable(error.to_string()))??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    sqlx::query("DROP TABLE public.plain").execute(&mut connection).await?;
    Ok(notes.len() as f64 / seconds)
}
