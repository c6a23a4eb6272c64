//! What a fetch tells while it works.

/// Something that happens while weights are fetched: for a progress bar, and for notes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchEvent {
    /// A file is about to be read from the network, or, after a cut, to be gone on with.
    Started {
        /// Its name in the repository.
        file: String,
        /// Its bytes, if the server says how many.
        size: Option<u64>,
        /// Bytes that are there already.
        there: u64,
    },
    /// So many more bytes were read.
    Read(u64),
    /// The file is whole.
    Finished,
    /// Something worth knowing: the hub cannot be reached, another process fetches the file.
    Note(String),
}
