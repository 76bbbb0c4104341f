//! Tokens: who may read what.
//!
//! A token is 32 random bytes, shown once; the store keeps its SHA-256. It names a state and a role, can be revoked, and
//! never writes a record: only signatures do that.
//!
//! Invariants: a token is made or revoked in one transaction with the record of it.
//!
//! Deliberately absent: the rule what a role may read ([`crate::service::access`]), and randomness (the token comes in).

use sqlx::Row;

use super::access_event::{self, AccessEvent, Action, Outcome};
use super::{StoreError, read::Reader};
use crate::hash::Hash;
use crate::treaty::party::Party;

crate::one_of! {
    /// What the holder of a token is.
    pub enum Reading {
        /// A Party's own people: everything of both sides.
        Party = "party",
        /// A host state's people: what concerns their territory.
        Host = "host",
        /// A Party's auditor: everything of both sides.
        Auditor = "auditor",
    }
}

/// A token as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the token.
    pub hash: Hash,
    /// Whom it was given to.
    pub label: String,
    /// The state.
    pub party: Party,
    /// The role.
    pub role: Reading,
    /// When it was made.
    pub created_at: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

impl Reader {
    /// Keeps a new token's hash, and the record that it was made.
    pub async fn create_token(&self, hash: &Hash, label: &str, party: Party, role: Reading) -> Result<(), StoreError> {
        let mut transaction = self.pool().begin().await?;
        let result = sqlx::query("INSERT INTO countersign.token (hash, label, party, role) VALUES ($1, $2, $3, $4)")
            .bind(hash.as_bytes().as_slice())
            .bind(label)
            .bind(party.as_str())
            .bind(role.as_str())
            .execute(&mut *transaction)
            .await?;
        if result.rows_affected() != 1 {
            return Err(StoreError::Falsified("Postgres reported success and stored no token".into()));
        }
        let label = label.to_owned();
        let token = Token { hash: *hash, label, party, role, created_at: String::new(), revoked_at: None };
        access_event::record_within(&mut transaction, &[of_token(token, Action::TokenCreate)]).await?;
        Ok(transaction.commit().await?)
    }

    /// Those of these tokens that are not revoked.
    pub(super) async fn find_tokens(&self, hashes: &[Hash]) -> Result<Vec<Token>, StoreError> {
        let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect();
        let rows = sqlx::query(
            "SELECT hash, label, party, role, created_at::pg_catalog.text, revoked_at::pg_catalog.text \
             FROM countersign.token WHERE hash = ANY($1) AND revoked_at IS NULL",
        )
        .bind(hashes)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(token).collect()
    }

    /// Every token that was ever made, oldest first.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let rows = sqlx::query(
            "SELECT hash, label, party, role, created_at::pg_catalog.text, revoked_at::pg_catalog.text \
             FROM countersign.token ORDER BY created_at, hash",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(token).collect()
    }

    /// Revokes the tokens with this label, and records it; answers how many.
    pub async fn revoke_tokens(&self, label: &str) -> Result<u64, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let rows = sqlx::query(
            "UPDATE countersign.token SET revoked_at = pg_catalog.now() WHERE label = $1 AND revoked_at IS NULL \
             RETURNING hash, label, party, role, created_at::pg_catalog.text, revoked_at::pg_catalog.text",
        )
        .bind(label)
        .fetch_all(&mut *transaction)
        .await?;
        let events = rows.iter().map(|row| Ok(of_token(token(row)?, Action::TokenRevoke)));
        let events = events.collect::<Result<Vec<_>, StoreError>>()?;
        access_event::record_within(&mut transaction, &events).await?;
        transaction.commit().await?;
        Ok(events.len() as u64)
    }
}

/// An act on a token. Its subject is the label.
fn of_token(token: Token, action: Action) -> AccessEvent {
    let subject = token.label.clone();
    AccessEvent { request_id: None, token, action, subject, outcome: Outcome::Ok }
}

fn token(row: &sqlx::postgres::PgRow) -> Result<Token, StoreError> {
    let (party, role): (String, String) = (row.try_get(2)?, row.try_get(3)?);
    let unknown = || StoreError::Falsified("a token names an unknown state or role".into());
    Ok(Token {
        hash: super::hash_column(row, 0)?,
        label: row.try_get(1)?,
        party: Party::from_word(&party).ok_or_else(unknown)?,
        role: Reading::from_word(&role).ok_or_else(unknown)?,
        created_at: row.try_get(4)?,
        revoked_at: row.try_get(5)?,
    })
}
