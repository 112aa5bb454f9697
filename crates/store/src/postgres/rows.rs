//! How single values are read back from rows; and how database errors are told, never with a password.

use std::error::Error as _;

use deadpool_postgres::{PoolError, TimeoutType};
use florin_kernel::Timestamp;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::FromSql;
use tokio_postgres::{Error, Row};

use crate::{OpenError, StoreError};

/// A column of a row.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| StoreError::Corrupt(sentence(&error)))
}

/// A time from a row's milliseconds.
pub(super) fn time(row: &Row, column: usize) -> Result<Timestamp, StoreError> {
    let unix_ms = get(row, column)?;
    Timestamp::from_millisecond(unix_ms).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A number that rows hold as a larger type.
pub(super) fn narrow<W, N: TryFrom<W>>(wide: W) -> Result<N, StoreError> {
    N::try_from(wide).map_err(|_| StoreError::Corrupt("a number is out of its range".to_owned()))
}

/// 16 bytes.
pub(super) fn bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], StoreError> {
    narrow(get::<&[u8]>(row, column)?)
}

/// What went wrong, with every cause the library knows.
pub(super) fn sentence(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        return match *error.code() {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                format!("PostgreSQL refuses the user or the password: {}", error.message())
            }
            _ => format!("PostgreSQL says: {} ({})", error.message(), error.code().code()),
        };
    }
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some causes repeat what their effect said.
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    told
}

pub(super) fn open_error(error: Error) -> OpenError {
    OpenError::Server(sentence(&error))
}

/// Whether the error comes of what one changeset says, so that its neighbours can be committed without it.
pub(super) fn is_of_the_changeset(error: &Error) -> bool {
    // Data exceptions, broken constraints, program limits.
    error.code().is_some_and(|state| ["22", "23", "54"].contains(&&state.code()[..2]))
}

/// Whether the same statements may well succeed a moment later: a deadlock or a serialization failure.
pub(super) fn is_passing(error: &Error) -> bool {
    error.code().is_some_and(|state| state.code().starts_with("40"))
}

/// Whether the transaction had failed before the statement that tells it.
fn is_echo(error: &Error) -> bool {
    error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)
}

/// The values of statements sent together, or the error that caused the others.
pub(super) fn all<T>(results: impl IntoIterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    cause(errors.into_iter()).map_or(Ok(values), Err)
}

/// The error that is not only the echo of an earlier one.
pub(super) fn cause(errors: impl Iterator<Item = Error>) -> Option<Error> {
    let mut echo = None;
    for error in errors {
        if !is_echo(&error) {
            return Some(error);
        }
        echo = Some(error);
    }
    echo
}

/// Whether the server said no and is still there, so that a transaction is surely undone.
pub(super) fn is_plain_refusal(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| error.parsed_severity() == Some(Severity::Error))
}

/// Whether another connection may do better: this one is closed, or leads to a server that is stopping or only reads.
pub(super) fn is_of_the_connection(error: &Error) -> bool {
    let Some(state) = error.code() else { return true };
    error.is_closed() || ["08", "57"].contains(&&state.code()[..2]) || *state == SqlState::READ_ONLY_SQL_TRANSACTION
}

impl From<Error> for StoreError {
    fn from(error: Error) -> StoreError {
        StoreError::Unavailable(sentence(&error))
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> StoreError {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => StoreError::Overloaded,
            PoolError::Backend(error) => error.into(),
            PoolError::Closed => StoreError::Unavailable("it is closed".to_owned()),
            PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => StoreError::Unavailable(error.to_string()),
        }
    }
}
