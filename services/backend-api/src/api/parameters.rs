//! Unknown query parameters, which every operation refuses: those that it has are in the document.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Query, Request};
use axum::http::{Extensions, Method, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use platform::problem::{FieldError, Problem};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr, SecurityRequirement};

use crate::app::App;

/// What an operation makes of a query.
#[derive(Debug)]
struct Parameters {
    names: Vec<String>,
    /// Nobody has to say who they are first.
    public: bool,
}

/// What was unknown in the query of the request, to be told to those who may ask.
#[derive(Clone, Debug)]
struct Unknown(Vec<String>);

/// Refuses what the operations of `document` have no parameter for: public ones at once, others when the caller is known
/// ([`refuse_unknown`]).
pub fn check_all(router: Router<App>, document: &OpenApi) -> Router<App> {
    let known = Arc::new(known(document));
    router.route_layer(from_fn(move |mut request: Request, next: Next| {
        let refused = examine(&known, &mut request);
        async move {
            match refused {
                Ok(()) => next.run(request).await,
                Err(refusal) => refusal.into_response(),
            }
        }
    }))
}

/// Refuses the request of a caller who is known.
///
/// # Errors
/// 422 `unknown_parameter` for each parameter that the operation does not have.
pub fn refuse_unknown(extensions: &Extensions) -> Result<(), Problem> {
    extensions.get().map_or(Ok(()), |Unknown(names)| Err(refusal(names)))
}

fn examine(known: &HashMap<(Method, String), Parameters>, request: &mut Request) -> Result<(), Problem> {
    if request.uri().query().is_none() {
        return Ok(());
    }
    let Some(path) = request.extensions().get::<MatchedPath>() else { return Ok(()) };
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let Some(operation) = known.get(&(method, path.as_str().to_owned())) else { return Ok(()) };
    let unknown = operation.unknown(request.uri());
    if unknown.is_empty() {
        return Ok(());
    }
    if operation.public {
        return Err(refusal(&unknown));
    }
    request.extensions_mut().insert(Unknown(unknown));
    Ok(())
}

impl Parameters {
    fn of(operation: &Operation) -> Self {
        let in_query = |parameter: &RefOr<Parameter>| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
            _ => None,
        };
        let names = operation.parameters.iter().flatten().filter_map(in_query).collect();
        let nobody = SecurityRequirement::default();
        Self { names, public: operation.security.as_ref().is_some_and(|schemes| schemes.contains(&nobody)) }
    }

    fn unknown(&self, uri: &Uri) -> Vec<String> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs);
        pairs.into_iter().map(|(name, _)| name).filter(|name| !self.names.contains(name)).collect()
    }
}

fn known(document: &OpenApi) -> HashMap<(Method, String), Parameters> {
    let operations = document.paths.paths.iter().flat_map(|(path, item)| {
        [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ]
        .into_iter()
        .filter_map(|(method, operation)| Some(((method, path.clone()), Parameters::of(operation.as_ref()?))))
    });
    operations.collect()
}

fn refusal(unknown: &[String]) -> Problem {
    let error = |name: &String| {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        FieldError::new(pointer, "unknown_parameter", "There is no such query parameter. Leave it out.")
    };
    Problem::validation(unknown.iter().map(error).collect())
}
