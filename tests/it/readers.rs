//! What programs of others find in the exports: the library of Python, pandas, DuckDB, and a spreadsheet.

use std::path::Path;
use std::process::Command;

use countersign::service::export::Table;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http_export::{OF_STATUS, TEXTS, file, rows, visited};
use super::support::foreign::{has_program, run_python};
use super::support::ledger::ORIGIN;

/// The place of the visits, which a spreadsheet would calculate.
const POE: &str = "=HYPERLINK(\"x\"), Редзиково ș ț ł";

/// Every file of an export, in a folder, and how many rows each table has.
async fn taken() -> Option<(TempDir, Value)> {
    let stock = visited().await?;
    let folder = tempfile::tempdir().expect("a folder");
    let mut counts = json!({});
    for name in TEXTS.iter().chain(&OF_STATUS).chain(&["ledger.sqlite"]) {
        let bytes = file(&stock.api, name, "", &stock.us).await;
        if let Some(stem) = name.strip_suffix(".ndjson") {
            counts[stem] = rows(&bytes).len().into();
        }
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let most = |name: &str, least: u64| counts[name].as_u64().is_some_and(|count| count >= least);
    assert!(most("records", 32) && most("inspections", 2) && most("obligations", 60) && most("status", 3), "{counts}");
    Some((folder, counts))
}

/// The tables with their names in the database, for a script.
fn tables() -> String {
    let pairs: Vec<[&str; 2]> = Table::ALL.iter().map(|table| [table.stem(), table.name()]).collect();
    format!("tables = {}\n", json!(pairs))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_of_python_finds_the_same_rows_in_every_form() {
    let Some((folder, counts)) = taken().await else { return };
    let script = "import csv, json, sqlite3\n\
        out = {}\n\
        b = sqlite3.connect('ledger.sqlite'); b.row_factory = sqlite3.Row\n\
        assert b.execute('pragma integrity_check').fetchone()[0] == 'ok'\n\
        def at(row, path):\n    \
            for name in path.split('.'): row = (row or {}).get(name)\n    \
            return row\n\
        def same(x, y): return x == ('' if y is None else y if isinstance(y, str) else str(y) if type(y) is int else None) or json.loads(x) == y\n\
        for n, t in tables:\n    \
            c = list(csv.DictReader(open(n + '.csv', encoding='utf-8', newline='')))\n    \
            j = [json.loads(l) for l in open(n + '.ndjson', encoding='utf-8')][:-1]\n    \
            s = [dict(r) for r in b.execute('select * from ' + t + ' order by rowid')]\n    \
            assert len(c) == len(j) == len(s)\n    \
            for x, y, z in zip(c, j, s):\n        \
                assert None not in x and None not in x.values()\n        \
                assert [k.replace('.', '_') for k in x] == list(z)\n        \
                for k in x: assert same(x[k].removeprefix(\"'\"), at(y, k)), (n, k, x[k], at(y, k))\n        \
                for k in x: assert z[k.replace('.', '_')] == at(y, k) or json.loads(z[k.replace('.', '_')]) == at(y, k), (n, k)\n    \
            out[n] = len(c)\n\
        x = next(csv.DictReader(open('inspections.csv', encoding='utf-8', newline='')))\n\
        out['csv'] = x['poe']; out['sqlite'] = b.execute('select poe from inspection').fetchone()[0]\n\
        out['about'] = dict(tuple(r) for r in b.execute('select name, value from about'))\n\
        print(json.dumps(out))\n";
    let Some(found) = run_python(folder.path(), &[], &(tables() + script)) else { return };
    let mut wanted = counts;
    wanted["csv"] = format!("'{POE}").into();
    wanted["sqlite"] = POE.into();
    wanted["about"] = json!({
        "as_of": "2026-03-01T12:00:00Z", "known_at": "tree:32", "origin": ORIGIN, "period": "2026", "schema_version": "1",
        "view": "all",
    });
    assert_eq!(found, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn pandas_reads_every_table() {
    let Some((folder, counts)) = taken().await else { return };
    let script = "import json, sqlite3, pandas\n\
        out, b = {}, sqlite3.connect('ledger.sqlite')\n\
        for n, t in tables:\n    \
            c = pandas.read_csv(n + '.csv', keep_default_na=False)\n    \
            j = pandas.read_json(n + '.ndjson', lines=True, dtype=False, convert_dates=False).iloc[:-1]\n    \
            s = pandas.read_sql('select * from \"' + t + '\" order by rowid', b)\n    \
            assert len(c) == len(j) == len(s) and len(c.columns) == len(s.columns)\n    \
            for k in ('digest', 'id', 'inspection', 'received_at', 'due_at', 'state', 'view', 'as_of'):\n        \
                if k in c: assert list(c[k]) == list(j[k]) == list(s[k]), (n, k)\n    \
            out[n] = len(c)\n\
        o = pandas.read_csv('obligations.csv', parse_dates=['due_at', 'as_of'])\n\
        assert str(o['due_at'].dt.tz) == 'UTC'\n\
        assert (o.pivot(index='id', columns='view', values='state').columns == ['RU', 'UNDISPUTED', 'US']).all()\n\
        print(json.dumps(out))\n";
    let Some(found) = run_python(folder.path(), &["pandas"], &(tables() + script)) else { return };
    assert_eq!(found, counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn duckdb_reads_every_table() {
    let Some((folder, counts)) = taken().await else { return };
    let script = "import json, duckdb\n\
        out, q = {}, lambda s: duckdb.sql(s).fetchall()\n\
        for n, t in tables:\n    \
            count = q(f\"select count(*) from read_csv('{n}.csv')\")[0][0]\n    \
            lines = q(f\"select count(*) filter (complete is null), any_value(rows) from read_json('{n}.ndjson', format = 'newline_delimited')\")[0]\n    \
            assert (count, count) == lines, (n, count, lines)\n    \
            out[n] = count\n\
        late = q(\"select count(*) from read_csv('obligations.csv') where due_at < as_of and view = 'US'\")[0][0]\n\
        pair = q(\"select \\\"pair.status\\\" from read_csv('status.csv') where view = 'RU'\")[0][0]\n\
        assert pair == json.loads(open('status.ndjson').readlines()[1])['pair']['status']\n\
        assert q(\"select poe from read_csv('inspections.csv')\")[0][0].endswith('Редзиково ș ț ł')\n\
        print(json.dumps(out))\n";
    let Some(found) = run_python(folder.path(), &["duckdb"], &(tables() + script)) else { return };
    assert_eq!(found, counts);
}

/// Has a spreadsheet open every table, as its dialogue does with a comma and UTF-8, and write the cells that it holds.
fn opened(folder: &Path) {
    let home = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let mut command = Command::new("soffice");
    command.args([&home, "--headless", "--infilter=CSV:44,34,76"]);
    // A bar between cells, no quotes, and of each cell what it shows.
    command.args(["--convert-to", "txt:Text - txt - csv (StarCalc):124,0,76,,0,false,true,false", "--outdir", "cells"]);
    command.args(Table::ALL.map(|table| format!("{}.csv", table.stem()))).current_dir(folder);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_opens_every_table_and_calculates_nothing() {
    let Some((folder, counts)) = taken().await else { return };
    if !has_program("soffice") {
        return;
    }
    opened(folder.path());
    for table in Table::ALL {
        let cells = folder.path().join("cells").join(format!("{}.txt", table.stem()));
        let cells = std::fs::read_to_string(cells).expect("the cells");
        let mut lines = cells.lines();
        assert_eq!(lines.next(), Some(table.columns().join("|").as_str()), "{}", table.stem());
        let lines: Vec<&str> = lines.collect();
        assert_eq!(Some(lines.len() as u64), counts[table.stem()].as_u64(), "{cells}");
        let width = table.columns().len();
        assert!(lines.iter().all(|line| line.split('|').count() == width), "{cells}");
        if table == Table::Inspections {
            assert!(cells.contains(POE), "{cells}");
        }
        assert!(!cells.contains("#N") && !cells.contains("Err:"), "nothing was taken for a formula: {cells}");
    }
}
