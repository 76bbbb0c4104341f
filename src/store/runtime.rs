//! Whether a database is fit to hold the ledger, as the role that connects to it sees it.
//!
//! `serve` calls [`check`] before anything else, and does not start while it answers a single [`Unfit`]. What is looked
//! at are the ways in which a database loses what it has acknowledged (`fsync`, unlogged tables, a standby), lets the
//! server change what it should only add to (the owner, a superuser, a grant too many), or stores something else than it
//! was given (rules, triggers that are not ours, row security).
//!
//! Invariants: it changes nothing, and it answers everything that is wrong at once.
//!
//! Deliberately absent: trust in the answer. A superuser can undo all of this a moment later; every batch is read back,
//! and the mirrors hold their own copies.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row};

use super::StoreError;
use super::migrate::{OWNER, migrator};

/// The oldest version of Postgres that the ledger runs on.
pub const OLDEST: i32 = 15;

/// The triggers that protect what the ledger holds: each on its table, each `ENABLE ALWAYS`.
const TRIGGERS: [(&str, &str); 14] = [
    ("entry", "entry_is_kept"),
    ("entry", "entry_is_not_truncated"),
    ("tree_head", "tree_head_is_kept"),
    ("tree_head", "tree_head_is_not_truncated"),
    ("head", "head_is_one_row"),
    ("head", "head_is_not_truncated"),
    ("head", "head_moves_forward"),
    ("token", "token_is_kept"),
    ("token", "token_is_not_truncated"),
    ("token", "token_stays_revoked"),
    ("access_event", "access_event_is_kept"),
    ("access_event", "access_event_is_not_truncated"),
    ("cosignature", "cosignature_is_kept"),
    ("cosignature", "cosignature_is_not_truncated"),
];

/// Why a database cannot hold the ledger. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Run the command it names.
    #[error("the database is not migrated: run `countersign migrate`")]
    NotMigrated,
    /// Use the program that made the schema, or a newer one.
    #[error("the database has migration {0}, which this program does not know: use the newer program")]
    Newer(i64),
    /// The schema and the program come from different sources.
    #[error("migration {0} in the database is not the one in this program: use the program that made the schema")]
    OtherMigration(i64),
    /// Upgrade Postgres.
    #[error("this is PostgreSQL {0}; the ledger needs {OLDEST} or newer")]
    TooOld(i32),
    /// Connect to the primary.
    #[error("the database is a standby or read only: connect to the primary")]
    ReadOnly,
    /// Change the setting in postgresql.conf, or for the role or the database, and reload.
    #[error("{name} is {value}: set it to {wanted}, or acknowledged records can be lost")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// Connect as the runtime role.
    #[error("the role {role} {why}: connect as countersign_runtime or a role that is granted it and no more")]
    TooMuch {
        /// The role of the connection.
        role: String,
        /// What it could do.
        why: String,
    },
    /// Grant the runtime role to the role of the connection.
    #[error("the role {role} may not {what}: run GRANT countersign_runtime TO {role}")]
    TooLittle {
        /// The role of the connection.
        role: String,
        /// What it needs.
        what: String,
    },
    /// Somebody changed the schema by hand: find out who and why before going on.
    #[error("the schema was changed by hand: {0}; find out by whom before the ledger writes again")]
    Altered(String),
}

impl Unfit {
    /// Whether it is a setting without which acknowledged records can be lost; the clusters of tests have them so.
    pub const fn is_setting(&self) -> bool {
        matches!(self, Unfit::Setting { .. })
    }
}

/// Everything for which the ledger must not be served from this database with these options. Empty is fit.
pub async fn check(options: &PgConnectOptions) -> Result<Vec<Unfit>, StoreError> {
    let mut connection = options.clone().application_name("countersign check").connect().await?;
    let mut unfit = Vec::new();
    let found = look(&mut connection, &mut unfit).await;
    let _ = connection.close().await;
    found.map(|()| unfit)
}

async fn look(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    version(connection, unfit).await?;
    settings(connection, unfit).await?;
    if !migrated(connection, unfit).await? {
        too_much(connection, false, unfit).await?;
        return Ok(());
    }
    too_much(connection, true, unfit).await?;
    too_little(connection, unfit).await?;
    tables(connection, unfit).await?;
    triggers(connection, unfit).await?;
    // What has a name of its own is said by it; everything else shows as a line that is missing or too many.
    if unfit.iter().all(Unfit::is_setting) {
        fingerprint(connection, unfit).await?;
    }
    Ok(())
}

/// The schema is, line by line, the one that this program makes.
async fn fingerprint(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    sqlx::raw_sql("SET search_path = pg_catalog").execute(&mut *connection).await?;
    let differences = super::catalogue::differences(connection).await?;
    unfit.extend(differences.into_iter().map(Unfit::Altered));
    Ok(())
}

async fn version(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000")
        .fetch_one(connection)
        .await?;
    let version: i32 = row.try_get(0)?;
    if version < OLDEST {
        unfit.push(Unfit::TooOld(version));
    }
    Ok(())
}

/// The settings as this role has them: they can also be set for a role or a database alone.
async fn settings(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    const WANTED: [(&str, &[&str], &str); 4] = [
        ("fsync", &["on"], "on"),
        ("full_page_writes", &["on"], "on"),
        ("synchronous_commit", &["on", "remote_write", "remote_apply"], "on or remote_apply"),
        ("server_encoding", &["UTF8"], "UTF8 (a new database)"),
    ];
    for (name, good, wanted) in WANTED {
        let row = sqlx::query("SELECT pg_catalog.current_setting($1)").bind(name).fetch_one(&mut *connection).await?;
        let value: String = row.try_get(0)?;
        if !good.contains(&value.as_str()) {
            unfit.push(Unfit::Setting { name, value, wanted });
        }
    }
    let row = sqlx::query(
        "SELECT pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only') = 'on'",
    )
    .fetch_one(connection)
    .await?;
    if row.try_get(0)? {
        unfit.push(Unfit::ReadOnly);
    }
    Ok(())
}

/// Whether the schema is the one that this program makes.
async fn migrated(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<bool, StoreError> {
    let readable = sqlx::query(
        "SELECT pg_catalog.count(*) = 7 FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.to_regnamespace('countersign') \
         AND relname IN ('migration', 'entry', 'tree_head', 'head', 'token', 'access_event', 'cosignature')",
    );
    if !readable.fetch_one(&mut *connection).await?.try_get::<bool, _>(0)? {
        unfit.push(Unfit::NotMigrated);
        return Ok(false);
    }
    let rows = sqlx::query("SELECT version, checksum FROM countersign.migration WHERE success ORDER BY version")
        .fetch_all(connection)
        .await;
    let rows = match rows {
        Ok(rows) => rows,
        // A role without any grant is told so by `too_little`; what it may not read is not judged.
        Err(error) if super::migrate::code(&error).as_deref() == Some("42501") => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    let ours = migrator();
    let mut known = ours.iter();
    for row in &rows {
        let (version, checksum): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
        match known.next() {
            None => unfit.push(Unfit::Newer(version)),
            Some(migration) if migration.version != version || *migration.checksum != *checksum => {
                unfit.push(Unfit::OtherMigration(version));
            }
            Some(_) => {}
        }
    }
    if known.next().is_some() {
        unfit.push(Unfit::NotMigrated);
    }
    Ok(true)
}

/// What the role of the connection could do and should not be able to.
async fn too_much(connection: &mut PgConnection, tables: bool, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    let row = sqlx::query(
        "SELECT me.rolname::pg_catalog.text, me.rolsuper, \
           COALESCE((SELECT pg_catalog.pg_has_role(me.oid, owner.oid, 'MEMBER') FROM pg_catalog.pg_roles AS owner WHERE owner.rolname = $1), false) \
         FROM pg_catalog.pg_roles AS me WHERE me.rolname = SESSION_USER",
    )
    .bind(OWNER)
    .fetch_one(&mut *connection)
    .await?;
    let (role, superuser, owner): (String, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let mut add = |why: String| unfit.push(Unfit::TooMuch { role: role.clone(), why });
    if superuser {
        add("is a superuser".into());
        return Ok(());
    }
    if owner {
        add("owns the tables".into());
        return Ok(());
    }
    if !tables {
        return Ok(());
    }
    let rows = sqlx::query(
        "SELECT wanted.name || '.' || wanted.what FROM (VALUES \
           ('entry', 'UPDATE'), ('entry', 'DELETE'), ('entry', 'TRUNCATE'), ('entry', 'TRIGGER'), \
           ('tree_head', 'UPDATE'), ('tree_head', 'DELETE'), ('tree_head', 'TRUNCATE'), ('tree_head', 'TRIGGER'), \
           ('head', 'INSERT'), ('head', 'DELETE'), ('head', 'TRUNCATE'), ('head', 'TRIGGER'), \
           ('access_event', 'UPDATE'), ('access_event', 'DELETE'), ('access_event', 'TRUNCATE'), ('access_event', 'TRIGGER'), \
           ('cosignature', 'UPDATE'), ('cosignature', 'DELETE'), ('cosignature', 'TRUNCATE'), ('cosignature', 'TRIGGER')) AS wanted(name, what) \
         WHERE pg_catalog.has_table_privilege(SESSION_USER, \
           (SELECT oid FROM pg_catalog.pg_class WHERE relname = wanted.name AND relnamespace = pg_catalog.to_regnamespace('countersign')), wanted.what)",
    )
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let found: String = row.try_get(0)?;
        if let Some((table, what)) = found.split_once('.') {
            add(format!("has the right {what} on countersign.{table}"));
        }
    }
    Ok(())
}

/// What the role needs and does not have.
async fn too_little(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT SESSION_USER::pg_catalog.text, wanted.what || ' on countersign.' || wanted.name FROM (VALUES \
           ('entry', 'SELECT'), ('entry', 'INSERT'), ('tree_head', 'SELECT'), ('tree_head', 'INSERT'), ('head', 'SELECT'), \
           ('token', 'SELECT'), ('access_event', 'INSERT'), ('migration', 'SELECT'), \
           ('cosignature', 'SELECT'), ('cosignature', 'INSERT')) AS wanted(name, what) \
         WHERE NOT pg_catalog.has_schema_privilege(SESSION_USER, pg_catalog.to_regnamespace('countersign')::pg_catalog.oid, 'USAGE') \
           OR NOT pg_catalog.has_table_privilege(SESSION_USER, \
           (SELECT oid FROM pg_catalog.pg_class WHERE relname = wanted.name AND relnamespace = pg_catalog.to_regnamespace('countersign')), wanted.what)",
    )
    .fetch_all(connection)
    .await?;
    for row in &rows {
        unfit.push(Unfit::TooLittle { role: row.try_get(0)?, what: row.try_get(1)? });
    }
    Ok(())
}

/// The tables are ordinary, logged, owned by the owner, without children, rules and row security.
async fn tables(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT relname::pg_catalog.text, relkind = 'r', relpersistence = 'p', relrowsecurity, \
           EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = pg_class.oid), \
           EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = pg_class.oid OR inhrelid = pg_class.oid), \
           pg_catalog.pg_get_userbyid(relowner) = $1 \
         FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.to_regnamespace('countersign') \
           AND relname IN ('entry', 'tree_head', 'head', 'token', 'access_event', 'cosignature') ORDER BY relname",
    )
    .bind(OWNER)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let table: String = row.try_get(0)?;
        let mut add = |what: &str| unfit.push(Unfit::Altered(format!("countersign.{table} {what}")));
        if !row.try_get::<bool, _>(1)? {
            add("is not an ordinary table");
        }
        if !row.try_get::<bool, _>(2)? {
            add("is unlogged, so a crash empties it");
        }
        if row.try_get(3)? {
            add("has row security, which hides rows");
        }
        if row.try_get(4)? {
            add("has a rule, which can swallow what is inserted");
        }
        if row.try_get(5)? {
            add("has a parent or child table");
        }
        if !row.try_get::<bool, _>(6)? {
            add("does not belong to countersign_owner");
        }
    }
    Ok(())
}

/// Every trigger of ours is there and always on, and there is no other.
async fn triggers(connection: &mut PgConnection, unfit: &mut Vec<Unfit>) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT relname::pg_catalog.text, tgname::pg_catalog.text, tgenabled::pg_catalog.text, \
           tgfoid = COALESCE(pg_catalog.to_regproc('countersign.refuse')::pg_catalog.oid, 0::pg_catalog.oid) \
         FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_class ON pg_class.oid = tgrelid \
         WHERE relnamespace = pg_catalog.to_regnamespace('countersign') AND NOT tgisinternal ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await?;
    let mut missing = TRIGGERS.to_vec();
    for row in &rows {
        let (table, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (enabled, ours): (String, bool) = (row.try_get(2)?, row.try_get(3)?);
        let known = missing.iter().position(|&(on, trigger)| on == table && trigger == name);
        match known.filter(|_| ours) {
            None => {
                unfit.push(Unfit::Altered(format!("countersign.{table} has the trigger {name}, which is not ours")))
            }
            Some(position) => {
                missing.swap_remove(position);
                if enabled != "A" {
                    unfit.push(Unfit::Altered(format!(
                        "the trigger {name} on countersign.{table} is not ENABLE ALWAYS"
                    )));
                }
            }
        }
    }
    for (table, name) in missing {
        unfit.push(Unfit::Altered(format!("the trigger {name} on countersign.{table} is missing")));
    }
    Ok(())
}
