//! The skeleton and style that all HTML pages share.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A page that needs no other file and no script: `style` comes after the shared style sheet,
/// `body` is a `header` and a `main` with a `section` for each subject.
///
/// ```
/// let page = seg_report::page("Scores", "", &maud::html! { main { "..." } });
/// assert!(page.starts_with("<!DOCTYPE html>"));
/// ```
pub fn page(title: &str, style: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) (PreEscaped(style)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}
