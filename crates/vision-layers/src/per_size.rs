//! Constants that depend on the size of a map.

use std::sync::{Mutex, PoisonError};

/// What was made for the last few sizes of maps.
#[derive(Debug)]
pub struct PerSize<T>(Mutex<Vec<([usize; 2], T)>>);

/// A program uses one size or two; more are made anew.
const KEPT: usize = 4;

impl<T> Default for PerSize<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> PerSize<T> {
    /// What `make` gives, from the last time it was made for this size where it is still kept.
    pub fn get(&self, size: [usize; 2], make: impl FnOnce() -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match kept.iter().position(|(of, _)| *of == size) {
            Some(place) => kept.remove(place),
            None => (size, make()),
        };
        let value = entry.1.clone();
        kept.truncate(KEPT - 1);
        kept.insert(0, entry);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_sizes_are_kept() {
        let cache = PerSize::default();
        let mut made = Vec::new();
        for size in [1, 2, 1, 3, 4, 5, 1, 2] {
            assert_eq!(
                cache.get([size, 7], || {
                    made.push(size);
                    size
                }),
                size
            );
        }
        assert_eq!(made, [1, 2, 3, 4, 5, 2]);
    }
}
