//! Every answer that says no: problem details (RFC 9457), in English or Russian.
//!
//! A [`Problem`] has a code that never changes, a sentence, and every fault that was found, each with a pointer into
//! the record's JSON or with the line of the note. Handlers answer with a problem; [`render`] turns it into a response
//! at the very end, when the language of the reader and the id of the request are known.
//!
//! Invariants: a problem never repeats what was sent, and never says of what is hidden more than of what is absent.
//!
//! Deliberately absent: the wording of faults and refusals, which stands where they are found.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::json::Fault;
use crate::service::query::QueryError;
use crate::service::sequencer::Unavailable;
use crate::service::submit::SubmitError;
use crate::treaty::record::Malformed;
use crate::treaty::refusal::Refused;
use crate::words::{Lang, Words};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One fault in what was sent.
#[derive(Clone, Debug)]
pub struct Detail {
    /// An RFC 6901 pointer into the record's JSON, or the name of a parameter; empty where the fault is on a line.
    pub pointer: String,
    /// The line of the note, where the fault lies outside the JSON.
    pub line: Option<u32>,
    /// The stable code.
    pub code: &'static str,
    /// The section of `docs/rules.md`, where a rule refuses.
    pub provision: Option<&'static str>,
    /// For people.
    pub words: Words,
}

/// An answer that says no.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// What kind of problem it is.
    pub title: Words,
    /// What happened this time, and what to do.
    pub detail: Words,
    /// Every fault.
    pub errors: Vec<Detail>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
    /// The clerk's note about a record that was authentic and refused.
    pub refusal: Option<String>,
}

impl Problem {
    /// A problem without single faults.
    pub const fn new(status: StatusCode, code: &'static str, title: Words, detail: Words) -> Problem {
        Problem { status, code, title, detail, errors: Vec::new(), retry_after: None, refusal: None }
    }

    /// Nothing here, or nothing that the asker may know of.
    pub const fn not_found() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            Words::fixed("Not found", "Не найдено"),
            Words::fixed(
                "There is no such thing, or your token does not let you see it.",
                "Такого объекта нет, либо ваш токен не даёт права его видеть.",
            ),
        )
    }

    /// No such route.
    pub const fn route_unknown() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "route_unknown",
            Words::fixed("No such address", "Нет такого адреса"),
            Words::fixed(
                "This server has no such address. The addresses begin with /v1/; see the documentation.",
                "На этом сервере нет такого адреса. Адреса начинаются с /v1/; см. документацию.",
            ),
        )
    }

    /// The address is there, the method is not.
    pub const fn method_not_allowed() -> Problem {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            Words::fixed("Method not allowed", "Метод не поддерживается"),
            Words::fixed(
                "This address does not know this method; the header Allow names those that it knows.",
                "Этот адрес не поддерживает данный метод; поддерживаемые указаны в заголовке Allow.",
            ),
        )
    }

    /// A token is needed.
    pub const fn token_required() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "token_required",
            Words::fixed("A token is required", "Требуется токен"),
            Words::fixed(
                "Send a token that is in force in the header Authorization: Bearer cs_….",
                "Передайте действующий токен в заголовке Authorization: Bearer cs_….",
            ),
        )
    }

    /// More than may be sent here.
    pub fn too_large(limit: usize) -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            Words::fixed("Too large", "Слишком большой объём"),
            Words::new(
                format!("At most {limit} bytes may be sent here."),
                format!("Сюда можно отправить не более {limit} байт."),
            ),
        )
    }

    /// Another media type is wanted.
    pub fn media_type(wanted: &str) -> Problem {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            Words::fixed("Unsupported media type", "Неподдерживаемый тип содержимого"),
            Words::new(format!("Send it as Content-Type: {wanted}."), format!("Отправьте с Content-Type: {wanted}.")),
        )
    }

    /// The body did not come, or came too slowly.
    pub const fn body_incomplete() -> Problem {
        Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_incomplete",
            Words::fixed("The body did not arrive", "Тело запроса не получено"),
            Words::fixed(
                "The body of the request did not arrive whole and in time. Send it again.",
                "Тело запроса не получено целиком и вовремя. Отправьте его ещё раз.",
            ),
        )
    }

    /// Parameters that are unknown, repeated or ill-formed.
    pub fn parameters(errors: Vec<Detail>) -> Problem {
        let mut problem = Problem::new(
            StatusCode::BAD_REQUEST,
            "parameters",
            Words::fixed("Wrong parameters", "Неверные параметры"),
            Words::fixed("See errors for each parameter.", "См. errors по каждому параметру."),
        );
        problem.errors = errors;
        problem
    }

    /// Too much from one address.
    pub fn too_many_failures(retry_after: u32) -> Problem {
        let mut problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_failures",
            Words::fixed("Too many failures", "Слишком много неудачных попыток"),
            Words::fixed(
                "Too many records with bad signatures came from this address. Wait, then send again.",
                "С этого адреса поступило слишком много записей с неверными подписями. Подождите и повторите.",
            ),
        );
        problem.retry_after = Some(retry_after);
        problem
    }

    /// The ledger cannot answer or write now.
    pub fn unavailable(code: &'static str, detail: Words, retry_after: u32) -> Problem {
        let title = Words::fixed("Not available now", "Сейчас недоступно");
        let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, title, detail);
        problem.retry_after = Some(retry_after);
        problem
    }

    /// A text that is not a record, with every fault.
    pub fn malformed(malformed: &Malformed) -> Problem {
        let status =
            if malformed.code == "too_large" { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        let mut problem = Problem::new(
            status,
            malformed.code,
            Words::fixed("Not a record", "Это не запись"),
            Words::fixed(
                "What was sent is not a record of this ledger; nothing was stored. See errors for every fault.",
                "Отправленное не является записью этого реестра; ничего не сохранено. Все недостатки указаны в errors.",
            ),
        );
        problem.errors = malformed.faults.iter().map(Detail::fault).collect();
        problem
    }

    /// A record that the rules refuse, with every reason.
    pub fn refused(refused: &[Refused]) -> Problem {
        let mut problem = Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            refused.first().map_or("refused", |first| first.refusal.code()),
            Words::fixed("The record is refused", "Запись не принята"),
            Words::fixed(
                "The rules do not let this record into the ledger; nothing was stored. See errors for every reason.",
                "Правила не допускают эту запись в реестр; ничего не сохранено. Все причины указаны в errors.",
            ),
        );
        problem.errors = refused.iter().map(Detail::refused).collect();
        problem
    }

    fn conflict(index: u64) -> Problem {
        Problem::new(
            StatusCode::CONFLICT,
            "id_conflict",
            Words::fixed("The id is taken", "Идентификатор занят"),
            Words::new(
                format!(
                    "The same author used this id for another text, at index {index}. Use a new id and sign again."
                ),
                format!(
                    "Тот же автор использовал этот идентификатор для другого текста, запись {index}. Возьмите новый идентификатор и подпишите заново."
                ),
            ),
        )
    }
}

impl Detail {
    /// A fault of form. Faults outside the JSON name their line.
    pub fn fault(fault: &Fault) -> Detail {
        let line = fault.pointer.is_empty().then_some(fault.line);
        let words = fault.detail.clone();
        Detail { pointer: fault.pointer.clone(), line, code: fault.code, provision: None, words }
    }

    /// A reason of the rules.
    fn refused(refused: &Refused) -> Detail {
        Detail {
            pointer: refused.pointer.clone(),
            line: None,
            code: refused.refusal.code(),
            provision: Some(refused.refusal.provision()),
            words: refused.words(),
        }
    }

    fn to_json(&self, lang: Lang) -> Value {
        let mut value = json!({});
        match self.line {
            Some(line) => value["line"] = line.into(),
            None => value["pointer"] = self.pointer.as_str().into(),
        }
        value["code"] = self.code.into();
        if let Some(provision) = self.provision {
            value["provision"] = provision.into();
        }
        value["detail"] = self.words.in_lang(lang).into();
        value
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Problem {
        match error {
            SubmitError::Malformed(malformed) => Problem::malformed(&malformed),
            SubmitError::Refused { refused, note, .. } => {
                let mut problem = Problem::refused(&refused);
                problem.refusal = note;
                problem
            }
            SubmitError::Conflict(index) => Problem::conflict(index),
            SubmitError::Unavailable(Unavailable::TryAgain(_)) | SubmitError::Store(_) => Problem::unavailable(
                "try_again",
                Words::fixed(
                    "The record could not be written now. Send the same bytes again: that is always safe.",
                    "Сейчас запись сохранить не удалось. Отправьте те же байты ещё раз: это всегда безопасно.",
                ),
                1,
            ),
            SubmitError::ReadOnly(missing) => Problem::read_only(&missing),
            SubmitError::Unavailable(Unavailable::Halted(_)) => Problem::unavailable(
                "halted",
                Words::fixed(
                    "The ledger has stopped writing until its operator has looked. Keep the record and send it later.",
                    "Реестр прекратил запись до вмешательства оператора. Сохраните запись и отправьте её позже.",
                ),
                60,
            ),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Problem {
        match error {
            QueryError::NotFound => Problem::not_found(),
            QueryError::NotYet => Problem::not_yet(),
            QueryError::NotFinal => Problem::not_final(),
            QueryError::Stopping(stopping) => stopping.into(),
            QueryError::Sign => {
                tracing::error!("an answer needs a signature by a key that this server was not given");
                Problem::unavailable(
                    "try_again",
                    Words::fixed("The ledger lacks a key for this answer.", "У реестра нет ключа для этого ответа."),
                    60,
                )
            }
            QueryError::Store(_) => {
                tracing::error!(%error, "a question could not be answered");
                Problem::unavailable(
                    "try_again",
                    Words::fixed(
                        "The database does not answer. Try again.",
                        "База данных не отвечает. Повторите запрос.",
                    ),
                    1,
                )
            }
        }
    }
}

/// Carries the problem to [`render`].
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a response carries, if it carries one.
pub fn render(mut response: Response, instance: &str, lang: Lang, request_id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let mut body = json!({
        "type": format!("/problems/{}", problem.code),
        "title": problem.title.in_lang(lang),
        "status": problem.status.as_u16(),
        "detail": problem.detail.in_lang(lang),
        "instance": instance,
        "code": problem.code,
        "request_id": request_id,
    });
    if !problem.errors.is_empty() {
        body["errors"] = problem.errors.iter().map(|detail| detail.to_json(lang)).collect();
    }
    if let Some(refusal) = problem.refusal {
        body["refusal"] = refusal.into();
    }
    *response.body_mut() = Body::from(format!("{body}\n"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let tag = if lang == Lang::Ru { "ru" } else { "en" };
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tag));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if problem.status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::UPGRADE, HeaderValue::from_static("HTTP/1.1"));
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
