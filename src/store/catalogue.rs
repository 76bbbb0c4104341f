//! What the schema is made of, line by line, read from Postgres's own catalogue, beside what this program makes.
//!
//! The expected lines stand in `catalogue.txt`. A trigger that was dropped and put back, a function with another body, a
//! default, a check, a grant, a search path that is set for a role: whatever would let a database take or give something else than it was given shows as a
//! line that is missing or too many.
//!
//! Invariants: the lines are the same for every version of Postgres that the ledger runs on; names are read with
//! `pg_catalog` alone in the search path, so that nothing can stand in their place.
//!
//! Deliberately absent: trust in the answer. A superuser can alter the schema, act, and put it back; the bytes and the
//! receipts that others hold show what was done.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::StoreError;

/// The lines of a schema that this program has just made.
const EXPECTED: &str = include_str!("catalogue.txt");

/// One line for each thing in the schema. (Constraints of kind `n` exist since Postgres 18 and repeat `not null`.)
const LINES: &str = "\
WITH ns AS (SELECT oid, nspowner, nspacl FROM pg_namespace WHERE nspname = 'countersign'), \
rel AS (SELECT c.* FROM pg_class AS c JOIN ns ON ns.oid = c.relnamespace), \
line(text) AS ( \
  SELECT format('schema of %s', pg_get_userbyid(nspowner)) FROM ns \
  UNION ALL SELECT format('relation %s kind=%s persistence=%s row_security=%s owner=%s options=%s', relname, relkind, \
      relpersistence, relrowsecurity, pg_get_userbyid(relowner), array_to_string(reloptions, ',')) \
    FROM rel WHERE relkind <> 'i' \
  UNION ALL SELECT format('column %s.%s %s null=%s default=%s generated=%s identity=%s', relname, attname, \
      format_type(atttypid, atttypmod), NOT attnotnull, pg_get_expr(adbin, adrelid), attgenerated, attidentity) \
    FROM rel JOIN pg_attribute ON attrelid = rel.oid AND attnum > 0 AND NOT attisdropped \
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE relkind IN ('r', 'p', 'v', 'm', 'f') \
  UNION ALL SELECT format('constraint %s.%s valid=%s %s', relname, conname, convalidated, pg_get_constraintdef(con.oid)) \
    FROM rel JOIN pg_constraint AS con ON conrelid = rel.oid WHERE contype <> 'n' \
  UNION ALL SELECT format('index valid=%s %s', indisvalid, pg_get_indexdef(indexrelid)) \
    FROM rel JOIN pg_index ON indrelid = rel.oid \
  UNION ALL SELECT format('trigger enabled=%s %s', tgenabled, pg_get_triggerdef(tg.oid)) \
    FROM rel JOIN pg_trigger AS tg ON tgrelid = rel.oid WHERE NOT tgisinternal \
  UNION ALL SELECT format('rule %s.%s', relname, rulename) FROM rel JOIN pg_rewrite ON ev_class = rel.oid \
  UNION ALL SELECT format('policy %s.%s', relname, polname) FROM rel JOIN pg_policy ON polrelid = rel.oid \
  UNION ALL SELECT format('inheritance %s of %s', inhrelid::regclass, inhparent::regclass) \
    FROM pg_inherits WHERE inhrelid IN (SELECT oid FROM rel) OR inhparent IN (SELECT oid FROM rel) \
  UNION ALL SELECT format('function %s owner=%s language=%s definer=%s config=%s body=%s', p.oid::regprocedure, \
      pg_get_userbyid(proowner), lanname, prosecdef, array_to_string(proconfig, ','), \
      encode(sha256(convert_to(prosrc, 'UTF8')), 'hex')) \
    FROM pg_proc AS p JOIN ns ON ns.oid = pronamespace JOIN pg_language AS l ON l.oid = prolang \
  UNION ALL SELECT format('type %s', typname) FROM pg_type JOIN ns ON ns.oid = typnamespace \
    WHERE typrelid = 0 AND typelem = 0 \
  UNION ALL SELECT format('grant %s on %s to %s', privilege_type, what, CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END) \
    FROM ( \
      SELECT 'schema' AS what, nspowner AS owner, (aclexplode(nspacl)).* FROM ns \
      UNION ALL SELECT relname::text, relowner, (aclexplode(relacl)).* FROM rel \
      UNION ALL SELECT relname || '.' || attname, relowner, (aclexplode(attacl)).* FROM rel JOIN pg_attribute ON attrelid = rel.oid \
      UNION ALL SELECT p.oid::regprocedure::text, proowner, (aclexplode(coalesce(proacl, acldefault('f', proowner)))).* \
        FROM pg_proc AS p JOIN ns ON ns.oid = pronamespace \
    ) AS granted WHERE grantee <> owner \
  UNION ALL SELECT format('setting of %s: %s', CASE setrole WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(setrole) END, said) \
    FROM pg_db_role_setting, unnest(setconfig) AS said \
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) \
    AND split_part(said, '=', 1) IN ('search_path', 'session_replication_role', 'session_preload_libraries', \
      'local_preload_libraries', 'row_security') \
) SELECT text FROM line ORDER BY text COLLATE \"C\"";

/// The lines of the schema as it is. The search path of the connection must be `pg_catalog` alone.
pub(super) async fn lines(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(LINES).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What is missing and what is too many, in words.
pub(super) async fn differences(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let found = lines(connection).await?;
    let expected: Vec<&str> = EXPECTED.lines().collect();
    let missing = expected.iter().filter(|line| !found.iter().any(|found| found == *line));
    let surplus = found.iter().filter(|line| !expected.contains(&line.as_str()));
    let missing = missing.map(|line| format!("missing from the schema: {line}"));
    Ok(missing.chain(surplus.map(|line| format!("not of this program: {line}"))).collect())
}
