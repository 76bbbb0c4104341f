//! The audit of a ledger's database: entries, the columns beside them, heads, cosignatures, who sent each entry, who read
//! what, and the schema.
//!
//! Everything is read in one snapshot, so a ledger may go on writing meanwhile.
//!
//! Deliberately absent: tokens. They are no part of the log; that one was made or revoked is an event.

use super::audit_held::Held;
use super::progress::Progress;
use crate::evidence::audit::{Auditor, Report, Row};
use crate::store::address;
use crate::store::snapshot::{Page, Snapshot, Stored};

/// Pages that are read ahead.
const AHEAD: usize = 2;

/// Audits the log in a database.
pub fn audit(url: &str, held: &Held) -> anyhow::Result<Report> {
    let options = address(url)?;
    super::block_on(async {
        let mut auditor = held.auditor();
        let mut snapshot = Snapshot::open(&options).await?;
        let (altered, readable) = snapshot.altered().await?;
        auditor.schema(&altered);
        if !readable {
            return Ok(auditor.finish());
        }
        match read(snapshot, &mut auditor, held).await {
            // A table that somebody changed may not be readable: that is a finding, and not a failure of the audit.
            Err(error) if !altered.is_empty() => auditor.missing("entries", "database", &error.to_string()),
            other => other?,
        }
        if held.checkpoints.is_empty() && held.receipts.is_empty() {
            auditor.no_checkpoint();
        }
        held.show(&mut auditor);
        Ok(auditor.finish())
    })
}

/// Feeds rows and heads to the auditor, while more are read.
async fn read(mut snapshot: Snapshot, auditor: &mut Auditor, held: &Held) -> anyhow::Result<()> {
    let (head, rows) = (snapshot.head().await?, snapshot.count().await?);
    let senders = snapshot.may_see_senders().await?;
    let mut progress = Progress::new("entries", rows);
    let (sender, mut pages) = tokio::sync::mpsc::channel(AHEAD);
    let reading = tokio::spawn(async move { snapshot.send(sender, senders).await });
    let mut whole = true;
    while let Some(page) = pages.recv().await {
        let begins = auditor.size() == 0;
        let goes_on = tokio::task::block_in_place(|| take_up(auditor, page));
        if begins {
            held.say_distrust(auditor);
        }
        if !goes_on {
            whole = false;
            break;
        }
        progress.at(auditor.size());
    }
    drop(pages);
    progress.end();
    reading.await??;
    auditor.head_row(head, rows);
    if whole {
        auditor.senders(senders);
        auditor.readers(senders);
    } else {
        auditor.events_not_reached();
    }
    Ok(())
}

/// Whether more pages are worth a look.
fn take_up(auditor: &mut Auditor, page: Page) -> bool {
    match page {
        Page::Rows(rows) => auditor.rows(&rows.into_iter().map(row).collect::<Vec<Row>>()),
        Page::Heads(heads) => {
            for (size, head) in heads {
                match head {
                    Some(head) => auditor.committed(head),
                    None => auditor.head_malformed(&format!("size {size}")),
                }
            }
            auditor.worth_a_look("heads")
        }
        Page::Cosignatures(lines) => lines.iter().all(|(size, name, line)| auditor.cosignature(*size, name, line)),
        Page::Sent(sent) => auditor.sent(&sent),
        Page::Accesses(events) => auditor.accesses(&events),
    }
}

fn row(stored: Stored) -> Row {
    let Stored { index, digest, leaf_hash, note, record } = stored;
    Row { index, digest, leaf_hash, note, record }
}
