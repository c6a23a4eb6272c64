//! Tables of separated values: which sign separates them, and whether their quotation marks match.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::case::Origin;
use crate::cell::Cell;
use crate::column::known;
use crate::error::DataError;
use crate::sheet::{Content, Row};

/// What may stand between values, most usual first, and its name.
const SEPARATORS: [(u8, &str); 4] =
    [(b',', "comma"), (b';', "semicolon"), (b'\t', "tab"), (b'|', "bar")];

/// Header and rows of a table.
pub(crate) fn read(file: &Arc<Path>, mut text: String) -> Result<Content, DataError> {
    let separator = separator(&mut text);
    let name = SEPARATORS.iter().find(|(sign, _)| *sign == separator).map_or("comma", |s| s.1);
    let mut reader = reader(&text, separator);
    let failed = |source| DataError::Csv { file: file.to_path_buf(), separated: name, source };
    let mut records = reader.records();
    let Some(header) = records.next().transpose().map_err(failed)? else {
        return Err(DataError::Empty { file: file.to_path_buf() });
    };
    check_quotes(file, &text, separator, header.len())?;
    let width = header.len();
    let filled = (1..).zip(header.iter()).filter(|(_, name)| !name.is_empty());
    let named = filled.map(|(count, _)| count).last().unwrap_or(0);
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(failed)?;
        // The line in the file: a sentence may hold line breaks.
        let line = record.position().map_or(0, |position| position.line() as usize);
        let cells = cells(&record);
        let Some(last) = cells.keys().next_back() else { continue };
        // A first column without a name holds the numbers of rows.
        let nameless =
            cells.keys().any(|at| *at > 0 && header.get(*at as usize).is_none_or(str::is_empty));
        if record.len() < named || *last as usize >= width || nameless {
            let origin = Origin { table: file.clone(), row: line };
            let found = if record.len() < named { record.len() } else { *last as usize + 1 };
            return Err(DataError::Width { origin, found, expected: named, separated: name });
        }
        rows.push(Row { line, cells });
    }
    let header = cells(&header).into_iter();
    let header = header.filter_map(|(place, cell)| Some((place, cell.text()?.to_owned())));
    Ok(Content { header: header.collect(), rows })
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    let mut builder = ReaderBuilder::new();
    builder.trim(Trim::All).flexible(true).has_headers(false).delimiter(separator);
    builder.from_reader(text.as_bytes())
}

/// The cells that are not empty. Marks around a whole value that follows a blank are no part of it.
fn cells(record: &StringRecord) -> BTreeMap<u32, Cell> {
    let bare = |value: &str| {
        let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        inner.filter(|inner| !inner.contains('"')).unwrap_or(value).trim().to_owned()
    };
    let values = (0..).zip(record).map(|(place, value)| (place, bare(value)));
    values
        .filter(|(_, value)| !value.is_empty())
        .map(|(at, value)| (at, Cell::new(value)))
        .collect()
}

/// The sign by which the header has the most known names, then the most names. Excel's line `sep=;`
/// says it; that line is emptied.
fn separator(text: &mut String) -> u8 {
    let first = text.lines().next().unwrap_or_default().to_owned();
    let said = first.trim().trim_matches('"').strip_prefix("sep=");
    if let Some(&[sign]) = said.map(str::as_bytes)
        && SEPARATORS.iter().any(|(known, _)| *known == sign)
    {
        text.replace_range(..first.len(), "");
        return sign;
    }
    let count = |sign: u8| {
        let header = reader(text, sign).records().next().and_then(Result::ok).unwrap_or_default();
        (header.iter().filter(|name| known(name)).count(), header.len())
    };
    // The first of those that are as good.
    let best = SEPARATORS.iter().rev().max_by_key(|(sign, _)| count(*sign));
    best.map_or(b',', |(sign, _)| *sign)
}

/// Where a scan of the text stands.
enum State {
    FieldStart,
    Bare,
    /// The line in which the mark opened.
    Quoted(usize),
    Closed(usize),
}

/// Whether each quotation mark that opens a value closes it, before the next row begins.
///
/// A reader of such tables takes everything up to the next mark as one value, or the rest of the file.
fn check_quotes(
    file: &Arc<Path>,
    text: &str,
    separator: u8,
    columns: usize,
) -> Result<(), DataError> {
    let origin = |row| Origin { table: file.clone(), row };
    let open = |row| DataError::OpenQuote { origin: origin(row) };
    let separator = char::from(separator);
    let (mut state, mut line, mut inner) = (State::FieldStart, 1, String::new());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let ends = sign == '\n' || sign == '\r';
        state = match state {
            State::Quoted(from) if sign == '"' => {
                if signs.next_if_eq(&'"').is_some() {
                    inner.push(sign);
                    State::Quoted(from)
                } else if line > from && is_row(&inner, separator, columns) {
                    return Err(open(from));
                } else {
                    State::Closed(from)
                }
            }
            State::Quoted(from) if ends => {
                if line > from && is_row(&inner, separator, columns) {
                    return Err(open(from));
                }
                inner.clear();
                State::Quoted(from)
            }
            State::Quoted(from) => {
                inner.push(sign);
                State::Quoted(from)
            }
            _ if sign == separator || ends => State::FieldStart,
            State::Closed(from) if sign.is_whitespace() => State::Closed(from),
            State::Closed(from) => {
                return Err(DataError::Quote { origin: origin(line), opened: from });
            }
            State::FieldStart if sign == '"' => {
                inner.clear();
                State::Quoted(line)
            }
            State::FieldStart | State::Bare => State::Bare,
        };
        line += usize::from(sign == '\n');
    }
    match state {
        State::Quoted(from) => Err(open(from)),
        _ => Ok(()),
    }
}

/// Whether a line inside a quoted text is a whole row: as many values as columns, and one a picture.
fn is_row(line: &str, separator: char, columns: usize) -> bool {
    let values = line.split(separator).collect::<Vec<_>>();
    let is_picture = |value: &&str| {
        let (_, ending) = value.trim().rsplit_once('.').unwrap_or_default();
        crate::picture_file::has_picture_ending(ending)
    };
    columns > 1 && values.len() >= columns && values.iter().any(is_picture)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Vec<Vec<String>>, String> {
        let file = Arc::from(Path::new("t.csv"));
        let Content { header, rows } =
            read(&file, text.to_owned()).map_err(|error| error.to_string())?;
        let row = |row: Row| {
            let cell = |(place, _): &(u32, String)| row.cells.get(place).cloned();
            header.iter().map(|name| cell(name).map_or(String::new(), |c| c.to_string())).collect()
        };
        Ok(rows.into_iter().map(row).collect())
    }

    #[test]
    fn the_header_tells_the_separator() {
        for text in [
            "image,mask,text\na,b,\"c; d\"\n",
            "image;mask;text\na;b;c; d\n",
            "image\tmask\ttext\r\na\tb\tc; d\r\n\r\n",
            "Image | Mask | Text\na | b | c; d\n\n\n",
            "sep=;\nimage;mask;text\na;b;\"c; d\"\n",
            "image;mask;text;\"notes, in English\"\na;b;\"c; d\";x\n",
        ] {
            let rows = parse(text);
            let is_cut = text.contains("c; d\n") && text.contains(';') && !text.contains('"');
            match rows {
                Ok(rows) => assert_eq!(rows[0][..3], ["a", "b", "c; d"], "{text}"),
                Err(error) => assert!(is_cut && error.contains("found 4, expected 3"), "{error}"),
            }
        }
    }

    #[test]
    fn a_comma_too_many_is_no_shorter_sentence() {
        let message = "expected 2 values as in the header (comma between them): put a text with the \
                       separator in it in quotation marks";
        for (text, row, found) in [
            ("Image,Description\n1.png,left, lower\n", 2, 3),
            ("Image,Description,\n1.png,right\n1.png,left, lower\n", 3, 3),
            ("Image,Description\n1.png\n", 2, 1),
        ] {
            assert_eq!(
                parse(text).unwrap_err(),
                format!("t.csv, row {row}: found {found}, {message}")
            );
        }
        // Empty values at the end, and a column of row numbers as pandas writes it.
        let rows = parse(",Image,Description\n0,1.png,left,,\n").unwrap();
        assert_eq!(rows, [["1.png", "left"]]);
    }

    #[test]
    fn marks_must_close() {
        let open = |row| {
            format!(
                "t.csv, row {row}: a quotation mark opens a value here and never closes: \
                       close it, or write two where one is part of the text"
            )
        };
        let table = |rows: &str| parse(&format!("image,split,text\n{rows}"));
        assert_eq!(table("a.png,train,\"left\nb.png,train,right\n").unwrap_err(), open(2));
        // Closed by the next row's own text.
        assert_eq!(table("a.png,train,\"left\nb.png,val,right\"\n").unwrap_err(), open(2));
        assert_eq!(
            table("a.png,train,x\nb.png,train,\"left\nb.png,val,\"right\"\n").unwrap_err(),
            open(3)
        );
        let message = table("a.png,train,\"left\" lung\n").unwrap_err();
        let expected = "t.csv, row 2: text follows the quotation mark that closes a value (opened in row 2): \
                        write two marks where one is part of the text";
        assert_eq!(message, expected);
        for (rows, text) in [
            ("a.png,train,\"Left.\nTwo, at least.\"\n", "Left.\nTwo, at least."),
            ("a.png,train,\"a \"\"spot\"\"\" \n", "a \"spot\""),
            ("a.png,train,2\" wide\n", "2\" wide"),
            ("a.png, train, \"left\"\n", "left"),
        ] {
            assert_eq!(table(rows).unwrap()[0][2], text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_table_or_an_error(text in "[\"a,;|\t\r\n .pngé=]{0,60}") {
            let _ = parse(&text);
            let _ = parse(&format!("image,mask\n{text}"));
        }

        #[test]
        fn what_a_writer_quotes_is_read_back(
            cells in prop::collection::vec("[\"a,;|\t\n .]{0,8}x", 2..5),
            separator in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        ) {
            let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
            let names = ["image", "mask", "text", "split"];
            writer.write_record(&names[..cells.len()]).unwrap();
            writer.write_record(&cells).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let expected = cells.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
            prop_assert_eq!(&parse(&text).unwrap()[0], &expected);
        }
    }
}
