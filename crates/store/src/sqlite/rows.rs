//! How single values are written into rows and read back; and how database errors are told.

use florin_kernel::Timestamp;

use crate::StoreError;

/// A time from a row's milliseconds.
pub(super) fn time(unix_ms: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(unix_ms).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, unix_ms))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => StoreError::Corrupt(error.to_string()),
            other => StoreError::Unavailable(other.to_string()),
        }
    }
}

/// Whether the error comes of what one changeset says, so that its neighbours can be committed without it.
pub(super) fn is_of_the_changeset(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    matches!(error.sqlite_error_code(), Some(ConstraintViolation | TooBig | TypeMismatch))
}
