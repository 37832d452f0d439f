//! What goes wrong.

use serde_json::json;

/// How one request goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status, with these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Half of the body, then the connection breaks.
    Truncated,
    /// This many bytes of what was asked for, then the connection breaks.
    BreaksAfter(usize),
    /// All of the body, under a `Content-Length` that promises this many bytes more.
    Promises(usize),
    /// The connection breaks before any answer.
    Closed,
    /// No answer, ever.
    Silent,
    /// These bytes instead of the right ones.
    Bytes(Vec<u8>),
    /// Spaces, as long as anybody takes them.
    Endless,
}

impl Fault {
    /// 429, with a wish how long to wait.
    pub fn throttled(retry_after: &str) -> Self {
        let body = json!({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]});
        Self::Answer(
            429,
            vec![("Retry-After", retry_after.to_owned())],
            body.to_string(),
        )
    }

    /// A status without more words.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }
}
