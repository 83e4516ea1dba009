//! A stream of server-sent events as it comes.

use std::collections::VecDeque;

use reqwest::Response;

use crate::client::sse::{Decoder, ServerEvent};
use crate::error::CliError;

/// Events as they come.
pub struct Events {
    response: Response,
    decoder: Decoder,
    ready: VecDeque<ServerEvent>,
}

impl Events {
    pub(super) fn new(response: Response) -> Events {
        Events { response, decoder: Decoder::default(), ready: VecDeque::new() }
    }

    /// The next event; None when the server ended the stream.
    pub async fn next(&mut self) -> Result<Option<ServerEvent>, CliError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.response.chunk().await {
                Ok(Some(piece)) => self.ready.extend(self.decoder.feed(&piece)),
                Ok(None) => return Ok(None),
                Err(error) => return Err(CliError::Failed(format!("the stream broke off: {}", error.without_url()))),
            }
        }
    }
}
