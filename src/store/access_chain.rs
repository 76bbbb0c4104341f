//! The chain of the events of reading and acts on tokens: where it stands, where it stood, and its links.
//!
//! What a row says is hashed from its columns in this order: the time in microseconds since the epoch, the request, the
//! token's hash, label, state and role, the address, the action, its subject and its outcome ([`crate::tlog::chain`]).
//!
//! Invariants: nothing here changes anything. A place is asked for by its number, never counted.
//!
//! Deliberately absent: any comparison. Whoever holds where the chain once stood makes it.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::{StoreError, bigint, hash_column, read::Reader, size_column};
use crate::hash::Hash;
use crate::tlog::chain::{ChainHead, PAGE, link};

/// The columns that a link is made of, in their order, and none longer than it can be; then what the row says of its own
/// place. Microseconds are exact in `numeric`.
pub(super) const LINKED: &str = "(extract(epoch FROM at) * 1000000)::bigint::text, substr(request_id, 1, 65), \
    substr(token, 1, 33), substr(label, 1, 201), substr(party, 1, 33), substr(role, 1, 33), substr(address, 1, 65), \
    substr(action, 1, 33), substr(subject, 1, 1025), substr(outcome, 1, 33), place, substr(chain, 1, 33)";

/// Where the chain stands, and the time in microseconds since the epoch.
pub(super) async fn chain_now(connection: &mut PgConnection) -> Result<(ChainHead, i64), StoreError> {
    let row = sqlx::query(
        "SELECT last.place, last.chain, (extract(epoch FROM pg_catalog.now()) * 1000000)::bigint \
         FROM (VALUES (1)) AS one LEFT JOIN LATERAL \
         (SELECT place, chain FROM countersign.access_event WHERE place IS NOT NULL ORDER BY place DESC LIMIT 1) \
         AS last ON true",
    )
    .fetch_one(connection)
    .await?;
    let head = match row.try_get::<Option<i64>, _>(0)? {
        None => ChainHead::default(),
        Some(_) => ChainHead { count: size_column(&row, 0)? + 1, value: hash_column(&row, 1)? },
    };
    Ok((head, row.try_get(2)?))
}

impl Reader {
    /// Where the chain stands, or where it stood after so many events; none if there never were so many.
    pub async fn chain_at(&self, count: Option<u64>) -> Result<Option<ChainHead>, StoreError> {
        let mut connection = self.pool().acquire().await?;
        let Some(count) = count else { return Ok(Some(chain_now(&mut connection).await?.0)) };
        let Some(last) = count.checked_sub(1) else { return Ok(Some(ChainHead::default())) };
        let row = sqlx::query("SELECT chain FROM countersign.access_event WHERE place = $1")
            .bind(bigint(last))
            .fetch_optional(&mut *connection)
            .await?;
        row.map(|row| Ok(ChainHead { count, value: hash_column(&row, 0)? })).transpose()
    }

    /// The links after so many events, in order, at most [`PAGE`]; fewer where one is not in its place.
    pub async fn links_after(&self, count: u64) -> Result<Vec<Hash>, StoreError> {
        let query =
            format!("SELECT {LINKED} FROM countersign.access_event WHERE place >= $1 ORDER BY place LIMIT {PAGE}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(bigint(count)).fetch_all(self.pool()).await?;
        let placed = |(expected, row): (u64, &PgRow)| match row.try_get::<i64, _>(10) {
            Ok(place) if place == bigint(expected) => Some(link_of(row)),
            Ok(_) => None,
            Err(error) => Some(Err(error.into())),
        };
        (count..).zip(&rows).map_while(placed).collect()
    }
}

/// The link of a row, from its columns.
pub(super) fn link_of(row: &PgRow) -> Result<Hash, StoreError> {
    let text = |column| row.try_get::<Option<&str>, _>(column).map(|text| text.map(str::as_bytes));
    let mut fields = [text(0)?, text(1)?, row.try_get(2)?, None, None, None, None, None, None, None];
    for (column, field) in fields.iter_mut().enumerate().skip(3) {
        *field = text(column)?;
    }
    Ok(link(&fields))
}
