//! The schema protects what the ledger holds, and the start looks whether it does.

use countersign::store::Address;
use countersign::store::cluster::ClusterRole;
use countersign::store::migrate::migrate;
use countersign::store::runtime::{Unfit, check};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use super::support::postgres::{TestDatabase, database};

/// What a role may not do, or nobody may.
const FORBIDDEN: [&str; 18] = [
    "UPDATE countersign.entry SET note = 'x'",
    "DELETE FROM countersign.entry",
    "TRUNCATE countersign.entry",
    "UPDATE countersign.tree_head SET root = digest FROM countersign.entry",
    "DELETE FROM countersign.tree_head",
    "TRUNCATE countersign.tree_head",
    "UPDATE countersign.access_event SET outcome = 'ok'",
    "DELETE FROM countersign.access_event",
    "TRUNCATE countersign.access_event",
    "UPDATE countersign.cosignature SET line = 'x'",
    "DELETE FROM countersign.cosignature",
    "TRUNCATE countersign.cosignature",
    "DELETE FROM countersign.head",
    "TRUNCATE countersign.head",
    "INSERT INTO countersign.head (singleton, size, root) SELECT true, size, root FROM countersign.head",
    "UPDATE countersign.head SET size = 0",
    "UPDATE countersign.head SET root = pg_catalog.sha256('another root')",
    "DELETE FROM countersign.token",
];

async fn one_entry(database: &TestDatabase) {
    let fill = "INSERT INTO countersign.entry VALUES (0, pg_catalog.sha256('a'), pg_catalog.sha256('b'), 'c', '{}'); \
                INSERT INTO countersign.tree_head VALUES (1, pg_catalog.sha256('d')); \
                INSERT INTO countersign.access_event (action, subject, outcome) VALUES ('submit', '/', 'ok'); \
                INSERT INTO countersign.cosignature (size, name, line) VALUES (1, 'US/mirror/1', 'a line'); \
                UPDATE countersign.head SET size = 1, root = pg_catalog.sha256('d'); \
                INSERT INTO countersign.token (hash, label, party, role) VALUES (pg_catalog.sha256('t'), 'l', 'US', 'party')";
    let mut runtime = database.connect(ClusterRole::Runtime).await;
    sqlx::raw_sql(fill).execute(&mut runtime).await.expect("the runtime adds");
}

async fn refused(connection: &mut PgConnection, sql: &str) -> String {
    let error = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(connection).await.expect_err(sql);
    error.as_database_error().map(|error| error.message().to_owned()).unwrap_or_default()
}

async fn holds(database: &TestDatabase) -> (i64, i64, i64, i64) {
    let mut admin = database.connect(ClusterRole::Superuser).await;
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM countersign.entry), (SELECT count(*) FROM countersign.tree_head), \
         (SELECT size FROM countersign.head), (SELECT count(*) FROM countersign.token)",
    )
    .fetch_one(&mut admin)
    .await
    .expect("counts")
}

#[tokio::test]
async fn nobody_changes_what_the_ledger_holds() {
    let Some(database) = database().await else { return };
    one_entry(&database).await;
    for role in [ClusterRole::Reader, ClusterRole::Runtime, ClusterRole::Owner, ClusterRole::Superuser] {
        let mut connection = database.connect(role).await;
        if role == ClusterRole::Superuser {
            // Replicas skip ordinary triggers; ours are always on.
            sqlx::query("SET session_replication_role = replica")
                .execute(&mut connection)
                .await
                .expect("a superuser may");
        }
        for sql in FORBIDDEN {
            let said = refused(&mut connection, sql).await;
            let by_trigger = matches!(role, ClusterRole::Owner | ClusterRole::Superuser);
            let wanted = if by_trigger { "is refused: what the ledger holds is only ever added to" } else { "" };
            assert!(said.contains(wanted), "{role:?} {sql}: {said}");
            assert!(
                by_trigger || said.contains("permission denied") || said.contains("is refused"),
                "{role:?} {sql}: {said}"
            );
        }
    }
    assert_eq!(holds(&database).await, (1, 1, 1, 1));
}

#[tokio::test]
async fn a_reader_adds_nothing_and_sees_no_token() {
    let Some(database) = database().await else { return };
    let mut reader = database.connect(ClusterRole::Reader).await;
    for sql in [
        "INSERT INTO countersign.tree_head VALUES (1, pg_catalog.sha256('d'))",
        "INSERT INTO countersign.cosignature (size, name, line) VALUES (1, 'US/mirror/1', 'a line')",
        "INSERT INTO countersign.entry VALUES (0, pg_catalog.sha256('a'), pg_catalog.sha256('b'), 'c', '{}')",
        "SELECT * FROM countersign.token",
        "SELECT * FROM countersign.access_event",
        "SELECT FROM countersign.head FOR UPDATE",
    ] {
        assert!(refused(&mut reader, sql).await.contains("permission denied"), "{sql}");
    }
}

#[tokio::test]
async fn a_revoked_token_stays_revoked() {
    let Some(database) = database().await else { return };
    one_entry(&database).await;
    let mut runtime = database.connect(ClusterRole::Runtime).await;
    let revoke = "UPDATE countersign.token SET revoked_at = pg_catalog.now()";
    sqlx::query(revoke).execute(&mut runtime).await.expect("the runtime revokes");
    assert!(refused(&mut runtime, "UPDATE countersign.token SET revoked_at = NULL").await.contains("is refused"));
    assert!(refused(&mut runtime, "UPDATE countersign.token SET party = 'RU'").await.contains("permission denied"));
}

/// What is wrong with a database beside the settings, which are lossy in the cluster of the tests.
async fn unfit(database: &TestDatabase, role: ClusterRole) -> Vec<Unfit> {
    let all = check(&database.options(role)).await.expect("the database answers");
    all.into_iter().filter(|unfit| !unfit.is_setting()).collect()
}

#[tokio::test]
async fn a_lossy_cluster_is_named_as_such() {
    let Some(database) = database().await else { return };
    let all = check(&database.options(ClusterRole::Runtime)).await.expect("the database answers");
    let named: Vec<_> = all
        .iter()
        .filter_map(|unfit| match unfit {
            Unfit::Setting { name, value, .. } => Some((*name, value.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(named, [("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")]);
    assert_eq!(all.len(), 3, "{all:?}");
}

#[tokio::test]
async fn the_owner_and_a_superuser_do_not_serve() {
    let Some(database) = database().await else { return };
    for (role, word) in [(ClusterRole::Owner, "owns the tables"), (ClusterRole::Superuser, "is a superuser")] {
        let unfit = unfit(&database, role).await;
        assert!(unfit.iter().any(|unfit| unfit.to_string().contains(word)), "{role:?}: {unfit:?}");
    }
    // The reader is told what it lacks.
    let reader = unfit(&database, ClusterRole::Reader).await;
    assert!(reader.iter().all(|unfit| matches!(unfit, Unfit::TooLittle { .. })) && !reader.is_empty(), "{reader:?}");
    assert_eq!(unfit(&database, ClusterRole::Runtime).await, []);
}

#[tokio::test]
async fn a_schema_changed_by_hand_is_noticed() {
    for (sql, word) in [
        (
            "ALTER TABLE countersign.entry DISABLE TRIGGER entry_is_kept",
            "entry_is_kept on countersign.entry is not ENABLE ALWAYS",
        ),
        (
            "ALTER TABLE countersign.head ENABLE TRIGGER head_moves_forward",
            "head_moves_forward on countersign.head is not",
        ),
        (
            "DROP TRIGGER tree_head_is_not_truncated ON countersign.tree_head",
            "tree_head_is_not_truncated on countersign.tree_head is missing",
        ),
        ("CREATE RULE nothing AS ON INSERT TO countersign.entry DO INSTEAD NOTHING", "entry has a rule"),
        ("ALTER TABLE countersign.entry SET UNLOGGED", "entry is unlogged"),
        ("ALTER TABLE countersign.entry ENABLE ROW LEVEL SECURITY", "entry has row security"),
        ("CREATE TABLE public.child () INHERITS (countersign.entry)", "entry has a parent or child"),
        ("GRANT DELETE ON countersign.entry TO countersign_runtime", "has the right DELETE on countersign.entry"),
        (
            "ALTER TABLE countersign.access_event DISABLE TRIGGER access_event_is_kept",
            "access_event_is_kept on countersign.access_event is not ENABLE ALWAYS",
        ),
        (
            "GRANT DELETE ON countersign.access_event TO countersign_runtime",
            "has the right DELETE on countersign.access_event",
        ),
        (
            "REVOKE INSERT ON countersign.access_event FROM countersign_runtime",
            "may not INSERT on countersign.access_event",
        ),
        (
            "ALTER TABLE countersign.cosignature DISABLE TRIGGER cosignature_is_kept",
            "cosignature_is_kept on countersign.cosignature is not ENABLE ALWAYS",
        ),
        (
            "GRANT UPDATE ON countersign.cosignature TO countersign_runtime",
            "has the right UPDATE on countersign.cosignature",
        ),
        (
            "REVOKE INSERT ON countersign.cosignature FROM countersign_runtime",
            "may not INSERT on countersign.cosignature",
        ),
        ("CREATE RULE nothing AS ON INSERT TO countersign.cosignature DO INSTEAD NOTHING", "cosignature has a rule"),
        ("DROP TABLE countersign.cosignature", "run `countersign migrate`"),
        ("REVOKE INSERT ON countersign.tree_head FROM countersign_runtime", "may not INSERT on countersign.tree_head"),
        (
            "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
             CREATE CONSTRAINT TRIGGER later AFTER INSERT ON countersign.entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.f()",
            "the trigger later, which is not ours",
        ),
        // What no check has a name for shows in the fingerprint of the schema.
        (
            "CREATE OR REPLACE FUNCTION countersign.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "not of this program: function countersign.refuse()",
        ),
        ("ALTER TABLE countersign.entry ADD COLUMN extra text", "not of this program: column entry.extra"),
        (
            "ALTER TABLE countersign.entry ALTER COLUMN note SET DEFAULT ''",
            "missing from the schema: column entry.note",
        ),
        ("GRANT SELECT ON countersign.token TO PUBLIC", "not of this program: grant SELECT on token to public"),
        ("UPDATE countersign.migration SET checksum = 'x'", "migration 1 in the database is not the one"),
        ("INSERT INTO countersign.migration VALUES (99, 'x', now(), true, 'x', 0)", "migration 99"),
        ("DELETE FROM countersign.migration", "run `countersign migrate`"),
        ("DROP SCHEMA countersign CASCADE", "run `countersign migrate`"),
    ] {
        let Some(database) = database().await else { return };
        database.sabotage(sql).await;
        let unfit = unfit(&database, ClusterRole::Runtime).await;
        assert!(unfit.iter().any(|unfit| unfit.to_string().contains(word)), "{sql}: {unfit:?}");
    }
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_foreign_schemas_are_left_alone() {
    let Some(database) = database().await else { return };
    one_entry(&database).await;
    for role in [ClusterRole::Superuser, ClusterRole::Owner] {
        migrate(&database.options(role)).await.expect("nothing to do");
    }
    assert_eq!(holds(&database).await, (1, 1, 1, 1));
    assert!(migrate(&database.options(ClusterRole::Runtime)).await.is_err(), "the runtime does not migrate");
    database.sabotage("DROP SCHEMA countersign CASCADE; CREATE SCHEMA countersign").await;
    let error = migrate(&database.options(ClusterRole::Superuser)).await.expect_err("somebody else's schema");
    assert!(error.to_string().contains("belongs to countersign_admin"), "{error}");
}

/// Lets a role in that the cluster's map does not name. Another process of the run may write the map anew meanwhile.
async fn let_in(database: &TestDatabase, role: &str) -> Address {
    let options = database.options(ClusterRole::Superuser).username(role);
    let me = std::process::Command::new("id").arg("-un").output().expect("id").stdout;
    let me = String::from_utf8_lossy(&me).trim().to_owned();
    let line = format!(
        "DO $$ BEGIN EXECUTE format('COPY (SELECT ''countersign \"{me}\" {role}'') TO PROGRAM %L', \
         'cat >> ' || current_setting('ident_file')); PERFORM pg_reload_conf(); END $$"
    );
    for _ in 0..50 {
        database.sabotage(&line).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if let Ok(connection) = options.connect().await {
            connection.close().await.expect("closed");
            break;
        }
    }
    options
}

#[tokio::test]
async fn a_role_that_may_create_roles_migrates() {
    let Some(database) = database().await else { return };
    let name: String = {
        let mut admin = database.connect(ClusterRole::Superuser).await;
        let (name,): (String,) =
            sqlx::query_as("SELECT current_database()::text").fetch_one(&mut admin).await.expect("a name");
        name
    };
    let role = format!("maker_{name}");
    database
        .sabotage(&format!(
            "DROP SCHEMA countersign CASCADE; CREATE ROLE {role} LOGIN CREATEROLE; GRANT CREATE ON DATABASE {name} TO {role}"
        ))
        .await;
    let options = let_in(&database, &role).await;
    let mut done = migrate(&options).await;
    // From version 16 on, CREATEROLE rules only over the roles that it made itself; these were there before. The error
    // says what to do.
    if let Err(error) = &done {
        assert!(error.to_string().contains("GRANT countersign_owner TO"), "{error}");
        database.sabotage(&format!("GRANT countersign_owner TO {role}")).await;
        done = migrate(&options).await;
    }
    database.sabotage(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    done.expect("CREATEROLE is enough");
    assert_eq!(unfit(&database, ClusterRole::Runtime).await, []);
}

#[tokio::test]
async fn many_databases_migrate_at_once() {
    let mut databases = Vec::new();
    for _ in 0..6 {
        let Some(database) = database().await else { return };
        database.sabotage("DROP SCHEMA countersign CASCADE").await;
        databases.push(database);
    }
    let tasks: Vec<_> = databases
        .iter()
        .flat_map(|database| [database.options(ClusterRole::Superuser), database.options(ClusterRole::Superuser)])
        .map(|options| tokio::spawn(async move { migrate(&options).await }))
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("migrated");
    }
    for database in &databases {
        assert_eq!(unfit(database, ClusterRole::Runtime).await, []);
    }
}
