//! What sentences say, kept.

use std::collections::HashMap;
use std::sync::Arc;

/// What the text tower made of a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Sentence {
    /// `[embed_dim]`
    pub(crate) state: Arc<[f32]>,
    /// Whether the sentence was longer than the network reads.
    pub(crate) cut: bool,
}

/// The sentences that were asked last.
#[derive(Debug)]
pub(crate) struct SentenceCache {
    /// With the time of the last use.
    kept: HashMap<Box<str>, (u64, Sentence)>,
    now: u64,
    most: usize,
}

impl SentenceCache {
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: HashMap::new(), now: 0, most }
    }

    pub(crate) fn get(&mut self, text: &str) -> Option<Sentence> {
        self.now += 1;
        let (used, sentence) = self.kept.get_mut(text)?;
        *used = self.now;
        Some(sentence.clone())
    }

    /// Keeps a sentence; the one that was not used for longest makes room.
    pub(crate) fn put(&mut self, text: &str, sentence: Sentence) {
        self.now += 1;
        if self.kept.len() >= self.most {
            let oldest = self.kept.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(text, _)| text.clone()) {
                self.kept.remove(&oldest);
            }
        }
        self.kept.insert(text.into(), (self.now, sentence));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_goes() {
        let mut cache = SentenceCache::new(2);
        let sentence = |value| Sentence { state: [value].into(), cut: false };
        cache.put("a", sentence(1.0));
        cache.put("b", sentence(2.0));
        assert_eq!(cache.get("a").unwrap().state[..], [1.0]);
        cache.put("c", sentence(3.0));
        assert!(cache.get("b").is_none());
        assert_eq!(cache.get("a").unwrap().state[..], [1.0]);
        assert_eq!(cache.get("c").unwrap().state[..], [3.0]);
    }
}
