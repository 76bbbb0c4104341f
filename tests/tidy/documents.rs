//! The documents agree with the code: every reason to refuse stands in `docs/rules.md` under its provision, and every
//! member of every kind stands in `docs/records.md` as the code declares it.

use std::path::{Path, PathBuf};

use countersign::author::lay_out;
use countersign::evidence::audit::{ANY, MEANINGS, Meaning, ORDER};
use countersign::json::Flaw;
use countersign::note::{Note, Verifier, open};
use countersign::treaty::obligation::{Kind as ObligationKind, State};
use countersign::treaty::party::Text;
use countersign::treaty::reciprocity::Viewer;
use countersign::treaty::record::{Kind, Signed};
use countersign::treaty::refusal::Refusal;
use countersign::treaty::shape::{Form, INT_MAX, MemberSchema, Schema, Shape};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The documents that people read, with their names.
pub fn all() -> Vec<(String, String)> {
    let folder = root().join("docs");
    let items = std::fs::read_dir(folder).expect("docs can be read").map(|item| item.expect("docs can be read").path());
    let mut paths: Vec<PathBuf> = items.chain([root().join("README.md")]).filter(|path| is_document(path)).collect();
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), read(path))).collect()
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md") && path.is_file()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text under each heading of level 3, with the first word of the heading.
fn sections(text: &str) -> Vec<(String, String)> {
    let parts = text.split("\n### ").skip(1);
    let section = |part: &str| {
        let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
        let body = body.split("\n## ").next().unwrap_or_default();
        (heading.split(' ').next().unwrap_or_default().to_owned(), body.to_owned())
    };
    parts.map(section).collect()
}

#[test]
fn every_refusal_stands_under_its_provision() {
    let rules = read(&root().join("docs/rules.md"));
    let sections = sections(&rules);
    for refusal in Refusal::ALL {
        let (code, provision) = (format!("`{}`", refusal.code()), refusal.provision());
        let section = sections.iter().find(|(number, _)| number == provision);
        let (_, body) = section.unwrap_or_else(|| panic!("docs/rules.md has no section {provision}, for {code}"));
        let named = body.lines().find(|line| line.starts_with("Refused as ")).unwrap_or_default();
        assert!(named.contains(&code), "section {provision} of docs/rules.md does not say: Refused as {code}");
    }
}

#[test]
fn every_provision_names_reasons_that_exist() {
    let rules = read(&root().join("docs/rules.md"));
    for (number, body) in sections(&rules) {
        for line in body.lines().filter(|line| line.starts_with("Refused as ")) {
            for code in line.split('`').skip(1).step_by(2) {
                let exists = Refusal::ALL.iter().any(|r| r.code() == code && r.provision() == number);
                assert!(exists, "section {number} of docs/rules.md names {code}, which the code does not have there");
            }
        }
    }
}

#[test]
fn every_fault_that_an_audit_can_find_is_documented_with_its_meaning() {
    let page = read(&root().join("docs/audit.md"));
    let row = |(check, code, words): &Meaning| {
        let code = if *code == ANY { "any other".to_owned() } else { format!("`{code}`") };
        format!("| `{check}` | {code} | {} |\n", words.en)
    };
    let table: String = MEANINGS.iter().map(row).collect();
    assert!(page.contains(&table), "docs/audit.md should have these rows:\n\n{table}");
    assert!(MEANINGS.iter().all(|(check, _, _)| ORDER.contains(check)), "each is a check that the report knows");
}

#[test]
fn every_member_of_every_kind_is_documented_as_it_is_declared() {
    let records = read(&root().join("docs/records.md"));
    let sections = sections(&records);
    let mut wrong = String::new();
    for kind in Kind::ALL {
        let name = format!("`{}`", kind.as_str());
        let (section, table) = (sections.iter().find(|(heading, _)| *heading == name), table(&kind.schema()));
        if section.is_none_or(|(_, body)| !body.contains(&table)) {
            wrong.push_str(&format!("### {name}\n\n{table}\n"));
        }
    }
    assert!(wrong.is_empty(), "docs/records.md should have these tables:\n\n{wrong}");
}

#[test]
fn every_fault_of_form_is_documented() {
    let records = read(&root().join("docs/records.md"));
    let of_json = Flaw::ALL.iter().map(|flaw| (flaw.code(), flaw.words()));
    for (code, words) in of_json.chain(Form::ALL.iter().map(|form| (form.code(), form.words()))) {
        let row = format!("| `{code}` | {} |", words.en);
        assert!(records.contains(&row), "docs/records.md lacks the row: {row}");
    }
}

/// The table of a body: one row a member, those of inner objects after their own.
fn table(schema: &Schema) -> String {
    let mut table = "| member | type | required | meaning |\n|---|---|---|---|\n".to_owned();
    rows(schema, "", &mut table);
    table
}

fn rows(schema: &Schema, path: &str, table: &mut String) {
    match schema {
        text if *text == Text::schema() => {}
        Schema::Object(members) => members.iter().for_each(|member| row(member, path, table)),
        Schema::List { item, .. } => rows(item, &format!("{path}[]"), table),
        Schema::Map { value, .. } => rows(value, &format!("{path}.*"), table),
        _ => {}
    }
}

fn row(member: &MemberSchema, path: &str, table: &mut String) {
    let path = if path.is_empty() { member.name.to_owned() } else { format!("{path}.{}", member.name) };
    let (required, meaning) = (if member.required { "yes" } else { "no" }, member.doc.trim());
    table.push_str(&format!("| `{path}` | {} | {required} | {meaning} |\n", type_of(&member.schema)));
    rows(&member.schema, &path, table);
}

/// The words of a type; the forms in them are explained at the head of the document.
fn type_of(schema: &Schema) -> String {
    match schema {
        text if *text == Text::schema() => "text".into(),
        Schema::Bool => "boolean".into(),
        Schema::Int { min, max } if *max == INT_MAX => format!("integer ≥ {}", grouped(*min)),
        Schema::Int { min, max } => format!("integer, {} to {}", grouped(*min), grouped(*max)),
        Schema::Text { form, max } => match *form {
            "one line of text" => format!("line ≤ {max}"),
            "ASCII letters, digits and `. _ / -`" => format!("code ≤ {max}"),
            "`sha256:` and 64 lower-case hexadecimal digits" => "digest".into(),
            "a second of UTC, `YYYY-MM-DDTHH:MM:SSZ`" => "time".into(),
            "a verifier key, `name+key id+base64`" => "vkey".into(),
            "a key name, `<authority>/<role>/<label>`" => "key name".into(),
            "a slot, such as `A1`" => "slot".into(),
            "a limit, `<n>h` or `<n>d`" => "span".into(),
            form => form.to_owned(),
        },
        Schema::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Schema::List { item, min, max } => format!("list of {min} to {max}: {}", type_of(item)),
        Schema::Object(_) => "object".into(),
        Schema::Map { names, .. } => format!("object with a member for {names}"),
    }
}

/// A number with its thousands apart.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("−{text}") } else { text }
}

/// The text of the fenced block of `language` that follows `after`.
fn block<'a>(text: &'a str, after: &str, language: &str) -> &'a str {
    let rest = text.split_once(after).map_or("", |(_, rest)| rest);
    let block = rest.split_once(&format!("```{language}\n")).and_then(|(_, rest)| rest.split_once("```"));
    block.unwrap_or_else(|| panic!("a block of {language} follows {after:?}")).0
}

#[test]
fn the_example_record_is_good_and_laid_out_as_the_program_does() {
    let records = read(&root().join("docs/records.md"));
    let example = block(&records, "## An example", "text");
    let vkey = records.lines().find(|line| line.starts_with("US/centre/washington+")).expect("the example's key");
    let signed = Signed::parse(example.as_bytes()).unwrap_or_else(|malformed| panic!("{malformed:?}"));
    let note = Note::parse(example.as_bytes()).expect("a note");
    open(&note, &[Verifier::parse(vkey).expect("a verifier key")]).expect("a good signature");
    let object: serde_json::Value = serde_json::from_str(signed.json()).expect("JSON");
    assert_eq!(lay_out(&signed.record.origin, &object), signed.text());
    assert!(records.contains(&signed.digest.to_string()), "the digest of the example is {}", signed.digest);
}

#[test]
fn the_page_on_reciprocity_has_every_clause_state_kind_and_ruling() {
    let page = read(&root().join("docs/reciprocity.md"));
    for section in 1..=8 {
        assert!(page.contains(&format!("\n## {section} ")), "section {section} is missing");
    }
    for clause in 1..=7 {
        assert!(page.contains(&format!("\n### 3.{clause} ")), "clause §3.{clause} is missing");
    }
    let states = State::ALL.iter().map(|state| state.as_str());
    for word in states.chain(Viewer::ALL.iter().map(|viewer| viewer.as_str())) {
        assert!(page.contains(word), "{word} is missing");
    }
    for kind in ObligationKind::ALL {
        assert!(page.contains(&format!("\n| {kind} |")), "the table of section 6 lacks {kind}");
    }
    let rulings = page.split_once("\n## 7 ").and_then(|(_, rest)| rest.split_once("\n## 8 ")).expect("section 7").0;
    let numbers = rulings.lines().filter_map(|line| line.split_once(". ")?.0.parse::<u32>().ok());
    assert_eq!(numbers.collect::<Vec<_>>(), (1..=46).collect::<Vec<_>>());
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for (path, text) in all() {
        let folder = Path::new(&path).parent().expect("a document is in a folder").to_owned();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let file = target.split('#').next().unwrap_or_default();
            assert!(folder.join(file).exists(), "{path} links to {target}, which is not there");
        }
    }
}

#[test]
fn every_setting_of_the_containers_is_one_that_a_command_takes() {
    let commands: String = source(&root().join("src/cli"));
    let mut found = 0;
    for name in ["docker-compose.yml", "Dockerfile"] {
        let text = read(&root().join(name));
        for (at, _) in text.match_indices("COUNTERSIGN_") {
            let setting: String = text[at..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            assert!(commands.contains(&format!("env = \"{setting}\"")), "{name}: no command reads {setting}");
            found += 1;
        }
    }
    assert!(found > 10, "the settings were found");
}

/// Every source file below a folder, one after the other.
fn source(folder: &Path) -> String {
    let items = std::fs::read_dir(folder).expect("a folder").map(|item| item.expect("readable").path());
    items.map(|path| if path.is_dir() { source(&path) } else { read(&path) }).collect()
}
