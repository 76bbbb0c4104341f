//! The log itself, for programs that know transparency logs: checkpoint, tiles, proofs, policy; and health.
//!
//! Deliberately absent: what an entry means.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use serde_json::json;

use super::access::Asked;
use super::etag::Hashed;
use super::operation::Id;
use super::problem::{Detail, Problem};
use super::request::{Parameters, Path};
use super::{App, TEXT, json, status, typed};
use crate::service::gate::decide::Missing;
use crate::service::published::Published;
use crate::service::view;
use crate::tlog::TreeError;
use crate::tlog::checkpoint::decimal;
use crate::words::Words;

type Answer = Result<Response, Problem>;

/// `GET /livez`: the process answers.
pub async fn livez(uri: Uri) -> Answer {
    Parameters::none(&uri)?;
    Ok(never_kept(typed(TEXT, "ok\n")))
}

/// An answer about this moment, which nobody is to keep.
fn never_kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `GET /readyz`: the database answers and the ledger writes.
pub async fn readyz(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    Parameters::none(&uri)?;
    let published = app.ledger.now();
    if let Some(missing) = &app.ledger.standing.missing {
        return Err(Problem::read_only(missing));
    }
    if published.halted.load().is_some() {
        let detail = Words::fixed(
            "The ledger has stopped writing; its operator finds the reason in the log of the server.",
            "Реестр прекратил запись; причина указана в журнале сервера.",
        );
        return Err(Problem::unavailable("halted", detail, 60));
    }
    if app.ledger.reader.ping().await.is_err() {
        let detail = Words::fixed("The database does not answer.", "База данных не отвечает.");
        return Err(Problem::unavailable("database", detail, 1));
    }
    Ok(never_kept(typed(TEXT, "ready\n")))
}

impl Problem {
    /// A ledger that was rolled back, and what is missing.
    pub fn read_only(missing: &Missing) -> Problem {
        let (from, last, by) = (missing.from, missing.to.saturating_sub(1), &missing.by);
        let detail = Words::new(
            format!(
                "This ledger was rolled back: entries {from} to {last}, which {by} knows of, are missing, and nothing is written. Keep the record and send it later, or to a mirror. The operator restores them from a mirror: countersign serve --restore-from URL."
            ),
            format!(
                "Реестр был откачен назад: отсутствуют записи {from}–{last} (о них знает {by}), запись не ведётся. Сохраните документ и отправьте его позже или в зеркало. Оператор восстанавливает записи из зеркала: countersign serve --restore-from URL."
            ),
        );
        Problem::unavailable("read_only", detail, 60)
    }
}

/// `GET /v1/log`: name, keys and newest checkpoint. Public.
pub async fn about(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    Parameters::none(&uri)?;
    let published = app.ledger.now();
    let terms = published.replica.register().terms().ok_or(Problem::not_found())?;
    Ok(json(&view::log(&published, terms, &app.ledger.trust.to_string())))
}

/// `GET /v1/log/policy`: the keys and the quorum, as C2SP tlog-policy. Public.
pub async fn policy(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    Parameters::none(&uri)?;
    Ok(typed(TEXT, app.ledger.policy().ok_or(Problem::not_found())?))
}

/// Heads that one answer holds at most.
const HEADS: usize = 4_096;

/// `GET /v1/log/heads`: the heads that were committed, a size and a root in base64 in each line.
pub async fn heads(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let mut parameters = Parameters::read(&asked.uri, Id::Heads.operation().query);
    let after = parameters.take("after", decimal).unwrap_or(0);
    parameters.finish()?;
    let published = tree(&app, &asked)?;
    let (sizes, tree) = (published.sizes(), published.replica.tree());
    let from = sizes.binary_search(&after).map_or_else(|place| place, |place| place + 1);
    let heads = sizes.iter().skip(from).take(HEADS).filter_map(|&size| Some((size, tree.root_at(size)?)));
    Ok(typed(TEXT, heads.map(|(size, root)| format!("{size} {}\n", root.to_base64())).collect::<String>()))
}

/// `GET /v1/log/accesses`: where the record of accesses stands, for those who read everything.
pub async fn accesses(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let mut parameters = status::parameters(&asked, Id::Accesses)?;
    let count = parameters.take("count", decimal);
    parameters.finish()?;
    Ok(never_kept(typed(TEXT, app.ledger.access_head(count).await?)))
}

/// `GET /v1/log/accesses/links`: the links of that record, in base64, one in each line.
pub async fn access_links(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let mut parameters = status::parameters(&asked, Id::AccessLinks)?;
    let after = parameters.take("after", decimal).unwrap_or(0);
    parameters.finish()?;
    let links = app.ledger.access_links(after).await?;
    Ok(never_kept(typed(TEXT, links.iter().map(|link| link.to_base64() + "\n").collect::<String>())))
}

/// `GET /v1/log/cosigners`: how each cosigner stands, and the newest final checkpoint.
pub async fn cosigners(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    Parameters::none(&asked.uri)?;
    tree(&app, &asked)?;
    Ok(never_kept(json(&view::cosigners(&app.ledger))))
}

/// `GET /checkpoint`: the newest signed checkpoint, as C2SP tlog-checkpoint, with the cosignatures that it has.
pub async fn checkpoint(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    Parameters::none(&asked.uri)?;
    let published = tree(&app, &asked)?;
    let newest = app.ledger.checkpoint_at(&published, published.size()).ok_or(Problem::not_found())?;
    let mut response = typed(TEXT, newest);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// `GET /tile/…`: hash tiles, as C2SP tlog-tiles.
pub async fn tile(State(app): State<Arc<App>>, Path(path): Path<String>, asked: Asked) -> Answer {
    Parameters::none(&asked.uri)?;
    any_tile(&app, &asked, &path).await
}

/// `GET /tile/entries/…`: entries, for those who read everything.
pub async fn entry_tile(State(app): State<Arc<App>>, Path(path): Path<String>, asked: Asked) -> Answer {
    Parameters::none(&asked.uri)?;
    any_tile(&app, &asked, &format!("entries/{path}")).await
}

async fn any_tile(app: &App, asked: &Asked, path: &str) -> Answer {
    let published = tree(app, asked)?;
    let (bytes, hash) = app.ledger.tile(&published, &asked.principal, path).await?;
    let mut response = typed("application/octet-stream", bytes);
    if let Some(hash) = hash {
        response.extensions_mut().insert(Hashed(hash));
    }
    let immutable = HeaderValue::from_static("private, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, immutable);
    Ok(response)
}

/// `GET /v1/log/proofs/inclusion/{index}/{size}`.
pub async fn inclusion(
    State(app): State<Arc<App>>,
    Path((index, size)): Path<(String, String)>,
    asked: Asked,
) -> Answer {
    Parameters::none(&asked.uri)?;
    let published = tree(&app, &asked)?;
    let (index, size) = (number(&index)?, number(&size)?);
    let tree = published.replica.tree();
    let hashes = tree.prove_inclusion(index, size).map_err(out_of_range)?;
    let hashes: Vec<String> = hashes.iter().map(|hash| hash.to_base64()).collect();
    let leaf = tree.leaf(index).map(|leaf| leaf.to_base64());
    let root = tree.root_at(size).map(|root| root.to_base64());
    Ok(json(&json!({ "index": index, "size": size, "leaf_hash": leaf, "root": root, "hashes": hashes })))
}

/// `GET /v1/log/proofs/consistency/{first}/{second}`.
pub async fn consistency(
    State(app): State<Arc<App>>,
    Path((first, second)): Path<(String, String)>,
    asked: Asked,
) -> Answer {
    Parameters::none(&asked.uri)?;
    let published = tree(&app, &asked)?;
    let (first, second) = (number(&first)?, number(&second)?);
    let tree = published.replica.tree();
    let hashes = tree.prove_consistency(first, second).map_err(out_of_range)?;
    let hashes: Vec<String> = hashes.iter().map(|hash| hash.to_base64()).collect();
    let root = |size| tree.root_at(size).map(|root| root.to_base64());
    let (first_root, second_root) = (root(first), root(second));
    Ok(json(&json!({
        "first": first, "second": second, "first_root": first_root, "second_root": second_root, "hashes": hashes,
    })))
}

/// The tree, for whoever may read it.
fn tree(app: &App, asked: &Asked) -> Result<Arc<Published>, Problem> {
    let published = app.ledger.now();
    if asked.principal.may_read_tree(&published.replica) { Ok(published) } else { Err(Problem::token_required()) }
}

fn number(text: &str) -> Result<u64, Problem> {
    decimal(text).ok_or(Problem::not_found())
}

fn out_of_range(error: TreeError) -> Problem {
    let words = match error {
        TreeError::NoSuchSize { size, current } => Words::new(
            format!("The log has never had the size {size}; it has {current} entries."),
            format!("Журнал никогда не имел размера {size}; в нём записей: {current}."),
        ),
        TreeError::NoSuchIndex { index, size } => Words::new(
            format!("Index {index} lies outside a tree of size {size}."),
            format!("Номер {index} лежит вне дерева размера {size}."),
        ),
        TreeError::WrongOrder { first, second } => Words::new(
            format!("The first size, {first}, is greater than the second, {second}."),
            format!("Первый размер, {first}, больше второго, {second}."),
        ),
    };
    let mut problem = Problem::parameters(vec![Detail {
        pointer: String::new(),
        line: None,
        code: "out_of_range",
        provision: None,
        words,
    }]);
    problem.status = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    problem
}
