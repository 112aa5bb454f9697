//! What somebody makes of a document, once for all who ask.

use std::any::Any;
use std::sync::{Arc, OnceLock};

/// A value that is made when it is first asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadOnce(OnceLock<Arc<dyn Any + Send + Sync>>);

impl ReadOnce {
    /// The value; made anew each time for any other type than the first one.
    pub(super) fn get<T: Any + Send + Sync>(&self, make: impl Fn() -> T) -> Arc<T> {
        let known = self.0.get_or_init(|| Arc::new(make()));
        known.clone().downcast().unwrap_or_else(|_| Arc::new(make()))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::ReadOnce;

    #[test]
    fn a_value_is_made_once_and_again_for_another_type() {
        let (known, made) = (ReadOnce::default(), Cell::new(0));
        let number = || {
            known.get(|| {
                made.set(made.get() + 1);
                7_u32
            })
        };
        assert_eq!((*number(), *number(), made.get()), (7, 7, 1));
        assert_eq!(*known.get(|| "7".to_owned()), "7");
        assert_eq!((*number(), made.get()), (7, 1));
    }
}
