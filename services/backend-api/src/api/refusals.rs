//! What operations refuse, as the document tells it: statuses, and the stable codes of the problems.
//!
//! A group is what a kind of request can be refused for. An operation names its groups beside its answers; where several
//! have the same status, [`merge`] makes one response of them.

use std::collections::BTreeMap;

use utoipa::IntoResponses as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Header, OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// Where the codes stand until [`merge`] writes them into the schema.
const CODES: &str = "x-problem-codes";

/// Declares groups of refusals: for each status the codes, and what they mean.
macro_rules! refusals {
    ($($(#[$doc:meta])+ $name:ident { $($status:literal [$($code:literal),+] => $description:literal,)+ })+) => {$(
        $(#[$doc])+
        #[derive(Debug)]
        pub struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                // Under a key of its own, so that another group does not take its place.
                std::collections::BTreeMap::from([$((
                    concat!($status, " ", stringify!($name)).to_owned(),
                    utoipa::openapi::RefOr::T($crate::api::refusals::refusal($description, &[$($code),+])),
                ),)+])
            }
        }
    )+};
}
pub(crate) use refusals;

refusals! {
    /// What every operation may answer, whatever it does.
    AnyRefusals {
        "422" ["validation_failed"] => "The request is invalid; see errors",
        "429" ["rate_limited"] => "Too many requests; RateLimit says of what",
        "503" ["overloaded"] => "There is too much to do right now",
    }
    /// What every operation with a token may answer.
    CallerRefusals {
        "401" ["token_missing", "token_malformed", "token_algorithm_refused", "token_expired", "token_signature_invalid",
            "token_issuer_unknown", "token_audience_wrong", "token_key_unknown", "token_claims_invalid", "user_of_another_issuer"]
            => "No token, a bad token, or a user of another issuer",
        "503" ["database_unavailable", "identity_unavailable"] => "The database or the issuer of the token is out of reach",
    }
    /// The same where the path names the user.
    UserPathRefusals {
        "401" ["user_mismatch"] => "Another user's path",
    }
    /// What handing out credentials may answer.
    CredentialsRefusals {
        "503" ["busy", "database_unavailable"] => "The database is out of reach, or too many people are signing in",
    }
    /// What every operation with a body may answer.
    BodyRefusals {
        "400" ["body_incomplete", "json_syntax"] => "The body cannot be read",
        "413" ["body_too_large"] => "The body is larger than 256 KiB",
        "415" ["unsupported_media_type"] => "The body is not JSON",
    }
    /// What a list may answer.
    ListRefusals {
        "400" ["cursor_invalid"] => "The cursor is not one of this list",
    }
    /// What an operation on a task that exists may answer.
    TaskRefusals {
        "400" ["entity_tag_invalid"] => "The condition is no list of entity tags",
        "404" ["not_found"] => "The task is not there, or not yours to know",
    }
    /// What a change of a task may answer besides.
    EditRefusals {
        "412" ["version_stale"] => "The task has changed; see current",
    }
    /// What an operation may answer that notification-service carries out.
    NotificationRefusals {
        "503" ["service_unavailable"] => "The keeper of reminders and notifications is out of reach",
    }
    /// What an operation may answer that recurring-task-service carries out.
    SeriesRefusals {
        "503" ["service_unavailable"] => "The keeper of the series is out of reach",
    }
    /// What an operation with an Idempotency-Key may answer.
    OnceRefusals {
        "400" ["idempotency_key_invalid"] => "The Idempotency-Key is not 1 to 255 visible ASCII characters",
        "409" ["idempotency_in_flight"] => "A request with this Idempotency-Key is under way",
        "422" ["idempotency_key_reused"] => "The Idempotency-Key was used for another request",
    }
}

/// One refusal of a group.
pub(crate) fn refusal(description: &str, codes: &[&str]) -> Response {
    let codes = FromIterator::from_iter([(CODES, codes)]);
    ResponseBuilder::new().description(description).extensions(Some(codes)).build()
}

/// Makes one response of the refusals of each status, whose `code` is one of those that were named.
pub fn merge(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.extend(AnyRefusals::responses());
            if path.contains("{user_id}") {
                operation.responses.responses.extend(UserPathRefusals::responses());
            }
            merge_operation(operation);
        }
    }
}

fn merge_operation(operation: &mut Operation) {
    let mut groups: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    operation.responses.responses.retain(|key, response| {
        let Some((status, _)) = key.split_once(' ') else { return true };
        let RefOr::T(response) = response else { return true };
        let (descriptions, codes) = groups.entry(status.to_owned()).or_default();
        descriptions.push(response.description.clone());
        let named = response.extensions.iter().filter_map(|extensions| extensions.get(CODES)?.as_array()).flatten();
        codes.extend(named.filter_map(|code| code.as_str().map(str::to_owned)));
        false
    });
    for (status, (mut descriptions, mut codes)) in groups {
        descriptions.dedup();
        codes.sort_unstable();
        codes.dedup();
        let mut problem = problem(&descriptions.join(". "), codes);
        if ["429", "503"].contains(&status.as_str()) {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
            problem.headers.insert("Retry-After".to_owned(), Header::new(seconds).into());
        }
        operation.responses.responses.insert(status, RefOr::T(problem));
    }
}

/// A problem (RFC 9457) with one of `codes`.
fn problem(description: &str, codes: Vec<String>) -> Response {
    let code = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes));
    let narrowed = ObjectBuilder::new().property("code", code).build();
    let schema = AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(narrowed).build();
    let content = ContentBuilder::new().schema(Some(Schema::AllOf(schema))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
