//! What a file is that is not what it was taken for.
//!
//! Downloads have the right name and the wrong content often enough: a Git LFS pointer, a login page, an
//! archive around the file. A reader that does not understand a file asks this crate what it is, and its
//! message says what to do.
//!
//! ```
//! use file_kind::FileKind;
//!
//! let kind = FileKind::of(b"version https://git-lfs.github.com/spec/v1\noid sha256:...").unwrap();
//! assert_eq!(kind, FileKind::LfsPointer);
//! assert_eq!(
//!     kind.to_string(),
//!     "a Git LFS pointer, not the file itself: fetch that with `git lfs pull`"
//! );
//! assert_eq!(FileKind::of(b"anything else"), None);
//! ```

#![deny(missing_docs)]

use std::fmt;

/// A kind of file that can be told from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// Nothing at all.
    Empty,
    /// Zeros only: a download or a copy that reserved its place and did not finish.
    Zeros,
    /// What Git leaves in place of a large file.
    LfsPointer,
    /// A web page.
    Html,
    /// JSON, as a server sends it in place of a file that it does not give.
    Json,
    /// XML, as an object store sends it in place of a file that it does not give.
    Xml,
    /// A file compressed by gzip, perhaps a tar.
    Gzip,
    /// A file compressed by bzip2.
    Bzip2,
    /// A file compressed by xz.
    Xz,
    /// A file compressed by Zstandard.
    Zstd,
    /// A tar archive.
    Tar,
    /// A zip archive, of whatever files.
    Zip,
    /// A 7-Zip archive.
    SevenZip,
    /// A RAR archive.
    Rar,
    /// A PDF document.
    Pdf,
    /// A DICOM file.
    Dicom,
    /// A NIfTI volume.
    Nifti,
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// A GIF picture.
    Gif,
    /// A TIFF picture.
    Tiff,
    /// A BMP picture.
    Bmp,
    /// A WebP picture.
    Webp,
    /// An HDF5 file, as Keras writes.
    Hdf5,
    /// An array of NumPy.
    Npy,
    /// A file of llama.cpp.
    Gguf,
    /// A Python pickle.
    Pickle,
}

impl FileKind {
    /// The first bytes of a file that are enough for [`FileKind::of`].
    pub const HEAD: usize = 512;

    /// The kind of a file that begins with `head`: its first [`HEAD`](Self::HEAD) bytes, or all if there
    /// are fewer. `None` if the bytes are of no kind that is known here.
    pub fn of(head: &[u8]) -> Option<Self> {
        let at = |place: usize, magic: &[u8]| head.get(place..).unwrap_or(&[]).starts_with(magic);
        if head.is_empty() {
            return Some(Self::Empty);
        }
        if let Some((_, kind)) = MAGIC.iter().find(|((place, magic), _)| at(*place, magic)) {
            return Some(*kind);
        }
        match head {
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => return Some(Self::Bmp),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
                return Some(Self::Webp);
            }
            // Protocols 2 to 5.
            [0x80, 2..=5, ..] => return Some(Self::Pickle),
            _ if head.len() >= 16 && head.iter().all(|&byte| byte == 0) => {
                return Some(Self::Zeros);
            }
            _ => {}
        }
        Self::of_text(head)
    }

    /// By the first characters that are not white space, in any case of letters.
    fn of_text(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let starts = |word: &str| {
            head.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        };
        let contains = |word: &str| {
            head.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        };
        match head.first()? {
            b'v' if starts("version https://git-lfs.github.com/") => Some(Self::LfsPointer),
            b'<' if starts("<!doctype html") || contains("<html") => Some(Self::Html),
            b'<' if ["<head", "<body", "<script", "<meta", "<title", "<!--"]
                .into_iter()
                .any(starts) =>
            {
                Some(Self::Html)
            }
            b'<' if starts("<?xml") || starts("<error") => Some(Self::Xml),
            b'{' => {
                let next = head.get(1..).unwrap_or(&[]).trim_ascii_start();
                matches!(next.first(), Some(b'"' | b'}')).then_some(Self::Json)
            }
            _ => None,
        }
    }

    /// What it is, after "the file is".
    pub fn what(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Zeros => "nothing but zeros at its beginning",
            Self::LfsPointer => "a Git LFS pointer, not the file itself",
            Self::Html => "a web page (HTML)",
            Self::Json => "a text in JSON",
            Self::Xml => "a text in XML",
            Self::Gzip => "compressed by gzip",
            Self::Bzip2 => "compressed by bzip2",
            Self::Xz => "compressed by xz",
            Self::Zstd => "compressed by zstd",
            Self::Tar => "a tar archive",
            Self::Zip => "a zip archive",
            Self::SevenZip => "a 7-Zip archive",
            Self::Rar => "a RAR archive",
            Self::Pdf => "a PDF document",
            Self::Dicom => "a DICOM file",
            Self::Nifti => "a NIfTI volume",
            Self::Png => "a PNG picture",
            Self::Jpeg => "a JPEG picture",
            Self::Gif => "a GIF picture",
            Self::Tiff => "a TIFF picture",
            Self::Bmp => "a BMP picture",
            Self::Webp => "a WebP picture",
            Self::Hdf5 => "an HDF5 file",
            Self::Npy => "an array of NumPy (.npy)",
            Self::Gguf => "a GGUF file",
            Self::Pickle => "a Python pickle",
        }
    }

    /// What to do about it, if there is one thing to do whatever the file should have been.
    pub fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::Empty | Self::Zeros => {
                "the download or the copy did not finish, or the disk was full; fetch it again"
            }
            Self::LfsPointer => "fetch that with `git lfs pull`",
            Self::Html => {
                "its address leads to a page that asks or explains something; open it in a browser \
                 and save the file from there"
            }
            Self::Json | Self::Xml => {
                "if it was downloaded, it is the server's answer in place of the file; read it, then \
                 fetch the file again"
            }
            Self::Gzip => {
                "unpack it with `gunzip` (`tar -xzf` if it is a .tar.gz) and name the file inside"
            }
            Self::Bzip2 => "unpack it with `bunzip2` and name the file inside",
            Self::Xz => "unpack it with `unxz` and name the file inside",
            Self::Zstd => "unpack it with `unzstd` and name the file inside",
            Self::Tar => "unpack it with `tar -xf` and name the file inside",
            Self::Zip => "unpack it with `unzip` and name the file inside",
            Self::SevenZip => "unpack it with `7z x` and name the file inside",
            Self::Rar => "unpack it with `unrar x` and name the file inside",
            _ => return None,
        })
    }
}

/// What it is, and what to do: `a Git LFS pointer, not the file itself: fetch that with ...`.
impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())?;
        self.advice().map_or(Ok(()), |advice| write!(f, ": {advice}"))
    }
}

type Magic = (usize, &'static [u8]);

/// Fixed bytes at a fixed place; the longer ones first where one begins like another.
const MAGIC: &[(Magic, FileKind)] = &[
    ((0, b"\x1f\x8b"), FileKind::Gzip),
    ((0, b"BZh"), FileKind::Bzip2),
    ((0, b"\xfd7zXZ\0"), FileKind::Xz),
    ((0, b"\x28\xb5\x2f\xfd"), FileKind::Zstd),
    ((0, b"PK\x03\x04"), FileKind::Zip),
    ((0, b"PK\x05\x06"), FileKind::Zip),
    ((0, b"7z\xbc\xaf\x27\x1c"), FileKind::SevenZip),
    ((0, b"Rar!\x1a\x07"), FileKind::Rar),
    ((0, b"%PDF-"), FileKind::Pdf),
    ((0, b"\x89PNG\r\n\x1a\n"), FileKind::Png),
    ((0, b"\xff\xd8\xff"), FileKind::Jpeg),
    ((0, b"GIF87a"), FileKind::Gif),
    ((0, b"GIF89a"), FileKind::Gif),
    // After the preamble, before the TIFF magic: a DICOM file may be a TIFF too.
    ((128, b"DICM"), FileKind::Dicom),
    ((0, b"II*\0"), FileKind::Tiff),
    ((0, b"MM\0*"), FileKind::Tiff),
    ((0, b"II+\0"), FileKind::Tiff),
    ((0, b"MM\0+"), FileKind::Tiff),
    ((0, b"\x89HDF\r\n\x1a\n"), FileKind::Hdf5),
    ((0, b"\x93NUMPY"), FileKind::Npy),
    ((0, b"GGUF"), FileKind::Gguf),
    ((257, b"ustar"), FileKind::Tar),
    ((344, b"n+1\0"), FileKind::Nifti),
    ((344, b"ni1\0"), FileKind::Nifti),
    ((4, b"n+2\0\r\n\x1a\n"), FileKind::Nifti),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(place: usize, magic: &[u8]) -> Vec<u8> {
        let mut head = vec![b' '; place];
        head.extend(magic);
        head.resize(FileKind::HEAD, 1);
        head
    }

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        for (head, kind) in [
            (Vec::new(), FileKind::Empty),
            (vec![0; 512], FileKind::Zeros),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0".to_vec(),
                FileKind::LfsPointer,
            ),
            (b"\n <!DOCTYPE html><title>Sign in</title>".to_vec(), FileKind::Html),
            (b"\xef\xbb\xbf<HTML lang=en>".to_vec(), FileKind::Html),
            (b"<?xml version=\"1.0\"?><html xmlns=...>".to_vec(), FileKind::Html),
            (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied".to_vec(), FileKind::Xml),
            (b"{\"error\": \"Repository not found\"}".to_vec(), FileKind::Json),
            (b"{\n  \"metadata\": {".to_vec(), FileKind::Json),
            (b"\x1f\x8b\x08\0".to_vec(), FileKind::Gzip),
            (b"PK\x03\x04\x14\0".to_vec(), FileKind::Zip),
            (b"%PDF-1.7".to_vec(), FileKind::Pdf),
            (b"\x80\x04\x95\0".to_vec(), FileKind::Pickle),
            (padded(257, b"ustar\x0000"), FileKind::Tar),
            (padded(128, b"DICM\x02\0"), FileKind::Dicom),
            (padded(344, b"n+1\0"), FileKind::Nifti),
            (b"BM\x36\0\x0c\0\0\0\0\0\x36\0".to_vec(), FileKind::Bmp),
            (b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), FileKind::Webp),
        ] {
            assert_eq!(FileKind::of(&head), Some(kind), "{:?}", String::from_utf8_lossy(&head));
        }
    }

    #[test]
    fn what_is_not_known_has_no_kind() {
        for head in [&b"x"[..], b"versions", b"{1}", b"BM", b"\0\0\0", b"{", b"<", b"plain text\n"]
        {
            assert_eq!(FileKind::of(head), None, "{head:?}");
        }
    }

    #[test]
    fn sentences_say_what_and_what_to_do() {
        assert_eq!(
            FileKind::Tar.to_string(),
            "a tar archive: unpack it with `tar -xf` and name the file inside"
        );
        assert_eq!(FileKind::Png.to_string(), "a PNG picture");
        assert!(FileKind::Empty.to_string().starts_with("empty: "));
    }

    #[test]
    fn any_beginning_is_looked_at_without_harm() {
        let head: Vec<u8> = (0..=255).cycle().take(600).collect();
        for start in 0..256 {
            for length in 0..40 {
                let _ = FileKind::of(&head[start..start + length]);
            }
        }
    }
}
