//! Who may pull: challenges and tokens.

use std::sync::Mutex;

use hyper::{Method, Response};
use serde_json::json;

use super::answer::{Body, answer, error};
use super::state::{State, lock};

/// The token that [`Access::Token`] hands out.
const TOKEN: &str = "t0ken";

/// Who may pull.
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// Everybody, without being asked.
    #[default]
    Open,
    /// User and password with each request.
    Basic(String, String),
    /// A token from `/token`, for `user`, for the holder of `refresh`, or,
    /// where both are `None`, for everybody.
    Token {
        user: Option<(String, String)>,
        refresh: Option<String>,
    },
}

/// 401, unless the request shows what is wanted.
pub(super) fn challenge(state: &Mutex<State>, authorization: &str) -> Option<Response<Body>> {
    let state = lock(state);
    let (wanted, challenge) = match &state.access {
        Access::Open => return None,
        Access::Basic(user, password) => (basic(user, password), "Basic realm=\"test\"".to_owned()),
        Access::Token { .. } => (
            format!("Bearer {TOKEN}"),
            format!(
                "Bearer realm=\"http://{}/token\",service=\"loopback\"",
                state.address?
            ),
        ),
    };
    if authorization == wanted {
        return None;
    }
    let mut refusal = error(401, "UNAUTHORIZED", "authentication required");
    if let Ok(value) = challenge.parse() {
        refusal.headers_mut().insert("www-authenticate", value);
    }
    Some(refusal)
}

/// The token endpoint: `GET` with a password, `POST` with a refresh token.
pub(super) fn token(
    state: &Mutex<State>,
    method: &Method,
    query: &str,
    body: &[u8],
    authorization: &str,
) -> Response<Body> {
    let mut state = lock(state);
    let form = if *method == Method::POST {
        String::from_utf8_lossy(body).into_owned()
    } else {
        query.to_owned()
    };
    state.token_forms.push(form.clone());
    let Access::Token { user, refresh } = &state.access else {
        return error(404, "NOT_FOUND", "no tokens here");
    };
    let has = |pair: &str| form.split('&').any(|known| known == pair);
    if !has("service=loopback") || !form.contains("scope=repository%3A") {
        return error(400, "BAD", "service and scope are wanted");
    }
    let granted = match (method == Method::POST, user, refresh) {
        (true, _, Some(refresh)) => {
            has("grant_type=refresh_token") && has(&format!("refresh_token={refresh}"))
        }
        (true, _, None) => false,
        (false, Some((user, password)), _) => authorization == basic(user, password),
        (false, None, Some(_)) => false,
        (false, None, None) => true,
    };
    match (granted, method == Method::POST) {
        (false, true) => answer(
            400,
            "application/json",
            "{\"error\":\"invalid_grant\"}".into(),
        ),
        (false, false) => error(401, "UNAUTHORIZED", "incorrect username or password"),
        (true, is_post) => {
            // Both names occur in the wild.
            let name = if is_post { "access_token" } else { "token" };
            answer(
                200,
                "application/json",
                json!({name: TOKEN}).to_string().into(),
            )
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("Basic ");
    for chunk in format!("{user}:{password}").as_bytes().chunks(3) {
        let padded = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let bits = (padded[0] << 16) | (padded[1] << 8) | padded[2];
        for i in 0..4 {
            text.push(if i <= chunk.len() {
                char::from(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63])
            } else {
                '='
            });
        }
    }
    text
}
