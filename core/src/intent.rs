//! Does this request come from a person who wants the workspace, or from a tab that was left open?
//!
//! The header fields are those of the Fetch Metadata Request Headers (W3C) and of prefetching (`Sec-Purpose`).

/// What a request tells about who sent it and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs<'a> {
    /// `GET`, `HEAD`, `POST`…
    pub method: &'a str,
    /// Whether it asks for an upgrade (a WebSocket).
    pub upgrade: bool,
    /// `Sec-Fetch-Mode`.
    pub fetch_mode: Option<&'a str>,
    /// `Sec-Fetch-Dest`.
    pub fetch_dest: Option<&'a str>,
    /// `Sec-Purpose`, or the older `Purpose` and `X-Moz`.
    pub purpose: Option<&'a str>,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// Whether it is signed by a token rather than a cookie: a program that somebody told to ask.
    pub token: bool,
}

/// What to do about a request for a workspace that sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// A person opened a page: wake it and show the waiting page.
    Navigation,
    /// A program asked, with a token: wake it and hold the request until it is there.
    Program,
    /// A reconnecting tab, a poller, a prefetch: leave it asleep.
    Noise,
}

/// Reads the signs.
pub fn intent(signs: Signs<'_>) -> Intent {
    let get = matches!(signs.method, "GET" | "HEAD");
    let ahead = signs.purpose.is_some_and(|purpose| {
        let purpose = purpose.to_ascii_lowercase();
        purpose.contains("prefetch") || purpose.contains("prerender") || purpose.contains("preview")
    });
    if signs.upgrade || ahead {
        return Intent::Noise;
    }
    match (signs.fetch_mode, signs.fetch_dest) {
        // A page, or a form that was sent. A frame navigates as well, but its page was opened for another reason.
        (Some("navigate"), Some("document") | None) => Intent::Navigation,
        (Some(_), _) | (_, Some(_)) => Intent::Noise,
        (None, None) if signs.token => Intent::Program,
        // A browser from before these headers, or one behind plain http on a name that is not trusted.
        (None, None) if get && signs.accept.is_some_and(|accept| accept.contains("text/html")) => Intent::Navigation,
        (None, None) => Intent::Noise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents() {
        let get = Signs { method: "GET", ..Signs::default() };
        let page =
            Signs { fetch_mode: Some("navigate"), fetch_dest: Some("document"), accept: Some("text/html"), ..get };
        for (signs, want) in [
            (page, Intent::Navigation),
            (Signs { method: "POST", ..page }, Intent::Navigation),
            (Signs { token: true, ..page }, Intent::Navigation),
            (Signs { purpose: Some("prefetch;prerender"), ..page }, Intent::Noise),
            (Signs { fetch_dest: Some("iframe"), ..page }, Intent::Noise),
            (Signs { upgrade: true, ..page }, Intent::Noise),
            (Signs { upgrade: true, fetch_mode: Some("websocket"), ..get }, Intent::Noise),
            (Signs { upgrade: true, token: true, ..get }, Intent::Noise),
            (Signs { fetch_mode: Some("cors"), fetch_dest: Some("empty"), ..get }, Intent::Noise),
            (Signs { fetch_mode: Some("no-cors"), fetch_dest: Some("image"), token: true, ..get }, Intent::Noise),
            (Signs { accept: Some("text/html,*/*"), ..get }, Intent::Navigation),
            (Signs { accept: Some("*/*"), ..get }, Intent::Noise),
            (Signs { accept: Some("*/*"), token: true, ..get }, Intent::Program),
            (Signs { method: "POST", token: true, ..get }, Intent::Program),
            (Signs { method: "POST", accept: Some("text/html"), ..get }, Intent::Noise),
            (Signs { purpose: Some("prefetch"), token: true, ..get }, Intent::Noise),
        ] {
            assert_eq!(intent(signs), want, "{signs:?}");
        }
    }
}
