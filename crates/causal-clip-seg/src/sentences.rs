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

/// Sentences that are being read: what was kept of them, and what is to be computed.
pub(crate) struct Reading<'a> {
    sentences: &'a [&'a str],
    found: Vec<Option<Sentence>>,
    /// Each once.
    unknown: Vec<&'a str>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(sentences: &'a [&'a str], kept: &mut SentenceCache) -> Self {
        let found = sentences.iter().map(|text| kept.get(text)).collect::<Vec<_>>();
        let mut unknown = Vec::new();
        for (text, _) in sentences.iter().zip(&found).filter(|(_, found)| found.is_none()) {
            if !unknown.contains(text) {
                unknown.push(*text);
            }
        }
        Self { sentences, found, unknown }
    }

    /// The sentences to compute.
    pub(crate) fn unknown(&self) -> &[&'a str] {
        &self.unknown
    }

    /// What was kept.
    pub(crate) fn known(self) -> Vec<Sentence> {
        self.found.into_iter().flatten().collect()
    }

    /// What was kept and what was computed, which is kept from now on: `states` are those of
    /// [`Reading::unknown`], and `cut` the places of those that were too long.
    pub(crate) fn done(
        mut self,
        states: &[f32],
        cut: &[usize],
        kept: &mut SentenceCache,
    ) -> Vec<Sentence> {
        let width = states.len() / self.unknown.len().max(1);
        let rows = states.chunks_exact(width.max(1)).enumerate();
        for (text, (row, state)) in self.unknown.iter().zip(rows) {
            let sentence = Sentence { state: state.into(), cut: cut.contains(&row) };
            let asked = self.sentences.iter().zip(&mut self.found);
            asked
                .filter(|(asked, _)| *asked == text)
                .for_each(|(_, found)| *found = Some(sentence.clone()));
            kept.put(text, sentence);
        }
        self.known()
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

    #[test]
    fn each_new_sentence_is_computed_once_and_all_are_given_in_their_order() {
        let mut cache = SentenceCache::new(1);
        cache.put("a", Sentence { state: [1.0].into(), cut: false });
        let reading = Reading::new(&["b", "a", "c", "b"], &mut cache);
        assert_eq!(reading.unknown(), ["b", "c"]);
        let read = reading.done(&[2.0, 3.0], &[1], &mut cache);
        let read = read.iter().map(|s| (s.state[0], s.cut)).collect::<Vec<_>>();
        assert_eq!(read, [(2.0, false), (1.0, false), (3.0, true), (2.0, false)]);
        assert!(cache.get("c").is_some());
    }
}
