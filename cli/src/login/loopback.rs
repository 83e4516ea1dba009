//! With the browser of this machine, which hands a one-time code to a port that is ours for the moment (RFC 8252). What
//! it hands over is worth nothing without the verifier, which leaves this process only towards the server (RFC 7636).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dormer_wire::api::RedeemCode;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::{machine, random};
use crate::client::Client;
use crate::command::open::browse;
use crate::context::Context;
use crate::error::CliError;

/// How long a person may take.
const LIMIT: Duration = Duration::from_secs(600);
/// How long a connection may take to say what it wants: anybody on this machine can make one.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// The longest head that is read.
const MAX_HEAD: usize = 16 * 1024;

/// Opens the browser and waits until it comes back.
pub async fn run(context: &mut Context, client: &Client) -> Result<Value, CliError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let (state, verifier) = (random()?, random()?);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let mut url = client.target().origin.url().clone();
    url.set_path("/login/cli");
    url.query_pairs_mut()
        .append_pair("port", &port.to_string())
        .append_pair("challenge", &challenge)
        .append_pair("state", &state)
        .append_pair("machine", &machine());
    context.output.say(&format!(
        "Go on in the browser. If none opens, open this on this machine:\n\n    {url}\n\nNo browser here? dormer login \
         {} --code",
        client.target().origin
    ));
    browse(context, &url);
    let late = || CliError::TimedOut("nobody answered in the browser; run 'dormer login' again".into());
    let code = tokio::time::timeout(LIMIT, wait(&listener, &state)).await.map_err(|_| late())??;
    let body = RedeemCode { code: Some(code), verifier: Some(verifier), ..RedeemCode::default() };
    let redeemed = client.post(&["login", "token"], &body).await;
    // The browser has been sent on to an address without the code, and asks for that.
    let _asked = tokio::time::timeout(Duration::from_secs(2), serve_end(&listener, redeemed.is_ok())).await;
    redeemed
}

/// Waits for the browser with our state. Whoever else knocks is sent away.
async fn wait(listener: &TcpListener, state: &str) -> Result<String, CliError> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let Some(target) = target(&mut stream).await else { continue };
        match answer(&target, state) {
            Some(Ok(code)) => {
                let head = "HTTP/1.1 303 See Other\r\nLocation: /end\r\nCache-Control: no-store\r\n\
                            Referrer-Policy: no-referrer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                // The code is here: whether the browser sees its answer matters no more.
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.shutdown().await;
                return Ok(code);
            }
            Some(Err(why)) => {
                say(&mut stream, "200 OK", "Nothing was signed in. You may close this page.").await;
                return Err(CliError::Failed(format!("the browser says no: {why}")));
            }
            None => say(&mut stream, "404 Not Found", "There is nothing here.").await,
        }
    }
}

async fn serve_end(listener: &TcpListener, good: bool) {
    let text = match good {
        true => "This machine is signed in. You may close this page and go back to the terminal.",
        false => "That did not work: the terminal says why.",
    };
    while let Ok((mut stream, _)) = listener.accept().await {
        if target(&mut stream).await.as_deref() == Some("/end") {
            return say(&mut stream, "200 OK", text).await;
        }
        say(&mut stream, "404 Not Found", "There is nothing here.").await;
    }
}

/// The target of a GET request.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let reading = async {
        while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_HEAD {
            if stream.read_buf(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let line = head.split(|octet| *octet == b'\r').next()?;
        let line = std::str::from_utf8(line).ok()?;
        Some(line.strip_prefix("GET ")?.split(' ').next()?.to_string())
    };
    tokio::time::timeout(HEAD_WITHIN, reading).await.ok()?
}

/// What a request's target says, when it is the answer that is waited for.
fn answer(target: &str, state: &str) -> Option<Result<String, String>> {
    let url = Url::parse("http://127.0.0.1").ok()?.join(target).ok()?;
    let one = |name: &str| {
        let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        values.next().filter(|_| values.next().is_none())
    };
    if url.path() != "/callback" || one("state").as_deref() != Some(state) {
        return None;
    }
    match (one("code"), one("error")) {
        (Some(code), None) => Some(Ok(code)),
        (None, Some(error)) => Some(Err(crate::output::clean(&error).chars().take(60).collect())),
        _ => None,
    }
}

async fn say(stream: &mut TcpStream, status: &str, text: &str) {
    let body = format!("<!doctype html><meta charset=utf-8><title>Dormer</title><p>{text}</p>\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked is gone: nothing is lost.
    let _ = stream.write_all((head + &body).as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_answer_counts() {
        for (target, want) in [
            ("/callback?code=c&state=s", Some(Ok("c"))),
            ("/callback?error=access_denied&state=s", Some(Err("access_denied"))),
            ("/callback?code=c&state=other", None),
            ("/callback?code=c", None),
            ("/callback?code=c&state=s&state=s", None),
            ("/callback?code=c&code=d&state=s", None),
            ("/callback?code=c&error=e&state=s", None),
            ("/other?code=c&state=s", None),
            ("//evil.test/callback?code=c&state=s", Some(Ok("c"))),
            ("/", None),
            ("", None),
        ] {
            let got = answer(target, "s");
            let got = got.as_ref().map(|answer| answer.as_deref().map_err(String::as_str));
            assert_eq!(got, want, "{target}");
        }
    }
}
