//! Everything that the database holds of a log, in one snapshot: what an audit looks at.
//!
//! One transaction, read only and repeatable, so that rows and head belong together while the ledger goes on writing.
//!
//! Invariants: it changes nothing; pages are bounded in rows, and rows in bytes: what is larger than it can be comes as
//! nothing instead of filling memory.
//!
//! Deliberately absent: any comparison. The database is not asked whether its columns fit together.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};
use tokio::sync::mpsc::Sender;

use super::access_chain::{LINKED, link_of};
use super::runtime::{self, Unfit};
use super::{StoreError, catalogue};
use crate::hash::Hash;
use crate::tlog::Head;

/// Rows of a page.
const PAGE: i64 = 256;

/// A row of `entry` as it is stored. What is larger than it can be is `None`.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The column `index`.
    pub index: i64,
    /// The column `digest`.
    pub digest: Vec<u8>,
    /// The column `leaf_hash`.
    pub leaf_hash: Vec<u8>,
    /// The column `note`.
    pub note: Option<Vec<u8>>,
    /// The column `record`, as text.
    pub record: Option<String>,
}

/// A piece of the log.
#[derive(Debug)]
pub enum Page {
    /// Rows of `entry`, in index order.
    Rows(Vec<Stored>),
    /// Rows of `tree_head`, in order of size, each with the head that it is, if it can be one.
    Heads(Vec<(i64, Option<Head>)>),
    /// Rows of `cosignature`, in the order of sizes and names. A line that is larger than it can be comes as nothing.
    Cosignatures(Vec<(i64, String, String)>),
    /// Of the rows of `access_event` that say who sent an entry, in their order, what each is about: the entry's digest.
    Sent(Vec<String>),
    /// Of the rows of `access_event` that have a place, in that order: the place, what the row says that the events up to it
    /// add up to, and its link, made of its columns.
    Accesses(Vec<(i64, Option<Hash>, Hash)>),
}

/// A snapshot.
pub struct Snapshot {
    connection: PgConnection,
    options: PgConnectOptions,
}

impl Snapshot {
    /// Connects, and takes the snapshot.
    pub async fn open(options: &PgConnectOptions) -> Result<Snapshot, StoreError> {
        let options = options.clone().application_name("countersign audit");
        let mut connection = options.connect().await?;
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog")
            .execute(&mut connection)
            .await?;
        Ok(Snapshot { connection, options })
    }

    /// What is not as this program makes it, and whether the tables are there to be read.
    pub async fn altered(&mut self) -> Result<(Vec<String>, bool), StoreError> {
        let unfit = runtime::check(&self.options).await?;
        let readable = !unfit.contains(&Unfit::NotMigrated);
        // Whether a server could write here as this role, and safely, is the business of whoever serves; and the catalogue
        // shows more than it looks at.
        let concerns = |unfit: &Unfit| matches!(unfit, Unfit::NotMigrated | Unfit::Newer(_) | Unfit::OtherMigration(_));
        let mut altered: Vec<String> = unfit.iter().filter(|unfit| concerns(unfit)).map(ToString::to_string).collect();
        if readable {
            altered.extend(catalogue::differences(&mut self.connection).await?);
        }
        Ok((altered, readable))
    }

    /// The head row, if there is exactly one and it is a head.
    pub async fn head(&mut self) -> Result<Option<Head>, StoreError> {
        let rows =
            sqlx::query("SELECT size, root FROM countersign.head LIMIT 2").fetch_all(&mut self.connection).await?;
        let [row] = rows.as_slice() else { return Ok(None) };
        Ok(head(row.try_get(0)?, row.try_get(1)?))
    }

    /// How many rows `entry` has.
    pub async fn count(&mut self) -> Result<u64, StoreError> {
        let row =
            sqlx::query("SELECT pg_catalog.count(*) FROM countersign.entry").fetch_one(&mut self.connection).await?;
        super::size_column(&row, 0)
    }

    /// Whether the role of the connection may see who sent what.
    pub async fn may_see_senders(&mut self) -> Result<bool, StoreError> {
        let query = "SELECT pg_catalog.has_table_privilege('countersign.access_event', 'SELECT')";
        Ok(sqlx::query(query).fetch_one(&mut self.connection).await?.try_get(0)?)
    }

    /// Sends all rows, then all heads and all cosignatures, and with `senders` what is said of who sent the entries and who
    /// read, until there are no more or nobody wants them.
    pub async fn send(mut self, to: Sender<Page>, senders: bool) -> Result<(), StoreError> {
        let mut after = i64::MIN;
        loop {
            let rows = self.rows(after).await?;
            let Some(last) = rows.last() else { break };
            after = last.index;
            if to.send(Page::Rows(rows)).await.is_err() {
                return Ok(());
            }
        }
        let mut after = i64::MIN;
        loop {
            let heads = self.heads(after).await?;
            let Some(last) = heads.last() else { break };
            after = last.0;
            if to.send(Page::Heads(heads)).await.is_err() {
                return Ok(());
            }
        }
        let mut after = Some((i64::MIN, String::new()));
        while let Some(last) = after {
            let lines = self.cosignatures(&last).await?;
            after = lines.last().map(|(size, name, _)| (*size, name.clone()));
            if to.send(Page::Cosignatures(lines)).await.is_err() {
                return Ok(());
            }
        }
        let mut after = Some(i64::MIN).filter(|_| senders);
        while let Some(id) = after {
            let (last, sent) = self.sent(id).await?;
            after = last;
            if to.send(Page::Sent(sent)).await.is_err() {
                return Ok(());
            }
        }
        let mut after = Some(i64::MIN).filter(|_| senders);
        while let Some(place) = after {
            let accesses = self.accesses(place).await?;
            after = accesses.last().map(|(place, _, _)| *place);
            if to.send(Page::Accesses(accesses)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn cosignatures(&mut self, after: &(i64, String)) -> Result<Vec<(i64, String, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT size, pg_catalog.substr(name, 1, 256), pg_catalog.substr(line, 1, 1025) FROM countersign.cosignature \
             WHERE (size, name) > ($1, $2 COLLATE \"C\") ORDER BY size, name LIMIT 4096",
        )
        .bind(after.0)
        .bind(&after.1)
        .fetch_all(&mut self.connection)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
    }

    /// Some events of sending after one, and the last of them.
    async fn sent(&mut self, after: i64) -> Result<(Option<i64>, Vec<String>), StoreError> {
        let rows = sqlx::query(
            "SELECT id, pg_catalog.substr(subject, 1, 80) FROM countersign.access_event \
             WHERE id > $1 AND action = 'submit' ORDER BY id LIMIT 4096",
        )
        .bind(after)
        .fetch_all(&mut self.connection)
        .await?;
        let last = rows.last().map(|row| row.try_get(0)).transpose()?;
        Ok((last, rows.iter().map(|row| row.try_get(1)).collect::<Result<_, _>>()?))
    }

    async fn accesses(&mut self, after: i64) -> Result<Vec<(i64, Option<Hash>, Hash)>, StoreError> {
        let query = format!("SELECT {LINKED} FROM countersign.access_event WHERE place > $1 ORDER BY place LIMIT 4096");
        let rows = sqlx::query(AssertSqlSafe(query)).bind(after).fetch_all(&mut self.connection).await?;
        let one = |row: &PgRow| {
            let chain: Option<Vec<u8>> = row.try_get(11)?;
            let chain = chain.and_then(|chain| Some(Hash::new(chain.try_into().ok()?)));
            Ok((row.try_get(10)?, chain, link_of(row)?))
        };
        rows.iter().map(one).collect()
    }

    async fn rows(&mut self, after: i64) -> Result<Vec<Stored>, StoreError> {
        let rows = sqlx::query(
            "SELECT index, pg_catalog.substr(digest, 1, 33), pg_catalog.substr(leaf_hash, 1, 33), \
               CASE WHEN pg_catalog.octet_length(note) <= 65535 THEN note END, \
               CASE WHEN pg_catalog.octet_length(record::pg_catalog.text) <= 1048576 THEN record::pg_catalog.text END \
             FROM countersign.entry WHERE index > $1 ORDER BY index LIMIT $2",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut self.connection)
        .await?;
        let stored = |row: &PgRow| {
            Ok(Stored {
                index: row.try_get(0)?,
                digest: row.try_get(1)?,
                leaf_hash: row.try_get(2)?,
                note: row.try_get(3)?,
                record: row.try_get(4)?,
            })
        };
        rows.iter().map(stored).collect()
    }

    async fn heads(&mut self, after: i64) -> Result<Vec<(i64, Option<Head>)>, StoreError> {
        let rows = sqlx::query(
            "SELECT size, pg_catalog.substr(root, 1, 33) FROM countersign.tree_head WHERE size > $1 ORDER BY size LIMIT 4096",
        )
        .bind(after)
        .fetch_all(&mut self.connection)
        .await?;
        let one = |row: &PgRow| {
            let (size, root): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            Ok((size, head(size, root)))
        };
        rows.iter().map(one).collect()
    }
}

fn head(size: i64, root: Vec<u8>) -> Option<Head> {
    Some(Head { size: u64::try_from(size).ok()?, root: Hash::new(root.try_into().ok()?) })
}
