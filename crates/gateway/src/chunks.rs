//! A body that is made while it is sent, so that a long list needs no memory.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

/// A piece, or why there are no more: then the connection is cut, so that nobody takes a part for the whole.
pub type Chunk = Result<Bytes, axum::Error>;

/// A body of what is sent through a channel.
pub fn body(receiver: mpsc::Receiver<Chunk>) -> Body {
    Body::new(Chunks { receiver })
}

struct Chunks {
    receiver: mpsc::Receiver<Chunk>,
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.receiver.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
