//! The schema: made and brought up to date by `countersign migrate`, and by nothing else.
//!
//! [`migrate`] makes the three database roles, the schema `countersign`, and runs every migration that has not run yet,
//! as the owner. The migrations are the files in `migrations/`, built into the program.
//!
//! Invariants:
//! - One migration runs at a time in a database (an advisory lock). Roles belong to the whole cluster, where no lock
//!   reaches: they are made only if they are missing, and whoever loses a race for one has what it wanted.
//! - Everything in the schema belongs to [`OWNER`], whoever ran the migration. `serve` never connects as the owner.
//! - A migration that has run is never edited: its checksum is compared at every start.
//!
//! Deliberately absent: passwords. The roles have none; who may log in as them is the business of `pg_hba.conf`, or of
//! `ALTER ROLE ... PASSWORD`.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use super::StoreError;

/// Owns the schema; used by `countersign migrate` alone.
pub const OWNER: &str = "countersign_owner";
/// What `serve` runs as: adds entries and heads, moves the head row.
pub const RUNTIME: &str = "countersign_runtime";
/// Reads the log, and not the tokens.
pub const READER: &str = "countersign_reader";

/// Where the migrations that have run are noted.
pub(super) const TABLE: &str = "countersign.migration";
/// The advisory lock of migrations: any number that nothing else uses.
const LOCK: i64 = 0x636f_756e_7465_7273;
/// Times that a role is looked for again after a lost race.
const ATTEMPTS: usize = 20;

/// The migrations, as built into this program.
pub(super) fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.dangerous_set_table_name(TABLE);
    migrator.set_locking(false); // our own lock is wider
    migrator
}

/// Makes roles and schema where they are missing, and runs every migration that has not run yet. The connection may be
/// by a superuser, by a role with CREATEROLE that may create schemas in this database, or by the owner.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.clone().application_name("countersign migrate").connect().await?;
    sqlx::query("SELECT pg_catalog.pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    let done = migrate_locked(&mut connection).await;
    let _ = connection.close().await; // gives the lock back, also after a failure
    done
}

async fn migrate_locked(connection: &mut PgConnection) -> Result<(), StoreError> {
    for role in [OWNER, RUNTIME, READER] {
        make_role(connection, role).await?;
    }
    become_owner(connection).await?;
    make_schema(connection).await?;
    sqlx::query("SET ROLE countersign_owner").execute(&mut *connection).await?;
    migrator().run_direct(None, connection, false).await.map_err(explain)?;
    Ok(())
}

/// Makes a role unless it is there. Somebody else may be making it at this moment, in another database.
async fn make_role(connection: &mut PgConnection, role: &str) -> Result<(), StoreError> {
    for _ in 0..ATTEMPTS {
        let found = sqlx::query("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1").bind(role);
        if found.fetch_optional(&mut *connection).await?.is_some() {
            return Ok(());
        }
        // LOGIN without a password: nobody gets in who is not let in by pg_hba.conf.
        let make = AssertSqlSafe(format!("CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"));
        match sqlx::query(make).execute(&mut *connection).await {
            Ok(_) => return Ok(()),
            Err(error) if is_lost_race(&error) => continue,
            Err(error) if code(&error).as_deref() == Some("42501") => {
                return Err(StoreError::Migration(format!(
                    "the database role {role} does not exist, and the role of this connection may not create it: \
                     run `countersign migrate` as a superuser or as a role with CREATEROLE"
                )));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Migration(format!("the database role {role} is made and dropped all the time; run this again")))
}

/// Makes sure that this connection may act as the owner, and leaves it acting as itself.
async fn become_owner(connection: &mut PgConnection) -> Result<(), StoreError> {
    for _ in 0..ATTEMPTS {
        match sqlx::query("SET ROLE countersign_owner").execute(&mut *connection).await {
            Ok(_) => {
                sqlx::query("RESET ROLE").execute(&mut *connection).await?;
                return Ok(());
            }
            Err(error) if code(&error).as_deref() == Some("42501") => {}
            Err(error) => return Err(error.into()),
        }
        match sqlx::query("GRANT countersign_owner TO CURRENT_USER").execute(&mut *connection).await {
            Ok(_) => {}
            Err(error) if is_lost_race(&error) => {}
            Err(error) => {
                return Err(StoreError::Migration(format!(
                    "the role of this connection may not act as {OWNER} ({error}): run `countersign migrate` as a \
                     superuser, or have one run GRANT {OWNER} TO the role of this connection"
                )));
            }
        }
    }
    Err(StoreError::Migration(format!("the role of this connection may not act as {OWNER}, although it was granted")))
}

async fn make_schema(connection: &mut PgConnection) -> Result<(), StoreError> {
    let owner = sqlx::query(
        "SELECT pg_catalog.pg_get_userbyid(nspowner)::pg_catalog.text FROM pg_catalog.pg_namespace WHERE nspname = 'countersign'",
    );
    if let Some(row) = owner.fetch_optional(&mut *connection).await? {
        let owner: String = row.try_get(0)?;
        if owner == OWNER {
            return Ok(());
        }
        return Err(StoreError::Migration(format!(
            "the schema countersign belongs to {owner} and not to {OWNER}: somebody else made it; use another database"
        )));
    }
    match sqlx::query("CREATE SCHEMA countersign AUTHORIZATION countersign_owner").execute(connection).await {
        Ok(_) => Ok(()),
        Err(error) if code(&error).as_deref() == Some("42501") => Err(StoreError::Migration(
            "the role of this connection may not create a schema in this database: \
             have its owner run GRANT CREATE ON DATABASE, or run `countersign migrate` as that owner"
                .into(),
        )),
        Err(error) => Err(error.into()),
    }
}

/// The SQLSTATE of an error that the database answered.
pub(super) fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}

/// Another session made or granted the same thing at the same moment: duplicate_object, unique_violation, or "tuple
/// concurrently updated", which has no code of its own.
fn is_lost_race(error: &sqlx::Error) -> bool {
    let message = error.as_database_error().map_or("", |error| error.message());
    match code(error).as_deref() {
        Some("42710" | "23505") => true,
        Some("XX000") => message.contains("concurrently"),
        _ => false,
    }
}

fn explain(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => error.into(),
        MigrateError::ExecuteMigration(error, version) => {
            StoreError::Migration(format!("migration {version} failed and was undone: {error}"))
        }
        MigrateError::VersionMissing(version) => StoreError::Migration(format!(
            "the database has migration {version}, which this program does not know: use the newer program"
        )),
        MigrateError::VersionMismatch(version) => StoreError::Migration(format!(
            "migration {version} in the database is not the one in this program: they come from different sources"
        )),
        other => StoreError::Migration(other.to_string()),
    }
}
