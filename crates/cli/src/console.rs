//! What a program says, and where: results to standard output, everything else to standard error.

use std::borrow::Cow;

use causal_clip_seg::weights::FetchEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// The program's voice: `--quiet` silences notes and progress, `--json` makes results machine-readable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console {
    quiet: bool,
    json: bool,
}

impl Console {
    /// A console as the global flags ask for.
    pub fn new(quiet: bool, json: bool) -> Self {
        Self { quiet, json }
    }

    /// Whether notes and progress are left out.
    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Whether results are JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Something worth knowing that is neither a result nor an error, on standard error.
    pub fn note(self, text: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("note: {}", text.as_ref());
        }
    }

    /// A progress bar over `length` steps on standard error; hidden by `--quiet` and where standard
    /// error is not a terminal.
    pub fn progress(self, length: usize, what: impl Into<Cow<'static, str>>) -> ProgressBar {
        self.bar(Some(length as u64), "{msg} {bar:30} {pos}/{len}, {eta} left").with_message(what)
    }

    /// Shows what is fetched from the hub: a bar for each file, which `bar` keeps between events.
    pub fn fetching(self, bar: &mut Option<ProgressBar>, event: FetchEvent) {
        match event {
            FetchEvent::Started { file, size, there } => {
                const KNOWN: &str =
                    "{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
                const UNKNOWN: &str = "{msg} {bytes}, {bytes_per_sec}";
                let style = if size.is_some() { KNOWN } else { UNKNOWN };
                // Where there is no terminal a line says why nothing happens for a while.
                let new = self.bar(size, style).with_message(file.clone());
                if new.is_hidden() && bar.is_none() {
                    let size = size.map_or(String::new(), |size| format!(" ({size} bytes)"));
                    self.note(format!("fetching {file}{size}"));
                }
                if let Some(cut) = bar.take() {
                    cut.finish_and_clear();
                }
                *bar = Some(new.with_position(there));
            }
            FetchEvent::Read(bytes) => bar.iter().for_each(|bar| bar.inc(bytes)),
            FetchEvent::Finished => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
            }
            FetchEvent::Note(text) => self.note(text),
            _ => (),
        }
    }

    fn bar(self, length: Option<u64>, template: &str) -> ProgressBar {
        let target =
            if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(length, target).with_style(style)
    }

    /// A result: `value` as one JSON document with `--json`, else the text.
    ///
    /// # Errors
    ///
    /// If the value has no JSON form.
    pub fn result<T: Serialize + ?Sized>(
        self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        match self.json {
            true => say!("{}", serde_json::to_string_pretty(value)?),
            false => say!("{}", text().trim_end()),
        }
        Ok(())
    }

    /// A line about a result, such as where its files are. With `--json` it goes to standard error, so
    /// that standard output holds the document alone.
    pub fn line(self, text: impl AsRef<str>) {
        match self.json {
            true => self.note(text),
            false => say!("{}", text.as_ref()),
        }
    }
}
