//! The table of operations, the router, the published description and the access matrix agree, and every example runs.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use countersign::api::operation::{Caller, May, Method, Mistake, OPERATIONS, Operation, Sent};
use countersign::api::server::Timers;
use countersign::hash::Hash;
use countersign::store::token::Reading;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::foreign::{has_program, run_python};
use super::support::http::{Answer, Call};
use super::support::ledger::{draft, signed};
use super::support::program::Demo;
use super::support::records::{designating, digest};
use super::support::stock::Stock;

/// A ledger in which every example has an answer.
struct Described {
    stock: Stock,
    /// The digest of an intent to visit A1.
    visit: String,
    bundle: Vec<u8>,
}

impl Described {
    async fn new(public: bool) -> Option<Described> {
        let stock = Stock::new(public).await?;
        let body = json!({ "slot": "A1", "eta": "2026-03-05T12:00:00Z", "poe": "POE-1", "type": "quota" });
        let mut intent = draft(Kind::Intent, &["RU/centre/1"], body);
        intent.number = 100;
        let note = signed(&intent);
        stock.api.record(&note).await;
        let bundle = stock.api.get("/v1/records/6/bundle", &stock.us).await.expect(200).body;
        Some(Described { stock, visit: digest(&note).to_string(), bundle })
    }

    /// What is sent in an example; a record is a new one each time.
    fn file(&self, sent: Sent) -> Vec<u8> {
        let record = draft(Kind::Designation, &["US/centre/1"], designating("B1", "designate"));
        match sent {
            Sent::Note => signed(&record).into_bytes(),
            Sent::Record => {
                let text = record.text(super::support::ledger::ORIGIN);
                text.splitn(3, '\n').nth(2).expect("an object").as_bytes().to_vec()
            }
            Sent::Checkpoint => self.stock.api.ledger.now().checkpoint.as_bytes().to_vec(),
            Sent::Bundle => self.bundle.clone(),
            Sent::Supposition => br#"{ "view": "all", "limits": { "notice": "48h" } }"#.to_vec(),
        }
    }

    /// The call of an example.
    fn call(&self, operation: &Operation) -> Call {
        let call = Call::new(operation.method.as_str(), &operation.example.path.replace("$VISIT", &self.visit));
        match operation.sent {
            Some(sent) => call.header("content-type", sent.media_type()).body(&self.file(sent)),
            None => call,
        }
    }
}

fn is_success(operation: &Operation, answer: &Answer) -> bool {
    [200, operation.status()].contains(&answer.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_caller_as_the_access_matrix_says() {
    for public in [true, false] {
        let Some(described) = Described::new(public).await else { return };
        let (api, stock) = (&described.stock.api, &described.stock);
        let pl = api.token("PL", Reading::Host).await;
        // The examples are about A1, which lies in Romania.
        let callers = [
            ("nobody", Caller::Anonymous, None, false),
            ("RO", Caller::Host, Some(&stock.ro), true),
            ("PL", Caller::Host, Some(&pl), false),
            ("US", Caller::Party, Some(&stock.us), true),
            ("RU auditor", Caller::Party, Some(&stock.auditor), true),
        ];
        for operation in OPERATIONS {
            for (name, caller, token, own) in &callers {
                let call = described.call(operation);
                let answer = api.send(token.map_or(call.clone(), |token| call.token(token))).await;
                let at = format!("{} by {name}, public {public}: {}", operation.path, answer.status);
                let may = match operation.access.may(*caller) {
                    May::Yes => true,
                    May::No => false,
                    May::IfPublic => public,
                    May::Own => *own,
                };
                match (may, caller) {
                    (true, _) => assert!(is_success(operation, &answer), "{at}: {}", answer.text()),
                    (false, Caller::Anonymous) if operation.path.starts_with("/tile/entries") && public => {
                        drop(answer.problem(404, "not_found"));
                    }
                    (false, Caller::Anonymous) => drop(answer.problem(401, "token_required")),
                    (false, _) => drop(answer.problem(404, "not_found")),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_gives_what_it_says() {
    let Some(described) = Described::new(true).await else { return };
    let listening = described.stock.api.listen(Timers::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let run = |line: String| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{line} -s -o answer -w '%{{http_code}} %{{content_type}}'")]);
        shell.current_dir(folder.path()).env("NO_PROXY", "*").stderr(Stdio::null());
        shell.env("LEDGER", format!("http://{}", listening.address));
        shell.env("TOKEN", &described.stock.us).env("VISIT", &described.visit);
        let said = shell.output().expect("a shell").stdout;
        let body = std::fs::read(folder.path().join("answer")).unwrap_or_default();
        (String::from_utf8(said).expect("text"), body)
    };
    if !has_program("curl") {
        return;
    }
    for operation in OPERATIONS {
        if let Some(sent) = operation.sent {
            std::fs::write(folder.path().join(sent.file()), described.file(sent)).expect("written");
        }
        let line = operation.curl();
        let (said, body) = tokio::task::block_in_place(|| run(line.clone()));
        let (status, media_type) = said.split_once(' ').expect("two words");
        assert_eq!(status, operation.status().to_string(), "{line}: {}", String::from_utf8_lossy(&body));
        let usual = operation.answered.media_types()[0];
        assert_eq!(media_type, usual, "{line}");
        if usual == "application/json" || usual.ends_with("+json") {
            let _: Value = serde_json::from_slice(&body).expect("JSON");
        }
        for mistake in operation.example.mistakes {
            let line = operation.curl_wrong(mistake);
            let (said, body) = tokio::task::block_in_place(|| run(line.clone()));
            let (status, code) = mistake.answer();
            let problem: Value = serde_json::from_slice(&body).expect("a problem");
            assert_eq!(said, format!("{status} application/problem+json"), "{line}: {problem}");
            assert_eq!(problem["code"], code, "{line}");
        }
        let [one, other] = operation.example.mistakes;
        assert_ne!(one, other, "{}", operation.name);
    }
    listening.stop.send(true).expect("running");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_has_every_operation_and_every_kind_and_nothing_else() {
    let Some(described) = Described::new(true).await else { return };
    let spec = described.stock.api.send(Call::get("/v1/openapi.json")).await.expect(200).json();
    assert_eq!(spec["openapi"], "3.1.0");
    let mut found = BTreeSet::new();
    for (path, methods) in spec["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            found.insert((
                method.to_uppercase(),
                path.clone(),
                operation["operationId"].as_str().expect("a name").to_owned(),
            ));
            let matrix = operation["x-access"].as_object().expect("a row");
            assert_eq!(matrix.keys().collect::<Vec<_>>(), ["anonymous", "host", "party_or_auditor"]);
        }
    }
    let row = |o: &Operation| (o.method.as_str().to_owned(), o.template(), o.name.to_owned());
    assert_eq!(found, OPERATIONS.iter().map(row).collect());
    for (path, methods) in spec["paths"].as_object().expect("paths") {
        for parameter in methods["get"]["parameters"].as_array().into_iter().flatten() {
            let must = parameter["in"] == "path" || (path == "/v1/compare" && parameter["name"] == "from");
            assert_eq!(parameter["required"], must, "{path} {parameter}");
        }
    }
    let schemas = &spec["components"]["schemas"];
    for kind in Kind::ALL {
        assert_eq!(schemas[format!("body_{kind}")]["type"], "object", "{kind}");
        assert_eq!(schemas[format!("body_{kind}")]["additionalProperties"], false, "{kind}");
    }
    let text = spec.to_string();
    assert!(!text.contains("nullable"), "a word of 3.0");
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(schemas.get(name).is_some(), "{name}");
    }
}

/// Another program's judgement.
#[tokio::test(flavor = "multi_thread")]
async fn another_program_finds_the_description_valid_and_the_records_as_described() {
    let Some(described) = Described::new(true).await else { return };
    let api = &described.stock.api;
    let spec = api.send(Call::get("/v1/openapi.json")).await.expect(200).json();
    let list = api.get("/v1/records?limit=200", &described.stock.us).await.expect(200).json();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("spec.json"), spec.to_string()).expect("written");
    std::fs::write(folder.path().join("list.json"), list.to_string()).expect("written");
    let bodies = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/bodies");
    let script = "import json, pathlib\n\
        from openapi_spec_validator import validate; from jsonschema import Draft202012Validator; from jsonschema.exceptions import best_match\n\
        spec = json.load(open('spec.json')); validate(spec)\n\
        of = lambda name: Draft202012Validator({'$ref': '#/components/schemas/' + name, 'components': spec['components']})\n\
        records = json.load(open('list.json'))['data']; assert len(records) > 30\n\
        for record in records:\n    \
            error = best_match(of('record').iter_errors(record))\n    \
            assert error is None, (error.message[:300], list(error.absolute_path), error.context)\n\
        for file in pathlib.Path(bodies).glob('*.json'): of('body_' + file.stem).validate(json.load(open(file)))\n\
        bad = dict(records[0]['record'], surplus=1); assert not of('draft').is_valid(bad)\n\
        print(len(records))\n";
    let imports = ["openapi_spec_validator", "jsonschema"];
    let Some(count) = run_python(folder.path(), &imports, &format!("bodies = {}\n{script}", json!(bodies))) else {
        return;
    };
    assert_eq!(count, list["data"].as_array().expect("records").len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_for_people_needs_nothing_from_elsewhere() {
    let Some(described) = Described::new(true).await else { return };
    let answer = described.stock.api.send(Call::get("/v1/docs")).await.expect(200);
    let page = answer.text();
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.contains(&format!("'sha256-{}'", Hash::of(style.as_bytes()).to_base64())), "{policy}");
    for absent in ["<script", "http://", "https://", " style=", " src=", "onclick", "`"] {
        assert!(!page.contains(absent), "{absent}");
    }
    for operation in OPERATIONS {
        assert!(page.contains(&format!("<section id=\"{}\">", operation.name)));
        for name in operation.query {
            let schema = operation.parameter(name).schema;
            for word in schema["enum"].as_array().into_iter().flatten() {
                let word = format!("<code>{}</code>", word.as_str().expect("a word"));
                assert!(page.contains(&word), "{name} of {}: {word}", operation.name);
            }
        }
        let shown = |line: String| line.replace('&', "&amp;").replace('"', "&quot;");
        assert!(page.contains(&shown(operation.curl())), "{}", operation.name);
        for mistake in operation.example.mistakes {
            assert!(page.contains(&shown(operation.curl_wrong(mistake))), "{} {mistake:?}", operation.name);
        }
    }
}

#[test]
fn every_example_has_its_two_errors_and_its_own_address() {
    for operation in OPERATIONS {
        let template = operation.path.split('{').next().unwrap_or_default();
        assert!(operation.example.path.starts_with(template), "{}", operation.name);
        let sends = operation.sent.is_some();
        assert_eq!(sends, operation.method == Method::Post, "{}", operation.name);
        assert!(
            operation
                .example
                .mistakes
                .iter()
                .all(|m| sends || !matches!(m, Mistake::MediaType | Mistake::Malformed(_)))
        );
    }
}

#[test]
fn another_program_finds_the_answers_about_a_whole_year_as_described() {
    let Some(demo) = Demo::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut answers: Vec<Value> = Vec::new();
    let mut add = |shape: &str, answer: &Value| answers.push(json!([shape, answer]));
    let lists =
        [("/v1/sites", "site"), ("/v1/inspections", "visit_line"), ("/v1/keys", "key"), ("/v1/terms", "record")];
    for (path, shape) in lists {
        let list = demo.get(path);
        add("list", &list);
        list["data"].as_array().expect("a list").iter().for_each(|one| add(shape, one));
    }
    for slot in ["A1", "A2", "B1", "B2"] {
        add("site", &demo.get(&format!("/v1/sites/{slot}")));
    }
    for visit in demo.get("/v1/inspections")["data"].as_array().expect("visits") {
        add("visit", &demo.get(visit["links"]["self"].as_str().expect("a link")));
    }
    add("cosigners", &demo.get("/v1/log/cosigners"));
    let spec = demo.get("/v1/openapi.json");
    demo.serving.stop("INT");
    std::fs::write(folder.path().join("spec.json"), spec.to_string()).expect("written");
    std::fs::write(folder.path().join("answers.json"), json!(answers).to_string()).expect("written");
    let script = "import json\n\
        from jsonschema import Draft202012Validator; from jsonschema.exceptions import best_match\n\
        spec, answers = json.load(open('spec.json')), json.load(open('answers.json'))\n\
        of = lambda name: Draft202012Validator({'$ref': '#/components/schemas/' + name, 'components': spec['components']})\n\
        for name, answer in answers:\n    \
            error = best_match(of(name).iter_errors(answer))\n    \
            assert error is None, (name, error.message[:300], list(error.absolute_path), error.context)\n    \
            wanted = spec['components']['schemas'][name]['required']\n    \
            assert not of(name).is_valid({k: v for k, v in answer.items() if k != wanted[0]}), name\n\
        print(len(answers))\n";
    let Some(count) = run_python(folder.path(), &["jsonschema"], script) else { return };
    assert_eq!(count, answers.len());
    assert!(answers.len() > 50);
}
