//! Results as tables of Markdown.

use crate::comparison::Comparison;
use crate::machine::{Circumstances, Processor};
use crate::measure::Figures;
use crate::results::Contents;

/// What results must share to stand in one table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub file: String,
    pub config: String,
    pub device: String,
    pub threads: usize,
    machine: Processor,
}

/// Results of one table, each case once for each peer.
pub(crate) struct Group<'a, T> {
    pub place: Place,
    pub results: Vec<&'a T>,
}

/// What has a line in a table.
pub(crate) trait Measurement {
    fn case(&self) -> &str;
    fn circumstances(&self) -> &Circumstances;
    /// The peer's command.
    fn peer(&self) -> Option<&str>;
}

impl Measurement for Figures {
    fn case(&self) -> &str {
        &self.case
    }

    fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    fn peer(&self) -> Option<&str> {
        None
    }
}

impl Measurement for Comparison {
    fn case(&self) -> &str {
        &self.case
    }

    fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    fn peer(&self) -> Option<&str> {
        Some(&self.peer_command)
    }
}

fn place(result: &impl Measurement, file: &str) -> Place {
    let Circumstances { config, device, threads, machine, .. } = result.circumstances();
    Place {
        file: file.to_owned(),
        config: config.clone(),
        device: device.clone(),
        threads: *threads,
        machine: machine.clone(),
    }
}

/// The chosen ones by their places, in the order of the files; of several results of a case, and a peer, the
/// last one counts.
fn groups<T: Measurement>(
    contents: &[Contents],
    of_file: fn(&Contents) -> &[T],
    chosen: impl Fn(&T) -> bool,
) -> Vec<Group<'_, T>> {
    let mut groups = Vec::<Group<'_, T>>::new();
    for file in contents {
        for result in of_file(file).iter().filter(|result| chosen(result)) {
            let place = place(result, &file.name);
            let Some(group) = groups.iter_mut().find(|group| group.place == place) else {
                groups.push(Group { place, results: vec![result] });
                continue;
            };
            let same = |earlier: &&mut &T| {
                earlier.case() == result.case() && earlier.peer() == result.peer()
            };
            match group.results.iter_mut().find(same) {
                Some(earlier) => *earlier = result,
                None => group.results.push(result),
            }
        }
    }
    groups
}

/// The groups of `bench`'s lines that `chosen` takes.
pub(crate) fn figures(
    contents: &[Contents],
    chosen: impl Fn(&Figures) -> bool,
) -> Vec<Group<'_, Figures>> {
    groups(contents, |file| &file.figures, chosen)
}

/// Whether it is a forward pass of one picture: what is measured at many sizes.
pub(crate) fn is_size(figures: &Figures) -> bool {
    let side = figures.case.strip_prefix("forward-").and_then(|rest| rest.strip_suffix("-b1"));
    side.is_some_and(|side| side.parse::<usize>().is_ok())
}

/// Ours and peers' times; empty without any.
pub(crate) fn comparisons(contents: &[Contents]) -> String {
    let groups = groups(contents, |file| &file.comparisons, |_| true);
    let mut text = title("Beside another implementation", groups.len());
    for mut group in groups {
        text += &heading(&group);
        text +=
            "| case | peer | ours, s | peer, s | peer / ours | ours, peak MB | peer, peak MB |\n";
        text += "| --- | --- | --: | --: | --: | --: | --: |\n";
        group.results.sort_by(|a, b| a.case.cmp(&b.case));
        for line in group.results {
            let import = if line.case == "cold-start" { " (import alone)" } else { "" };
            let (low, high) = line.spread();
            text += &format!(
                "| {} | {} | {} | {}{import} | {:.2} ({low:.2} to {high:.2}) | {} | {} |\n",
                plain(&line.case),
                plain(script(&line.peer_command)),
                seconds(line.ours.median_s),
                seconds(line.peer.median_s),
                line.ratio,
                whole(line.ours.peak_rss_mb),
                whole(line.peer.peak_rss_mb)
            );
        }
        text.push('\n');
    }
    text
}

/// Every case but the sizes; empty without any.
pub(crate) fn stages(contents: &[Contents]) -> String {
    let groups = figures(contents, |line| !is_size(line));
    let mut text = title("Part by part", groups.len());
    for group in groups {
        text += &heading(&group);
        text += "| case | median s | min s | max s | multiply-adds, G | GFLOP/s | of `matmul` ";
        text += "| peak MB |\n| --- | --: | --: | --: | --: | --: | --: | --: |\n";
        for line in &group.results {
            text += &format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                plain(&line.case),
                seconds(line.median_s),
                seconds(line.min_s),
                seconds(line.max_s),
                line.multiply_adds.map_or_else(none, |count| format!("{:.1}", count as f64 / 1e9)),
                whole(line.gflops),
                share(line, &group.place, contents),
                whole(line.peak_rss_mb)
            );
        }
        text.push('\n');
    }
    text
}

/// One picture at many sizes; empty without any.
pub(crate) fn sizes(contents: &[Contents]) -> String {
    let groups = figures(contents, is_size);
    let mut text = title("One picture, by its side", groups.len());
    for mut group in groups {
        group.results.sort_by_key(|line| line.size);
        text += &heading(&group);
        text += "| side | median s | min s | max s | GFLOP/s | of `matmul` | peak MB ";
        text += "| KB a pixel more |\n| --: | --: | --: | --: | --: | --: | --: | --: |\n";
        let mut smaller = None::<&Figures>;
        for line in &group.results {
            let more = smaller.and_then(|smaller| memory_between(smaller, line));
            text += &format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                line.size,
                seconds(line.median_s),
                seconds(line.min_s),
                seconds(line.max_s),
                whole(line.gflops),
                share(line, &group.place, contents),
                whole(line.peak_rss_mb),
                more.map_or_else(none, |more| format!("{more:.2}"))
            );
            smaller = Some(line);
        }
        text.push('\n');
    }
    text
}

/// KB for each pixel that the larger picture has more.
fn memory_between(smaller: &Figures, larger: &Figures) -> Option<f64> {
    let pixels = |line: &Figures| (line.size as f64).powi(2);
    let more = larger.peak_rss_mb? - smaller.peak_rss_mb?;
    let pixels = pixels(larger) - pixels(smaller);
    (pixels > 0.0).then(|| more * 1024.0 / pixels)
}

/// The share of the rate of the large product measured beside it: same file, device and threads.
fn share(line: &Figures, place: &Place, contents: &[Contents]) -> String {
    let file = contents.iter().find(|file| file.name == place.file);
    let beside = file.and_then(|file| {
        let same = |other: &&Figures| {
            let (own, of_other) = (&line.circumstances, &other.circumstances);
            (&other.case[..], &of_other.device, of_other.threads)
                == ("matmul", &own.device, own.threads)
        };
        file.figures.iter().rev().find(same)?.gflops
    });
    match line.gflops.zip(beside.filter(|rate| *rate > 0.0)) {
        Some((rate, peak)) => format!("{:.0} %", 100.0 * rate / peak),
        None => none(),
    }
}

fn title(text: &str, groups: usize) -> String {
    if groups == 0 { String::new() } else { format!("### {text}\n\n") }
}

/// Where and when a table's results were measured.
fn heading<T: Measurement>(group: &Group<'_, T>) -> String {
    let Place { file, config, device, threads, machine } = &group.place;
    let cpu = machine.cpu.as_deref().unwrap_or("unknown processor");
    let days = group
        .results
        .iter()
        .map(|result| result.circumstances().date.get(..10).unwrap_or_default());
    let commits =
        group.results.iter().filter_map(|result| result.circumstances().commit.as_deref());
    format!(
        "Device {}, {threads} threads, {} with {} cores; {}; commit {}; `{}`, {}.\n\n",
        plain(device),
        plain(cpu),
        machine.cores,
        distinct(days),
        distinct(commits),
        plain(config),
        plain(file)
    )
}

/// A command without the interpreter and the folder of our own scripts.
fn script(command: &str) -> &str {
    command.split_once("benches/peers/").map_or(command, |(_, script)| script)
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words = words.collect::<Vec<_>>();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() { "unknown".to_owned() } else { plain(&words.join(", ")) }
}

/// Without what has a meaning in a table.
fn plain(text: &str) -> String {
    text.replace(['|', '`', '<', '>', '\n', '\r'], " ")
}

fn seconds(value: f64) -> String {
    if value < 0.01 { format!("{value:.6}") } else { format!("{value:.3}") }
}

fn whole(value: Option<f64>) -> String {
    value.map_or_else(none, |value| format!("{value:.0}"))
}

fn none() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(case: &str, size: usize, median_s: f64, peak_rss_mb: f64) -> Figures {
        Figures {
            case: case.to_owned(),
            size,
            batch: 1,
            median_s,
            min_s: median_s,
            max_s: median_s,
            first_s: None,
            runs: 1,
            per_second: 1.0 / median_s,
            multiply_adds: Some(1_000_000_000),
            gflops: Some(2.0 / median_s),
            peak_rss_mb: Some(peak_rss_mb),
            circumstances: Circumstances {
                config: "tiny".to_owned(),
                device: "flex".to_owned(),
                threads: 2,
                date: "2025-03-19T08:30:00Z".to_owned(),
                machine: Processor { cpu: Some("Some|CPU".to_owned()), cores: 4 },
                commit: Some("abc".to_owned()),
                version: "0.1.0".to_owned(),
            },
        }
    }

    fn file(figures: Vec<Figures>) -> Vec<Contents> {
        vec![Contents { name: "a.jsonl".to_owned(), figures, ..Contents::default() }]
    }

    #[test]
    fn the_last_result_of_a_case_counts() {
        let contents = file(vec![
            line("neck-224-b1", 224, 9.0, 10.0),
            line("matmul", 224, 0.02, 10.0),
            line("neck-224-b1", 224, 0.04, 10.0),
        ]);
        let text = stages(&contents);
        let about = "Device flex, 2 threads, Some CPU with 4 cores; 2025-03-19; commit abc; \
                     `tiny`, a.jsonl.";
        assert!(text.contains(about), "{text}");
        let row = "| neck-224-b1 | 0.040 | 0.040 | 0.040 | 1.0 | 50 | 50 % | 10 |\n";
        assert!(text.contains(row), "{text}");
        assert_eq!(text.matches("neck").count(), 1, "{text}");
    }

    #[test]
    fn memory_grows_with_pixels() {
        let contents = file(vec![
            line("forward-64-b1", 64, 0.02, 14.0),
            line("forward-32-b1", 32, 0.01, 11.0),
            line("forward-64-b8", 64, 0.02, 14.0),
        ]);
        let text = sizes(&contents);
        assert!(
            text.contains("| 32 | 0.010 | 0.010 | 0.010 | 200 | - | 11 | - |\n| 64 "),
            "{text}"
        );
        assert!(text.contains("| 14 | 1.00 |\n"), "{text}");
        assert!(!text.contains("b8"), "{text}");
        assert_eq!(comparisons(&contents), "");
    }
}
